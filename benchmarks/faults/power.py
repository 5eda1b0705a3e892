"""The power is cut: ext4 in a file, shut down by its own ioctl without flushing its log, mounted again, and looked at."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import struct
import time
from typing import TYPE_CHECKING

from benchmarks.faults import look, mounts, processes, scenes, writers
from benchmarks.faults.trial import MissingError, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2  # EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's ext4.h
_SIZE = 64 << 20  # bytes
_LONGEST, _LONGER = 0.3, 0.6  # seconds until the cut, of small writes and of packs
_REST = 0.03  # seconds between two writes at most: what is acknowledged must not need the next write's syncs


def cut(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Cut the power while a registry is written to; in turn: one writer or two, a checkout or a bare repository, small writes or packs."""
    mounts.needs("mount", "umount", "mkfs.ext4")
    mounts.private()
    templates = {"bare": scenes.bare, "checkout": scenes.checkout}
    for kind, make in templates.items():
        make(folder / kind)
    image, disk = folder / "image", folder / "disk"
    with open(image, "wb") as file:
        file.truncate(_SIZE)
    mounts.run("mkfs.ext4", "-q", "-F", str(image))
    disk.mkdir()
    chance = random.Random(2)
    for number in range(effort.cuts):
        kind = ("bare", "checkout")[number % 2]
        packs = number % 12 >= 8
        crowd = writers.Crowd(1 + number // 2 % 2, _REST, fault, packs)
        yield _once(folder, kind, crowd, chance.uniform(0.03, _LONGER if packs else _LONGEST), number)


def _once(folder: Path, kind: str, crowd: writers.Crowd, after: float, number: int) -> Trial:
    disk, registry, notes = folder / "disk", folder / "disk" / "registry", folder / "notes"
    mount = ("mount", "-o", "loop,commit=600", str(folder / "image"), str(disk))
    mounts.run(*mount)
    try:
        shutil.rmtree(registry, ignore_errors=True)
        shutil.copytree(folder / kind, registry, symlinks=True)
        was = look.before(registry)
        os.sync()
        leader = writers.crowd(registry, notes, crowd, number)
        time.sleep(after)
        _shut_down(disk)
        processes.kill_session(leader)
        processes.ended(leader)
    finally:
        mounts.unmount(disk)
    mounts.run(*mount)
    try:
        found, acknowledged = writers.broken_promises(registry, notes, was)
    finally:
        mounts.unmount(disk)
        notes.unlink(missing_ok=True)
    return Trial(f"{kind}, {crowd.writers} writers, {'packs, ' * crowd.packs}{acknowledged} acknowledged, cut {number}", found)


def _shut_down(disk: Path) -> None:
    """Cut the power of the file system at *disk*: what it has not written yet is gone."""
    folder = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
    except OSError as error:
        raise MissingError(f"this file system cannot be shut down: {error.strerror}") from None
    finally:
        os.close(folder)
