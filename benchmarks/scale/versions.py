"""From ten versions of one model to a hundred thousand: what each job takes, and what a write makes anew."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks import texts
from benchmarks.bars import opened
from benchmarks.registries import copied, worn
from benchmarks.scale import sizes, weights
from benchmarks.shapes import Shape
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.clock import Effort, Job
    from benchmarks.scale.plan import Plan
    from benchmarks.scale.sizes import Figures

    Measured = dict[str, dict[str, Figures]]

MODEL = Shape(1, 1).target
_WRITES = 5


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of versions; jobs are measured at all of them in turn."""
    shapes = {str(count): Shape(1, count) for count in plan.versions}
    places = {size: copied(shape, folder, "versions-read") for size, shape in shapes.items()}
    old = {size: worn(shape, folder, "versions") for size, shape in shapes.items()}
    with ExitStack() as stack:
        kept = {size: stack.enter_context(opened(shape, folder, "versions")) for size, shape in shapes.items()}
        stale = {size: stack.enter_context(Registry.open(place)) for size, place in old.items()}
        jobs = _warm(plan, kept, stale) | _cold(plan, places, old)
        for size, shape in shapes.items():
            yield {"versions": shape.versions, "jobs": {job: found[size] for job, found in jobs.items()}, **_trees(places[size], shape), **added(kept[size], shape.target)}


def _warm(plan: Plan, kept: Mapping[str, Registry], stale: Mapping[str, Registry]) -> Measured:
    effort = {"resolve": plan.warm._replace(rounds=plan.warm.rounds * 10)}  # it is over before a clock has ticked much
    found = {job: sizes.figures({size: at(registry, MODEL) for size, registry in kept.items()}, effort.get(job, plan.warm)) for job, at in WARM.items()}
    for registry in stale.values():
        _supplied(registry, plan.warm)
    return found | {"promote, worn": sizes.figures({size: promoting(registry, MODEL) for size, registry in stale.items()}, plan.warm)}


def _supplied(registry: Registry, effort: Effort) -> None:
    """Register a version more for each promotion that will be measured."""
    with registry.transaction() as tx:
        for number in range(effort.rounds + effort.warmups):
            tx.register(MODEL, **texts.facts(number))


def _cold(plan: Plan, places: Mapping[str, str], old: Mapping[str, str]) -> Measured:
    found = {job: sizes.figures({size: sizes.command(place, *words(MODEL)) for size, place in places.items()}, plan.cold) for job, words in COLD.items()}
    worn_out = sizes.figures({size: sizes.command(place, *COLD["get"](MODEL)) for size, place in old.items()}, plan.cold)
    return found | {"get, worn": worn_out} | sizes.lists(places, ("list", MODEL, "--format", "json"), plan.cold)


def _trees(place: str, shape: Shape) -> dict[str, int]:
    """Return the bytes of the folders of manifests that a registration makes anew."""
    newest, *above = rewritten(shape)
    return {"newest_tree": weights.tree_bytes(place, newest), "other_tree": weights.tree_bytes(place, above[0]) if above else 0}


def rewritten(shape: Shape) -> list[str]:
    """Return the folders of manifests that the newest one is in: one, or the newest thousand and the one above it."""
    newest, top = os.path.dirname(texts.manifest_path(shape.target, shape.versions)), f"models/{shape.target}/versions"
    return [newest] if newest == top else [newest, top]


def added(registry: Registry, model: str) -> dict[str, int]:
    """Return the bytes of loose objects that a registration adds, and that the promotion of what was registered does, on average."""
    found = {"register_bytes": 0, "promote_bytes": 0}
    for turn in range(_WRITES):
        jobs = {"register_bytes": lambda turn=turn: registry.register(model, **texts.facts(turn)), "promote_bytes": lambda: registry.promote(f"{model}@latest", "production")}
        for name, job in jobs.items():
            before = weights.weighed(registry.location.repo.common_dir).loose_bytes
            job()
            found[name] += weights.weighed(registry.location.repo.common_dir).loose_bytes - before
    return {name: total // _WRITES for name, total in found.items()}


def registering(registry: Registry, model: str) -> Job:
    """Return what registers a version without a name."""
    return lambda tick: registry.register(model, **texts.facts(tick))


def _naming(registry: Registry, model: str) -> Job:
    return lambda tick: registry.register(model, f"2.{tick}", **texts.facts(tick))


def promoting(registry: Registry, model: str) -> Job:
    """Return what promotes one version after the other: a pointer file that was there before would be written for nothing."""
    return lambda tick: registry.promote(f"{model}@{1 + tick}", "production")


def resolving(registry: Registry, model: str) -> Job:
    """Return what resolves a stage."""
    return lambda _: registry.get(f"{model}@production")


WARM: dict[str, Callable[[Registry, str], Job]] = {"register": registering, "register, named": _naming, "promote": promoting, "resolve": resolving}
COLD: dict[str, Callable[[str], tuple[str, ...]]] = {
    "get": lambda model: ("get", f"{model}@production", "number"),
    "show": lambda model: ("show", f"{model}@production", "--format", "json"),
}
