"""What happened, across all models: page by page, counted from the oldest, so that an old page never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.web.facts import shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.records import Event
    from gitreg.web.scene import Scene

PAGE = 100  # events


class Filters(NamedTuple):
    """Which events are wanted; an empty text wants all."""

    model: str = ""
    stage: str = ""
    event: str = ""
    by: str = ""

    def keeps(self, event: Event) -> bool:
        """Tell whether *event* is wanted: *model* and *by* are parts of a name, in whatever case."""
        return (
            (not self.model or self.model.lower() in (event.model or "").lower())
            and (not self.stage or self.stage == event.stage)
            and (not self.event or self.event == event.event)
            and (not self.by or self.by.lower() in (event.by or "").lower())
        )


def history(scene: Scene, page: int | None = None, filters: Filters = Filters()) -> dict[str, Any]:  # noqa: B008 - it is frozen
    """Return events newest first: the newest, or those of a *page* (1 is the oldest); a page that is not there is empty.

    ``older`` and ``newer`` are pages; None where there is none, 0 for the newest events.
    """
    events = [event for event in scene.past.events if filters.keeps(event)] if any(filters) else scene.past.events
    pages = -(-len(events) // PAGE)
    start = max(len(events) - PAGE, 0) if page is None else (page - 1) * PAGE
    newer = None if page is None else page + 1 if page < pages else 0
    older = (-(-start // PAGE) or None) if page is None else (page - 1 or None)
    return {
        "registry": scene.name, "stages": list(scene.stages), "page": page, "older": older, "newer": newer, "filters": filters._asdict(),
        "count": len(events) if page is None else None, "whole": scene.past.whole, "events": shared.told(_part(events, start)),
    }  # fmt: skip


def pages(scene: Scene) -> int:
    """Return how many pages there are."""
    return -(-len(scene.past.events) // PAGE)


def _part(events: Sequence[Event], start: int) -> list[Event]:
    return list(events[max(start, 0) : start + PAGE])[::-1]
