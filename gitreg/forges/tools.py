"""Ask a forge through the person's own tool, ``gh`` or ``glab``, which has its own login and knows its own proxies.

A door to subprocess beside ``store/process.py``: that one starts git, with options and an environment that mean nothing
to other programs, and the forges stand below the store.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from gitreg.errors import BusyError, PolicyError, UsageError
from gitreg.forges.answers import Answer, UnsureError, name, said, tamed

if TYPE_CHECKING:
    from gitreg.forges.base import Kind, Place

PATIENCE = 60.0  # seconds until a tool must have answered
_LARGEST = 16 << 20
_STATUS = re.compile(rb"HTTP/[\d.]+ (?P<status>\d{3})[^\r\n]*\r?\n(?P<headers>(?:[^\r\n]+\r?\n)*)\r?\n")
_QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GLAB_CHECK_UPDATE": "false", "NO_PROMPT": "1", "NO_COLOR": "1", "GH_PAGER": "cat", "PAGER": "cat"}
_LOUD = ("GH_DEBUG", "GH_FORCE_TTY", "DEBUG", "CLICOLOR_FORCE")


class _Tool(NamedTuple):
    kind: Kind
    login: str
    where: str


_TOOLS = {
    "gh": _Tool("github", "gh auth login", "https://cli.github.com"),
    "glab": _Tool("gitlab", "glab auth login", "https://gitlab.com/gitlab-org/cli"),
}


class Tool:
    """A :class:`~gitreg.forges.answers.Line` through a tool's ``api`` command: what is sent stands on its standard input, never in a shell."""

    def __init__(self, tool: str, place: Place, folder: str, patience: float = PATIENCE) -> None:
        self.tool, self.place, self.folder, self.patience = tool, place, folder, patience
        self.credential, self.secret = f"the login of {tool}", ""

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """See :meth:`~gitreg.forges.answers.Line.send`; the tool itself tries again where it does."""
        given = () if body is None else ("--header", "Content-Type: application/json", "--input", "-")
        code, out, err = self._ran("api", "--hostname", urlsplit(self.place.web).netloc, "--include", "--method", method, *given, path, data=body or b"")
        found = _STATUS.match(out)
        if found is None:
            raise self._refused(code, err.decode(errors="replace"), method)
        answer = Answer(int(found["status"]), _headers(found["headers"]), out[found.end() :])
        if answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0"):
            raise BusyError("{host} asks to wait, {credential} has asked too often: {said}", host=name(self), credential=self.credential, said=said(self, answer), hint="try again later")
        if method == "POST" and answer.status >= 500:
            raise UnsureError("{host} broke off with {status}: {said}", host=name(self), status=answer.status, said=said(self, answer))
        return answer

    def _ran(self, *args: str, data: bytes) -> tuple[int, bytes, bytes]:
        env = {key: value for key, value in os.environ.items() if key not in _LOUD} | _QUIET
        try:
            done = subprocess.run((self.tool, *args), input=data, capture_output=True, cwd=self.folder, env=env, timeout=self.patience, check=False)
        except FileNotFoundError:
            raise UsageError("{tool} is not installed, or not on PATH", tool=self.tool, hint=f"see {_TOOLS[self.tool].where}") from None
        except subprocess.TimeoutExpired:
            raise UnsureError("{tool} did not end within {seconds:.0f} s", tool=self.tool, seconds=self.patience) from None
        if len(done.stdout) > _LARGEST:
            raise BusyError("{tool} answers with more than {most} MiB", tool=self.tool, most=_LARGEST >> 20)
        return done.returncode, done.stdout, done.stderr

    def _refused(self, code: int, err: str, method: str) -> BusyError | PolicyError:
        words = tamed(self, err) or f"it ended with {code}"
        if code == 4 or "auth login" in err or "not logged in" in err:
            return PolicyError("{tool} has no login for {host}: {said}", tool=self.tool, host=name(self), said=words, hint=_TOOLS[self.tool].login)
        kind = UnsureError if method == "POST" else BusyError
        return kind("{tool} cannot ask {host}: {said}", tool=self.tool, host=name(self), said=words)


def line(tool: str, place: Place, folder: str) -> Tool:
    """Return the way to *place* through *tool*, ``gh`` or ``glab``, started in *folder*.

    Raises:
        UsageError: there is no such tool, or it speaks to another kind of forge.
    """
    if tool not in _TOOLS:
        raise UsageError("{tool!r} is no tool that gitreg can use: gh and glab are", tool=tool)
    if _TOOLS[tool].kind != place.kind:
        raise UsageError("{tool} does not speak to {host}, which is {kind}", tool=tool, host=urlsplit(place.web).netloc, kind=place.kind)
    return Tool(tool, place, folder)


def _headers(raw: bytes) -> dict[str, str]:
    pairs = (one.partition(":") for one in raw.decode(errors="replace").splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}
