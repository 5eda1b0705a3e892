"""How far a long work is, told to whoever watches: now and then, and from any thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Watch = Callable[[str, int, int | None], None]  # a step's name, what is done of it, and of how much: bytes
    Told = Callable[[int], None]  # so many bytes more

_PAUSE = 0.1  # seconds between two words to a person


def nobody(_: int) -> None:
    """Tell nobody."""


def meter(watch: Watch | None, step: str, total: int | None) -> Told:
    """Return what is told how many bytes more are done of *step*; *watch* hears the sum now and then."""
    if watch is None:
        return nobody
    lock, done, heard = threading.Lock(), 0, 0.0

    def told(more: int) -> None:
        nonlocal done, heard
        with lock:
            done += more
            if time.monotonic() - heard >= _PAUSE or done == total:
                heard = time.monotonic()
                watch(step, done, total)

    return told
