"""What a person should hear about a write that succeeded: it is done, but not all that they may believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.store import journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Config, Manifest
    from gitreg.store.gitrepo import GitRepo


def of_commit(repo: GitRepo, ref: str, config: Config) -> Iterator[str]:
    """Yield what a new commit on *ref* leaves open."""
    who = repo.identity()
    if not who.configured:
        yield f"git knows no name for you, this was committed as {who}; set one: git config --global user.name NAME, user.email ADDRESS"
    entry = journal.read(repo.common_dir)
    if entry is not None:
        yield f"committed, but git could not refresh the files in {' and '.join(entry.checkouts)}: the next command tries again"
    if config.remote:
        yield f"this commit is local; to share it: git push {config.remote} {ref.removeprefix('refs/heads/')}"


def of_artifacts(model: str, manifests: Iterable[tuple[Manifest | None, Manifest]]) -> Iterator[str]:
    """Yield each artifact, newly recorded in pairs of before and after, that nobody else will find."""
    for before, after in manifests:
        for name, artifact in after.artifacts.items():
            if artifact.uri.startswith("file://") and (before is None or name not in before.artifacts):
                yield f"artifact {name!r} of {model}@{after.number} lies outside the repository, where others will not find it: {artifact.uri}"
