"""The curves as pictures: lines over logarithmic axes, in colours that show on light and on dark paper; the same figures make the same bytes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 40, 48  # margins
_LINE = 16  # pixels between two names beside each other
_COLOURS = ("#0a7cba", "#d55e00", "#009e73", "#b4659a", "#b38600", "#7a7a7a", "#4d6fd1")
_GREY = "#808080"


class Chart(NamedTuple):
    """A picture: its title, what its axes say, and the lines by name."""

    title: str
    across: str
    up: str
    lines: Mapping[str, Points]


def charts(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the pictures of a curve by file name; a curve that is best told as a table has none."""
    return {f"{name}.svg": drawn(_CHARTS[name](rows))} if name in _CHARTS else {}


def _versions(rows: Sequence[dict[str, Any]]) -> Chart:
    return Chart("Versions of one model", "versions", "times the smallest", _jobs(rows, "versions"))


def _models(rows: Sequence[dict[str, Any]]) -> Chart:
    return Chart("Models, without namespaces", "models", "times the smallest", _jobs([row for row in rows if not row["namespaces"]], "models"))


def _jobs(rows: Sequence[dict[str, Any]], across: str) -> dict[str, Points]:
    return {job: [(row[across], row["jobs"][job]["times"]) for row in rows] for job in rows[0]["jobs"]}


def _push(rows: Sequence[dict[str, Any]]) -> Chart:
    crowds = [row for row in rows if "gitreg" in row]
    return Chart("Clones that push to one branch", "clones", "writes a second, in all", {kind: [(row["clones"], row[kind]["a_second"]) for row in crowds] for kind in ("gitreg", "git")})


_CHARTS: dict[str, Callable[[Sequence[dict[str, Any]]], Chart]] = {"versions": _versions, "models": _models, "push": _push}


# -- drawing ------------------------------------------------------------------------------------------------


class _Axis(NamedTuple):
    """A logarithmic axis: values *low* to *high* lie at pixels *start* to *end*."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Powers of ten, and 2 and 5 times them where the axis is short."""
        steps = (1,) if self.high / self.low > 200 else (1, 2, 5)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [step * 10.0**power for power in powers for step in steps if self.low <= step * 10.0**power <= self.high]


def drawn(chart: Chart) -> str:
    """Return the picture as SVG."""
    return "\n".join(_elements(chart)) + "\n"


def _elements(chart: Chart) -> Iterator[str]:
    across, up = _axes(chart)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="12" fill="{_GREY}">'
    yield f"<title>{chart.title}: {chart.up} over {chart.across}</title>"
    yield f'<text x="{_LEFT}" y="20" font-size="14" font-weight="bold">{chart.title}: {chart.up}</text>'
    yield from (_tick(across.at(value), value, upright=True) for value in sorted({x for points in chart.lines.values() for x, _ in points}))
    yield from (_tick(up.at(value), value, upright=False) for value in up.ticks())
    yield f'<text x="{(across.start + across.end) / 2:g}" y="{_HEIGHT - 10}" text-anchor="middle">{chart.across}</text>'
    places = _spread({name: up.at(points[-1][1]) for name, points in chart.lines.items()})
    for (name, points), colour in zip(chart.lines.items(), _COLOURS, strict=False):
        spots = [(across.at(x), up.at(y)) for x, y in points]
        yield f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x:g},{y:g}" for x, y in spots)}"/>'
        yield from (f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{colour}"/>' for x, y in spots)
        yield f'<text x="{across.end + 10:g}" y="{places[name] + 4:g}" fill="{colour}">{name}</text>'
    yield "</svg>"


def _axes(chart: Chart) -> tuple[_Axis, _Axis]:
    """Return the axes that all points fit between, with a little room above and below."""
    xs, ys = zip(*(point for points in chart.lines.values() for point in points), strict=True)
    return _Axis(min(xs), max(*xs, 2 * min(xs)), _LEFT, _WIDTH - _RIGHT), _Axis(min(ys) / 1.3, max(ys) * 1.3, _HEIGHT - _BOTTOM, _TOP)


def _tick(place: float, value: float, *, upright: bool) -> str:
    """Return a line of the grid, and what it stands for."""
    if upright:
        line, text = f'x1="{place:g}" y1="{_TOP}" x2="{place:g}" y2="{_HEIGHT - _BOTTOM}"', f'x="{place:g}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle"'
    else:
        line, text = f'x1="{_LEFT}" y1="{place:g}" x2="{_WIDTH - _RIGHT}" y2="{place:g}"', f'x="{_LEFT - 8}" y="{place + 4:g}" text-anchor="end"'
    return f'<line {line} stroke="{_GREY}" stroke-opacity="0.3"/><text {text}>{value:,g}</text>'


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """Return where the names of lines stand: as near to their ends as they can without touching."""
    found: dict[str, float] = {}
    lowest = math.inf
    for name in sorted(places, key=lambda name: -places[name]):  # from the bottom of the picture up
        lowest = found[name] = min(places[name], lowest - _LINE)
    return found
