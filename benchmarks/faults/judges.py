"""What the scenes promise whose command does more than one commit in one repository: rebase, fix, doctor, and everything with a remote."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.faults import look, shared
from benchmarks.faults.scenes import EDITED, SCRAP, git
from gitreg import Registry

_PATIENCE = 20.0  # seconds until a git that outlived the command has ended
_OPERATIONS = "--format=%(trailers:key=Gitreg-Op,valueonly)"


class Rebase(look.Judge):
    """A branch is at its own commits on the old base, or at as many on the new; its version gets the next number."""

    def done(self, folder: Path, was: look.Before) -> bool:
        """Tell whether the branch has moved."""
        return git(folder, "rev-parse", "feature") != was.branch

    def before(self, folder: Path) -> look.Before:
        """Return what *folder* is like now, its other branch too."""
        return look.before(folder)._replace(branch=git(folder, "rev-parse", "feature"))

    def wrong(self, folder: Path, was: look.Before) -> tuple[str, ...]:
        """Return what is wrong, and what the next rebase does not put right."""
        look.quiet(folder)
        found = look.damage(folder)
        if look.tip(folder) != was.tip:
            found.append("the base moved")
        if self.done(folder, was) and git(folder, "rev-list", "--count", "main..feature") != "2":
            found.append("the branch is neither old nor new")
        try:
            with Registry.open(folder) as registry:
                registry.models()
            found += look.unlike(folder, was, "after a read")
            with Registry.open(folder) as registry:
                registry.rebase("main")
                found += _marked(registry, "of main", "of feature")
                found += [str(finding) for finding in registry.check()]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return (*found, f"the next command failed: {error!r}")
        if git(folder, "merge-base", "main", "feature") != was.tip:
            found.append("the branch is not on its base")
        return (*found, *look.damage(folder), *look.unlike(folder, was, "after the next rebase"))


def _marked(registry: Registry, fifth: str, sixth: str) -> list[str]:
    marks = [version.metadata.get("mark") for version in sorted(registry.versions("iris"), key=lambda version: version.number)][4:]
    return [] if marks == [fifth, sixth] else [f"the versions behind iris@4 are {marks}"]


class Fix(look.Judge):
    """Each file that a person edited is as it was or complete, and the next fix completes the rest; nothing is committed."""

    done_with = 1
    right = (1, 7)

    def before(self, folder: Path) -> look.Fixed:
        """Return what *folder* is like now, and what its edited files are to become."""
        aside = folder.with_name("aside")
        shutil.copytree(folder, aside, symlinks=True)
        _fix(aside)
        files = {name: ((folder / name).read_bytes(), (aside / name).read_bytes()) for name in EDITED}
        shutil.rmtree(aside)
        return look.Fixed(look.before(folder), files)

    def done(self, folder: Path, was: look.Fixed) -> bool:
        """Tell whether all files are complete."""
        return all((folder / name).read_bytes() == new for name, (_, new) in was.files.items())

    def untouched(self, folder: Path, was: look.Fixed) -> bool:
        """Tell whether all files are as they were."""
        return all((folder / name).read_bytes() == old for name, (old, _) in was.files.items())

    def at_once(self, folder: Path, was: look.Fixed) -> list[str]:
        """Return what an interrupted fix left."""
        return look.unlike(folder, was.all, "at once")

    def wrong(self, folder: Path, was: look.Fixed) -> tuple[str, ...]:
        """Return what is wrong, and what the next fix does not put right."""
        look.quiet(folder)
        found = [f"{name} is neither old nor new" for name, both in was.files.items() if (folder / name).read_bytes() not in both]
        if look.tip(folder) != was.all.tip:
            found.append("something was committed")
        found += [] if self.done(folder, was) else _fix(folder)
        if not self.done(folder, was):
            found.append("the next fix did not complete the files")
        return (*found, *look.damage(folder), *look.unlike(folder, was.all, "after the next fix"))


def _fix(folder: Path) -> list[str]:
    done = subprocess.run([sys.executable, "-m", "gitreg", "-R", str(folder), "fix"], check=False, capture_output=True, text=True)
    return [] if done.returncode == 1 else [f"the next fix ended with {done.returncode}: {done.stderr.strip()}"]


class Doctor(look.Judge):
    """What was there to heal is healed, or the next doctor heals it; the branch has at most one commit more."""

    right = (0, 1, 7)

    def done(self, folder: Path, was: look.Before) -> bool:
        """Tell whether nothing is left to heal."""
        return look.tip(folder) != was.tip and not (folder / SCRAP).exists() and not (folder / ".git/gitreg/journal").exists()

    def untouched(self, folder: Path, was: look.Before) -> bool:
        """Tell whether nothing is lost: what a doctor has healed before git could not read on is nobody's loss."""
        return look.tip(folder) == was.tip or look.commits(folder) == was.commits + 1

    def wrong(self, folder: Path, was: look.Before) -> tuple[str, ...]:
        """Return what is wrong, and what the next doctor leaves."""
        look.quiet(folder)
        found = look.damage(folder)
        if look.tip(folder) != was.tip and (look.commits(folder), git(folder, "rev-parse", "main^")) != (was.commits + 1, was.tip):
            found.append("the branch is neither old nor new")
        try:
            Registry.open(folder).close()
            found += look.unlike(folder, was, "after a read")
            with Registry.open(folder) as registry:
                found += [str(finding) for finding in registry.doctor(fix=True) if finding.severity == "error"]
                found += _registered(registry)
                numbers = sorted(version.number for version in registry.versions("iris"))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return (*found, f"the next command failed: {error!r}")
        if (folder / SCRAP).exists() or numbers != [1, 2, 3]:
            found.append(f"the next doctor left iris with {numbers}, and {SCRAP} is there: {(folder / SCRAP).exists()}")
        return (*found, *look.damage(folder), *look.unlike(folder, was, "after the next doctor"))


class Sides(NamedTuple):
    """What a scene with a remote was like: the clone (None: there is only an address), the remote's tip, and the operations on both sides."""

    here: look.Before | None
    remote: str
    operations: frozenset[str]


class Remote(look.Judge):
    """The remote has the command's *most* commits or none of them; exit code 0 means that it has; then both sides are the same.

    *marks* are the versions that there are to be in the end, by what is recorded of them.
    """

    def __init__(self, most: int = 1, marks: tuple[str, ...] = ()) -> None:
        self.most, self.marks = most, marks

    def before(self, folder: Path) -> Sides:
        """Return what both sides are like now."""
        clone, remote = folder / shared.CLONE, folder / shared.REMOTE
        operations = _operations(remote) | (_operations(clone) if clone.exists() else Counter())
        return Sides(look.before(clone) if clone.exists() else None, look.tip(remote), frozenset(operations))

    def done(self, folder: Path, was: Sides) -> bool:
        """Tell whether the remote has it; the clone may follow later, and the command says so."""
        return look.tip(folder / shared.REMOTE) != was.remote

    def untouched(self, folder: Path, was: Sides) -> bool:
        """Tell whether both sides are where they were."""
        return look.tip(folder / shared.REMOTE) == was.remote and (was.here is None or look.tip(folder / shared.CLONE) == was.here.tip)

    def quiet(self, folder: Path) -> None:
        """Wait until no git works in *folder*: the remote's outlives a client that was killed."""
        deadline = time.monotonic() + _PATIENCE
        while _working(folder) and time.monotonic() < deadline:
            time.sleep(0.005)
        if (folder / shared.CLONE).exists():
            look.quiet(folder / shared.CLONE)

    def at_once(self, folder: Path, was: Sides) -> list[str]:
        """Return what was left lying around here."""
        return look.unlike(folder / shared.CLONE, was.here, "at once") if was.here else []

    def wrong(self, folder: Path, was: Sides) -> tuple[str, ...]:
        """Return what is wrong on either side, and after the commands that follow."""
        self.quiet(folder)
        remote, clone = folder / shared.REMOTE, folder / shared.CLONE
        for left in remote.rglob("*.lock"):  # a crash of the server is its keeper's
            left.unlink()
        found = look.damage(remote)
        tip, made = look.tip(remote), git(remote, "rev-list", f"{was.remote}..main").split()
        if len(made) not in (0, self.most) or git(remote, "merge-base", was.remote, "main") != was.remote:
            found.append("the remote is neither old nor new")
        if was.here and look.tip(clone) not in (was.here.tip, tip):
            found.append("the branch here is neither old nor where the remote is")
        return (*found, *(self._next(clone, was.here, remote) if was.here else self._by_address(folder)), *self._twice(remote, was))

    def _next(self, clone: Path, was: look.Before, remote: Path) -> list[str]:
        found = look.damage(clone)
        try:
            with Registry.open(clone) as registry:
                registry.models()
            found += look.unlike(clone, was, "after a read")
            with Registry.open(clone) as registry:
                if "sync" in self.marks:
                    registry.sync()
                found += _registered(registry)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return [*found, f"the next command failed: {error!r}"]
        if look.tip(clone) != look.tip(remote):
            found.append("here and at the remote are not the same after a write")
        return found + look.damage(clone) + look.unlike(clone, was, "after a write")

    def _by_address(self, folder: Path) -> list[str]:
        remote = folder / shared.REMOTE
        try:
            with Registry.open(f"file://{remote}") as registry:
                registry.models()
            with Registry.open(f"file://{remote}") as registry:
                found = _registered(registry)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return [f"the next command failed: {error!r}"]
        caches = list((folder / shared.CACHE / "gitreg").glob("*.git"))
        if [look.tip(cache) for cache in caches] != [look.tip(remote)]:
            found.append("the clone in the cache is not where the remote is after a write")
        return found + [damage for cache in caches for damage in look.damage(cache)]

    def _twice(self, remote: Path, was: Sides) -> list[str]:
        operations = _operations(remote)
        found = [f"operation {one} is there {times} times" for one, times in operations.items() if times > 1]
        found += [f"operation {one} is lost" for one in was.operations if one not in operations]
        with Registry.open(remote) as registry:
            marks = Counter(str(version.metadata["mark"]) for version in registry.versions("iris") if "mark" in version.metadata)
        wanted = Counter(mark for mark in self.marks if mark != "sync")
        return found + ([f"the versions are {dict(marks)}"] if wanted and marks != wanted else [])


def _registered(registry: Registry) -> list[str]:
    number = registry.register("next").number
    return [*(str(finding) for finding in registry.check()), *([f"the next version is {number}"] if number != 1 else [])]


def _operations(repository: Path) -> Counter[str]:
    return Counter(git(repository, "log", _OPERATIONS, "main").split())


def _working(folder: Path) -> bool:
    """Tell whether another process has *folder* in its command, or works in it."""
    there = os.fsencode(str(folder))
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{name}/cmdline").read_bytes()
                if words and (there in words or os.readlink(f"/proc/{name}/cwd").startswith(f"{folder}/")):
                    return True
    return False
