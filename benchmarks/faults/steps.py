"""A command is cut short at each of its own steps: killed, also in the middle of a write, or interrupted as by Ctrl-C.

strace kills before a call; this kills within one, and before and after git is started, which strace does not tell apart. Each step
is a process of its own, forked from this one, that carries out the command on a fresh copy of a repository.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.faults import look, processes, surroundings
from benchmarks.faults.commands import SCENES
from benchmarks.faults.planted import plant
from benchmarks.faults.scenes import copied
from benchmarks.faults.spread import spread
from benchmarks.faults.trial import Trial
from gitreg.cli import boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.faults.trial import Effort

_CALLS = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "mkdir")


def killed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Kill the process at each step of commands that make new files, that have no checkout, and that make a registry."""
    yield from _spread(folder, effort, effort.stepped, _kill, fault)


def interrupted(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Send SIGINT to the process and its children at each step: it must leave nothing to heal."""
    yield from _spread(folder, effort, effort.commands, _interrupt, fault)


def _spread(folder: Path, effort: Effort, names: tuple[str, ...], die: Callable[[], None], fault: str | None) -> Iterator[Trial]:
    def work(name: str) -> Iterator[Trial]:
        every = 3 if fault else effort.every if name in effort.glimpses and name not in names else 1  # a planted fault shows at many steps
        yield from _swept(folder / name.replace(" ", "-").replace(",", ""), name, die, (fault, every))

    glimpses = tuple(name for name in effort.glimpses if name not in names)
    yield from spread(names + glimpses or tuple(SCENES), work, effort.jobs)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt() -> None:
    os.killpg(0, signal.SIGINT)


def _swept(folder: Path, name: str, die: Callable[[], None], how: tuple[str | None, int]) -> Iterator[Trial]:
    fault, every = how
    scene, template, copy = SCENES[name], folder / "template", folder / "copy"
    folder.mkdir()
    surroundings.cache(copy)
    scene.make(copy)
    copied(copy, template)
    command, judge = scene.command(copy), scene.judge
    processes.warmed(command)
    was = judge.before(copy)
    shutil.rmtree(copy)
    known: dict[str, tuple[str, ...]] = {}  # two steps between which nothing is written leave the same
    for k in _turns(every, whole=bool(fault)):
        copied(template, copy)
        step = _died_at(k.number, copy, command, fault, die)
        k.last = not step
        judge.quiet(copy)
        seen = look.fingerprint(copy)
        if seen not in known:
            left = judge.at_once(copy, was) if die is _interrupt else []
            known[seen] = (*left, *judge.wrong(copy, was))
        yield Trial(f"{name}: {step or 'at its end'}", known[seen], counts=int(bool(step)))
        shutil.rmtree(copy)
    shutil.rmtree(folder)


class _Turn:
    """A step by its number, and whether the command ended before it."""

    def __init__(self, number: int) -> None:
        self.number, self.last = number, False


def _turns(every: int, *, whole: bool) -> Iterator[_Turn]:
    """Yield every so many-th step until the command ends before it; as a *whole* those between afterwards."""
    for first in range(every, 0, -1) if whole else (every,):
        for number in itertools.count(first, every):
            turn = _Turn(number)
            yield turn
            if turn.last:
                break


def _died_at(k: int, folder: Path, command: tuple[str, ...], fault: str | None, die: Callable[[], None]) -> str:
    """Carry a command out in a process that dies at its *k*-th step; returns which step that was, "" if it lived."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(hear)
            quiet = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):
                os.dup2(quiet, stream)
            os.chdir(folder)
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            plant(fault)
            _Countdown(k, tell, die)
            boundary.run(command)
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with open(hear, encoding="utf-8") as pipe:
        return pipe.read()


class _Countdown:
    """Replaces calls to the operating system by ones that end this process at the *k*-th of them."""

    def __init__(self, k: int, tell: int, die: Callable[[], None]) -> None:
        self.left, self.tell, self.die = k, tell, die
        self.write = os.write
        for name in _CALLS:
            setattr(os, name, self.counted(name, getattr(os, name)))
        builtins.open = self.counted("open", builtins.open)  # type: ignore[assignment]
        start = subprocess.Popen.__init__
        subprocess.Popen.__init__ = self.started(start)  # type: ignore[method-assign]

    def counted(self, name: str, call: Any) -> Any:
        """Return *call* as one that may be the last: before it is made, or in the middle of a write."""

        def dying(*args: Any, **options: Any) -> Any:
            self.step(f"before {name} {self.shown(args)}")
            if name == "write":
                half = len(args[1]) // 2
                if self.step("in the middle of write", lambda: call(args[0], args[1][:half])):
                    return half  # the signal was held back, and this was a short write
            return call(*args, **options)

        return dying

    def started(self, start: Any) -> Any:
        """Return the start of a process as one that may be the last."""

        def dying(process: Any, command: Any, *args: Any, **options: Any) -> None:
            self.step(f"before {command[0]} {self.verb(command)}")
            start(process, command, *args, **options)
            self.step(f"while {command[0]} {self.verb(command)} runs")

        return dying

    @staticmethod
    def verb(command: Any) -> str:
        """Return what git is asked to do."""
        words = iter(command[1:])
        return next((str(word) for word in words if not str(word).startswith("-") and "=" not in str(word) and "/" not in str(word)), "")

    @staticmethod
    def shown(args: tuple[Any, ...]) -> str:
        """Return the paths of a call, short."""
        return " ".join(Path(arg).name[:20] for arg in args if isinstance(arg, str) and "/" in arg)

    def step(self, what: str, last: Any = None) -> bool:
        """End here if it is this step's turn, after *last*; True where that was a signal that was held back."""
        self.left -= 1
        if self.left == 0:
            if last:
                last()
            self.write(self.tell, what.encode())
            self.die()
        return self.left == 0
