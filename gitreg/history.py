"""Who changed what, when and why: each first-parent commit's own facts, newest first.

git says which files a commit changed and their blobs; the events come from comparing those, so a change made
by hand counts like any other. A file that is invalid in some commit says nothing about it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitreg.deltas import FileChange, delta, name_of
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.records import committed_at
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Event
    from gitreg.store.gitrepo import LoggedCommit
    from gitreg.store.snapshot import Snapshot

def history(snapshot: Snapshot, model: str | None = None, stage: str | None = None) -> Iterator[Event]:
    """Yield the events that led to *snapshot*, of one *model* or all, of one *stage* or all.

    Raises:
        NotFoundError: there is no such model.
        UsageError: there is no such stage.
    """
    if model is not None:
        snapshot.card(model)
    if stage is not None:
        snapshot.known_stage(stage)
    if snapshot.repo.reader.is_partial():
        _fetch(snapshot, model)
    for commit in snapshot.repo.log(snapshot.commit, _paths(snapshot.prefix, model, stage)):
        for event in events_of(snapshot, commit):
            if stage is None or event.stage == stage:
                yield event


def _fetch(snapshot: Snapshot, model: str | None) -> None:
    """Bring into a partial clone what a history is read from, at once and not file by file."""
    log = snapshot.repo.log(snapshot.commit, _paths(snapshot.prefix, model, None))
    then = [blob for commit in log for old, new, path in commit.changes if path.endswith(".yaml") for blob in (old, new) if blob]
    files = snapshot.repo.files(snapshot.commit, f"{snapshot.prefix}{layout.MODELS}/" + (f"{model}/" if model else ""))
    snapshot.repo.reader.ahead([*then, *(blob for _, blob, path in files if path.endswith(".yaml"))])


def _paths(prefix: str, model: str | None, stage: str | None) -> list[str]:
    if model is None:
        return [prefix + layout.MODELS, *([] if stage else [prefix + layout.CONFIG])]
    return [prefix + (layout.stages(model) if stage else f"{layout.MODELS}/{model}")]


def events_of(snapshot: Snapshot, commit: LoggedCommit) -> tuple[Event, ...]:
    """Return what one commit did, with its facts."""
    files = (FileChange(old, new, path.removeprefix(snapshot.prefix)) for old, new, path in commit.changes)
    found = eventlog.events(delta(snapshot, files, lenient=True), lambda model, number: name_of(snapshot, commit.id, model, number))
    claims = messages.claims_in(commit.message)
    return tuple(attributed(event, commit, claims) for event in found)


def attributed(event: Event, commit: LoggedCommit, claims: tuple[messages.Claim, ...]) -> Event:
    """Return *event* with who did it, when and why, and what the commit's author claims to have forced."""
    at = committed_at(datetime.fromtimestamp(commit.at, UTC))
    mine = (event.event, event.model or "-", event.stage or "-")
    forced = next((claim.forced for claim in claims if claim[:3] == mine), ())
    return replace(event, commit=commit.id, at=at, by=commit.author, reason=messages.reason_in(commit.message), forced=forced)
