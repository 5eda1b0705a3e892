"""Several things at once, where each waits for a disk or a network or hashes much: threads then do not wait for each other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
U = TypeVar("U")

HASHING = min(8, os.cpu_count() or 1)
WAITING = 8  # for a network


def mapped(work: Callable[[T], U], items: Sequence[T], workers: int) -> list[U]:
    """Return what *work* makes of each item, in order, *workers* of them at once. The first error stops those that have not begun."""
    if len(items) < 2 or workers < 2:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(min(workers, len(items)), thread_name_prefix="gitreg-artifacts")
    try:
        return list(pool.map(work, items))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
