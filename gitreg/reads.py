"""The read methods, once, for :class:`~gitreg.registry.Registry` (now) and for a registry as it was."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from gitreg import records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitreg.artifacts.meter import Watch
    from gitreg.artifacts.outcomes import Pulled, Verified
    from gitreg.index.writer import Exported
    from gitreg.lineage.graph import Graph
    from gitreg.records import Artifact, Event, Finding, ModelCard, ModelSummary, ModelVersion
    from gitreg.store.snapshot import Snapshot


class Reads(ABC):
    """What can be asked of a registry. Each answer is of one commit."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Return the commit that answers are read from."""

    def get(self, selector: str) -> ModelVersion:
        """Return the version that *selector* names: ``iris``, ``iris@7``, ``iris@1.0.5``, ``iris@production``.

        Raises:
            NotFoundError: there is no such model or version, or the stage is vacant.
            UsageError: the selector is malformed, or names no single version.
        """
        return self.snapshot().get(selector)

    def models(self) -> tuple[ModelSummary, ...]:
        """Return the board: each model that was not deleted, with its latest version and who holds each stage."""
        return tuple(map(records.owned, self.snapshot().summaries()))

    def stages(self) -> tuple[str, ...]:
        """Return the names of the registry's stages, in order."""
        return tuple(self.snapshot().config.stages)

    def model(self, name: str) -> ModelCard:
        """Return what ``model.yaml`` says of a model, a deleted one too.

        Raises:
            NotFoundError: there is no such model.
        """
        return records.owned(self.snapshot().card(name))

    def versions(self, model: str) -> tuple[ModelVersion, ...]:
        """Return all versions of *model*, the first one first.

        Raises:
            NotFoundError: there is no such model.
        """
        return self.snapshot().versions(model)

    def history(self, model: str | None = None, stage: str | None = None) -> tuple[Event, ...]:
        """Return who changed what, when and why, newest first, following first parents.

        Raises:
            NotFoundError: there is no such model.
            UsageError: there is no such stage.
        """
        from gitreg.history import history

        return tuple(history(self.snapshot(), model, stage))

    def lineage(self, selector: str, *, depth: int = 10, downstream: bool = False) -> Graph:
        """Return what a version was made of: its run, code and data, and its parents *depth* generations back.

        A parent is a link whose uri is the selector of a version, or the path of its manifest. With *downstream* also the versions
        that name this one as a parent, and those that used the same data; the bytes of every manifest are looked through for that.

        Raises:
            NotFoundError: there is no such version. A parent that is not there is told in the graph.
            UsageError: the selector is malformed, or *depth* is negative.
        """
        from gitreg.lineage.walk import lineage

        return lineage(self.snapshot(), selector, depth=depth, downstream=downstream)

    def compare(self, a: str, b: str, *, code: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """Return two versions side by side, as the JSON of ``gitreg compare``: metrics, params, artifacts, links, run, code, environment.

        The commits between their code are looked for in the repository at *code*, else in the registry's and the current folder's.

        Raises:
            NotFoundError: there is no such version, no repository at *code*, or it lacks one of the commits.
        """
        from gitreg.comparison import comparison

        return comparison(self.snapshot(), (a, b), None if code is None else os.fspath(code))

    def check(self) -> tuple[Finding, ...]:
        """Return everything that is wrong with the registry's files (rules R01 to R09); empty means sound.

        Models that were found sound before, and have not changed since, are not read anew.
        """
        from gitreg.review.check import check_state

        return tuple(check_state(self.snapshot(), again=True))

    def export(self, folder: str | os.PathLike[str], *, etags: bool | None = None, force: bool = False, watch: Callable[[int, int], None] | None = None) -> Exported:
        """Make the sparse index in *folder*, or bring the one that is there up to date: small JSON files for any HTTP server, which an address reads.

        With *etags* also ``etags.nginx``, which lists the blob id of each file; None is as it was before. Models that this registry does not have are taken out
        only with *force*. *watch* hears how many models of how many are done.

        Raises:
            ConflictError: a file is in the way that it did not write, *folder* is where the registry itself or git keeps files, or it has the index of another registry.
            InvalidError: ``gitreg.yaml`` is invalid, and nothing was written; or models are: those keep the files that they had, all others were exported.
            BusyError: the folder cannot be written.
        """
        from gitreg.index.writer import exported

        return exported(self.snapshot, os.fspath(folder), etags=etags, force=force, watch=watch)

    def pull(
        self, selector: str, folder: str | os.PathLike[str] | None = None, *, artifacts: Sequence[str] | None = None, force: bool = False, watch: Watch | None = None
    ) -> tuple[Pulled, ...]:
        """Bring the artifacts of a version into *folder*, each verified; returns what became of each, services left out.

        *folder* is ``MODEL-NUMBER`` here where none is given. An artifact lands under its name with the ending its file had. What is there
        and right stays; what broke off is resumed. *artifacts* names those that are wanted. *watch* hears a step's name, its bytes so far, and of how many.

        Raises:
            NotFoundError: there is no such version or artifact, or its file is gone.
            ConflictError: something else is there, and *force* is not given; the file is not the one that was registered; or no digest is recorded
                (the others are pulled then, and the attribute ``pulled`` tells of them).
            BusyError: a store cannot be reached, or the folder cannot be written.
        """
        from gitreg.artifacts import pull, reach

        snapshot = self.snapshot()
        version = snapshot.get(selector)
        return pull.pulled(version, os.fspath(folder or pull.folder_of(version)), artifacts, reach.reach_of(snapshot), force=force, watch=watch)

    def verify(self, selector: str | None = None, *, watch: Watch | None = None) -> tuple[Verified, ...]:
        """Read everything recorded of a version again, or of all models, and return what became of each address: ``ok``, ``missing``, ``changed``, ``unreachable``.

        ``unproven`` is what has no digest in the record. Services are left out, yanked versions are not; models that were deleted are.

        Raises:
            NotFoundError: there is no such model or version.
        """
        from gitreg.artifacts import reach, verify

        snapshot = self.snapshot()
        models = [] if selector else [model for model in snapshot.model_names() if not snapshot.card(model).deleted]
        versions = [snapshot.get(selector)] if selector else [version for model in models for version in snapshot.versions(model)]
        return verify.verified(versions, reach.reach_of(snapshot), watch)

    def fetched(self, name: str, artifact: Artifact, *, watch: Watch | None = None) -> str:
        """Return the path of an artifact on this machine, compared with its digest now; what lies elsewhere is fetched into the cache folder.

        Raises:
            UsageError: it is a service.
            NotFoundError: its file is gone.
            ConflictError: the file is not the one that was registered, or no digest is recorded.
            BusyError: its store cannot be reached.
        """
        from gitreg.artifacts import cached, reach

        return cached.fetched(name, artifact, reach.reach_of(self.snapshot()), watch)


class RegistryAt(Reads):
    """A registry as one commit has it: read-only, and always the same. It has the read methods of a registry."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __repr__(self) -> str:
        return f"RegistryAt(commit={self.commit!r})"

    @property
    def commit(self) -> str:
        """The id of the commit."""
        return self._snapshot.commit

    def snapshot(self) -> Snapshot:
        """Return the commit that answers are read from."""
        return self._snapshot
