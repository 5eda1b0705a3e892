"""The commit message of a change: a subject, the reason, and trailers that a program reads. Pure.

Values in trailers are percent-encoded, so no free text can forge one.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitreg.records import Event

OP, CHANGE = "Gitreg-Op", "Gitreg-Change"
_AT_ONCE = 1000  # lines
_TRAILER = re.compile(r"(?:Gitreg-Op|Gitreg-Change): .*")
_ANY_TRAILER = re.compile(r"[A-Za-z0-9-]+: .*")
_OF_GIT = re.compile(r"^# Conflicts:\n(?:#\t.*(?:\n|\Z))+", re.MULTILINE)  # what a merge with conflicts leaves in its message


class Claim(NamedTuple):
    """What a commit's author said of one event: what they overrode by force."""

    event: str
    model: str
    stage: str
    forced: tuple[str, ...]


def written(subject: str, reason: str, operation_id: str, events: Iterable[Event]) -> str:
    """Return the whole message."""
    subject, reason = _storable(subject), _storable(reason)
    body = f"{_untrailed(reason)}\n\n" if reason.strip() else ""
    parts, trailers = [f"{subject}\n\n{body}{OP}: {operation_id}\n"], (f"{CHANGE}: {_line(event)}\n" for event in events)
    while part := "".join(islice(trailers, _AT_ONCE)):  # a text for each of very many lines would weigh more than they do
        parts.append(part)
    return "".join(parts)


def reworded(message: str, subject: str, operation_id: str, events: Iterable[Event]) -> str:
    """Return *message* told again of *events*, as one operation still: its reason and a person's own trailers stay."""
    own = [line for line in _trailers(message) if not _TRAILER.match(line)]
    return written(subject, reason_in(message), operation_id, events) + "".join(f"{line}\n" for line in own)


def _storable(text: str) -> str:
    """Return *text* with what no commit can hold written out: NUL, and halves of surrogate pairs."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def _untrailed(reason: str) -> str:
    """Return *reason* with lines that would read as gitreg's trailers set apart by a space."""
    return "\n".join(f" {line}" if _TRAILER.match(line) else line.rstrip() for line in reason.strip().splitlines())


def _line(event: Event) -> str:
    words = [event.event, event.model or "-", "-" if event.number is None else str(event.number), event.stage or "-"]
    if event.from_number is not None:
        words.append(f"from={event.from_number}")
    if event.forced:
        words.append("forced=" + ",".join(quote(text, safe=":") for text in event.forced))
    return " ".join(words)


def reason_in(message: str) -> str:
    """Return the free text of a message: what stands between the subject and the trailers."""
    _, _, body = _said(message).partition("\n")
    paragraphs = body.strip().split("\n\n")
    if _trailers(message):
        paragraphs.pop()
    return "\n\n".join(paragraphs).strip()


def _said(message: str) -> str:
    """Return *message* without the lines that git put there as a comment."""
    return _OF_GIT.sub("", message).strip()


def _trailers(message: str) -> list[str]:
    """Return the lines of the last paragraph, if there is one below the subject and each line is a trailer."""
    _, _, body = _said(message).partition("\n")
    lines = body.strip().rpartition("\n\n")[2].splitlines()
    return lines if all(_ANY_TRAILER.fullmatch(line) for line in lines) else []


def operation_in(message: str) -> str:
    """Return the id of the operation that a commit carried out, which it keeps wherever it is replayed; empty where it has none."""
    return next((line.removeprefix(f"{OP}: ").strip() for line in _trailers(message) if line.startswith(f"{OP}: ")), "")


def operations_in(message: str) -> tuple[str, ...]:
    """Return the ids of all operations that a message names: of a commit that was squashed, those of its parts."""
    return tuple(re.findall(rf"^{OP}: (\S+)$", message, re.MULTILINE))


def claims_in(message: str) -> tuple[Claim, ...]:
    """Return what the author claims to have overridden, from the trailers of the last paragraph."""
    last = _said(message).rpartition("\n\n")[2]
    found = []
    for line in last.splitlines():
        key, _, rest = line.partition(": ")
        words = rest.split(" ")
        if key == CHANGE and len(words) >= 4:
            forced = next((w.removeprefix("forced=") for w in words[4:] if w.startswith("forced=")), "")
            texts = tuple(unquote(text) for text in forced.split(",") if text)
            found.append(Claim(words[0], words[1], words[3], texts))
    return tuple(found)
