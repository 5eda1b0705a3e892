"""Who changed what, when and why: each first-parent commit's own facts, newest first.

git says which files a commit changed and their blobs; the events come from comparing those, so a change made
by hand counts like any other. A file that is invalid in some commit says nothing about it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitreg.errors import InvalidError
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.records import Event, committed_at
from gitreg.store import documents, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.gitrepo import LoggedCommit
    from gitreg.store.snapshot import Snapshot

_DECODERS: dict[str, Any] = {
    "config": documents.decode_config,
    "card": documents.decode_card,
    "stages": documents.decode_stages,
    "manifest": documents.decode_manifest,
}


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
    for commit in snapshot.repo.log(snapshot.commit, _paths(snapshot.prefix, model, stage)):
        for event in events_of(snapshot, commit):
            if stage is None or event.stage == stage:
                yield event


def _paths(prefix: str, model: str | None, stage: str | None) -> list[str]:
    if model is None:
        return [prefix + layout.MODELS, *([] if stage else [prefix + layout.CONFIG])]
    return [prefix + (layout.stages(model) if stage else f"{layout.MODELS}/{model}")]


def events_of(snapshot: Snapshot, commit: LoggedCommit) -> tuple[Event, ...]:
    """Return what one commit did, with its facts: who, when, why, and what its author claims to have forced."""
    reader = _Reader(snapshot, commit)
    claims = messages.claims_in(commit.message)
    at = committed_at(datetime.fromtimestamp(commit.at, UTC))
    reason = messages.reason_in(commit.message)
    found = eventlog.events(reader.delta(), reader.label)
    return tuple(
        replace(event, commit=commit.id, at=at, by=commit.author, reason=reason, forced=_forced(event, claims)) for event in found
    )


def _forced(event: Event, claims: tuple[messages.Claim, ...]) -> tuple[str, ...]:
    mine = (event.event, event.model or "-", event.stage or "-")
    return next((claim.forced for claim in claims if claim[:3] == mine), ())


class _Reader:
    """Reads the records that one commit changed, before and after."""

    def __init__(self, snapshot: Snapshot, commit: LoggedCommit) -> None:
        self.snapshot, self.commit = snapshot, commit

    def delta(self) -> eventlog.Delta:
        """Return what the commit changed; a file that is invalid on either side is left out."""
        parts: dict[str, dict[str, Any]] = {}
        config: tuple[Any, Any] = (None, None)
        for old, new, path in self.commit.changes:
            inner = path.removeprefix(self.snapshot.prefix)
            place = layout.place(inner)
            if place.kind not in _DECODERS:
                continue
            try:
                pair = self._record(place.kind, old, inner), self._record(place.kind, new, inner)
            except InvalidError:
                continue
            if place.kind == "config":
                config = pair
            elif place.kind == "manifest":
                parts.setdefault(place.model, {}).setdefault("manifests", {})[place.number] = pair
            else:
                parts.setdefault(place.model, {})[place.kind] = pair
        models = tuple(eventlog.ModelDelta(model, **facts) for model, facts in sorted(parts.items()))
        return eventlog.Delta(models, config)

    def _record(self, kind: str, blob: str | None, path: str) -> Any:
        return None if blob is None else self.snapshot.record_of(kind, blob, path, _DECODERS[kind])

    def label(self, model: str, number: int) -> str:
        """Return the name of a version, as this commit has it."""
        path = layout.manifest(model, number)
        found = self.snapshot.repo.reader.info(f"{self.commit.id}:{self.snapshot.prefix}{path}")
        try:
            return self._record("manifest", found.id, path).version if found else str(number)
        except InvalidError:
            return str(number)
