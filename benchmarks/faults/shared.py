"""Folders with a remote in them: a bare repository, and a clone of it that a person works in, or a cache for what is reached by address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.faults.scenes import git, own_work, plain
from gitreg import Registry

if TYPE_CHECKING:
    from pathlib import Path

CLONE, REMOTE, CACHE = "clone", "remote.git", "cache"


def pushed(folder: Path) -> None:
    """Make a clone that shares its branch with a bare repository, and a person's own work in it."""
    clone, remote = folder / CLONE, folder / REMOTE
    folder.mkdir()
    plain(clone)
    (clone / "gitreg.yaml").write_text((clone / "gitreg.yaml").read_text() + "remote: origin\n")
    (clone / "notes.txt").write_text("first\n")
    git(clone, "add", "notes.txt", "gitreg.yaml")
    git(clone, "commit", "-q", "-m", "notes, and the remote's name")
    git(folder, "init", "-q", "--bare", "--template=", str(remote))
    git(clone, "remote", "add", "origin", str(remote))
    git(clone, "push", "-q", "-u", "origin", "main")
    own_work(clone)


def apart(folder: Path) -> None:
    """Make a clone in which two things were written offline, while somebody else took the number of the first."""
    pushed(folder)
    with Registry.open(folder / CLONE, offline=True) as registry:
        registry.register("iris", metadata={"mark": "here"})
        registry.promote("iris@5", "staging")
    with Registry.open(folder / REMOTE, offline=True) as registry:
        registry.register("iris", metadata={"mark": "there"})


def address(folder: Path) -> None:
    """Make a bare repository that is reached by its address, and was not yet."""
    folder.mkdir()
    plain(folder / "first")
    git(folder, "clone", "-q", "--bare", "--template=", "first", str(folder / REMOTE))
    git(folder / REMOTE, "config", "uploadpack.allowFilter", "true")
