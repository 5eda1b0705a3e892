"""Run the git commands that speak to another machine, and put what they complain of into one line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from gitreg.store import process

if TYPE_CHECKING:
    from collections.abc import Sequence

_PASSWORD = re.compile(r"(?<=://)[^/\s]*@")
_PREFIX = re.compile(r"^(?:fatal|error|remote|ERROR|warning): *")
_ADVICE = ("hint:", "To ", "error: failed to push some refs", "Please make sure you have", "and the repository exists")


def ask(place: Sequence[str], args: Sequence[str], *, data: bytes | None = None, lock: int | None = None) -> tuple[int, str, str]:
    """Run a git command that may speak to a remote, and return its exit code and what it said.

    git may ask for a password only where a person sits at a terminal. See :func:`gitreg.store.process.begun`.
    """
    env = {"GIT_TERMINAL_PROMPT": "1" if sys.stdin is not None and sys.stdin.isatty() else "0"}
    code, out, err = process.run(place, args, data=data, env=env, lock=lock, asks=True)
    return code, out.decode(errors="replace"), err.decode(errors="replace")


def said(err: str) -> str:
    """Return what git complained of in one line, without passwords and without its advice."""
    lines = [_PREFIX.sub("", line).strip() for line in err.splitlines() if not line.startswith(_ADVICE)]
    return _PASSWORD.sub("", "; ".join(line for line in lines if line))
