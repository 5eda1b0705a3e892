"""Write many git objects as one pack, as they come: a file each would cost a sync and a name each.

The pack and its index are git's own formats (version 2 of both). Until the index has its final name git looks at
neither; what a crash leaves is called ``tmp_…``, and ``git gc`` removes it.
"""

from __future__ import annotations

import contextlib
import os
import struct
from hashlib import new as new_hash
from typing import TYPE_CHECKING
from zlib import compressobj, crc32

from gitreg.store.disk import sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_PLACE = struct.Struct(">IQ")  # behind an object's id: the checksum of its bytes in the pack, and where they start
_FAR = 1 << 31  # offsets from here on stand in a table of their own
_CHUNK = 1 << 16  # bytes


class PackWriter:
    """One pack that grows; :meth:`finish` returns when it would survive a power cut, :meth:`drop` leaves nothing of it.

    In memory stay the id, checksum and place of each object, 32 bytes, by the first byte of the id.
    """

    def __init__(self, objects: str, algorithm: str, mode: int) -> None:
        self._folder, self._algorithm, self._mode = os.path.join(objects, "pack"), algorithm, mode
        self._width = 32 if algorithm == "sha256" else 20
        self._known = [bytearray() for _ in range(256)]
        self._count = 0
        self._names = {kind: os.path.join(self._folder, f"tmp_{kind}_gitreg_{os.getpid()}_{os.urandom(6).hex()}") for kind in ("pack", "idx")}
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._folder, mode)
        self._file = self._opened("pack")
        self._at = self._file.write(b"PACK" + struct.pack(">II", 2, 0))

    def _opened(self, kind: str) -> BinaryIO:
        descriptor = os.open(self._names[kind], os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o444)
        if self._mode & 0o020:  # shared with a group, whatever this person's umask is
            os.fchmod(descriptor, self._mode & 0o444)
        return open(descriptor, "w+b", buffering=1 << 16)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never opened
            self.drop()

    def add(self, object_id: str, kind: str, size: int, parts: Iterable[bytes]) -> None:
        """Put an object of *size* bytes, given in *parts*, at the end of the pack, if it is not in it yet."""
        raw = bytes.fromhex(object_id)
        if self._holds(raw):
            return
        start, checksum = self._at, 0
        for piece in _entry(kind, size, parts):
            checksum = crc32(piece, checksum)
            self._at += self._file.write(piece)
        self._known[raw[0]] += raw + _PLACE.pack(checksum, start)
        self._count += 1

    def _holds(self, raw: bytes) -> bool:
        found = self._known[raw[0]].find(raw)
        return found >= 0 and found % (self._width + _PLACE.size) == 0

    def finish(self) -> None:
        """Put the pack and its index in place, durably."""
        checksum = self._sealed()
        index = self._opened("idx")
        with index:
            digest = new_hash(self._algorithm, usedforsecurity=False)
            for piece in (*self._index(), checksum):
                digest.update(piece)
                index.write(piece)
            index.write(digest.digest())
            index.flush()
            os.fsync(index.fileno())
        final = os.path.join(self._folder, f"pack-{checksum.hex()}")
        os.rename(self._names["pack"], f"{final}.pack")
        os.rename(self._names["idx"], f"{final}.idx")  # last: git looks for indexes
        sync(self._folder)

    def _sealed(self) -> bytes:
        """Write the number of objects at the start of the pack, and its checksum at the end."""
        with self._file as file:
            file.seek(8)
            file.write(struct.pack(">I", self._count))
            file.seek(0)
            digest = new_hash(self._algorithm, usedforsecurity=False)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            file.seek(0, os.SEEK_END)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        return digest.digest()

    def _index(self) -> Iterator[bytes]:
        """Yield the index but for its two checksums: how many ids start below each byte, the ids, then what is known of each."""
        width, size = self._width, self._width + _PLACE.size
        total, counts = 0, []
        for number, bucket in enumerate(self._known):
            self._known[number] = bytearray().join(sorted(bucket[at : at + size] for at in range(0, len(bucket), size)))
            total += len(bucket) // size
            counts.append(total)
        yield b"\377tOc" + struct.pack(">I", 2) + struct.pack(">256I", *counts)
        for bucket in self._known:
            yield b"".join(bucket[at : at + width] for at in range(0, len(bucket), size))
        for bucket in self._known:
            yield b"".join(bucket[at : at + 4] for at in range(width, len(bucket), size))
        far: list[int] = []
        for bucket in self._known:
            yield b"".join(_near(_PLACE.unpack_from(bucket, at)[1], far) for at in range(width, len(bucket), size))
        yield b"".join(struct.pack(">Q", offset) for offset in far)

    def drop(self) -> None:
        """Remove what was written, unless it is in place already; ``git gc`` removes what cannot be now."""
        with contextlib.suppress(OSError):  # what is buffered may not fit
            self._file.close()
        for name in self._names.values():
            with contextlib.suppress(OSError):
                os.unlink(name)


def _entry(kind: str, size: int, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an object as a pack holds it: its kind and size, seven bits a byte and four in the first, then its compressed bytes."""
    head, left = _KINDS[kind] << 4 | size & 15, size >> 4
    header = bytearray()
    while left:
        header.append(head | 128)
        head, left = left & 127, left >> 7
    header.append(head)
    packed = compressobj(1)
    start = bytes(header)
    for part in parts:
        piece = packed.compress(part)
        if piece:
            yield start + piece
            start = b""
    yield start + packed.flush()


def _near(offset: int, far: list[int]) -> bytes:
    """Return the four bytes that say where an object starts; one that does not fit goes to *far*."""
    if offset < _FAR:
        return struct.pack(">I", offset)
    far.append(offset)
    return struct.pack(">I", _FAR | len(far) - 1)
