"""What the sparse index costs: an export after one promotion, and a question to a real nginx."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING
from urllib import request
from urllib.error import HTTPError

from benchmarks.bars import Bar
from benchmarks.clock import measured
from benchmarks.registries import copied
from benchmarks.servers import Nginx
from benchmarks.shapes import Shape
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort, Samples

SHAPE = Shape(10_000, 3)
_AT_ONCE = 20  # questions to a server that make a sample
_SPEED = 20_000  # answers a second from memory


def bars(effort: Effort, folder: str, shape: Shape = SHAPE) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    yield of_an_export(effort, folder, shape)
    yield from of_a_question(effort._replace(rounds=effort.rounds * 5), folder, Shape(10, 3))


def of_an_export(effort: Effort, folder: str, shape: Shape) -> Bar:
    """An index from nothing, and the same again after one promotion, each with a registry that was just opened."""
    place, index = copied(shape, folder, "export"), os.path.join(folder, "exported")
    whole, again = {}, {}
    for turn in range(effort.rounds):
        shutil.rmtree(index, ignore_errors=True)
        whole[turn] = _export(place, index)
        with Registry.open(place) as registry:
            registry.promote(f"{shape.target}@{2 + turn % 2}", "production")
        again[turn] = _export(place, index)
    return Bar(f"`gitreg export` of {shape.models:,} models after one promotion, against one from nothing", 0.1, again, whole)


def _export(place: str, index: str) -> float:
    """Return how long an export took, in seconds."""
    start = time.perf_counter()
    with Registry.open(place) as registry:
        registry.export(index)
    return time.perf_counter() - start


def of_a_question(effort: Effort, folder: str, shape: Shape) -> Iterator[Bar]:
    """Who holds production, asked of nginx by an open registry while nothing changes: revalidated each time, and while the answer is fresh."""
    for name, within in (("stale", ""), ("fresh", "add_header Cache-Control max-age=3600;")):
        with Nginx(os.path.join(folder, name), within=within) as nginx:
            with Registry.open(copied(shape, folder, name)) as registry:
                registry.export(os.path.join(nginx.root, "index"))
            with Registry.open(nginx.url("index")) as asked:
                yield _revalidated(asked, nginx, shape, effort) if name == "stale" else _fresh(asked, shape, effort)


def _revalidated(asked: Registry, nginx: Nginx, shape: Shape, effort: Effort) -> Bar:
    url = nginx.url(f"index/models/{shape.target}@production.json")
    with request.urlopen(url) as answer:
        etag = answer.headers["ETag"]
    jobs = {"gitreg": _often(lambda: asked.get(f"{shape.target}@production")), "urllib": _often(lambda: _bare(url, etag))}
    found = measured(jobs, effort)
    return Bar(f"a stage of an index, {_AT_ONCE} times, each answered 304 by nginx, against `urllib.request` asking the same", 1.5, found["gitreg"], found["urllib"])


def _bare(url: str, etag: str) -> None:
    try:
        request.urlopen(request.Request(url, headers={"If-None-Match": etag}))
    except HTTPError as answer:
        assert answer.status == 304
        answer.close()


def _often(ask: Callable[[], object]) -> Callable[[int], object]:
    return lambda _: [ask() for _ in range(_AT_ONCE)]


def _fresh(asked: Registry, shape: Shape, effort: Effort) -> Bar:
    selector = f"{shape.target}@production"
    asked.get(selector)
    found: Samples = measured({"gitreg": lambda _: [asked.get(selector) for _ in range(_SPEED)]}, effort)["gitreg"]
    return Bar(f"the same within the server's `max-age`, {_SPEED:,} times, against a second", 1.0, found, dict.fromkeys(found, 1.0))
