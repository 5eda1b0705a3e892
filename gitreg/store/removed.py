"""Which manifests some commit removed: git's log is gone through once, and then only what came since.

A log that looks for removals compares the trees of every commit, which takes seconds at a hundred thousand. What was found is kept in
the git common dir, with the commit up to which it holds; it counts for commits that follow that one. Of a shallow clone nothing is kept:
what it does not have may come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gitreg.store import layout
from gitreg.store.kept import Kept

if TYPE_CHECKING:
    from gitreg.store.snapshot import Snapshot


class Removed(msgspec.Struct, frozen=True):
    """The *paths* of manifests that were removed up to *commit*, the latest first; some may be there again."""

    commit: str
    paths: tuple[str, ...]


def manifests(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the manifests that some first-parent commit up to that of *snapshot* removed, the latest first, each once."""
    kept = Kept(snapshot.repo.common_dir, "removed", saves=snapshot.saves and not snapshot.repo.cut_off())
    name = snapshot.prefix or "."
    known: Removed | None = kept.read(name, Removed)
    if known is None or not snapshot.repo.follows(snapshot.commit, known.commit):
        known = Removed("", ())
    if known.commit != snapshot.commit:
        span = f"{known.commit}..{snapshot.commit}" if known.commit else snapshot.commit
        log = snapshot.repo.log(span, [snapshot.prefix + layout.MODELS], only="D")
        paths = (path.removeprefix(snapshot.prefix) for commit in log for _, _, path in commit.changes)
        known = Removed(snapshot.commit, tuple(dict.fromkeys([*(path for path in paths if layout.place(path).kind == "manifest"), *known.paths])))
        kept.write({name: known})
    return known.paths
