"""What more than one page says: who holds a stage, which metric counts, what waits to be promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitreg.records import Event, Manifest, ModelCard, ModelVersion
    from gitreg.view import View
    from gitreg.web.past import Spell
    from gitreg.web.scene import Scene


def holder(version: Manifest, spell: Spell | None) -> dict[str, Any]:
    """Return who holds a stage; since when, and who put it there, where the history that is here tells."""
    known = spell is not None and spell.number == version.number
    return {"number": version.number, "version": version.version, "since": spell.at if spell and known else None, "by": spell.by if spell and known else None}


def board(scene: Scene, model: str) -> dict[str, dict[str, Any] | None]:
    """Return by stage who holds it, None where it is vacant.

    Raises:
        InvalidError: a file of the model is invalid.
    """
    snapshot, spells = scene.snapshot, scene.past.holders(model)
    stages = snapshot.stages(model)
    held = {stage: stages.pointer(stage).number for stage in scene.stages}
    return {stage: holder(snapshot.manifest(model, number), spells.get(stage)) if number else None for stage, number in held.items()}


def metric(card: ModelCard, version: Manifest) -> dict[str, Any] | None:
    """Return the metric that counts: the first that the model's card names, else the version's first."""
    name = next((name for name in (*card.metrics, *version.metrics) if name in version.metrics), None)
    if name is None:
        return None
    rule = card.metrics.get(name)
    return {"name": name, "value": version.metrics[name], "better": rule.better if rule else None, "number": version.number}


def waiting(scene: Scene, held: Mapping[str, dict[str, Any] | None], latest: Manifest | None) -> dict[str, Any] | None:
    """Return the version that waits for the last stage: what holds the nearest earlier one and is newer, else the latest if nothing newer holds any."""
    *earlier, last = scene.stages
    goal = (held[last] or {}).get("number", 0)
    for stage in reversed(earlier):
        found = held[stage]
        if found and found["number"] > goal:
            return {"number": found["number"], "version": found["version"], "stage": stage, "for": last}
    if latest and latest.number > max((each["number"] for each in held.values() if each), default=0):
        return {"number": latest.number, "version": latest.version, "stage": None, "for": last}
    return None


def told(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return events as their JSON, each with its sentence."""
    from gitreg.operations.events import sentence

    return [{**event.as_dict(), "text": sentence(event)} for event in events]


def row(version: ModelVersion) -> dict[str, Any]:
    """Return a version's row in a table."""
    return {
        "number": version.number, "version": version.version, "stage": version.stage, "status": "yanked" if version.yanked else version.status,
        "created_at": version.created_at, "created_by": version.created_by, "description": version.description, "tags": list(version.tags),
        "metrics": dict(version.metrics),
    }  # fmt: skip


def last_commit(scene: Scene, model: str) -> str | None:
    """Return the last commit that changed *model*, which says of a page what it shows, and does not change with other models."""
    events = scene.past.of(model)
    return events[-1].commit if events else None


def goal(view: View, model: str, stages: tuple[str, ...]) -> int | None:
    """Return the holder of the last stage."""
    return view.stages(model).pointer(stages[-1]).number
