"""From ten models to ten thousand, in one folder or in namespaces: what each job takes, and the memory of a list."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks.bars import opened
from benchmarks.peers.ours import COMMAND
from benchmarks.registries import copied
from benchmarks.scale import launched, sizes, weights
from benchmarks.scale.versions import added, promoting, registering
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Job
    from benchmarks.scale.plan import Plan
    from benchmarks.scale.sizes import Figures
    from benchmarks.shapes import Shape

_LIST = ("list", "--format", "json")


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of models; jobs are measured at all of them in turn."""
    shapes = {str(shape): shape for shape in plan.models}
    read = {name: copied(shape, folder, "models-read") for name, shape in shapes.items()}
    with ExitStack() as stack:
        kept = {name: stack.enter_context(opened(shape, folder, "models")) for name, shape in shapes.items()}
        found = _warm(plan, shapes, kept) | _cold(plan, shapes, read)
        for name, shape in shapes.items():
            yield {
                "models": shape.models, "namespaces": shape.namespaces, "versions": shape.models * shape.versions, "jobs": {job: each[name] for job, each in found.items()},
                "peak_bytes": {words[0]: launched.peak([*COMMAND, "-R", read[name], *words]) for words in (_LIST, ("check",), ("history", shape.target))},
                "models_tree": weights.tree_bytes(read[name], "models"), "owner_tree": weights.tree_bytes(read[name], os.path.dirname(f"models/{shape.target}")),
                **added(kept[name], shape.target),
            }  # fmt: skip


def _warm(plan: Plan, shapes: dict[str, Shape], kept: dict[str, Registry]) -> dict[str, dict[str, Figures]]:
    jobs: dict[str, Callable[[Registry, str], Job]] = {"register": registering, "promote": promoting}
    return {job: sizes.figures({name: at(kept[name], shape.target) for name, shape in shapes.items()}, plan.warm) for job, at in jobs.items()}


def _cold(plan: Plan, shapes: dict[str, Shape], places: dict[str, str]) -> dict[str, dict[str, Figures]]:
    return {
        "get": sizes.figures({name: sizes.command(places[name], "get", f"{shape.target}@production", "number") for name, shape in shapes.items()}, plan.cold),
        **sizes.lists(places, _LIST, plan.cold),
        "history": sizes.figures({name: sizes.command(places[name], "history", shape.target, "--format", "json") for name, shape in shapes.items()}, plan.cold),
        "check": sizes.figures({name: _checking(place) for name, place in places.items()}, plan.cold),
    }


def _checking(place: str) -> Job:
    """Return what checks the whole registry, opened for it alone."""

    def check(_: int) -> None:
        with Registry.open(place) as registry:
            assert registry.check() == ()

    return check
