"""``python -m benchmarks``: measure everything in one run, print it, and write it where the documentation shows it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

try:
    from benchmarks import artifacts, bars, crowds, dashboard, index, machine, reads, report, reviews, runs, scaling, sides  # isort: skip
except ModuleNotFoundError as missing:
    sys.exit(f"the benchmarks need {missing.name}: pip install '.[benchmarks]'")
from benchmarks.clock import Effort
from benchmarks.peers import MODULES, peer
from benchmarks.peers.base import JOBS
from benchmarks.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSIONS_EACH = 3  # of a registry with many models


def options(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, small sizes: does it run at all?")
    parser.add_argument("--sizes", default="10,1000,10000", help="versions of one model (default: %(default)s)")
    parser.add_argument("--models", default="10,1000", help="models, each with three versions (default: %(default)s)")
    parser.add_argument("--peers", default=",".join(MODULES), help="contenders (default: %(default)s)")
    parser.add_argument("--only", default=",".join(("bars", *report.TABLES, *JOBS)), help="which of: %(default)s")
    parser.add_argument("--rounds", type=int, default=0, help="how often each is measured")
    parser.add_argument("--folder", help="where to work: a file system that syncs, for the promises are about one")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results.json and the page of the documentation")
    asked = parser.parse_args(arguments)
    unknown = set(asked.only.split(",")) - {"bars", *report.TABLES, *JOBS}
    if unknown:
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}")
    if asked.quick and asked.write:
        parser.error("--quick tells whether it runs at all; its figures are not to be written")
    if asked.quick:
        asked.sizes, asked.models = "10", "10"
    return asked


def main(arguments: list[str]) -> None:
    """Measure, print, and write where that was asked for."""
    asked = options(arguments)
    with tempfile.TemporaryDirectory(prefix="gitreg-bench-", dir=asked.folder) as folder:
        machine.isolate(folder)
        results = measured(asked, folder)
    print(report.markdown(results))
    if asked.write:
        print(*report.write(results), sep="\n", file=sys.stderr)


def measured(asked: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Return everything that was asked for, as JSON-like values."""
    names, only = sides.installed(asked.peers.split(",")), asked.only.split(",")
    results: dict[str, Any] = {"machine": machine.described(folder), "durable": {name: peer(name).durable for name in names}, "bars": [], **dict.fromkeys(report.TABLES, ()), "imported": [], "rows": []}
    if "bars" in only:
        for bar in bars.bars(Effort(asked.rounds or (5 if asked.quick else 30), 1e9, 4), _below(folder, "bars")):
            results["bars"].append(_told(bar))
        results["imported"] = bars.imported(_below(folder, "bars"))
    for name, found in _suites(asked, folder).items():
        if name in only:
            results[name] = [_told(bar) for bar in found]
    for shape in _shapes(asked):
        for row in sides.rows(shape, names, only, _effort(asked), _below(folder, "sides")):
            results["rows"].append(report.row_record(row))
            _progress(f"{row.job} {row.mode} at {row.shape}")
    return results


def _suites(asked: argparse.Namespace, folder: str) -> dict[str, Iterator[bars.Bar]]:
    """Return what measures each table of promises, when it is gone through."""
    shape = Shape(20, 10) if asked.quick else dashboard.SHAPE
    small = {"size": 64 << 20, "files": 500} if asked.quick else {}
    sizes = scaling.Sizes(1_950, 1_000, 200, 100) if asked.quick else scaling.Sizes()
    return {
        "reviews": reviews.bars(Effort(asked.rounds or (2 if asked.quick else 15), 1e9, 2), _below(folder, "reviews")),
        "crowds": crowds.bars(Effort(asked.rounds or (1 if asked.quick else 5)), _below(folder, "crowds")),
        "runs": runs.bars(Effort(asked.rounds or (2 if asked.quick else 15), 1e9, 2), _below(folder, "runs")),
        "artifacts": artifacts.bars(Effort(asked.rounds or (2 if asked.quick else 7), 1e9, 1), _below(folder, "artifacts"), **small),
        "dashboard": dashboard.bars(Effort(asked.rounds or (1 if asked.quick else 3), 1e9, 3), _below(folder, "dashboard"), shape),
        "index": index.bars(Effort(asked.rounds or (1 if asked.quick else 3), 1e9, 3), _below(folder, "index"), shape if asked.quick else index.SHAPE),
        "scaling": scaling.bars(Effort(asked.rounds or (2 if asked.quick else 15), 1e9, 2), _below(folder, "scaling"), sizes),
        "reads": reads.bars(Effort(asked.rounds or (2 if asked.quick else 15), 1e9, 2), _below(folder, "reads"), reads.Sizes(Shape(20, 3), Shape(100, 1), 20) if asked.quick else reads.Sizes()),
    }


def _told(bar: bars.Bar) -> dict[str, Any]:
    _progress(bar.name)
    return report.bar_record(bar)


def _shapes(asked: argparse.Namespace) -> list[Shape]:
    one = [Shape(1, int(n)) for n in asked.sizes.split(",") if n]
    return [*one, *(Shape(int(n), _VERSIONS_EACH) for n in asked.models.split(",") if n)]


def _effort(asked: argparse.Namespace) -> Effort:
    return Effort(rounds=asked.rounds or (2 if asked.quick else 7), patience=4.0, warmups=1)


def _below(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    return path


def _progress(what: str) -> None:
    print(f"measured: {what}", file=sys.stderr, flush=True)


main(sys.argv[1:])
