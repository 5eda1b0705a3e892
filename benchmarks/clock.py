"""Measure contenders in turn: A B C, B C A, …, so that a slow minute of the machine hits all of them alike."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Job = Callable[[int], object]

Samples = dict[int, float]  # seconds by round: rounds pair the contenders


class Effort(NamedTuple):
    """How often to measure: at most *rounds* times, and a contender is done after *patience* seconds."""

    rounds: int = 15
    patience: float = 20.0
    warmups: int = 2


def measured(jobs: Mapping[str, Job], effort: Effort, before: Mapping[str, Job] | None = None) -> dict[str, Samples]:
    """Return the seconds of each job by round. A job gets a counter that never repeats and starts at 1.

    What is to be done *before* a job is not counted. Where the first call has used up the patience, it is the only sample: no warm-up, n = 1.
    """
    samples: dict[str, Samples] = {name: {} for name in jobs}
    spent = dict.fromkeys(jobs, 0.0)
    for turn in range(-effort.warmups, effort.rounds):
        for name in _rotated([*jobs], turn):
            if spent[name] < effort.patience:
                if before:
                    before[name](turn)
                seconds = _timed(jobs[name], turn + effort.warmups + 1)
                spent[name] += seconds
                if turn >= 0 or spent[name] >= effort.patience:
                    samples[name][max(turn, 0)] = seconds
    return samples


def _rotated(names: list[str], turn: int) -> list[str]:
    at = turn % len(names)
    return names[at:] + names[:at]


def _timed(job: Job, tick: int) -> float:
    start = time.perf_counter()
    job(tick)
    return time.perf_counter() - start


def ratio(one: Samples, other: Samples) -> float:
    """Return the median of *one* / *other*, each pair from one round."""
    return statistics.median(one[turn] / other[turn] for turn in one.keys() & other.keys())


def median(samples: Samples) -> float:
    """Return the median in seconds."""
    return statistics.median(samples.values())
