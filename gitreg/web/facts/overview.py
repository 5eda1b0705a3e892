"""All models and stages: who holds what since when, the metric that counts, what waits to be promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg import names
from gitreg.errors import InvalidError, NotFoundError, UsageError
from gitreg.web.facts import shared

if TYPE_CHECKING:
    from gitreg.web.scene import Scene


def overview(scene: Scene) -> dict[str, Any]:
    """Return what the first page says. A model whose files are invalid is named with what is wrong, and the others are there.

    Raises:
        InvalidError: ``gitreg.yaml`` is invalid, or the repository is damaged.
    """
    models, unreadable = [], []
    for model in scene.snapshot.in_turn(scene.snapshot.model_names()):
        try:
            names.model_name(model)
            found = _row(scene, model)
        except (InvalidError, NotFoundError, UsageError) as error:
            unreadable.append({"model": model, "problem": error.message})
        else:
            models += [found] if found else []
    last = scene.past.events[-1] if scene.past.events else None
    return {
        "registry": scene.name, "commit": scene.snapshot.commit, "changed_at": last.at if last else None, "stages": list(scene.stages),
        "versions": sum(model["versions"] for model in models), "models": models, "unreadable": unreadable,
    }  # fmt: skip


def _row(scene: Scene, model: str) -> dict[str, Any] | None:
    snapshot = scene.snapshot
    card = snapshot.card(model)
    if card.deleted:
        return None
    held = shared.board(scene, model)
    number = snapshot.latest(model)
    latest = snapshot.manifest(model, number) if number else None
    goal = held[scene.stages[-1]]
    main = snapshot.manifest(model, goal["number"]) if goal else latest
    events = scene.past.of(model)
    return {
        "name": model, "description": card.description, "tags": list(card.tags), "versions": snapshot.count(model),
        "latest": {"number": latest.number, "version": latest.version} if latest else None,
        "stages": held, "metric": shared.metric(card, main) if main else None,
        "waiting": shared.waiting(scene, held, latest), "changed_at": events[-1].at if events else None,
    }  # fmt: skip
