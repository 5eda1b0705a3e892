"""What the harnesses found, for a person, as data, and in the page of the documentation that shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import pages
from benchmarks.machine import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.faults.trial import Outcome

_ROOT = Path(__file__).parents[2]
PAGE, DATA = _ROOT / "docs" / "explanation" / "reliability.md", _ROOT / "benchmarks" / "faults.json"
_COMMAND = "python -m benchmarks.faults"
_SHOWN = 10  # violations of a row


def record(outcome: Outcome, form: str) -> dict[str, Any]:
    """Return what is kept of an outcome."""
    return outcome._asdict() | {"violations": list(outcome.violations), "seconds": round(outcome.seconds, 1), "form": form}


def markdown(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the table."""
    return "\n".join(_lines(records))


def _lines(records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| `--only` | what was done | how many | violations (allowed: 0) | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for one in records:
        if one["skipped"]:
            yield f"| {one['name']} | {one['test']} | - | - | skipped: {one['skipped']} |"
        else:
            yield f"| {one['name']} | {one['test']} | {one['done']:,} {one['unit']} | {len(one['violations'])} | {one['form']} form, {one['seconds']:,.0f} s |"
    for one in records:
        yield from (f"\n* {one['name']}: {violation}" for violation in one["violations"][:_SHOWN])


def write(records: list[dict[str, Any]], machine: Mapping[str, str]) -> Iterable[Path]:
    """Put *records* into the data file and the page, beside those of rows that were not run now; returns the paths."""
    before = json.loads(DATA.read_text())["rows"] if DATA.exists() else []
    rows = {one["name"]: one for one in [*before, *records]}
    DATA.write_text(json.dumps({"machine": dict(machine), "rows": list(rows.values())}, indent=1) + "\n")
    pages.show(PAGE, _COMMAND, f"Done on: {line(machine)}.\n\n{markdown(list(rows.values()))}")
    return PAGE, DATA
