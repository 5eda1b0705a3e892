"""One version: everything its manifest says, where it came from, where it has been, and how it differs from two others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.errors import InvalidError, NotFoundError
from gitreg.lineage.walk import lineage
from gitreg.operations.compare import compared
from gitreg.web.facts import shared

if TYPE_CHECKING:
    from gitreg.records import ModelVersion
    from gitreg.web.scene import Scene

_GENERATIONS = 2  # of parents in the drawing: more does not fit a page


def version(scene: Scene, name: str, number: int) -> dict[str, Any]:
    """Return what the page of a version says.

    Raises:
        NotFoundError: there is no such version.
        InvalidError: a file on the way is invalid.
    """
    snapshot = scene.snapshot
    found = snapshot.version(name, number)
    count = snapshot.count(name)
    return {
        "registry": scene.name, "commit": shared.last_commit(scene, name), "stages": list(scene.stages),
        "version": {field: value for field, value in found.as_dict().items() if field != "commit"},
        "usable": found.usable, "deleted": snapshot.card(name).deleted is not None,
        "previous": number - 1 or None, "next": number + 1 if number < count else None, "count": count,
        "spells": [spell.as_dict() for spell in scene.past.spells(name) if spell.number == number],
        "events": shared.told(reversed(scene.past.of_version(name, number))),
        "lineage": _lineage(scene, found),
        "comparisons": _comparisons(scene, found),
    }  # fmt: skip


def _lineage(scene: Scene, found: ModelVersion) -> dict[str, Any]:
    """Return what *found* was made of; where a file of a parent is invalid, *found* alone and the problem."""
    try:
        graph = {**lineage(scene.snapshot, found.id, depth=_GENERATIONS).as_dict(), "problem": None}
    except (InvalidError, NotFoundError) as error:
        graph = {"root": found.id, "downstream": False, "nodes": [], "edges": [], "cut": [], "problem": error.message}
    graph.pop("commit", None)
    return graph


def _comparisons(scene: Scene, found: ModelVersion) -> dict[str, Any]:
    """Return how *found* differs from who holds the last stage, and from the version before it, where these are others."""
    snapshot, card = scene.snapshot, scene.snapshot.card(found.model)
    others = {scene.stages[-1]: shared.goal(snapshot, found.model, scene.stages), "previous": found.number - 1 or None}
    told: dict[str, Any] = {}
    for name, number in others.items():
        if number and number != found.number and number not in {each["number"] for each in told.values()}:
            other = snapshot.version(found.model, number)
            told[name] = {"number": number, "version": other.version, **compared(other, found, card)}
    return told
