"""One job at several sizes, measured in turn: the medians, and how many times the smallest each takes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from benchmarks.clock import measured, median, ratio
from benchmarks.peers.ours import COMMAND
from benchmarks.sides import ran

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.clock import Effort, Job, Samples

Figures = dict[str, Any]  # ms, times the smallest, n


def figures(jobs: Mapping[str, Job], effort: Effort, before: Mapping[str, Job] | None = None) -> dict[str, Figures]:
    """Return what each of *jobs* takes; they are one job at sizes that go up, the first the smallest."""
    found = measured(jobs, effort, before)
    smallest = found[next(iter(jobs))]
    return {name: {"ms": round(median(samples) * 1000, 3), "times": round(ratio(samples, smallest), 3), "n": len(samples)} for name, samples in found.items()}


def lists(places: Mapping[str, str], words: tuple[str, ...], effort: Effort) -> dict[str, dict[str, Figures]]:
    """Return what a list takes with nothing kept beside git's objects, and what it takes again."""
    jobs = {size: command(place, *words) for size, place in places.items()}
    first = figures(jobs, effort, {size: _forgetting(place) for size, place in places.items()})
    return {"list, first": first, "list, again": figures(jobs, effort)}


def _forgetting(place: str) -> Job:
    """Return what throws away all that gitreg keeps beside the objects."""
    return lambda _: shutil.rmtree(os.path.join(place, "gitreg"), ignore_errors=True)


def command(place: str, *words: str) -> Job:
    """Return what runs a command on the registry in *place*, as a process of its own."""
    whole = [*COMMAND, "-R", place, *words]
    return lambda _: ran(whole)


def paired(one: Samples, other: Samples) -> Figures:
    """Return the median of *one*, that of *other*, and how many times the other it is."""
    return {"ms": round(median(one) * 1000, 3), "against_ms": round(median(other) * 1000, 3), "times": round(ratio(one, other), 3), "n": len(one)}
