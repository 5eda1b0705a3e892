"""Which training runs are alive on this machine: each keeps a file locked for as long as its process lives.

The lock is the operating system's (POSIX, of the process), so that it ends with the process however that ends, and a child
that was forked does not keep it. A run whose file is not here was begun in another clone or on another machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from enum import Enum
from typing import TYPE_CHECKING

from gitreg.errors import BusyError
from gitreg.store import disk

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "runs"
_OURS: dict[str, tuple[int, int]] = {}  # by file: descriptor and process; closing another descriptor of a file would drop its lock


class Life(Enum):
    """Whether the process of a run lives, as far as this machine can tell."""

    ALIVE = "alive"
    GONE = "gone"
    ELSEWHERE = "elsewhere"


def _file(common_dir: str, run: str) -> str:
    return os.path.join(common_dir, "gitreg", _FOLDER, run)


def folder(common_dir: str) -> str:
    """Return the folder of the marks, which also keeps what a run could not record, made where it is missing.

    Raises:
        BusyError: it cannot be made.
    """
    try:
        own = os.path.join(disk.own_folder(common_dir), _FOLDER)
        os.makedirs(own, exist_ok=True)
    except OSError as error:
        raise BusyError("{folder!r} cannot be written: {reason}", folder=common_dir, reason=error.strerror) from None
    return own


def begin(common_dir: str, run: str) -> None:
    """Say that *run* lives in this process, until :func:`end` or the end of the process.

    Raises:
        BusyError: the folder cannot be written.
    """
    file = os.path.join(folder(common_dir), run)
    try:
        descriptor = _locked(file)
    except OSError as error:
        raise BusyError("{file!r} cannot be locked: {reason}", file=file, reason=error.strerror) from None
    _OURS[file] = descriptor, os.getpid()


def _locked(file: str) -> int:
    """Return a descriptor that has *file* locked; who looks whether somebody lives has it for a moment, and may sweep it away."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.stat(file).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def end(common_dir: str, run: str, *, settled: bool = True) -> None:
    """Take the mark of *run* away; a run that is not *settled* leaves it, unlocked, as a process that was killed does."""
    file = _file(common_dir, run)
    descriptor, process = _OURS.pop(file, (-1, -1))
    if process == os.getpid():
        if settled:
            with contextlib.suppress(OSError):
                os.unlink(file)
        os.close(descriptor)


def life(common_dir: str, run: str) -> Life:
    """Return whether the process of *run* lives."""
    file = _file(common_dir, run)
    if _OURS.get(file, (-1, -1))[1] == os.getpid():
        return Life.ALIVE
    if os.path.basename(run) != run or run in ("", ".", ".."):
        return Life.ELSEWHERE
    try:
        with open(file, "r+b") as opened:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return Life.ELSEWHERE
    except OSError:
        return Life.ALIVE
    return Life.GONE


def gone(common_dir: str) -> Iterator[str]:
    """Yield the files of runs whose processes are gone."""
    place = os.path.join(common_dir, "gitreg", _FOLDER)
    for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
        if "." not in name and life(common_dir, name) is Life.GONE:
            yield os.path.join(place, name)
