"""Versions of one model side by side: metrics, parameters, artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.records import alike
from gitreg.web.facts import shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.records import ModelCard, ModelVersion
    from gitreg.web.scene import Scene

_USUAL = 2  # versions that are compared where nobody said which
MOST = 20  # columns: more of them nobody can read


def comparison(scene: Scene, name: str, numbers: Sequence[int] = ()) -> dict[str, Any]:
    """Return versions of a model side by side, *numbers* or the holder of the last stage and the latest.

    ``all`` are the versions to choose from; where the pages are files it holds what is compared of each, for a script.

    Raises:
        NotFoundError: there is no such version.
        InvalidError: a file of the model is invalid.
    """
    snapshot = scene.snapshot
    card = snapshot.card(name)
    every = snapshot.versions(name)
    wanted = list(dict.fromkeys(numbers))[:MOST] or _usual(scene, name, len(every))
    chosen = [snapshot.version(name, number) for number in wanted]
    return {
        "registry": scene.name, "commit": shared.last_commit(scene, name), "name": name, "stages": list(scene.stages),
        "numbers": wanted, **side_by_side(chosen, card), "all": [_choice(version) if scene.live else _compared(version) for version in reversed(every)],
        "rules": {metric: rule.better for metric, rule in card.metrics.items()},
    }  # fmt: skip


def _usual(scene: Scene, name: str, count: int) -> list[int]:
    latest = scene.snapshot.latest(name) or count
    found = [number for number in (shared.goal(scene.snapshot, name, scene.stages), latest, count, count - 1, count - 2) if number and number > 0]
    return sorted(dict.fromkeys(found[:_USUAL] if len(set(found[:_USUAL])) == _USUAL else list(dict.fromkeys(found))[:_USUAL]))


def side_by_side(versions: Sequence[ModelVersion], card: ModelCard) -> dict[str, Any]:
    """Return by field the value of each version, in their order; null where it has none."""
    return {
        "versions": [_choice(version) for version in versions],
        "metrics": _metrics(versions, card),
        "params": _rows([dict(version.params) for version in versions]),
        "artifacts": _rows([_artifacts(version) for version in versions]),
        "links": _rows([{name: link.uri for name, link in version.links.items()} for version in versions]),
    }


def _metrics(versions: Sequence[ModelVersion], card: ModelCard) -> dict[str, Any]:
    found = _rows([dict(version.metrics) for version in versions])
    for name, row in found.items():
        rule = card.metrics.get(name)
        known = [value for value in row["values"] if value is not None]
        best = (max if rule.better == "higher" else min)(known) if rule and rule.better and not row["same"] else None
        row |= {"better": rule.better if rule else None, "best": best}
    return found


def _rows(columns: list[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: {"values": (values := [column.get(name) for column in columns]), "same": all(alike(value, values[0]) for value in values)} for name in names}


def _artifacts(version: ModelVersion) -> dict[str, str]:
    """Return what identifies each artifact: its digest, else its address."""
    return {name: each.sha256 or each.md5 or each.uri for name, each in version.artifacts.items()}


def _choice(version: ModelVersion) -> dict[str, Any]:
    return {"number": version.number, "version": version.version, "stage": version.stage, "status": "yanked" if version.yanked else version.status, "created_at": version.created_at}


def _compared(version: ModelVersion) -> dict[str, Any]:
    return {**_choice(version), "metrics": dict(version.metrics), "params": dict(version.params), "artifacts": _artifacts(version), "links": {name: link.uri for name, link in version.links.items()}}
