"""Changes that are not committed yet, laid over another view: what the registry would be, were they committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.shelf import Shelf
from gitreg.view import View

if TYPE_CHECKING:
    from gitreg.records import Change, Config, Manifest, ModelCard, Move, Stages


class Moves:
    """Which moves of stages were asked for: of each stage, and of each version that held one, the last."""

    def __init__(self, base: View) -> None:
        self._base = base
        self._last: dict[str, dict[str | int, Move]] = {}

    def add(self, change: Change) -> None:
        """Take down what *change* asked for."""
        for move in change.moves:
            last = self._last.setdefault(change.model, {})
            for key in (move.stage, *((move.number,) if self._held(change.model, move.number) else ())):
                last.pop(key, None)  # so that the newest stands last
                last[key] = move

    def _held(self, model: str, number: int | None) -> bool:
        stages = self._base.find_stages(model) if number else None
        return stages is not None and stages.held_by(number or 0) is not None

    def by_model(self) -> dict[str, tuple[Move, ...]]:
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
        self.last: Change | None = None
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

    def put(self, change: Change) -> None:
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
