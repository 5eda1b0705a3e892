"""What happened up to a commit, oldest first, and who held which stage from when to when.

A past is read once from git; the next commit's is the same with a few events more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitreg.store.decoded import make_room

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitreg.records import Event
    from gitreg.store.snapshot import Snapshot

MOST = 2_000  # models of which is kept what was made of their events: of very many it is more than the events are


class Spell(Struct, frozen=True, kw_only=True):
    """A version's time in a stage: *at* when it took it, *until* when it left it, None where it holds it still."""

    stage: str
    number: int
    version: str | None
    at: str | None
    by: str | None
    reason: str
    commit: str | None
    kind: str | None
    forced: tuple[str, ...]
    until: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of a spell."""
        return {
            "stage": self.stage, "number": self.number, "version": self.version, "from": self.at, "until": self.until,
            "by": self.by, "reason": self.reason, "commit": self.commit, "kind": self.kind, "forced": list(self.forced),
        }  # fmt: skip


class Past:
    """The events that led to *commit*; it never changes."""

    def __init__(self, commit: str = "", events: Sequence[Event] = (), *, whole: bool = True, by_model: dict[str, tuple[Event, ...]] | None = None) -> None:
        self.commit, self.events, self.whole = commit, events, whole
        self._by_model = _grouped({}, events) if by_model is None else by_model
        self._spells: dict[str, list[Spell]] = {}
        self._numbers: dict[str, dict[int, list[Event]]] = {}

    def at(self, snapshot: Snapshot) -> Past:
        """Return the past of *snapshot*: this one where it is the same commit, else read from git, as little as can be."""
        from gitreg.history import history

        if snapshot.commit == self.commit:
            return self
        whole = not snapshot.repo.cut_off()
        if self.commit and whole == self.whole and snapshot.repo.follows(snapshot.commit, self.commit):
            new = list(history(snapshot, since=self.commit))[::-1]
            return Past(snapshot.commit, [*self.events, *new], whole=whole, by_model=_grouped(self._by_model, new))
        return Past(snapshot.commit, list(history(snapshot))[::-1], whole=whole)

    def models(self) -> list[str]:
        """Return the models of which anything is known, sorted."""
        return sorted(self._by_model)

    def of(self, model: str) -> tuple[Event, ...]:
        """Return the events of *model*, oldest first."""
        return self._by_model.get(model, ())

    def spells(self, model: str) -> list[Spell]:
        """Return who held which stage of *model*, in the order in which they took it."""
        found = self._spells.get(model)
        if found is None:
            make_room(self._spells, MOST)
            found = self._spells[model] = _spells(self.of(model))
        return found

    def of_version(self, model: str, number: int) -> list[Event]:
        """Return the events of a version, oldest first."""
        found = self._numbers.get(model)
        if found is None:
            found = {}
            for event in self.of(model):
                if event.number is not None:
                    found.setdefault(event.number, []).append(event)
            make_room(self._numbers, MOST)
            self._numbers[model] = found
        return found.get(number, [])

    def holders(self, model: str) -> dict[str, Spell]:
        """Return by stage the spell that goes on."""
        return {spell.stage: spell for spell in self.spells(model) if spell.until is None}


def _spells(events: Iterable[Event]) -> list[Spell]:
    """Return who held which stage, in the order in which they took it."""
    found: list[Spell] = []
    held: dict[str, int] = {}
    for event in events:
        if event.event not in ("promoted", "cleared") or event.stage is None:
            continue
        last = held.pop(event.stage, None)
        if last is not None:
            found[last] = _ended(found[last], event.at)
        if event.event == "promoted" and event.number is not None:
            held[event.stage] = len(found)
            found.append(_begun(event, event.stage, event.number))
    return found


def _begun(event: Event, stage: str, number: int) -> Spell:
    return Spell(stage=stage, number=number, version=event.version, at=event.at, by=event.by, reason=event.reason, commit=event.commit, kind=event.kind, forced=event.forced)


def _ended(spell: Spell, until: str | None) -> Spell:
    return replace(spell, until=until)


def _grouped(known: dict[str, tuple[Event, ...]], events: Iterable[Event]) -> dict[str, tuple[Event, ...]]:
    new: dict[str, list[Event]] = {}
    for event in events:
        if event.model:
            new.setdefault(event.model, []).append(event)
    return known | {model: (*known.get(model, ()), *more) for model, more in new.items()}
