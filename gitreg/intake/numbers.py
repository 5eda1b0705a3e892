"""Metrics from a file: nested maps of numbers, by dotted names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from gitreg.errors import InvalidError
from gitreg.intake import documents, files
from gitreg.store.codec import DEEPEST
from gitreg.store.explain import dotted

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from gitreg.intake.documents import Document
    from gitreg.store.codec import Path

LONGEST = 100  # characters of a name
MOST = 10_000


def read(path: str | os.PathLike[str]) -> dict[str, int | float]:
    """Return the metrics in a file; see :func:`gitreg.intake.metrics`."""
    return of(documents.read(path))


def of(document: Document) -> dict[str, int | float]:
    """Return the metrics in a document.

    Raises:
        InvalidError: something in it is no finite number, or two numbers have one name; file, line and field are named.
    """
    if not isinstance(document.value, dict):
        files.refuse(f"expected a map of metrics, found {seen(document.value)}: {files.UNDERSTOOD}", document.path, 1)
    found: dict[str, int | float] = {}
    for start, part in _parts(document):
        for path, number in _leaves(document, part, start):
            name = ".".join(path[len(start) :])
            if found.setdefault(name, number) != number:
                refuse(document, path, f"{name[:LONGEST]!r} has another value above")
            if not 0 < len(name) <= LONGEST:
                refuse(document, path, f"the name of a metric has 1 to {LONGEST} characters, this one has {len(name)}")
    if len(found) > MOST:
        files.refuse(f"it holds {len(found):,} metrics, {MOST:,} are allowed", document.path)
    return found


def _parts(document: Document) -> Iterator[tuple[Path, Any]]:
    """Yield the maps of metrics in a document, with where they start: itself, or the files that DVC told of."""
    revisions = _of_dvc(document.value)
    if revisions is None:
        yield (), document.value
        return
    if len(revisions) > 1:
        named = ", ".join(name or "the workspace" for name in list(revisions)[:5])
        files.refuse(f"it holds the metrics of {len(revisions)} revisions ({named}), and a version has those of one", document.path)
    for revision, told in revisions.items():
        for name, file in told["data"].items():
            start = (revision, "data", name)
            if not isinstance(file, dict) or "data" not in file:
                refuse(document, start, f"DVC could not read these metrics: {seen(file)}")
            yield (*start, "data"), file["data"]


def _of_dvc(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return what ``dvc metrics show --json`` told by revision, or None where it is nothing of the kind."""
    if not value or not all(isinstance(told, dict) and set(told) == {"data"} and isinstance(told["data"], dict) for told in value.values()):
        return None
    inner = [file for told in value.values() for file in told["data"].values()]
    shaped = all(isinstance(file, dict) and (set(file) == {"data"} or "error" in file) for file in inner)
    return value if inner and shaped else None


def _leaves(document: Document, value: Any, path: Path) -> Iterator[tuple[tuple[str, ...], int | float]]:
    if isinstance(value, dict):
        if len(path) > DEEPEST:
            refuse(document, path, f"this is nested deeper than {DEEPEST} levels")
        for key, item in value.items():
            yield from _leaves(document, item, (*path, key))
    else:
        yield path, number(document, path, value)  # type: ignore[misc]


def number(document: Document, path: Path, value: Any) -> int | float:
    """Return *value*, which stands at *path* of a document, if it is a finite number.

    Raises:
        InvalidError: it is not; file, line and field are named.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(document, path, f"expected a number, found {seen(value)}: give what is no metric with --metadata", hint="gitreg register MODEL --metadata KEY=VALUE")
    if value - value != 0:
        refuse(document, path, f"{'NaN' if value != value else value} is not a finite number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        refuse(document, path, "this does not fit into 64 bits")
    return value


def refuse(document: Document, path: Path, problem: str, hint: str = files.HINT) -> NoReturn:
    """Refuse what stands at *path* of a document.

    Raises:
        InvalidError: always; file, line and field are named.
    """
    raise InvalidError(problem, path=document.path, line=document.line(path), field=dotted(path), hint=hint)


def seen(value: Any) -> str:
    """Return *value* as an error names it, cut to a length that a line holds."""
    words = {dict: "a map", list: "a list", type(None): "null", bool: str(value).lower()}
    return words.get(type(value)) or repr(value if not isinstance(value, str) or len(value) <= 60 else value[:59] + "…")
