"""Bytes that arrive in a file of this machine: resumed where they broke off, read back, synced, and only then under their name."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from gitreg.artifacts import digest
from gitreg.artifacts.meter import nobody
from gitreg.errors import BusyError, ConflictError, GitregError
from gitreg.store.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.artifacts.meter import Told
    from gitreg.artifacts.sources import Source

_OPEN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_SMALL = 1 << 16  # bytes: read back without a thread


class Wanted(NamedTuple):
    """What must arrive: a source, and the digest and size that it has (-1 where no size is known)."""

    source: Source
    sha256: str
    size: int
    name: str


def right(path: str, sha256: str, size: int = -1) -> bool:
    """Tell whether *path* is a regular file of this digest; it is read, and a link is not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor).st_size
        return size in (-1, found) and digest.of_descriptor(descriptor, found) == (sha256, found)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def landed(wanted: Wanted, part: str, final: str, *, mode: int | None = None, told: Told = nobody) -> int:
    """Bring what is *wanted* to *final*, by way of *part*, and return how many bytes were read from its source.

    Who works on *part* holds it locked: two that bring the same bytes bring them once.

    Raises:
        ConflictError: the source holds something else.
        NotFoundError: there is no source.
        BusyError: it cannot be read, or *part* cannot be written.
    """
    try:
        os.makedirs(os.path.dirname(part), exist_ok=True)
        os.makedirs(os.path.dirname(final), exist_ok=True)
        with _taken(part) as descriptor:
            if right(final, wanted.sha256, wanted.size):
                os.unlink(part)
                return 0
            try:
                read = _filled(descriptor, wanted, told)
            except GitregError as error:
                if isinstance(error, ConflictError) or not os.fstat(descriptor).st_size:
                    os.unlink(part)
                raise
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
            os.replace(part, final)
        sync(os.path.dirname(final))
    except OSError as error:
        raise BusyError("{path}: {reason}", path=error.filename or part, reason=error.strerror or str(error)) from None
    return read


def dropped(part: str, before: float) -> None:
    """Remove *part* if nobody holds it, and nobody has written to it since *before*, a moment of its disk's clock."""
    with contextlib.suppress(OSError):
        if os.stat(part, follow_symlinks=False).st_mtime > before:
            return
        descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(descriptor, part):
                os.unlink(part)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _taken(part: str) -> Iterator[int]:
    """Open *part* and lock it; whoever waited for it opens it anew, for it may have got its name by now."""
    while True:
        descriptor = os.open(part, _OPEN, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _same(descriptor, part):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _same(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _filled(descriptor: int, wanted: Wanted, told: Told) -> int:
    """Append what is missing, and see that the whole is right; what was there from before may be something else, and is then brought anew."""
    before = os.fstat(descriptor).st_size
    if wanted.size != -1 and before > wanted.size:
        before = 0
        os.ftruncate(descriptor, 0)
    told(before)
    found, read = _appended(descriptor, wanted, before, told)
    if found != wanted.sha256 and before:
        os.ftruncate(descriptor, 0)
        told(-before)
        found, again = _appended(descriptor, wanted, 0, told)
        read += again
    if found != wanted.sha256:
        raise ConflictError("{name} is not what was registered: its digest is another", name=wanted.name)
    return read


def _appended(descriptor: int, wanted: Wanted, at: int, told: Told) -> tuple[str, int]:
    """Write the source from *at* on, and return the digest of the whole as it is read back, and how many bytes were written."""
    start = at
    with _read_back(descriptor, wanted.size) as behind:
        for block in wanted.source.blocks(at):
            if wanted.size != -1 and at + len(block) > wanted.size:
                raise ConflictError("{name} is not what was registered: it is larger", name=wanted.name)
            _written(descriptor, block, at)
            at += len(block)
            told(len(block))
            behind.upto(at)
    return behind.digest, at - start


def _written(descriptor: int, block: bytes | memoryview, at: int) -> None:
    view = memoryview(block)
    while view:
        count = os.pwrite(descriptor, view, at)
        view, at = view[count:], at + count


class _Behind:
    """Hashes a file as it was written, close behind who writes it: that takes a second core, and no second time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._digest = descriptor, hashlib.sha256()
        self._at, self._buffer = 0, bytearray()
        self.told: SimpleQueue[int | None] = SimpleQueue()
        self.digest = ""

    def upto(self, end: int) -> None:
        """Say that the file holds so many bytes now."""
        self.told.put(end)

    def work(self) -> None:
        """Hash what was told, until None is."""
        while (end := self.told.get()) is not None:
            self.hash(end)

    def hash(self, end: int) -> None:
        """Hash the file up to *end*."""
        self._buffer = self._buffer or bytearray(min(digest.BLOCK, max(end, 1)))
        while self._at < end:
            count = os.preadv(self._descriptor, [memoryview(self._buffer)[: end - self._at]], self._at)
            if not count:
                return
            self._digest.update(memoryview(self._buffer)[:count])
            self._at += count

    def finish(self) -> None:
        """Take the digest, after whatever stands behind the last word."""
        self.hash(os.fstat(self._descriptor).st_size)
        self.digest = self._digest.hexdigest()


@contextlib.contextmanager
def _read_back(descriptor: int, size: int) -> Iterator[_Behind]:
    behind = _Behind(descriptor)
    if 0 <= size <= _SMALL:
        yield behind
        behind.finish()
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, thread_name_prefix="gitreg-behind") as pool:
        working = pool.submit(behind.work)
        try:
            yield behind
        finally:
            behind.told.put(None)
        working.result()
    behind.finish()
