"""One model: its card, its versions, each metric over them, who held which stage from when to when, and what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.records import json_of
from gitreg.web.facts import shared

if TYPE_CHECKING:
    from gitreg.records import ModelCard, ModelVersion
    from gitreg.web.scene import Scene


def model(scene: Scene, name: str) -> dict[str, Any]:
    """Return what the page of a model says; versions and events stand newest first.

    Raises:
        NotFoundError: there is no such model.
        InvalidError: a file of it is invalid.
    """
    snapshot = scene.snapshot
    card = snapshot.card(name)
    versions = snapshot.versions(name)
    held = shared.board(scene, name)
    latest = next((version for version in reversed(versions) if version.usable), None)
    return {
        "registry": scene.name, "commit": shared.last_commit(scene, name), "name": name, "card": complete(card), "stages": held,
        "waiting": shared.waiting(scene, held, latest), "latest": {"number": latest.number, "version": latest.version} if latest else None,
        "versions": [shared.row(version) for version in reversed(versions)], "metrics": metrics(card, versions),
        "spells": [spell.as_dict() for spell in scene.past.spells(name)], "events": shared.told(reversed(scene.past.of(name))),
    }  # fmt: skip


def complete(card: ModelCard) -> dict[str, Any]:
    """Return a card as JSON with every field, the empty ones too."""
    known = json_of(card)
    empty: dict[str, Any] = {"tags": [], "metrics": {}, "links": {}, "deleted": None, "save_models_to_registry": True}
    return {field: known.get(field, empty.get(field, "")) for field in card.__struct_fields__}


def metrics(card: ModelCard, versions: tuple[ModelVersion, ...]) -> dict[str, Any]:
    """Return by metric which way it is better, and its value for each version that has it, by number; those of the card stand first."""
    found: dict[str, Any] = {}
    named = dict.fromkeys([*card.metrics, *(name for version in versions for name in version.metrics)])
    for name in named:
        rule = card.metrics.get(name)
        points = [[version.number, version.metrics[name]] for version in versions if name in version.metrics]
        if points:
            found[name] = {"better": rule.better if rule else None, "tolerance": rule.tolerance if rule else 0.0, "points": points}
    return found
