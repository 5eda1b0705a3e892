"""Records by git id, decoded at most once: in memory for this process, and on disk for the next one.

A record is known by its kind and its blob, a row of the board by the model's folder and ``gitreg.yaml``. What is on disk is
decoded as strictly as a file is, by types alone: nothing in it can be more than a record.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from gitreg.records import Config, Manifest, ModelCard, ModelSummary, Stages

if TYPE_CHECKING:
    from gitreg.store.diskcache import DiskCache

KINDS: dict[str, Any] = {"config": Config, "card": ModelCard, "stages": Stages, "manifest": Manifest}
MOST = 10_000  # records in memory
_WAITING = 2_000  # records that are written together
_LETTERS = {"config": b"c", "card": b"m", "stages": b"s", "manifest": b"v"}
_ROW = b"r"


def wanted() -> bool:
    """Tell whether the person lets gitreg keep what it found out for the next process."""
    return os.environ.get("GITREG_CACHE") != "0"


def _disk(common_dir: str) -> DiskCache:
    from gitreg.store.diskcache import DiskCache

    return DiskCache(common_dir)


def make_room(kept: dict[Any, Any], most: int) -> None:
    """Let the oldest tenth go where there are *most*. The keys are listed in one step: other threads put in and take out meanwhile."""
    if len(kept) >= most:
        for key in list(kept)[: max(most // 10, 1)]:
            kept.pop(key, None)


class Row(msgspec.Struct, array_like=True):
    """A model's row of the board; ``summary`` is None where it was deleted."""

    model: str
    summary: ModelSummary | None


class Decoded:
    """The records that were decoded from one repository. *saves* tells whether the next process may know them too."""

    def __init__(self, common_dir: str) -> None:
        self.saves = True
        self._near: dict[bytes, Any] = {}
        self._waiting: dict[bytes, bytes] = {}
        self._disk = _disk(common_dir) if wanted() else None

    def near(self, kind: str, blob: str) -> Any | None:
        """Return the record of *kind* in *blob* if it is in memory."""
        return self._near.get(_LETTERS[kind] + bytes.fromhex(blob))

    def record(self, kind: str, blob: str) -> Any | None:
        """Return the record of *kind* in *blob* if it is known."""
        known = self.near(kind, blob)
        if known is None:
            self.bring(kind, [blob])
            known = self.near(kind, blob)
        return known

    def records(self, kind: str, blobs: list[str]) -> dict[str, Any]:
        """Return those records of *kind* that are known, by blob; what is only on disk is not kept in memory."""
        keys = {_LETTERS[kind] + bytes.fromhex(blob): blob for blob in blobs}
        return {keys[key]: record for key, record in self._many(list(keys), KINDS[kind])}

    def bring(self, kind: str, blobs: list[str]) -> list[str]:
        """Bring those records of *kind* into memory that are known, and return the blobs of the others."""
        keys = {_LETTERS[kind] + bytes.fromhex(blob): blob for blob in blobs}
        for key, record in self._many([key for key in keys if key not in self._near], KINDS[kind]):
            self._put(key, record)
        return [blob for key, blob in keys.items() if key not in self._near]

    def keep(self, kind: str, blob: str, record: Any) -> None:
        """Keep a *record*, in memory too."""
        self._keep(_LETTERS[kind] + bytes.fromhex(blob), record)

    def rows(self, config: str, trees: list[str]) -> dict[str, Row]:
        """Return by folder the known rows of the board, as they are under this *config*."""
        keys = {_ROW + bytes.fromhex(tree + config): tree for tree in trees}
        return {keys[key]: row for key, row in self._many(list(keys), Row)}

    def keep_row(self, config: str, tree: str, row: Row) -> None:
        """Keep a row of the board, in memory too."""
        self._keep(_ROW + bytes.fromhex(tree + config), row)

    def aside(self) -> Passing:
        """Return the same for one pass over very many records, none of which is kept."""
        return Passing(self)

    def flush(self) -> None:
        """Write what waits to be written."""
        waiting, self._waiting = self._waiting, {}
        if waiting and self.saves and self._disk is not None:
            self._disk.keep(waiting.copy())  # at once: another thread may still be putting one in

    def close(self) -> None:
        """Write what waits, and close the file; what is asked next opens it again."""
        self.flush()
        if self._disk is not None:
            self._disk.close()

    def _many(self, keys: list[bytes], kind: Any) -> list[tuple[bytes, Any]]:
        near = self._near
        found = [(key, near[key]) for key in keys if key in near]
        if self._disk is not None and len(found) < len(keys):
            decoder = msgspec.msgpack.Decoder(kind)
            known = self._disk.find([key for key in keys if key not in near])
            found += [(key, record) for key, data in known.items() if (record := _decoded(decoder, data)) is not None]
        return found

    def _put(self, key: bytes, record: Any) -> None:
        make_room(self._near, MOST)
        self._near[key] = record

    def _keep(self, key: bytes, record: Any) -> None:
        """Keep a record, which waits as it is now: its maps can change, and what the next process is told cannot be what somebody did to them."""
        self._put(key, record)
        data = _encoded(record) if self.saves and self._disk is not None else None
        if data is not None:
            self._waiting[key] = data
            if len(self._waiting) >= _WAITING:
                self.flush()


class Passing:
    """The same records, for one pass over very many: what is decoded on the way is kept by nobody."""

    saves = False

    def __init__(self, known: Decoded) -> None:
        self._known = known
        self.records, self.rows = known.records, known.rows

    def record(self, kind: str, blob: str) -> Any | None:
        """Return the record of *kind* in *blob* if it is known in this process: asking the disk takes as long as decoding, one by one."""
        return self._known.near(kind, blob)

    def aside(self) -> Passing:
        """Return this: it keeps nothing."""
        return self

    def bring(self, kind: str, blobs: list[str]) -> list[str]:
        """Return the blobs of the records of *kind* that are not in memory."""
        return [blob for blob in blobs if self.record(kind, blob) is None]

    def keep(self, kind: str, blob: str, record: Any) -> None:
        """Let it go."""

    def keep_row(self, config: str, tree: str, row: Row) -> None:
        """Let it go."""

    def close(self) -> None:
        """Nothing waits."""


def _decoded(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any | None:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):  # of another gitreg
        return None


def _encoded(record: Any) -> bytes | None:
    try:
        return msgspec.msgpack.encode(record)
    except (OverflowError, UnicodeEncodeError):  # an integer, or a text, that this form cannot hold
        return None
