"""Many writers at once, each a process: how much of one writer's throughput is left, and whether each gets its share.

A crowd writes for a fixed time. A writer is ``python -m benchmarks.crowds KIND PLACE SECONDS``: it says when it is
ready, begins when it is told, and tells how long it took for how many writes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import servers, texts
from benchmarks.bars import SMALL, Bar
from benchmarks.clock import measured
from benchmarks.registries import copied, made
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.clock import Effort

WRITERS, CLONES, MANY = 8, 6, 100
_SECONDS = 4.0


class Share(NamedTuple):
    """What one writer of a crowd got done."""

    writes: int
    seconds: float

    @property
    def a_write(self) -> float:
        """Seconds a write; of a writer that got nothing done at least all the time there was."""
        return self.seconds / max(self.writes, 1)


# -- a writer -------------------------------------------------------------------------------------------------


def main(kind: str, place: str, seconds: float) -> None:
    """Be one writer."""
    with _WRITERS[kind](place) as write:
        write(0)
        print("ready", flush=True)
        sys.stdin.readline()
        begun, writes = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            writes += 1
            write(writes)
        print(json.dumps([writes, time.perf_counter() - begun]))


@contextmanager
def _registering(place: str) -> Iterator[Callable[[int], object]]:
    """Give what registers a version of the model that all writers write to."""
    with Registry.open(place) as registry:
        yield lambda tick: registry.register(SMALL.target, **texts.facts(tick))


@contextmanager
def _pushing(clone: str) -> Iterator[Callable[[int], object]]:
    """Give what commits a file of this clone's own with git alone, and pushes until the remote takes it."""
    own = f"{os.path.basename(clone)}.txt"

    def write(tick: int) -> None:
        with open(os.path.join(clone, own), "w", encoding="utf-8") as file:
            file.write(f"{tick} {time.time_ns()}\n")
        _git(clone, "add", own)
        _git(clone, "commit", "--quiet", "--message", f"{own} {tick}")
        while subprocess.run(["git", "-C", clone, "push", "--quiet", "origin", "main"], capture_output=True, check=False).returncode:
            _git(clone, "pull", "--quiet", "--rebase", "origin", "main")

    yield write


_WRITERS = {"gitreg": _registering, "git": _pushing}


# -- a crowd --------------------------------------------------------------------------------------------------


def crowd(kind: str, places: Sequence[str], seconds: float = _SECONDS) -> list[Share]:
    """Let a writer write to each of *places*, all at once, and return what each got done.

    Raises:
        RuntimeError: a writer failed; its last words are told.
    """
    with ExitStack() as stack:
        writers = [stack.enter_context(_begun(kind, place, seconds)) for place in places]
        for writer in writers:
            writer.stdout.readline()
        for writer in writers:
            with suppress(BrokenPipeError):  # it has died, and is asked why below
                writer.stdin.write("go\n")
                writer.stdin.flush()
        return [_share(writer) for writer in writers]


@contextmanager
def _begun(kind: str, place: str, seconds: float) -> Iterator[Any]:
    command = [sys.executable, "-m", "benchmarks.crowds", kind, place, str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        try:
            yield writer
        finally:
            writer.kill()


def _share(writer: Any) -> Share:
    out, err = writer.communicate()
    if writer.returncode:
        raise RuntimeError(f"a writer ended with {writer.returncode}: {err[-2000:]}")
    return Share(*json.loads(out))


def pace(shares: Sequence[Share]) -> float:
    """Return how many seconds went by for each write of a crowd."""
    return 1 / sum(share.writes / share.seconds for share in shares)


# -- promises -------------------------------------------------------------------------------------------------


def bars(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield each promise about crowds with its samples; those about remotes only where a web server is installed."""
    yield from writers(effort, folder)
    try:
        with servers.Http(os.path.join(folder, "server")) as server:
            yield clones(effort, folder, server)
            yield many_at_once(effort, folder, server)
    except servers.MissingError as missing:
        print(f"remotes are left out: {missing}", file=sys.stderr)


def writers(effort: Effort, folder: str) -> Iterator[Bar]:
    """Yield eight writers of one repository against one alone, and the slowest of the eight against the fastest."""
    alone, place = copied(SMALL, folder, "alone"), copied(SMALL, folder, "crowd")
    one, many, slowest, fastest = dict[int, float](), dict[int, float](), dict[int, float](), dict[int, float]()
    for turn in range(effort.rounds):
        one[turn] = pace(crowd("gitreg", [alone]))
        shares = crowd("gitreg", [place] * WRITERS)
        many[turn], slowest[turn], fastest[turn] = pace(shares), max(share.a_write for share in shares), min(share.a_write for share in shares)
    yield Bar(f"a write of {WRITERS} writers to one repository, against one writer alone", 2.0, many, one)
    yield Bar("the slowest of them against the fastest", 5.0, slowest, fastest)


def clones(effort: Effort, folder: str, server: servers.Server) -> Bar:
    """Six clones that write to one remote, against six that commit and push with git alone."""
    ours, theirs = (cloned(folder, server, use, CLONES) for use in ("gitreg", "git"))
    one, other = dict[int, float](), dict[int, float]()
    for turn in range(effort.rounds):
        one[turn], other[turn] = pace(crowd("gitreg", ours)), pace(crowd("git", theirs))
    return Bar(f"a write of {CLONES} clones of one remote, against as many that `git push` until it is taken", 1 / 0.6, one, other)


def many_at_once(effort: Effort, folder: str, server: servers.Server) -> Bar:
    """A transaction of a hundred versions that is pushed, against one version that is."""
    [place] = cloned(folder, server, "many", 1)

    def hundred(tick: int) -> None:
        with registry.transaction() as tx:
            for _ in range(MANY):
                tx.register(SMALL.target, **texts.facts(tick))

    with Registry.open(place) as registry:
        found = measured({"one": lambda tick: registry.register(SMALL.target, **texts.facts(tick)), "hundred": hundred}, effort._replace(rounds=3 * effort.rounds))
    return Bar(f"a transaction of {MANY} versions to a remote, against one version", 3.0, found["hundred"], found["one"])


def cloned(folder: str, server: servers.Server, use: str, clones: int) -> list[str]:
    """Return the folders of clones of a registry of their own on *server*, which names its remote."""
    name = f"{use}.git"
    _git(made(SMALL, folder), "push", "--quiet", server.create(name), "main")
    first, *rest = [os.path.join(folder, f"{use}-{number}") for number in range(clones)]
    _git(folder, "clone", "--quiet", server.url(name), first)
    with open(os.path.join(first, "gitreg.yaml"), "a", encoding="utf-8") as file:
        file.write("remote: origin\n")
    _git(first, "commit", "--quiet", "--all", "--message", "remote")
    _git(first, "push", "--quiet", "origin", "main")
    for place in rest:
        _git(folder, "clone", "--quiet", server.url(name), place)
    return [first, *rest]


def _git(folder: str, *args: str) -> None:
    subprocess.run(["git", "-C", folder, *args], check=True, capture_output=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
