"""Strangers' text in Markdown: shown as it is, and nothing comes of it. Pure."""

from __future__ import annotations

import re

from gitreg.names import shown

_PLAIN = re.compile(r"[^A-Za-z0-9 .,:;%+()\u00a1-\U0010ffff-]")


def code(text: str) -> str:
    """Return *text* as inline code that holds no markup, mention, reference or link, in a table too.

    Each character that Markdown or HTML could read is an entity; in ``<code>`` git hosts link and notify nobody.
    """
    return f"<code>{_PLAIN.sub(lambda match: f'&#{ord(match[0])};', shown(text))}</code>" if text else ""


def fenced(text: str, language: str = "") -> str:
    """Return *text* as a code block that it cannot end; what a terminal could obey stands escaped."""
    lines = [shown(line) for line in text.splitlines()]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])
