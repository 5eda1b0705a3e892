"""What changed in the lists of who held a stage, ``previous`` and ``archived``, beside what the moves did to them. Pure."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from gitreg import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitreg.records import Pointer, Stages

    Allowed = Callable[[int, str], bool]


class Entry(NamedTuple):
    """A version in the ``previous`` of a stage; ``archived`` counts as a stage here."""

    stage: str
    number: int


def entered(was: Pointer, now: Pointer) -> Iterator[int]:
    """Yield the versions that came into ``previous``, or further to the front: a rollback would go to them now, unasked.

    Whoever held the stage goes to the front, so what was there stands at the end, in its order. Its former holder is not told.
    """
    before = iter((*was.previous[::-1], was.number))
    kept = sum(1 for _ in takewhile(lambda number: number in before, reversed(now.previous)))
    yield from (number for number in now.previous[: len(now.previous) - kept] if number != was.number)


def vanished(before: Stages, after: Stages, allowed: Allowed) -> Iterator[Entry]:
    """Yield the entries that are gone, and that no moves could have taken out; *allowed* tells whether a version may be promoted to a stage.

    Only who holds the stage again leaves ``previous``, only who holds a stage again leaves ``archived``. What became of that
    version since still shows: it holds a stage, or is archived, or it stands in the ``previous`` of a stage that it may have held.
    """
    there = {stage: set(pointer.previous) for stage, pointer in after.pointers.items()}
    archived = set(after.archived)
    held = {pointer.number for pointer in after.pointers.values()}

    def known(number: int) -> bool:
        return number in held or any(number in numbers and allowed(number, stage) for stage, numbers in there.items())

    for stage, pointer in before.pointers.items():
        for number in pointer.previous:
            if number in there.get(stage, ()) or number in archived or number == after.pointer(stage).number:
                continue
            if not (known(number) and allowed(number, stage)):
                yield Entry(stage, number)
    yield from (Entry(names.ARCHIVED, number) for number in before.archived if number not in archived and not known(number))
