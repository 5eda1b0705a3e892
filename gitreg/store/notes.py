"""What a person should hear about a write that succeeded: it is done, but not all that they may believe."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from gitreg.store import journal
from gitreg.store.commits import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Manifest
    from gitreg.store.gitrepo import GitRepo

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


def of_artifacts(manifests: Iterable[tuple[str, tuple[Manifest | None, Manifest | None]]]) -> Iterator[str]:
    """Yield each artifact, newly recorded in pairs (by model) of before and after, that nobody else will find; not more than a person reads."""
    found = _outside(manifests)
    yield from islice(found, _MOST)
    left = sum(1 for _ in found)
    if left:
        yield f"so do {left:,} more artifacts"


def _outside(manifests: Iterable[tuple[str, tuple[Manifest | None, Manifest | None]]]) -> Iterator[str]:
    for model, (before, after) in manifests:
        for name, artifact in after.artifacts.items() if after else ():
            in_store = artifact.sha256 and artifact.uri.endswith(f"/sha256/{artifact.sha256[:2]}/{artifact.sha256}")  # which the registry's own rules chose
            if after and artifact.uri.startswith("file://") and not in_store and (before is None or name not in before.artifacts):
                yield f"artifact {name!r} of {model}@{after.number} lies outside the repository, where others will not find it: {artifact.uri}"
