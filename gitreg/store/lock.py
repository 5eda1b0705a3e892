"""One writer at a time: a courtesy that saves retries. The compare-and-swap of the ref is what is correct.

The only importer of filelock. The lock lies in the git common dir, so that linked worktrees share it; the
operating system drops it when its holder dies.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from gitreg.errors import BusyError
from gitreg.store.disk import file_mode, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0  # seconds


@contextlib.contextmanager
def held(common_dir: str, patience: float = PATIENCE) -> Iterator[int]:
    """Hold the registry's lock; gives the descriptor to hand to git children that write.

    Raises:
        BusyError: another held it for *patience* seconds, or the folder cannot be written.
    """
    try:
        lock, descriptor = _acquired(os.path.join(own_folder(common_dir), "lock"), file_mode(common_dir), patience)
    except Timeout:
        raise _busy(os.path.join(common_dir, "gitreg", "lock"), "writing to this registry", patience) from None
    except OSError as error:
        raise _untakable(common_dir, error) from None
    try:
        yield descriptor
    finally:
        lock.release()


@contextlib.contextmanager
def taken(file: str, mode: int, doing: str, patience: float = PATIENCE) -> Iterator[int]:
    """Hold the lock *file*, made with *mode* where it is missing; *doing* says what another does who has it.

    Raises:
        BusyError: another held it for *patience* seconds, or the folder cannot be written.
    """
    try:
        lock, descriptor = _acquired(file, mode, patience)
    except Timeout:
        raise _busy(file, doing, patience) from None
    except OSError as error:
        raise _untakable(os.path.dirname(file), error) from None
    try:
        yield descriptor
    finally:
        lock.release()


def _acquired(file: str, mode: int, patience: float) -> tuple[FileLock, int]:
    descriptors: list[int] = []
    lock = FileLock(file, timeout=patience, mode=mode, poll_interval=0.002, fallback_to_soft=False, on_acquired=descriptors.append)
    lock.acquire()
    return lock, descriptors[0]


def _busy(file: str, doing: str, seconds: float) -> BusyError:
    from gitreg.store import holders

    who = holders.owner(file)
    return BusyError("another process has been {doing} for {seconds:g} seconds{who}", who=f": {who}" if who else "", doing=doing, seconds=seconds, hint="gitreg doctor")


def _untakable(where: str, error: OSError) -> BusyError:
    return BusyError("the lock in {folder!r} cannot be taken: {reason}", folder=where, reason=error.strerror or str(error))
