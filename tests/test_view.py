"""Selectors (SPEC 4), ``latest``, the board, and drafts: derived alike from every kind of reading."""

from __future__ import annotations

import pytest

from gitreg.draft import Draft
from gitreg.errors import ConflictError, InvalidError, NotFoundError, UsageError
from gitreg.operations import amend, cards, stages
from gitreg.operations.register import register
from gitreg.records import Change, Config, StageRule
from tests.operations.views import (
    BASE,
    OCCASION,
    YANKED,
    DictView,
    Model,
    at,
    card,
    held,
    iris,
    manifest,
    rules,
    yanked,
)

NAMED = {2: {"version": "1.0.5"}, 3: {"version": "rc"}}


def models(**found: int) -> DictView:
    """Return a registry with these models and as many versions; ``__`` in a name is ``/``."""
    made = {name.replace("__", "/"): count for name, count in found.items()}
    return DictView({name: Model(card(name), held(), {n: manifest(n) for n in range(1, count + 1)}) for name, count in made.items()})


# -- selectors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "number"),
    [("iris", 4), ("iris@latest", 4), ("iris@2", 2), ("iris@002", 2), ("iris@1.0.5", 2), ("iris@rc", 3), ("iris@production", 1), ("iris@staging", 3)],
)
def test_a_selector_names_one_version(selector, number):
    view = iris(4, held(production=1, staging=3), facts=NAMED)

    assert view.get(selector).number == number


@pytest.mark.parametrize("selector", ["team/iris@production", "a/b/c@production", "team/iris@1", "team/iris"])
def test_models_in_folders_are_selected_alike(selector):
    name = selector.partition("@")[0]
    view = DictView({name: Model(card(name), held(production=1), {1: manifest(1)})})

    assert view.get(selector).id == f"{name}@1"


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        pytest.param("iris@4", "model 'iris' has no version 4, it has 3", id="a number too high"),
        pytest.param("iris@0", "model 'iris' has no version 0, it has 3", id="number zero"),
        pytest.param("iris@99999999999999999999", "model 'iris' has no version", id="a number beyond all"),
        pytest.param("iris@1.0", "model 'iris' has no version and no stage '1.0'", id="the beginning of a name"),
        pytest.param("iris@RC", "no version and no stage 'RC'", id="a name in another case"),
        pytest.param("iris@Production", "no version and no stage 'Production'", id="a stage in another case"),
        pytest.param("iris@prod", "no version and no stage 'prod'", id="the beginning of a stage"),
        pytest.param("iris@LATEST", "no version and no stage 'LATEST'", id="latest in another case"),
        pytest.param("iris@none", "no version and no stage 'none'", id="none"),
        pytest.param("iris@production", "production of 'iris' is vacant", id="a vacant stage"),
        pytest.param("wine", "no model 'wine'", id="no such model"),
        pytest.param("wine@1", "no model 'wine'", id="a number of no model"),
        pytest.param("wine@production", "no model 'wine'", id="a stage of no model"),
        pytest.param("wine@rc", "no model 'wine'", id="a name of no model"),
        pytest.param("Iris", "no model 'Iris', did you mean 'iris'", id="a model in another case"),
        pytest.param("iri", "no model 'iri', did you mean 'iris'", id="the beginning of a model"),
    ],
)
def test_what_is_not_there_is_not_found(selector, said):
    with pytest.raises(NotFoundError, match=said) as refusal:
        iris(facts=NAMED).get(selector)

    assert refusal.value.code == 3
    assert refusal.value.hint


@pytest.mark.parametrize(
    "selector", ["", "@", "@1", "iris@", "iris@@1", "iris@1@2", "iris@-1", "iris@a b", "iris@a\n", "iris@team/a", "../x@1", "a//b", "-x", "iris @1", "iris@" + "a" * 129]
)
def test_a_malformed_selector_is_wrong_usage(selector):
    with pytest.raises(UsageError):
        iris().get(selector)


def test_archived_names_no_single_version():
    with pytest.raises(UsageError, match="'archived' names no single version of 'iris'"):
        iris(stages=held(archived=(1,))).get("iris@archived")


def test_digits_are_always_a_number():
    view = iris(facts={2: {"version": "3"}})

    assert view.get("iris@3").number == 3


def test_a_stage_wins_over_a_name():
    view = iris(stages=held(production=1), facts={2: {"version": "production"}})

    assert view.get("iris@production").number == 1


def test_a_vacant_stage_wins_over_a_name_too():
    with pytest.raises(NotFoundError, match="is vacant"):
        iris(facts={2: {"version": "production"}}).get("iris@production")


def test_stages_of_this_registry_are_selected():
    view = iris(stages=held(canary=2), config=Config(stages={"canary": StageRule()}))

    assert view.get("iris@canary").number == 2
    with pytest.raises(NotFoundError):
        view.get("iris@production")


@pytest.mark.parametrize(
    ("facts", "holder", "state"),
    [({}, 9, "does not exist"), ({2: {"yanked": YANKED}}, 2, "is yanked"), ({2: {"status": "failed"}}, 2, "is failed"), ({2: {"status": "running"}}, 2, "is running")],
)
def test_a_stage_that_points_to_no_usable_version_is_an_invalid_file(facts, holder, state):
    view = iris(stages=held(production=holder), facts=facts)

    with pytest.raises(InvalidError, match=f"production points to version {holder}, which {state}") as refusal:
        view.get("iris@production")

    assert (refusal.value.rule, refusal.value.path) == ("R05", "models/iris/stages.yaml")


# -- latest -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "latest"),
    [
        pytest.param({}, 3, id="the highest"),
        pytest.param(yanked(3), 2, id="not a yanked one"),
        pytest.param({3: {"status": "running"}}, 2, id="not a running one"),
        pytest.param({3: {"status": "failed"}, 2: {"yanked": YANKED}}, 1, id="neither failed nor yanked"),
    ],
)
def test_latest_is_the_highest_that_is_ready_and_not_yanked(facts, latest):
    assert iris(facts=facts).latest("iris") == latest


def test_latest_may_be_archived_or_hold_a_stage():
    assert iris(stages=held(archived=(3,))).latest("iris") == 3
    assert iris(stages=held(production=3)).latest("iris") == 3


def test_a_model_may_have_no_latest():
    view = iris(1, facts=yanked(1))

    assert view.latest("iris") is None
    with pytest.raises(NotFoundError, match="model 'iris' has no version that is ready and not yanked"):
        view.get("iris")


# -- versions and the board ---------------------------------------------------------------------------------


def test_a_version_is_its_manifest_and_where_it_stands():
    shown = iris(stages=held(production=(2, 1)), facts={2: {"version": "1.0.5", "metrics": {"a": 1}}}).get("iris@2").as_dict()

    assert list(shown)[:6] == ["id", "model", "number", "version", "stage", "status"]
    assert (shown["id"], shown["stage"], shown["commit"], shown["metrics"]) == ("iris@2", "production", BASE, {"a": 1})
    assert {"run": None, "yanked": None, "later_runs": [], "tags": [], "links": {}}.items() <= shown.items()


def test_versions_come_in_order_with_their_stages():
    view = iris(4, held(production=(2, 1), archived=(4,)))

    assert [(version.number, version.stage) for version in view.versions("iris")] == [(1, "archived"), (2, "production"), (3, None), (4, "archived")]


def test_versions_of_no_model_are_not_found():
    with pytest.raises(NotFoundError):
        iris().versions("wine")


def test_the_board_has_every_stage_of_every_model():
    view = DictView({"wine": Model(card("wine"), held(), {}), **iris(stages=held(production=2), facts=yanked(3)).models}, rules(canary={}))

    assert [row.as_dict() for row in view.summaries()] == [
        {"name": "iris", "latest": 2, "versions": 3, "stages": {"development": None, "staging": None, "production": 2, "canary": None}},
        {"name": "wine", "latest": None, "versions": 0, "stages": {"development": None, "staging": None, "production": None, "canary": None}},
    ]


def test_a_deleted_model_is_known_but_not_on_the_board():
    view = iris(deleted=YANKED)

    assert list(view.summaries()) == []
    assert view.card("iris").deleted
    with pytest.raises(ConflictError):
        view.live_card("iris")


@pytest.mark.parametrize(("given", "near"), [("iriss", "iris"), ("team/irs", "team/iris")])
def test_a_model_that_is_not_there_is_guessed(given, near):
    with pytest.raises(NotFoundError) as refusal:
        models(iris=1, team__iris=1).card(given)

    assert refusal.value.near == near


# -- drafts -------------------------------------------------------------------------------------------------


def test_a_draft_has_no_commit():
    draft = Draft(iris())

    assert (draft.commit, draft.get("iris@1").commit) == (None, None)


def test_a_draft_that_nothing_was_put_into_is_its_base():
    base = iris(stages=held(production=1), facts=NAMED)

    assert [v.number for v in Draft(base).versions("iris")] == [1, 2, 3]
    assert (Draft(base).get("iris@production").number, Draft(base).get("iris@rc").number) == (1, 3)


def test_a_draft_shows_what_was_put_and_leaves_its_base_alone():
    base = iris(facts=NAMED)
    draft = Draft(base)

    draft.put(register(draft, "iris", "new", {}, OCCASION))
    draft.put(stages.promote(draft, at("iris@new"), "staging"))
    draft.put(amend.update(draft, at("iris@1"), {"description": "x"}))

    assert (draft.get("iris@staging").number, draft.latest("iris"), draft.get("iris@1").description) == (4, 4, "x")
    assert (base.count("iris"), base.stages("iris"), base.manifest("iris", 1).description) == (3, held(), "")


def test_a_draft_shows_new_models():
    draft = Draft(iris())

    draft.put(cards.create(draft, "wine", {}, OCCASION))

    assert draft.model_names() == ("iris", "wine")
    assert (draft.count("wine"), draft.latest("wine"), draft.number_named("wine", "x")) == (0, None, None)


def test_a_draft_of_a_draft_sees_both():
    inner = Draft(iris())
    inner.put(register(inner, "iris", "a", {}, OCCASION))
    outer = Draft(inner)

    outer.put(register(outer, "iris", "b", {}, OCCASION))

    assert [outer.get(f"iris@{name}").number for name in "ab"] == [4, 5]
    assert inner.count("iris") == 4


def test_an_empty_change_changes_nothing():
    draft = Draft(iris())

    draft.put(Change(model="iris", number=2))

    assert draft.touched() == ()
