"""A change as it would land: HEAD on BASE, or the merge of the two where BASE has moved on. Read from objects alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg import names
from gitreg.deltas import FileChange
from gitreg.errors import UsageError
from gitreg.store import layout, lineage
from gitreg.store.snapshot import Snapshot

if TYPE_CHECKING:
    from gitreg.review.ranges import Range
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import Changed, GitRepo

    Files = dict[str, Changed]

_BLOBS = {None, "100644", "100755"}


class Landing(NamedTuple):
    """What a change would make of the registry that it lands on.

    *base* is that registry, None where there is none yet; *end* is what it would be then. Both ``Files`` are by path in the
    registry: *brought* is what HEAD changed since it left BASE, *landed* is what differs between base and end. *beside* are
    the other files that HEAD changed, by path from the repository's top. *conflicts* do not merge, those beside the registry told as ``../README``; then *end* is HEAD as it is.
    """

    base: Snapshot | None
    end: Snapshot
    brought: Files
    landed: Files
    beside: tuple[str, ...]
    conflicts: tuple[str, ...]

    def readable(self) -> list[FileChange]:
        """Return what landed and may be read as records: of a link, a submodule or a model that nothing can be called, the state rules tell."""
        return [found for path, change in self.landed.items() if (found := _readable(path, change))]

    def unreadable(self) -> set[str]:
        """Return what landed and may not be read as records."""
        return self.landed.keys() - {file.path for file in self.readable()}


def landing(repo: GitRepo, prefix: str, cache: Cache, span: Range) -> Landing:
    """Return how *span* would land.

    Raises:
        InvalidError: git cannot merge the two, because history between them is not here.
    """
    head = Snapshot(repo, span.head, prefix, cache)
    fork = (lineage.merge_base(repo, span.base, span.head) if span.base else None) or repo.empty_tree
    changed = repo.changed(fork, span.head)
    beside = tuple(path for path in changed if not path.startswith(prefix))
    brought = _within(changed, prefix)
    base = Snapshot(repo, span.base, prefix, cache) if span.base else None
    if base is None or base.blob_id(layout.CONFIG) is None:
        return Landing(None, head, brought, brought, beside, ())
    if fork == base.commit:
        return Landing(base, head, {**_merged_in(repo, base.commit, span.head, prefix), **brought}, brought, beside, ())
    merge = repo.merged(base.commit, span.head)
    up = "../" * prefix.count("/")
    conflicts = tuple(path.removeprefix(prefix) if path.startswith(prefix) else up + path for path in merge.conflicts)
    if conflicts:
        return Landing(base, head, brought, brought, beside, conflicts)
    landed = _within(repo.changed(base.commit, merge.tree, prefix), prefix)
    return Landing(base, Snapshot(repo, merge.tree, prefix, cache), brought, landed, beside, ())


def _readable(path: str, change: Changed) -> FileChange | None:
    """Return a change that may be read as records, else None. Pointers that were a link, and are a file now, count as new: no holder goes unseen."""
    if {change.old_mode, change.new_mode} <= _BLOBS and _can_be(layout.place(path).model):
        return FileChange(change.old, change.new, path)
    fresh = layout.place(path).kind == "stages" and change.new_mode in _BLOBS and _can_be(layout.place(path).model)
    return FileChange(None, change.new, path) if fresh else None


def _can_be(model: str) -> bool:
    """Tell whether a model can be called so; the policy is nobody's."""
    try:
        return not model or bool(names.model_name(model))
    except UsageError:
        return False


def _merged_in(repo: GitRepo, base: str, head: str, prefix: str) -> Files:
    """Return what the other side of a merge with *base* had changed, where *head* is one: also what both sides did alike."""
    parents = lineage.read(repo, head).parents
    found: Files = {}
    for other in parents if len(parents) > 1 and base in parents else ():
        fork = lineage.merge_base(repo, base, other)
        found |= _within(repo.changed(fork, other, prefix), prefix) if fork and other != base else {}
    return found


def _within(changed: Files, prefix: str) -> Files:
    return {path.removeprefix(prefix): change for path, change in changed.items() if path.startswith(prefix)}
