"""The code blocks of a Markdown page, and what running them needs.

A page is run from its top in an empty folder: its shell blocks in one bash, its Python blocks in one namespace.

* ``console``: lines that start with ``$`` are typed (``>`` goes on), the others are what a terminal then shows;
* ``python``: run; each ``print(…)  # text`` prints that text;
* ``python FILE``: written to that file, for a ``console`` block to run;
* ``yaml FILE``: a file of the registry at that path, decoded; other ``yaml`` and ``json`` is read;
* ``text``: a picture, never run.

A block that must not run stands below a comment ``<!-- not run: why -->``.
"""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SAID = "--- that was "

_CHANGING = (
    (re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{7,12})\b"), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+\d\d:\d\d)?)?"), "TIME"),
    (re.compile(r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} [+-]\d{4}"), "TIME"),
)


class Block(NamedTuple):
    """A fenced block: its language, the words after it, the comment above it, its text and its first line's number."""

    language: str
    words: str
    mark: str
    text: str
    line: int


class Typed(NamedTuple):
    """A command and what the page says a terminal shows after it."""

    command: str
    shown: str


def pages() -> list[Path]:
    """Return the README and every page of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [_block(text, match) for match in _FENCE.finditer(text)]


def _block(text: str, match: re.Match[str]) -> Block:
    language, _, words = match["info"].partition(" ")
    return Block(language, words.strip(), match["mark"] or "", match["text"], text.count("\n", 0, match.start("text")) + 1)


def typed(block: Block) -> list[Typed]:
    """Return the commands of a console block, each with what is shown after it."""
    found: list[Typed] = []
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Typed(line[2:], ""))
        elif line.startswith("> ") and not found[-1].shown:
            found[-1] = Typed(found[-1].command + line[2:], "")
        else:
            found[-1] = Typed(found[-1].command, found[-1].shown + line)
    return found


def settled(text: str, folder: Path | None = None) -> str:
    """Return *text* with what differs from day to day made the same: commit ids, times, the page's *folder*."""
    if folder is not None:
        text = text.replace(str(folder), "/home/name")
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


class Terminal:
    """One bash that types what a page says, in the page's folder; both its outputs are one text."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.communicate("exit\n")

    def shows(self, command: str) -> str:
        """Type *command* (the date in it is today's) and return what is shown."""
        command = command.replace("2026-11-22", f"{datetime.now(UTC):%Y-%m-%d}")
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f'{{ {command}\n}} </dev/null; code=$?; printf "\\n{_SAID}%s\\n" "$PWD"; (exit $code)\n')
        self._bash.stdin.flush()
        said = ""
        for line in self._bash.stdout:
            if line.startswith(_SAID):
                self.folder = Path(line.removeprefix(_SAID).rstrip("\n"))
                return said
            said += line
        raise AssertionError(f"bash ended at: {command}{said}")


def promised_prints(code: str) -> str:
    """Return what the ``print(…)  # text`` lines of *code* say that they print."""
    return "".join(f"{match[1]}\n" for match in re.finditer(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE))
