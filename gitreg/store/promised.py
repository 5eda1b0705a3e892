"""What a partial clone left at its remote, brought in one round trip. git itself brings it object by object."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gitreg.errors import BusyError
from gitreg.names import shown
from gitreg.store import network, process
from gitreg.store.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ID = frozenset("0123456789abcdef")
# tells which of many objects are here, and never asks the remote for one: git before 2.45 has no other way
_HERE = re.compile(r"did not send all necessary objects|file .* is too small|does not match index|is corrupt|bad object|not a git repository")  # complaints of what is here
_LOOK = ("rev-list", "--objects", "--no-object-names", "--no-walk=unsorted", "--filter=tree:0", "--ignore-missing", "--missing=allow-any", "--stdin")
_FETCH = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--filter=blob:none", "--stdin")


def is_partial(git_dir: str) -> bool:
    """Tell whether this repository may lack objects that a remote has promised; no process is started for it."""
    try:
        with open(os.path.join(git_dir, "commondir"), encoding="utf-8", errors="surrogateescape") as file:
            common = os.path.join(git_dir, file.read().strip())
    except FileNotFoundError:
        common = git_dir
    try:
        with open(os.path.join(common, "config"), "rb") as file:
            config = file.read().lower()
    except OSError:
        return False
    return b"partialclone" in config or b"promisor" in config


def bring(git_dir: str, specs: Sequence[str]) -> None:
    """Fetch those of *specs* that are ids of objects which are not here.

    Raises:
        BusyError: the remote cannot be reached.
    """
    ids = [spec for spec in dict.fromkeys(specs) if is_id(spec)]
    found = here(git_dir, ids)
    missing = [each for each in ids if found is not None and each not in found]
    if missing:
        fetch(git_dir, missing)


def is_id(text: str) -> bool:
    """Tell whether *text* is a whole object id, which git takes for nothing else."""
    return len(text) in (40, 64) and _ID.issuperset(text)


def here(git_dir: str, ids: Sequence[str]) -> frozenset[str] | None:
    """Return those of *ids* (whole object ids) that are in this repository, without asking a remote; None where git cannot tell."""
    code, out, _ = process.run(("--git-dir", git_dir), _LOOK, data=_lines(ids))
    return frozenset(out.decode().split()) if code == 0 else None


def fetch(git_dir: str, ids: Sequence[str]) -> None:
    """Fetch objects by their ids, in one round trip; git may ask for a password on a terminal.

    Raises:
        BusyError: the remote cannot be reached, or has them no longer.
        DamagedError: what is here already cannot be read.
    """
    remote = _remote(git_dir)
    if not ids:
        raise BusyError("an object is not in this partial clone, and cannot be fetched from its remote {remote!r}", remote=remote)
    code, _, err = network.ask(("--git-dir", git_dir), (*_FETCH, remote), data=_lines(ids))
    if code and _HERE.search(err):
        raise DamagedError(f"git cannot read what is in this partial clone already: {shown(network.said(err))}", hint="git fsck")
    if code:
        raise BusyError(
            "{count} objects are not in this partial clone, and its remote {remote!r} does not give them: {said}",
            count=len(ids), remote=remote, said=shown(network.said(err)),
        )  # fmt: skip


def named(git_dir: str, spec: str) -> str | None:
    """Return the id of what *spec* names, or None; the object itself need not be here."""
    code, out, _ = process.run(("--git-dir", git_dir), ("rev-parse", "--verify", "--quiet", "--end-of-options", spec))
    return out.decode().strip() if code == 0 else None


def _lines(ids: Sequence[str]) -> bytes:
    return "".join(f"{each}\n" for each in ids).encode()


def _remote(git_dir: str) -> str:
    """Return the remote that promised: the one that git's extension names, else one that is marked."""
    _, out, _ = process.run(("--git-dir", git_dir), ("config", "--get", "extensions.partialClone"))
    if not out:
        _, out, _ = process.run(("--git-dir", git_dir), ("config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$"))
        return out.decode(errors="replace").partition("\n")[0].removeprefix("remote.").removesuffix(".promisor") or "origin"
    return out.decode(errors="replace").strip()
