"""The records that differ between two states of a registry, read from the blobs that git says differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError
from gitreg.operations.events import Delta, ModelDelta
from gitreg.store import decoded, layout
from gitreg.store.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.store.snapshot import Snapshot


class FileChange(NamedTuple):
    """A file of the registry that differs: its blob before and after (None where it is absent), its path in the registry."""

    old: str | None
    new: str | None
    path: str


def delta(snapshot: Snapshot, files: Iterable[FileChange], *, lenient: bool = False, streamed: bool = False) -> Delta:
    """Return what *files* mean, read through any *snapshot* of the repository; what is no record is passed over.

    Where *streamed* is given manifests are read when they are looked at, each time, and not kept.

    Raises:
        InvalidError: a file is invalid on either side; where *lenient* is given it is ``unread`` instead.
    """
    parts: dict[str, dict[str, Any]] = {}
    unread: list[str] = []
    config: tuple[Any, Any] = (None, None)
    for file in files:
        place = layout.place(file.path)
        if place.kind not in decoded.KINDS:
            continue
        if streamed and place.kind == "manifest":
            parts.setdefault(place.model, {}).setdefault("manifests", _Streamed(snapshot, lenient)).files[place.number] = file
            continue
        pair = _pair(snapshot, place.kind, file, lenient)
        if pair is None:
            unread.append(file.path)
            continue
        if place.kind == "config":
            config = pair
        elif place.kind == "manifest":
            parts.setdefault(place.model, {}).setdefault("manifests", {})[place.number] = pair
        else:
            parts.setdefault(place.model, {})[place.kind] = pair
    return Delta(tuple(ModelDelta(model, **facts) for model, facts in sorted(parts.items())), config, tuple(sorted(unread)))


class _Streamed:
    """Manifests that differ, by number, each read when its turn comes."""

    def __init__(self, snapshot: Snapshot, lenient: bool) -> None:
        self._snapshot, self._lenient = snapshot, lenient
        self.files: dict[int, FileChange] = {}

    def items(self) -> Iterator[tuple[int, tuple[Any, Any]]]:
        for number in sorted(self.files):
            pair = _pair(self._snapshot, "manifest", self.files[number], self._lenient, keep=False)
            if pair:
                yield number, pair


def _pair(snapshot: Snapshot, kind: str, file: FileChange, lenient: bool, *, keep: bool = True) -> tuple[Any, Any] | None:
    """Return the record before and after; None where a file is invalid and *lenient* is given, but pointers that were count as empty then."""
    try:
        now = _record(snapshot, kind, file.new, file.path, keep=keep)
        try:
            return _record(snapshot, kind, file.old, f"(before) {file.path}", keep=keep), now
        except InvalidError as error:
            if lenient and kind == "stages" and not isinstance(error, DamagedError):
                return None, now
            raise
    except InvalidError as error:
        if lenient and not isinstance(error, DamagedError):
            return None
        raise


def _record(snapshot: Snapshot, kind: str, blob: str | None, path: str, *, keep: bool = True) -> Any:
    return None if blob is None else snapshot.record_of(kind, blob, path, keep=keep)


def name_of(snapshot: Snapshot, commit: str, model: str, number: int) -> str:
    """Return the name of a version as *commit* has it; its number where the manifest is missing or invalid."""
    path = layout.manifest(model, number)
    found = snapshot.repo.reader.info(f"{commit}:{snapshot.prefix}{path}")
    try:
        return _record(snapshot, "manifest", found.id, path).version if found else str(number)
    except InvalidError:
        return str(number)
