"""Digests of files and folders. Nothing is opened but to be hashed, and what changes meanwhile is refused."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from gitreg.artifacts import lfs, listing, parallel
from gitreg.artifacts.meter import meter, nobody
from gitreg.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.artifacts.meter import Told, Watch

BLOCK = 1 << 20
_SMALL = 1 << 18  # bytes: below, a thread of its own costs more than it gives
_ZEROS = bytes(BLOCK)
_WAIT = "wait until nothing writes to it, and do it again"


class Hashed(NamedTuple):
    """A file and what it holds. *path* is that in its folder; *source* is where its bytes lie, None if they are not on this machine."""

    path: str
    sha256: str
    size: int
    source: str | None


class Fingerprint(NamedTuple):
    """What identifies a file or folder: its ``sha256``, and its ``size`` in bytes; of a folder those of its listing, and the sum."""

    sha256: str
    size: int
    files: tuple[Hashed, ...]
    listing: bytes | None = None

    @property
    def fields(self) -> dict[str, object]:
        """What a manifest records of it."""
        return {"sha256": self.sha256, "size": self.size} | ({"folder": True} if self.listing is not None else {})

    @property
    def absent(self) -> str | None:
        """The first file of which a pointer is here and the bytes are not, or None."""
        return next((file.path for file in self.files if file.source is None), None)


def fingerprint(path: str, watch: Watch | None = None) -> Fingerprint:
    """Return what identifies a file or folder; a pointer of Git LFS counts as the file that it stands for.

    A folder's listing has a line ``<sha256>  <size>  <path>`` a file, sorted bytewise, ``/`` between.

    Raises:
        UsageError: the folder holds a link, which is never followed, or something cannot be read.
        ConflictError: a file changed while it was hashed.
    """
    try:
        if not os.path.isdir(path):
            told = meter(watch, "hashing", os.stat(path).st_size) if watch else nobody
            file = _hashed("", path, told)
            assert file
            return Fingerprint(file.sha256, file.size, (file,))
        return of_files(_hashed_all(path, watch))
    except OSError as error:
        raise UsageError("{path!r} cannot be read: {reason}", path=error.filename or path, reason=error.strerror) from None


def of_files(files: list[Hashed]) -> Fingerprint:
    """Return what identifies a folder of these *files*."""
    lines = dict(sorted((listing.line(file.sha256, file.size, file.path), file) for file in files))
    return Fingerprint(listing.digest(lines), sum(file.size for file in files), tuple(lines.values()), b"".join(lines))


def _hashed_all(top: str, watch: Watch | None) -> list[Hashed]:
    """Hash the files below *top*, the large ones in threads: a thread hashes without the others waiting, but opens a file with them waiting."""
    names = list(members(top))
    prefix = os.path.join(top, "")
    told = meter(watch, "hashing", sum(os.stat(prefix + name).st_size for name in names)) if watch else nobody
    files, large = [], []
    for name in names:
        found = _hashed(name, prefix + name, told, most=_SMALL)
        if found is None:
            large.append(name)
        else:
            files.append(found)
    files += filter(None, parallel.mapped(lambda name: _hashed(name, prefix + name, told), large, parallel.HASHING))
    if set(members(top)) != set(names):
        raise ConflictError("{path!r} changed while it was hashed", path=top, hint=_WAIT)
    return files


def members(top: str, below: str = "") -> Iterator[str]:
    """Yield the path of each file below the folder *top*.

    Raises:
        UsageError: there is something that is no regular file, or a name that a listing cannot hold.
    """
    with os.scandir(os.path.join(top, below)) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_file(follow_symlinks=False) and "\n" not in entry.name:
                yield name
            elif entry.is_symlink():
                raise UsageError("{path!r} is a link: a folder that is registered holds files only", path=os.path.join(top, name))
            elif entry.is_dir():
                yield from members(top, name)
            else:
                raise UsageError("{path!r} cannot be registered: a folder holds regular files, without line ends in their names", path=os.path.join(top, name))


def _hashed(name: str, path: str, told: Told, most: int | None = None) -> Hashed | None:
    """Return a file with what it holds, or None where it is larger than *most*."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for ever
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UsageError("{path!r} is no regular file", path=path)
        pointer = None
        if before.st_size <= _SMALL:
            data = os.read(descriptor, before.st_size + 1)
            digest, length, pointer = hashlib.sha256(data).hexdigest(), len(data), lfs.pointer(data)
            told(length)
        elif most is not None:
            return None
        else:
            digest, length = of_descriptor(descriptor, before.st_size, told)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if length != before.st_size or after.st_mtime_ns != before.st_mtime_ns or after.st_ctime_ns != before.st_ctime_ns:
        raise ConflictError("{path!r} changed while it was hashed", path=path, hint=_WAIT)
    if pointer:
        return Hashed(name, pointer.sha256, pointer.size, lfs.object_of(path, pointer))
    return Hashed(name, digest, length, path)


def of_descriptor(descriptor: int, size: int, told: Told = nobody) -> tuple[str, int]:
    """Return digest and length of what an open file holds; what a sparse file does not store is hashed without being read."""
    digest, at, buffer = hashlib.sha256(), 0, bytearray(BLOCK)
    view = memoryview(buffer)
    sparse = hasattr(os, "SEEK_DATA") and os.fstat(descriptor).st_blocks * 512 < size
    while True:
        if sparse:
            for hole in _hole(descriptor, at, size):
                digest.update(hole)
                at += len(hole)
                told(len(hole))
        count = os.preadv(descriptor, [buffer], at)
        if not count:
            return digest.hexdigest(), at
        digest.update(view[:count])
        at += count
        told(count)


def _hole(descriptor: int, at: int, size: int) -> Iterator[memoryview]:
    """Yield the zeros from *at* to where data begins."""
    try:
        data = os.lseek(descriptor, at, os.SEEK_DATA)
    except OSError:  # nothing but a hole from here to the end
        data = max(size, at)
    zeros = memoryview(_ZEROS)
    while at < data:
        yield zeros[: data - at]
        at += BLOCK
