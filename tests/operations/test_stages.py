"""Who holds a stage: promote, archive, roll back (SPEC 2 stages.yaml, SPEC 3 rules 1 to 6 and 10)."""

from __future__ import annotations

import pytest

from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.operations import stages
from tests.operations.views import YANKED, at, ended, held, iris, rules, yanked


def promote(selector, stage, **options):
    return lambda view: stages.promote(view, at(selector), stage, **options)


def archive(selector, **options):
    return lambda view: stages.archive(view, at(selector), **options)


def rollback(stage, **options):
    return lambda view: stages.rollback(view, "iris", stage, **options)


# -- promote ------------------------------------------------------------------------------------------------


def test_a_vacant_stage_gets_its_holder():
    base = iris()

    end = ended(base, promote("iris@2", "production"))

    assert end.stages == held(production=2)


def test_promoting_to_an_occupied_stage_archives_the_former_holder():
    base = iris(stages=held(production=1))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages.state_of(1) == "archived"


def test_who_is_displaced_stands_first_in_previous():
    base = iris(4, held(production=(3, 2, 1)))

    end = ended(base, promote("iris@4", "production"))

    assert end.stages == held(production=(4, 3, 2, 1))


def test_previous_has_no_repeats():
    base = iris(3, held(production=(1, 2, 1)))

    end = ended(base, promote("iris@3", "production"))

    assert end.stages.pointer("production").previous == (1, 2)


def test_a_version_that_moves_vacates_its_first_stage():
    base = iris(stages=held(staging=2))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages == held(staging=(None, 2), production=2)


def test_a_version_that_moves_is_not_archived():
    base = iris(stages=held(staging=2))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages.state_of(2) == "production"
    assert end.stages.archived == ()


def test_a_version_that_moves_stands_first_in_the_previous_of_what_it_left():
    base = iris(stages=held(staging=(3, 1)))

    end = ended(base, promote("iris@3", "production"))

    assert end.stages.pointer("staging").previous == (3, 1)


def test_moving_to_an_occupied_stage_changes_both():
    base = iris(stages=held(staging=2, production=1))

    end = ended(base, promote("iris@staging", "production"))

    assert end.stages == held(staging=(None, 2), production=(2, 1))


@pytest.mark.parametrize("expect", [None, 2, 7, "none"])
def test_promoting_the_holder_again_changes_nothing_whatever_is_expected(expect):
    base = iris(stages=held(production=(2, 1)))

    change = stages.promote(base, at("iris@2"), "production", expect=expect)

    assert (change.stages, change.card, change.manifests, change.moves) == (None, None, (), ())
    assert change.number == 2


def test_promoting_takes_a_version_out_of_archived():
    base = iris(stages=held(archived=(1, 2)))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages == held(production=2, archived=(1,))


def test_promoting_takes_a_version_out_of_the_previous_of_its_new_stage():
    base = iris(stages=held(production=(3, 2, 1)))

    end = ended(base, promote("iris@1", "production"))

    assert end.stages == held(production=(1, 3, 2))


def test_promoting_leaves_a_version_in_the_previous_of_other_stages():
    base = iris(stages=held(staging=(3, 2)))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages == held(staging=(3, 2), production=2)


def test_an_archived_version_can_be_promoted_again():
    base = iris(stages=held(production=(2, 1)))

    end = ended(base, promote("iris@1", "staging"))

    assert end.stages.state_of(1) == "staging"


def test_other_stages_stay_as_they_are():
    base = iris(4, held(development=(4, 3), staging=2, production=1, archived=(3,)))

    end = ended(base, promote("iris@2", "production"))

    assert end.stages.pointer("development") == base.stages("iris").pointer("development")
    assert end.stages.archived == (3,)


@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_promoted_to_latest(force):
    base = iris()

    with pytest.raises(UsageError, match="nothing can be promoted to 'latest'"):
        stages.promote(base, at("iris@1"), "latest", force=force)


@pytest.mark.parametrize("force", [False, True])
def test_an_unknown_stage_lists_the_known_ones(force):
    base = iris()

    with pytest.raises(UsageError) as refusal:
        stages.promote(base, at("iris@1"), "prod", force=force)

    assert str(refusal.value) == "no stage 'prod': this registry has development, staging, production"


def test_the_stages_of_the_registry_count_not_the_default_ones():
    base = iris(config=rules(canary={}))

    end = ended(base, promote("iris@1", "canary"))

    assert end.stages.held_by(1) == "canary"


@pytest.mark.parametrize("stage", ["Production", "PRODUCTION", "none", "", " production"])
def test_a_stage_is_matched_exactly(stage):
    base = iris()

    with pytest.raises(UsageError):
        stages.promote(base, at("iris@1"), stage)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        pytest.param({"yanked": YANKED}, "was yanked: leaks its labels", id="yanked"),
        pytest.param({"status": "running"}, "is running, not ready", id="running"),
        pytest.param({"status": "failed"}, "is failed, not ready", id="failed"),
    ],
)
def test_an_unusable_version_is_not_promoted_even_with_force(facts, why, force):
    base = iris(facts={2: facts})

    with pytest.raises(ConflictError, match=why):
        stages.promote(base, at("iris@2"), "production", force=force)


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        pytest.param("wine@1", NotFoundError, id="no such model"),
        pytest.param("iris@4", NotFoundError, id="no such number"),
        pytest.param("iris@1.0.5", NotFoundError, id="no such name"),
        pytest.param("iris@staging", NotFoundError, id="a vacant stage"),
        pytest.param("iris@archived", UsageError, id="archived"),
    ],
)
def test_what_cannot_be_found_is_not_promoted(selector, error):
    base = iris()

    with pytest.raises(error):
        stages.promote(base, at(selector), "production")


def test_a_deleted_model_is_not_promoted():
    base = iris(deleted=YANKED)

    with pytest.raises(ConflictError, match="was deleted"):
        stages.promote(base, at("iris@1"), "production", force=True)


# -- expect -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "expect"), [(1, 1), (None, "none"), (1, None), (None, None)])
def test_what_was_expected_is_promoted_over(block, expect):
    base = iris(stages=held(production=block))

    end = ended(base, promote("iris@2", "production", expect=expect))

    assert end.stages.held_by(2) == "production"


@pytest.mark.parametrize("operation", [promote("iris@3", "production", expect=2), rollback("production", expect=2)])
@pytest.mark.parametrize(("block", "said"), [((1, 3), "held by 1"), ((None, 3), "vacant")])
def test_another_holder_than_expected_is_a_conflict(operation, block, said):
    base = iris(stages=held(production=block))

    with pytest.raises(ConflictError, match=f"production of 'iris' is {said}, expected 2"):
        operation(base)


@pytest.mark.parametrize("operation", [promote("iris@3", "production", expect="none"), rollback("production", expect="none")])
def test_a_holder_where_none_was_expected_is_a_conflict(operation):
    base = iris(stages=held(production=(1, 3)))

    with pytest.raises(ConflictError, match="held by 1, expected none"):
        operation(base)


def test_force_does_not_override_expect():
    base = iris(stages=held(production=1))

    with pytest.raises(ConflictError):
        stages.promote(base, at("iris@2"), "production", expect=3, force=True)


@pytest.mark.parametrize("expect", ["1", "vacant", "", False, 1.5])
def test_only_a_number_or_none_can_be_expected(expect):
    base = iris(stages=held(production=1))

    with pytest.raises(UsageError, match="held by a number or by 'none', not by"):
        stages.promote(base, at("iris@2"), "production", expect=expect)


# -- archive ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts", [{}, {"yanked": YANKED}, {"status": "running"}, {"status": "failed"}], ids=["ready", "yanked", "running", "failed"]
)
@pytest.mark.parametrize("operation", [archive("iris@2"), promote("iris@2", "archived")], ids=["archive", "promote"])
def test_any_version_can_be_archived(operation, facts):
    base = iris(facts={2: facts})

    end = ended(base, operation)

    assert end.stages == held(archived=(2,))


def test_many_versions_can_be_archived_in_ascending_order():
    base = iris()

    end = ended(base, archive("iris@3"), archive("iris@1"), archive("iris@2"))

    assert end.stages.archived == (1, 2, 3)


def test_a_holder_that_is_archived_vacates_its_stage():
    base = iris(stages=held(production=(3, 2)))

    end = ended(base, promote("iris@production", "archived"))

    assert end.stages == held(production=(None, 2), archived=(3,))


def test_archiving_what_was_archived_by_hand_changes_nothing():
    base = iris(stages=held(archived=(2,)))

    change = stages.archive(base, at("iris@2"))

    assert (change.stages, change.moves, change.number) == (None, (), 2)


def test_archiving_a_former_holder_takes_it_out_of_rollbacks():
    base = iris(stages=held(production=(3, 2, 1)))

    end = ended(base, archive("iris@2"))

    assert end.stages == held(production=(3, 2, 1), archived=(2,))
    assert stages.rollback_target(end.draft, "iris", "production") == 1


def test_a_deleted_model_is_not_archived():
    base = iris(deleted=YANKED)

    with pytest.raises(ConflictError):
        stages.archive(base, at("iris@1"))


# -- rollback -----------------------------------------------------------------------------------------------


def test_a_rollback_returns_the_stage_to_the_first_of_previous():
    base = iris(stages=held(production=(3, 2, 1)))

    end = ended(base, rollback("production"))

    assert end.stages.pointer("production").number == 2


def test_the_entry_a_rollback_goes_to_leaves_previous():
    base = iris(stages=held(production=(3, 2, 1)))

    end = ended(base, rollback("production"))

    assert end.stages.pointer("production").previous == (1,)


def test_the_former_holder_of_a_rollback_goes_to_archived():
    base = iris(4, held(production=(3, 2, 1), archived=(4,)))

    end = ended(base, rollback("production"))

    assert end.stages.archived == (3, 4)


def test_a_second_rollback_goes_further_back_never_forth():
    base = iris(stages=held(production=(3, 2, 1)))

    end = ended(base, rollback("production"), rollback("production"))

    assert end.stages == held(production=1, archived=(2, 3))


def test_a_rollback_ends_where_nobody_is_left():
    base = iris(stages=held(production=(2, 1)))
    first = ended(base, rollback("production")).draft

    with pytest.raises(NotFoundError, match="production of 'iris' has no previous version to go back to"):
        stages.rollback(first, "iris", "production")


def test_a_vacant_stage_can_be_rolled_back():
    base = iris(stages=held(production=(None, 2, 1)))

    end = ended(base, rollback("production", expect="none"))

    assert end.stages == held(production=(2, 1))


@pytest.mark.parametrize(
    ("stage_file", "facts"),
    [
        pytest.param(held(production=(3, 2, 1)), {2: {"yanked": YANKED}}, id="yanked"),
        pytest.param(held(production=(3, 2, 1)), {2: {"status": "failed"}}, id="failed"),
        pytest.param(held(production=(3, 2, 1)), {2: {"status": "running"}}, id="running"),
        pytest.param(held(production=(3, 2, 1), staging=2), {}, id="holds another stage"),
        pytest.param(held(production=(3, 2, 1), archived=(2,)), {}, id="archived by hand"),
    ],
)
def test_a_rollback_passes_over(stage_file, facts):
    base = iris(3, stage_file, facts=facts)

    end = ended(base, rollback("production"))

    assert end.stages.pointer("production").number == 1
    assert end.stages.pointer("production").previous == (2,)


def test_a_rollback_with_no_usable_version_left_finds_nobody():
    base = iris(3, held(production=(3, 2, 1), staging=2), facts=yanked(1))

    with pytest.raises(NotFoundError):
        stages.rollback(base, "iris", "production")


def test_a_stage_that_never_was_held_cannot_be_rolled_back():
    base = iris()

    with pytest.raises(NotFoundError):
        stages.rollback(base, "iris", "production", force=True)


@pytest.mark.parametrize("stage", ["latest", "archived", "prod"])
def test_only_a_stage_can_be_rolled_back(stage):
    base = iris(stages=held(production=(2, 1), archived=(3,)))

    with pytest.raises(UsageError, match="this registry has development, staging, production"):
        stages.rollback(base, "iris", stage)


def test_a_model_that_does_not_exist_cannot_be_rolled_back():
    base = iris()

    with pytest.raises(NotFoundError, match="no model 'irus', did you mean 'iris'"):
        stages.rollback(base, "irus", "production")


def test_a_deleted_model_is_not_rolled_back():
    base = iris(stages=held(production=(None, 1)), deleted=YANKED)

    with pytest.raises(ConflictError):
        stages.rollback(base, "iris", "production")


def test_a_version_taken_out_by_a_rollback_can_be_promoted_again():
    base = iris(stages=held(production=(2, 1)))

    end = ended(base, rollback("production"), promote("iris@2", "production"))

    assert end.stages == held(production=(2, 1))


# -- pointers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pointers", "state"),
    [
        pytest.param(held(production=2), "production", id="holds a stage"),
        pytest.param(held(production=(1, 2)), "archived", id="left a stage"),
        pytest.param(held(archived=(2,)), "archived", id="archived by hand"),
        pytest.param(held(staging=2, production=(1, 2)), "staging", id="left one and holds another"),
        pytest.param(held(production=1), None, id="never held one"),
    ],
)
def test_the_state_of_a_version(pointers, state):
    assert pointers.state_of(2) == state
    assert pointers.states().get(2) == state


def test_a_missing_block_reads_as_vacant_and_the_next_write_adds_it():
    base = iris(stages=held(), config=rules(canary={}))

    end = ended(base, promote("iris@1", "canary"))

    assert base.stages("iris").pointer("canary").number is None
    assert end.stages.pointer("canary").number == 1


# -- many at once ---------------------------------------------------------------------------------------------


def test_many_versions_are_archived_as_one_by_one():
    view = iris(5, held(production=(2, 1), archived=(4,)))

    change = stages.archive_all(view, "iris", [5, 2, 3])

    assert change.stages == held(production=(None, 1), archived=(2, 3, 4, 5))
    assert [(move.stage, move.number, move.from_number) for move in change.moves] == [("production", None, 2)]


def test_archiving_versions_that_are_archived_changes_nothing():
    change = stages.archive_all(iris(3, held(archived=(1, 3))), "iris", [1, 3])

    assert (change.stages, change.moves) == (None, ())


def test_a_version_that_is_not_there_is_not_archived():
    with pytest.raises(NotFoundError, match="has no version 9"):
        stages.archive_all(iris(3), "iris", [1, 9])
