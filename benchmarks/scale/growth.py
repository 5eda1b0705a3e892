"""A thousand commits to one model, without git's garbage collection and with it: loose objects, packs, and what a read takes then."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

from benchmarks import texts
from benchmarks.registries import copied
from benchmarks.scale import sizes, weights
from benchmarks.scale.versions import COLD, rewritten
from benchmarks.shapes import Shape
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale.plan import Plan

_LOOK = 25  # commits between two looks at the loose objects
_PATIENCE = 60.0  # seconds to wait for a collection in the background
_ALLOWED = "6700"  # loose objects: git's default, which the configuration of benchmarks sets to 0, never


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of versions to begin with."""
    for versions in plan.growth:
        shape = Shape(1, versions)
        bare, kept = copied(shape, folder, "growth-none"), copied(shape, folder, "growth-upkeep")
        subprocess.run(["git", "-C", kept, "config", "gc.auto", _ALLOWED], check=True)
        yield {"versions": versions, "commits": plan.commits, **_trees(shape, bare), **_without(plan, shape, bare), **_with(plan, shape, kept)}


def _trees(shape: Shape, place: str) -> dict[str, int]:
    """Return what the folders of manifests weigh that a registration writes, and what one folder of all would."""
    return {"flat_tree": weights.flat_tree(place, shape.target), "own_trees": sum(weights.loose_tree(place, f"main:{path}") for path in rewritten(shape))}


def _without(plan: Plan, shape: Shape, place: str) -> dict[str, Any]:
    """Return what a repository weighs whose garbage nobody collects, and what it weighs when somebody does."""
    before = weights.weighed(place)
    _grown(plan, shape, place)
    grown, loose = weights.weighed(place), copied_whole(place)
    subprocess.run(["git", "-C", place, "gc", "--quiet", "--prune=now"], check=True)
    packed = weights.weighed(place)
    get = sizes.figures({name: sizes.command(at, *COLD["get"](shape.target)) for name, at in (("packed", place), ("loose", loose))}, plan.cold)
    return {
        "loose": grown.loose - before.loose, "loose_bytes": grown.loose_bytes - before.loose_bytes, "loose_disk": grown.loose_disk - before.loose_disk,
        "packed_bytes": packed.pack_bytes, "pack_before": before.pack_bytes, "get": get,
    }  # fmt: skip


def copied_whole(place: str) -> str:
    """Return a copy of the repository in *place* as it is now."""
    copy = f"{place}.copy"
    subprocess.run(["cp", "-r", place, copy], check=True)
    return copy


def _with(plan: Plan, shape: Shape, place: str) -> dict[str, Any]:
    """Return the most loose objects that were there at any look, and what is there when git's last collection has ended."""
    most = _grown(plan, shape, place)
    _awaited(place)
    left = weights.weighed(place)
    return {"upkeep_most": most.loose, "upkeep_most_disk": most.loose_disk, "upkeep_left": left.loose, "upkeep_disk": left.disk}


def _grown(plan: Plan, shape: Shape, place: str) -> weights.Weight:
    """Register a version and promote it, in turn; returns the most loose objects that there were at a look."""
    most = weights.Weight(0, 0, 0, 0)
    with Registry.open(place) as registry:
        for commit in range(plan.commits):
            if commit % 2:
                registry.promote(f"{shape.target}@latest", "production")
            else:
                registry.register(shape.target, **texts.facts(commit))
            if commit % _LOOK == _LOOK - 1 or commit == plan.commits - 1:
                most = max(most, weights.weighed(place))
    return most


def _awaited(place: str) -> None:
    """Wait until no garbage collection is under way."""
    until = time.monotonic() + _PATIENCE
    while os.path.exists(os.path.join(place, "gc.pid")) and time.monotonic() < until:
        time.sleep(0.05)
