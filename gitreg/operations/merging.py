"""Three versions of a pointer file, merged as what they are: who holds which stage. Pure.

What only one side did is kept. Where a version left a stage for another, the other side may have given that stage to somebody
else. A stage that the sides gave to two holders, or that one gave away and the other emptied, is contested; so is a version that
they put in two stages, or that one promoted and the other archived. Both sides count the same: exchanged, they give the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gitreg.records import VACANT, Pointer, Stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T", int, str)


class Contest(NamedTuple):
    """What the sides disagree about: *stages* and *numbers* that stand or fall together, and each side's word on it."""

    what: str
    ours: str
    theirs: str
    stages: frozenset[str]
    numbers: frozenset[int]

    def __str__(self) -> str:
        return f"both sides moved {self.what}: {self.ours} here, {self.theirs} there"


class Merged(NamedTuple):
    """A merge: where nothing is contested *ours* and *theirs* are the same, else they are what comes of it if that side wins."""

    ours: Stages
    theirs: Stages
    contests: tuple[Contest, ...]


class Side(NamedTuple):
    """A pointer file before and after what one side did to it."""

    was: Stages
    now: Stages

    def gained(self, stage: str) -> int | None:
        """Return the version that this side gave *stage* to, or None."""
        number = self.now.pointer(stage).number
        return number if number != self.was.pointer(stage).number else None

    def emptied(self, stage: str) -> bool:
        """Tell whether this side took the holder out of *stage*, and out of every other."""
        former = self.was.pointer(stage).number
        return former is not None and self.now.pointer(stage).number is None and self.now.held_by(former) is None

    def moved(self) -> list[str]:
        """Return the stages whose holder this side changed."""
        return [stage for stage in {**self.was.pointers, **self.now.pointers} if self.was.pointer(stage).number != self.now.pointer(stage).number]

    def came(self) -> set[int]:
        """Return the versions that this side archived."""
        return set(self.now.archived) - set(self.was.archived)

    def said(self, number: int) -> str:
        """Return where this side left a version, in words."""
        stage = self.now.held_by(number)
        return f"to {stage}" if stage else "archived"

    def without(self, stages: frozenset[str], numbers: frozenset[int]) -> Side:
        """Return this side as if it had not touched *stages* and *numbers*, nor what it moved together with them."""
        tied, known = set(stages), set(numbers)
        while more := {stage for stage in self.moved() if stage not in tied and self._holders({stage}) & (known | self._holders(tied))}:
            tied |= more
        known |= self._holders(tied)
        blocks = {**self.now.pointers, **{stage: self.was.pointer(stage) for stage in tied}}
        archived = {n for n in self.now.archived if n not in known} | {n for n in self.was.archived if n in known}
        return Side(self.was, Stages(pointers=blocks, archived=tuple(sorted(archived))))

    def _holders(self, stages: set[str]) -> set[int]:
        return {number for stage in stages for side in self if (number := side.pointer(stage).number) is not None}


def merged(base: Stages, ours: Stages, theirs: Stages) -> Merged:
    """Return *ours* and *theirs*, two descendants of *base*, as one."""
    here, there = Side(base, ours), Side(base, theirs)
    contests = tuple(_contests(here, there))
    if not contests:
        end = _laid(here, there)
        return Merged(end, end, ())
    return Merged(_won(here, there), _won(there, here), contests)


def faults(merge: Stages, base: Stages, ours: Stages, theirs: Stages) -> list[str]:
    """Return what keeps *merge* from being the merge of two sides: it is not sound, or it lost or made up something."""
    found = list(unsound(merge))
    for side, other in ((Side(base, ours), Side(base, theirs)), (Side(base, theirs), Side(base, ours))):
        found += _lost(merge, side, other)
    stages = {**merge.pointers, **base.pointers, **ours.pointers, **theirs.pointers}
    found += [f"{stage} has a holder that nobody gave it" for stage in stages if merge.pointer(stage).number not in {side.pointer(stage).number for side in (base, ours, theirs)}]
    return found


def unsound(merge: Stages) -> Iterator[str]:
    """Yield why a pointer file cannot be, whatever the versions are (R09)."""
    holders = [pointer.number for pointer in merge.pointers.values() if pointer.number is not None]
    yield from (f"{number} holds two stages" for number in set(holders) if holders.count(number) > 1)
    yield from (f"{number} is archived and holds a stage" for number in holders if number in merge.archived)
    for stage, pointer in merge.pointers.items():
        if pointer.number in pointer.previous or len(set(pointer.previous)) < len(pointer.previous):
            yield f"previous of {stage} has a number twice"
    if list(merge.archived) != sorted(set(merge.archived)):
        yield "archived is not in order"


def _lost(merge: Stages, side: Side, other: Side) -> Iterator[str]:
    """Yield what *side* did and *merge* has not, and whom it displaced unseen."""
    for stage in side.moved():
        number, former = side.gained(stage), side.was.pointer(stage).number
        if merge.pointer(stage).number != number and (number is not None or other.gained(stage) is None):
            yield f"{stage} is not as one side left it"
        if former is not None and merge.state_of(former) is None and side.now.state_of(former) is not None:
            yield f"{former} held {stage}, and no list knows it"
    yield from (f"{number} is not archived" for number in side.came() if number not in merge.archived)


# -- what is contested ----------------------------------------------------------------------------------------


def _contests(here: Side, there: Side) -> Iterator[Contest]:
    for stage in {**here.was.pointers, **here.now.pointers, **there.now.pointers}:
        if _stage_contested(here, there, stage):
            numbers = frozenset(n for n in (here.gained(stage), there.gained(stage)) if n is not None)
            yield Contest(stage, _holder(here, stage), _holder(there, stage), frozenset({stage}), numbers)
    for number in sorted(_touched(here) | _touched(there)):
        one, other = here.now.held_by(number), there.now.held_by(number)
        if _version_contested(here, there, number):
            yield Contest(f"version {number}", here.said(number), there.said(number), frozenset({one, other} - {None}), frozenset({number}))  # type: ignore[arg-type]


def _stage_contested(here: Side, there: Side, stage: str) -> bool:
    one, other = here.gained(stage), there.gained(stage)
    if one is not None and other is not None:
        return one != other
    return (one is not None and there.emptied(stage)) or (other is not None and here.emptied(stage))


def _version_contested(here: Side, there: Side, number: int) -> bool:
    """Tell whether the sides put a version in two stages, or one in a stage and the other into ``archived``."""
    for one, other in ((here, there), (there, here)):
        stage = one.now.held_by(number)
        if stage is None or one.gained(stage) != number:
            continue
        if number in other.came():
            return True
        elsewhere = other.now.held_by(number)
        if elsewhere not in (None, stage) and other.gained(elsewhere or "") == number:
            return True
    return False


def _touched(side: Side) -> set[int]:
    return {number for stage in side.moved() if (number := side.gained(stage)) is not None}


def _holder(side: Side, stage: str) -> str:
    number = side.now.pointer(stage).number
    return "vacated" if number is None else f"to {number}"


def _won(winner: Side, loser: Side) -> Stages:
    """Return the merge in which *winner* has its way wherever the two disagree; what *loser* did beside that is kept.

    A holder that only *loser* gave its stage to is remembered there: where that side is the truth, it did hold it.
    """
    kept = loser
    while contests := list(_contests(winner, kept)):
        stages = frozenset().union(*(contest.stages for contest in contests))
        numbers = frozenset().union(*(contest.numbers for contest in contests))
        left = kept.without(stages, numbers)
        if left == kept:
            break
        kept = left
    end = winner.now if contests else _laid(winner, kept)
    if faults(end, winner.was, winner.now, kept.now):
        end = winner.now
    blocks = dict(end.pointers)
    for stage in loser.moved():
        number = loser.gained(stage)
        if number is not None and end.state_of(number) is None:
            blocks[stage] = Pointer(number=end.pointer(stage).number, previous=(number, *end.pointer(stage).previous))
    return Stages(pointers=blocks, archived=end.archived)


# -- what is not ----------------------------------------------------------------------------------------------


def _laid(here: Side, there: Side) -> Stages:
    """Return both sides in one, where nothing is contested."""
    order = [stage for stage in _woven([list(side.pointers) for side in (here.now, there.now)]) if not _dropped(here, there, stage)]
    numbers = {stage: _number(here, there, stage) for stage in order}
    held = {number for number in numbers.values() if number is not None}
    gone = {n for side in (here, there) for n in side.was.archived if n not in side.now.archived}
    archived = (set(here.was.archived) | here.came() | there.came()) - gone - held
    pointers = {stage: Pointer(number=numbers[stage], previous=_previous(here, there, stage, numbers[stage])) for stage in order}
    return Stages(pointers=pointers, archived=tuple(sorted(archived)))


def _dropped(here: Side, there: Side, stage: str) -> bool:
    """Tell whether one side took a vacant block out, and the other left it as it was."""
    return any(stage not in one.now.pointers and one.was.pointers.get(stage) == other.now.pointers.get(stage) == VACANT for one, other in ((here, there), (there, here)))


def _number(here: Side, there: Side, stage: str) -> int | None:
    was, one, other = (side.pointer(stage).number for side in (here.was, here.now, there.now))
    if one == was:
        return other
    return one if other == was or one is not None else other


def _previous(here: Side, there: Side, stage: str, holder: int | None) -> tuple[int, ...]:
    was, one, other = (side.pointer(stage).previous for side in (here.was, here.now, there.now))
    if was in (one, other):
        found = other if one == was else one
    else:
        gone = {n for n in was if n not in one or n not in other}
        found = tuple(_woven([[n for n in side if n not in gone] for side in (one, other)]))
    return tuple(number for number in found if number != holder)


def _woven(lists: Sequence[Sequence[T]]) -> list[T]:
    """Return what is in *lists*, once, in an order that all of them have, if there is one; of equals the greatest first."""
    result: list[T] = []
    while heads := [each[0] for each in lists if each]:
        free = [head for head in heads if not any(head in each[1:] for each in lists)] or heads
        result.append(max(free))
        lists = [[item for item in each if item != result[-1]] for each in lists]
    return result
