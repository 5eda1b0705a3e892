"""Models: made, described, deleted (SPEC 2: names of models, model.yaml)."""

from __future__ import annotations

import pytest

from gitreg.errors import ConflictError, InvalidError, NotFoundError, UsageError
from gitreg.operations import amend, cards, stages
from gitreg.operations.register import register
from gitreg.records import VACANT, MetricRule
from tests.operations.views import AT, BY, OCCASION, YANKED, DictView, at, ended, held, iris, rules, yanked

NOTHING = DictView({})


def create(model, **facts):
    return lambda view: cards.create(view, model, facts, OCCASION)


def update(**facts):
    return lambda view: cards.update(view, "iris", facts)


def delete(reason="", **options):
    return lambda view: cards.delete(view, "iris", reason, OCCASION, **options)


# -- create -------------------------------------------------------------------------------------------------


def test_a_model_says_who_made_it_and_when():
    end = ended(NOTHING, create("iris", license="Apache-2.0"))

    made = end.draft.card("iris")
    assert (made.name, made.created_at, made.created_by, made.license) == ("iris", AT, BY, "Apache-2.0")


def test_a_model_begins_with_a_block_for_every_stage_in_order():
    end = ended(DictView({}, rules(canary={})), create("iris"))

    assert list(end.stages.pointers.items()) == [(stage, VACANT) for stage in ("development", "staging", "production", "canary")]


@pytest.mark.parametrize("name", ["iris", "a", "team/iris", "a/b/c", "A.b_c-1", "9", "x" * 100])
def test_a_name_is_allowed(name):
    end = ended(NOTHING, create(name))

    assert end.draft.model_names() == (name,)


@pytest.mark.parametrize(
    "name",
    ["", "/", "../x", "a//b", "-x", ".x", "a/b/c/d", "a\nb", "a\n", "x" * 101, "x" * 300, "con", "a/NUL", "com1.txt", "dot.", "versions", "a/versions",
     "versions/a", "x.lock", "x.git/y", "ü", "a b", "a@b", "a\\b", "/a", "a/"],
)  # fmt: skip
def test_a_name_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a model"):
        create(name)(NOTHING)


@pytest.mark.parametrize(
    ("name", "other"),
    [("Iris", "iris"), ("team", "team/iris"), ("team/iris/a", "team/iris"), ("Team/wine", "team/iris"), ("TEAM", "team/iris")],
)
def test_a_name_collides(name, other):
    base = ended(NOTHING, create(other)).draft

    with pytest.raises(ConflictError, match="collides with"):
        create(name)(base)


@pytest.mark.parametrize("name", ["team/wine", "teams", "iris2", "team2/iris"])
def test_names_that_only_look_alike_do_not_collide(name):
    base = ended(NOTHING, create("team/iris")).draft

    end = ended(base, create(name))

    assert name in end.draft.model_names()


def test_a_model_is_made_once():
    with pytest.raises(ConflictError, match="model 'iris' exists already"):
        create("iris")(iris())


def test_a_model_whose_card_was_lost_is_not_made_over_it():
    base = iris(stages=held(production=1))
    base.models["iris"] = base.models["iris"]._replace(card=None)

    with pytest.raises(InvalidError, match="has other files, but its card is missing"):
        create("iris")(base)


def test_the_name_of_a_deleted_model_is_not_reused():
    with pytest.raises(ConflictError, match="was deleted, and its name is not reused"):
        create("iris")(iris(deleted=YANKED))


@pytest.mark.parametrize("field", ["name", "created_at", "created_by", "deleted", "owner"])
@pytest.mark.parametrize("operation", [lambda **facts: create("wine", **facts), update], ids=["create", "update"])
def test_a_field_cannot_be_set(operation, field):
    with pytest.raises(UsageError, match=f"'{field}' is not a field of a model that can be set"):
        operation(**{field: "x"})(iris())


# -- update -------------------------------------------------------------------------------------------------


def test_a_model_is_described():
    facts = {"license": "MIT", "description": "d", "audience": "a", "use_cases": "u", "limitations": "l", "trade_offs": "t", "ethics": "e"}

    end = ended(iris(), update(**facts, tags=["flowers"], save_models_to_registry=False))

    made = end.draft.card("iris")
    assert {name: getattr(made, name) for name in facts} == facts
    assert (made.tags, made.save_models_to_registry) == (("flowers",), False)


def test_a_model_says_which_way_its_metrics_are_better():
    end = ended(iris(), update(metrics={"loss": {"better": "lower", "tolerance": 0.01}}))

    assert end.draft.card("iris").metrics == {"loss": MetricRule(better="lower", tolerance=0.01)}


def test_tags_of_a_model_are_added_and_removed():
    end = ended(iris(tags=("a", "b")), update(add_tags=["c"], remove_tags=["a"]))

    assert end.draft.card("iris").tags == ("b", "c")


def test_what_is_set_already_changes_nothing():
    change = update(license="MIT", tags=["a"])(iris(license="MIT", tags=("a",)))

    assert change.card is None


def test_what_is_none_is_left_alone():
    change = update(license=None)(iris(license="MIT"))

    assert change.card is None


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"tags": "flowers"}, "tags"), ({"license": 3}, "license"), ({"metrics": {"loss": {"better": "less"}}}, "metrics.loss.better"), ({"links": {"a": "u"}}, "links.a")],
    ids=["tags are text", "a license is a number", "no such direction", "a link is text"],
)
def test_a_fact_that_its_field_does_not_allow_is_named(facts, field):
    with pytest.raises(UsageError, match=field):
        update(**facts)(iris())


def test_an_unknown_model_cannot_be_updated():
    with pytest.raises(NotFoundError, match="no model 'wine'"):
        cards.update(iris(), "wine", {})


def test_a_deleted_model_cannot_be_updated():
    with pytest.raises(ConflictError):
        update(license="MIT")(iris(deleted=YANKED))


# -- delete -------------------------------------------------------------------------------------------------


def test_deleting_says_who_when_and_why():
    end = ended(iris(), delete("replaced"))

    mark = end.draft.card("iris").deleted
    assert (mark.at, mark.by, mark.reason) == (AT, BY, "replaced")


def test_deleting_yanks_all_versions():
    base = iris(facts={1: {"status": "failed"}, 2: {"status": "running"}})

    end = ended(base, delete("replaced"))

    assert [end.draft.manifest("iris", n).yanked.reason for n in (1, 2, 3)] == ["replaced"] * 3


def test_deleting_leaves_an_older_yank_as_it_was():
    end = ended(iris(facts=yanked(2)), delete("replaced"))

    assert end.draft.manifest("iris", 2).yanked == YANKED


def test_deleting_without_a_reason_gives_the_yanks_one():
    end = ended(iris(), delete())

    assert end.draft.manifest("iris", 1).yanked.reason == "model iris was deleted"


def test_deleting_vacates_all_stages():
    base = iris(4, held(staging=(3, 1), production=(2, 1), archived=(4,)))

    end = ended(base, delete(force=True))

    assert end.stages == held(staging=(None, 1), production=(None, 1), archived=(2, 3, 4))


def test_a_model_that_holds_a_stage_is_deleted_only_by_force():
    base = iris(stages=held(staging=3, production=2))

    with pytest.raises(ConflictError, match="model 'iris' still holds staging, production"):
        delete()(base)


def test_a_model_is_deleted_once():
    with pytest.raises(ConflictError, match="was deleted on"):
        delete()(iris(deleted=YANKED))


@pytest.mark.parametrize(
    "operation",
    [
        lambda view: register(view, "iris", None, {}, OCCASION),
        lambda view: stages.promote(view, at("iris@1"), "staging"),
        lambda view: stages.archive(view, at("iris@1")),
        lambda view: stages.rollback(view, "iris", "staging"),
        lambda view: amend.update(view, at("iris@1"), {}),
        lambda view: amend.yank(view, at("iris@1"), "x", OCCASION),
        lambda view: amend.unyank(view, at("iris@1")),
        update(license="MIT"),
        delete(),
        create("iris"),
    ],
    ids=["register", "promote", "archive", "rollback", "update", "yank", "unyank", "update model", "delete", "create"],
)
def test_a_deleted_model_takes_no(operation):
    base = ended(iris(), delete()).draft

    with pytest.raises(ConflictError, match="was deleted"):
        operation(base)


def test_a_deleted_model_is_not_on_the_board():
    end = ended(iris(), delete())

    assert list(end.draft.summaries()) == []
    assert end.draft.card("iris").deleted
