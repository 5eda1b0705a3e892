"""Run a program that must not be edited, as a run: it finds its version through the environment, and leaves files."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import names
from gitreg.errors import GitregError, NotFoundError, UsageError
from gitreg.runs import handed
from gitreg.runs.run import under_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitreg.runs.run import Run
    from gitreg.runs.tracked import Tracked

_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Leaves(NamedTuple):
    """What a program is to leave: *metrics* files, and *artifacts* by name, which must be written by it; *data* it only reads."""

    metrics: Sequence[str] = ()
    artifacts: Mapping[str, str] = {}
    data: Mapping[str, str] = {}

    def check_data(self) -> None:
        """Refuse data that the program could not read.

        Raises:
            NotFoundError: there is no such file.
        """
        for path in self.data.values():
            if "://" not in path and not os.path.exists(path):
                raise NotFoundError("there is no file {path!r} that the program could read", path=path, hint="gitreg run --help")

    def written(self) -> list[str]:
        """Return the local files and folders that the program must write."""
        paths = (*self.metrics, *(path.removeprefix("file://") for path in self.artifacts.values()))
        return [path for path in paths if "://" not in path]


class ProgramError(GitregError):
    """The program of a run failed; ``exit`` is the exit code to end with: its own, or 128 and the number of its signal."""


def supervised(run: Run, tracked: Tracked, command: Sequence[str], leaves: Leaves) -> None:
    """Run *command* to its end, and record what it left. If it fails, so does the run.

    Raises:
        ProgramError: it failed.
        UsageError: there is no such program, or a file that it was to write is as it was.
        NotFoundError: a file that it was to write is not there.
    """
    leaves.check_data()
    with under_way(run), tempfile.TemporaryDirectory(prefix="gitreg-run-") as folder:
        before = {path: _signature(path) for path in leaves.written()}
        run.folder = handed.Folder(folder)
        if tracked.facts:  # a program that promotes its version completes it: what is known by then must be in it
            run.hand_over(tracked, tracked.facts)
        code = _ran(command, {**os.environ, **handed.environment(run, folder)})
        if code:
            raise _failed(command[0], code)
        _check_written(before)
        tracked.absorb(run.gathered(tracked))
        run.folder = None
        _record(tracked, leaves)


def _record(tracked: Tracked, leaves: Leaves) -> None:
    from gitreg.intake import metrics

    for kind, given in (("model", leaves.artifacts), ("data", leaves.data)):
        if given:
            tracked.log(artifacts=tracked.described({name: {"kind": kind, "uri": path} for name, path in given.items()}))
    for file in leaves.metrics:  # last: what is wrong in one of them costs no artifact
        tracked.log(metrics=metrics(file))


def _ran(command: Sequence[str], environment: dict[str, str]) -> int:
    with passed_on() as begun:
        try:
            child = subprocess.Popen(command, env=environment)
        except OSError as error:
            raise UsageError("{program!r} cannot be run: {reason}", program=command[0], reason=error.strerror) from None
        begun(child)
        return child.wait()


@contextmanager
def passed_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Pass on to a program what others ask of us; gives what is told when it has begun, and what was asked before that is passed on then.

    Ctrl-C the terminal sends to it too: what becomes of it is its answer. An exception in the midst of waiting could
    lose its exit code, so none is raised.
    """
    programs: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def heard(number: int, _frame: object) -> None:
        if number != signal.SIGINT and programs:
            programs[0].send_signal(number)
        elif number != signal.SIGINT:
            early.append(number)

    def begun(program: subprocess.Popen[bytes]) -> None:
        programs.append(program)
        for number in early:
            program.send_signal(number)

    listened = [number for number in _HEARD if signal.getsignal(number) is not signal.SIG_IGN]  # under nohup the program lives on too
    was = {number: signal.signal(number, heard) for number in listened}
    try:
        yield begun
    finally:
        for number, handler in was.items():
            signal.signal(number, handler)


def _failed(program: str, code: int) -> ProgramError:
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        return ProgramError("{program} was ended by {name}", program=names.shown(program), name=name, exit=128 - code)
    return ProgramError("{program} ended with {code}", program=names.shown(program), code=code, exit=code)


def _signature(path: str) -> Any:
    """Return what changes when a file, or a file in a folder, is written."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode):
        return found.st_mtime_ns, found.st_size, found.st_ino
    with os.scandir(path) as entries:
        return found.st_mtime_ns, sorted((entry.name, _signature(entry.path)) for entry in entries if not entry.is_symlink())


def _check_written(before: Mapping[str, Any]) -> None:
    for path, was in before.items():
        now = _signature(path)
        if now is None:
            raise NotFoundError("the program was to write {path!r}, and there is no such file", path=path, hint="gitreg run --help")
        if now == was:
            raise UsageError("the program was to write {path!r}, and it is as it was before", path=path, hint=f"rm {path}")
