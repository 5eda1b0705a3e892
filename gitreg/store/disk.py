"""Make what was written survive a power cut. The library's only calls of fsync."""

from __future__ import annotations

import os
import sys

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
