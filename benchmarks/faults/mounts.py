"""File systems of our own, in a private mount namespace: nobody else sees them, and they go with the process that made them."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.faults.trial import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLONE_NEWNS = 0x00020000
_PATIENCE = 20.0  # seconds until the last process has let go of a mount


def needs(*programs: str) -> None:
    """Refuse to go on without root and *programs*.

    Raises:
        MissingError: says which.
    """
    if os.geteuid() != 0:
        raise MissingError("needs root, to mount")
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        raise MissingError(f"{', '.join(absent)} is not installed")


def private() -> None:
    """Give this process a mount namespace of its own.

    Raises:
        MissingError: it may not have one.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise MissingError(f"a private mount namespace is not allowed here: {os.strerror(ctypes.get_errno())}")
    run("mount", "--make-rprivate", "/")


def run(*command: str) -> None:
    """Run a command of mount's kind.

    Raises:
        MissingError: it is not allowed here.
    """
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"{command[0]} is not allowed here: {done.stderr.strip()}")


@contextmanager
def memory(at: Path, size: str) -> Iterator[None]:
    """Mount so much memory at *at*."""
    at.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at))
    try:
        yield
    finally:
        unmount(at)


def unmount(at: Path) -> None:
    """Unmount *at*, as soon as nobody uses it."""
    deadline = time.monotonic() + _PATIENCE
    while subprocess.run(["umount", str(at)], check=False, capture_output=True).returncode:
        if time.monotonic() > deadline:
            run("umount", "-l", str(at))
            return
        time.sleep(0.01)
