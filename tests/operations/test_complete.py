from __future__ import annotations

import pytest

from gitreg.operations.complete import completed
from gitreg.records import Pointer, Stages

ORDER = ("development", "staging", "production")


def stages(archived=(), **held):
    """Return pointers: a stage is its number, or (number, previous)."""
    pairs = {stage: each if isinstance(each, tuple) else (each, ()) for stage, each in held.items()}
    return Stages(pointers={stage: Pointer(number=number, previous=previous) for stage, (number, previous) in pairs.items()}, archived=archived)


WAS = stages(development=None, staging=(2, (4,)), production=(1, (6, 5)), archived=(6,))


@pytest.mark.parametrize(
    ("hand", "wanted"),
    [
        (WAS, WAS),
        (stages(development=None, staging=(2, (4,)), production=(3, (6, 5)), archived=(6,)), stages(development=None, staging=(2, (4,)), production=(3, (1, 6, 5)), archived=(6,))),
        (stages(development=None, staging=(2, (4,)), production=(2, (6, 5)), archived=(6,)), stages(development=None, staging=(None, (2, 4)), production=(2, (1, 6, 5)), archived=(6,))),
        (stages(development=None, staging=(2, (4,)), production=(5, (6, 5)), archived=(6,)), stages(development=None, staging=(2, (4,)), production=(5, (6,)), archived=(1, 6))),
        (stages(development=None, staging=(2, (4,)), production=(None, (6, 5)), archived=(6,)), stages(development=None, staging=(2, (4,)), production=(None, (6, 5)), archived=(1, 6))),
        (stages(development=None, staging=(1, (4,)), production=(2, (6, 5)), archived=(6,)), stages(development=None, staging=(1, (4,)), production=(2, (6, 5)), archived=(6,))),
        (stages(development=None, staging=(1, (4,)), production=(None, (6, 5)), archived=(6,)), stages(development=None, staging=(1, (2, 4)), production=(None, (1, 6, 5)), archived=(6,))),
        (stages(development=None, staging=(2, (4,)), production=(3, (1, 6, 5)), archived=(6,)), stages(development=None, staging=(2, (4,)), production=(3, (1, 6, 5)), archived=(6,))),
        (stages(development=None, staging=(2, (4,)), production=(3, (6, 5)), archived=(6, 4)), stages(development=None, staging=(2, (4,)), production=(3, (1, 6, 5)), archived=(4, 6))),
    ],
    ids=[
        "nothing", "a promotion", "a promotion from a stage", "the previous one again", "a stage that is emptied", "two stages that swap",
        "a stage that follows another", "a promotion that is complete", "a promotion beside an archived one",
    ],
)  # fmt: skip
def test_what_a_number_means_is_written_out(hand, wanted):
    assert completed(WAS, hand, ORDER) == wanted


def test_the_first_pointers_of_a_model_are_complete():
    assert completed(Stages(), stages(production=1), ORDER) == stages(production=1)


def test_what_is_complete_is_only_put_in_order():
    assert completed(WAS, stages(staging=2, production=1, archived=(6, 5, 4, 4)), ORDER).archived == (4, 5, 6)


def test_completing_twice_is_completing_once():
    once = completed(WAS, stages(staging=2, production=2), ORDER)

    assert completed(WAS, once, ORDER) == once
