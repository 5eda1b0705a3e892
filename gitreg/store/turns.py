"""Turns at a remote: who pushes again and again leaves a gap now and then, and who lost tries the sooner the longer it waits.

A push right after one's own last mostly wins, because those who lost must fetch first: without gaps a loop in one clone
holds up all others for as long as it runs. Sharing alone, without turns, is what git clients do.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 300.0  # seconds of losing, until a write gives up
_WRITES = 10  # a turn
_GAP = 3  # times a write: others take two to finish what is in vain, to fetch and to push
_APART = 1.0  # seconds: writes further apart are no loop
_PAUSE = 3.0  # seconds


class Turns:
    """What one clone's writer has pushed lately."""

    def __init__(self) -> None:
        self._writes, self._first, self._last = 0, 0.0, 0.0

    def begin(self) -> None:
        """Return when the others had their chance, if it was our turn for long."""
        if time.monotonic() - self._last > _APART:
            self._writes = 0
        if self._writes >= _WRITES:
            time.sleep(_GAP * (self._last - self._first) / (self._writes - 1))
            self._writes = 0

    def won(self) -> None:
        """Count a push that the remote took."""
        self._last = time.monotonic()
        if not self._writes:
            self._first = self._last
        self._writes += 1


def attempts() -> Iterator[int]:
    """Yield 0, 1, 2 …, with a pause after each that lost, for as long as there is patience."""
    since = time.monotonic()
    for attempt in count():
        if attempt:
            lost(attempt)
        if time.monotonic() - since > PATIENCE:
            return
        yield attempt


def lost(attempt: int) -> None:
    """Return when it is time to try again: who has waited longest pauses least."""
    import random  # a cold read does without

    time.sleep(random.uniform(0, _PAUSE / (9 + attempt)))  # noqa: S311 - jitter
