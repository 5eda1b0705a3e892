"""The files of an index (format 1): where each lies, what it says, and that it says nothing else. No I/O.

A version's file is called by its selector, ``models/iris@production.json``. No segment of a model's name may hold an ``@``,
so that no two files, and no file and folder, ever want one name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from gitreg import names
from gitreg.records import ModelCard, ModelSummary, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
COVER, BOARD = "index.json", "models.json"
LARGEST, LARGEST_BOARD = 4 << 20, 64 << 20  # bytes: a manifest of 1 MiB as YAML may be more as JSON; a row of the board is some 130
_VACANT = {"id", "model", "number", "version", "stage"}

T = TypeVar("T")


class StrangeError(ValueError):
    """What was read is not what a file of an index says."""


class Cover(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``index.json``: that this is an index, of which format, and the registry's stages in order. It changes with these alone."""

    gitreg: str
    format: int
    stages: tuple[str, ...]


class Holder(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version by its number and name."""

    number: int
    version: str


class About(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``models/MODEL@.json``: the model's card, how many versions there are, the latest one, and who holds each stage."""

    name: str
    versions: int
    latest: Holder | None
    stages: dict[str, Holder | None]
    card: ModelCard


def about(model: str) -> str:
    """Return the path of what is said of *model*."""
    return f"models/{model}@.json"


def version(model: str, what: str) -> str:
    """Return the path of the version that ``MODEL@WHAT`` names: *what* is a stage, or ``latest``."""
    return f"models/{model}@{what}.json"


def of(model: str, stages: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of all files of *model*, in the order in which they are written."""
    return (*(version(model, stage) for stage in stages), version(model, names.LATEST), about(model))


# -- what they say ----------------------------------------------------------------------------------------


def encoded(facts: Any) -> bytes:
    """Return *facts* as a file: one line of JSON."""
    return msgspec.json.encode(facts) + b"\n"


def version_facts(model: str, what: str, found: ModelVersion | None) -> dict[str, Any]:
    """Return the JSON of ``gitreg show``, its ``commit`` null; where nobody holds the stage, the fields that name a version are null.

    The commit that was read is left out: it would change every file with every commit.
    """
    if found is None:
        return {"id": None, "model": model, "number": None, "version": None, "stage": what if what != names.LATEST else None}
    return {**found.as_dict(), "commit": None}


def read_version(data: bytes, model: str, what: str) -> ModelVersion | None:
    """Return the version that a file says ``MODEL@WHAT`` is, or None where it says that nobody holds the stage.

    Raises:
        StrangeError: it says something else.
    """
    facts = _decoded(data, dict[str, Any])
    stage = None if what == names.LATEST else what
    if facts.get("number", 0) is None:
        if facts != dict.fromkeys(_VACANT) | {"model": model, "stage": stage}:
            raise StrangeError
        return None
    named = facts.pop("id", None)
    try:
        found = msgspec.convert(facts, ModelVersion)
    except (msgspec.ValidationError, RecursionError):
        raise StrangeError from None
    if found.model != model or named != found.id or (stage is not None and found.stage != stage) or not found.usable or found.commit is not None:
        raise StrangeError
    return found


def read_about(data: bytes, model: str) -> About:
    """Return what a file says of *model*.

    Raises:
        StrangeError: it is about another one, or says something else.
    """
    found = _decoded(data, About)
    if found.name != model or found.card.name != model or found.card.deleted:
        raise StrangeError
    return found


def read_cover(data: bytes) -> Cover:
    """Return what the first file of an index says.

    Raises:
        StrangeError: it is none, or one of another format.
    """
    found = _decoded(data, Cover)
    if found.gitreg != "index" or found.format != FORMAT or any(names.stage_name_problem(stage) for stage in found.stages):
        raise StrangeError
    return found


def read_board(data: bytes) -> tuple[ModelSummary, ...]:
    """Return the rows of all models.

    Raises:
        StrangeError: it says something else.
    """
    rows = _decoded(data, tuple[ModelSummary, ...])
    if not all(names.is_model_name(row.name) for row in rows):
        raise StrangeError
    return rows


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise StrangeError from None
