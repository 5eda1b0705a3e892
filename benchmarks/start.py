"""``python -m benchmarks.start``: where the time of a cold ``gitreg get`` goes, and what it would take without click, or without msgspec as well."""

# ruff: noqa: RUF001 - the typographic signs are meant
from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.clock import Effort, measured, median, ratio
from benchmarks.machine import bare_python
from benchmarks.peers.ours import COMMAND
from benchmarks.registries import copied
from benchmarks.shapes import Shape
from benchmarks.sides import ran

if TYPE_CHECKING:
    from collections.abc import Callable

_SHAPE = Shape(1, 10)
_ROUNDS = 40

# the same answer by way of the library, which needs no click
_NO_CLICK = """
import os, sys
from gitreg import Registry
registry = Registry.open(sys.argv[1])
print(registry.get(sys.argv[2]).number)
registry.close()
sys.stdout.flush()
os._exit(0)
"""

# the least that could give it: ids from git, and what is kept under them, of which nothing is checked
_LEAST = """
import os, re, sqlite3, subprocess, sys
place, model = sys.argv[1], sys.argv[2].partition("@")[0]
ids = subprocess.run(["git", "-C", place, "rev-parse", "HEAD:gitreg.yaml", f"HEAD:models/{model}/stages.yaml", f"HEAD:models/{model}/versions/1.yaml"], capture_output=True).stdout.split()
database = sqlite3.connect(os.path.join(place, "gitreg", "decoded-1.sqlite"))
rows = [database.execute("SELECT value FROM rows WHERE key = ?", (kind + bytes.fromhex(each.decode()),)).fetchone() for kind, each in zip((b"c", b"s", b"v"), ids)]
print(re.search(rb"number(.)", rows[2][0])[1][0])
sys.stdout.flush()
os._exit(0)
"""


def jobs(place: str) -> dict[str, Callable[[int], object]]:
    """Return what is measured, by what it is called."""
    selector = f"{_SHAPE.target}@production"
    get = [*COMMAND, "-R", place, "get", selector, "number"]
    ran(get)  # what it decodes is known from now on
    commands = {
        "`python -c pass`": bare_python(),
        "git alone: `rev-parse`": ["git", "-C", place, "rev-parse", "HEAD"],
        "`import click`": [sys.executable, "-c", "import click"],
        "`import msgspec`": [sys.executable, "-c", "import msgspec"],
        "`import click, msgspec`": [sys.executable, "-c", "import click, msgspec"],
        "`import click, msgspec, yaml`": [sys.executable, "-c", "import click, msgspec, yaml"],
        "`gitreg get`": get,
        "`gitreg get` with `GITREG_CACHE=0`": ["env", "GITREG_CACHE=0", *get],
        "the same answer without click": [sys.executable, "-c", _NO_CLICK, place, selector],
        "without click, msgspec and all checks": [sys.executable, "-c", _LEAST, place, selector],
    }
    return {name: lambda _, command=command: ran(command) for name, command in commands.items()}  # type: ignore[misc]


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(prefix="gitreg-bench-") as folder:
        machine.isolate(folder)
        place = copied(_SHAPE, folder, "start")
        os.chdir(folder)
        found = measured(jobs(place), Effort(_ROUNDS, 1e9, 3))
    bare = found["`python -c pass`"]
    print("| a process | median | against `python -c pass` |\n| --- | ---: | ---: |")
    for name, samples in found.items():
        print(f"| {name} | {median(samples) * 1000:.1f} ms | {ratio(samples, bare):.2f} × |")


main()
