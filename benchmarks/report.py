"""The figures as Markdown and JSON, and the place in the documentation that shows them."""

# ruff: noqa: RUF001 - the typographic signs are meant
from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from benchmarks import machine, pages
from benchmarks.clock import Samples, median, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.bars import Bar
    from benchmarks.sides import Row

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(_ROOT, "docs", "explanation", "performance.md")
TABLES = ("reads", "scaling", "reviews", "crowds", "index", "runs", "artifacts", "dashboard")  # of promises, beside the first one
DATA = os.path.join(_ROOT, "benchmarks", "results.json")
_COMMAND = "python -m benchmarks"


def bar_record(bar: Bar) -> dict[str, Any]:
    """Return what was found of a promise: the median of the ratios of pairs, and the medians themselves."""
    bottom = bar.bottom
    if bar.beside:
        bottom = {turn: 1.3 * bar.bottom[turn] + bar.beside[turn] for turn in bar.bottom.keys() & bar.beside.keys()}
    found = ratio(bar.top, bottom)
    return {"name": bar.name, "most": bar.most, "ratio": found, "met": found <= bar.most, "ms": _ms(bar.top), "against_ms": _ms(bottom), "n": len(bar.top), "unit": bar.unit}


def row_record(row: Row) -> dict[str, Any]:
    """Return a job's medians by contender, and each one's time as a multiple of gitreg's."""
    ours = row.samples.get("gitreg")
    found = {name: {"ms": _ms(samples), "times": ratio(samples, ours) if ours else None, "n": len(samples)} for name, samples in row.samples.items()}
    return {"job": row.job, "size": str(row.shape), "mode": row.mode, "contenders": found, "missing": row.missing}


def _ms(samples: Samples) -> float:
    return median(samples) * 1000


def markdown(results: dict[str, Any]) -> str:
    """Return all of *results* for a person."""
    tables = [line for name in TABLES for line in ["", *_promises(results.get(name) or ())]]
    return "\n".join([f"Measured on: {machine.line(results['machine'])}.", "", *_bars(results["bars"], results["imported"]), *tables, "", *_sides(results["rows"], results["durable"])])


def _bars(bars: Sequence[dict[str, Any]], imported: Sequence[str]) -> Iterator[str]:
    yield from _promises(bars)
    if bars:
        yield f"| a cold `get` imports neither GitPython nor filelock nor rich nor importlib.metadata | | {', '.join(imported) or 'none of them'} | {_verdict(not imported)} | | | |"


def _promises(bars: Sequence[dict[str, Any]]) -> Iterator[str]:
    if not bars:
        return
    yield "| promise | at most | measured | | median | against | n |"
    yield "| --- | ---: | ---: | --- | ---: | ---: | ---: |"
    for bar in bars:
        yield f"| {bar['name']} | {bar['most']:g} × | {bar['ratio']:.2f} × | {_verdict(bar['met'])} | {_measure(bar, 'ms')} | {_measure(bar, 'against_ms')} | {bar['n']} |"


def _measure(bar: dict[str, Any], which: str) -> str:
    return f"{bar[which]:.2f} ms" if bar.get("unit", "ms") == "ms" else f"{bar[which] / 1000:.0f} {bar['unit']}"


def _verdict(met: bool) -> str:
    return "met" if met else "**falls short**"


def _sides(rows: Sequence[dict[str, Any]], durable: dict[str, str]) -> Iterator[str]:
    for size in dict.fromkeys(row["size"] for row in rows):
        names = list(durable)
        yield from (f"**{size[0].upper()}{size[1:]}**", "", f"| job | | {' | '.join(names)} |", "| --- | --- |" + " ---: |" * len(names))
        for row in (row for row in rows if row["size"] == size):
            yield f"| {row['job']} | {row['mode']} | {' | '.join(_cell(row, name) for name in names)} |"
        yield ""
    if rows:
        yield "A cell: the median, how many times gitreg's time that is (median over the rounds), and the number of rounds."
        yield ""
        yield from (f"* {name}: when a write returns, on disk are: {text}." for name, text in durable.items())


def _cell(row: dict[str, Any], name: str) -> str:
    found = row["contenders"].get(name)
    if found is None:
        return str(row["missing"].get(name, "–"))
    times = "" if name == "gitreg" or found["times"] is None else f" ({_figure(found['times'])} ×)"
    return f"{_figure(found['ms'])} ms{times}, {found['n']}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write(results: dict[str, Any]) -> Iterable[str]:
    """Put *results* into the data file and the page that shows them, and keep the tables that were not measured; returns the paths."""
    with open(DATA, encoding="utf-8") as file:
        results = {key: value or before for (key, value), before in zip(results.items(), map(json.load(file).get, results), strict=True)}
    with open(DATA, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    pages.show(PAGE, _COMMAND, markdown(results).strip("\n"))
    return DATA, PAGE
