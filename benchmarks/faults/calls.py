"""Each system call of a command in its turn is the last, or fails: killed there, or answered with an error, by strace."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from benchmarks.faults import look, processes, surroundings
from benchmarks.faults.commands import SCENES
from benchmarks.faults.scenes import copied
from benchmarks.faults.spread import spread
from benchmarks.faults.traced import OURSELVES, Point, Ran, Tracer
from benchmarks.faults.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

KILL = "signal=KILL"
_WHOLE = "promote"  # swept at every call, whether it can make a difference or not
_READERS = ("cat-file", "config", "diff-index", "diff-tree", "for-each-ref", "log", "ls-files", "ls-tree", "merge-base", "rev-list", "rev-parse", "var")  # they start no other process
_NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat")
ERRORS = {  # what each call can answer, open(2) and so on
    "EIO": ("openat", "write", "fsync", *_NAMES),
    "ENOSPC": ("openat", "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat", "mkdir", "mkdirat"),
    "EACCES": ("openat", *_NAMES),
    "EMFILE": ("openat",),
    "EINTR": ("openat", "write", "fsync"),
}
_AS_GIT_SAYS = (3, 4, 6)  # where git cannot read: it says that nothing is there, or something else


def killed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Kill the process that makes the call, at each call in turn."""
    yield from _swept(folder, effort, lambda _: (KILL,), fault)


def failing(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let each call fail in turn, with each error that it can answer."""
    yield from _swept(folder, effort, _errors, fault)


def _errors(point: Point) -> tuple[str, ...]:
    """Return all errors, or where git opens something to read one of them: it does not ask which it was."""
    found = tuple(f"error={name}" for name, calls in ERRORS.items() if point.call in calls and not (name == "ENOSPC" and point.reads))
    return found[point.nth % len(found) :][:1] if point.process != OURSELVES and point.reads else found


def _swept(folder: Path, effort: Effort, what: Callable[[Point], tuple[str, ...]], fault: str | None) -> Iterator[Trial]:
    def work(name: str) -> Iterator[Trial]:
        below = folder / name.replace(" ", "-").replace(",", "")
        below.mkdir()
        yield from _command(below, name, what, (fault, effort.every if name in effort.glimpses else 1))
        shutil.rmtree(below)

    yield from spread(effort.commands + effort.glimpses or tuple(SCENES), work, effort.jobs)


def _command(folder: Path, name: str, what: Callable[[Point], tuple[str, ...]], how: tuple[str | None, int]) -> Iterator[Trial]:
    """Yield a trial for each call of the command *name*, or each so-many-th, each in a fresh copy of its folder."""
    fault, every = how
    scene, template, copy = SCENES[name], folder / "template", folder / "copy"
    surroundings.cache(copy)
    scene.make(copy)  # a journal names the folder
    copied(copy, template)
    command, judge = scene.command(copy), scene.judge
    was, tracer = judge.before(copy), Tracer(folder)
    processes.warmed(command)

    def fresh() -> None:
        shutil.rmtree(copy, ignore_errors=True)
        copied(template, copy)

    fresh()
    points = tracer.points(command, copy, judge.done_with)
    points = points if name == _WHOLE else _different(points, kill=what(points[0]) == (KILL,))
    judge.quiet(copy)
    fresh()
    known = {look.fingerprint(copy): judge.wrong(copy, was)}  # what was not touched need not be looked at again
    if fault:  # it shows in gitreg itself, and most at the last
        points.reverse()
        points.sort(key=lambda point: point.process != OURSELVES)
    for point in points[::every]:
        for injected in what(point):
            fresh()
            ran = tracer.run(command, copy, point, injected, fault)
            judge.quiet(copy)
            untrue = () if injected == KILL else _untrue(point, ran, (judge, copy, was))
            seen = look.fingerprint(copy)
            if seen not in known:
                known[seen] = judge.wrong(copy, was)
            yield Trial(f"{name}: {injected} at {point}", (*known[seen], *untrue), counts=int(ran.reached))


def _different(points: list[Point], *, kill: bool) -> list[Point]:
    """Return the points that can make a difference.

    Of a git command that only reads and is started many times, the first two and the last stand for all. To be killed
    before or after it opens a file to read it is the same to everybody else.
    """
    runs: dict[str, list[str]] = {}
    for process in dict.fromkeys(point.process for point in points):
        runs.setdefault(process.partition(".")[0], []).append(process)
    left_out = {process for verb in _READERS for process in runs.get(verb, ())[2:-1]}
    kept, last = [], ("", -1)
    for point in points:
        place = point.process, point.effects
        if point.process not in left_out and not (kill and place == last and point.process.partition(".")[0] in _READERS):
            kept.append(point)
        last = place
    return kept


def _untrue(point: Point, ran: Ran, seen: tuple[look.Judge, Path, Any]) -> tuple[str, ...]:
    """Return what is wrong with how a command ended that met an error, in what was *seen* then."""
    judge, folder, was = seen
    found = []
    if "Traceback" in ran.said or "bug in gitreg" in ran.said:
        found.append(f"it said: {ran.said.strip()}")
    elif ran.code not in judge.right and not (ran.code in _AS_GIT_SAYS and judge.untouched(folder, was) and point.process != OURSELVES and point.reads):
        found.append(f"exit code {ran.code}: {ran.said.strip()}")
    if ran.code == judge.done_with and not judge.done(folder, was):
        found.append(f"exit code {ran.code}, and nothing was done: {ran.said.strip()}")
    return tuple(found)
