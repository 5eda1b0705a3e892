"""What a write was about to do to a worktree, kept until it is done: what heals a crash in between."""

from __future__ import annotations

import os

import msgspec

from gitreg.errors import BusyError
from gitreg.store.disk import sync


class Entry(msgspec.Struct, frozen=True):
    """A ref on its way from *old* to *new*, and the worktrees to follow."""

    ref: str
    old: str
    new: str
    checkouts: tuple[str, ...]


def named(folder: str) -> str:
    """Return the name of a folder as a journal can hold it, whatever bytes it is made of."""
    return folder.encode("utf-8", "backslashreplace").decode()


def path(common_dir: str) -> str:
    """Return where the journal of a repository lies."""
    return os.path.join(common_dir, "gitreg", "journal")


def write(common_dir: str, entry: Entry) -> None:
    """Keep *entry*, durably.

    Raises:
        BusyError: the disk is full or read-only; nothing was changed yet.
    """
    final = path(common_dir)
    temporary = f"{final}.new"  # one name: the lock is held, and what a crash leaves is written over
    try:
        if os.path.exists(temporary):
            os.unlink(temporary)
        with open(temporary, "wb") as file:
            file.write(msgspec.json.encode(entry))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, final)
        sync(os.path.dirname(final))
    except OSError as error:
        raise BusyError("cannot write to {folder!r}: {reason}", folder=os.path.dirname(final), reason=error.strerror or str(error)) from None


def read(common_dir: str) -> Entry | None:
    """Return what a write left behind, or None; an unreadable journal was never synced and means nothing."""
    try:
        with open(path(common_dir), "rb") as file:
            return msgspec.json.decode(file.read(), type=Entry)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        drop(common_dir)
        return None


def drop(common_dir: str) -> None:
    """Forget the entry: what it announced is done, or never happened."""
    try:
        os.unlink(path(common_dir))
    except FileNotFoundError:
        return
