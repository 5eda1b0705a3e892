"""The folder that gitreg has beside git's files, and how what was written survives a power cut: the library's only calls of fsync."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

_MANY = 500  # files: from there on all of the system is synced at once, which a disk does faster than one by one


def sync(path: str) -> None:
    """Make the content of a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(paths: list[str]) -> None:
    """Make many files and folders survive a power cut. Linux' ``sync`` waits until everything is on the disk; others may not."""
    if len(paths) > _MANY and sys.platform == "linux":
        os.sync()
        return
    for path in paths:
        sync(path)


def put(path: str, data: bytes) -> None:
    """Put *data* in the place of a file that may be lost, whole or not at all; a link that is there is replaced, never followed.

    Raises:
        OSError: it cannot be written, and what was there is there still.
    """
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def content(path: str) -> bytes:
    """Return the bytes of a file of gitreg's own; of a pipe that somebody put there none, instead of waiting.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        return file.read() or b""


def own_folder(common_dir: str) -> str:
    """Return the folder in the git common dir where gitreg keeps what is its own, made where it is missing."""
    own = os.path.join(common_dir, "gitreg")
    try:
        os.mkdir(own)
    except FileExistsError:
        return own
    os.chmod(own, _mode(common_dir))
    return own


def _mode(common_dir: str) -> int:
    """Return who may do what in this repository: git itself has set it on ``objects``, for a shared one too."""
    return os.stat(os.path.join(common_dir, "objects")).st_mode & 0o7777


def file_mode(common_dir: str) -> int:
    """Return the mode of a file of gitreg's own in the git common dir."""
    return _mode(common_dir) & 0o666 | 0o600
