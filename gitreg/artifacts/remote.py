"""A store at any address of fsspec: written under a name of its own, read back, and only then moved to its digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

from gitreg.artifacts import parallel, places
from gitreg.artifacts.store import Kept
from gitreg.errors import BusyError, ConflictError, GitregError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitreg.artifacts.landing import Wanted
    from gitreg.artifacts.meter import Told
    from gitreg.artifacts.systems import System


class Remote:
    """Keeps files below an address; see :class:`~gitreg.artifacts.store.Store`.

    A file that broke off is sent again from its beginning; of a folder, only the files that are missing.
    """

    def __init__(self, address: str, system: System) -> None:
        self._address, self._system = address, system

    def uri(self, sha256: str) -> str:
        """Return the address of what has this digest."""
        return f"{self._address}/{places.key(sha256)}"

    def keep(self, wanted: Sequence[Wanted], told: Told) -> Kept:
        """See :class:`~gitreg.artifacts.store.Store`."""
        once = list({each.sha256: each for each in wanted}.values())
        done = parallel.mapped(lambda each: self._one(each, told), once, parallel.WAITING)
        return sum(done, Kept())

    def _one(self, each: Wanted, told: Told) -> Kept:
        final = self._system.path(self.uri(each.sha256))
        if self._system.size(final) == each.size:
            told(each.size)
            return Kept(there=each.size)
        return self._sent(final, each, told)

    def _sent(self, final: str, each: Wanted, told: Told) -> Kept:
        """Send what is not there to the path *final*, and see that it is right."""
        part = self._system.path(f"{self._address}/parts/{each.sha256}-{uuid4().hex}")
        digest = hashlib.sha256()

        def passing() -> Iterator[bytes | memoryview]:
            for block in each.source.blocks():
                digest.update(block)
                yield block
                told(len(block))

        try:
            self._system.write(part, passing())
            if digest.hexdigest() != each.sha256:
                raise ConflictError("{name} changed while it was copied", name=each.name, hint="wait until nothing writes to it, and do it again")
            self._verified(part, each)
            self._system.move(part, final)
        except GitregError:
            self._system.remove(part)
            raise
        if self._system.size(final) != each.size:
            raise BusyError("{uri} is not there although it was written", uri=self.uri(each.sha256))
        return Kept(sent=each.size)

    def _verified(self, part: str, each: Wanted) -> None:
        digest = hashlib.sha256()
        for block in self._system.blocks(part):
            digest.update(block)
        if digest.hexdigest() != each.sha256:
            raise BusyError("{name} arrived at the store as something else", name=each.name)
