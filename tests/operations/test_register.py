"""Adding a version (SPEC 2: numbers and names of versions)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gitreg.draft import Draft
from gitreg.errors import ConflictError, InvalidError, NotFoundError, UsageError
from gitreg.operations.register import record, register
from tests.operations.views import AT, BY, OCCASION, YANKED, DictView, ended, held, iris, manifest, rules


def add(name=None, model="iris", **facts):
    return lambda view: register(view, model, name, facts, OCCASION)


def test_the_first_version_is_number_one():
    end = ended(DictView({}), add())

    assert end.changes[0].number == 1


@pytest.mark.parametrize(
    "facts", [{}, {"status": "running"}, {"status": "failed"}, {"yanked": YANKED}], ids=["ready", "running", "failed", "yanked"]
)
def test_a_number_is_the_count_of_all_manifests_plus_one(facts):
    base = iris(3, facts={3: facts})

    end = ended(base, add())

    assert end.changes[0].number == 4


def test_versions_of_one_transaction_count_on():
    base = iris(2)

    end = ended(base, add(), add(), add())

    assert [change.number for change in end.changes] == [3, 4, 5]


def test_models_count_for_themselves():
    base = iris(7)

    end = ended(base, add(model="wine"))

    assert end.changes[0].number == 1


def test_a_number_whose_file_exists_all_the_same_is_refused():
    base = iris(2)
    base.models["iris"].manifests[4] = manifest(4)

    with pytest.raises(InvalidError, match="version 4 exists, but the model has only 3 manifests") as refusal:
        register(base, "iris", None, {}, OCCASION)

    assert (refusal.value.rule, refusal.value.path, refusal.value.code) == ("R04", "models/iris/versions/4.yaml", 6)


def test_versions_that_lost_their_model_are_not_overwritten():
    base = iris(2)
    base.models["iris"] = base.models["iris"]._replace(card=None, stages=None)

    with pytest.raises(InvalidError, match="has other files, but its card is missing"):
        register(base, "iris", None, {}, OCCASION)


def test_a_version_without_a_name_is_called_by_its_number():
    base = iris(6)

    end = ended(base, add())

    assert end.draft.get("iris@7").version == "7"


def test_a_version_keeps_the_name_it_is_given():
    base = iris(6)

    end = ended(base, add("1.0.5"))

    assert end.draft.get("iris@1.0.5").number == 7


def test_the_date_in_a_name_is_filled_in():
    end = ended(iris(), add("nightly-{date}"))

    assert end.draft.manifest("iris", 4).version == "nightly-2026_11_22"


def test_the_time_in_a_name_is_filled_in():
    end = ended(iris(), add("{date}-{time}"))

    assert end.draft.manifest("iris", 4).version == "2026_11_22-07_24_31_123456"


def test_a_name_is_judged_after_it_was_filled_in():
    with pytest.raises(UsageError):
        register(iris(), "iris", "{hour}", {}, OCCASION)


def test_a_version_says_who_made_it_and_when():
    end = ended(iris(), add())

    made = end.draft.manifest("iris", 4)
    assert (made.created_at, made.created_by, made.status) == (AT, BY, "ready")


@pytest.mark.parametrize("status", ["running", "ready", "failed"])
def test_a_version_may_begin_in_each_status(status):
    end = ended(iris(), add(status=status))

    assert end.draft.manifest("iris", 4).status == status


def test_all_facts_are_recorded():
    facts = {
        "description": "second feature set",
        "tags": ["nightly"],
        "metrics": {"accuracy": 0.97},
        "params": {"C": 1.0},
        "metadata": {"reviewed": {"by": ["a", None]}},
        "artifacts": {"endpoint": {"kind": "service", "uri": "https://scoring.example.org"}},
        "links": {"ticket": {"uri": "https://example.org/T-12", "title": "business case"}},
        "run": {"id": "r1", "code": {"dirty": False}},
    }

    end = ended(iris(), add(**facts))

    shown = end.draft.get("iris@4").as_dict()
    assert {name: shown[name] for name in ("description", "tags", "metrics", "params", "metadata", "links")} == {
        name: facts[name] for name in ("description", "tags", "metrics", "params", "metadata", "links")
    }
    assert (shown["run"]["code"], shown["artifacts"]["endpoint"]["kind"]) == ({"dirty": False}, "service")


@pytest.mark.parametrize(
    "name",
    ["7", "007", "latest", "Latest", "archived", "ARCHIVED", "none", "None", "production", "Production", "STAGING", "", "-x", ".x",
     "a b", "a/b", "a@b", "ü", "x\n", "a" * 129],
)  # fmt: skip
def test_a_name_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a version"):
        register(iris(), "iris", name, {}, OCCASION)


@pytest.mark.parametrize("name", ["1.0.5", "v7", "a" * 128, "2026_11_22", "1e5", "A+b-c_d.e", "0x1f"])
def test_a_name_is_allowed(name):
    end = ended(iris(), add(name))

    assert end.draft.get(f"iris@{name}").number == 4


def test_a_stage_of_this_registry_cannot_name_a_version():
    with pytest.raises(UsageError, match="it is the name of a stage"):
        register(iris(config=rules(canary={})), "iris", "Canary", {}, OCCASION)


def test_a_name_that_the_model_has_is_a_conflict():
    base = iris(facts={2: {"version": "1.0.5"}})

    with pytest.raises(ConflictError, match=r"version '1.0.5' of 'iris' exists already: it is number 2"):
        register(base, "iris", "1.0.5", {}, OCCASION)


def test_a_name_made_in_this_transaction_is_a_conflict():
    end = ended(iris(), add("a"))

    with pytest.raises(ConflictError):
        register(end.draft, "iris", "a", {}, OCCASION)


def test_names_differ_by_case():
    end = ended(iris(facts={2: {"version": "rc"}}), add("RC"))

    assert [end.draft.get(f"iris@{name}").number for name in ("rc", "RC")] == [2, 4]


def test_two_models_may_use_one_name():
    end = ended(iris(facts={2: {"version": "rc"}}), add("rc", "wine"))

    assert end.draft.get("wine@rc").number == 1


def test_the_name_of_a_yanked_version_is_not_free():
    base = iris(facts={2: {"version": "rc", "yanked": YANKED}})

    with pytest.raises(ConflictError):
        register(base, "iris", "rc", {}, OCCASION)


def test_a_new_model_is_made_with_its_first_version():
    end = ended(DictView({}), add(model="team/iris"))

    assert end.draft.card("team/iris").created_by == BY
    assert end.draft.stages("team/iris") == held()


def test_a_model_that_collides_is_refused():
    with pytest.raises(ConflictError, match="collides with 'iris'"):
        register(iris(), "iris/v2", None, {}, OCCASION)


def test_a_model_made_in_this_transaction_collides_too():
    end = ended(DictView({}), add(model="Iris"))

    with pytest.raises(ConflictError):
        register(end.draft, "iris", None, {}, OCCASION)


def test_a_deleted_model_gets_no_versions():
    with pytest.raises(ConflictError, match="was deleted"):
        register(iris(deleted=YANKED), "iris", None, {}, OCCASION)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        pytest.param({"metrics": {"a": float("nan")}}, "metrics.a", id="nan"),
        pytest.param({"metrics": {"a": float("-inf")}}, "metrics.a", id="infinity"),
        pytest.param({"metrics": {"a": True}}, "metrics.a", id="a boolean metric"),
        pytest.param({"metrics": {"a": "high"}}, "metrics.a", id="text as metric"),
        pytest.param({"metrics": {"a": None}}, "metrics.a", id="null as metric"),
        pytest.param({"metrics": [1]}, "metrics", id="metrics are no map"),
        pytest.param({"metrics": {"": 1}}, "metrics", id="an empty name"),
        pytest.param({"metrics": {"a" * 101: 1}}, "metrics", id="a long name"),
        pytest.param({"tags": "nightly"}, "tags", id="tags are text"),
        pytest.param({"status": "done"}, "status", id="no such status"),
        pytest.param({"artifacts": {"m": {"kind": "mode", "uri": "x"}}}, "artifacts.m.kind", id="no such kind"),
        pytest.param({"artifacts": {"m": {"kind": "model", "uri": "x", "sha256": "AB"}}}, "artifacts.m.sha256", id="no digest"),
        pytest.param({"links": {"l": {"url": "x"}}}, "links.l", id="an unknown key"),
        pytest.param({"run": {"id": "r", "started_at": "yesterday"}}, "run.started_at", id="no time"),
        pytest.param({"metadata": {"a": object()}}, "object", id="not JSON-like"),
    ],
)
def test_a_fact_that_its_field_does_not_allow_is_named(facts, field):
    with pytest.raises(UsageError, match=field):
        register(iris(), "iris", None, facts, OCCASION)


def test_other_kinds_of_numbers_become_plain_ones():
    end = ended(iris(), add(metrics={"a": Fraction(1, 4)}))

    assert end.draft.manifest("iris", 4).metrics == {"a": 0.25}


def test_a_version_never_is_overwritten():
    base = iris(2)

    end = ended(base, add())

    assert [made.number for made in end.draft.made.of("iris")] == [3]


def test_what_is_unknown_stays_unknown_until_it_is_put():
    draft = Draft(iris(2))

    register(draft, "iris", None, {}, OCCASION)

    with pytest.raises(NotFoundError):
        draft.manifest("iris", 3)


# -- a past ---------------------------------------------------------------------------------------------------


def test_a_version_with_a_past_keeps_who_made_it_and_when():
    past = {"version": "1.0", "created_at": "2020-01-02T03:04:05Z", "created_by": "Other <other@example.org>", "status": "failed", "yanked": {"at": "2020-01-03T00:00:00Z", "by": "Other <other@example.org>", "reason": "leaks"}}

    (made,) = record(iris(2), "iris", past, OCCASION).manifests

    assert (made.number, made.version, made.created_at, made.created_by, made.status, made.yanked.reason) == (3, "1.0", "2020-01-02T03:04:05Z", "Other <other@example.org>", "failed", "leaks")


def test_a_version_without_a_past_was_made_now():
    (made,) = record(iris(2), "iris", {}, OCCASION).manifests

    assert (made.created_at, made.created_by, made.status) == (OCCASION.at, OCCASION.by, "ready")


def test_a_name_of_digits_was_a_number_elsewhere():
    (made,) = record(iris(2), "iris", {"version": "17"}, OCCASION).manifests

    assert (made.number, made.version) == (3, "3")


def test_a_number_cannot_be_given():
    with pytest.raises(UsageError, match="'number' is not a field of a version that can be given"):
        record(iris(2), "iris", {"number": 7}, OCCASION)
