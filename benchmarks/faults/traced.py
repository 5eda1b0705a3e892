"""Run a gitreg command under strace, in a process forked from this one: real, and without its start-up.

strace counts the calls of each process apart. So one process is its target at a time: gitreg itself, to which strace attaches
before the command begins, or one of the git processes that it starts, found by a ``git`` of ours that stands first on PATH.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.faults.planted import plant
from benchmarks.faults.trial import MissingError
from gitreg.cli import boundary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALLS = ("openat", "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat")
_WRAPPER = """\
#!/bin/sh
# Runs git, under strace if it is the one that is looked at: the n-th of its verb.
value=
for word; do
    if [ "$value" ]; then value=; continue; fi
    case $word in -c | -C | --git-dir | --work-tree | --shallow-file | --exec-path) value=1 ;; -*) ;; *) break ;; esac
done
n=1
while ! mkdir "$FAULTS_AT/$word.$n" 2>/dev/null; do
    [ -d "$FAULTS_AT" ] || exit 1
    n=$((n + 1))
done
[ "$FAULTS_GIT" = all ] && exec {strace} -qq -y -e "$FAULTS_EXPR" -o "$FAULTS_AT/$word.$n/log" {git} "$@"
[ "$FAULTS_GIT" = "$word.$n" ] && exec {strace} -qq -y -e "$FAULTS_EXPR" -e "$FAULTS_INJECT" -o "$FAULTS_AT/$word.$n/log" {git} "$@"
exec {git} "$@"
"""
_SERVER = '#!/bin/sh\nexec git {verb} "$@"\n'  # what git starts at the other end of a path, and what starts git in its turn
OURSELVES = "gitreg"


class Point(NamedTuple):
    """A call to the operating system: which process makes it, which call, and the how many-th of its kind there.

    *effects* counts the calls of its process before it that others can notice: all but opening a file to read it.
    """

    process: str
    call: str
    nth: int
    text: str = ""
    effects: int = 0

    @property
    def reads(self) -> bool:
        """Tell whether it only opens a file to read it."""
        return self.call == "openat" and not {"O_CREAT", "O_WRONLY", "O_RDWR"}.intersection(re.findall(r"O_\w+", self.text))

    def __str__(self) -> str:
        return f"{self.call} {self.nth} of {self.process}"


class Ran(NamedTuple):
    """How a command ended: its exit code (negative: the signal), what it said, and whether the injection happened."""

    code: int
    said: str
    reached: bool


class Tracer:
    """Runs commands with strace at one of their processes."""

    def __init__(self, folder: Path) -> None:
        strace, git = shutil.which("strace"), shutil.which("git")
        if not strace or not git:
            raise MissingError("strace is not installed: apt-get install strace")
        self._bin, self._at, self._strace = folder / "bin", folder / "at", strace
        self._bin.mkdir()
        self._script("git", _WRAPPER.format(strace=strace, git=git))
        for verb in ("receive-pack", "upload-pack"):
            self._script(f"git-{verb}", _SERVER.format(verb=verb))

    def _script(self, name: str, text: str) -> None:
        (self._bin / name).write_text(text)
        (self._bin / name).chmod(0o755)

    def points(self, args: tuple[str, ...], registry: Path, done_with: int = 0) -> list[Point]:
        """Carry the command out once, and return every call that it and its git processes make in *registry*."""
        ran = self.run(args, registry, Point("all", "", 0), "")
        if ran.code != done_with:
            raise MissingError(f"nothing can be traced here: {ran.said}")
        logs = {OURSELVES: self._at / "log"} | {log.parent.name: log for log in sorted(self._at.glob("*/log"))}
        return [point for process, log in logs.items() for point in _within(process, log.read_text(errors="replace"), registry)]

    def run(self, args: tuple[str, ...], registry: Path, point: Point, what: str, fault: str | None = None) -> Ran:
        """Carry the command out with *what* injected at *point*."""
        shutil.rmtree(self._at, ignore_errors=True)
        self._at.mkdir()
        calls = ",".join(f"?{call}" for call in CALLS) if point.process == "all" else point.call
        trace, inject = f"trace={calls}", f"inject={point.call}:{what}:when={point.nth}"
        git = {"FAULTS_AT": str(self._at), "FAULTS_GIT": point.process, "FAULTS_EXPR": trace, "FAULTS_INJECT": inject}
        env = git | {"PATH": f"{self._bin}:{os.environ['PATH']}", "GIT_EXEC_PATH": str(self._bin)} if point.process != OURSELVES else {}
        ours = {"all": [f"--trace={calls}"], OURSELVES: ["-e", trace, "-e", inject]}.get(point.process)
        log = self._at / "log" if ours else self._at / point.process / "log"
        with _forked(args, registry, self._at / "said", env, fault) as (pid, go):
            strace = self._attached(pid, ours) if ours else None
            os.write(go, b"!")
            _, status = os.waitpid(pid, 0)
            if strace:
                strace.communicate()
        with contextlib.suppress(FileNotFoundError):
            marks = log.read_text(errors="replace")
            return Ran(os.waitstatus_to_exitcode(status), (self._at / "said").read_text(errors="replace"), "(INJECTED)" in marks or "killed by SIGKILL" in marks)
        return Ran(os.waitstatus_to_exitcode(status), (self._at / "said").read_text(errors="replace"), reached=False)

    def _attached(self, pid: int, options: list[str]) -> subprocess.Popen[str]:
        """Start strace on a process that waits, and return when it holds it."""
        strace = subprocess.Popen([self._strace, "-y", "-p", str(pid), "-o", str(self._at / "log"), *options], stderr=subprocess.PIPE, text=True)
        assert strace.stderr
        said = strace.stderr.readline()
        if "attached" not in said:
            os.kill(pid, 9)
            raise MissingError(f"strace may not attach here: {said.strip()}")
        return strace


@contextlib.contextmanager
def _forked(args: tuple[str, ...], registry: Path, said: Path, env: dict[str, str], fault: str | None) -> Iterator[tuple[int, int]]:
    """Give a process that will carry a command out, and what to write to when it may begin."""
    hear, go = os.pipe()
    told, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        output = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.chdir(registry)
        os.environ.update(env)
        sys.argv = ["gitreg", *args]
        plant(fault)
        os.close(go)
        os.write(ready, b"!")
        os.read(hear, 1)
        boundary.main()
    os.close(hear)
    os.read(told, 1)
    os.close(told)
    os.close(ready)
    try:
        yield pid, go
    finally:
        os.close(go)


def _within(process: str, log: str, registry: Path) -> Iterator[Point]:
    """Yield the calls of a log that name something in *registry*, by path or by an open file of theirs."""
    seen: dict[str, int] = {}
    effects = 0
    for line in log.splitlines():
        found = re.match(r"(\w+)\((.*)", line)
        if found and found[1] in CALLS:
            seen[found[1]] = seen.get(found[1], 0) + 1
            point = Point(process, found[1], seen[found[1]], found[2], effects)
            if any(path == str(registry) or path.startswith(f"{registry}/") for path in _paths(found[2])):
                yield point
            effects += not point.reads


def _paths(arguments: str) -> Iterator[str]:
    """Yield what a call names: ``5</open/file>``, ``"/a/path"``, ``AT_FDCWD</a/folder>, "relative"``."""
    at = ""
    for descriptor, opened, text in re.findall(r'(\w+)<([^>]*)>|"((?:[^"\\]|\\.)*)"', arguments.partition(" = ")[0]):
        if descriptor == "AT_FDCWD":
            at = opened
        else:
            yield os.path.normpath(os.path.join(at, text)) if text else opened
