"""Repositories to break: each with a person's own work in it, where there is a worktree."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from gitreg import Registry
from gitreg.store import worktree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWN = {"notes.txt": "edited\n", "staged.txt": "staged\n", "untracked.txt": "untracked\n"}


def git(folder: Path, *args: str) -> str:
    """Run git in *folder* and return what it printed, whatever its exit code is."""
    return subprocess.run(["git", "-C", str(folder), *args], check=False, capture_output=True, text=True).stdout.strip()


def copied(folder: Path, to: Path) -> Path:
    """Copy a repository, hard links as hard links: by them gitreg knows its own locks."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)
    return to


def plain(folder: Path) -> None:
    """Make a checkout with a registry: iris@1 to 4, of which 1 was and 2 is in production, and 4 is yanked."""
    git(folder.parent, "init", "-q", "--template=", str(folder))
    with Registry.init(folder) as registry, registry.transaction("iris: its first versions") as tx:
        for _ in range(4):
            tx.register("iris")
        tx.promote("iris@1", "production")
    with Registry.open(folder) as registry:
        registry.promote("iris@2", "production")
        registry.yank("iris@4", reason="wrong labels")


def checkout(folder: Path) -> None:
    """Make a checkout with a registry, in which a person has edits, staged changes and untracked files."""
    plain(folder)
    (folder / "notes.txt").write_text("first\n")
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-q", "-m", "notes")
    own_work(folder)


def own_work(folder: Path) -> None:
    """Edit, stage, and leave a file untracked, as a person does."""
    for name, text in OWN.items():
        (folder / name).write_text(text)
    git(folder, "add", "staged.txt")


def crashed(folder: Path) -> None:
    """Make a checkout, in which a promotion came to its end but for the refresh of the files."""
    checkout(folder)
    pid = os.fork()
    if pid == 0:
        worktree.Refresh.apply = lambda self, paths: os._exit(0)  # noqa: ARG005
        with Registry.open(folder) as registry:
            registry.promote("iris@1", "staging")
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def bare(folder: Path) -> None:
    """Make a bare repository with a registry."""
    origin = folder.with_name(f"{folder.name}-origin")
    plain(origin)
    git(folder.parent, "clone", "-q", "--bare", "--template=", str(origin), str(folder))
    shutil.rmtree(origin)


def empty(folder: Path) -> None:
    """Make a repository without commits, in which a person has staged a file."""
    git(folder.parent, "init", "-q", "--template=", str(folder))
    own_work(folder)
    (folder / "notes.txt").unlink()


class Scene(NamedTuple):
    """A repository, and the command that is disturbed there."""

    make: Callable[[Path], None]
    command: tuple[str, ...]


SCENES = {
    "promote": Scene(checkout, ("promote", "iris@3", "production")),
    "promote after a crash": Scene(crashed, ("promote", "iris@3", "production")),
    "promote, bare": Scene(bare, ("promote", "iris@3", "production")),
    "register": Scene(checkout, ("register", "iris", "--metric", "accuracy=0.9")),
    "register a model": Scene(checkout, ("register", "team/new", "--version", "1.0")),
    "rollback": Scene(checkout, ("rollback", "iris", "production")),
    "archive": Scene(checkout, ("archive", "iris@3")),
    "yank": Scene(checkout, ("yank", "iris@3", "--reason", "leak")),
    "unyank": Scene(checkout, ("unyank", "iris@4")),
    "update": Scene(checkout, ("update", "iris@3", "--tag", "nightly")),
    "model register": Scene(checkout, ("model", "register", "rose")),
    "model update": Scene(checkout, ("model", "update", "iris", "--description", "flowers")),
    "model delete": Scene(checkout, ("model", "delete", "iris", "--yes", "--force")),
    "model version update": Scene(checkout, ("model", "version", "update", "iris", "3", "--stage", "staging")),
    "model version delete": Scene(checkout, ("model", "version", "delete", "iris", "3")),
    "init": Scene(empty, ("init",)),
}
