"""Processes of the harness: forked from it, so that they begin at once, in a session of their own, so that all of it can be killed."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import signal
import time
import traceback
from typing import TYPE_CHECKING

from gitreg.cli import boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PATIENCE = 20.0  # seconds until what was killed is gone


def forked(work: Callable[[], None], *, leader: bool = False) -> int:
    """Return the id of a process that does *work*; a *leader* has a session of its own. It ends with 1 where that raises."""
    told, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            try:
                if leader:
                    os.setsid()
                os.close(ready)
                os.close(told)
                work()
                code = 0
            except Exception:  # noqa: BLE001 - it is told, and the parent sees the code
                traceback.print_exc()
        os._exit(code)
    os.close(ready)
    os.read(told, 1)  # nothing comes: it has its session
    os.close(told)
    return pid


def warmed(command: Sequence[str]) -> None:
    """Import here what *command* needs, so that a process that is forked to carry it out does not."""
    with contextlib.redirect_stdout(io.StringIO()):
        boundary.run([*itertools.takewhile(str.isalpha, command), "--help"])


def ended(pid: int) -> int:
    """Wait for a process; returns its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def of_session(session: int) -> list[int]:
    """Return the living processes of a session: git children have process groups of their own, and are in it too."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                state, _, _, its_session = file.read().rpartition(")")[2].split()[:4]
                if int(its_session) == session and state != "Z":
                    found.append(int(name))
    return found


def kill_session(session: int) -> None:
    """Kill everything in a session, also what it starts meanwhile, and wait until it is gone."""
    deadline = time.monotonic() + _PATIENCE
    while (living := of_session(session)) and time.monotonic() < deadline:
        for pid in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
