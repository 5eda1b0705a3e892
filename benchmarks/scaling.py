"""What growth costs: each thing that is done every day in a registry of a hundred thousand versions, or of ten thousand commits, against a small one or plain git."""

from __future__ import annotations

import os
import subprocess
import tracemalloc
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import texts
from benchmarks.bars import SMALL, Bar, opened, promoting, registering
from benchmarks.clock import measured
from benchmarks.peers.ours import COMMAND
from benchmarks.registries import HISTORY, copied, storied
from benchmarks.shapes import Shape
from benchmarks.sides import ran
from gitreg import Registry
from gitreg.store.cache import Cache
from gitreg.store.decoded import Decoded
from gitreg.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort


class Sizes(NamedTuple):
    """How large things are: versions of one model, versions of one transaction, commits, models."""

    versions: int = 100_950  # 950 of a thousand: the fullest folder that leaves room to write
    bulk: int = 100_000
    commits: int = 10_000
    models: int = 10_000


def bars(effort: Effort, folder: str, sizes: Sizes) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    yield from of_one_model(effort, folder, Shape(1, sizes.versions))
    yield from of_history(effort, folder, sizes.commits)
    yield of_memory(folder, sizes.bulk)
    yield from of_checks(effort._replace(rounds=min(effort.rounds, 3)), folder, Shape(sizes.models, 1))


def of_one_model(effort: Effort, folder: str, large: Shape) -> Iterator[Bar]:
    """Yield what is done in one model of very many versions against the same at ten, warm, bare."""
    with ExitStack() as stack:
        jobs: dict[str, Callable[[int], object]] = {}
        for shape in (SMALL, large):
            for how in ("named", "unnamed"):
                jobs[f"register, {how} {shape.versions}"] = registering(stack.enter_context(opened(shape, folder, f"scale-{how}")), named=how == "named")
            registry = stack.enter_context(opened(shape, folder, "scale-promote"))
            jobs[f"promote {shape.versions}"] = promoting(registry)
            reading = stack.enter_context(opened(shape, folder, "scale-read"))
            jobs |= {f"{what} {shape.versions}": job for what, job in _reads(reading, shape).items()}
            jobs[f"show, a process {shape.versions}"] = _shown(reading.path, shape)
        found = measured(jobs, effort)
    for what, name in _NAMES.items():
        yield Bar(f"{name} at {large.versions:,} versions against 10", 1.5, found[f"{what} {large.versions}"], found[f"{what} {SMALL.versions}"])


_NAMES = {
    "register, unnamed": "`register`, unnamed, bare,",
    "register, named": "`register`, named, bare,",
    "promote": "`promote`, bare,",
    "resolve": "resolve by stage, kept reader,",
    "resolve, first": "the same with nothing remembered of the commit",
    "show": "`get` by number, kept reader, with nothing remembered of the commit",
    "show, a process": "`gitreg show MODEL@NUMBER`, a process,",
}


def _reads(registry: Registry, shape: Shape) -> dict[str, Callable[[int], object]]:
    location, commit = registry.location, registry.snapshot().commit

    def fresh(what: Callable[[int], str]) -> Callable[[int], object]:
        def run(tick: int) -> None:
            cache = Cache(location.repo)
            cache.decoded = Decoded(os.devnull)  # no file of an earlier process either
            Snapshot(location.repo, commit, location.prefix, cache).get(f"{shape.target}@{what(tick)}")

        return run

    selector = f"{shape.target}@production"
    return {"resolve": lambda _: registry.get(selector), "resolve, first": fresh(lambda _: "production"), "show": fresh(lambda tick: str(shape.versions - tick % 9))}


def _shown(place: str, shape: Shape) -> Callable[[int], object]:
    return lambda tick: ran([*COMMAND, "-R", place, "show", f"{shape.target}@{shape.versions - tick % 9}", "--format", "json"])


def of_history(effort: Effort, folder: str, commits: int) -> Iterator[Bar]:
    """Yield the history of one stage, as processes, where very many commits touched other models, against git's own log of the file."""
    place = storied(folder, commits)
    path = texts.stages_path(HISTORY)
    with Registry.open(place) as registry:
        jobs = {
            "cold": lambda _: ran([*COMMAND, "-R", place, "history", HISTORY, "--stage", "production"]),
            "warm": lambda _: registry.history(HISTORY, "production"),
            "git": lambda _: ran(["git", "-C", place, "log", "main", "--", path]),
        }
        found = measured(jobs, effort)
    for how, name in (("cold", "a process"), ("warm", "warm")):
        yield Bar(f"`history MODEL --stage production`, {name}, with {commits:,} commits that touch other models, against `git log -- {path.replace(HISTORY, 'MODEL')}`", 3.0, found[how], found["git"])


def of_memory(folder: str, count: int) -> Bar:
    """What a version more costs a transaction of very many named versions in memory, bare, between a quarter of them and all."""
    with Registry.open(copied(SMALL, folder, "scale-bulk")) as registry:
        few, all_of_them = (_peak(registry, each) for each in (count // 4, count))
    return Bar(f"what a version more costs a transaction of {count:,} named versions in memory (tracemalloc), bare, against 200 bytes", 1.0, {0: (all_of_them - few) / (count - count // 4)}, {0: 200.0}, unit="bytes")


def _peak(registry: Registry, count: int) -> int:
    """Return how many bytes a transaction of *count* versions needs at most."""
    tracemalloc.start()
    try:
        with registry.transaction() as tx:
            for number in range(count):
                tx.register(f"bulk-{count}", f"1.{number}", **texts.facts(number))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def of_checks(effort: Effort, folder: str, shape: Shape) -> Iterator[Bar]:
    """Yield a ``check`` of all, as a registry just opened makes it, after one promotion, against the first."""
    first, again = {}, {}
    for turn in range(effort.rounds):
        place = copied(shape, folder, "scale-check")
        _check(place)  # the files are in the system's memory then
        subprocess.run(["rm", "-rf", os.path.join(place, "gitreg", "proven")], check=True)
        first[turn] = _check(place)
        with Registry.open(place) as registry:
            registry.register(shape.target)
            registry.promote(f"{shape.target}@2", "production")
        again[turn] = _check(place)
    yield Bar(f"`check` of {shape.models:,} models after one promotion, against the first", 0.1, again, first)


def _check(place: str) -> float:
    with Registry.open(place) as registry:
        from time import perf_counter

        start = perf_counter()
        assert registry.check() == ()
        return perf_counter() - start
