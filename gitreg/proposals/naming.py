"""What the branch of a proposal is called: a pure function of what the change is, so that the same move finds its own."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from gitreg import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitreg.records import Event, Manifest
    from gitreg.view import View

FOLDER = "gitreg/"
_MADE = ("created_at", "created_by", "number")  # when, by whom and in which turn it was recorded: another try has others
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_+-]|\.(?!\.|$))*")
_LONGEST = 100
_SHORT = 8  # letters of a digest beside a name


def branch(prefix: str, events: Sequence[Event], end: View) -> str:
    """Return the branch for a change that *events* tell of, in the registry in folder *prefix*; *end* is what it comes to.

    One move is named by what it is, ``gitreg/iris/promote-7-production``; a registration by name and digest of
    its facts, ``gitreg/iris/register-2.0-1a2b3c4d``, so that another of the same name has its own; more than that by a digest.
    """
    models = {event.model for event in events}
    few = tuple(islice(_meant(events), 2))
    named = _one(few[0], end) if len(few) == 1 and few[0].model else None
    folders = "".join(f"{_part(folder)}/" for folder in prefix.split("/") if folder)
    if named is None:
        return f"{FOLDER}{folders}changes-{_digest(_facts(_meant(events), end))}"
    return f"{FOLDER}{folders}{'/'.join(map(_part, (models.pop() or '').split('/')))}/{named}"


def _meant(events: Sequence[Event]) -> Iterator[Event]:
    """Yield what was asked for: not what follows from it, for that depends on who holds which stage by then."""
    gone = {(event.model, event.number) for event in events if event.event in ("promoted", "archived")}
    displaced = {(event.model, event.stage, event.from_number) for event in events if event.event == "promoted"}
    new = {event.model for event in events if event.event == "registered"}
    for event in events:
        if event.event == "cleared" and (event.model, event.from_number) in gone:
            continue
        if event.event == "archived" and (event.model, event.stage, event.number) in displaced:
            continue
        if event.event == "model_created" and event.model in new:
            continue
        yield event


def _one(event: Event, end: View) -> str | None:
    """Return the name of a single move, None for any other change."""
    if event.event == "promoted":
        return f"rollback-{event.stage}" if event.kind == "rollback" else f"promote-{event.number}-{event.stage}"
    if event.event == "archived":
        return f"archive-{event.number}"
    if event.event == "registered":
        digest = _digest(_facts((event,), end))
        return f"register-{digest}" if event.version in (None, str(event.number)) else f"register-{_part(event.version or '')}-{digest[:_SHORT]}"
    return None


def _facts(meant: Iterable[Event], end: View) -> Iterator[Any]:
    """Yield what tells one change from another, the same whoever makes it and whenever."""
    for event in meant:
        number = None if event.event == "registered" else event.number
        yield event.event, event.model, number, event.stage
        if event.event in ("registered", "updated", "completed", "failed") and event.model and event.number:
            manifest = end.find_manifest(event.model, event.number)
            yield _plain(manifest) if manifest else None
        elif event.event in ("model_created", "model_updated") and event.model:
            yield card_facts(end, event.model)


def card_facts(end: View, model: str) -> dict[str, Any] | None:
    """Return what the card of a model says, but for who made it and when; None where there is none."""
    card = end.find_card(model)
    return {name: value for name, value in records.plain(card).items() if name not in _MADE} if card else None


def _plain(manifest: Manifest) -> dict[str, Any]:
    unnamed = manifest.version == str(manifest.number)
    return {name: value for name, value in records.plain(manifest).items() if name not in _MADE and not (unnamed and name == "version")}


def _digest(facts: Iterator[Any]) -> str:
    found = sha256()
    for fact in facts:
        found.update(msgspec.json.encode(fact, order="deterministic") + b"\n")
    return found.hexdigest()[:12]


def _part(text: str) -> str:
    """Return *text* as a part of a branch's name: as it is where git and every host take it, else marked by a digest."""
    if _PART.fullmatch(text) and len(text) <= _LONGEST and not text.lower().endswith(".lock"):
        return text
    readable = re.sub(r"[^A-Za-z0-9_+-]+", "-", text).strip("-")[:40]
    return f"{readable or 'x'}-{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
