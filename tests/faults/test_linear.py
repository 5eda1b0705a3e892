"""The search for an order that explains what processes were told: histories that have one, and that have none."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.faults.linear import Call, counter, linearizable, stage


def read(start, end, answer):
    return Call(start, end, "read", None, answer)


def swap(start, end, to, former):
    return Call(start, end, "swap", (None, to), former)


def cas(start, end, expected, to, answer="done"):
    return Call(start, end, "cas", (expected, to), answer)


SOUND = {
    "nothing was asked": [],
    "one after the other": [swap(0, 1, 7, None), read(2, 3, 7), swap(4, 5, 8, 7), read(6, 7, 8)],
    "a read beside a write sees the old": [swap(0, 3, 7, None), read(1, 2, None)],
    "a read beside a write sees the new": [swap(0, 3, 7, None), read(1, 2, 7)],
    "two at once, the later asked was first": [swap(0, 10, 7, 8), swap(1, 9, 8, None), read(11, 12, 7)],
    "one of two that expect the same is refused": [cas(0, 5, None, 7), cas(1, 6, None, 8, "refused"), read(7, 8, 7)],
    "a write that was never answered happened": [Call(0, inf, "swap", (None, 7)), read(5, 6, 7)],
    "a write that was never answered did not happen": [Call(0, inf, "swap", (None, 7)), read(5, 6, None)],
    "a write that was never answered happened late": [Call(0, inf, "swap", (None, 7)), read(5, 6, None), read(7, 8, 7)],
}
BROKEN = {
    "a read sees what was overwritten before": [swap(0, 1, 7, None), swap(2, 3, 8, 7), read(4, 5, 7)],
    "a read sees what nobody wrote": [swap(0, 1, 7, None), read(2, 3, 9)],
    "a read sees what comes later": [read(0, 1, 7), swap(2, 3, 7, None)],
    "two displaced the same holder": [swap(0, 5, 7, None), swap(1, 6, 8, None)],
    "both who expect the same were first": [cas(0, 5, None, 7), cas(1, 6, None, 8)],
    "one was refused who should not be": [cas(0, 1, None, 7, "refused")],
    "two readers saw two orders": [swap(0, 9, 7, None), read(1, 2, 7), read(3, 4, None)],
    "an update was lost": [swap(0, 1, 7, None), read(2, 3, None)],
}


@pytest.mark.parametrize("history", SOUND)
def test_a_history_that_one_order_explains_is_linearizable(history):
    assert linearizable(SOUND[history], None, stage)


@pytest.mark.parametrize("history", BROKEN)
def test_a_history_that_no_order_explains_is_not(history):
    assert not linearizable(BROKEN[history], None, stage)


@pytest.mark.parametrize(("answers", "sound"), [((1, 2), True), ((2, 1), True), ((1, 1), False), ((1, 3), False)])
def test_numbers_given_at_once_are_each_given_once_and_without_a_gap(answers, sound):
    history = [Call(0, 10, "register", None, answers[0]), Call(1, 9, "register", None, answers[1])]

    assert linearizable(history, 0, counter) == sound


def test_a_count_may_not_forget_what_was_registered_before():
    history = [Call(0, 1, "register", None, 1), Call(2, 3, "count", None, 0)]

    assert not linearizable(history, 0, counter)


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 5), st.floats(0, 5)), max_size=12), st.randoms(use_true_random=False))
def test_whatever_happened_at_one_moment_each_has_an_order(swaps, chance):
    holder, history = None, []
    for at, (to, before, after) in enumerate(swaps):  # each happened at its moment, within the time of its call
        history.append(swap(at - before, at + after, to, holder))
        holder = to
    chance.shuffle(history)

    assert linearizable(history, None, stage)
