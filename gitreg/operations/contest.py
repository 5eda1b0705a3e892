"""Three ways to hold stages, made one: a pointer file before a commit, after it, and on another base. Pure.

A stage that one side moved is as that side has it. One that both sides moved is contested: two people must not
displace the same holder unseen. So is a version that both sides moved, each to another stage.
"""

from __future__ import annotations

from typing import NamedTuple

from gitreg.records import Pointer, Stages


class Contest(NamedTuple):
    """What both sides moved: a *stage*, or (where it is not None) the version *number*, which *stage* has or had."""

    stage: str
    number: int | None = None


class Sides(NamedTuple):
    """A pointer file before a commit, after it, and on the new base; all in the numbers of the new base."""

    was: Stages
    now: Stages
    there: Stages

    def moved(self) -> list[str]:
        """Return the stages whose holder the commit changed."""
        return [stage for stage in {**self.was.pointers, **self.now.pointers} if self.was.pointer(stage).number != self.now.pointer(stage).number]

    def rolled_back(self, stage: str) -> bool:
        """Tell whether the commit rolled *stage* back: the holder left ``previous``, and the former did not enter it."""
        was, now = self.was.pointer(stage), self.now.pointer(stage)
        return now.number in was.previous and now.number not in now.previous and was.number not in now.previous

    def contests(self) -> list[Contest]:
        """Return what the other side moved too, and not to the same end."""
        found = [Contest(stage) for stage in self.moved() if self.there.pointer(stage).number not in (self.was.pointer(stage).number, self.now.pointer(stage).number)]
        for number in self._versions():
            was, now, there = (side.held_by(number) for side in self)
            if there not in (was, now):
                found.append(Contest(there or was or "", number))  # one of them is a stage: there is not what was
        return found

    def _versions(self) -> list[int]:
        """Return the versions that got a stage, or were archived by hand."""
        holders = [number for stage in self.moved() if (number := self.now.pointer(stage).number) is not None]
        return [*holders, *(n for n in self.now.archived if n not in self.was.archived)]

    def tied(self, contests: list[Contest]) -> frozenset[str]:
        """Return the contested stages, and those that the commit moved together with them: a version left one for another."""
        tied = {contest.stage for contest in contests}
        versions = {contest.number for contest in contests} | self._holders(tied)
        while more := {stage for stage in self.moved() if stage not in tied and self._holders({stage}) & versions}:
            tied |= more
            versions |= self._holders(more)
        return frozenset(tied)

    def _holders(self, stages: set[str] | frozenset[str]) -> set[int | None]:
        """Return who holds *stages* before or after the commit."""
        return {side.pointer(stage).number for side in (self.was, self.now) for stage in stages} - {None}

    def laid(self, left_out: frozenset[str] = frozenset()) -> Stages:
        """Return the new base's pointers with what the commit did laid over them, but for the stages *left_out*."""
        blocks = dict(self.there.pointers)
        for stage in {**self.was.pointers, **self.now.pointers}:
            if stage not in left_out and self.was.pointer(stage) != self.now.pointer(stage):
                blocks[stage] = self._block(stage)
        kept = self._holders(left_out)
        gone = {n for n in self.was.archived if n not in self.now.archived} - kept
        came = {n for n in self.now.archived if n not in self.was.archived} - kept
        return self._completed(blocks, {*self.there.archived} - gone | came)

    def _block(self, stage: str) -> Pointer:
        was, now, there = (side.pointer(stage) for side in self)
        if was == there:
            return now
        number = there.number if now.number == was.number else now.number
        came = [n for n in now.previous if n not in was.previous and (n != was.number or n == there.number)]
        gone = {n for n in was.previous if n not in now.previous}
        return Pointer(number=number, previous=(*came, *(n for n in there.previous if n not in gone and n not in came)))

    def _completed(self, blocks: dict[str, Pointer], archived: set[int]) -> Stages:
        """Return sound pointers: one stage a version, no holder among the archived, nobody displaced without a trace."""
        for stage, block in list(blocks.items()):
            if block.number is not None and block.number != self.there.pointer(stage).number:
                for other, pointer in blocks.items():
                    if other != stage and pointer.number == block.number:
                        blocks[other] = Pointer(previous=_first(block.number, pointer.previous))
        held = {block.number for block in blocks.values()}
        for stage, block in list(blocks.items()):
            former = self.there.pointer(stage).number
            if former is None or former in held or former in archived or former in block.previous:
                continue
            if block.number is None or self.rolled_back(stage):
                archived = archived | {former}
            else:
                blocks[stage] = Pointer(number=block.number, previous=_first(former, block.previous))
        pointers = {stage: Pointer(number=b.number, previous=tuple(n for n in b.previous if n != b.number)) for stage, b in blocks.items()}
        return Stages(pointers=pointers, archived=tuple(sorted(n for n in archived if n not in held)))


def _first(number: int, previous: tuple[int, ...]) -> tuple[int, ...]:
    return (number, *(n for n in previous if n != number))
