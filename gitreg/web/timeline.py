"""Who held which stage from when to when, as a drawing made on the server: a lane a stage, time from left to right."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gitreg import names
from gitreg.web.drawing import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.web.links import Links

_LANE, _BAR = 30, 20  # how high a stage's lane is, and a bar in it
_LEFT, _RIGHT, _END = 120, 1132, 1160  # where time begins, where the last thing happened, where what goes on is drawn to
_SHORTEST, _LETTER = 3, 8  # how wide a bar is at least, and about what a letter takes
_ROOM = 24  # of a bar that has room for a text


def timeline(spells: Sequence[dict[str, Any]], stages: Sequence[str], links: Links, model: str, until: str | None) -> Markup:
    """Return the drawing of *spells*, up to the last thing that happened; nothing where the history that is here knows no times."""
    known = [spell for spell in spells if spell["from"]]
    if not known:
        return Markup("")
    start = min(spell["from"] for spell in known)
    end = max([until or start, *(spell["until"] or spell["from"] for spell in known)])
    scale = (_RIGHT - _LEFT) / max(_seconds(end) - _seconds(start), 60)
    lanes = list(dict.fromkeys([*reversed(stages), *(spell["stage"] for spell in known)]))
    parts = [_lane(lane, index) for index, lane in enumerate(lanes)]
    for spell in known:
        left, right = (_LEFT + (_seconds(at) - _seconds(start)) * scale if at else _END for at in (spell["from"], spell["until"]))
        parts.append(_bar(spell, (left, max(right - left, _SHORTEST)), lanes.index(spell["stage"]) * _LANE + 5, links.version(model, spell["number"])))
    height = len(lanes) * _LANE + 24
    days = Markup('<text class="small" x="%d" y="%d">%s</text><text class="small" text-anchor="end" x="%d" y="%d">%s</text>')
    whole = Markup('<svg class="timeline" viewBox="0 0 %d %d" width="%d" height="%d" role="group" aria-label="Who held which stage">%s%s</svg>')
    said = days % (_LEFT, height - 4, start[:10], _END, height - 4, end[:10] if end[:10] != start[:10] else "")
    return whole % (_END + 4, height, _END + 4, height, Markup("").join(parts), said)


def _lane(stage: str, index: int) -> Markup:
    drawn = Markup('<text class="lane" x="0" y="%d">%s</text><path class="rule" d="M%d %dH%d"/>')
    return drawn % (index * _LANE + 20, cut(stage, 16), _LEFT, (index + 1) * _LANE, _END)


def _bar(spell: dict[str, Any], across: tuple[float, float], y: int, href: str) -> Markup:
    left, width = across
    name = str(spell["version"] or spell["number"])
    text = Markup('<text x="%.1f" y="%d">%s</text>') % (left + 5, y + 14, cut(name, int(width // _LETTER))) if width > _ROOM else Markup("")
    drawn = Markup('<a href="%s"><g class="spell%s"><title>%s</title><rect x="%.1f" y="%d" width="%.1f" height="%d" rx="3"/>%s</g></a>')
    return drawn % (href, "" if spell["until"] else " now", names.shown(_about(spell)), left, y, width, _BAR, text)


def _about(spell: dict[str, Any]) -> str:
    """Return what is said where one stays on a bar."""
    named = "" if spell["version"] in (None, str(spell["number"])) else f" ({spell['version']})"
    until = f" until {spell['until']}" if spell["until"] else ""
    by = f", by {spell['by']}" if spell["by"] else ""
    return f"{spell['number']}{named} in {spell['stage']} from {spell['from']}{until}{by}" + (f": {spell['reason']}" if spell["reason"] else "")


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
