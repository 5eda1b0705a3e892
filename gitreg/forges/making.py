"""Make one thing at a forge exactly once, though requests break off after they were heard: look, make, look again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from gitreg.errors import BusyError
from gitreg.forges.answers import DuplicateError, UnsureError, name, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.forges.answers import Line

T = TypeVar("T")
_TITLE = 250  # characters; GitHub takes 256, GitLab and Gitea 255
_PAUSE = 1.0  # seconds in which a forge that broke off may finish


def once(line: Line, thing: str, *, find: Callable[[], T | None], make: Callable[[], T], update: Callable[[T], T]) -> T:
    """Return what *find* finds, brought up to date, or else what *make* makes.

    *make* may raise :class:`DuplicateError` for a duplicate: another was faster. Where it broke off, it is looked whether it took
    effect, and only if it did not it is asked again.

    Raises:
        BusyError: the forge broke off, and the sentence says that the *thing* may have been made.
        PolicyError: the forge refuses, and there is none.
    """
    found = find()
    if found is not None:
        return update(found)
    for _ in range(2):
        try:
            return make()
        except DuplicateError as wrong:
            found = find()
            if found is None:
                raise refused(line, "POST", thing, wrong.answer) from None
            return update(found)
        except UnsureError as broke:
            found = _looked(line, thing, find, broke)
        if found is not None:
            return found
    raise BusyError("{host} broke off each time that the {thing} was sent, and may still make it", host=name(line), thing=thing, hint="gitreg pr list")


def _looked(line: Line, thing: str, find: Callable[[], T | None], broke: UnsureError) -> T | None:
    """Return what was made by a request that broke off, if it was."""
    try:
        found = find()
        if found is None:
            time.sleep(min(_PAUSE, line.patience / 10))
            found = find()
    except BusyError as error:
        raise BusyError("the {thing} may have been made: {broke}, and then {error}", thing=thing, broke=broke.message, error=error.message, hint="gitreg pr list") from None
    return found


def title(text: str) -> str:
    """Return *text* as a title that every forge takes: one line, not too long."""
    one = " ".join(text.split())
    return one if len(one) <= _TITLE else f"{one[:_TITLE]}…"
