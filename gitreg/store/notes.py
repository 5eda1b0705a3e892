"""What a person should hear about a write that succeeded: it is done, but not all that they may believe."""

from __future__ import annotations

import os
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from gitreg.store import journal
from gitreg.store.commits import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Artifact, Manifest
    from gitreg.store.committed import Committed
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

    Pair = tuple[Manifest | None, Manifest | None]

_MOST = 20  # artifacts that are named


def of_commit(repo: GitRepo, unshared: str | None, outcome: Outcome) -> Iterator[str]:
    """Yield what a new commit leaves open; *unshared* is the remote that was not told of it."""
    who = repo.identity()
    if not who.configured:
        yield f"git knows no name for you, this was committed as {who}; set one: git config --global user.name NAME, user.email ADDRESS"
    entry = journal.read(repo.common_dir)
    if outcome is Outcome.SHARED:
        yield "the remote has this change; the branch here could not follow, and will with the next write or gitreg sync"
    if entry is not None:
        yield f"committed, but git could not refresh the files in {' and '.join(entry.checkouts)}: the next command tries again"
    if unshared:
        yield f"this commit is only here, {unshared} does not have it"


def of_artifacts(base: Snapshot, manifests: Iterable[tuple[str, Pair]]) -> Iterator[str]:
    """Yield each artifact, newly recorded on *base* in pairs (by model) of before and after, that nobody else will find; not more than a person reads."""
    found = _only_here(base, manifests)
    yield from islice(found, _MOST)
    left = sum(1 for _ in found)
    if left:
        yield f"so it is with {left:,} more artifacts"


def _only_here(base: Snapshot, manifests: Iterable[tuple[str, Pair]]) -> Iterator[str]:
    uncommitted = _Uncommitted(base)
    for model, (before, after) in manifests:
        for name, artifact in after.artifacts.items() if after else ():
            if after is None or (before and name in before.artifacts) or _in_store(artifact):
                continue
            if artifact.uri.startswith("file://"):
                yield f"artifact {name!r} of {model}@{after.number} lies outside the repository, where others will not find it: {artifact.uri}"
            elif "://" not in artifact.uri and uncommitted.has(artifact):
                yield f"artifact {name!r} of {model}@{after.number}: {artifact.uri!r} is not committed: only this folder has it, and only until it changes; {uncommitted.advice}"


def _in_store(artifact: Artifact) -> bool:
    """Tell whether an address is one that the registry's own rules chose."""
    return bool(artifact.sha256) and artifact.uri.endswith(f"/sha256/{(artifact.sha256 or '')[:2]}/{artifact.sha256}")


class _Uncommitted:
    """Files that lie in the checkout, and that no commit has; what is asked for is looked up once."""

    def __init__(self, base: Snapshot) -> None:
        self._base = base
        self._known: dict[tuple[str, str | None], bool] = {}

    @cached_property
    def _root(self) -> str | None:
        """The folder of the checkout, None where there is none, or a store has the files; read late, for a commit of workflows has no registry at its top."""
        return None if self._base.config.artifacts else self._base.repo.worktree

    @cached_property
    def advice(self) -> str:
        """What to do about them."""
        from gitreg.store.committed import advice

        return advice(self._base)

    @cached_property
    def _committed(self) -> Committed:
        from gitreg.store.committed import Committed

        return Committed(self._base)

    def has(self, artifact: Artifact) -> bool:
        """Tell whether *artifact* is one of them."""
        key = artifact.uri, artifact.sha256
        if key not in self._known:
            self._known[key] = self._is_one(artifact)
        return self._known[key]

    def _is_one(self, artifact: Artifact) -> bool:
        if self._root is None or artifact.sha256 is None or artifact.kind == "service":
            return False
        if not {"", ".", ".."}.isdisjoint(artifact.uri.split("/")) or not os.path.exists(os.path.join(self._root, artifact.uri)):
            return False
        return not self._committed.has(artifact.uri, artifact.sha256, artifact.size, folder=artifact.folder)
