"""What the dashboard costs: the first page of ``gitreg ui``, a whole site, and a site brought up to date after one promotion."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from benchmarks.bars import Bar
from benchmarks.registries import copied
from benchmarks.shapes import Shape
from gitreg import Registry
from gitreg.web.app import application
from gitreg.web.security import Place
from gitreg.web.sessions import Sessions
from gitreg.web.site import built

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort, Samples

SHAPE = Shape(1_000, 10)
_FIRST = 0.1  # seconds for the first page
_SPEED = 300  # pages a second
_PORT = 8000  # nobody listens: requests are handed to the application as a server would


def bars(effort: Effort, folder: str, shape: Shape = SHAPE) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    size = f"{shape.models:,} models and {shape.models * shape.versions:,} versions"
    yield from of_the_first_page(effort._replace(rounds=effort.rounds * 5), folder, shape, size)
    yield from of_a_site(effort, folder, shape, size)


def of_the_first_page(effort: Effort, folder: str, shape: Shape, size: str) -> Iterator[Bar]:
    """A request for the first page, by a server that was asked before: of the same commit, and of one that another process has just made."""
    place = copied(shape, folder, "first")
    with Registry.open(place) as registry, Registry.open(place) as other, asyncio.Runner() as runner:
        ask = _browser(registry, runner)
        same = _timed(lambda _: None, lambda: ask("/"), effort)
        moved = _timed(lambda tick: _promote(other, shape, tick), lambda: ask("/"), effort)
    for name, found in (("nothing has changed", same), ("another process has just promoted", moved)):
        yield Bar(f"the first page of `gitreg ui` at {size}, warm, {name}, against {_FIRST * 1000:.0f} ms", 1.0, found, dict.fromkeys(found, _FIRST))


def of_a_site(effort: Effort, folder: str, shape: Shape, size: str) -> Iterator[Bar]:
    """A site from nothing, and the same again after one promotion, each with a registry that was just opened."""
    place, site = copied(shape, folder, "site"), os.path.join(folder, "site")
    whole, again, pages = {}, {}, 0
    for turn in range(effort.rounds):
        shutil.rmtree(site, ignore_errors=True)
        whole[turn], pages = _build(place, site)
        with Registry.open(place) as registry:
            _promote(registry, shape, turn)
        again[turn], _ = _build(place, site)
    yield Bar(f"`gitreg site` of {size}, {pages:,} pages with their JSON, against {_SPEED} pages a second", 1.0, whole, dict.fromkeys(whole, pages / _SPEED))
    yield Bar("the same after one promotion, against all of it", 0.05, again, whole)


def _build(place: str, site: str) -> tuple[float, int]:
    """Return how long a build took, in seconds, and how many pages the site has."""
    start = time.perf_counter()
    with Registry.open(place) as registry:
        done = built(registry, site)
    return time.perf_counter() - start, done.pages


def _promote(registry: Registry, shape: Shape, tick: int) -> None:
    registry.promote(f"{shape.target}@{2 + tick % 2}", "production")


def _timed(before: Callable[[int], object], job: Callable[[], object], effort: Effort) -> Samples:
    """Return the seconds of *job* by round, without what goes *before* it."""
    samples = {}
    for turn in range(-effort.warmups, effort.rounds):
        before(turn)
        start = time.perf_counter()
        job()
        if turn >= 0:
            samples[turn] = time.perf_counter() - start
    return samples


def _browser(registry: Registry, runner: asyncio.Runner) -> Callable[[str], bytes]:
    """Return what asks the application of ``gitreg ui`` for a page, with the cookie of a browser that it knows."""
    sessions, place = Sessions(), Place(_PORT)
    app = application(registry, sessions, place)
    headers = [(b"host", place.hosts[0].encode()), (b"cookie", f"{place.cookie}={sessions.begin()}".encode())]

    def ask(path: str) -> bytes:
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers, "client": None, "server": None}
        status, body = runner.run(_answered(app, scope))
        assert status == 200, body
        return body

    return ask


async def _answered(app: Any, scope: dict[str, Any]) -> tuple[int, bytes]:
    status, body = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, body
        status, body = message.get("status", status), body + message.get("body", b"")

    await app(scope, receive, send)
    return status, body
