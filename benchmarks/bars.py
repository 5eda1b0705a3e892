"""What gitreg must reach, each as the ratio of two things measured in turn in one run."""

from __future__ import annotations

import os
import random
import subprocess
import tracemalloc
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import yaml

from benchmarks import texts
from benchmarks.clock import Samples, measured
from benchmarks.peers.ours import COMMAND
from benchmarks.registries import copied
from benchmarks.shapes import Shape
from benchmarks.sides import ran
from gitreg import Registry
from gitreg.store import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort

SMALL, LARGE = Shape(1, 10), Shape(1, 10_950)  # 950 of a thousand: the fullest folder that leaves room to write
FORBIDDEN = {"git", "filelock", "rich", "importlib.metadata"}


class Bar(NamedTuple):
    """A promise: ``top`` / ``bottom`` is at most *most*; *beside* is added to the bottom times *most*.

    Samples are seconds, where *unit* is not something else.
    """

    name: str
    most: float
    top: Samples
    bottom: Samples
    beside: Samples = {}
    unit: str = "ms"


def bars(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    yield from registers(effort, folder)
    yield from promotes(effort, folder)
    yield from bulks(effort, folder)
    yield decoding(effort)


@contextmanager
def opened(shape: Shape, folder: str, use: str) -> Iterator[Registry]:
    """Give a registry of *shape* that nobody else writes to, its names indexed."""
    with Registry.open(copied(shape, folder, f"bar-{use}")) as registry:
        registry.snapshot().number_named(shape.target, "no-such-name")
        yield registry


def imported(folder: str) -> list[str]:
    """Return which of the modules that a cold read must not import it imports."""
    python, *rest = _get(folder)
    done = subprocess.run([python, "-X", "importtime", *rest], check=True, capture_output=True, text=True)
    seen = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    return sorted(seen & FORBIDDEN)


def _get(folder: str) -> list[str]:
    return [*COMMAND, "-R", copied(SMALL, folder, "bar-get"), "get", f"{SMALL.target}@production", "number"]


def registers(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield a warm ``register`` in a bare repository against pygit2, and large against small, named and unnamed."""
    from benchmarks.peers.libgit2 import Pygit2

    with ExitStack() as stack:
        jobs: dict[str, Callable[[int], object]] = {}
        for shape, size in ((SMALL, "10"), (LARGE, "10,950")):
            beside = Pygit2(copied(shape, folder, "bar-pygit2"), shape)
            jobs[f"pygit2 {size}"] = beside.register
            for how in ("named", "unnamed"):
                registry = stack.enter_context(opened(shape, folder, how))
                jobs[f"{how} {size}"] = registering(registry, named=how == "named")
        found = measured(jobs, effort)
    for size in ("10", "10,950"):
        yield Bar(f"`register` at {size} versions, warm, bare, both syncing, against pygit2 writing the same objects", 1.5, found[f"unnamed {size}"], found[f"pygit2 {size}"])
    for how in ("unnamed", "named"):
        yield Bar(f"`register`, {how}, at 10,950 versions against 10", 1.5, found[f"{how} 10,950"], found[f"{how} 10"])


def registering(registry: Registry, *, named: bool) -> Callable[[int], object]:
    return lambda tick: registry.register(SMALL.target, f"2.{tick}" if named else None, **texts.facts(tick))


def promotes(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield a promotion against pygit2, large against small, in a bare repository and in a checkout."""
    from benchmarks.peers.libgit2 import Pygit2

    with ExitStack() as stack:
        beside = Pygit2(copied(SMALL, folder, "bar-pygit2-promote"), SMALL)
        small, large = (stack.enter_context(opened(shape, folder, "promote")) for shape in (SMALL, LARGE))
        checkout, twin = (_checkout(folder, use) for use in ("ours", "twin"))
        registry = stack.enter_context(Registry.open(checkout))
        jobs = {"10": promoting(small), "10,950": promoting(large), "checkout": promoting(registry), "read-tree": _read_tree(twin), "pygit2": beside.promote}
        found = measured(jobs, effort)
    yield Bar("`promote` at 10 versions, warm, bare, both syncing, against pygit2 writing the same objects", 1.5, found["10"], found["pygit2"])
    yield Bar("`promote` at 10,950 versions against 10, bare", 1.3, found["10,950"], found["10"])
    yield Bar("`promote` at 10,950 versions in a checkout, against that plus git's own `read-tree` of the same index", 1.0, found["checkout"], found["10"], found["read-tree"])


def promoting(registry: Registry) -> Callable[[int], object]:
    """Return what promotes one of ten versions, in an order that leaves a pointer file that was never there before."""
    chance, last = random.Random(1), [1]

    def run(_: int) -> None:
        last[0] = chance.choice([number for number in range(1, 11) if number != last[0]])
        assert registry.promote(f"{SMALL.target}@{last[0]}", "production").changed

    return run


def bulks(effort: Effort, folder: str, count: int = 4000) -> Iterator[Bar]:
    """Yield transactions of many versions: against the promised speed and memory, and a hundred against one."""
    few = effort._replace(rounds=min(effort.rounds, 7), warmups=1)
    with ExitStack() as stack:
        one, large = (stack.enter_context(opened(SMALL, folder, f"bulk-{use}")) for use in ("few", "many"))
        found = measured({"1": _bulk(one, 1), "100": _bulk(one, 100), "many": _bulk(large, count)}, few)
        memory = {turn: (_peak(large, count, turn) - _peak(large, count // 4, turn)) / (count - count // 4) for turn in range(3)}
    yield Bar(f"a transaction of {count:,} versions, bare, durable, against 2,000 versions a second", 1.0, found["many"], dict.fromkeys(found["many"], count / 2000))
    yield Bar("what a version more costs it in memory (tracemalloc), against 200 bytes", 1.0, memory, dict.fromkeys(memory, 200.0), unit="bytes")
    yield Bar("a transaction of 100 versions, bare, against one of 1", 3.0, found["100"], found["1"])


def _bulk(registry: Registry, count: int) -> Callable[[int], object]:
    def run(tick: int) -> None:
        with registry.transaction() as tx:
            for number in range(count):
                tx.register(f"bulk-{count}-{tick}", f"1.{number}", **texts.facts(number))

    return run


def _peak(registry: Registry, count: int, turn: int) -> int:
    """Return how many bytes a transaction of *count* versions needs at most."""
    tracemalloc.start()
    try:
        _bulk(registry, count)(-turn)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _checkout(folder: str, use: str) -> str:
    place = os.path.join(folder, f"checkout-{use}")
    subprocess.run(["git", "clone", "--quiet", copied(LARGE, folder, f"origin-{use}"), place], check=True)
    return place


def _read_tree(checkout: str) -> Callable[[int], object]:
    """Return what moves a checkout to and fro between two commits that differ in the pointer file."""
    path = os.path.join(checkout, texts.stages_path(LARGE.target))
    with open(path, "w", encoding="utf-8") as file:
        file.write(texts.stages(LARGE.target, 2))
    subprocess.run(["git", "-C", checkout, "commit", "--quiet", "--all", "--message", "other"], check=True)
    ends = ("HEAD", "HEAD~1")
    return lambda tick: ran(["git", "-C", checkout, "read-tree", "-m", "-u", ends[(tick + 1) % 2], ends[tick % 2]])


def decoding(effort: Effort, files: int = 300) -> Bar:
    """Decoding manifests against PyYAML's C loader, which checks nothing."""
    data = [texts.manifest("model", number, texts.version_name(number)).encode() for number in range(1, files + 1)]
    jobs = {
        "gitreg": lambda _: [documents.decode_manifest(each, "manifest.yaml") for each in data],
        "yaml": lambda _: [yaml.load(each, yaml.CSafeLoader) for each in data],
    }
    found = measured(jobs, effort)
    return Bar("decoding manifests against PyYAML's `CSafeLoader` on the same files", 0.8, found["gitreg"], found["yaml"])
