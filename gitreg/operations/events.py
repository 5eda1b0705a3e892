"""What a change did, found by comparing files before and after, never from messages. Pure.

A :class:`Delta` holds the records that differ; :func:`events` says in the registry's words what that means,
and :func:`summary` in a sentence for a commit's subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

from msgspec.structs import replace

from gitreg import names
from gitreg.records import VACANT, Event, Stages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from gitreg.records import Config, Manifest, ModelCard, Pointer

    Labels = Callable[[str, int], str]

MOST = 1000  # events that are kept as a tuple
_ORDER = ("promoted", "cleared", "archived", "registered", "completed", "failed", "yanked", "unyanked", "updated",
          "model_created", "model_updated", "model_deleted", "policy_changed")  # fmt: skip


class Pairs(Protocol):
    """Manifests by number, each before and after; a map, or something that finds them when it is asked."""

    def items(self) -> Iterable[tuple[int, tuple[Manifest | None, Manifest | None]]]:
        """Return number and pair of each."""


class ModelDelta(NamedTuple):
    """What differs of one model: each pair is before and after, None where there was or is no such file."""

    model: str
    card: tuple[ModelCard | None, ModelCard | None] = (None, None)
    stages: tuple[Stages | None, Stages | None] = (None, None)
    manifests: Pairs = {}


class Delta(NamedTuple):
    """What differs between two states of a registry; *unread* are the files that differ and are invalid before or after."""

    models: tuple[ModelDelta, ...] = ()
    config: tuple[Config | None, Config | None] = (None, None)
    unread: tuple[str, ...] = ()

    def lacking(self, paths: Iterable[str]) -> Delta:
        """Return this with more files that cannot be read."""
        return self._replace(unread=tuple(sorted({*self.unread, *paths})))


def events(delta: Delta, label: Labels) -> tuple[Event, ...]:
    """Return what happened, ordered by model, stage and number; *label* gives a version's name by number."""
    return tuple(sorted(flow(delta, label), key=_place))


def flow(delta: Delta, label: Labels) -> Iterator[Event]:
    """Yield what :func:`events` returns, few at a time, where *delta* has models and manifests in order."""
    if delta.config[0] is not None and delta.config[0] != delta.config[1]:
        yield Event(event="policy_changed")
    for part in delta.models:
        few = sorted([*_moved(part), *_of_card(part)], key=_place)
        for event in merge(few, _archived(part), _of_manifests(part), key=_place):
            named = label(part.model, event.number) if event.number is not None and event.version is None else event.version
            yield replace(event, model=part.model, version=named)


def moves(delta: Delta, label: Labels) -> tuple[Event, ...]:
    """Return those events in which a stage gets or loses a holder, in order."""
    found = (replace(event, model=part.model, version=label(part.model, event.number) if event.number else None) for part in delta.models for event in _moved(part))
    return tuple(sorted((event for event in found if event.event != "archived"), key=_place))


class Stream(Sequence[Event]):
    """Very many events, found anew each time they are looked through."""

    def __init__(self, find: Callable[[], Iterator[Event]], size: int) -> None:
        self._find, self._size = find, size

    def __iter__(self) -> Iterator[Event]:
        return self._find()

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Event: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Event]: ...
    def __getitem__(self, at: int | slice) -> Event | Sequence[Event]:
        wanted = range(self._size)[at]
        if isinstance(wanted, int):
            return next(islice(self, wanted, None))
        return tuple(event for index, event in enumerate(self) if index in wanted)[:: 1 if wanted.step > 0 else -1]

    def replaced(self, **facts: Any) -> Stream:
        """Return the same events with other *facts*."""
        return Stream(lambda: (replace(event, **facts) for event in self), self._size)


def seen(find: Callable[[], Iterator[Event]]) -> Sequence[Event]:
    """Return what *find* finds: a tuple, or a :class:`Stream` where there is very much of it."""
    few = tuple(islice(find(), MOST + 1))
    return few if len(few) <= MOST else Stream(find, sum(1 for _ in find()))


def _place(event: Event) -> tuple[str, bool, str, int, int]:
    return event.model or "", event.stage is None, event.stage or "", event.number or 0, _ORDER.index(event.event)


def _moved(part: ModelDelta) -> Iterator[Event]:
    """Yield the stages that got another holder or none, and the former holders that are archived."""
    before, after = (stages or Stages() for stages in part.stages)
    for stage in {**before.pointers, **after.pointers}:
        was, now = before.pointer(stage), after.pointer(stage)
        if now.number is not None and now.number != was.number:
            yield Event(event="promoted", kind=_kind(was, now), number=now.number, stage=stage, from_number=was.number)
        elif now.number is None and was.number is not None:
            yield Event(event="cleared", stage=stage, from_number=was.number)
    holders = {pointer.number: stage for stage, pointer in before.pointers.items() if pointer.number is not None}
    for number, stage in holders.items():
        if after.state_of(number) == names.ARCHIVED:
            yield Event(event="archived", number=number, stage=before.held_by(number) or stage)


def _archived(part: ModelDelta) -> Iterator[Event]:
    """Yield the versions that held no stage and are archived now, by number."""
    before, after = (stages or Stages() for stages in part.stages)
    if before == after:
        return
    was = {number for number, state in before.states().items() if state == names.ARCHIVED}
    was -= was.difference(before.archived).intersection(after.archived)  # it left a stage then, and was archived by hand now
    holders = {pointer.number for side in (before, after) for pointer in side.pointers.values()}
    left = {number for pointer in after.pointers.values() for number in pointer.previous}
    last = 0
    for number in merge(sorted(after.archived), sorted(left)):
        if number != last and number not in holders and number not in was:
            yield Event(event="archived", number=number)
        last = number


def _kind(was: Pointer, now: Pointer) -> str:
    """Return how a stage got its holder: a rollback leaves ``previous`` and does not enter the former there."""
    if now.number in was.previous and now.number not in now.previous and was.number not in now.previous:
        return "rollback"
    return "first" if was == VACANT else "promote"


def _of_manifests(part: ModelDelta) -> Iterator[Event]:
    for number, (was, now) in part.manifests.items():
        if now is None or was == now:
            continue
        if was is None:
            yield Event(event="registered", number=number, version=now.version)
            continue
        if was.status != now.status:
            yield Event(event={"ready": "completed", "failed": "failed"}.get(now.status, "updated"), number=number)
        if (was.yanked is None) != (now.yanked is None):
            yield Event(event="yanked" if now.yanked else "unyanked", number=number)
        if replace(was, status=now.status, yanked=now.yanked) != now and was.status == now.status:
            yield Event(event="updated", number=number)


def _of_card(part: ModelDelta) -> Iterator[Event]:
    was, now = part.card
    if now is None or was == now:
        return
    if was is None:
        yield Event(event="model_created")
    elif now.deleted and not was.deleted:
        yield Event(event="model_deleted")
    else:
        yield Event(event="model_updated")


_WORDS = {
    "registered": "register", "completed": "complete", "failed": "record the failure of", "yanked": "yank", "unyanked": "unyank",
    "updated": "update", "model_created": "create the model", "model_updated": "update the model", "model_deleted": "delete the model",
    "policy_changed": "change the policy",
}  # fmt: skip
_LONGEST = 100
_RANK = {"model_created": 0, "registered": 0, "promoted": 1, "cleared": 1, "archived": 3}


def summary(found: Sequence[Event]) -> str:
    """Return the change in the imperative: ``iris: promote 7 (1.0.5) to production, archiving 6``."""
    if not found:
        return "registry: note who held which stage"
    models = sorted({event.model for event in found if event.model})
    if len(found) > MOST:
        return _brief(found, models)
    phrases = [phrase for model in models for phrase in _phrases([e for e in found if e.model == model])]
    phrases += [_WORDS[event.event] for event in found if event.model is None]
    text = ", ".join(phrases)
    if len(models) == 1:
        text = f"{models[0]}: {text}"
    if len(models) > 1 or (len(text) > _LONGEST and len(phrases) > 1):
        text = _counted(found, models)
    return text


def told(found: Sequence[Event], delta: Delta, files: Collection[str]) -> str:
    """Return the change in a sentence for who reviews it: also that nothing changes, or what of its *files* cannot be read."""
    unread, others = delta.unread, len(delta.unread) - 1
    noted = any(part.stages[0] != part.stages[1] for part in delta.models)
    parts = [summary(found)] if found or (noted and not unread) else []
    if unread:
        parts.append(f"{others + 1} files cannot be read: {unread[0]} and {others} more" if others else f"1 file cannot be read: {unread[0]}")
    return "; ".join(parts) or (f"registry: {len(files)} {'file changes' if len(files) == 1 else 'files change'}" if files else "nothing of the registry changes")


def _brief(found: Sequence[Event], models: list[str]) -> str:
    """Return the sentence for very many events: their number, unless all that counts is that a model was deleted."""
    deleted = len(models) == 1 and any(event.event == "model_deleted" for event in found)
    return f"{models[0]}: {_WORDS['model_deleted']}" if deleted else _counted(found, models)


def _counted(found: Sequence[Event], models: list[str]) -> str:
    what = f"{len(models)} models" if len(models) > 1 else models[0] if models else "registry"
    return f"{what}: {len(found)} changes"


def _phrases(found: list[Event]) -> Iterator[str]:
    """Yield what happened to one model; what follows from a promotion is said with it."""
    kinds = {event.event for event in found}
    quiet = kinds - {"model_deleted"} if "model_deleted" in kinds else {"model_created"} if "registered" in kinds else set()
    promoted = {event.number for event in found if event.event == "promoted"}
    archived = {event.number for event in found if event.event == "archived"}
    vacated = {event.from_number: event.stage for event in found if event.event == "cleared"}
    said = set[int | None]()
    for event in sorted(found, key=lambda e: (_RANK.get(e.event, 2), _place(e))):
        if event.event in quiet:
            continue
        if event.event in ("promoted", "cleared"):
            if event.event == "cleared" and event.from_number in promoted:
                continue
            left = vacated.get(event.number) if event.event == "promoted" else None
            gone = event.from_number if event.from_number in archived else None
            said.add(gone)
            yield sentence(event) + (f", vacating {left}" if left else "") + (f", archiving {gone}" if gone else "")
        elif event.event != "archived" or event.number not in said:
            yield sentence(replace(event, stage=None))


def sentence(event: Event) -> str:
    """Return one event in the imperative: ``promote 7 (1.0.5) to production``."""
    if event.event == "promoted":
        return f"roll {event.stage} back to {_label(event)}" if event.kind == "rollback" else f"promote {_label(event)} to {event.stage}"
    if event.event == "cleared":
        return f"vacate {event.stage}"
    if event.event == "archived":
        return f"archive {_label(event)}" + (f" (was {event.stage})" if event.stage else "")
    return f"{_WORDS[event.event]} {_label(event)}".rstrip()


def _label(event: Event) -> str:
    if event.number is None:
        return ""
    return str(event.number) if event.version in (None, str(event.number)) else f"{event.number} ({event.version})"
