"""Values that the next process is to know, each a file with a checksum, in the git common dir.

Whoever keeps one sees to it that it cannot be out of date: it is about a commit or a tree, by its id. It may be deleted at any time; a file that is
damaged, truncated or foreign is a miss, and one that cannot be written is no error. ``GITREG_CACHE=0`` turns all of it off.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec

from gitreg.store import decoded, disk

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUM = 4  # bytes
_STRANGE = rb"[^A-Za-z0-9._-]|^\.+"  # whatever a value is called, and on any disk


class Kept:
    """Values by name in a folder of gitreg's own; they are written where it *saves*."""

    def __init__(self, common_dir: str, *folders: str, saves: bool) -> None:
        self._common_dir, self._folders = common_dir, folders
        self._used = decoded.wanted()
        self.saves = saves and self._used

    def read(self, name: str, kind: Any) -> Any:
        """Return what is kept under *name*, a value of that *kind*, or None."""
        if not self._used:
            return None
        try:
            data = disk.content(os.path.join(self._common_dir, "gitreg", *self._folders, _file(name)))
            return msgspec.msgpack.decode(data[_SUM:], type=kind) if _sum(name, data[_SUM:]) == data[:_SUM] else None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def write(self, values: Mapping[str, Any]) -> None:
        """Keep *values* by name."""
        if not self.saves:
            return
        with contextlib.suppress(OSError):
            folder = os.path.join(disk.own_folder(self._common_dir), *self._folders)
            for name, value in values.items():
                file, data = os.path.join(folder, _file(name)), msgspec.msgpack.encode(value)
                os.makedirs(os.path.dirname(file), exist_ok=True)
                disk.put(file, _sum(name, data) + data)


def _file(name: str) -> str:
    """Return the path of a value's file: a folder for each slash, so that no part of it is too long."""
    parts = (re.sub(_STRANGE, lambda match: match[0].hex("%").encode(), os.fsencode(part)) for part in f"{name}.msgpack".split("/"))
    return os.path.join(*map(os.fsdecode, parts))


def _sum(name: str, data: bytes) -> bytes:
    return crc32(data, crc32(os.fsencode(name))).to_bytes(_SUM, "big")
