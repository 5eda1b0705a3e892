"""A registry that is a dictionary, to test rules without git, and short ways to say what is in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from gitreg import names, policy
from gitreg.draft import Draft
from gitreg.operations import events as eventlog
from gitreg.records import (
    VACANT,
    Config,
    Gate,
    Manifest,
    ModelCard,
    Occasion,
    Pointer,
    StageRule,
    Stages,
    Yanked,
)
from gitreg.view import View

AT, BY = "2026-11-22T07:24:31.123456Z", "Name <name@example.org>"
OCCASION = Occasion(datetime(2026, 11, 22, 7, 24, 31, 123456, tzinfo=UTC), BY)
YANKED = Yanked(at=AT, by=BY, reason="leaks its labels")
BASE = "c" * 40


class Model(NamedTuple):
    """A model of a :class:`DictView`."""

    card: ModelCard
    stages: Stages
    manifests: dict[int, Manifest]


class DictView(View):
    """A registry in memory, as one commit would have it."""

    def __init__(self, models: dict[str, Model], config: Config | None = None) -> None:
        self.models = models
        self._config = config or Config()

    @property
    def config(self) -> Config:
        return self._config

    @property
    def commit(self) -> str:
        return BASE

    def model_names(self) -> tuple[str, ...]:
        return tuple(sorted(self.models))

    def find_card(self, model: str) -> ModelCard | None:
        return self.models[model].card if model in self.models else None

    def find_stages(self, model: str) -> Stages | None:
        return self.models[model].stages if model in self.models else None

    def count(self, model: str) -> int:
        return len(self.models[model].manifests) if model in self.models else 0

    def find_manifest(self, model: str, number: int) -> Manifest | None:
        return self.models[model].manifests.get(number) if model in self.models else None

    def number_named(self, model: str, name: str) -> int | None:
        made = self.models[model].manifests if model in self.models else {}
        return next((n for n, manifest in made.items() if manifest.version == name), None)


def manifest(number: int, **facts) -> Manifest:
    """Return the manifest of a ready version; *facts* are its other fields."""
    return Manifest(**{"number": number, "version": str(number), "status": "ready", "created_at": AT, "created_by": BY, **facts})


def card(model: str = "iris", **facts) -> ModelCard:
    return ModelCard(name=model, created_at=AT, created_by=BY, **facts)


def held(*, archived: tuple[int, ...] = (), **blocks) -> Stages:
    """Return pointers: ``held(production=(3, 2, 1))`` is held by 3, its ``previous`` are 2 and 1; None is vacant."""
    pointers = dict.fromkeys(names.DEFAULT_STAGES, VACANT)
    for stage, block in blocks.items():
        number, *previous = block if isinstance(block, tuple) else (block,)
        pointers[stage] = Pointer(number=number, previous=tuple(previous))
    return Stages(pointers=pointers, archived=archived)


def rules(**changed) -> Config:
    """Return a configuration whose stages have these rules (fields of StageRule by stage)."""
    stages = {stage: StageRule() for stage in names.DEFAULT_STAGES}
    return Config(stages=stages | {stage: StageRule(**rule) for stage, rule in changed.items()})


def gated(*expressions: str, **rule) -> Config:
    """Return a configuration whose production asks that these expressions hold; gates are called g1, g2 …."""
    gates = tuple(Gate(name=f"g{n}", expr=expression) for n, expression in enumerate(expressions, 1))
    return rules(production={"require": gates, **rule})


def iris(versions: int = 3, stages: Stages | None = None, *, config: Config | None = None, facts=None, **model) -> DictView:
    """Return a registry with the model ``iris``; *facts* are fields of single manifests by number."""
    made = {n: manifest(n, **(facts or {}).get(n, {})) for n in range(1, versions + 1)}
    return DictView({"iris": Model(card(**model), stages or held(), made)}, config)


def at(text: str) -> names.Selector:
    return names.selector(text)


class Ended(NamedTuple):
    """What a transaction came to: its end state, its events as the policy leaves them, and every change."""

    draft: Draft
    events: tuple
    changes: tuple

    @property
    def stages(self) -> Stages:
        return self.draft.stages("iris")

    def told(self) -> list[tuple]:
        """Return what happened in short: event, number, stage."""
        return [(event.event, event.number, event.stage) for event in self.events]

    def forced(self) -> list[tuple[str, ...]]:
        return [event.forced for event in self.events if event.event in ("promoted", "cleared")]

    @property
    def subject(self) -> str:
        return eventlog.summary(self.events)


def ended(base: View, *operations, guarded: bool = False) -> Ended:
    """Run *operations* one after another on a draft of *base* and judge the end, as a commit would be."""
    draft, changes, moves = Draft(base), [], {}
    for operation in operations:
        change = operation(draft)
        draft.put(change)
        changes.append(change)
        moves.setdefault(change.model, []).extend(change.moves)
    found = eventlog.events(delta(base, draft), lambda model, number: draft.manifest(model, number).version)
    return Ended(draft, policy.judge(base, draft, found, moves, guarded=guarded), tuple(changes))


def delta(base: View, end: Draft) -> eventlog.Delta:
    parts = [
        eventlog.ModelDelta(
            model,
            (base.find_card(model), end.find_card(model)),
            (base.find_stages(model), end.find_stages(model)),
            {made.number: (base.find_manifest(model, made.number), made) for made in end.made.of(model)},
        )
        for model in end.touched()
    ]
    return eventlog.Delta(tuple(parts))


def yanked(number: int) -> dict[int, dict]:
    """Return the facts of a yanked version."""
    return {number: {"yanked": YANKED}}


def with_stages(view: DictView, stages: Stages) -> DictView:
    return DictView({name: Model(m.card, stages, m.manifests) for name, m in view.models.items()}, view.config)


__all__ = ["AT", "BASE", "BY", "OCCASION", "YANKED", "at", "card", "delta", "ended", "gated", "held", "iris", "manifest", "replace", "rules", "with_stages", "yanked"]
