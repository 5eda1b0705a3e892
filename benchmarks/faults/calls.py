"""Each system call of a command in its turn is the last, or fails: killed there, or answered with an error, by strace."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from benchmarks.faults import look, processes
from benchmarks.faults.scenes import SCENES, copied
from benchmarks.faults.traced import OURSELVES, Point, Ran, Tracer
from benchmarks.faults.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

KILL = "signal=KILL"
_NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat")
ERRORS = {  # what each call can answer, open(2) and so on
    "EIO": ("openat", "write", "fsync", *_NAMES),
    "ENOSPC": ("openat", "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat", "mkdir", "mkdirat"),
    "EACCES": ("openat", *_NAMES),
    "EMFILE": ("openat",),
    "EINTR": ("openat", "write", "fsync"),
}
_RIGHT = (0, 7)
_AS_GIT_SAYS = (3, 4, 6)  # where git cannot read: it says that nothing is there, or something else


def killed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Kill the process that makes the call, at each call in turn."""
    yield from _swept(folder, effort, lambda _: (KILL,), fault)


def failing(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let each call fail in turn, with each error that it can answer."""
    yield from _swept(folder, effort, _errors if not effort.commands else _errors_in_turn, fault)


def _reads(point: Point) -> bool:
    return point.call == "openat" and not {"O_CREAT", "O_WRONLY", "O_RDWR"}.intersection(re.findall(r"O_\w+", point.text))


def _errors(point: Point) -> tuple[str, ...]:
    return tuple(f"error={name}" for name, calls in ERRORS.items() if point.call in calls and not (name == "ENOSPC" and _reads(point)))


def _errors_in_turn(point: Point) -> tuple[str, ...]:
    """Return all errors, or where git opens something to read one of them: it does not ask which it was."""
    found = _errors(point)
    return found[point.nth % len(found) :][:1] if point.process != OURSELVES and _reads(point) else found


def _swept(folder: Path, effort: Effort, what: Callable[[Point], tuple[str, ...]], fault: str | None) -> Iterator[Trial]:
    for name in effort.commands or SCENES:
        below = folder / name.replace(" ", "-").replace(",", "")
        below.mkdir()
        yield from _command(below, name, what, fault)
        shutil.rmtree(below)


def _command(folder: Path, name: str, what: Callable[[Point], tuple[str, ...]], fault: str | None) -> Iterator[Trial]:
    """Yield a trial for each call of the command *name*, each in a fresh copy of its repository."""
    scene, template, copy = SCENES[name], folder / "template", folder / "copy"
    scene.make(copy)  # a journal names the folder
    copied(copy, template)
    was, tracer = look.before(copy), Tracer(folder)
    processes.warmed(scene.command)

    def fresh() -> None:
        shutil.rmtree(copy, ignore_errors=True)
        copied(template, copy)

    fresh()
    points = tracer.points(scene.command, copy)
    fresh()
    known = {look.fingerprint(copy): look.wrong(copy, was)}  # what was not touched need not be looked at again
    for point in points[::-2] if fault else points:  # a planted fault shows at many, and most at the last
        for injected in what(point):
            fresh()
            ran = tracer.run(scene.command, copy, point, injected, fault)
            look.quiet(copy)
            changed = look.tip(copy) != was.tip
            seen = look.fingerprint(copy)
            found = known[seen] if seen in known else look.wrong(copy, was)
            if injected != KILL:
                found += _untrue(point, ran, changed)
            yield Trial(f"{name}: {injected} at {point}", found, counts=int(ran.reached))


def _untrue(point: Point, ran: Ran, changed: bool) -> tuple[str, ...]:
    """Return what is wrong with how a command ended that met an error."""
    found = []
    if "Traceback" in ran.said or "bug in gitreg" in ran.said:
        found.append(f"it said: {ran.said.strip()}")
    elif ran.code not in _RIGHT and not (ran.code in _AS_GIT_SAYS and not changed and point.process != OURSELVES and _reads(point)):
        found.append(f"exit code {ran.code}: {ran.said.strip()}")
    if ran.code == 0 and not changed:
        found.append("exit code 0, and nothing was done")
    return tuple(found)


