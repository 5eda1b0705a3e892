"""A store in a folder of this machine, or of a disk that is mounted here."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING
from uuid import uuid4

from gitreg.artifacts import landing, places
from gitreg.artifacts.store import Kept
from gitreg.errors import BusyError, ConflictError
from gitreg.store.disk import sync_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.artifacts.landing import Wanted
    from gitreg.artifacts.meter import Told

_SMALL = 1 << 20  # bytes: smaller ones are synced many at once, and not resumed one by one
_AT_ONCE = 2000
_READ_ONLY = 0o444
_ABANDONED = 24 * 60 * 60  # seconds without a byte: nobody goes on with it


class Shelves:
    """Keeps files below a folder; see :class:`~gitreg.artifacts.store.Store`. What is on its way lies in ``parts``."""

    def __init__(self, folder: str, root: str | None) -> None:
        self._folder, self._root = folder, root

    def uri(self, sha256: str) -> str:
        """Return a path relative to the repository inside it, else a ``file://`` address."""
        return places.address(self._path(sha256), self._root)

    def keep(self, wanted: Sequence[Wanted], told: Told) -> Kept:
        """See :class:`~gitreg.artifacts.store.Store`."""
        self._swept({each.sha256 for each in wanted})
        small = [each for each in wanted if each.size <= _SMALL]
        kept = Kept()
        for at in range(0, len(small), _AT_ONCE):
            kept += self._many(small[at : at + _AT_ONCE], told)
        for each in wanted:
            if each.size > _SMALL:
                kept += self._one(each, told)
        return kept

    def _swept(self, wanted: set[str]) -> None:
        """Remove what killed uploads left, but for what is *wanted*: that goes on where it was."""
        try:
            left = sorted(set(os.listdir(self._part(""))) - wanted)
            now = _now(self._part(uuid4().hex)) if left else 0.0
        except OSError:
            return
        for name in left:
            landing.dropped(self._part(name), now - _ABANDONED)

    def _path(self, sha256: str) -> str:
        return os.path.join(self._folder, places.key(sha256))

    def _part(self, name: str) -> str:
        return os.path.join(self._folder, "parts", name)

    def _one(self, each: Wanted, told: Told) -> Kept:
        final = self._path(each.sha256)
        if landing.right(final, each.sha256, each.size):
            told(each.size)
            return Kept(there=each.size)
        sent = landing.landed(each, self._part(each.sha256), final, mode=_READ_ONLY, told=told)
        return Kept(sent, each.size - sent)

    def _many(self, wanted: Sequence[Wanted], told: Told) -> Kept:
        """Write small files under names of their own, make all of them durable at once, and only then give them their names."""
        missing = {each.sha256: each for each in wanted if not landing.right(self._path(each.sha256), each.sha256, each.size)}
        parts = {self._part(f"{sha256}-{uuid4().hex}"): each for sha256, each in missing.items()}
        try:
            for folder in {os.path.dirname(path) for path in (*parts, *map(self._path, missing))}:
                os.makedirs(folder, exist_ok=True)
            for part, each in parts.items():
                _written(part, each)
                told(each.size)
            sync_all(list(parts))
            for part, each in parts.items():
                os.replace(part, self._path(each.sha256))
            sync_all(sorted({os.path.dirname(self._path(sha256)) for sha256 in missing}))
        except OSError as error:
            raise BusyError("{path}: {reason}", path=error.filename or self._folder, reason=error.strerror or str(error)) from None
        finally:
            for part in parts:
                with contextlib.suppress(OSError):
                    os.unlink(part)
        sent = sum(each.size for each in missing.values())
        return Kept(sent, sum(each.size for each in wanted) - sent)


def _now(path: str) -> float:
    """Return the time by the clock of a disk, which may be another machine's; *path* is a new file there for a moment."""
    with open(path, "xb") as file:
        os.unlink(path)
        return os.fstat(file.fileno()).st_mtime


def _written(part: str, each: Wanted) -> None:
    data = b"".join(each.source.blocks())
    with open(part, "xb") as file:
        file.write(data)
        os.fchmod(file.fileno(), _READ_ONLY)
    with open(part, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != each.sha256:
            raise ConflictError("{name} changed while it was copied", name=each.name, hint="wait until nothing writes to it, and do it again")
