"""Whether what is on a proposal's branch is the same change as ours: then it may be replaced, else it is somebody's work.

A commit is compared with what gitreg would write: what hangs on the base, when and by which operation does not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import records
from gitreg.deltas import FileChange, delta, name_of
from gitreg.errors import InvalidError
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.proposals import naming
from gitreg.store import comments, documents, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.proposals.ground import Ground
    from gitreg.records import Event
    from gitreg.store.lineage import Commit
    from gitreg.store.plan import Plan
    from gitreg.store.snapshot import Snapshot

_MADE = re.compile(rb'^created_(?:at|by): .*\n', re.MULTILINE)  # another try to register the same has others
_ANOTHER = re.compile(rf"^{messages.OP}: .*\n", re.MULTILINE)
_OURS = re.compile(rf"^(?:{messages.OP}|{messages.CHANGE}): .*(?:\n|\Z)", re.MULTILINE)


class Theirs(NamedTuple):
    """A commit on a branch, with the registry before and after it, and the files of the registry that it changes."""

    commit: Commit
    start: Snapshot
    end: Snapshot
    files: tuple[FileChange, ...]

    def events(self) -> Sequence[Event]:
        """Return what it does."""
        return eventlog.events(delta(self.end, self.files, lenient=True), lambda model, number: name_of(self.end, self.commit.id, model, number))


def same(ground: Ground, made: Plan, theirs: Commit) -> bool:
    """Tell whether a commit on the same base does what *made* would, and says so; who made it and when do not count."""
    if _ANOTHER.sub("", theirs.message).strip() != _ANOTHER.sub("", made.message).strip():
        return False
    there = ground.at(theirs.id)
    files = {path: text for path, (_, text) in made.texts()}
    if set(ground.repo.changed(made.base.commit or "", theirs.id)) != {made.base.prefix + path for path in files}:
        return False
    return all(_MADE.sub(b"", there.bytes_of(path) or b"") == _MADE.sub(b"", text.encode()) for path, text in files.items())


def difference(ground: Ground, branch: str, made: Plan, commit: Commit) -> str | None:
    """Return in what a commit on *branch*, of whatever base, is another change than *made*, in words; None where it is the same.

    A person may reword what they proposed themselves, as long as nobody amended it.
    """
    theirs = _theirs(ground, commit)
    if theirs is None or naming.branch(made.base.prefix, theirs.events(), theirs.end) != branch:
        return "commits that are not gitreg's"
    if not all(_as_written(theirs, file) for file in theirs.files) or not _same_cards(theirs, made):
        return "files that were edited by hand"
    told = theirs.commit.subject in (made.subject, eventlog.summary(theirs.events())) and _said(commit.message) == _said(made.message)
    return None if told or _untouched(ground, commit) else "another reason or message"


def _theirs(ground: Ground, commit: Commit) -> Theirs | None:
    """Return what a commit changes, None where it cannot be gitreg's: it says no operation, or touches more than models."""
    if not messages.operation_in(commit.message) or len(commit.parents) != 1:
        return None
    prefix, changed = ground.location.prefix, ground.repo.changed(commit.parents[0], commit.id)
    if not all(path.startswith(f"{prefix}models/") for path in changed):
        return None
    files = tuple(FileChange(change.old, change.new, path.removeprefix(prefix)) for path, change in changed.items())
    return Theirs(commit, ground.at(commit.parents[0]), ground.at(commit.id), files)


def _as_written(theirs: Theirs, file: FileChange) -> bool:
    """Tell whether a file is, byte by byte, its record written over what was there: no comment and no line of a person is new."""
    old, new = theirs.start.bytes_of(file.path), theirs.end.bytes_of(file.path)
    try:
        text = _text(theirs.end, file.path)
        return new is not None and new == (comments.kept(old, text) if old else text).encode()
    except InvalidError:
        return False


def _text(end: Snapshot, path: str) -> str:
    place = layout.place(path)
    record: Any = {"card": end.find_card, "stages": end.find_stages}.get(place.kind, lambda model: end.find_manifest(model, place.number))(place.model)
    if isinstance(record, records.Stages):
        return documents.encode_stages(record, end.config.stages, path)
    return documents.encode_manifest(record, path) if place.kind == "manifest" else documents.encode_card(record, path)


def _same_cards(theirs: Theirs, made: Plan) -> bool:
    """Tell whether a model that both would create is the same: its card is not in the name of the branch."""
    return all(naming.card_facts(theirs.end, model) == naming.card_facts(made.draft, model) for model in _new(theirs.events()) & _new(made.events))


def _new(events: Sequence[Event]) -> set[str]:
    return {event.model for event in events if event.event == "model_created" and event.model}


def _said(message: str) -> tuple[str, frozenset[messages.Claim]]:
    """Return what a person said in a message: the reason and their own trailers, and what they overrode."""
    claims = (claim for claim in messages.claims_in(message) if claim.forced)
    return _OURS.sub("", message.partition("\n")[2]).strip(), frozenset(claims)


def _untouched(ground: Ground, commit: Commit) -> bool:
    """Tell whether we made a commit and nobody amended it: it was committed when it was made, by its author."""
    found = ground.repo.reader.read(commit.id)
    head = (found.data if found and found.data else b"").partition(b"\n\n")[0]
    lines = dict(line.partition(b" ")[::2] for line in head.split(b"\n"))
    who, _, _ = lines.get(b"author", b"").rpartition(b"> ")
    return lines.get(b"author") == lines.get(b"committer") and who + b">" == ground.occasion().by.encode()
