"""What a review costs: a change in a large registry against the same in a small one, and a whole registry against reading its YAML."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import yaml

from benchmarks import texts
from benchmarks.bars import SMALL, Bar
from benchmarks.clock import measured
from benchmarks.registries import copied
from benchmarks.shapes import Shape
from gitreg import Registry
from gitreg.review.check import check_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort

LARGE = Shape(1, 10_000)
MANY = Shape(1, 10_000)


def bars(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    yield of_a_change(effort, folder)
    yield of_all(effort._replace(rounds=min(effort.rounds, 7), warmups=1), folder)


def of_a_change(effort: Effort, folder: str) -> Bar:
    """``check`` of one promotion, each time by a registry that was just opened: nothing is remembered."""
    places = {size: _proposed(shape, folder) for size, shape in (("10", SMALL), ("10,000", LARGE))}
    found = measured({size: _change(place) for size, place in places.items()}, effort)
    return Bar("`check` of one promotion at 10,000 versions against 10", 2.0, found["10,000"], found["10"])


def _proposed(shape: Shape, folder: str) -> str:
    """Return a registry with a branch ``change`` that promotes version 2, and a ``main`` that has moved on since."""
    place = copied(shape, folder, "review")
    subprocess.run(["git", "-C", place, "branch", "change", "main"], check=True)
    with Registry.open(place, branch="change") as registry:
        registry.promote(f"{shape.target}@2", "production")
    with Registry.open(place, branch="main") as registry:
        registry.update(f"{shape.target}@3", description="main has moved on")
    return place


def _change(place: str) -> Callable[[int], object]:
    def run(_: int) -> None:
        with Registry.open(place) as registry:
            assert registry.check("main", "change") == ()

    return run


def of_all(effort: Effort, folder: str) -> Bar:
    """``check`` of a whole registry against parsing its manifests, which are in memory, with PyYAML's C loader."""
    place = copied(MANY, folder, "review-all")
    name = MANY.target
    files = [texts.manifest(name, number, texts.version_name(number)).encode() for number in range(1, MANY.versions + 1)]
    jobs = {"check": _all(place), "yaml": lambda _: [yaml.load(each, yaml.CSafeLoader) for each in files]}
    found = measured(jobs, effort)
    return Bar("`check` of 10,000 manifests, all rules, against parsing them with PyYAML's `CSafeLoader`", 1.5, found["check"], found["yaml"])


def _all(place: str) -> Callable[[int], object]:
    def run(_: int) -> None:
        with Registry.open(place) as registry:
            assert list(check_state(registry.snapshot())) == []  # without what an earlier one found sound

    return run
