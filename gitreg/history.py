"""Who changed what, when and why: each first-parent commit's own facts, newest first; of a merge that gives no reason, those of what it merged.

git says which files a commit changed and their blobs; the events come from comparing those, so a change made
by hand counts like any other. A file that is invalid in some commit says nothing about it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gitreg.deltas import FileChange, delta, name_of
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.records import committed_at
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Event
    from gitreg.store.gitrepo import LoggedCommit
    from gitreg.store.snapshot import Snapshot

_AT_ONCE = 100  # commits whose records are read together


def history(snapshot: Snapshot, model: str | None = None, stage: str | None = None, *, since: str | None = None) -> Iterator[Event]:
    """Yield the events that led to *snapshot*, of one *model* or all, of one *stage* or all, from the start or *since* a commit.

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
    span = f"{since}..{snapshot.commit}" if since else snapshot.commit
    log = snapshot.repo.log(span, _paths(snapshot.prefix, model, stage)) if model or snapshot.prefix else _of_all(snapshot, span)
    while group := list(islice(log, _AT_ONCE)):
        _read_ahead(snapshot, group)
        for commit in group:
            for event in _told(snapshot, commit):
                if stage is None or event.stage == stage:
                    yield event


def _of_all(snapshot: Snapshot, span: str) -> Iterator[LoggedCommit]:
    """Yield the commits that changed anything of a registry that is a repository's root: told where to look, git would compare every folder of models three times."""
    for commit in snapshot.repo.log(span, ()):
        changes = tuple(change for change in commit.changes if change[2] == layout.CONFIG or change[2].startswith(f"{layout.MODELS}/"))
        if changes:
            yield commit._replace(changes=changes)


def _read_ahead(snapshot: Snapshot, commits: list[LoggedCommit]) -> None:
    """Read in one go the records that these commits changed; those that changed very many are read as they are told."""
    changes = [(old, new, path.removeprefix(snapshot.prefix)) for commit in commits if len(commit.changes) <= _AT_ONCE for old, new, path in commit.changes]
    snapshot.records_ahead((layout.place(path).kind, blob, path) for old, new, path in changes for blob in (old, new) if blob)


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
    return tuple(_told(snapshot, commit))


def _told(snapshot: Snapshot, commit: LoggedCommit) -> Iterator[Event]:
    """Yield what one commit did; of very much, few events at a time."""
    found = _done(snapshot, commit)
    if found:
        facts = facts_of(snapshot, commit)
        yield from (facts.put_on(event) for event in found)


def _done(snapshot: Snapshot, commit: LoggedCommit) -> Iterable[Event]:
    files = (FileChange(old, new, path.removeprefix(snapshot.prefix)) for old, new, path in commit.changes)
    return happened(snapshot, files, len(commit.changes), commit.id, lenient=True)


def happened(snapshot: Snapshot, files: Iterable[FileChange], size: int, commit: str, *, lenient: bool = False) -> Iterable[Event]:
    """Return the events that *files* mean, named as *commit* has them; where their *size* is great they are read one by one."""
    large = size > eventlog.MOST
    found = delta(snapshot, files, lenient=lenient, streamed=large)
    named = {} if large else {(part.model, number): after.version for part in found.models for number, (_, after) in part.manifests.items() if after}
    return (eventlog.flow if large else eventlog.events)(found, lambda model, number: named.get((model, number)) or name_of(snapshot, commit, model, number))


class Facts(NamedTuple):
    """Who made a commit, when and why, and by event, model and stage what they claim to have forced.

    ``merged`` are the reasons of what a merge brought that gives none itself.
    """

    commit: str
    at: str
    by: str
    reason: str
    forced: dict[tuple[str, str, str], tuple[str, ...]]
    merged: dict[tuple[str, str | None, int | None, str | None], str]

    def put_on(self, event: Event) -> Event:
        """Return *event* with these facts."""
        forced = self.forced.get((event.event, event.model or "-", event.stage or "-"), ())
        reason = self.reason or self.merged.get(_what(event), "")
        return replace(event, commit=self.commit, at=self.at, by=self.by, reason=reason, forced=forced)


def facts_of(snapshot: Snapshot, commit: LoggedCommit) -> Facts:
    """Return the facts of a commit: its message is read once, for it may be as long as an import."""
    forced: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for claim in messages.claims_in(commit.message):
        forced.setdefault(claim[:3], claim.forced)
    reason = messages.reason_in(commit.message)
    merged = {} if reason or not commit.is_merge else _merged(snapshot, commit)
    return Facts(commit.id, committed_at(datetime.fromtimestamp(commit.at, UTC)), commit.author, reason, forced, merged)


def _merged(snapshot: Snapshot, merge: LoggedCommit) -> dict[tuple[str, str | None, int | None, str | None], str]:
    """Return by event the reason of the newest commit that made it, of those that *merge* brought; of very much none."""
    paths = [path for _, _, path in merge.changes if path.startswith(snapshot.prefix) and layout.place(path.removeprefix(snapshot.prefix)).kind]
    if not paths or len(paths) > eventlog.MOST:
        return {}
    brought = list(snapshot.repo.brought(merge.id, paths))
    if snapshot.repo.reader.is_partial():
        snapshot.repo.reader.ahead([blob for commit in brought for old, new, _ in commit.changes for blob in (old, new) if blob])
    found: dict[tuple[str, str | None, int | None, str | None], str] = {}
    for commit in brought:
        for event in _done(snapshot, commit):
            found.setdefault(_what(event), messages.reason_in(commit.message))
    return found


def _what(event: Event) -> tuple[str, str | None, int | None, str | None]:
    return event.event, event.model, event.number, event.stage
