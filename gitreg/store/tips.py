"""What a remote has beside the branch that is exchanged: other branches, the tips of pull requests. No ref here moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitreg.store.remote import Remote

_TRIES = 3  # a tip may move between asking and fetching
_AT_ONCE = 200  # refs that one command names
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
            raise remote.unreachable(err)
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
        missing = [ref for ref, commit in found.items() if remote.repo.reader.info(commit) is None]
        for some in _parts(missing):
            code, _, err = remote.ask("fetch", *_QUIET, remote.name, *some)
            if code:
                raise remote.unreachable(err)
        if missing:
            remote.repo.reader.close()  # it may have looked for what has come only now
        if all(remote.repo.reader.info(found[ref]) for ref in missing):
            return found
    raise remote.unreachable("its branches move all the time")


def _wanted(ref: str, patterns: Iterable[str]) -> bool:
    return any(ref == pattern or (pattern.endswith("/*") and ref.startswith(pattern[:-1])) for pattern in patterns)


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
