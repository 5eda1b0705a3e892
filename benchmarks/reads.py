"""What reading costs: cold commands against a Python that does nothing, boards against PyYAML, a kept reader against git, and memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import yaml

from benchmarks import texts
from benchmarks.bars import LARGE, SMALL, Bar
from benchmarks.clock import measured
from benchmarks.machine import bare_python
from benchmarks.peers.ours import COMMAND
from benchmarks.peers.plain_git import Git
from benchmarks.registries import copied
from benchmarks.scale.launched import peak
from benchmarks.shapes import Shape
from benchmarks.sides import ran
from gitreg import Registry
from gitreg.store import diskcache, layout
from gitreg.store.cache import Cache
from gitreg.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort

_SPEED = 20_000  # questions a second, where nothing moved
_AT_ONCE = 1_000  # of them in a sample
_MEMORY = 120e6  # bytes


class Sizes(NamedTuple):
    """How many models a board has, cached and at first, and how many commits a kept reader sees go by."""

    board: Shape = Shape(1_000, 3)
    large: Shape = Shape(10_000, 1)
    moves: int = 300


def bars(effort: Effort, folder: str, sizes: Sizes) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    yield from of_a_get(effort, folder)
    yield from of_boards(effort, folder, sizes)
    yield from of_a_kept_reader(effort, folder, sizes)
    yield from of_memory(folder, sizes.large)


def of_a_get(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield ``gitreg get MODEL@production number`` as a process, its records known or not, against a Python that does nothing; and against GTO."""
    place = copied(SMALL, folder, "reads-get")
    known = [*COMMAND, "-R", place, "get", f"{SMALL.target}@production", "number"]
    jobs: dict[str, Callable[[int], object]] = {
        "known": lambda _: ran(known), "first": lambda _: ran(["env", "GITREG_CACHE=0", *known]),
        "python": lambda _: ran(bare_python()), "env": lambda _: ran(["env", "GITREG_CACHE=0", *bare_python()]),
    }  # fmt: skip
    found = measured(jobs, effort)
    yield Bar("`gitreg get MODEL@production number`, cold, against `python -c pass`", 6.5, found["known"], found["python"])
    yield Bar("the same with `GITREG_CACHE=0`, as the first time", 6.5, found["first"], found["env"])
    yield from _against_gto(effort, folder)


def _against_gto(effort: Effort, folder: str) -> Iterator[Bar]:
    try:
        from benchmarks.peers.tags import GTO
    except ImportError:
        return
    shape = Shape(1, 1_000)
    beside = GTO(GTO.prepare(shape, folder, "reads"), shape)
    place = copied(shape, folder, "reads-gto")
    jobs = {"gitreg": lambda _: ran([*COMMAND, "-R", place, "get", f"{shape.target}@production", "number"]), "gto": lambda tick: ran(beside.cold("resolve", tick))}
    found = measured(jobs, effort._replace(rounds=min(effort.rounds, 5), warmups=1))
    yield Bar("the same at 1,000 versions, against `gto show MODEL#production`", 0.05, found["gitreg"], found["gto"])


def of_boards(effort: Effort, folder: str, sizes: Sizes) -> Iterator[Bar]:
    """Yield ``gitreg list`` as a process: of models whose rows are known, against a bare Python; at first, against parsing the same files."""
    place = copied(sizes.board, folder, "reads-board")
    command = [*COMMAND, "-R", place, "list", "--format", "json"]
    ran(command)
    found = measured({"list": lambda _: ran(command), "python": lambda _: ran(bare_python())}, effort)
    yield Bar(f"`gitreg list --format json` of {sizes.board.models:,} models, cold, cached, against `python -c pass`", 8.0, found["list"], found["python"])
    place = copied(sizes.large, folder, "reads-large")
    files = board_files(place)
    found = measured({"list": lambda _: _first([*COMMAND, "-R", place, "list"], place), "yaml": lambda _: [yaml.load(each, yaml.CSafeLoader) for each in files]}, effort._replace(rounds=min(effort.rounds, 7), warmups=1))
    yield Bar(f"`gitreg list` of {sizes.large.models:,} models, cold, the first time, against parsing those files with PyYAML's `CSafeLoader`", 1.3, found["list"], found["yaml"])


def _first(command: list[str], place: str) -> None:
    """Run *command* as if no other had run before."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(place, "gitreg", f"decoded-{diskcache.SHAPE}.sqlite"))
    ran(command)


def board_files(place: str) -> list[bytes]:
    """Return the files that a board is made of: each model's card, pointers and newest manifest."""
    with Registry.open(place) as registry:
        snapshot = registry.snapshot()
        paths = [path for model in snapshot.model_names() for path in (layout.card(model), layout.stages(model), layout.manifest(model, snapshot.count(model)))]
        return [data for path in paths if (data := snapshot.bytes_of(path))]


def of_a_kept_reader(effort: Effort, folder: str, sizes: Sizes) -> Iterator[Bar]:
    """Yield resolving a stage in a registry that stays open: nothing moved, something else moved, and with nothing remembered."""
    place = copied(LARGE, folder, "reads-kept")
    beside, selector = Git(place, LARGE), f"{LARGE.target}@production"
    with Registry.open(place) as registry:
        location, commit = registry.location, registry.snapshot().commit
        jobs = {
            "again": lambda _: registry.get(selector), "many": lambda _: [registry.get(selector) for _ in range(_AT_ONCE)], "git": beside.resolve,
            "first": lambda _: Snapshot(location.repo, commit, location.prefix, Cache(location.repo)).get(selector),
        }  # fmt: skip
        found = measured(jobs, effort._replace(rounds=effort.rounds * 5))
    beside.close()
    yield Bar("resolve by stage, kept reader, nothing moved, against the two requests to an open `git cat-file --batch`", 1.5, found["again"], found["git"])
    yield Bar(f"{_AT_ONCE:,} such questions, against {_SPEED:,} a second", 1.0, found["many"], dict.fromkeys(found["many"], _AT_ONCE / _SPEED))
    yield moved(folder, sizes)
    yield Bar("resolve by stage with nothing remembered of the commit, against the two requests", 3.0, found["first"], found["git"])


def moved(folder: str, sizes: Sizes) -> Bar:
    """Resolving a stage each time the branch has moved by a commit to another model, against the two requests for that commit."""
    place = copied(sizes.board, folder, "reads-moved")
    shape, selector = sizes.board, f"{sizes.board.target}@production"
    commits = subprocess.run(["git", "-C", place, "log", "--format=%H", f"-{sizes.moves}", "main"], check=True, capture_output=True, text=True).stdout.split()
    beside = Git(place, shape)
    with Registry.open(place) as registry:
        location, cache = registry.location, Cache(registry.location.repo)

        def asked(tick: int) -> None:
            beside.read(f"{commits[tick]}:{texts.stages_path(shape.target)}")
            beside.read(f"{commits[tick]}:{texts.manifest_path(shape.target, 1)}")

        jobs = {"gitreg": lambda tick: Snapshot(location.repo, commits[tick], location.prefix, cache).get(selector), "git": asked}
        found = measured(jobs, _effort(len(commits)))
    beside.close()
    return Bar("the same each time that a commit to another model has moved the branch, against the two requests of that commit", 1.5, found["gitreg"], found["git"])


def _effort(commits: int) -> Effort:
    from benchmarks.clock import Effort

    return Effort(commits - 5, 1e9, 3)


def of_memory(folder: str, shape: Shape) -> Iterator[Bar]:
    """Yield the most memory that each reading command takes, as the system counts it, at very many models, first without a cache, then with it: the larger of the two."""
    place, one = copied(shape, folder, "reads-memory"), shape.target
    commands = [
        ["list"], ["list", "--format", "json"], ["list", one], ["show", f"{one}@production"], ["get", f"{one}@production", "number"], ["history"], ["history", "--format", "json"], ["history", one],
        ["history", "--stage", "production"], ["compare", f"{one}@1", f"{one}@1"], ["lineage", f"{one}@1", "--downstream"], ["check"], ["check", "HEAD~100..HEAD"], ["diff", "HEAD~100..HEAD"], ["changes", "HEAD~100..HEAD"],
        ["doctor"], ["verify"], ["export", os.path.join(folder, "index")], ["site", os.path.join(folder, "site")],
    ]  # fmt: skip
    for command in commands:
        peaks = {0: float(max(peak([*COMMAND, "-R", place, *command]) for _ in range(2)))}  # a median would hide the first
        yield Bar(f"most memory of `gitreg {' '.join(_shown(word, one) for word in command)}` at {shape.models:,} models, against 120 MB", 1.0, peaks, dict.fromkeys(peaks, _MEMORY), unit="bytes")


def _shown(word: str, model: str) -> str:
    return "DIR" if os.path.isabs(word) else word.replace(model, "MODEL")
