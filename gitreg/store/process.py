"""Start git: the only importer of subprocess. Who asks, and for what, is ``gitrepo.py`` and ``reader.py``."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

from gitreg.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Kept = subprocess.Popen[bytes]

_SAID = 1 << 13  # bytes
# core.fsmonitor names a program, and log.showSignature runs one
_SAFE = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "log.follow=false")
# a hook of one repository runs with these set, and would send what is meant for another into its own
_ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX",
)  # fmt: skip
_PLAIN = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # an id must mean one content
    "GIT_LITERAL_PATHSPECS": "1",
}


def begun(place: Sequence[str], args: Sequence[str], *, env: dict[str, str] | None = None, lock: int | None = None, asks: bool = False) -> Kept:
    """Start git with the options *place*, its three streams as pipes; whoever asked for it waits for it.

    The child is in a process group of its own, so that Ctrl-C reaches only us, unless it *asks* the person
    something; it holds the descriptor *lock* for as long as it lives.

    Raises:
        BusyError: git is not installed.
    """
    try:
        return subprocess.Popen(
            ("git", *place, *_SAFE, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=_environment() | (env or {}), pass_fds=() if lock is None else (lock,), process_group=None if asks else 0,
        )  # fmt: skip
    except FileNotFoundError:
        raise _missing() from None


def run(place: Sequence[str], args: Sequence[str], *, data: bytes | None = None, env: dict[str, str] | None = None, lock: int | None = None, asks: bool = False) -> tuple[int, bytes, bytes]:
    """Run git to its end and return its exit code and outputs; *data* is its standard input. See :func:`begun`."""
    with begun(place, args, env=env, lock=lock, asks=asks) as git:
        out, err = git.communicate(data)
    return git.returncode, out, err


@contextlib.contextmanager
def aside(git: Kept) -> Iterator[Callable[[], bytes]]:
    """Hear what *git* says on its standard error while its output is read: it would wait for us otherwise, once the pipe is full.

    The function that is given waits for the end of that, and returns the last of it. Nobody reads more of the output when this ends.
    """
    from threading import Thread

    out, stream, said = git.stdout, git.stderr, bytearray()
    assert out
    assert stream

    def hear() -> None:
        while piece := stream.read1(_SAID):  # type: ignore[attr-defined]
            said.extend(piece)
            del said[:-_SAID]

    def heard() -> bytes:
        thread.join()
        return bytes(said)

    thread = Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        out.close()  # so that git ends, if it has more to say
        thread.join()


def kept(place: Sequence[str], args: Sequence[str], *, env: dict[str, str] | None = None) -> Kept:
    """Start git with pipes at both ends, to be asked many times.

    Raises:
        BusyError: git is not installed.
    """
    try:
        return subprocess.Popen(
            ("git", *place, *_SAFE, *args),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment() | (env or {}), process_group=0,
        )  # fmt: skip
    except FileNotFoundError:
        raise _missing() from None


def detached(place: Sequence[str], *commands: Sequence[str]) -> None:
    """Start git in a session of its own, with no streams, as nobody's child, for one command after the other; returns at once.

    Raises:
        BusyError: git is not installed.
    """
    import shlex

    script = "; ".join(shlex.join(("git", *place, *_SAFE, *args)) for args in commands)
    nothing = subprocess.DEVNULL
    try:  # the shell ends at once, so that the git it leaves behind is the system's to wait for
        subprocess.run(("/bin/sh", "-c", f"({script}) &"), stdin=nothing, stdout=nothing, stderr=nothing, env=_environment(), start_new_session=True, check=False)
    except FileNotFoundError:
        raise _missing() from None


def _environment() -> dict[str, str]:
    """Return the environment of git children: plain English, no prompts, no replaced objects."""
    return {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _PLAIN


def _missing() -> BusyError:
    return BusyError("git is not installed, or not on PATH", hint="apt install git")
