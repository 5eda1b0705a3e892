"""Which commit a date means: clocks lie, so every first-parent commit is looked at."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from gitreg.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from gitreg.where import Location

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")


def moment(when: str | date) -> datetime | None:
    """Return the moment that *when* says, or None if it is a text that is no date: a bare day means its end, UTC.

    Raises:
        UsageError: it looks like a date, but there is no such day or time.
    """
    if isinstance(when, datetime):
        return when
    if not isinstance(when, (str, date)):
        raise UsageError("a revision or a date is wanted, found {when!r}", when=when)
    text = when if isinstance(when, str) else when.isoformat()
    bare = _DATE.fullmatch(text)
    if not bare and not _TIME.fullmatch(text):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("{text!r} is not a date: {reason}", text=text, reason=error) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return datetime.combine(aware, time.max, UTC) if bare else aware


def span(seconds: int) -> str:
    """Return a length of time in its largest unit: ``3 days``, ``1 hour``, ``less than a minute``."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (0, ""))
    if not size:
        return "less than a minute"
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def commit_at(location: Location, tip: str, when: datetime) -> str:
    """Return the newest first-parent commit of *tip* whose committer time is not later than *when*.

    Raises:
        NotFoundError: there is none.
    """
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    seconds = when.timestamp()
    found = next((commit for at, commit in location.repo.times(tip) if at <= seconds), None)
    if found is None:
        raise NotFoundError("the registry has no commit as old as {when}", when=when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"), hint="git fetch --unshallow" if location.repo.cut_off() else "git log --first-parent")
    return found
