"""Two versions side by side: metrics with direction, params, artifacts by digest, links, the run and its code. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.records import json_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.records import Artifact, Code, Environment, MetricRule, ModelCard, ModelVersion, Run

_CODE = ("repository", "commit", "dirty")
_RUN = ("id", "pipeline", "step", "started_at", "finished_at", "error")


def compared(a: ModelVersion, b: ModelVersion, card: ModelCard | None) -> dict[str, Any]:
    """Return the JSON of ``gitreg compare``; which way a metric is better is what *card* (of b's model) says, where it can be read.

    ``log`` of ``code`` is None: the commits between are for who has the repository.
    """
    rules = card.metrics if card else {}
    return {
        "a": a.id,
        "b": b.id,
        "metrics": {name: _metric(a.metrics.get(name), b.metrics.get(name), rules.get(name)) for name in {**a.metrics, **b.metrics}},
        "params": _pairs(a.params, b.params),
        "artifacts": {name: _artifact(a.artifacts.get(name), b.artifacts.get(name)) for name in {**a.artifacts, **b.artifacts}},
        "links": _pairs({name: link.uri for name, link in a.links.items()}, {name: link.uri for name, link in b.links.items()}),
        "run": _pairs(_run(a.run), _run(b.run)),
        "code": _code(a.run.code if a.run else None, b.run.code if b.run else None),
        "environment": _environment(a.run.environment if a.run else None, b.run.environment if b.run else None),
    }


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"a": a.get(name), "b": b.get(name), "same": name in a and name in b and a[name] == b[name]} for name in {**a, **b}}


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
        same = _same_bytes(a, b)
    return {"a": a and (a.sha256 or a.md5 or a.uri), "b": b and (b.sha256 or b.md5 or b.uri), "same": same}


def _same_bytes(a: Artifact, b: Artifact) -> bool | None:
    for one, other in ((a.sha256, b.sha256), (a.md5, b.md5)):
        if one and other:
            return one == other
    return True if a == b else None


def _run(run: Run | None) -> dict[str, Any]:
    """Return what is recorded of a run beside its code and environment."""
    found = {name: getattr(run, name) for name in _RUN} if run else {}
    if run and run.ci:
        found |= {"ci.url": run.ci.url, "ci.job": run.ci.job}
    return {name: value for name, value in found.items() if value is not None}


def _code(a: Code | None, b: Code | None) -> dict[str, Any]:
    """Return both commits, and whether the same code ran: null where a commit is unknown, or more than it ran."""
    same = None
    if a and b and a.commit and b.commit:
        same = False if a.commit != b.commit else None if a.dirty or b.dirty else True
    return {"a": _facts(a), "b": _facts(b), "same": same, "log": None}


def _facts(code: Code | None) -> dict[str, Any] | None:
    return {name: getattr(code, name) for name in _CODE} if code else None


def _environment(a: Environment | None, b: Environment | None) -> dict[str, Any]:
    """Return what differs between two environments by name: Python, the packages that were listed, the lock file by digest."""
    packages = _differing(a.packages if a else {}, b.packages if b else {})
    return {**_differing(_base(a), _base(b)), "packages": packages}


def _base(environment: Environment | None) -> dict[str, Any]:
    known = json_of(environment) if environment else {}
    found = {"python": known.get("python"), "lock": known.get("lock", {}).get("sha256")}
    return {name: value for name, value in found.items() if value is not None}


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    return {name: pair for name, pair in _pairs(a, b).items() if not pair["same"]}
