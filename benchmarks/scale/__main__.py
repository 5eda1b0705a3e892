"""``python -m benchmarks.scale``: measure how cost grows, print it, and write it where the documentation shows it.

Each curve is written as soon as it is done, and leaves the others as they were: the whole may be stopped and gone on with.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time

from benchmarks import machine
from benchmarks.scale import clone, growth, models, push, report, versions
from benchmarks.scale.plan import FULL, QUICK, limited

CURVES = {"versions": versions.rows, "models": models.rows, "growth": growth.rows, "push": push.rows, "clone": clone.rows}


def options(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, once: does it run at all?")
    parser.add_argument("--only", default=",".join(CURVES), help="which of: %(default)s; none ('') writes the page again from what is known")
    parser.add_argument("--sizes", default="", help="of versions, models and clones, these alone (default: all)")
    parser.add_argument("--folder", help="where to work: a file system that syncs, for writes wait for it")
    parser.add_argument("--write", action="store_true", help="write benchmarks/scale.json, the page of the documentation and its charts")
    asked = parser.parse_args(arguments)
    if not re.fullmatch(r"[0-9,]*", asked.sizes):
        parser.error(f"--sizes: numbers with commas between them, not {asked.sizes!r}")
    if asked.quick and asked.write:
        parser.error("--quick tells whether it runs at all; its figures are not to be written")
    asked.only, asked.sizes = [name for name in asked.only.split(",") if name], tuple(int(size) for size in asked.sizes.split(",") if size)
    if unknown := [name for name in asked.only if name not in CURVES]:
        parser.error(f"no such curve: {', '.join(unknown)}")
    return asked


def main(arguments: list[str]) -> None:
    """Measure curve after curve, print each, and write it where that was asked for."""
    asked, places = options(arguments), report.Places.below(report.ROOT)
    plan = limited(QUICK if asked.quick else FULL, asked.sizes)
    with tempfile.TemporaryDirectory(prefix="gitreg-scale-", dir=asked.folder, ignore_cleanup_errors=True) as folder:
        machine.isolate(folder)
        for name in asked.only:
            _progress(f"{name}: begun")
            begun, told, rows = time.monotonic(), machine.described(folder, peers=()), []
            for row in CURVES[name](plan, folder):
                rows.append(row)
                _progress(f"{name}: {len(rows)} rows, {time.monotonic() - begun:.0f} s")
            part = {"machine": told, "seconds": round(time.monotonic() - begun), "rows": rows}
            print(report.markdown(name, part), end="\n\n", flush=True)
            if asked.write:
                report.write({name: part}, places)
    if asked.write and not asked.only:
        report.write({}, places)


def _progress(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
