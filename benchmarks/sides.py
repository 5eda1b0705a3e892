"""The five jobs, side by side: every contender, cold and warm, at each size, in turn."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.clock import Effort, Samples, measured
from benchmarks.peers import peer
from benchmarks.peers.base import JOBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.clock import Job
    from benchmarks.peers.base import Peer
    from benchmarks.shapes import Shape


class Row(NamedTuple):
    """A job at a size, ``cold`` or ``warm``: each contender's samples, or why it has none."""

    job: str
    shape: Shape
    mode: str
    samples: dict[str, Samples]
    missing: dict[str, str]


def installed(names: Sequence[str]) -> list[str]:
    """Return those contenders that can be imported, and say which cannot."""
    found = []
    for name in names:
        try:
            peer(name)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            found.append(name)
    return found


def rows(shape: Shape, names: Sequence[str], jobs: Sequence[str], effort: Effort, folder: str) -> Iterator[Row]:
    """Yield a row for each job and mode at one *shape*."""
    fit = [name for name in names if shape.models * shape.versions <= peer(name).most]
    too_large = {name: "too large" for name in names if name not in fit}
    cold = {name: peer(name)(peer(name).prepare(shape, folder, "cold"), shape) for name in fit}
    warm = {name: peer(name)(peer(name).prepare(shape, folder, "warm"), shape) for name in fit}
    for job in (job for job in JOBS if job in jobs):
        lacking = {name: "has none" for name in fit if job in peer(name).lacks}
        able = [name for name in fit if name not in lacking]
        for mode, contenders in (("cold", cold), ("warm", warm)):
            timed = {name: _job(contenders[name], job, mode) for name in able}
            failed = {name: "failed" for name, each in timed.items() if not _works(name, each)}
            working = {name: each for name, each in timed.items() if name not in failed}
            yield Row(job, shape, mode, measured(working, effort), too_large | lacking | failed)
    for contender in (*cold.values(), *warm.values()):
        contender.close()


def _job(contender: Peer, job: str, mode: str) -> Job:
    if mode == "warm":
        return getattr(contender, job)  # type: ignore[no-any-return]
    return lambda tick: ran(contender.cold(job, tick))


def _works(name: str, job: Job) -> bool:
    """Tell whether *job* can be done at all; what a contender fails with is printed, and the others go on."""
    try:
        job(0)
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises
        print(f"{name} failed: {error}", file=sys.stderr)
        return False
    return True


def ran(command: Sequence[str]) -> None:
    """Run *command* to its end, its output thrown away.

    Raises:
        RuntimeError: it failed; its last words are told.
    """
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:300]} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
