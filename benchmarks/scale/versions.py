"""From ten versions of one model to a hundred thousand: what each job takes, and what a write makes anew."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import texts
from benchmarks.bars import opened
from benchmarks.registries import made
from benchmarks.scale import sizes, weights
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Job
    from benchmarks.scale.plan import Plan
    from gitreg import Registry

_WRITES = 5


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of versions; jobs are measured at all of them in turn."""
    shapes = [Shape(1, count) for count in plan.versions]
    with ExitStack() as stack:
        kept = {str(shape.versions): stack.enter_context(opened(shape, folder, "versions")) for shape in shapes}
        places = {str(shape.versions): made(shape, folder) for shape in shapes}
        jobs = {job: sizes.figures({size: at(registry, shapes[0].target) for size, registry in kept.items()}, plan.warm) for job, at in WARM.items()}
        jobs |= {job: sizes.figures({size: sizes.command(place, *words(shapes[0].target)) for size, place in places.items()}, plan.cold) for job, words in COLD.items()}
        for shape in shapes:
            size = str(shape.versions)
            yield {"versions": shape.versions, "jobs": {job: found[size] for job, found in jobs.items()}, **_weights(kept[size], places[size], shape)}


def _weights(registry: Registry, place: str, shape: Shape) -> dict[str, int]:
    """Return the bytes of the trees that a registration makes anew, and of all that registrations and promotions add."""
    register, promote = registering(registry, shape.target), promoting(registry, shape.target)
    newest, *above = rewritten(shape)
    trees = {"newest_tree": weights.tree_bytes(place, newest), "other_tree": weights.tree_bytes(place, above[0]) if above else 0}
    return trees | {"register_bytes": added(registry, register), "promote_bytes": added(registry, promote)}


def rewritten(shape: Shape) -> list[str]:
    """Return the folders of manifests that the newest one is in: one, or the newest thousand and the one above it."""
    newest, top = os.path.dirname(texts.manifest_path(shape.target, shape.versions)), f"models/{shape.target}/versions"
    return [newest] if newest == top else [newest, top]


def added(registry: Registry, job: Job, writes: int = _WRITES) -> int:
    """Return the bytes of loose objects that a write adds, on average."""
    before = weights.weighed(registry.location.repo.common_dir)
    for turn in range(writes):
        job(1_000_000 + turn)
    return (weights.weighed(registry.location.repo.common_dir).loose_bytes - before.loose_bytes) // writes


def registering(registry: Registry, model: str) -> Job:
    """Return what registers a version without a name."""
    return lambda tick: registry.register(model, **texts.facts(tick))


def _naming(registry: Registry, model: str) -> Job:
    return lambda tick: registry.register(model, f"2.{tick}", **texts.facts(tick))


def promoting(registry: Registry, model: str) -> Job:
    """Return what promotes another version than the present one."""
    return lambda tick: registry.promote(f"{model}@{2 + tick % 2}", "production")


def resolving(registry: Registry, model: str) -> Job:
    """Return what resolves a stage."""
    return lambda _: registry.get(f"{model}@production")


WARM: dict[str, Callable[[Registry, str], Job]] = {"register": registering, "register, named": _naming, "promote": promoting, "resolve": resolving}
COLD: dict[str, Callable[[str], tuple[str, ...]]] = {
    "get": lambda model: ("get", f"{model}@production", "number"),
    "show": lambda model: ("show", f"{model}@production", "--format", "json"),
    "list": lambda model: ("list", model, "--format", "json"),
}
