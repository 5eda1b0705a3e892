"""``python -m benchmarks.faults``: break things, count what that broke in gitreg, print it, and write it where the documentation shows it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.faults import processes, report, surroundings
from benchmarks.faults.commands import SCENES
from benchmarks.faults.planted import PLANTED
from benchmarks.faults.rows import ROWS
from benchmarks.faults.trial import LONG, SHORT, MissingError, Outcome

if TYPE_CHECKING:
    from benchmarks.faults.trial import Effort

_TOLD = ("cores", "system", "python", "git")


def options(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the long form: more than an hour; else the short form, which CI runs")
    parser.add_argument("--only", default=",".join(ROWS), help="which of: %(default)s")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing new in a row after so long; what was done is counted")
    parser.add_argument("--scene", action="append", choices=tuple(SCENES), metavar="NAME", help=f"sweep this command (calls, errors, steps, interrupts), as often as given: {', '.join(map(repr, SCENES))}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes that share the work of a row (default: the cores, %(default)s)")
    parser.add_argument("--plant", choices=sorted(PLANTED), metavar="FAULT", help=f"break gitreg on purpose, and stop at the first violation: {', '.join(PLANTED)}")
    parser.add_argument("--json", action="store_true", help="print JSON, a line a row")
    parser.add_argument("--write", action="store_true", help="write benchmarks/faults.json and the page of the documentation")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.only.split(",") if name not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    return asked


def main(arguments: list[str]) -> int:
    """Run the rows that were asked for; returns 1 where a promise was broken."""
    asked = options(arguments)
    records = []
    for name in asked.only.split(","):
        outcome = _apart(name, asked)
        records.append(report.record(outcome, "long" if asked.long else "short"))
        print(json.dumps(records[-1]) if asked.json else f"{name}: {outcome.skipped or f'{outcome.done} {outcome.unit}, {len(outcome.violations)} violations'}", flush=True)
        if not asked.json:
            print(*outcome.violations[:20], sep="\n", end="\n" if outcome.violations else "", file=sys.stderr)
        if asked.write and not asked.plant:
            report.write(records, {name: value for name, value in machine.described(surroundings.memory()).items() if name in _TOLD})
    if not asked.json:
        print(report.markdown(records))
    return 1 if any(record["violations"] for record in records) else 0


def _apart(name: str, asked: argparse.Namespace) -> Outcome:
    """Run a row in a process of its own, which may have mounts of its own."""
    with tempfile.TemporaryDirectory(prefix="gitreg-faults-", dir=surroundings.memory(), ignore_cleanup_errors=True) as folder:
        said = Path(folder) / "outcome"

        def run() -> None:
            home = Path(folder) / "work"
            home.mkdir()
            surroundings.isolate(home)
            said.write_text(json.dumps(_counted(name, home, asked)))

        code = processes.ended(processes.forked(run, leader=True))
        if code:
            return Outcome(name, ROWS[name].test, ROWS[name].unit, 0, (f"the harness itself ended with {code}",), 0.0)
        return Outcome(*json.loads(said.read_text()))


def _counted(name: str, folder: Path, asked: argparse.Namespace) -> Outcome:
    row, effort, start = ROWS[name], _effort(asked), time.monotonic()
    done, violations, skipped = 0, [], ""
    try:
        for trial in row.run(folder, effort, asked.plant):
            done += trial.counts
            violations += [f"{trial.what}: {wrong}" for wrong in trial.wrong]
            if (asked.plant and violations) or time.monotonic() - start > 60 * asked.minutes:
                break
    except MissingError as missing:
        skipped = str(missing)
    return Outcome(name, row.test, row.unit, done, tuple(violations), time.monotonic() - start, skipped)


def _effort(asked: argparse.Namespace) -> Effort:
    effort = (LONG if asked.long else SHORT)._replace(jobs=asked.jobs)
    return effort._replace(commands=tuple(asked.scene), stepped=tuple(asked.scene), glimpses=()) if asked.scene else effort


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
