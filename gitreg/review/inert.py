"""Strangers' text in Markdown: shown as it is, and nothing comes of it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOO_LONG = re.compile("`{20,}")  # GitHub's Markdown finds no code between fences of more than 80, and no end of a block's of more than 255
_PIPE = "\\|"


def code(text: str) -> str:
    """Return *text* as inline code that holds no markup, mention, reference or link; for a cell of a table, see :func:`row`.

    It is a code span, the one inline form that nothing reads into: in ``<code>``, GitHub makes links of addresses, of entities too.
    """
    line = _line(text)
    if not line:
        return ""
    fence = "`" * (_longest(line) + 1)
    pad = " " if line.strip(" ") and (line[0] in "` " or line[-1] in "` ") else ""  # Markdown takes these two away again
    return f"{fence}{pad}{line}{pad}{fence}"


def row(cells: Sequence[str]) -> str:
    """Return a line of a table: its cells end at a pipe, also at one in code, unless it is escaped."""
    return "".join(["|", *(f" {cell.replace('|', _PIPE)} |" for cell in cells)])


def fenced(text: str, language: str = "") -> str:
    """Return *text* as a code block that it cannot end; what a terminal could obey stands escaped."""
    lines = [_line(line) for line in text.splitlines()]
    fence = "`" * max(3, _longest("\n".join(lines)) + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def _line(text: str) -> str:
    return _TOO_LONG.sub(lambda run: "\\x60" * len(run[0]), shown(text))


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
