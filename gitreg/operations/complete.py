"""Complete a pointer file that a person edited: one number is a promotion, and the rest of it follows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.operations.stages import promoted, vacated
from gitreg.records import Pointer, Stages

if TYPE_CHECKING:
    from collections.abc import Iterable


def completed(was: Stages, hand: Stages, order: Iterable[str]) -> Stages:
    """Return *hand*, which a person made of *was*, with what a command would have written beside the numbers.

    What is complete already stays as it is. A stage that is given back to the first of its ``previous`` is a rollback; one
    that is emptied archives its holder; any other new number is a promotion. *order* is that of ``gitreg.yaml``.
    """
    if _is_complete(was, hand):
        return Stages(pointers=hand.pointers, archived=tuple(sorted(set(hand.archived))))
    result = Stages(pointers={stage: was.pointer(stage) for stage in {**hand.pointers, **was.pointers}}, archived=was.archived)
    moved = [stage for stage in order if hand.pointer(stage).number != was.pointer(stage).number]
    taken = {hand.pointer(stage).number for stage in moved}
    for stage in moved:
        former, number = was.pointer(stage).number, hand.pointer(stage).number
        if number is not None:
            result = _given_back(result, stage) if number == _first_free(was, stage) else promoted(result, number, stage)
        elif former is not None and former not in taken and result.held_by(former) == stage:
            result = vacated("", result, former, force=False).stages or result
    by_hand = {number for number in hand.archived if number not in was.archived and result.held_by(number) is None}
    return Stages(pointers=result.pointers, archived=tuple(sorted({*result.archived, *by_hand})))


def _is_complete(was: Stages, hand: Stages) -> bool:
    """Tell whether every former holder is remembered, and nobody stands where he must not."""
    holders = [pointer.number for pointer in hand.pointers.values() if pointer.number is not None]
    forgotten = [p.number for p in was.pointers.values() if p.number is not None and hand.state_of(p.number) is None]
    twice = any(pointer.number in pointer.previous for pointer in hand.pointers.values())
    return not forgotten and not twice and len(set(holders)) == len(holders) and not set(holders) & set(hand.archived)


def _first_free(was: Stages, stage: str) -> int | None:
    """Return where a rollback would go, as far as the pointer file tells."""
    return next((number for number in was.pointer(stage).previous if number not in was.archived and was.held_by(number) is None), None)


def _given_back(pointers: Stages, stage: str) -> Stages:
    pointer = pointers.pointer(stage)
    number = _first_free(pointers, stage)
    back = Pointer(number=number, previous=tuple(n for n in pointer.previous if n != number))
    former = () if pointer.number is None else (pointer.number,)
    return Stages(pointers={**pointers.pointers, stage: back}, archived=tuple(sorted({*pointers.archived, *former})))
