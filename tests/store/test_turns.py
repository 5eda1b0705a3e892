"""Who pushes in a loop leaves gaps; who lost tries the sooner the longer it waits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gitreg.store import turns


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that only moves when somebody sleeps, and remembers the pauses."""
    made = SimpleNamespace(now=1000.0, pauses=[])

    def sleep(seconds):
        made.now += seconds
        made.pauses.append(seconds)

    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: made.now, sleep=sleep))
    return made


def written(clock, writes, each, apart=0.0):
    """Push so many times; each takes so long, and begins so long after the last."""
    turn = turns.Turns()
    for _ in range(writes):
        clock.now += apart
        turn.begin()
        clock.now += each
        turn.won()


def test_a_loop_leaves_a_gap_after_each_turn_as_long_as_a_few_writes(clock):
    written(clock, 25, each=0.05)

    assert clock.pauses == pytest.approx([0.15, 0.15])


def test_writes_that_are_far_apart_never_wait(clock):
    written(clock, 45, each=0.05, apart=1.5)

    assert clock.pauses == []


def test_who_has_waited_longest_pauses_least(clock, monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)

    for attempt in (1, 10, 100):
        turns.lost(attempt)

    assert clock.pauses == sorted(clock.pauses, reverse=True)
    assert clock.pauses[0] < 0.5


def test_attempts_end_when_there_is_no_patience_left(clock):
    begun, tried = clock.now, []

    for attempt in turns.attempts():
        tried.append(attempt)
        clock.now += 5  # a push that another overtook

    assert tried == list(range(len(tried)))
    assert turns.PATIENCE < clock.now - begun < turns.PATIENCE + 6
