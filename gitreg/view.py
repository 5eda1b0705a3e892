"""What every reading of a registry can do, whether from a commit or from inside a transaction.

A :class:`View` is asked for the five things that lie in files; everything else (selectors, ``latest``, the
board) is derived here, once. :class:`Draft` lays changes that are not committed yet over another view.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gitreg import names, records
from gitreg.errors import ConflictError, GitregError, InvalidError, NotFoundError, UsageError
from gitreg.records import ModelSummary, ModelVersion, Stages
from gitreg.shelf import Shelf

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

    def _version(self, manifest: Manifest, model: str, stage: str | None) -> ModelVersion:
        fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
        return ModelVersion(**fields, model=model, stage=stage, commit=self.commit)


class Moves:
    """Which moves of stages were asked for: of each stage, and of each version that held one, the last."""

    def __init__(self, base: View) -> None:
        self._base = base
        self._last: dict[str, dict[str | int, records.Move]] = {}

    def add(self, change: records.Change) -> None:
        """Take down what *change* asked for."""
        for move in change.moves:
            last = self._last.setdefault(change.model, {})
            for key in (move.stage, *((move.number,) if self._held(change.model, move.number) else ())):
                last.pop(key, None)  # so that the newest stands last
                last[key] = move

    def _held(self, model: str, number: int | None) -> bool:
        stages = self._base.find_stages(model) if number else None
        return stages is not None and stages.held_by(number or 0) is not None

    def by_model(self) -> dict[str, tuple[records.Move, ...]]:
        """Return the moves of each model, in the order in which they were asked for."""
        return {model: tuple(last.values()) for model, last in self._last.items()}


class Draft(View):
    """A view with changes laid over it: what the registry would be, were they committed."""

    def __init__(self, base: View) -> None:
        self.base = base
        self.cards: dict[str, ModelCard] = {}
        self.pointers: dict[str, Stages] = {}
        self.made = Shelf()
        self.moves = Moves(base)
        self.last: records.Change | None = None
        self._counts: dict[str, int] = {}

    @property
    def config(self) -> Config:
        """The base's: a transaction does not change the policy it is judged by."""
        return self.base.config

    @property
    def commit(self) -> str | None:
        """None: nothing of a draft is committed."""
        return None

    def line_of(self, path: str, inside: tuple[str, ...]) -> int:
        """See :meth:`View.line_of`."""
        return self.base.line_of(path, inside)

    def put(self, change: records.Change) -> None:
        """Lay *change* over what is here."""
        self.last = change
        self.moves.add(change)
        if change.card:
            self.cards[change.model] = change.card
        if change.stages:
            self.pointers[change.model] = change.stages
        for manifest in change.manifests:
            self.made.put(change.model, manifest)
            self._counts[change.model] = max(self.count(change.model), manifest.number)

    def touched(self) -> tuple[str, ...]:
        """Return the models of which something was put, sorted."""
        return tuple(sorted({*self.cards, *self.pointers, *self.made.models()}))

    def model_names(self) -> tuple[str, ...]:
        """See :meth:`View.model_names`."""
        return tuple(sorted({*self.base.model_names(), *self.cards}))

    def find_card(self, model: str) -> ModelCard | None:
        """See :meth:`View.find_card`."""
        return self.cards.get(model) or self.base.find_card(model)

    def find_stages(self, model: str) -> Stages | None:
        """See :meth:`View.find_stages`."""
        return self.pointers.get(model) or self.base.find_stages(model)

    def count(self, model: str) -> int:
        """See :meth:`View.count`."""
        return self._counts.get(model) or self.base.count(model)

    def find_manifest(self, model: str, number: int) -> Manifest | None:
        """See :meth:`View.find_manifest`."""
        return self.made.get(model, number) or self.base.find_manifest(model, number)

    def number_named(self, model: str, name: str) -> int | None:
        """See :meth:`View.number_named`."""
        return self.made.named(model, name) or self.base.number_named(model, name)
