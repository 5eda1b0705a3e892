"""What names may look like, and how a person names a version. Pure text: nothing here reads a registry.

The rules are those of the contract's "Files" section; every one of them keeps a registry usable on each
file system and host that git knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LATEST = "latest"
ARCHIVED = "archived"
DEFAULT_STAGES = ("development", "staging", "production")

SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*"
END = r"$(?!\n)"  # the end, for Python too, where a bare $ lets a final newline pass
VERSION = r"^[A-Za-z0-9][A-Za-z0-9._+-]*" + END
STAGE = r"^[a-z][a-z0-9_-]{0,39}" + END

COMMAND = re.compile(r"^\s*:(?=:)|#(?=#(?:\[|vso\[|teamcity\[))")  # what logs of GitHub, Azure and TeamCity take for a command, to its first sign

_SEGMENT = re.compile(SEGMENT)
_VERSION = re.compile(VERSION)
_STAGE = re.compile(STAGE)
_NOT_A_STAGE = frozenset(["latest", "archived", "none", "true", "false", "null", "yes", "no", "on", "off", "y", "n"])
_NOT_A_VERSION = frozenset({LATEST, ARCHIVED, "none"})
_WINDOWS_DEVICES = frozenset(["con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))])
_OWN_FILES = frozenset({"versions", "model.yaml", "stages.yaml"})
_LONGEST_NUMBER = 9


class Selector(NamedTuple):
    """A model and what of it: ``what`` is a number, a stage's or version's name, or ``latest``."""

    model: str
    what: str

    def __str__(self) -> str:
        return f"{self.model}@{self.what}"


def selector(text: str) -> Selector:
    """Return the parts of ``MODEL@WHAT``; without ``@WHAT`` it is the latest version.

    Raises:
        UsageError: the model's or the version's name is malformed.
    """
    model, at, what = _text(text).partition("@")
    model_name(model)
    if not at:
        return Selector(model, LATEST)
    if not _VERSION.fullmatch(what) or len(what) > 128:
        raise UsageError("{text!r} is not a selector: after '@' comes a number, a version's name or a stage", text=text, hint=f"gitreg list {model}")
    return Selector(model, what)


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise UsageError("a name must be text, found {name!r}", name=name)
    return name


def number(text: str) -> int | None:
    """Return the number that *text* writes, or None: digits are always a number, never a name."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if len(text) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


def model_name(name: str) -> str:
    """Return *name* if it may name a model.

    Raises:
        UsageError: it may not; the sentence says why.
    """
    problem = _model_problem(_text(name))
    if problem:
        raise UsageError("{name!r} cannot name a model: {problem}", name=name, problem=problem)
    return name


def is_model_name(text: str) -> bool:
    """Tell whether *text* may name a model."""
    return _model_problem(text) is None


def _model_problem(name: str) -> str | None:
    if len(name) > 100:
        return f"it has {len(name)} characters, 100 are allowed"
    segments = name.split("/")
    if len(segments) > 3:
        return "it has more than three segments"
    return next(filter(None, map(_segment_problem, segments)), None)


def _segment_problem(segment: str) -> str | None:
    low = segment.lower()
    if not _SEGMENT.fullmatch(segment):
        return "a segment is letters, digits, '.', '_' and '-', and starts with a letter or digit"
    if low in _OWN_FILES:
        return f"{segment!r} is a name that gitreg itself uses inside a model's folder"
    if low.endswith((".lock", ".git")):
        return "a segment that ends in '.lock' or '.git' collides with git's own files"
    if low.endswith(".") or low.partition(".")[0] in _WINDOWS_DEVICES:
        return f"Windows cannot check out a folder named {segment!r}"
    return None


def collision(name: str, existing: Iterable[str]) -> str | None:
    """Return the model in *existing* that cannot stand beside *name*: equal but for case, or a prefix folder."""
    low = name.lower()
    for other in existing:
        theirs = other.lower()
        if (low == theirs and name != other) or low.startswith(theirs + "/") or theirs.startswith(low + "/"):
            return other
        if _folders_differ_in_case(name, other):
            return other
    return None


def _folders_differ_in_case(name: str, other: str) -> bool:
    """Tell whether a shared folder is spelled in two ways (``Team/a`` and ``team/b``)."""
    for ours, theirs in zip(name.split("/")[:-1], other.split("/")[:-1], strict=False):
        if ours.lower() != theirs.lower():
            return False
        if ours != theirs:
            return True
    return False


def version_name(name: str, stages: Iterable[str]) -> str:
    """Return *name* if a person may give it to a version of a registry that has these *stages*.

    Raises:
        UsageError: it may not; the sentence says why.
    """
    problem = _version_problem(_text(name), {stage.lower() for stage in stages})
    if problem:
        raise UsageError("{name!r} cannot name a version: {problem}", name=name, problem=problem)
    return name


def _version_problem(name: str, stages: set[str]) -> str | None:
    if len(name) > 128:
        return f"it has {len(name)} characters, 128 are allowed"
    if not _VERSION.fullmatch(name):
        return "a name is letters, digits, '.', '_', '+' and '-', and starts with a letter or digit"
    if name.isdigit():
        return "digits alone are a version's number, which gitreg gives"
    if name.lower() in stages:
        return "it is the name of a stage"
    return "it is a reserved word" if name.lower() in _NOT_A_VERSION else None


def filled(name: str, now: datetime) -> str:
    """Return *name* with ``{date}`` (``2026_11_22``) and ``{time}`` (``07_24_31_123456``) filled in, UTC."""
    if "{" not in _text(name):
        return name
    return name.replace("{date}", now.strftime("%Y_%m_%d")).replace("{time}", now.strftime("%H_%M_%S_%f"))


def stage_name_problem(name: str) -> str | None:
    """Return why *name* cannot name a stage, or None if it can."""
    if not _STAGE.fullmatch(name):
        return "a stage's name is up to 40 lower-case letters, digits, '_' and '-', and starts with a letter"
    return f"{name!r} is a reserved word" if name in _NOT_A_STAGE else None


def shown(text: str) -> str:
    """Return *text* safe to print: what a terminal or a CI system's log could obey stands escaped, in the way Python writes it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return COMMAND.sub(lambda match: match[0][:-1] + f"\\x{ord(match[0][-1]):02x}", text) if "::" in text or "##" in text else text
