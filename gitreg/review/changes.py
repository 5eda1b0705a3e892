"""What a range of commits did to a registry, as events: what triggers a deployment.

The two trees are compared as they are, so a squash, a rebase and a force-push each give the difference that a
deployment must make up for. Who and why is what the last first-parent commit within the range says, as ``history`` tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg import history
from gitreg.deltas import FileChange
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Event
    from gitreg.review.ranges import Range
    from gitreg.store.snapshot import Snapshot


def changes(snapshot: Snapshot, span: Range) -> Iterator[Event]:
    """Yield what differs between the ends of *span*, by model, stage and number; *snapshot* is its head.

    An event whose commit is not in the range, as after a force-push back, has no commit, time or author.

    Raises:
        InvalidError: a file that differs is invalid before or after.
    """
    prefix = snapshot.prefix
    files = [FileChange(change.old, change.new, path.removeprefix(prefix)) for path, change in span.changed(snapshot.repo, prefix).items()]
    if not files:
        return
    touched = span.last_touched(snapshot.repo, prefix)
    facts: dict[str, history.Facts] = {}
    for event in history.happened(snapshot, files, len(files), span.head):
        commit = touched.get(prefix + _file_of(event))
        if commit and commit.id not in facts:
            facts[commit.id] = history.facts_of(snapshot, commit)
        yield facts[commit.id].put_on(event) if commit else event


def _file_of(event: Event) -> str:
    """Return the file that says what an event says."""
    if event.model is None:
        return layout.CONFIG
    if event.event in ("promoted", "cleared", "archived"):
        return layout.stages(event.model)
    return layout.card(event.model) if event.number is None else layout.manifest(event.model, event.number)
