"""Three versions of a pointer file as one: both sides' moves are there, or it says that they disagree."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreg.errors import GitregError
from gitreg.operations import stages
from gitreg.operations.merging import faults, merged, unsound
from gitreg.records import Pointer, Stages
from tests.operations.views import at, held, iris, with_stages

STAGES = ("development", "staging", "production")


def after(pointers, *steps):
    """Return *pointers* as commands leave them: ``(3, "staging")`` promotes, ``(3, "archived")`` archives, ``("back", "staging")`` rolls back."""
    view = iris(9)
    for what, stage in steps:
        now = with_stages(view, pointers)
        try:
            change = stages.rollback(now, "iris", stage) if what == "back" else stages.promote(now, at(f"iris@{what}"), stage)
        except GitregError:
            continue
        pointers = change.stages or pointers
    return pointers


START = after(held(), (1, "production"), (2, "production"), (3, "staging"), (4, "staging"), (5, "development"), (6, "archived"))


def told(one, other, base=START):
    """Return the merge of what two sides did, or what they disagree about."""
    result = merged(base, after(base, *one), after(base, *other))
    assert (result.ours == result.theirs) == (not result.contests)
    return [str(contest) for contest in result.contests] or result.ours


def test_the_start_is_what_the_other_tests_think():
    assert held(development=5, staging=(4, 3), production=(2, 1), archived=(6,)) == START


CLEAN = {
    "two stages": ([(7, "staging")], [(8, "production")], held(development=5, staging=(7, 4, 3), production=(8, 2, 1), archived=(6,))),
    "the same move twice": ([(7, "staging")], [(7, "staging")], held(development=5, staging=(7, 4, 3), production=(2, 1), archived=(6,))),
    "a stage that was left is taken": ([(5, "staging")], [(7, "development")], held(development=(7, 5), staging=(5, 4, 3), production=(2, 1), archived=(6,))),
    "two versions that swap": ([(4, "production")], [(2, "staging")], held(development=5, staging=(2, 4, 3), production=(4, 2, 1), archived=(6,))),
    "one follows the other up": ([(4, "production")], [(5, "staging")], held(development=(None, 5), staging=(5, 4, 3), production=(4, 2, 1), archived=(6,))),
    "the same rollback": ([("back", "production")], [("back", "production")], held(development=5, staging=(4, 3), production=1, archived=(2, 6))),
    "a rollback and a promotion": ([("back", "production")], [(7, "staging")], held(development=5, staging=(7, 4, 3), production=1, archived=(2, 6))),
    "two that are archived": ([(7, "archived")], [(8, "archived")], held(development=5, staging=(4, 3), production=(2, 1), archived=(6, 7, 8))),
    "one comes back, one is archived": ([(6, "staging")], [(8, "archived")], held(development=5, staging=(6, 4, 3), production=(2, 1), archived=(8,))),
    "one detour to the same end": ([(7, "staging"), (8, "staging")], [(8, "staging")], held(development=5, staging=(8, 7, 4, 3), production=(2, 1), archived=(6,))),
    "two detours to the same end": ([(7, "staging"), (9, "staging")], [(8, "staging"), (9, "staging")], held(development=5, staging=(9, 8, 7, 4, 3), production=(2, 1), archived=(6,))),
    "a holder archived on both sides": ([(5, "archived")], [(5, "archived")], held(staging=(4, 3), production=(2, 1), archived=(5, 6))),
}  # fmt: skip


@pytest.mark.parametrize("what", CLEAN)
def test_what_does_not_contradict_is_merged(what):
    one, other, wanted = CLEAN[what]

    assert told(one, other) == wanted
    assert told(other, one) == wanted


CONTESTED = {
    "two holders of one stage": ([(7, "production")], [(8, "production")], ["both sides moved production: to 7 here, to 8 there"]),
    "one version in two stages": ([(5, "staging")], [(5, "production")], ["both sides moved version 5: to staging here, to production there"]),
    "promoted and archived": ([(7, "staging")], [(7, "archived")], ["both sides moved version 7: to staging here, archived there"]),
    "promoted and rolled back out": ([(2, "staging")], [("back", "production")], ["both sides moved version 2: to staging here, archived there"]),
    "displaced and archived": ([(7, "production")], [(2, "archived")], ["both sides moved production: to 7 here, vacated there"]),
    "a rollback and a promotion": ([("back", "production")], [(7, "production")], ["both sides moved production: to 1 here, to 7 there"]),
    "two rollbacks and one": ([("back", "staging")], [(7, "staging"), (8, "staging"), ("back", "staging")], ["both sides moved staging: to 3 here, to 7 there"]),
    "where a rollback goes, archived": ([("back", "production")], [(1, "archived")], ["both sides moved version 1: to production here, archived there"]),
}  # fmt: skip


@pytest.mark.parametrize("what", CONTESTED)
def test_what_contradicts_is_said(what):
    one, other, wanted = CONTESTED[what]

    assert told(one, other) == wanted


@pytest.mark.parametrize("what", sorted(CONTESTED.keys() - {"two rollbacks and one"}))
def test_either_side_can_win_and_the_rest_of_the_other_stays(what):
    one, other, _ = CONTESTED[what]
    ours, theirs = after(START, *one, (9, "archived")), after(START, *other)

    result = merged(START, ours, theirs)

    assert holders(result.ours) == holders(ours)
    assert result.ours.archived == ours.archived
    assert holders(result.theirs) == holders(theirs)
    assert result.theirs.archived == tuple(sorted({*theirs.archived, 9}))
    assert remembered(result, ours, theirs)


def holders(pointers):
    return {stage: pointer.number for stage, pointer in pointers.pointers.items()}


def remembered(result, *sides):
    """Tell whether no holder of either side is lost, whoever wins."""
    numbers = {number for side in sides for number in holders(side).values()} - {None}
    return all(end.state_of(number) for end in (result.ours, result.theirs) for number in numbers)


def test_what_a_rollback_archived_stays_archived_though_the_rollback_is_left_out():
    one, other, _ = CONTESTED["two rollbacks and one"]

    result = merged(START, after(START, *one), after(START, *other))

    assert result.ours == held(development=5, staging=(3, 7), production=(2, 1), archived=(4, 6, 8))


def test_a_stage_moved_beside_a_contested_one_is_kept_whoever_wins():
    ours, theirs = after(START, (7, "production")), after(START, (8, "production"), (9, "staging"))

    result = merged(START, ours, theirs)

    assert result.ours == held(development=5, staging=(9, 4, 3), production=(7, 8, 2, 1), archived=(6,))
    assert result.theirs == held(development=5, staging=(9, 4, 3), production=(8, 7, 2, 1), archived=(6,))


def test_what_a_contested_version_left_goes_with_it():
    ours, theirs = after(START, (4, "production")), after(START, (4, "development"))

    result = merged(START, ours, theirs)

    assert (result.ours, result.theirs) == (ours, theirs)


def test_a_block_that_one_side_took_out_or_put_in_is_as_that_side_has_it():
    base = Stages(pointers={"old": Pointer(), "staging": Pointer(number=1)})
    ours = Stages(pointers={"staging": Pointer(number=1)})
    theirs = Stages(pointers={"old": Pointer(), "staging": Pointer(number=2, previous=(1,)), "canary": Pointer()})

    assert merged(base, ours, theirs).ours == Stages(pointers={"staging": Pointer(number=2, previous=(1,)), "canary": Pointer()})


def test_files_that_both_sides_made_are_merged_from_nothing():
    ours, theirs = after(held(), (1, "staging")), after(held(), (2, "production"))

    assert merged(Stages(), ours, theirs).ours == held(staging=1, production=2)


STEPS = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([*STAGES, "archived"])) | st.tuples(st.just("back"), st.sampled_from(STAGES)), max_size=5
)


@settings(max_examples=600)
@given(STEPS, STEPS, STEPS)
def test_a_merge_is_sound_and_complete_and_the_same_from_both_sides(before, one, other):
    base = after(held(), *before)
    ours, theirs = after(base, *one), after(base, *other)

    result, exchanged = merged(base, ours, theirs), merged(base, theirs, ours)

    assert (result.ours, result.theirs) == (exchanged.theirs, exchanged.ours)
    assert [(c.what, c.ours, c.theirs) for c in result.contests] == [(c.what, c.theirs, c.ours) for c in exchanged.contests]
    if result.contests:
        assert result.ours != result.theirs
        assert remembered(result, ours, theirs)
        assert [*unsound(result.ours), *unsound(result.theirs)] == []
    else:
        assert result.ours == result.theirs
        assert faults(result.ours, base, ours, theirs) == []


@settings(max_examples=200)
@given(STEPS, STEPS)
def test_a_side_that_did_nothing_leaves_the_other_as_it_is(before, steps):
    base = after(held(), *before)
    ours = after(base, *steps)

    assert merged(base, ours, base) == merged(base, base, ours) == merged(base, ours, ours) == (ours, ours, ())


def test_every_pair_of_single_moves_is_merged_or_contested():
    steps = [(number, stage) for number in range(1, 8) for stage in (*STAGES, "archived")] + [("back", stage) for stage in STAGES]
    for one, other in itertools.combinations(steps, 2):
        ours, theirs = after(START, one), after(START, other)
        result = merged(START, ours, theirs)

        assert result.contests or faults(result.ours, START, ours, theirs) == [], (one, other)


@pytest.mark.parametrize(("end", "fault"), [
    (held(development=5, staging=(7, 4, 3), production=(7, 2, 1), archived=(6,)), "7 holds two stages"),
    (held(development=5, staging=(4, 3), production=(7, 2, 1), archived=(6, 7)), "7 is archived and holds a stage"),
    (held(development=5, staging=(4, 3), production=(7, 7, 2, 1), archived=(6,)), "previous of production has a number twice"),
    (held(development=5, staging=(4, 3), production=(7, 1), archived=(6,)), "2 held production, and no list knows it"),
    (held(development=5, staging=(4, 3), production=(2, 1), archived=(6,)), "production is not as one side left it"),
    (held(development=5, staging=(4, 3), production=(7, 2, 1), archived=(8, 6)), "archived is not in order"),
    (held(development=5, staging=(4, 3), production=(7, 2, 1)), "8 is not archived"),
    (held(development=9, staging=(4, 3), production=(7, 2, 1), archived=(6, 8)), "development has a holder that nobody gave it"),
])  # fmt: skip
def test_a_merge_that_is_none_is_noticed(end, fault):
    ours, theirs = after(START, (7, "production")), after(START, (8, "archived"))

    assert fault in faults(end, START, ours, theirs)
    assert faults(merged(START, ours, theirs).ours, START, ours, theirs) == []
