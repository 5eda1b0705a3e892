"""A lock between threads that a fork does not leave taken for ever."""

from __future__ import annotations

import os
import threading


class Mutex:
    """What one thread at a time has, and may take again. A forked child begins with it free: the thread that had it is not there."""

    def __init__(self) -> None:
        self._locks: dict[int, threading.RLock] = {}

    def __enter__(self) -> None:
        """Wait for it."""
        own = os.getpid()
        lock = self._locks.get(own) or self._locks.setdefault(own, threading.RLock())  # one step: threads may come at once
        lock.acquire()

    def __exit__(self, *error: object) -> None:
        """Give it back; a child that was forked inside has another, which nobody took."""
        lock = self._locks.get(os.getpid())
        if lock is not None:
            lock.release()
