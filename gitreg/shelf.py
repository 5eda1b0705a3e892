"""The manifests that a draft holds: at hand while they are few, on disk from then on. Whoever asks sees no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gitreg.errors import UsageError
from gitreg.records import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.scratch import Scratch

AT_HAND = 256  # manifests
_TABLES = (
    "CREATE TABLE manifests (model TEXT, number INTEGER, data BLOB, PRIMARY KEY (model, number)) WITHOUT ROWID",
    "CREATE TABLE names (model TEXT, name TEXT, number INTEGER, PRIMARY KEY (model, name)) WITHOUT ROWID",
)
_DECODER = msgspec.msgpack.Decoder(Manifest)


class Shelf:
    """Manifests by model and number, the last one put under a number counts; found by name as well."""

    def __init__(self) -> None:
        self._near: dict[str, dict[int, Manifest]] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._room = AT_HAND
        self._models = set[str]()
        self._far: Scratch | None = None

    def __bool__(self) -> bool:
        return bool(self._models)

    def put(self, model: str, manifest: Manifest) -> None:
        """Keep a *manifest* of *model*.

        Raises:
            UsageError: it holds something that no file of a registry can.
            BusyError: there is no room on disk.
        """
        if self._room == 0:
            self._set_aside()
        self._room -= 1
        self._models.add(model)
        self._near.setdefault(model, {})[manifest.number] = manifest
        self._names[model, manifest.version] = manifest.number

    def _set_aside(self) -> None:
        if self._far is None:
            from gitreg.scratch import Scratch

            self._far = Scratch(*_TABLES)
        rows = ((model, number, _encoded(manifest)) for model, made in self._near.items() for number, manifest in made.items())
        self._far.write("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?)", rows)
        self._far.write("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", ((*key, number) for key, number in self._names.items()))
        self._near, self._names, self._room = {}, {}, AT_HAND

    def get(self, model: str, number: int) -> Manifest | None:
        """Return the manifest of version *number* of *model*, or None where none was put."""
        near = self._near.get(model, {}).get(number)
        if near is not None or self._far is None or model not in self._models:
            return near
        row = self._far.one("SELECT data FROM manifests WHERE model = ? AND number = ?", model, number)
        return _DECODER.decode(row[0]) if row else None

    def named(self, model: str, name: str) -> int | None:
        """Return the number of the version of *model* with this *name*, or None where none was put."""
        near = self._names.get((model, name))
        if near is not None or self._far is None or model not in self._models:
            return near
        row = self._far.one("SELECT number FROM names WHERE model = ? AND name = ?", model, name)
        return row[0] if row else None

    def models(self) -> tuple[str, ...]:
        """Return the models of which there is a manifest, sorted."""
        return tuple(sorted(self._models))

    def of(self, model: str) -> Iterator[Manifest]:
        """Yield the manifests of *model* by number; nothing is put meanwhile."""
        if self._far is None:
            yield from (manifest for _, manifest in sorted(self._near.get(model, {}).items()))
            return
        if self._near:
            self._set_aside()
        for row in self._far.rows("SELECT data FROM manifests WHERE model = ? ORDER BY number", model):
            yield _DECODER.decode(row[0])


def _encoded(manifest: Manifest) -> bytes:
    try:
        return msgspec.msgpack.encode(manifest)
    except OverflowError:
        raise UsageError("version {number}: a number does not fit into 64 bits: give it as text", number=manifest.number) from None
    except UnicodeEncodeError:
        raise UsageError("version {number}: a text holds half a surrogate pair, which no file can hold", number=manifest.number) from None
