"""Is there one order of all calls that explains what each was answered, and in which none comes before it was made? Pure.

The search of Wing and Gong, with the memory that Lowe added: a set of calls that is ordered, and the state they lead to, is
tried once.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Call(NamedTuple):
    """What a process asked, from when until when, and what it was answered; ``end`` is infinite where it never heard."""

    start: float
    end: float
    kind: str
    argument: Any = None
    answer: Any = None


class RefusedError(Exception):
    """A call cannot have been answered so in this state."""


def linearizable(calls: Sequence[Call], state: Any, step: Callable[[Any, Call], Any]) -> bool:
    """Tell whether *calls*, from *state* on, can be put into an order; *step* gives the next state or raises RefusedError."""
    calls = sorted(calls, key=lambda call: call.start)
    heard = sum(1 << i for i, call in enumerate(calls) if call.end < inf)
    tried: set[tuple[int, Any]] = set()
    open_ends = [(0, state)]
    while open_ends:
        done, state = open_ends.pop()
        if done & heard == heard:
            return True
        for i in _next(calls, done):
            try:
                end = done | 1 << i, step(state, calls[i])
            except RefusedError:
                continue
            if end not in tried:
                tried.add(end)
                open_ends.append(end)
    return False


def _next(calls: Sequence[Call], done: int) -> list[int]:
    """Return the calls that may come next: made before any that is not *done* was answered."""
    first = (~done & done + 1).bit_length() - 1
    earliest, waiting = inf, []
    for i in range(first, len(calls)):
        if calls[i].start > earliest:
            break
        if not done >> i & 1:
            waiting.append(i)
            earliest = min(earliest, calls[i].end)
    return [i for i in reversed(waiting) if calls[i].start <= earliest]


def stage(holder: int | None, call: Call) -> int | None:
    """Return who holds a stage after *call*: a ``read`` of it, a ``swap`` answered by the former holder, or a ``cas``."""
    if call.kind == "read" or call.answer == "refused":
        agrees = holder == call.answer if call.kind == "read" else holder != call.argument[0]
        if not agrees:
            raise RefusedError
        return holder
    if call.end == inf:  # it may have happened, and nobody was told from what
        return call.argument[1]
    if holder != (call.answer if call.kind == "swap" else call.argument[0]):
        raise RefusedError
    return call.argument[1]


def counter(count: int, call: Call) -> int:
    """Return how many versions a model has after *call*: a ``register`` answered by a number, or a ``count``."""
    if call.kind == "register" and call.end < inf:
        if call.answer != count + 1:
            raise RefusedError
        return count + 1
    if call.kind == "count" and call.answer != count:
        raise RefusedError
    return count + (call.kind == "register")
