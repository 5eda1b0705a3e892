"""Compare two versions of a registry, and find the commits between their code where a repository that has both is at hand."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from gitreg.errors import NotFoundError, UsageError
from gitreg.operations.compare import compared
from gitreg.records import json_of
from gitreg.store import codelog
from gitreg.store.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot


def comparison(snapshot: Snapshot, selectors: tuple[str, str], code: str | None = None) -> dict[str, Any]:
    """Return the JSON of ``gitreg compare`` of two versions.

    The commits between their code are looked for in the repository at *code*, else in that of the registry and in that of
    the current folder. They are None where none of these has both, or a version does not say its commit.

    Raises:
        NotFoundError: there is no such version, or no repository at *code*, or it lacks one of the commits.
        UsageError: a selector is malformed.
    """
    a, b = (snapshot.get(selector) for selector in selectors)
    data = compared(a, b, snapshot.card(b.model))
    one, other = ((data["code"][side] or {}).get("commit") for side in ("a", "b"))
    if one and other:
        found = codelog.NOTHING if one == other else _log(snapshot, (one, other), code)
        data["code"]["log"] = json_of(found) if found else None
    return data


def _log(snapshot: Snapshot, commits: tuple[str, str], code: str | None) -> codelog.CodeLog | None:
    if code is not None:
        with contextlib.closing(discover(code)) as repo:
            if not codelog.holds(repo, commits):
                raise NotFoundError("the repository of {folder!r} does not have both {a} and {b}", folder=code, a=commits[0], b=commits[1], hint="git fetch")
            return codelog.between(repo, *commits)
    return next((codelog.between(repo, *commits) for repo in _at_hand(snapshot) if codelog.holds(repo, commits)), None)


def _at_hand(snapshot: Snapshot) -> Iterator[GitRepo]:
    """Yield the registry's repository, and that of the current folder where there is one."""
    yield snapshot.repo
    with contextlib.suppress(NotFoundError, UsageError, OSError), contextlib.closing(discover(os.getcwd())) as repo:
        if repo.common_dir != snapshot.repo.common_dir:
            yield repo
