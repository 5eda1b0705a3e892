"""A disk of one megabyte fills up while a registry is written to, and then there is room again."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.faults import look, mounts, scenes
from benchmarks.faults.scenes import git
from benchmarks.faults.spread import spread
from benchmarks.faults.trial import Trial
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_SIZE = "1m"
_PAGE = 4096
_FREED = 90  # pages at least: what comes afterwards has room in them
_AGAIN = 3  # writes that are tried on a full disk, and that must succeed when it is not
_MOST = 200


def filled(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Fill a disk with commits, look at what is left when it is full, free it, and go on."""
    mounts.needs("mount", "umount")
    mounts.private()
    scenes.checkout(folder / "template")
    was = look.before(folder / "template")

    def work(part: str) -> Iterator[Trial]:
        for number in range(int(part), effort.fills, effort.jobs):
            disk = folder / f"disk-{number}"
            with mounts.memory(disk, _SIZE):
                shutil.copytree(folder / "template", disk / "registry", symlinks=True)
                yield _once(disk, was, random.Random(number), fault)

    yield from spread([str(job) for job in range(effort.jobs)], work, effort.jobs)


def _once(disk: Path, was: look.Before, chance: random.Random, fault: str | None) -> Trial:
    registry, ballast = disk / "registry", disk / "ballast"
    ballast.write_bytes(b"." * _PAGE * chance.randint(_FREED, _FREED + 20))
    told, refused, found = [], 0, []
    for number in range(_MOST):
        done = _command(registry, fault, "register", "iris", "--description", "x" * chance.randint(0, 3 * _PAGE))
        told += [done.stdout.strip()] if done.returncode == 0 else []
        refused += done.returncode != 0
        if done.returncode not in (0, 7) or "Traceback" in done.stderr:
            found.append(f"write {number}: exit code {done.returncode}: {done.stderr.strip()}")
        if done.returncode == 0 and not done.stdout:
            found.append(f"write {number}: exit code 0, and nothing was done")
        if refused == _AGAIN or found:
            break
    found += _full(registry)
    ballast.unlink()
    found += [f"after it was freed: {done.stderr.strip()}" for done in [_command(registry, None, "register", "next") for _ in range(_AGAIN)] if done.returncode]
    with Registry.open(registry) as opened:
        there = {version.id for version in opened.versions("iris")}
        found += [f"lost: {one}" for one in told if one not in there] + [str(finding) for finding in opened.check()]
    if not refused:
        found.append("the disk never was full")
    return Trial(f"{len(told)} writes until the disk was full", (*found, *look.damage(registry), *look.unlike(registry, was, "in the end")))


def _full(registry: Path) -> list[str]:
    """Return what is wrong with reads while the disk is full."""
    done = _command(registry, None, "list")
    found = [f"a read of a full disk: {done.stderr.strip()}"] if done.returncode else []
    return found + [f"git says of a full disk: {said}" for said in look.damage(registry) if git(registry, "rev-parse", "HEAD")]


def _command(registry: Path, fault: str | None, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks.faults.planted", fault or "", "-R", str(registry), *args], check=False, capture_output=True, text=True)
