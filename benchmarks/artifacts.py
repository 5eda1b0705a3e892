"""What hashing and copying files costs, against ``sha256sum`` and ``cp`` of the same."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from benchmarks.bars import Bar
from benchmarks.clock import measured
from benchmarks.sides import ran
from gitreg.artifacts import sources
from gitreg.artifacts.digest import fingerprint
from gitreg.artifacts.landing import Wanted
from gitreg.artifacts.meter import nobody
from gitreg.artifacts.shelves import Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clock import Effort

SIZE = 2 << 30
FILES = 10_000
_SMALL = 2_000  # bytes a small file
_BLOCK = 1 << 20


def bars(effort: Effort, folder: str, size: int = SIZE, files: int = FILES) -> Iterator[Bar]:
    """Yield each promise with its samples."""
    file, many = _large(folder, size), _many(folder, files)
    shown = f"{size >> 30} GiB" if size >> 30 else f"{size >> 20} MiB"
    found = measured({"hash": lambda _: fingerprint(file), "sha256sum": lambda _: ran(["sha256sum", file]), "copy": _kept(file, folder), "cp": _cp(file, folder)}, effort)
    yield Bar(f"hashing a file of {shown} against `sha256sum`", 1.25, found["hash"], found["sha256sum"])
    both = {turn: found["sha256sum"][turn] + found["cp"][turn] for turn in found["sha256sum"].keys() & found["cp"].keys()}
    yield Bar("hashing it, copying it to a store in a folder, reading it back and syncing it, against `sha256sum` and `cp`, which does neither", 1.25, found["copy"], both)
    names = [os.path.join(many, name) for name in sorted(os.listdir(many))]
    found = measured({"hash": lambda _: fingerprint(many), "sha256sum": lambda _: ran(["sha256sum", *names])}, effort._replace(rounds=effort.rounds * 3))
    yield Bar(f"hashing a folder of {files:,} small files against one `sha256sum` of all of them", 1.5, found["hash"], found["sha256sum"])


def _large(folder: str, size: int) -> str:
    path = os.path.join(folder, "large.bin")
    with open(path, "wb") as file:
        file.writelines(os.urandom(_BLOCK) for _ in range(size // _BLOCK))
    return path


def _many(folder: str, files: int) -> str:
    top = os.path.join(folder, "many")
    os.makedirs(top)
    for number in range(files):
        with open(os.path.join(top, f"{number:05}.bin"), "wb") as file:
            file.write(os.urandom(_SMALL))
    return top


def _kept(file: str, folder: str) -> Callable[[int], object]:
    """Return what hashes *file* and copies it to a store that has nothing yet."""

    def run(_: int) -> None:
        place = os.path.join(folder, "store")
        shutil.rmtree(place, ignore_errors=True)
        found = fingerprint(file)
        kept = Shelves(place, None).keep([Wanted(sources.File(file), found.sha256, found.size, file)], nobody)
        assert kept.sent == found.size

    return run


def _cp(file: str, folder: str) -> Callable[[int], object]:
    def run(_: int) -> None:
        place = os.path.join(folder, "copy.bin")
        if os.path.exists(place):
            os.unlink(place)
        ran(["cp", file, place])

    return run
