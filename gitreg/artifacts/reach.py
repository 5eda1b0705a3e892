"""What a piece of work reaches artifacts through: the registry around it, and the stores that it opened, each once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from gitreg.artifacts import places, remote, s3, shelves
from gitreg.artifacts.systems import System
from gitreg.errors import UsageError

if TYPE_CHECKING:
    from gitreg.artifacts.places import Around
    from gitreg.artifacts.store import Store
    from gitreg.store.snapshot import Snapshot


class Systems:
    """The file systems of one piece of work: each is opened once."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], System] = {}
        self._turn = threading.Lock()

    def of(self, uri: str) -> System:
        """Return the system that keeps *uri*.

        Raises:
            UsageError: its protocol is not followed.
        """
        why = places.problem(uri)
        if why:
            raise UsageError("{uri} is not followed: {why}", uri=uri, why=why)
        protocol = places.protocol_of(uri) or ""
        host = uri.partition("://")[2].partition("/")[0] if protocol in _BY_HOST else ""
        kind = s3.S3 if protocol in _S3 else System
        with self._turn:
            if (protocol, host) not in self._open:
                self._open[protocol, host] = kind(protocol, host)
            return self._open[protocol, host]


_BY_HOST = ("sftp", "ssh", "hdfs", "webhdfs")
_S3 = ("s3", "s3a")


class Reach(NamedTuple):
    """The registry around, and the systems that are open."""

    near: Around
    systems: Systems

    def store(self, address: str) -> Store:
        """Return the store at *address*, an absolute path or the address of another system."""
        protocol = places.protocol_of(address)
        if protocol is None:
            return shelves.Shelves(address, self.near.root)
        system = self.systems.of(address)
        return s3.Bucket(address, system) if isinstance(system, s3.S3) else remote.Remote(address, system)


def reach_of(snapshot: Snapshot) -> Reach:
    """Return what artifacts of *snapshot* are reached through."""
    return Reach(places.around(snapshot), Systems())
