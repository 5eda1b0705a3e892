"""What every reading of a registry can do, whether from a commit or from inside a transaction.

A :class:`View` is asked for the five things that lie in files; everything else (selectors, ``latest``, the
board) is derived here, once. ``draft.py`` lays changes that are not committed yet over another view.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gitreg import names
from gitreg.errors import ConflictError, GitregError, InvalidError, NotFoundError, UsageError
from gitreg.records import ModelSummary, ModelVersion, Stages, own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Config, Manifest, ModelCard


class View(ABC):
    """A registry as it is seen at one moment; read-only."""

    @property
    @abstractmethod
    def config(self) -> Config:
        """What ``gitreg.yaml`` says."""

    @property
    @abstractmethod
    def commit(self) -> str | None:
        """The commit that is seen, None where it is not made yet."""

    @abstractmethod
    def model_names(self) -> tuple[str, ...]:
        """The names of all models, deleted ones too, sorted."""

    @abstractmethod
    def find_card(self, model: str) -> ModelCard | None:
        """The model's card, or None where there is no such model."""

    @abstractmethod
    def find_stages(self, model: str) -> Stages | None:
        """Who holds which stage of *model*, or None where there is no such model."""

    @abstractmethod
    def count(self, model: str) -> int:
        """How many versions *model* has: the highest number, 0 where there is no such model."""

    @abstractmethod
    def find_manifest(self, model: str, number: int) -> Manifest | None:
        """The manifest of one version, or None."""

    @abstractmethod
    def number_named(self, model: str, name: str) -> int | None:
        """The number of the version of *model* with this *name*, or None."""

    # -- models -------------------------------------------------------------------------------------------

    def card(self, model: str) -> ModelCard:
        """Return the card of *model*.

        Raises:
            NotFoundError: there is no such model.
        """
        card = self.find_card(names.model_name(model))
        if card is None:
            raise self._no_model(model)
        return card

    def live_card(self, model: str) -> ModelCard:
        """Return the card of a *model* that can be changed.

        Raises:
            NotFoundError: there is no such model.
            ConflictError: it was deleted.
        """
        card = self.card(model)
        if card.deleted:
            raise ConflictError("model {model!r} was deleted on {at} by {by}", model=model, at=card.deleted.at, by=card.deleted.by)
        return card

    def stages(self, model: str) -> Stages:
        """Return who holds which stage of *model*.

        Raises:
            NotFoundError: there is no such model.
        """
        stages = self.find_stages(names.model_name(model))
        if stages is None:
            raise self._no_model(model)
        return stages

    def _no_model(self, model: str) -> GitregError:
        from difflib import get_close_matches

        known = self.model_names()
        if model in known:
            return InvalidError("the model's card is missing", path=f"models/{model}/model.yaml", rule="R02", hint="gitreg doctor --fix")
        near = get_close_matches(model, known, n=1)
        return NotFoundError(
            "no model {model!r}" + (", did you mean {near!r}?" if near else ""), model=model, near=near[0] if near else None, hint="gitreg list"
        )

    def known_stage(self, stage: str) -> str:
        """Return *stage* if this registry has it.

        Raises:
            UsageError: it has not; the sentence lists those it has.
        """
        if stage not in self.config.stages:
            known = ", ".join(self.config.stages)
            raise UsageError("no stage {stage!r}: this registry has {known}", stage=stage, known=known)
        return stage

    def summaries(self) -> Iterator[ModelSummary]:
        """Yield a row of the board for each model that was not deleted."""
        yield from self.rows(self.model_names())

    def rows(self, models: Iterable[str]) -> Iterator[ModelSummary]:
        """Yield the rows of *models* on the board, of those that were not deleted."""
        for model in models:
            if not self.card(model).deleted:
                yield self.summary(model)

    def summary(self, model: str) -> ModelSummary:
        """Return the row of *model* on the board."""
        stages = self.stages(model)
        held = {stage: stages.pointer(stage).number for stage in self.config.stages}
        return ModelSummary(name=model, latest=self.latest(model), versions=self.count(model), stages=held)

    # -- versions -----------------------------------------------------------------------------------------

    def manifest(self, model: str, number: int) -> Manifest:
        """Return the manifest of version *number*.

        Raises:
            NotFoundError: there is no such model or version.
        """
        manifest = self.find_manifest(model, number) if number > 0 else None
        if manifest is None:
            self.card(model)
            raise NotFoundError(
                "model {model!r} has no version {number}, it has {count}", model=model, number=number, count=self.count(model), hint=f"gitreg list {model}"
            )
        return manifest

    def latest(self, model: str) -> int | None:
        """Return the highest number that is ready and not yanked, or None."""
        numbers = range(self.count(model), 0, -1)
        return next((n for n in numbers if self.manifest(model, n).usable), None)

    def number(self, selector: names.Selector) -> int:
        """Return the number of the version that *selector* names.

        Raises:
            NotFoundError: no such model or version, the stage is vacant, or nothing is ready.
            UsageError: ``archived`` names no single version.
        """
        model, what = selector
        given = names.number(what)
        if given is not None:
            return self.manifest(model, given).number
        if what == names.LATEST:
            return self._latest_or_error(model)
        if what == names.ARCHIVED:
            raise UsageError("'archived' names no single version of {model!r}: give a number", model=model, hint=f"gitreg list {model}")
        if what in self.config.stages:
            return self._holder_or_error(model, what)
        named = self.number_named(model, what)
        if named is None:
            self.card(model)
            raise NotFoundError("model {model!r} has no version and no stage {what!r}", model=model, what=what, hint=f"gitreg list {model}")
        return named

    def _latest_or_error(self, model: str) -> int:
        latest = self.latest(model)
        if latest is None:
            self.card(model)
            raise NotFoundError("model {model!r} has no version that is ready and not yanked", model=model, hint=f"gitreg list {model}")
        return latest

    def _holder_or_error(self, model: str, stage: str) -> int:
        holder = self.stages(model).pointer(stage).number
        if holder is None:
            raise NotFoundError("{stage} of {model!r} is vacant", model=model, stage=stage, hint=f"gitreg promote {model}@VERSION {stage}")
        manifest = self.find_manifest(model, holder)
        if manifest is None or not manifest.usable:
            path = f"models/{model}/stages.yaml"
            state = "does not exist" if manifest is None else "is yanked" if manifest.yanked else f"is {manifest.status}"
            raise InvalidError(f"{stage} points to version {holder}, which {state}", path=path, line=self.line_of(path, (stage, "number")), field=stage, rule="R05", hint=f"gitreg promote {model}@VERSION {stage}")
        return holder

    def line_of(self, path: str, inside: tuple[str, ...]) -> int:  # noqa: ARG002 - a draft has no files
        """Return the line on which the value *inside* a file stands, or 0 where that is not known."""
        return 0

    def get(self, selector: str) -> ModelVersion:
        """Return the version that *selector* names: ``iris``, ``iris@7``, ``iris@1.0.5``, ``iris@production``.

        Raises:
            NotFoundError: no such model or version, or the stage is vacant.
            UsageError: the selector is malformed, or names no single version.
        """
        parsed = names.selector(selector)
        return self.version(parsed.model, self.number(parsed))

    def version(self, model: str, number: int) -> ModelVersion:
        """Return version *number* of *model* with its stage."""
        return self._version(self.manifest(model, number), model, self.stages(model).state_of(number))

    def versions(self, model: str) -> tuple[ModelVersion, ...]:
        """Return all versions of *model*, the first one first."""
        states = self.stages(model).states()
        return tuple(self._version(manifest, model, states.get(manifest.number)) for manifest in self.manifests(model))

    def manifests(self, model: str) -> Iterator[Manifest]:
        """Yield the manifests of *model* by number."""
        for number in range(1, self.count(model) + 1):
            yield self.manifest(model, number)

    def texts(self) -> Iterator[tuple[str, int, bytes | None]]:
        """Yield model, number and bytes of every manifest, by model and number; None where only the record is at hand, or not even that."""
        return ((model, number, None) for model in self.model_names() for number in range(1, self.count(model) + 1))

    def _version(self, manifest: Manifest, model: str, stage: str | None) -> ModelVersion:
        fields = {name: own(getattr(manifest, name)) for name in manifest.__struct_fields__}
        return ModelVersion(**fields, model=model, stage=stage, commit=self.commit)
