"""A person is at work in the checkout while gitreg writes: what is theirs stays as it is, whether the write is made or refused."""

# ruff: noqa: ARG001 - a harness is called like the others
from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.faults import look, processes
from benchmarks.faults.planted import plant
from benchmarks.faults.scenes import git, own_work, plain
from benchmarks.faults.trial import Trial
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_POINTER = "models/iris/stages.yaml"
PROMOTE, REGISTER = ("promote", "iris@3", "production"), ("register", "rose")
_COMMITS = 15  # of a person who commits while gitreg writes


class Scene(NamedTuple):
    """What the person did, where gitreg runs (from the checkout), the exit code it must have, and what the person does next."""

    begin: Callable[[Path], None]
    code: int = 0
    finish: Callable[[Path], None] | None = None
    options: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = (PROMOTE, REGISTER)
    at: str = "."


def _repository(folder: Path) -> None:
    """Make a registry that has notes in it, and a branch whose notes differ."""
    plain(folder)
    (folder / "notes.txt").write_text("first\n")
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-q", "-m", "notes")
    git(folder, "switch", "-q", "-c", "other")
    (folder / "notes.txt").write_text("other\n")
    git(folder, "commit", "-q", "-a", "-m", "other notes")
    git(folder, "switch", "-q", "main")


def _own_commit(folder: Path) -> None:
    (folder / "notes.txt").write_text("main\n")
    git(folder, "commit", "-q", "-a", "-m", "main notes")


def _editing(folder: Path) -> None:
    (folder / "notes.txt").write_text("edited\n")
    (folder / "untracked.txt").write_text("untracked\n")


def _staging(folder: Path) -> None:
    own_work(folder)
    git(folder, "add", "notes.txt", "staged.txt")
    (folder / "notes.txt").write_text("edited after it was staged\n")
    (folder / "planned.txt").write_text("planned\n")
    git(folder, "add", "-N", "planned.txt")


def _edited_pointer(folder: Path) -> None:
    with (folder / _POINTER).open("a") as file:
        file.write("# a person's remark\n")


def _staged_pointer(folder: Path) -> None:
    _edited_pointer(folder)
    git(folder, "add", _POINTER)


def _overlooked_pointer(folder: Path) -> None:
    git(folder, "update-index", "--assume-unchanged", _POINTER)
    _edited_pointer(folder)


def _in_the_way(folder: Path) -> None:
    (folder / "models" / "rose").mkdir()
    (folder / "models" / "rose" / "model.yaml").write_text("a person's\n")


def _stashed(folder: Path) -> None:
    _editing(folder)
    git(folder, "stash", "-q")
    _editing(folder)


def _merging(folder: Path) -> None:
    git(folder, "merge", "-q", "--no-ff", "--no-commit", "other")


def _merging_a_conflict(folder: Path) -> None:
    _own_commit(folder)
    git(folder, "merge", "-q", "other")


def _rebasing(folder: Path) -> None:
    _own_commit(folder)
    git(folder, "rebase", "-q", "other")


def _picking(folder: Path) -> None:
    _own_commit(folder)
    git(folder, "cherry-pick", "other")


def _resolved(how: str) -> Callable[[Path], None]:
    def finish(folder: Path) -> None:
        (folder / "notes.txt").write_text("both\n")
        git(folder, "add", "notes.txt")
        git(folder, "-c", "core.editor=true", how, "--continue")

    return finish


def _elsewhere(folder: Path) -> None:
    git(folder, "switch", "-q", "other")
    own_work(folder)


def _back(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "own work")
    git(folder, "switch", "-q", "main")


def _detached(folder: Path) -> None:
    git(folder, "switch", "-q", "--detach")
    own_work(folder)


def _linked(folder: Path) -> None:
    git(folder, "worktree", "add", "-q", str(folder / ".." / "linked"), "other")
    own_work(folder)
    (folder / ".." / "linked" / "notes.txt").write_text("edited in the linked one\n")


def _crlf(folder: Path) -> None:
    git(folder, "config", "core.autocrlf", "true")
    git(folder, "rm", "-q", "-r", "--cached", ".")
    git(folder, "reset", "-q", "--hard")
    (folder / "notes.txt").write_bytes(b"edited\r\n")


def _sparse(folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "page.txt").write_text("page\n")
    git(folder, "add", "docs")
    git(folder, "commit", "-q", "-m", "docs")
    git(folder, "sparse-checkout", "set", "docs")
    (folder / "docs" / "page.txt").write_text("edited\n")


def _cloned(*how: str) -> Callable[[Path], None]:
    def begin(folder: Path) -> None:
        origin = folder.with_name("origin")
        folder.rename(origin)
        git(origin, "config", "uploadpack.allowFilter", "true")
        git(folder.parent, "clone", "-q", *how, f"file://{origin}", str(folder))
        own_work(folder)

    return begin


SCENES = {
    "editing": Scene(_editing),
    "staging": Scene(_staging),
    "editing the file that is written": Scene(_edited_pointer, 4, commands=(PROMOTE,)),
    "staging the file that is written": Scene(_staged_pointer, 4, commands=(PROMOTE,)),
    "editing the file that is written, overlooked": Scene(_overlooked_pointer, 4, commands=(PROMOTE,)),
    "a file of their own where one is written": Scene(_in_the_way, 4, commands=(REGISTER,)),
    "stashing": Scene(_stashed),
    "mid-merge": Scene(_merging, 4, _resolved("merge")),
    "mid-merge, in conflict": Scene(_merging_a_conflict, 4, _resolved("merge")),
    "mid-rebase": Scene(_rebasing, 4, _resolved("rebase")),
    "mid-cherry-pick": Scene(_picking, 4, _resolved("cherry-pick")),
    "on another branch": Scene(_elsewhere, 0, _back, options=("--branch", "main")),
    "on no branch": Scene(_detached, 4),
    "in a linked worktree": Scene(_linked, options=("--branch", "main"), at="../linked"),
    "autocrlf": Scene(_crlf),
    "sparse checkout": Scene(_sparse),
    "shallow clone": Scene(_cloned("--depth", "1")),
    "partial clone": Scene(_cloned("--filter=blob:none")),
    "partial clone without trees": Scene(_cloned("--filter=tree:0")),
}


def disturbed(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Carry commands out in each scene; and let a person commit, with git alone, while gitreg writes."""
    for name, scene in SCENES.items():
        for command in scene.commands:
            below = folder / f"{name} {command[0]}".replace(" ", "-").replace(",", "")
            below.mkdir()
            yield Trial(f"{name}: {command[0]}", tuple(_found(below / "checkout", scene, command, fault)))
            shutil.rmtree(below)
    yield _racing(folder / "racing", fault)


def _found(folder: Path, scene: Scene, command: tuple[str, ...], fault: str | None) -> Iterator[str]:
    """Yield what is wrong after one command, and after what the person does next."""
    _repository(folder)
    scene.begin(folder)
    mine, tip = _mine(folder), git(folder, "rev-parse", "main")
    words = [sys.executable, "-m", "benchmarks.faults.planted", fault or "", "-R", str((folder / scene.at).resolve()), *scene.options, *command]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode != scene.code:
        yield f"exit code {done.returncode}: {done.stderr.strip()}"
    if (git(folder, "rev-parse", "main") != tip) != (done.returncode == 0):
        yield f"exit code {done.returncode}, and the branch {'stayed' if done.returncode == 0 else 'moved'}"
    yield from _changed(mine, _mine(folder))
    yield from look.damage(folder)
    if scene.finish:
        scene.finish(folder)
        with Registry.open(folder) as registry:
            if scene.code and not registry.promote("iris@1", "staging").changed:
                yield "the next command did nothing"
            yield from (str(finding) for finding in registry.check())
        if git(folder, "status", "--porcelain"):
            yield f"git status at the end: {git(folder, 'status', '--porcelain')}"


def _mine(folder: Path) -> dict[str, str]:
    """Return everything that is the person's: edits, staged changes, stash, untracked files, and what is under way, by worktree."""
    found = {}
    for at in (folder, folder.with_name("linked")):
        if at.exists():
            for args in (("diff",), ("diff", "--cached"), ("status", "--porcelain", "--untracked-files=all"), ("stash", "list", "-p"), ("ls-files", "-u", "-v"), ("branch", "--show-current")):
                found[f"git {' '.join(args)} in {at.name}"] = git(at, *args)
            own = [at / name for name in git(at, "ls-files", "--others").splitlines()] + [at / "notes.txt"]
            found |= {f"{path.name} in {at.name}": path.read_bytes().decode() for path in own if path.exists()}
    git_dir = folder / ".git"
    under_way = [path for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "rebase-merge") for path in [git_dir / name, *(git_dir / name).rglob("*")] if path.is_file()]
    return found | {str(path.relative_to(git_dir)): path.read_bytes().decode() for path in under_way}


def _changed(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{name} was {before.get(name)!r} and is {after.get(name)!r}"


def _racing(folder: Path, fault: str | None) -> Trial:
    """Let a person edit and commit in the checkout while gitreg promotes back and forth."""
    _repository(folder)
    before = look.commits(folder)
    moved = git(folder, "log", "--format=%s").count("promote")
    notes = folder.with_name("promotions")
    writer = processes.forked(lambda: _promote(folder, notes, fault), leader=True)
    chance, own = random.Random(5), 0
    for number in range(_COMMITS):
        (folder / "notes.txt").write_text(f"edit {number}\n")
        while subprocess.run(["git", "-C", str(folder), "commit", "-q", "-a", "-m", f"edit {number}"], check=False, capture_output=True).returncode:
            time.sleep(0.005)  # gitreg holds the index, as another git would
        own += 1
        time.sleep(chance.uniform(0, 0.05))
    processes.kill_session(writer)
    processes.ended(writer)
    promoted = len(notes.read_text().splitlines()) if notes.exists() else 0
    found = []
    with Registry.open(folder) as registry:
        registry.register("next")
        found += [str(finding) for finding in registry.check()]
    subjects = git(folder, "log", "--format=%s").splitlines()
    edits = [subject for subject in subjects if subject.startswith("edit ")]
    moves = [subject for subject in subjects if "promote" in subject]
    if edits != [f"edit {number}" for number in reversed(range(_COMMITS))]:
        found.append(f"edits that were committed are gone: {edits}")
    reverted = git(folder, "log", "--format=", "--name-only", "--grep=^edit ").split()
    if set(reverted) != {"notes.txt"}:
        found.append(f"a person's commits touch what is not theirs: {sorted(set(reverted))}")
    if not 0 <= len(moves) - moved - promoted <= 1:
        found.append(f"{promoted} promotions were acknowledged, {len(moves) - moved} are there")
    if look.commits(folder) - before - own - 1 not in (promoted, promoted + 1):
        found.append(f"{look.commits(folder) - before} commits, of which {own} edits and {promoted} promotions")
    if git(folder, "status", "--porcelain"):
        found.append(f"git status: {git(folder, 'status', '--porcelain')}")
    return Trial(f"committing at the same time: {own} edits, {promoted} promotions", (*found, *look.damage(folder)))


def _promote(folder: Path, notes: Path, fault: str | None) -> None:
    plant(fault)
    note = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    with Registry.open(folder) as registry:
        for number in range(1_000_000):
            registry.promote(f"iris@{1 + number % 2 * 2}", "staging")
            os.write(note, b"done\n")
