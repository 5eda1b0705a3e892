"""The figures as data, and the page of the documentation that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks import pages
from benchmarks.machine import line
from benchmarks.scale import advice, charts, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    Part = dict[str, Any]  # machine, seconds, rows

ROOT = Path(__file__).parents[2]
ADVICE = "python -m benchmarks.scale --write"


class Places(NamedTuple):
    """Where the figures lie, the page that shows them, and the folder of its pictures, below the root of the project."""

    data: Path
    page: Path
    pictures: Path

    @classmethod
    def below(cls, root: Path) -> Self:
        """Return the places in the project at *root*."""
        page = root / "docs" / "explanation" / "scale.md"
        return cls(root / "benchmarks" / "scale.json", page, page.with_suffix(""))


def command(name: str) -> str:
    """Return the command that measures one curve alone, and writes its part of the page."""
    return f"python -m benchmarks.scale --write --only {name}"


def markdown(name: str, part: Part) -> str:
    """Return a curve for a person."""
    return "\n".join([*tables.lines(name, part["rows"]), "", f"`{command(name)}`, {part['seconds']:,} s, on: {line(part['machine'])}."])


def known(places: Places) -> dict[str, Part]:
    """Return what was measured so far, by curve."""
    found: dict[str, Part] = json.loads(places.data.read_text(encoding="utf-8")) if places.data.exists() else {}
    return found


def texts(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return what stands on the page, by the command that writes it."""
    told = {command(name): markdown(name, part) for name, part in parts.items()}
    return told | {f"{command('growth')}: one folder": "\n".join(tables.one_folder(parts["growth"]["rows"])), ADVICE: "\n".join(advice.lines(parts))}


def pictures(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return the charts that the page shows, by file name."""
    return {name: text for curve, part in parts.items() for name, text in charts.charts(curve, part["rows"]).items()}


def write(measured: Mapping[str, Part], places: Places) -> None:
    """Put the curves that were *measured* into the data file, and on the page what follows from all of them; the others stay as they were.

    The page advises from all curves together, so it is written once each has been measured.
    """
    parts = known(places) | measured
    places.data.write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    if parts.keys() < set(tables.CURVES):
        return
    for writer, text in texts(parts).items():
        pages.show(places.page, writer, text)
    places.pictures.mkdir(exist_ok=True)
    for name, text in pictures(parts).items():
        (places.pictures / name).write_text(text, encoding="utf-8")
