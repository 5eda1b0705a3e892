"""The records that differ between two states of a registry, read from the blobs that git says differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError
from gitreg.operations.events import Delta, ModelDelta
from gitreg.store import documents, layout
from gitreg.store.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitreg.store.snapshot import Snapshot

_DECODERS: dict[str, Any] = {
    "config": documents.decode_config,
    "card": documents.decode_card,
    "stages": documents.decode_stages,
    "manifest": documents.decode_manifest,
}


class FileChange(NamedTuple):
    """A file of the registry that differs: its blob before and after (None where it is absent), its path in the registry."""

    old: str | None
    new: str | None
    path: str


def delta(snapshot: Snapshot, files: Iterable[FileChange], *, lenient: bool = False) -> Delta:
    """Return what *files* mean, read through any *snapshot* of the repository; what is no record is passed over.

    Raises:
        InvalidError: a file is invalid on either side; where *lenient* is given it is left out instead.
    """
    parts: dict[str, dict[str, Any]] = {}
    config: tuple[Any, Any] = (None, None)
    for file in files:
        place = layout.place(file.path)
        if place.kind not in _DECODERS:
            continue
        try:
            pair = _record(snapshot, place.kind, file.old, f"(before) {file.path}"), _record(snapshot, place.kind, file.new, file.path)
        except InvalidError as error:
            if lenient and not isinstance(error, DamagedError):
                continue
            raise
        if place.kind == "config":
            config = pair
        elif place.kind == "manifest":
            parts.setdefault(place.model, {}).setdefault("manifests", {})[place.number] = pair
        else:
            parts.setdefault(place.model, {})[place.kind] = pair
    return Delta(tuple(ModelDelta(model, **facts) for model, facts in sorted(parts.items())), config)


def _record(snapshot: Snapshot, kind: str, blob: str | None, path: str) -> Any:
    return None if blob is None else snapshot.record_of(kind, blob, path, _DECODERS[kind])


def name_of(snapshot: Snapshot, commit: str, model: str, number: int) -> str:
    """Return the name of a version as *commit* has it; its number where the manifest is missing or invalid."""
    path = layout.manifest(model, number)
    found = snapshot.repo.reader.info(f"{commit}:{snapshot.prefix}{path}")
    try:
        return _record(snapshot, "manifest", found.id, path).version if found else str(number)
    except InvalidError:
        return str(number)
