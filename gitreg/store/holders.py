"""Who holds a lock file of git's, and whether whoever made it is provably gone.

git takes a lock by making a file, so a process that is killed leaves it. It is removed only where nobody can have it any
more: it stayed as it is for a while, no process has it open, and no git is at work in the repository. Linux' ``/proc``
tells; where it does not, or where processes that it does not show may use the folder, nothing is proven.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitreg.store.gitrepo import GitRepo

_PROC = "/proc"
_WATCHED = 1.0  # seconds: a process that makes and closes a lock within them was at work, whoever it was
_FIRST_NAMESPACE = 0xEFFFFFFC  # of processes: a fixed number of Linux
_LOCAL = frozenset(("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "ramfs", "f2fs", "bcachefs", "jfs", "vfat", "exfat", "ntfs3"))
_WHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
_READERS = ("cat-file",)  # git commands that never lock, and live long
_VALUED = ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--exec-path", "--attr-source")
_GITS = re.compile(r"(index|HEAD|ORIG_HEAD|FETCH_HEAD|MERGE_HEAD|REBASE_HEAD|CHERRY_PICK_HEAD|REVERT_HEAD|AUTO_MERGE|config|config\.worktree|packed-refs|shallow|description|gc\.pid|sparse-checkout)\.lock")

Look = tuple[int, int, int, int]


class Holder(NamedTuple):
    """A process that has a lock, or may have it."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})"


class Verdict(NamedTuple):
    """Whether who made a lock is provably gone; *why* not, in words that go on after "it"."""

    gone: bool
    why: str = ""


def places(repo: GitRepo) -> tuple[str, ...]:
    """Return the folders where a git that works in *repo* can be found."""
    found = {repo.common_dir, repo.git_dir, *(folder for checkout in repo.checkouts() for folder in checkout[:2])}
    return tuple(sorted(os.path.realpath(folder) for folder in found))


def locks(repo: GitRepo) -> list[str]:
    """Return the lock files of git's in *repo*, of the refs, the index and the rest."""
    folders = {repo.common_dir, *(checkout.git_dir for checkout in repo.checkouts())}
    found = [os.path.join(folder, name) for folder in folders for name in os.listdir(folder) if _GITS.fullmatch(name)]
    for below in ("refs", "objects/info", "objects/pack", *(f"worktrees/{os.path.basename(folder)}/refs" for folder in folders - {repo.common_dir})):
        for folder, _, names in os.walk(os.path.join(repo.common_dir, below)):
            found += [os.path.join(folder, name) for name in names if name.endswith(".lock")]
    return sorted(found)


def judged(files: Iterable[str], where: Sequence[str]) -> dict[str, Verdict]:
    """Return a verdict on each lock of *files* that is there; *where* are the :func:`places` of its repository.

    It takes a second where there are any, in which their makers may show that they live.
    """
    first = {file: look for file in files if (look := _look(file))}
    if not first:
        return {}
    time.sleep(_WATCHED)
    alive = list(_processes())
    return {file: _verdict(file, look, where, alive) for file, look in first.items() if _look(file)}


def drop_stale(files: Iterable[str], where: Sequence[str]) -> list[str]:
    """Remove those locks of *files* whose maker is provably gone; returns them."""
    dropped = []
    seen = {file: look for file in files if (look := _look(file))}
    for file, verdict in judged(seen, where).items():
        if verdict.gone and _look(file) == seen[file]:
            with contextlib.suppress(OSError):
                os.unlink(file)
                dropped.append(file)
    return dropped


def holding(file: str, where: Sequence[str]) -> Holder | None:
    """Return who has a lock, or may have it, if there is such a process."""
    look = _look(file)
    return _holder(look, where, _processes()) if look else None


def owner(file: str) -> Holder | None:
    """Return the process that has locked *file* with ``flock``, if that can be told."""
    try:
        inode = os.stat(file).st_ino
        with open(os.path.join(_PROC, "locks"), encoding="ascii") as lines:
            held = [line.split() for line in lines if " FLOCK " in line and "->" not in line]
    except OSError:
        return None
    pids = [int(fields[4]) for fields in held if fields[5].rpartition(":")[2] == str(inode) and fields[4].isdigit()]
    found = (process for pid in pids if pid != os.getpid() and (process := _process(pid)))
    return next((Holder(process.pid, process.text) for process in found), None)


def _look(file: str) -> Look | None:
    try:
        seen = os.lstat(file)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_ctime_ns


def _verdict(file: str, before: Look, where: Sequence[str], alive: Sequence[Process]) -> Verdict:
    if _look(file) != before:
        return Verdict(False, "was made just now")
    hidden = _hidden(file)
    holder = _holder(before, where, alive)
    if holder:
        return Verdict(False, f"is held by {holder}")
    return Verdict(not hidden, hidden)


def _holder(look: Look, where: Sequence[str], alive: Iterable[Process]) -> Holder | None:
    return next((Holder(process.pid, process.text) for process in alive if process.has(look[:2]) or process.is_git_in(where)), None)


# -- processes --------------------------------------------------------------------------------------------


class Process(NamedTuple):
    """A living process; *words* is its command, None where that cannot be read, as are *cwd* and *files*."""

    pid: int
    parent: int
    name: str
    words: tuple[str, ...] | None
    cwd: str | None
    named: tuple[str, ...]
    files: frozenset[tuple[int, int]] | None

    @property
    def text(self) -> str:
        """What a person may know it by: its name, and of git the subcommand, for options may hold secrets."""
        name = os.path.basename((self.words or (self.name,))[0])
        return shown(f"{name} {self.subcommand}".strip())[:80]

    @property
    def subcommand(self) -> str:
        """Which command of git it is, or nothing."""
        words = iter((self.words or ())[1:] if self._is_git() else ())
        for word in words:
            if not word.startswith("-"):
                return word
            if word in _VALUED:
                next(words, None)
        return ""

    def has(self, file: tuple[int, int]) -> bool:
        """Tell whether it has the file of this device and inode open."""
        return self.files is not None and file in self.files

    def is_git_in(self, where: Sequence[str]) -> bool:
        """Tell whether it is a git that may write in one of these folders; one whose details are hidden may."""
        if not self._is_git() or self.subcommand in _READERS:
            return False
        if self.parent == os.getpid() and self.subcommand == "update-ref":
            return False  # it waits for us to say what to lock
        if self.cwd is None or self.words is None:
            return True
        said = ("", *self.named, *self.words[1:], *(word.partition("=")[2] for word in self.words[1:]))
        paths = {os.path.realpath(os.path.join(self.cwd, path)) for path in said}
        return any(path == folder or path.startswith(f"{folder}/") for path in paths for folder in where)

    def _is_git(self) -> bool:
        """Tell by its name whether it is a git; a gitreg that locks has the registry's lock, which our caller has."""
        names = {self.name, os.path.basename(self.words[0]) if self.words else ""}
        return any(name.startswith("git") for name in names) and "gitreg" not in names


def _processes() -> Iterator[Process]:
    try:
        names = os.listdir(_PROC)
    except OSError:
        return
    for name in names:
        if name.isdigit() and int(name) != os.getpid() and (process := _process(int(name))):
            yield process


def _process(pid: int) -> Process | None:
    """Return what can be told of a process, or None where it has ended."""
    folder = os.path.join(_PROC, str(pid))
    try:
        with open(os.path.join(folder, "stat"), "rb") as file:
            head, _, rest = file.read().rpartition(b")")
    except PermissionError:
        return Process(pid, 0, "git, or another", None, None, (), None)
    except OSError:
        return None
    state, parent = rest.split()[:2]
    if state in (b"Z", b"X"):
        return None
    name = os.fsdecode(head.partition(b"(")[2])
    words = _split(os.path.join(folder, "cmdline"))
    given = _split(os.path.join(folder, "environ")) if words is not None else None
    named = tuple(value for key, _, value in (pair.partition("=") for pair in given or ()) if key in _WHERE)
    try:
        cwd: str | None = os.readlink(os.path.join(folder, "cwd"))
    except PermissionError:
        cwd = None
    except OSError:  # it is ending, and does nothing more
        return None
    return Process(pid, int(parent), name, words or ((name,) if words is not None else None), cwd, named, _files(folder))


def _split(file: str) -> tuple[str, ...] | None:
    try:
        with open(file, "rb") as opened:
            return tuple(os.fsdecode(part) for part in opened.read().split(b"\0") if part)
    except OSError:
        return None


def _files(folder: str) -> frozenset[tuple[int, int]] | None:
    found = set()
    try:
        for name in os.listdir(os.path.join(folder, "fd")):
            with contextlib.suppress(OSError):
                seen = os.stat(os.path.join(folder, "fd", name))
                found.add((seen.st_dev, seen.st_ino))
    except OSError:
        return None
    return frozenset(found)


# -- whom we cannot see -----------------------------------------------------------------------------------


def _hidden(file: str) -> str:
    """Return why a process that may have *file* would not be seen here; empty where none can be."""
    try:
        seen = os.lstat(file)
        ours = os.stat(os.path.join(_PROC, "self", "ns", "pid")).st_ino == _FIRST_NAMESPACE
        mount, kind = _mount(os.path.realpath(file))
    except OSError:
        return "may be held: this system does not tell by whom"
    if os.geteuid() not in (0, seen.st_uid):
        return "is another person's"
    if kind not in _LOCAL:
        return f"lies on {kind}, which another machine may use too"
    if not ours and mount != "/":
        return "may be held from outside of this container"
    return ""


def _mount(path: str) -> tuple[str, str]:
    """Return where the file system of *path* is mounted, and its type."""
    found = ("", "")
    with open(os.path.join(_PROC, "self", "mountinfo"), encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields, _, rest = line.partition(" - ")
            at = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields.split(" ")[4])
            if (path == at or path.startswith(at.rstrip("/") + "/")) and len(at) >= len(found[0]):
                found = (at, rest.split(" ")[0])
    return found
