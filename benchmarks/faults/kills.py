"""Writers are killed at a random moment: their process group, or everything of theirs, git's processes included."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

from benchmarks.faults import look, processes, scenes, writers
from benchmarks.faults.spread import spread
from benchmarks.faults.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_LONGEST, _LONGER = 0.25, 0.6  # seconds until the kill, of small writes and of packs


def killed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let two writers write to a registry, kill them, and look; in turn: a checkout or a bare repository, small writes or packs."""
    templates = {"checkout": scenes.checkout, "bare": scenes.bare}
    for kind, make in templates.items():
        make(folder / kind)
    was = {kind: look.before(folder / kind) for kind in templates}

    def work(part: str) -> Iterator[Trial]:
        for number in range(int(part), effort.kills, effort.jobs):
            yield _once(folder, was, number, fault)

    yield from spread([str(job) for job in range(effort.jobs)], work, effort.jobs)


def _once(folder: Path, was: dict[str, look.Before], number: int, fault: str | None) -> Trial:
    kind, everything, packs = ("checkout", "bare")[number % 2], number % 4 < 2, number % 12 >= 8
    registry, notes, chance = folder / f"registry-{number}", folder / f"notes-{number}", random.Random(number)
    shutil.copytree(folder / kind, registry, symlinks=True)
    leader = writers.crowd(registry, notes, writers.Crowd(2, 0.0, fault, packs), number)
    _kill(leader, chance.uniform(0.02, _LONGER if packs else _LONGEST), everything=everything)
    found, acknowledged = writers.broken_promises(registry, notes, was[kind])
    shutil.rmtree(registry)
    notes.unlink(missing_ok=True)
    return Trial(f"{kind}, {'everything' if everything else 'process group'}, {'packs, ' * packs}{acknowledged} acknowledged, kill {number}", found)


def _kill(leader: int, after: float, *, everything: bool) -> None:
    time.sleep(after)
    if everything:
        processes.kill_session(leader)
    else:
        os.killpg(leader, signal.SIGKILL)
    processes.ended(leader)
