"""What a consumer fetches: a whole clone, a shallow one, and the partial one that reading by URL keeps; and what asking again takes."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.clock import Effort, measured, median
from benchmarks.registries import copied
from benchmarks.scale import sizes, weights
from benchmarks.scale.versions import COLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.clock import Job
    from benchmarks.scale.plan import Plan
    from benchmarks.shapes import Shape

_WAYS = {"full": (), "without contents": ("--filter=blob:none",), "shallow": ("--depth=1",), "shallow, without contents": ("--depth=1", "--filter=blob:none")}


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each shape; a remote on the same disk answers, its deltas sought as git seeks them among loose objects."""
    for shape in plan.consumers:
        url = _served(shape, folder)
        clones = {way: _cloned(url, os.path.join(folder, "clone.git"), options) for way, options in _WAYS.items()}
        yield {"shape": str(shape), "models": shape.models, "versions": shape.models * shape.versions, "clones": clones, **_by_url(plan, shape, url, os.path.join(folder, "cache"))}


def _served(shape: Shape, folder: str) -> str:
    place = copied(shape, folder, "served")
    subprocess.run(["git", "-C", place, "config", "uploadpack.allowFilter", "true"], check=True)
    subprocess.run(["git", "-C", place, "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)
    subprocess.run(["git", "-C", place, "repack", "-a", "-d", "-f", "-q"], check=True)
    return f"file://{place}"


def _cloned(url: str, place: str, options: tuple[str, ...]) -> dict[str, Any]:
    """Return the bytes and the time of a bare clone of one branch."""
    shutil.rmtree(place, ignore_errors=True)
    command = ["git", "clone", "--quiet", "--bare", "--single-branch", *options, url, place]
    found = measured({"clone": lambda _: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)}, Effort(1, 1e9, 0))
    weight = weights.weighed(place)
    shutil.rmtree(place)
    return {"bytes": weight.pack_bytes + weight.loose_bytes, "ms": round(median(found["clone"]) * 1000)}


def _by_url(plan: Plan, shape: Shape, url: str, cache: str) -> dict[str, Any]:
    """Return what ``gitreg -R URL get`` takes with nothing fetched before, again, and without asking the remote, and what it keeps."""
    with _cache(cache):
        words = COLD["get"](shape.target)
        get, offline = sizes.command(url, *words), sizes.command(url, *words, "--no-fetch")
        found = measured({"first": get}, plan.cold._replace(rounds=min(plan.cold.rounds, 3), warmups=0), {"first": _forgetting(cache)})
        kept = weights.under(cache)
        found |= measured({"again": get, "offline": offline}, plan.cold)
    return {"kept_bytes": kept, "get": {name: {"ms": round(median(samples) * 1000, 1), "n": len(samples)} for name, samples in found.items()}}


@contextmanager
def _cache(folder: str) -> Iterator[None]:
    os.environ["XDG_CACHE_HOME"] = folder
    try:
        yield
    finally:
        del os.environ["XDG_CACHE_HOME"]


def _forgetting(folder: str) -> Job:
    return lambda _: shutil.rmtree(folder, ignore_errors=True)
