"""What the rules of a registry say to a change (SPEC 3 rules 2 and 7 to 9, 11)."""

from __future__ import annotations

import sys

import pytest

from gitreg import gates
from gitreg.errors import ConflictError, PolicyError
from gitreg.operations import amend, cards, message, stages
from gitreg.operations.register import register
from gitreg.records import Gate
from tests.operations.views import OCCASION, DictView, at, ended, gated, held, iris, rules

ACCURATE = "candidate.metrics.accuracy >= 0.9"
REVIEWED = rules(production={"review": True})
METRICS = {n: {"metrics": {"accuracy": accuracy}} for n, accuracy in ((1, 0.95), (2, 0.91), (3, 0.5))}


def promote(selector, stage="production", **options):
    return lambda view: stages.promote(view, at(selector), stage, **options)


def archive(selector, **options):
    return lambda view: stages.archive(view, at(selector), **options)


def rollback(stage="production", **options):
    return lambda view: stages.rollback(view, "iris", stage, **options)


def yank(selector, **options):
    return lambda view: amend.yank(view, at(selector), "leaks", OCCASION, **options)


def update(selector, **facts):
    return lambda view: amend.update(view, at(selector), facts)


def add(name=None, **facts):
    return lambda view: register(view, "iris", name, facts, OCCASION)


def delete(**options):
    return lambda view: cards.delete(view, "iris", "", OCCASION, **options)


@pytest.fixture
def no_runtime(monkeypatch):
    """Take the CEL runtime away."""
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    gates._environment.cache_clear()
    gates.compiled.cache_clear()


# -- occupied -----------------------------------------------------------------------------------------------

REFUSES = rules(production={"occupied": "refuse"})


def test_refuse_keeps_a_holder_from_being_displaced():
    base = iris(stages=held(production=1), config=REFUSES)

    with pytest.raises(ConflictError, match="production of 'iris' is held by 1, and this registry refuses to displace a holder"):
        ended(base, promote("iris@2"))


def test_force_displaces_a_holder_where_the_stage_refuses():
    end = ended(iris(stages=held(production=1), config=REFUSES), promote("iris@2", force=True))

    assert end.stages == held(production=(2, 1))
    assert end.forced() == [("refuse",)]


def test_refuse_lets_a_vacant_stage_be_taken():
    end = ended(iris(stages=held(production=(None, 1)), config=REFUSES), promote("iris@2"))

    assert end.forced() == [()]


def test_refuse_lets_the_holder_be_promoted_again():
    end = ended(iris(stages=held(production=1), config=REFUSES), promote("iris@1"))

    assert end.events == ()


def test_refuse_lets_the_holder_move_or_be_archived():
    base = iris(stages=held(production=1), config=REFUSES)

    assert ended(base, promote("iris@1", "staging")).stages.held_by(1) == "staging"
    assert ended(base, archive("iris@1")).stages.archived == (1,)


def test_refuse_judges_the_end_of_a_transaction():
    base = iris(stages=held(production=1), config=REFUSES)

    with pytest.raises(ConflictError, match="held by 1"):
        ended(base, archive("iris@1"), promote("iris@2"))


def test_a_rollback_is_exempt_from_refuse():
    end = ended(iris(stages=held(production=(2, 1)), config=REFUSES), rollback())

    assert end.stages.pointer("production").number == 1
    assert end.forced() == [()]


# -- from ---------------------------------------------------------------------------------------------------

FROM = rules(production={"from_": ("staging",)})


def test_a_candidate_that_holds_the_stage_asked_for_is_promoted():
    end = ended(iris(stages=held(staging=2), config=FROM), promote("iris@2"))

    assert end.stages.held_by(2) == "production"


@pytest.mark.parametrize(
    ("pointers", "state"),
    [(held(), "no stage"), (held(development=2), "development"), (held(staging=(3, 2)), "archived"), (held(archived=(2,)), "archived")],
    ids=["none", "another stage", "it held it before", "archived"],
)
def test_a_candidate_that_does_not_is_refused(pointers, state):
    base = iris(stages=pointers, config=FROM)

    with pytest.raises(PolicyError) as refusal:
        ended(base, promote("iris@2"))

    assert str(refusal.value) == f"iris@2 must hold staging before production: it holds {state}"
    assert refusal.value.hint == "gitreg promote iris@2 staging"


def test_one_of_several_stages_is_enough():
    config = rules(production={"from_": ("development", "staging")})

    end = ended(iris(stages=held(development=2), config=config), promote("iris@2"))

    assert end.stages.held_by(2) == "production"


def test_two_moves_in_one_transaction_do_not_help():
    base = iris(config=FROM)

    with pytest.raises(PolicyError, match="it holds no stage"):
        ended(base, promote("iris@2", "staging"), promote("iris@2"))


def test_a_new_version_held_no_stage():
    with pytest.raises(PolicyError, match="iris@4 must hold staging before production: it holds no stage"):
        ended(iris(config=FROM), add("a"), promote("iris@a", "staging"), promote("iris@a"))


def test_the_first_version_of_a_new_model_held_no_stage():
    with pytest.raises(PolicyError, match="it holds no stage"):
        ended(DictView({}, FROM), add(), promote("iris@1"))


def test_force_overrides_from_and_the_commit_says_so():
    end = ended(iris(config=FROM), promote("iris@2", force=True))

    assert end.forced() == [("from:staging",)]


def test_a_rollback_is_exempt_from_from():
    end = ended(iris(stages=held(production=(2, 1)), config=FROM), rollback())

    assert end.forced() == [()]


def test_promoting_back_by_hand_is_not_exempt_from_from():
    base = iris(stages=held(production=(2, 1)), config=FROM)

    with pytest.raises(PolicyError):
        ended(base, promote("iris@1"))


# -- gates --------------------------------------------------------------------------------------------------


def test_a_gate_that_holds_lets_pass():
    end = ended(iris(config=gated(ACCURATE), facts=METRICS), promote("iris@1"))

    assert end.stages.held_by(1) == "production"
    assert end.forced() == [()]


def test_the_refusal_names_the_gate_and_the_values_it_saw():
    base = iris(config=gated(ACCURATE), facts=METRICS)

    with pytest.raises(PolicyError) as refusal:
        ended(base, promote("iris@3"))

    assert str(refusal.value) == (
        "gate 'g1' of production refuses iris@3: candidate.metrics.accuracy >= 0.9 is false (candidate.metrics.accuracy = 0.5)"
    )
    assert (refusal.value.code, refusal.value.gate, refusal.value.hint) == (5, "g1", "gitreg show iris@3")


@pytest.mark.parametrize(
    "expression", ["candidate.metrics.f1 > 0.5", "1 / 0 == 1", "'a'", "1", "null", "candidate.metrics.f1"],
    ids=["a missing metric", "an error", "text", "a number", "null", "a missing metric alone"],
)  # fmt: skip
def test_what_is_not_true_refuses(expression):
    base = iris(config=gated(expression), facts=METRICS)

    with pytest.raises(PolicyError, match="gate 'g1' of production refuses iris@1"):
        ended(base, promote("iris@1"))


def test_every_gate_must_hold():
    base = iris(config=gated(ACCURATE, "candidate.metrics.accuracy > 0.93"), facts=METRICS)

    with pytest.raises(PolicyError, match="gate 'g2'"):
        ended(base, promote("iris@2"))


def test_gates_of_one_stage_do_not_judge_another():
    end = ended(iris(config=gated("false")), promote("iris@1", "staging"))

    assert end.stages.held_by(1) == "staging"


@pytest.mark.parametrize("metric", [1, 1.0, 2**60])
def test_whole_numbers_are_doubles_to_a_gate(metric):
    base = iris(config=gated("candidate.metrics.rows >= 0.5"), facts={1: {"metrics": {"rows": metric}}})

    end = ended(base, promote("iris@1"))

    assert end.stages.held_by(1) == "production"


def test_whole_numbers_of_the_current_holder_are_doubles_too():
    base = iris(
        stages=held(production=1), facts={1: {"metrics": {"a": 1}}, 2: {"metrics": {"a": 0.995}}},
        config=gated("candidate.metrics.a >= current.metrics.a - 0.01"),
    )  # fmt: skip

    end = ended(base, promote("iris@2"))

    assert end.stages.held_by(2) == "production"


def test_current_is_null_where_the_stage_is_vacant():
    config = gated("current == null")

    assert ended(iris(stages=held(production=(None, 1)), config=config), promote("iris@2")).forced() == [()]
    with pytest.raises(PolicyError):
        ended(iris(stages=held(production=1), config=config), promote("iris@2"))


def test_current_is_the_holder_before_the_transaction():
    base = iris(stages=held(production=1), facts=METRICS, config=gated("current.number == 1"))

    end = ended(base, promote("iris@2"), promote("iris@3"))

    assert end.stages.held_by(3) == "production"


def test_gates_see_the_json_of_show():
    fields = "id model number version stage status created_at created_by description tags metrics params metadata artifacts links run later_runs yanked commit"
    config = gated(*(f"has(candidate.{name})" for name in fields.split()), "candidate.id == 'iris@2'", "candidate.stage == 'staging'")

    end = ended(iris(stages=held(staging=2), config=config), promote("iris@2"))

    assert end.stages.held_by(2) == "production"


def test_gates_see_the_card_of_the_model():
    config = gated("model.name == 'iris' && 'approved' in model.tags")

    assert ended(iris(config=config, tags=("approved",)), promote("iris@1")).forced() == [()]
    with pytest.raises(PolicyError):
        ended(iris(config=config), promote("iris@1"))


def test_a_card_changed_in_the_same_transaction_does_not_help():
    base = iris(config=gated("model.license == 'MIT'"), license="none")

    with pytest.raises(PolicyError):
        ended(base, lambda view: cards.update(view, "iris", {"license": "MIT"}), promote("iris@1"))


def test_the_card_of_a_new_model_is_seen():
    end = ended(DictView({}, gated("model.name == 'iris'")), add(), promote("iris@1"))

    assert end.stages.held_by(1) == "production"


def test_a_metric_added_in_the_same_transaction_does_not_help():
    base = iris(config=gated(ACCURATE))

    with pytest.raises(PolicyError):
        ended(base, update("iris@1", metrics={"accuracy": 1.0}), promote("iris@1"))


def test_a_new_candidate_is_taken_from_the_end():
    end = ended(iris(config=gated(ACCURATE)), add("a"), update("iris@a", metrics={"accuracy": 0.95}), promote("iris@a"))

    assert end.stages.held_by(4) == "production"


def test_a_candidate_that_was_running_is_taken_from_the_end():
    base = iris(config=gated(ACCURATE), facts={2: {"status": "running"}})

    end = ended(base, update("iris@2", metrics={"accuracy": 0.95}, status="ready"), promote("iris@2"))

    assert end.stages.held_by(2) == "production"


def test_a_new_candidate_is_seen_without_a_stage():
    config = gated("candidate.stage == null")

    end = ended(iris(config=config), add("a"), promote("iris@a", "staging"), promote("iris@a"))

    assert end.stages.held_by(4) == "production"


def test_only_the_end_of_a_transaction_is_judged():
    base = iris(config=gated(ACCURATE), facts=METRICS)

    end = ended(base, promote("iris@3"), promote("iris@1"))

    assert end.stages.held_by(1) == "production"


def test_a_rollback_is_exempt_from_gates():
    end = ended(iris(stages=held(production=(2, 1)), config=gated("false")), rollback())

    assert end.stages.held_by(1) == "production"
    assert end.forced() == [()]


def test_a_promotion_after_a_rollback_is_not_exempt():
    base = iris(stages=held(production=(2, 1)), config=gated("false"))

    with pytest.raises(PolicyError):
        ended(base, rollback(), promote("iris@3"))


def test_only_a_return_to_whom_the_base_would_roll_back_to_is_exempt():
    base = iris(stages=held(production=2), facts=METRICS, config=gated(ACCURATE))

    with pytest.raises(PolicyError, match="refuses iris@3"):
        ended(base, promote("iris@3"), promote("iris@1"), rollback())


def test_vacating_a_stage_asks_no_gate():
    end = ended(iris(stages=held(production=1), config=gated("false")), archive("iris@1"))

    assert end.stages == held(archived=(1,))


def test_an_expression_that_is_not_cel_refuses_and_can_be_forced():
    with pytest.raises(PolicyError, match=r"is not a gate"):
        ended(iris(config=gated("candidate.")), promote("iris@1"))

    assert ended(iris(config=gated("candidate.")), promote("iris@1", force=True)).events


def test_a_gate_that_fails_while_it_is_judged_refuses():
    endless = "[0,1,2,3,4,5,6,7,8,9]" + "".join(f".all(x{n}, [0,1,2,3,4,5,6,7,8,9]" for n in range(8)) + ".size() > 0" + ")" * 8

    with pytest.raises(PolicyError, match="refuses iris@1"):
        ended(iris(config=gated(endless)), promote("iris@1"))


@pytest.mark.usefixtures("no_runtime")
def test_a_stage_with_gates_refuses_where_the_runtime_is_missing():
    with pytest.raises(PolicyError, match="production has gates, and the runtime that judges them is not installed") as caught:
        ended(iris(config=gated("true")), promote("iris@1"))
    assert caught.value.hint == "pip install cel-expr-python"


@pytest.mark.usefixtures("no_runtime")
def test_force_overrides_gates_that_cannot_be_judged():
    end = ended(iris(config=gated("true", "true")), promote("iris@1", force=True))

    assert end.forced() == [("gate:g1", "gate:g2")]


@pytest.mark.usefixtures("no_runtime")
def test_a_stage_without_gates_needs_no_runtime():
    end = ended(iris(config=gated("true")), promote("iris@1", "staging"))

    assert end.stages.held_by(1) == "staging"


def test_force_overrides_gates_and_the_commit_names_those_that_did_not_hold():
    base = iris(config=gated("false", "true", "candidate.metrics.f1 > 0.5"))

    end = ended(base, promote("iris@1", force=True))

    assert end.forced() == [("gate:g1", "gate:g3")]


def test_force_where_everything_holds_is_not_recorded():
    end = ended(iris(config=gated("true")), promote("iris@1", force=True))

    assert end.forced() == [()]


def test_force_overrides_everything_at_once():
    config = gated("false", occupied="refuse", from_=("staging",), review=True)

    end = ended(iris(stages=held(production=1), config=config), promote("iris@2", force=True), guarded=True)

    assert end.forced() == [("refuse", "from:staging", "gate:g1", "review")]


def test_what_was_forced_reads_back_from_the_message():
    config = rules(production={"require": (Gate(name="accurate enough, 100%\nGitreg-Op: 1", expr="false"),)})
    end = ended(iris(config=config), promote("iris@1", force=True))

    claims = message.claims_in(message.written(end.subject, "", "0", end.events))

    assert claims[0].forced == ("gate:accurate enough, 100%\nGitreg-Op: 1",)


def test_force_given_to_one_candidate_does_not_excuse_the_next():
    base = iris(config=gated(ACCURATE), facts=METRICS)

    with pytest.raises(PolicyError, match="refuses iris@3"):
        ended(base, promote("iris@1", force=True), promote("iris@3"))


def test_force_given_to_one_stage_does_not_excuse_another():
    base = iris(config=rules(staging={"from_": ("development",)}, production={"from_": ("staging",)}))

    with pytest.raises(PolicyError, match="iris@2 must hold development before staging"):
        ended(base, promote("iris@1", force=True), promote("iris@2", "staging"))


def test_force_given_to_who_was_displaced_does_not_excuse_who_displaced_it():
    base = iris(stages=held(production=1), config=gated("false"))

    with pytest.raises(PolicyError, match="refuses iris@2"):
        ended(base, promote("iris@2"), promote("iris@1", "staging", force=True))


def test_force_given_to_another_version_does_not_excuse_who_vacates_a_stage():
    base = iris(stages=held(production=1), config=REVIEWED)

    with pytest.raises(PolicyError, match="only through a reviewed pull request"):
        ended(base, promote("iris@1", "staging"), promote("iris@3", "development", force=True), guarded=True)


# -- review -------------------------------------------------------------------------------------------------

DIRECT = {
    "promote": (held(), promote("iris@2")),
    "promote over a holder": (held(production=1), promote("iris@2")),
    "roll back": (held(production=(2, 1)), rollback()),
    "archive the holder": (held(production=1), archive("iris@1")),
    "promote the holder to archived": (held(production=1), promote("iris@1", "archived")),
    "move the holder": (held(production=1), promote("iris@1", "staging")),
}
REVIEWED_MOVES = pytest.mark.parametrize(("pointers", "operation"), DIRECT.values(), ids=DIRECT.keys())


@REVIEWED_MOVES
def test_review_refuses_a_direct_commit_to_the_guarded_branch(pointers, operation):
    base = iris(stages=pointers, config=REVIEWED)

    with pytest.raises(PolicyError, match="production of 'iris' changes only through a reviewed pull request on this branch") as refusal:
        ended(base, operation, guarded=True)

    assert refusal.value.code == 5


@REVIEWED_MOVES
def test_review_lets_other_branches_alone(pointers, operation):
    end = ended(iris(stages=pointers, config=REVIEWED), operation, guarded=False)

    assert all(event.forced == () for event in end.events)


@pytest.mark.parametrize(
    ("pointers", "operation"),
    [
        pytest.param(held(), promote("iris@2", force=True), id="promote"),
        pytest.param(held(production=(2, 1)), rollback(force=True), id="roll back"),
        pytest.param(held(production=1), archive("iris@1", force=True), id="archive"),
        pytest.param(held(production=1), promote("iris@1", "archived", force=True), id="promote to archived"),
        pytest.param(held(production=1), promote("iris@1", "staging", force=True), id="move"),
        pytest.param(held(production=1), yank("iris@1", force=True), id="yank"),
        pytest.param(held(production=1), delete(force=True), id="delete"),
    ],
)
def test_force_overrides_review_and_the_commit_says_so(pointers, operation):
    end = ended(iris(stages=pointers, config=REVIEWED), operation, guarded=True)

    assert ("review",) in end.forced()


def test_review_lets_what_does_not_touch_the_stage_pass():
    base = iris(stages=held(production=(2, 1)), config=REVIEWED)

    end = ended(base, promote("iris@3", "staging"), archive("iris@1"), yank("iris@1"), add(), promote("iris@2"), guarded=True)

    assert end.stages.held_by(2) == "production"


def test_review_judges_the_end_of_a_transaction():
    base = iris(stages=held(production=1, staging=2), config=REVIEWED)

    end = ended(base, promote("iris@3"), promote("iris@1"), guarded=True)

    assert end.stages.held_by(1) == "production"


def test_a_stage_beside_a_reviewed_one_is_promoted_directly():
    end = ended(iris(config=REVIEWED), promote("iris@1", "staging"), guarded=True)

    assert end.stages.held_by(1) == "staging"
