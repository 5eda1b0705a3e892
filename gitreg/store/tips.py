"""What a remote has beside the branch that is exchanged: other branches, the tips of pull requests. No ref here moves."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from gitreg.errors import BusyError, PolicyError
from gitreg.store import promised
from gitreg.store.network import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitreg.store.remote import Remote

_TRIES = 3  # a tip may move between asking and fetching
_AT_ONCE = 200  # refs that one command names
_STILL_AT_WORK = (0.0, 0.2, 0.8)  # seconds: a server with hooks goes on when the connection is gone
_RACE = re.compile(r"cannot lock ref|failed to update ref|failed to lock|directory file conflict|incorrect old value|is at [0-9a-f]+ but expected|already exists")
_NO_ROOM = re.compile(r"unpacker error|failed to write|No space left")
_BROKE = re.compile(r"^(?:fatal: the remote end hung up|error: RPC failed|send-pack:|fatal: early EOF)", re.MULTILINE)
_UNSENT = re.compile(r"unable to access|unable to connect|unable to look up|Authentication failed|could not read (?:Username|Password)|Could not read from remote repository")
_QUIET = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--refmap=", "--end-of-options")


def seen(remote: Remote, patterns: Sequence[str]) -> dict[str, str]:
    """Return by full name the commit of each ref of *remote* that is one of *patterns*, or begins as one that ends in ``/*``.

    Raises:
        BusyError: the remote cannot be reached.
    """
    found: dict[str, str] = {}
    for some in _parts(patterns):
        code, out, err = remote.ask("ls-remote", "--end-of-options", remote.name, *some)
        if code:
            raise unreachable(remote, err)
        for line in out.splitlines():
            commit, _, ref = line.partition("\t")
            if _wanted(ref, some):
                found[ref] = commit
    return found


def brought(remote: Remote, patterns: Sequence[str]) -> dict[str, str]:
    """Return what :func:`seen` does, its objects here now.

    Raises:
        BusyError: the remote cannot be reached, or they move all the time.
    """
    for _ in range(_TRIES):
        found = seen(remote, patterns)
        partial = promised.is_partial(remote.repo.git_dir)  # to ask for one object there is to fetch it
        missing = [ref for ref, commit in found.items() if partial or remote.repo.reader.info(commit) is None]
        for some in _parts(missing):
            code, _, err = remote.ask("fetch", *_QUIET, remote.name, *some)
            if code:
                raise unreachable(remote, err)
        if missing:
            remote.repo.reader.close()  # it may have looked for what has come only now
        if all(remote.repo.reader.info(found[ref]) for ref in missing):
            return found
    raise BusyError("the branches of {remote} move all the time", remote=remote.name)


def moved(remote: Remote, commit: str, lease: str) -> bool:
    """Put the branch of *remote* at *commit*, if it is at the commit *lease* still, or, where that is empty, not there; False where it is not.

    Raises:
        PolicyError: the remote's rules refuse, or the person's ``pre-push`` hook.
        BusyError: the remote cannot be reached or has no room; or it broke off, and the sentence says that it may have taken it.
    """
    ref = f"refs/heads/{remote.branch}"
    options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no", f"--force-with-lease={ref}:{lease}", "--end-of-options")
    code, out, err = remote.ask("push", *options, remote.name, f"{commit}:{ref}")
    if code == 0:
        return True
    refused = next((line for line in out.splitlines() if line.startswith("!\t")), "")
    if _NO_ROOM.search(out + err):
        raise BusyError("{remote} has no room for the change, nothing was written: {said}", remote=remote.name, said=said(err))
    if "[rejected]" in refused or (refused and _RACE.search(refused + err)):
        return False
    if not refused and _BROKE.search(err):
        return _arrived(remote, commit, err)
    if not refused and _UNSENT.search(err):
        raise unreachable(remote, err)
    words = said(err) or refused.rpartition("\t")[2] or "it does not say why"
    raise PolicyError("{remote} refuses this change of {branch}: {said}", remote=remote.name, branch=remote.branch, said=words)


def unreachable(remote: Remote, err: str) -> BusyError:
    """Return the error for what git complained of."""
    return BusyError("{remote} cannot be reached: {said}", remote=remote.name, said=said(err), hint=f"git ls-remote {remote.name}")


def _arrived(remote: Remote, commit: str, err: str) -> bool:
    """Tell whether a branch is at a commit of which git did not say what became of it."""
    ref = f"refs/heads/{remote.branch}"
    for pause in _STILL_AT_WORK:
        time.sleep(pause)
        if seen(remote, [ref]).get(ref) == commit:
            return True
    raise BusyError("{remote} broke off: it has not taken {commit} so far, but may still: {said}", remote=remote.name, commit=commit[:12], said=said(err))


def _wanted(ref: str, patterns: Iterable[str]) -> bool:
    return any(ref == pattern or (pattern.endswith("/*") and ref.startswith(pattern[:-1])) for pattern in patterns)


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
