"""Kill a write at each of its steps, and look at what is left: ``python sweep.py FOLDER SCENE [FAULT|interrupt]``.

Each step is a process of its own, forked from this one, that carries out the same write on a fresh copy of a
repository and sends itself SIGKILL at its k-th call to the operating system: before the call, or in the middle
of a ``write``. Prints a JSON line a step: which call it was, and everything that is wrong afterwards. A FAULT
breaks gitreg on purpose, in the forked process only: the sweep must then find something wrong. With ``interrupt``
the process and its children get SIGINT instead, as from Ctrl-C, and must leave nothing to heal.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import git  # noqa: F401 - imported before the fork, as filelock is: a sweep shall not wait for it at each step

from gitreg import Registry
from gitreg.store import journal, lock, objects, worktree

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 400  # steps
CALLS = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "mkdir")


def git_in(folder: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *args], check=False, capture_output=True, text=True).stdout.strip()


# -- scenes: a repository, and a write to it ------------------------------------------------------------------


def checkout(folder: Path) -> None:
    """A checkout with a registry, in which a person has edits, staged changes and untracked files elsewhere."""
    with Registry.init(folder) as registry:
        registry.register("iris")
        registry.register("iris")
        registry.promote("iris@1", "production")
    (folder / "notes.txt").write_text("first\n")
    git_in(folder, "add", "notes.txt")
    git_in(folder, "commit", "-q", "-m", "notes")
    (folder / "notes.txt").write_text("edited\n")
    (folder / "staged.txt").write_text("staged\n")
    git_in(folder, "add", "staged.txt")
    (folder / "untracked.txt").write_text("untracked\n")


def bare(folder: Path) -> None:
    """A bare repository with a registry."""
    checkout(folder.with_name("origin"))
    git_in(folder.parent, "clone", "-q", "--bare", str(folder.with_name("origin")), str(folder))


def empty(folder: Path) -> None:
    """A repository without commits, in which a person has staged a file."""
    git_in(folder.parent, "init", "-q", str(folder))
    (folder / "staged.txt").write_text("staged\n")
    git_in(folder, "add", "staged.txt")


def promote(folder: Path) -> None:
    with Registry.open(folder) as registry:
        registry.promote("iris@2", "production")


def release(folder: Path) -> None:
    """Register the first version of a model, and promote one of another: three new files in two new folders, and a changed one."""
    with Registry.open(folder) as registry, registry.transaction() as tx:
        tx.register("team/new", "1.0", metrics={"accuracy": 0.9})
        tx.promote("iris@2", "production")


def init(folder: Path) -> None:
    Registry.init(folder).close()


SCENES = {
    "promote in a checkout": (checkout, promote),
    "release in a checkout": (checkout, release),
    "release in a bare repository": (bare, release),
    "init in an empty repository": (empty, init),
}


# -- faults: what gitreg must not be like ---------------------------------------------------------------------


def no_journal() -> None:
    journal.write = lambda common_dir, entry: None


def refresh_before_the_ref() -> None:
    checked = worktree.Refresh.checked

    @contextlib.contextmanager
    def eager(self: worktree.Refresh, before: dict[str, str | None]) -> Iterator[None]:
        with checked(self, before):
            yield
        apply(self, list(before))

    apply = worktree.Refresh.apply
    worktree.Refresh.checked = eager
    worktree.Refresh.apply = lambda self, paths: True


def no_refresh() -> None:
    worktree.Refresh.apply = lambda self, paths: True


def objects_in_place() -> None:
    """Write objects under their final names, as if a write could not be cut short."""

    def careless(self: objects.ObjectWriter, some: list[tuple[str, bytes]]) -> None:
        for object_id, whole in some:
            final = os.path.join(self._folder, object_id[:2], object_id[2:])
            descriptor = os.open(final, os.O_CREAT | os.O_WRONLY)
            os.write(descriptor, zlib.compress(whole))
            os.close(descriptor)

    objects.ObjectWriter._write = careless


FAULTS = {
    "no journal": no_journal, "refresh before the ref": refresh_before_the_ref,
    "no refresh": no_refresh, "objects in place": objects_in_place,
}  # fmt: skip


# -- the sweep ------------------------------------------------------------------------------------------------


class Countdown:
    """Replaces calls to the operating system by ones that kill this process at the *k*-th of them."""

    def __init__(self, k: int, tell: int, die: Any) -> None:
        self.left, self.tell, self.die = k, tell, die
        self.write = os.write
        for name in CALLS:
            setattr(os, name, self.counted(name, getattr(os, name)))
        builtins.open = self.counted("open", builtins.open)  # type: ignore[assignment]
        start = subprocess.Popen.__init__
        subprocess.Popen.__init__ = self.started(start)  # type: ignore[method-assign]

    def counted(self, name: str, call: Any) -> Any:
        def dying(*args: Any, **options: Any) -> Any:
            self.step(f"before {name} {self.shown(args)}")
            if name == "write":
                half = len(args[1]) // 2
                if self.step("in the middle of write", lambda: call(args[0], args[1][:half])):
                    return half  # the signal was held back, and this was a short write
            return call(*args, **options)

        return dying

    def started(self, start: Any) -> Any:
        def dying(process: Any, command: Any, *args: Any, **options: Any) -> None:
            verb = next((word for word in command if word in ("update-ref", "read-tree", "cat-file", "diff", "ls-files")), "git")
            self.step(f"before git {verb}")
            start(process, command, *args, **options)
            self.step(f"while git {verb} runs")

        return dying

    @staticmethod
    def shown(args: tuple[Any, ...]) -> str:
        return " ".join(Path(arg).name[:20] for arg in args if isinstance(arg, str) and "/" in arg)

    def step(self, what: str, last: Any = None) -> bool:
        """Die here if it is this step's turn, after *last*; True where death was a signal that was held back."""
        self.left -= 1
        if self.left == 0:
            if last:
                last()
            self.write(self.tell, what.encode())
            self.die()
        return self.left == 0


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    os.killpg(0, signal.SIGINT)


def killed_at(k: int, folder: Path, write: Any, fault: Any, die: Any) -> str:
    """Carry *write* out in a process that dies at its *k*-th step; returns which step that was, "" if it lived."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(hear)
            if fault:
                fault()
            os.setpgid(0, 0)
            Countdown(k, tell, die)
            write(folder)
        os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with open(hear, encoding="utf-8") as pipe:
        return pipe.read()


def wrong(folder: Path, before: dict[str, str]) -> list[str]:
    """Return what is wrong in *folder* after a write was killed, and after the commands that follow."""
    found = []
    with lock.held(git_in(folder, "rev-parse", "--path-format=absolute", "--git-common-dir")):
        pass  # a git child that outlived its parent has ended
    tip = git_in(folder, "rev-parse", "main")
    done = tip != before["tip"]
    if done and git_in(folder, "rev-list", "--count", "main") != str(int(before["commits"] or 0) + 1):
        found.append("the branch is neither old nor new")
    found += damage(folder)
    try:
        with Registry.open(folder) as registry:  # what reads
            read = [model.name for model in registry.models()]
        found += unlike(folder, before["status"], "after a read")
        with Registry.open(folder) as registry:  # what writes
            promote_again = registry.promote("iris@2", "production").changed if "iris" in read else True
            version = registry.register("next").number
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        if before["tip"] == "main" and not done:
            return found + init_again(folder, before)
        return [*found, f"the next command failed: {error!r}"]
    if version != 1 or (not promote_again and not done):
        found.append("the next writes saw something else than the branch has")
    return found + unlike(folder, before["status"], "after a write")


def init_again(folder: Path, before: dict[str, str]) -> list[str]:
    try:
        init(folder)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return [f"the next init failed: {error!r}"]
    return unlike(folder, before["status"], "after init") + damage(folder)


def damage(folder: Path) -> list[str]:
    done = subprocess.run(["git", "-C", str(folder), "fsck", "--strict", "--no-progress"], check=False, capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(("dangling", "notice:"))]
    return [f"git fsck: {said}"] if done.returncode or said else []


def unlike(folder: Path, status: str, when: str) -> list[str]:
    found = []
    if git_in(folder, "status", "--porcelain") != status:
        found.append(f"git status {when}: {git_in(folder, 'status', '--porcelain')!r}, expected {status!r}")
    own = Path(git_in(folder, "rev-parse", "--path-format=absolute", "--git-dir"))
    left = [name for name in ("index.lock", "gitreg.owner", "gitreg.index", "gitreg.index.lock", "gitreg/journal") if (own / name).exists()]
    return found + [f"left {when}: {name}" for name in left]


def sweep(folder: Path, scene: str, fault: str | None) -> Any:
    """Yield each step of the write of *scene* and what is wrong after a kill, or an interrupt, there."""
    die = interrupt if fault == "interrupt" else kill
    make, write = SCENES[scene]
    template = folder / "template"
    make(template)
    before = {
        "tip": git_in(template, "rev-parse", "main"), "commits": git_in(template, "rev-list", "--count", "main"),
        "status": git_in(template, "status", "--porcelain"),
    }  # fmt: skip
    for k in range(1, MOST, 4 if fault in FAULTS else 1):  # a planted fault shows at many steps
        copy = folder / str(k)
        shutil.copytree(template, copy, symlinks=True)
        step = killed_at(k, copy, write, FAULTS.get(fault), die)
        left = unlike(copy, before["status"], "at once") if die is interrupt else []
        yield {"k": k, "step": step, "wrong": left + wrong(copy, before)}
        shutil.rmtree(copy)
        if not step:
            return


if __name__ == "__main__":
    for result in sweep(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None):
        print(json.dumps(result), flush=True)
        if sys.argv[-1] in FAULTS and any(finding.startswith("git ") for finding in result["wrong"]):
            break
