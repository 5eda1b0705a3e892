"""The last answers of indexes, in the person's cache folder: a file an address, found by its digest, whole or not at all.

They may be deleted at any time. What is cut short, or somebody else's, is no answer.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from threading import get_ident
from typing import NamedTuple

import msgspec

from gitreg.errors import BusyError
from gitreg.store import cachefolder


class Last(NamedTuple):
    """An answer that was kept: its body, its ETag, and when it was heard or confirmed last, in seconds since 1970 by the disk's clock."""

    etag: str
    body: bytes
    at: float


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    etag: str
    sha256: str


class Kept:
    """The answers of the index at *base*; where the cache folder cannot be used, none are."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._folder: str | None = None

    def last(self, path: str) -> Last | None:
        """Return what was kept of the file at *path*, or None."""
        try:
            with open(self._place(path), "rb") as file:
                head, _, body = file.read().partition(b"\n")
                at = os.fstat(file.fileno()).st_mtime
            known = msgspec.json.decode(head, type=_Head)
        except (OSError, BusyError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return Last(known.etag, body, at) if known.url == self._base + path and known.sha256 == sha256(body).hexdigest() else None

    def keep(self, path: str, etag: str, body: bytes) -> None:
        """Keep an answer, instead of the one before it."""
        head = msgspec.json.encode(_Head(self._base + path, etag, sha256(body).hexdigest()))
        with contextlib.suppress(OSError, BusyError):
            place = self._place(path)
            part = f"{place}.{os.getpid()}-{get_ident()}.part"
            try:
                with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(head + b"\n" + body)
                os.replace(part, place)
            except OSError:
                os.unlink(part)
                raise

    def confirm(self, path: str, etag: str) -> bool:
        """Say that the server still says what has *etag*; False where something else is kept, which another process heard."""
        with contextlib.suppress(OSError, BusyError, msgspec.DecodeError, UnicodeDecodeError), open(self._place(path), "rb") as file:
            if msgspec.json.decode(file.readline(), type=_Head).etag != etag:
                return False
            os.utime(file.fileno())
        return True

    def forget(self, path: str) -> None:
        """Keep nothing of the file at *path*."""
        with contextlib.suppress(OSError, BusyError):
            os.unlink(self._place(path))

    def _place(self, path: str) -> str:
        """Return where the answer of *path* is kept.

        Raises:
            BusyError: the cache folder is somebody else's, or cannot be made.
        """
        if self._folder is None:
            folder = os.path.join(cachefolder.own(), "index")
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            self._folder = folder
        return os.path.join(self._folder, sha256((self._base + path).encode()).hexdigest())
