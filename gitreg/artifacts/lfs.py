"""Pointers of Git LFS: a text of three lines in the place of a file, that names its digest and size."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

LONGEST = 1024  # bytes: a longer file is no pointer, says the specification
_START = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER = re.compile(rb"(?:ext-[0-9]-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n")


class LfsPointer(NamedTuple):
    """The digest and the size in bytes of the file that a pointer stands for."""

    sha256: str
    size: int


def pointer(data: bytes) -> LfsPointer | None:
    """Return what the pointer *data* stands for, or None where it is no pointer."""
    if not data.startswith(_START) or len(data) >= LONGEST:
        return None
    match = _POINTER.fullmatch(data, len(_START))
    return LfsPointer(match[1].decode(), int(match[2])) if match else None


def object_of(path: str, pointed: LfsPointer) -> str | None:
    """Return where the repository around *path* keeps the bytes, or None where they were not fetched."""
    folder = _common_dir(os.path.dirname(os.path.abspath(path)))
    if folder is None:
        return None
    place = os.path.join(folder, "lfs", "objects", pointed.sha256[:2], pointed.sha256[2:4], pointed.sha256)
    return place if os.path.isfile(place) and os.path.getsize(place) == pointed.size else None


def _common_dir(folder: str) -> str | None:
    """Return the git folder that all worktrees of the repository around *folder* share."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    git_dir = os.path.join(folder, ".git")
    if os.path.isfile(git_dir):  # a linked worktree
        git_dir = os.path.join(folder, _line(git_dir).removeprefix("gitdir: "))
    common = _line(os.path.join(git_dir, "commondir"))
    return os.path.normpath(os.path.join(git_dir, common)) if common else git_dir


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).rstrip("\n")
    except OSError:
        return ""
