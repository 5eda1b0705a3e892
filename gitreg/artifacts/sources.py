"""Where bytes come from: a file here, a store, a commit. All of them are read in blocks, from any place on."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from gitreg.errors import BusyError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.artifacts.systems import System

_BLOCK = 1 << 20


class Source(ABC):
    """Something that can be read from its beginning, or from any place on."""

    @abstractmethod
    def size(self) -> int | None:
        """Return how many bytes there are, -1 where nobody says before they are read, or None where there is nothing."""

    @abstractmethod
    def blocks(self, start: int = 0) -> Iterator[bytes | memoryview]:
        """Yield what there is from *start* on; a block is good until the next.

        Raises:
            NotFoundError: there is nothing.
            BusyError: it cannot be read.
        """


class File(Source):
    """A file of this machine."""

    def __init__(self, path: str) -> None:
        self.path = path

    def size(self) -> int | None:
        """See :meth:`Source.size`."""
        try:
            return os.stat(self.path).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def blocks(self, start: int = 0) -> Iterator[bytes | memoryview]:
        """See :meth:`Source.blocks`."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError("there is no file {path!r}", path=self.path) from None
        except OSError as error:
            raise BusyError("{path!r} cannot be read: {reason}", path=self.path, reason=error.strerror) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UsageError("{path!r} is no regular file", path=self.path)
            buffer = bytearray(min(_BLOCK, found.st_size + 1))
            view = memoryview(buffer)
            while count := os.preadv(descriptor, [buffer], start):
                yield view[:count]
                start += count
        finally:
            os.close(descriptor)


class Text(Source):
    """Bytes in memory: a listing, or a small file of a commit."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def size(self) -> int | None:
        """See :meth:`Source.size`."""
        return len(self.data)

    def blocks(self, start: int = 0) -> Iterator[bytes | memoryview]:
        """See :meth:`Source.blocks`."""
        if start < len(self.data):
            yield memoryview(self.data)[start:]


class Stored(Source):
    """A file of a store."""

    def __init__(self, system: System, uri: str) -> None:
        self.system, self.path = system, system.path(uri)

    def size(self) -> int | None:
        """See :meth:`Source.size`."""
        return self.system.size(self.path)

    def blocks(self, start: int = 0) -> Iterator[bytes | memoryview]:
        """See :meth:`Source.blocks`."""
        return self.system.blocks(self.path, start)
