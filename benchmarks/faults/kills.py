"""Writers are killed at a random moment: their process group, or everything of theirs, git's processes included."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

from benchmarks.faults import look, processes, scenes, writers
from benchmarks.faults.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_LONGEST = 0.25  # seconds until the kill


def killed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let two writers write to a registry, kill them, and look; a checkout and a bare repository in turn."""
    templates = {"checkout": scenes.checkout, "bare": scenes.bare}
    for kind, make in templates.items():
        make(folder / kind)
    was = {kind: look.before(folder / kind) for kind in templates}
    chance = random.Random(1)
    for number in range(effort.kills):
        kind, everything = ("checkout", "bare")[number % 2], number % 4 < 2
        registry, notes = folder / "registry", folder / "notes"
        shutil.copytree(folder / kind, registry, symlinks=True)
        leader = writers.crowd(registry, notes, writers.Crowd(2, 0.0, fault), number)
        _kill(leader, chance.uniform(0.02, _LONGEST), everything=everything)
        found, acknowledged = writers.broken_promises(registry, notes, was[kind])
        yield Trial(f"{kind}, {'everything' if everything else 'process group'}, {acknowledged} acknowledged, kill {number}", found)
        shutil.rmtree(registry)
        notes.unlink(missing_ok=True)


def _kill(leader: int, after: float, *, everything: bool) -> None:
    time.sleep(after)
    if everything:
        processes.kill_session(leader)
    else:
        os.killpg(leader, signal.SIGKILL)
    processes.ended(leader)
