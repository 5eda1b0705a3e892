"""What a harness gives: trials, each with what it found wrong; and how much of it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class MissingError(Exception):
    """A harness cannot run here: a program, a privilege or a file system is missing."""


class Trial(NamedTuple):
    """One attempt to break something: what was done, how many times that counts, and what was wrong afterwards."""

    what: str
    wrong: tuple[str, ...] = ()
    counts: int = 1


class Effort(NamedTuple):
    """How often each thing is done; the short form is what CI runs."""

    commands: tuple[str, ...]  # that are swept call by call; empty: all of them
    stepped: tuple[str, ...]  # that are killed step by step; empty: all of them
    fills: int
    cuts: int
    kills: int
    processes: int
    operations: int  # of each process
    seeds: int
    pushes: int  # of each of the clones
    glimpses: tuple[str, ...] = ()  # commands that are swept beside, but only every so many-th call
    every: int = 1
    jobs: int = 1  # processes that share the work of a row


_STEPPED = ("register a model", "promote, bare", "promote after a crash", "init", "import, many, bare")  # new files, no checkout, a registry, a pack
_GLIMPSES = ("sync", "promote, remote", "import, many, bare")
SHORT = Effort(glimpses=_GLIMPSES, every=9, commands=("promote",), stepped=_STEPPED, fills=1, cuts=25, kills=50, processes=4, operations=50, seeds=1, pushes=12)
LONG = Effort(commands=(), stepped=(), fills=20, cuts=500, kills=2000, processes=8, operations=500, seeds=20, pushes=200)


class Row(NamedTuple):
    """A line of the table: the test in words, what is counted, and the harness; *fault* breaks gitreg on purpose."""

    test: str
    unit: str
    run: Callable[[Path, Effort, str | None], Iterator[Trial]]


class Outcome(NamedTuple):
    """What became of a row: how many were done, each violation, the seconds it took, or why it was skipped."""

    name: str
    test: str
    unit: str
    done: int
    violations: tuple[str, ...]
    seconds: float
    skipped: str = ""
