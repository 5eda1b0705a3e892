"""Writers that say what they were told: each writes to a registry for as long as it lives, and notes every acknowledgement."""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.faults import look, processes
from benchmarks.faults.planted import plant
from benchmarks.faults.scenes import git
from gitreg import Registry
from gitreg.errors import GitregError

if TYPE_CHECKING:
    from pathlib import Path

_MANY = 110  # versions: each is an object at least, and from 100 on they are a pack
STAGES = ("development", "staging", "production")


class Crowd(NamedTuple):
    """How many writers, how long each rests between two writes at most (seconds), how gitreg is broken, and whether a write is as large as one pack."""

    writers: int
    rest: float = 0.0
    fault: str | None = None
    packs: bool = False


def crowd(registry: Path, notes: Path, how: Crowd, seed: int) -> int:
    """Start writers in one session; returns its leader, which lives as long as they do."""

    def lead() -> None:
        plant(how.fault)
        pids = [processes.forked(lambda number=number: write(registry, notes, how, seed * 100 + number)) for number in range(how.writers)]
        for pid in pids:
            processes.ended(pid)

    return processes.forked(lead, leader=True)


def write(registry: Path, notes: Path, how: Crowd, seed: int) -> None:
    """Register and promote, or import much at once, until something stops us, and append each acknowledged commit to *notes*."""
    chance = random.Random(seed)
    note = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    with contextlib.suppress(GitregError, OSError), Registry.open(registry) as opened:
        while True:
            try:
                commit = _many(opened, chance) if how.packs else _written(opened, chance)
            except (GitregError, OSError):
                return
            except Exception as error:  # noqa: BLE001 - a bug: it is told, not hidden
                os.write(note, f"{json.dumps({'bug': repr(error)})}\n".encode())
                return
            if commit:
                os.write(note, f"{json.dumps({'commit': commit})}\n".encode())
            time.sleep(chance.uniform(0, how.rest))


def _written(opened: Registry, chance: random.Random) -> str | None:
    if chance.random() < 0.5:
        return opened.register(chance.choice(("iris", "rose"))).commit
    return opened.promote(f"iris@{chance.randint(1, 3)}", chance.choice(STAGES)).commit


def _many(opened: Registry, chance: random.Random) -> str | None:
    """Write so many new objects that they are one pack."""
    with opened.transaction() as tx:
        for _ in range(_MANY):
            tx.register(chance.choice(("iris", "rose")))
    return tx.receipt.commit


def broken_promises(registry: Path, notes: Path, was: look.Before) -> tuple[tuple[str, ...], int]:
    """Return what is wrong after the writers were stopped, and how many acknowledgements there were."""
    told = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    found = [one["bug"] for one in told if "bug" in one]
    acknowledged = [one["commit"] for one in told if "commit" in one]
    try:
        look.quiet(registry)
        with Registry.open(registry) as opened:
            opened.register("next")
            found += [str(finding) for finding in opened.check()]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        found.append(f"the next command failed: {error!r}")
    there = set(git(registry, "rev-list", "main").split())
    found += [f"lost: {commit} was acknowledged" for commit in acknowledged if commit not in there]
    found += [*look.damage(registry), *look.unlike(registry, was, "after the next command")]
    return tuple(found), len(acknowledged)
