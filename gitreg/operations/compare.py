"""Two versions side by side: metrics with direction, params, artifacts by digest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitreg.records import Artifact, MetricRule, ModelCard, ModelVersion


def compared(a: ModelVersion, b: ModelVersion, card: ModelCard | None) -> dict[str, Any]:
    """Return the JSON of ``gitreg compare``; which way a metric is better is what *card* (of b's model) says, where it can be read."""
    rules = card.metrics if card else {}
    return {
        "a": a.id,
        "b": b.id,
        "metrics": {name: _metric(a.metrics.get(name), b.metrics.get(name), rules.get(name)) for name in {**a.metrics, **b.metrics}},
        "params": {name: {"a": a.params.get(name), "b": b.params.get(name), "same": _same(name, a.params, b.params)} for name in {**a.params, **b.params}},
        "artifacts": {name: _artifact(a.artifacts.get(name), b.artifacts.get(name)) for name in {**a.artifacts, **b.artifacts}},
    }


def _same(name: str, a: dict[str, Any], b: dict[str, Any]) -> bool:
    return name in a and name in b and a[name] == b[name]


def _metric(a: float | None, b: float | None, rule: MetricRule | None) -> dict[str, Any]:
    """Return both values, ``b - a``, and which one is better: null where that is unknown or one is missing."""
    difference = None if a is None or b is None else b - a
    return {"a": a, "b": b, "difference": difference, "better": _better(difference, rule)}


def _better(difference: float | None, rule: MetricRule | None) -> str | None:
    if difference is None or rule is None or rule.better is None:
        return None
    if abs(difference) <= rule.tolerance:
        return "same"
    return "b" if (difference > 0) == (rule.better == "higher") else "a"


def _artifact(a: Artifact | None, b: Artifact | None) -> dict[str, Any]:
    """Return what identifies each (digest, else address), and whether they are the same bytes: null if unknown."""
    same = None
    if a and b:
        same = a.sha256 == b.sha256 if a.sha256 and b.sha256 else (True if a == b else None)
    return {"a": a and (a.sha256 or a.uri), "b": b and (b.sha256 or b.uri), "same": same}
