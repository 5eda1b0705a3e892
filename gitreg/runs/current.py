"""Where this thread is: in which run and step. Kept where threads and tasks do not mix it up."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from gitreg.runs import handed
from gitreg.runs.run import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.runs.run import Run
    from gitreg.runs.tracked import Tracked
    from gitreg.runs.wanted import Wanted


class Here(NamedTuple):
    """A place in a run: the step, None outside of steps, and the version that is worked on there, None without a model."""

    run: Run
    tracked: Tracked | None = None
    step: str | None = None


_CURRENT: ContextVar[Here | None] = ContextVar("gitreg_run", default=None)


def current() -> Here | None:
    """Return where this thread is, or None outside of every run; a program that ``gitreg run`` started is in its run."""
    here = _CURRENT.get()
    if here is None:
        found = handed.taken_up()
        return Here(*found) if found else None
    return here


@contextmanager
def entered(here: Here) -> Iterator[Here]:
    """Be at *here* for a while."""
    token = _CURRENT.set(here)
    try:
        yield here
    finally:
        _CURRENT.reset(token)


def live(wanted: Wanted) -> bool:
    """Tell whether a run that is under way in this process works on what is *wanted*, wherever that run is."""
    return any(run.is_ours and not run.over and run.known(wanted) for run in list(UNDER_WAY))
