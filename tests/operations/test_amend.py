"""The record only grows (SPEC 2, after the manifest), and yanks (SPEC 3 rule 6)."""

from __future__ import annotations

from fractions import Fraction
from numbers import Integral

import pytest

from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.operations import amend
from gitreg.records import Artifact, Link, Run
from tests.operations.views import AT, BY, OCCASION, YANKED, at, ended, held, iris, yanked

FILE = {"kind": "model", "uri": "file:///m", "sha256": "ab" * 32, "size": 3}
RECORDED = {
    "description": "first",
    "tags": ("nightly",),
    "metrics": {"accuracy": 0.97, "rows": 150},
    "params": {"C": 1, "deep": {"flags": [True]}},
    "metadata": {"reviewed": 1},
    "artifacts": {"model": Artifact(**FILE)},
    "links": {"ticket": Link(uri="https://example.org/T-12")},
    "run": Run(id="r1"),
    "later_runs": (Run(id="r2"),),
}


def recorded(status="ready", **more):
    return iris(1, facts={1: RECORDED | {"status": status} | more})


def update(**facts):
    return lambda view: amend.update(view, at("iris@1"), facts)


def yank(selector, reason="leaks its labels", **options):
    return lambda view: amend.yank(view, at(selector), reason, OCCASION, **options)


def unyank(selector):
    return lambda view: amend.unyank(view, at(selector))


# -- what may change ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["ready", "failed"])
@pytest.mark.parametrize(
    ("facts", "field", "value"),
    [
        pytest.param({"metrics": {"f1": 0.5}}, "metrics", {"accuracy": 0.97, "rows": 150, "f1": 0.5}, id="a new metric"),
        pytest.param({"artifacts": {"train": {"kind": "data", "uri": "d"}}}, "artifacts",
                     {"model": Artifact(**FILE), "train": Artifact(kind="data", uri="d")}, id="a new artifact"),
        pytest.param({"later_runs": [{"id": "r2"}, {"id": "r3"}]}, "later_runs", (Run(id="r2"), Run(id="r3")), id="a new later run"),
        pytest.param({"description": "second"}, "description", "second", id="the description"),
        pytest.param({"description": ""}, "description", "", id="the description goes"),
        pytest.param({"tags": []}, "tags", (), id="the tags"),
        pytest.param({"metadata": {"a": [1]}}, "metadata", {"reviewed": 1, "a": [1]}, id="a new metadata key"),
        pytest.param({"metadata": {"reviewed": "no"}}, "metadata", {"reviewed": "no"}, id="a metadata key"),
        pytest.param({"metadata": {"reviewed": None}}, "metadata", {}, id="a metadata key goes"),
        pytest.param({"metadata": {"other": None}}, "metadata", {"reviewed": 1}, id="a metadata key that is not there goes"),
        pytest.param({"links": {"doc": {"uri": "u"}}}, "links", RECORDED["links"] | {"doc": Link(uri="u")}, id="a new link"),
        pytest.param({"links": {"ticket": {"uri": "u"}}}, "links", {"ticket": Link(uri="u")}, id="a link"),
        pytest.param({"links": {"ticket": None}}, "links", {}, id="a link goes"),
    ],
)  # fmt: skip
def test_a_finished_version_still_takes(facts, field, value, status):
    end = ended(recorded(status), update(**facts))

    assert getattr(end.draft.manifest("iris", 1), field) == value


@pytest.mark.parametrize("status", ["ready", "failed"])
@pytest.mark.parametrize(
    ("facts", "field"),
    [
        pytest.param({"metrics": {"accuracy": 0.98}}, "metrics.accuracy", id="a metric"),
        pytest.param({"metrics": {"f1": 1, "rows": 151}}, "metrics.rows", id="a metric beside a new one"),
        pytest.param({"artifacts": {"model": FILE | {"size": 4}}}, "artifacts.model", id="an artifact's size"),
        pytest.param({"artifacts": {"model": {"kind": "model", "uri": "file:///m"}}}, "artifacts.model", id="an artifact's digest goes"),
        pytest.param({"params": {"C": 2}}, "params", id="a param"),
        pytest.param({"params": {"D": 2}}, "params", id="a new param"),
        pytest.param({"params": {"C": True}}, "params", id="a param becomes a boolean"),
        pytest.param({"params": {"deep": {"flags": [1]}}}, "params", id="a boolean inside a param becomes a number"),
        pytest.param({"run": {"id": "r9"}}, "run", id="the run"),
        pytest.param({"run": {"id": "r1", "finished_at": AT}}, "run", id="the run's end"),
        pytest.param({"later_runs": []}, "later_runs", id="a later run goes"),
        pytest.param({"later_runs": [{"id": "r3"}]}, "later_runs", id="a later run changes"),
        pytest.param({"later_runs": [{"id": "r3"}, {"id": "r2"}]}, "later_runs", id="later runs change places"),
        pytest.param({"status": "running"}, "status", id="the status goes back"),
    ],
)
def test_a_finished_version_does_not_change(facts, field, status):
    with pytest.raises(ConflictError, match=rf"{field} of iris@1 is recorded and cannot change: the version is {status}"):
        update(**facts)(recorded(status))


@pytest.mark.parametrize(("status", "other"), [("ready", "failed"), ("failed", "ready")])
def test_a_finished_version_is_finished(status, other):
    with pytest.raises(ConflictError, match="status of iris@1"):
        update(status=other)(recorded(status))


@pytest.mark.parametrize(
    "facts",
    [
        {"metrics": {"accuracy": 0.5}},
        {"params": {"C": 2, "D": 3}},
        {"artifacts": {"model": {"kind": "data", "uri": "other"}}},
        {"run": {"id": "r9"}},
        {"later_runs": []},
        {"description": "", "tags": ["x"]},
        {"metadata": {"reviewed": None}},
    ],
    ids=lambda facts: " ".join(facts),
)
def test_everything_of_a_running_version_may_change(facts):
    end = ended(recorded("running"), update(**facts))

    assert end.told() == [("updated", 1, None)]


@pytest.mark.parametrize("status", ["running", "ready"])
@pytest.mark.parametrize("field", ["number", "version", "created_at", "created_by", "yanked", "stage", "id", "accuracy"])
def test_a_field_cannot_be_updated(field, status):
    with pytest.raises(UsageError, match=f"'{field}' is not a field of a version that can be updated"):
        update(**{field: "x"})(recorded(status))


@pytest.mark.parametrize(("status", "event"), [("ready", "completed"), ("failed", "failed")])
def test_a_running_version_is_completed(status, event):
    end = ended(recorded("running"), update(status=status, metrics={"accuracy": 0.5}))

    assert end.told() == [(event, 1, None)]
    assert end.draft.manifest("iris", 1).metrics["accuracy"] == 0.5


def test_a_completed_version_is_frozen_in_the_same_transaction():
    end = ended(recorded("running"), update(status="ready"))

    with pytest.raises(ConflictError):
        update(params={"C": 2})(end.draft)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"metrics": {"accuracy": 0.97}},
        {"metrics": {"rows": 150.0}},
        {"artifacts": {"model": FILE}},
        {"params": {"C": 1}},
        {"metadata": {"reviewed": 1}},
        {"links": {"ticket": {"uri": "https://example.org/T-12"}}},
        {"tags": ["nightly"], "description": "first", "status": "ready"},
        {"run": {"id": "r1"}, "later_runs": [{"id": "r2"}]},
    ],
    ids=lambda facts: " ".join(facts) or "nothing",
)
def test_the_same_value_again_changes_nothing(facts):
    change = update(**facts)(recorded())

    assert (change.manifests, change.number) == ((), 1)


@pytest.mark.parametrize(
    ("facts", "tags"),
    [
        pytest.param({"add_tags": ["a", "nightly"]}, ("nightly", "a"), id="added once, at the end"),
        pytest.param({"remove_tags": ["nightly"]}, (), id="removed"),
        pytest.param({"remove_tags": ["night"]}, ("nightly",), id="another removed"),
        pytest.param({"add_tags": ("a",), "remove_tags": ("nightly",)}, ("a",), id="exchanged"),
        pytest.param({"add_tags": ["a"], "remove_tags": ["a"]}, ("nightly",), id="added and removed"),
        pytest.param({"tags": ["b"], "add_tags": ["a"]}, ("b", "a"), id="replaced and added"),
        pytest.param({"add_tags": (), "remove_tags": None}, ("nightly",), id="nothing"),
    ],
)
def test_tags_are_added_and_removed(facts, tags):
    end = ended(recorded(), update(**facts))

    assert end.draft.manifest("iris", 1).tags == tags


@pytest.mark.parametrize("facts", [{"add_tags": "abc"}, {"remove_tags": "nightly"}, {"add_tags": [1]}, {"tags": "abc", "add_tags": ["x"]}])
def test_tags_are_a_list_of_texts(facts):
    with pytest.raises(UsageError, match="tags: expected a list of texts, found"):
        update(**facts)(recorded())


class Text(str):
    """A text of a class of its own, as NumPy's are."""

    __slots__ = ()


class Whole(Fraction):
    """A whole number of a class of its own, as NumPy's are."""

    __int__ = Fraction.__trunc__


Integral.register(Whole)


def test_scalars_of_other_libraries_become_plain():
    end = ended(iris(1), update(metrics={"a": Fraction(1, 4), "b": Whole(3)}, metadata={"c": Text("x"), "d": [Fraction(1, 2)]}))

    changed = end.draft.manifest("iris", 1)
    assert (changed.metrics, changed.metadata) == ({"a": 0.25, "b": 3}, {"c": "x", "d": [0.5]})
    assert [type(value) for value in (*changed.metrics.values(), changed.metadata["c"])] == [float, int, str]


def test_a_tuple_again_is_the_list_that_it_became():
    base = ended(iris(1), update(metadata={"shape": (3, (4,))})).draft

    change = update(metadata={"shape": (3, (4,))})(base)

    assert base.manifest("iris", 1).metadata == {"shape": [3, [4]]}
    assert change.manifests == ()


def test_true_is_another_value_than_one():
    end = ended(recorded(), update(metadata={"reviewed": True}))

    assert end.draft.manifest("iris", 1).metadata["reviewed"] is True
    assert end.told() == [("updated", 1, None)]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        pytest.param({"metrics": {"a": float("nan")}}, "metrics.a", id="nan"),
        pytest.param({"metrics": {"a": "high"}}, "metrics.a", id="text as metric"),
        pytest.param({"metrics": {"accuracy": None}}, "metrics.accuracy", id="a metric cannot go"),
        pytest.param({"metrics": [0.5]}, "metrics", id="metrics are no map"),
        pytest.param({"metadata": "x"}, "metadata", id="metadata is no map"),
        pytest.param({"links": ["u"]}, "links", id="links are no map"),
        pytest.param({"tags": "nightly"}, "tags", id="tags are text"),
        pytest.param({"status": "done"}, "status", id="no such status"),
        pytest.param({"artifacts": {"m": None}}, "artifacts.m", id="an artifact cannot go"),
    ],
)
def test_a_fact_that_its_field_does_not_allow_is_named(facts, field):
    with pytest.raises(UsageError, match=field):
        update(**facts)(recorded())


def test_an_unknown_version_cannot_be_updated():
    with pytest.raises(NotFoundError, match="model 'iris' has no version 4, it has 3"):
        amend.update(iris(), at("iris@4"), {})


def test_a_deleted_model_cannot_be_updated():
    with pytest.raises(ConflictError, match="was deleted"):
        update(description="x")(iris(1, deleted=YANKED))


def test_updates_of_one_transaction_see_each_other():
    end = ended(recorded(), update(metadata={"a": 1}), update(metadata={"b": 2}), update(metadata={"a": None}))

    assert end.draft.manifest("iris", 1).metadata == {"reviewed": 1, "b": 2}


def test_a_yanked_version_can_be_described():
    end = ended(recorded(yanked=YANKED), update(description="do not use"))

    assert end.draft.manifest("iris", 1).description == "do not use"


# -- yank ---------------------------------------------------------------------------------------------------


def test_a_yank_says_who_when_and_why():
    end = ended(iris(), yank("iris@2", "leaks its labels"))

    mark = end.draft.manifest("iris", 2).yanked
    assert (mark.at, mark.by, mark.reason) == (AT, BY, "leaks its labels")


@pytest.mark.parametrize("status", ["ready", "running", "failed"])
def test_a_yank_changes_nothing_else(status):
    end = ended(recorded(status), yank("iris@1"), unyank("iris@1"))

    assert end.draft.manifest("iris", 1) == recorded(status).manifest("iris", 1)
    assert end.told() == []


def test_the_number_of_a_yanked_version_is_not_free():
    end = ended(iris(), yank("iris@3"))

    assert end.draft.count("iris") == 3


def test_a_holder_is_not_yanked_and_the_hint_is_the_rollback():
    base = iris(stages=held(production=(2, 1)))

    with pytest.raises(ConflictError, match="iris@2 holds production") as refusal:
        yank("iris@2")(base)

    assert refusal.value.hint == "gitreg rollback iris production"


def test_force_yanks_a_holder_and_vacates_its_stage_in_the_same_change():
    base = iris(stages=held(production=(2, 1)))

    end = ended(base, yank("iris@2", force=True))

    assert end.stages == held(production=(None, 1), archived=(2,))
    assert end.draft.manifest("iris", 2).yanked
    assert {kind for kind, *_ in end.told()} == {"cleared", "archived", "yanked"}


def test_yanking_a_version_without_a_stage_leaves_the_pointers_alone():
    change = yank("iris@2")(iris(stages=held(production=(3, 2))))

    assert (change.stages, change.moves, change.number) == (None, (), 2)


@pytest.mark.parametrize("force", [False, True])
def test_yanking_what_is_yanked_changes_nothing(force):
    change = yank("iris@2", "again", force=force)(iris(facts=yanked(2)))

    assert (change.manifests, change.stages, change.number) == ((), None, 2)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_yank_needs_a_reason(reason):
    with pytest.raises(UsageError, match="a yank needs a reason"):
        yank("iris@2", reason)(iris())


def test_a_deleted_model_is_not_yanked_again():
    with pytest.raises(ConflictError):
        yank("iris@2")(iris(deleted=YANKED))


def test_an_unyanked_version_can_be_promoted_and_has_no_stage():
    base = iris(stages=held(archived=(2,)), facts=yanked(2))

    end = ended(base, unyank("iris@2"))

    assert end.draft.get("iris@2").usable
    assert end.draft.get("iris@2").stage == "archived"


def test_unyanking_what_is_not_yanked_changes_nothing():
    change = unyank("iris@2")(iris())

    assert (change.manifests, change.number) == ((), 2)


def test_a_deleted_model_is_not_unyanked():
    with pytest.raises(ConflictError):
        unyank("iris@2")(iris(deleted=YANKED, facts=yanked(2)))
