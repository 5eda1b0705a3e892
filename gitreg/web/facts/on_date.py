"""What was in which stage on a date."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from gitreg import times
from gitreg.errors import UsageError
from gitreg.records import committed_at
from gitreg.web.past import Past

if TYPE_CHECKING:
    from gitreg.web.scene import Scene

_NEVER = "9999"


def on_date(scene: Scene, date: str | None = None) -> dict[str, Any]:
    """Return who held what on a *date*, as ``--at`` takes it: a bare day means its end, UTC; without one, now.

    ``moves`` are all changes of a holder, oldest first, for the page of a site, which looks a date up itself: from when on it
    counts, model, stage, number, the version's name, when and by whom.

    Raises:
        UsageError: there is no such day or time, or *date* is none.
    """
    asked = _moment(date) if date else None
    since = _counting(scene.past)
    last = len(since) if asked is None else bisect_right(since, asked)
    past = scene.past if last == len(since) else Past(scene.past.commit, scene.past.events[:last])
    models = [{"name": name, "stages": {stage: spell and _held(spell) for stage, spell in held.items()}} for name, held in _boards(scene, past)]
    return {
        "registry": scene.name, "date": date, "moment": asked, "stages": list(scene.stages), "before": asked is not None and last == 0,
        "whole": past.whole, "first": scene.past.events[0].at if scene.past.events else None, "models": models, "moves": None if scene.live else _moves(scene.past, since),
    }  # fmt: skip


def _moment(date: str) -> str:
    moment = times.moment(date)
    if moment is None:
        raise UsageError("{text!r} is not a date: it is written 2026-11-22 or 2026-11-22T07:24:31Z", text=date)
    return committed_at(moment.astimezone(UTC))


def _counting(past: Past) -> list[str]:
    """Return from when on each event counts: clocks lie, and the newest commit that is not later than a date has all before it."""
    return list(accumulate((event.at or _NEVER for event in reversed(past.events)), min))[::-1]


def _boards(scene: Scene, past: Past) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name in past.models():
        holders = past.holders(name)
        if holders:
            found.append((name, {stage: holders.get(stage) for stage in dict.fromkeys([*scene.stages, *holders])}))
    return found


def _held(spell: Any) -> dict[str, Any]:
    return {"number": spell.number, "version": spell.version, "since": spell.at, "by": spell.by}


def _moves(past: Past, since: list[str]) -> list[list[Any]]:
    moved = (pair for pair in zip(since, past.events, strict=True) if pair[1].event in ("promoted", "cleared"))
    return [[counts, event.model, event.stage, event.number, event.version, event.at, event.by] for counts, event in moved]
