"""What a training run costs beside the training: a step beside its function, and a run beside a plain registration."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.bars import SMALL, Bar
from benchmarks.clock import measured
from benchmarks.registries import copied
from gitreg import Model, Registry, pipeline, run, step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort

STEPS = 100
_BUDGET = 0.001  # seconds that a step may add to its function


def bars(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    place = copied(SMALL, folder, "runs")
    with _inside(place):
        yield from of_steps(effort)
        yield of_a_run(effort, place)


@contextmanager
def _inside(place: str) -> Iterator[None]:
    was = os.getcwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(was)


def plain(number: int, scale: float = 2.0) -> float:
    """Do nearly nothing."""
    return number * scale


counted = step(plain)


def of_steps(effort: Effort) -> Iterator[Bar]:
    """Yield what a step adds to its function: in a pipeline with a model, in a script's run, and on its own."""
    found = measured({"pipeline": lambda _: _steps(STEPS), "few": lambda _: _steps(1), "script": lambda _: _script(STEPS), "one": lambda _: _script(1), "alone": lambda _: _alone()}, effort)
    for name, many, few in (("a pipeline with a model", "pipeline", "few"), ("`gitreg.run`", "script", "one")):
        each = {turn: (found[many][turn] - found[few][turn]) / (STEPS - 1) for turn in found[many].keys() & found[few].keys()}
        yield Bar(f"a `@step` more in {name}, against 1 ms", 1.0, each, dict.fromkeys(each, _BUDGET))
    alone = {turn: seconds / STEPS for turn, seconds in found["alone"].items()}
    yield Bar("a call of a `@step` outside of a run, against 1 ms", 1.0, alone, dict.fromkeys(alone, _BUDGET))


def _steps(count: int) -> None:
    @pipeline(model=Model(SMALL.target))
    def training() -> None:
        for number in range(count):
            counted(number)

    training()


def _script(count: int) -> None:
    with run(SMALL.target):
        for number in range(count):
            counted(number)


def _alone() -> None:
    for number in range(STEPS):
        counted(number)


def of_a_run(effort: Effort, place: str) -> Bar:
    """A whole run with metrics, against registering the same version."""
    with Registry.open(place) as registry:
        found = measured({"run": _trained, "register": _registered(registry)}, effort)
    return Bar("a run that logs a metric, from start to commit, against one `register`", 4.0, found["run"], found["register"])


def _trained(tick: int) -> None:
    with run(SMALL.target) as model:
        model.log_metrics({"loss": tick})


def _registered(registry: Registry) -> Callable[[int], object]:
    return lambda tick: registry.register(SMALL.target, metrics={"loss": tick})
