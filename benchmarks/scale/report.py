"""The figures as data, and the page of the documentation that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import pages
from benchmarks.machine import line
from benchmarks.scale import tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    Part = dict[str, Any]  # machine, seconds, rows

_ROOT = Path(__file__).parents[2]
PAGE, DATA = _ROOT / "docs" / "explanation" / "scale.md", _ROOT / "benchmarks" / "scale.json"


def command(name: str) -> str:
    """Return the command that measures one curve alone, and writes its part of the page."""
    return f"python -m benchmarks.scale --write --only {name}"


def markdown(name: str, part: Part) -> str:
    """Return a curve for a person."""
    measured = f"Measured by `{command(name)}` in {part['seconds']:,} s, on: {line(part['machine'])}."
    return "\n".join([measured, "", *tables.lines(name, part["rows"])])


def known() -> dict[str, Part]:
    """Return what was measured so far, by curve."""
    found: dict[str, Part] = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    return found


def shown(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return what stands on the page, by the command that writes it."""
    return {command(name): markdown(name, part) for name, part in parts.items()}


def write(name: str, part: Part) -> None:
    """Put a curve into the data file, and on the page with what follows from it; the others stay as they were."""
    parts = known() | {name: part}
    DATA.write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    for writer, text in shown(parts).items():
        pages.show(PAGE, writer, text)
