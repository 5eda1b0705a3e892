"""The part of a page of the documentation that a command writes: it stands between two comments that name the command."""

from __future__ import annotations

from pathlib import Path


def shown(page: str | Path, command: str) -> str:
    """Return what *command* wrote last on the *page*, without the blank lines around it."""
    _, part, _ = _parted(Path(page).read_text(encoding="utf-8"), command)
    return part.strip("\n")


def show(page: str | Path, command: str, text: str) -> None:
    """Put *text* where *command* writes on the *page*; the rest of the page stays."""
    place = Path(page)
    head, _, tail = _parted(place.read_text(encoding="utf-8"), command)
    place.write_text(f"{head}\n{text}\n\n{tail}", encoding="utf-8")


def _parted(text: str, command: str) -> tuple[str, str, str]:
    begin, end = (f"<!-- {side}: written by {command} -->\n" for side in ("begin", "end"))
    head, found, rest = text.partition(begin)
    part, ended, tail = rest.partition(end)
    assert found, f"the page does not say where {command} writes"
    assert ended, f"what {command} writes has no end"
    return head + begin, part, end + tail
