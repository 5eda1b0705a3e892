"""Repositories to break: each with a person's own work in it, where there is a worktree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from gitreg import Registry
from gitreg.store import worktree

if TYPE_CHECKING:
    from pathlib import Path

SCRAP = ".git/objects/pack/tmp_pack_gitreg_1_0"
EDITED = ("models/iris/stages.yaml", "models/iris/versions/3.yaml")
_MANY = 26  # models with a version each: enough objects for a pack
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
    _cut_short(folder)


def _cut_short(folder: Path) -> None:
    pid = os.fork()
    if pid == 0:
        worktree.Refresh.apply = lambda self, paths: os._exit(0)  # noqa: ARG005
        with Registry.open(folder) as registry:
            registry.promote("iris@1", "staging")
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def bare(folder: Path) -> None:
    """Make a bare repository with a registry that was written to: its branch is then moved without a git."""
    origin = folder.with_name(f"{folder.name}-origin")
    plain(origin)
    git(folder.parent, "clone", "-q", "--bare", "--template=", str(origin), str(folder))
    with Registry.open(folder) as registry:
        registry.update("iris@1", description="the first")
    shutil.rmtree(origin)


def empty(folder: Path) -> None:
    """Make a repository without commits, in which a person has staged a file."""
    git(folder.parent, "init", "-q", "--template=", str(folder))
    own_work(folder)
    (folder / "notes.txt").unlink()


def history(folder: Path) -> None:
    """Make a checkout, and beside it a file with a history of two models to import."""
    checkout(folder)
    _recorded(folder, 2)


def long_history(folder: Path) -> None:
    """Make a checkout, and beside it a file with a history so long that its objects are written as a pack."""
    checkout(folder)
    _recorded(folder, _MANY)


def long_history_for_bare(folder: Path) -> None:
    """Make a bare repository, and beside it a file with a long history."""
    bare(folder)
    _recorded(folder, _MANY)


def _recorded(folder: Path, models: int) -> None:
    lines = [{"model": f"rose-{number}", "version": "1.0", "metrics": {"accuracy": number / 100}} for number in range(models)]
    folder.with_name("history.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def feature(folder: Path) -> None:
    """Make a checkout of a branch that registered a version and promoted it, while its base took the number."""
    checkout(folder)
    git(folder, "switch", "-q", "-c", "feature")
    with Registry.open(folder) as registry:
        registry.register("iris", metadata={"mark": "of feature"})
        registry.promote("iris@5", "staging")
    with Registry.open(folder, branch="main") as registry:
        registry.register("iris", metadata={"mark": "of main"})


def by_hand(folder: Path) -> None:
    """Make a checkout, in which a person has edited a pointer and a manifest, and left them incomplete."""
    checkout(folder)
    stages, manifest = (folder / name for name in EDITED)
    stages.write_text(stages.read_text().replace("number: 2", "number: 3", 1))
    manifest.write_text(manifest.read_text() + "description:   'by hand'\n")


def ill(folder: Path) -> None:
    """Make a checkout, in which a manifest was removed by hand, a write was cut short, and a piece of a pack was left."""
    git(folder.parent, "init", "-q", "--template=", str(folder))
    with Registry.init(folder) as registry, registry.transaction("iris: its first versions") as tx:
        for _ in range(3):
            tx.register("iris")
    (folder / "notes.txt").write_text("first\n")
    git(folder, "add", "notes.txt")
    git(folder, "rm", "-q", "models/iris/versions/2.yaml")
    git(folder, "commit", "-q", "-m", "tidy up")
    own_work(folder)
    _cut_short(folder)
    (folder / SCRAP).parent.mkdir(exist_ok=True)
    (folder / SCRAP).write_bytes(b"PACK")
    os.utime(folder / SCRAP, (0, 0))
