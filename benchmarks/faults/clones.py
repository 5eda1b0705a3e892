"""Clones that race to push to one remote over HTTP: what each was told it did is on the remote, once, and nothing else is.

A writer is ``python -m benchmarks.faults.clones CLONE WRITES [FAULT]``; it prints a JSON line for each thing it was told.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import servers
from benchmarks.faults.planted import plant
from benchmarks.faults.scenes import git
from benchmarks.faults.trial import MissingError, Trial
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.faults.trial import Effort

CLONES = 6
MODELS = ("iris", "rose")


class Told(NamedTuple):
    """What a writer was told: the commit of a write, and of a registration which number it got; else what went wrong."""

    writer: str
    write: int
    commit: str | None = None
    model: str = ""
    number: int = 0
    error: str = ""


def racing(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let clones race to push, and look at what is on the remote."""
    try:
        with servers.Http(folder / "server") as server:
            yield raced(folder, server, effort.pushes, fault)
    except servers.MissingError as missing:
        raise MissingError(str(missing)) from None


def raced(folder: Path, server: servers.Server, writes: int, fault: str | None = None) -> Trial:
    """Return what is wrong after each clone has carried out so many *writes*."""
    remote = Path(server.create("models.git"))
    clones = _clones(folder, server)
    before = int(git(remote, "rev-list", "--count", "main"))
    told = _told(clones, writes, fault)
    found = [f"{one.writer} was told in write {one.write}: {one.error}" for one in told if one.error]
    found += [*_lost(remote, told), *_doubled(remote, told, before), *_unlike(remote, clones)]
    return Trial(f"{CLONES} clones, {writes} writes each", tuple(found), counts=len(told))


def _clones(folder: Path, server: servers.Server) -> list[Path]:
    """Make a registry of two models on the server, and clones of it."""
    first, *rest = [folder / f"clone-{number}" for number in range(1, CLONES + 1)]
    git(folder, "clone", "-q", server.url("models.git"), str(first))
    with Registry.init(first) as registry, registry.transaction("registry: its models") as tx:
        for model in MODELS:
            tx.register(model)
            tx.register(model)
    (first / "gitreg.yaml").write_text((first / "gitreg.yaml").read_text() + "remote: origin\n")
    git(first, "commit", "-q", "-a", "-m", "registry: name the remote")
    git(first, "push", "-q", "-u", "origin", "main")
    for clone in rest:
        shutil.copytree(first, clone)
    return [first, *rest]


def _told(clones: Sequence[Path], writes: int, fault: str | None) -> list[Told]:
    """Run a writer in each clone, all at once, and return everything they were told."""
    command = [sys.executable, "-m", "benchmarks.faults.clones"]
    running = [subprocess.Popen([*command, clone, str(writes), fault or ""], stdout=subprocess.PIPE, text=True) for clone in clones]
    said = [process.communicate()[0] for process in running]
    gone = [Told(clone.name, 0, error="the writer died") for clone, process in zip(clones, running, strict=True) if process.returncode]
    return [Told(*json.loads(line)) for lines in said for line in lines.splitlines()] + gone


def _lost(remote: Path, told: Sequence[Told]) -> Iterator[str]:
    """Yield what a writer was told is done and is not on the remote, or is another's."""
    there = set(git(remote, "rev-list", "main").splitlines())
    yield from (f"lost: {one}" for one in told if one.commit and one.commit not in there)
    with Registry.open(remote) as registry:
        held = {(model, version.number): version.metadata for model in MODELS for version in registry.versions(model)}
    for one in told:
        if one.number and held.get((one.model, one.number)) != {"writer": one.writer, "write": one.write}:
            yield f"lost: {one}; its number has {held.get((one.model, one.number))}"


def _doubled(remote: Path, told: Sequence[Told], before: int) -> Iterator[str]:
    """Yield what is on the remote twice, or that nobody was told of."""
    commits = Counter(one.commit for one in told if one.commit)
    yield from (f"doubled: {times} writers were told of {commit}" for commit, times in commits.items() if times > 1)
    made = int(git(remote, "rev-list", "--count", "main")) - before
    if made != len(commits):
        yield f"doubled: {made} commits are on the remote, writers were told of {len(commits)}"
    operations = Counter(git(remote, "log", "--format=%(trailers:key=Gitreg-Op,valueonly,separator=%x2C)", "main").split())
    yield from (f"doubled: operation {operation}" for operation, times in operations.items() if times > 1)
    with Registry.open(remote) as registry:
        written = Counter(json.dumps(version.metadata) for model in MODELS for version in registry.versions(model) if version.metadata)
        yield from (f"doubled: {write} is there {times} times" for write, times in written.items() if times > 1)
        yield from (str(finding) for finding in registry.check())


def _unlike(remote: Path, clones: Sequence[Path]) -> Iterator[str]:
    """Yield the clones that are not like the remote after a sync."""
    tip = git(remote, "rev-parse", "main")
    for clone in clones:
        try:
            with Registry.open(clone) as registry:
                registry.sync()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            yield f"{clone.name} cannot be synced: {error!r}"
        if git(clone, "rev-parse", "main") != tip:
            yield f"{clone.name} is at {git(clone, 'rev-parse', 'main')} after a sync, the remote at {tip}"
        if git(clone, "status", "--porcelain"):
            yield f"{clone.name} has {git(clone, 'status', '--porcelain')!r} after a sync"


# -- a writer -------------------------------------------------------------------------------------------------


def main(clone: Path, writes: int, fault: str) -> None:
    """Register a version and promote one, in turn: promotions of the same version by many are one commit at most."""
    plant(fault)
    with Registry.open(clone) as registry:
        for write in range(writes):
            try:
                done = _registered(registry, clone.name, write) if write % 2 else _promoted(registry, clone.name, write)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing here refuses a write
                done = Told(clone.name, write, error=repr(error))
            print(json.dumps(done), flush=True)


def _registered(registry: Registry, writer: str, write: int) -> Told:
    version = registry.register(MODELS[write // 2 % 2], metadata={"writer": writer, "write": write})
    return Told(writer, write, version.commit, version.model, version.number)


def _promoted(registry: Registry, writer: str, write: int) -> Told:
    return Told(writer, write, registry.promote(f"iris@{1 + write // 2 % 2}", "production").commit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
