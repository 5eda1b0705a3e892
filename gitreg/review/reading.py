"""The files of a registry as ``check`` reads them: each once, a few at a time, and of each only what the rules ask.

Strangers write these files. What is kept does not grow with how large a file is, lines are looked up for findings only, and
of a file with very many faults the first hundred are told.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError
from gitreg.records import Finding, Manifest, ModelCard
from gitreg.store import codec, documents, layout
from gitreg.store.trees import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from gitreg.store.layout import Place
    from gitreg.store.proven import Known
    from gitreg.store.reader import Object
    from gitreg.store.snapshot import Snapshot

MOST = 100  # faults of one file that are told one by one
REGULAR, EXECUTABLE = "100644", "100755"
_AT_ONCE = 32  # files in memory: none is larger than 1 MiB
_KINDS = {"config": "gitreg", "card": "model", "stages": "stages", "manifest": "manifest"}


class File(NamedTuple):
    """A file of the registry's tree, and what belongs at its path."""

    mode: str
    blob: str
    path: str
    place: Place


class Version(NamedTuple):
    """What is kept of a manifest: ``unfit`` says why it can hold no stage."""

    number: int
    name: str
    unfit: str | None


class Files:
    """The registry's files in one commit: what is there, and what of it was read. *listed* are all paths, where they are known."""

    def __init__(self, snapshot: Snapshot, listed: Collection[str] | None = None) -> None:
        self.snapshot = snapshot
        self.records: dict[str, Any] = {}
        self._listed = listed
        self._blobs: dict[str, str] = {}
        self._lines: tuple[str, dict[codec.Path, int]] = ("", {})

    def there(self, path: str) -> bool:
        """Tell whether something is at *path*."""
        return path in self._listed if self._listed is not None else self.at(path) is not None

    def at(self, path: str) -> File | None:
        """Return the file at *path*, by way of the folders above it."""
        folder, _, name = path.rpartition("/")
        if not folder:
            found = self.snapshot.blob_id(path)
            return File(REGULAR, found, path, layout.place(path)) if found else None
        entry = self.snapshot.tree(folder).get(name.encode())
        return File(entry.mode.decode(), entry.id, path, layout.place(path)) if entry and entry.mode != FOLDER else None

    def line(self, path: str, inside: codec.Path) -> int:
        """Return the line of a file that was read; the lines of the last one asked for are remembered."""
        blob = self._blobs[path]
        if self._lines[0] != blob:
            found = self.snapshot.repo.reader.read(blob, layout.LARGEST)
            self._lines = (blob, codec.lines(found.data) if found and found.data is not None else {})
        return codec.line_in(self._lines[1], inside)

    def versions(self, paths: Iterable[str]) -> dict[str, tuple[int, str, str | None]]:
        """Return by blob what is kept of the manifests at *paths*, all of which were sound."""
        return {self._blobs[path]: tuple(self.records[path]) for path in paths}

    def read(self, files: Iterable[File], before: Known | None = None) -> Iterator[Finding]:
        """Read every record once, and yield R01, R02 and R03 findings on the way; what is known of a manifest from *before* is taken as it is."""
        known = [file for file in files if file.mode in (REGULAR, EXECUTABLE) and file.place.kind in _KINDS and not self._remembered(file, before or {})]
        self.snapshot.repo.reader.ahead([file.blob for file in known])
        for start in range(0, len(known), _AT_ONCE):
            group = known[start : start + _AT_ONCE]
            objects = self.snapshot.repo.reader.read_many([file.blob for file in group], layout.LARGEST)
            for file, found in zip(group, objects, strict=True):
                yield from self._file(file, found)

    def _remembered(self, file: File, before: Known) -> bool:
        found = before.get(file.blob)
        if found is None or file.place.kind != "manifest" or found[0] != file.place.number:
            return False
        self._blobs[file.path], self.records[file.path] = file.blob, Version(*found)
        return True

    def _file(self, file: File, found: Object | None) -> Iterator[Finding]:
        if found is None:
            yield Finding(rule="R01", path=file.path, message="git has no such object: the repository is damaged", fix="git fsck")
            return
        self._blobs[file.path] = file.blob
        try:
            layout.checked_size(found.size, file.path)
            assert found.data is not None
            yield from self._document(file, found.data)
        except InvalidError as error:
            yield _finding(error)

    def _document(self, file: File, data: bytes) -> Iterator[Finding]:
        kind = file.place.kind
        try:
            record = documents.DECODERS[kind](data, file.path)
        except InvalidError as error:
            yield from _faults(kind, data, file.path, error)
            return
        if not _printable(record):
            yield from _faults(kind, data, file.path, None)
            return
        self.records[file.path] = _kept(record)
        said, meant = {"card": ("name", file.place.model), "manifest": ("number", file.place.number)}.get(kind, ("", None))
        if said and getattr(record, said) != meant:
            yield Finding(rule="R03", path=file.path, line=self.line(file.path, (said,)), message=f"{said}: the path says {meant!r}, the file says {getattr(record, said)!r}")


def _printable(record: Any) -> bool:
    """Tell whether the names that a record's author chose can be shown; the types let others pass."""
    groups = (record.metrics, record.params, record.artifacts, record.links) if isinstance(record, Manifest) else (record.metrics, record.links) if isinstance(record, ModelCard) else ()
    return all(name.isprintable() for group in groups for name in group)


def _kept(record: Any) -> Any:
    if not isinstance(record, Manifest):
        return record
    return Version(record.number, record.version, None if record.usable else "is yanked" if record.yanked else f"is {record.status}")


def _faults(kind: str, data: bytes, path: str, error: InvalidError | None) -> Iterator[Finding]:
    """Yield each fault of a document that is not a record; *error* is what decoding said first."""
    value = codec.load(data, path)
    wrong = list(first(map(_finding, documents.located(_KINDS[kind], value, data, path))))
    yield from wrong or ([_finding(error)] if error else [])


def first(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the first findings of a file, and one that says so where there are more."""
    rest = iter(findings)
    last = None
    for last in islice(rest, MOST):
        yield last
    more = next(rest, None)
    if last and more:
        yield Finding(rule=more.rule, severity=more.severity, path=more.path, message=f"the first {MOST} faults of this file are named, there are more")


def _finding(error: InvalidError) -> Finding:
    field = f"{error.field}: " if error.field else ""
    return Finding(rule=error.rule or "R02", path=error.path, line=error.line, message=field + error.problem, fix=error.hint)
