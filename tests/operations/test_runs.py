"""What a run writes is found by its id, whoever wrote it first."""

from __future__ import annotations

import pytest

from gitreg import names
from gitreg.draft import Draft
from gitreg.errors import ConflictError, NotFoundError
from gitreg.operations import runs
from tests.operations.views import OCCASION, DictView

RUN = {"id": "run-1", "pipeline": "training"}


@pytest.fixture
def draft():
    return Draft(DictView({}))


def put(draft, change):
    draft.put(change)
    return change


def claim(name=None, run="run-1", floor=0):
    return ["iris", name, run, floor]


def write(draft, status="running", mine=None, **facts):
    return put(draft, runs.written(draft, mine or claim(), {"status": status, "run": RUN, **facts}, OCCASION))


def test_the_first_to_write_registers_and_the_others_find_it(draft):
    assert [write(draft).number, write(draft, metrics={"auc": 0.5}).number, write(draft, "ready").number] == [1, 1, 1]

    manifest = draft.manifest("iris", 1)
    assert (manifest.status, manifest.metrics, manifest.run.id) == ("ready", {"auc": 0.5}, "run-1")


def test_two_runs_have_a_version_each(draft):
    write(draft)
    put(draft, runs.written(draft, claim(run="run-2"), {"status": "running", "run": {"id": "run-2"}}, OCCASION))

    assert (runs.own(draft, runs.Claim(*claim())).number, runs.own(draft, runs.Claim(*claim(run="run-2"))).number) == (1, 2)


def test_a_run_may_have_a_version_of_a_name_beside_one_without(draft):
    write(draft)
    write(draft, mine=claim("v2"))

    assert (runs.own(draft, runs.Claim(*claim())).number, runs.own(draft, runs.Claim(*claim("v2"))).number) == (1, 2)


def test_versions_from_before_the_run_are_not_its_own(draft):
    write(draft)

    assert runs.own(draft, runs.Claim(*claim(floor=1))) is None


def test_after_it_is_ready_the_run_adds_and_changes_nothing(draft):
    write(draft, "ready", metrics={"auc": 0.5}, params={"C": 1})

    write(draft, "ready", metrics={"auc": 0.5, "f1": 0.4}, params={"C": 2})

    assert (draft.manifest("iris", 1).metrics, draft.manifest("iris", 1).params) == ({"auc": 0.5, "f1": 0.4}, {"C": 1})
    with pytest.raises(ConflictError, match=r"metrics\.auc of iris@1"):
        write(draft, "ready", metrics={"auc": 0.6})


def test_a_name_that_is_taken_is_a_conflict(draft):
    write(draft, mine=claim("v1"))

    with pytest.raises(ConflictError, match="version 'v1' of 'iris' exists already"):
        put(draft, runs.written(draft, claim("v1", run="run-2"), {"status": "ready", "run": {"id": "run-2"}}, OCCASION))


def test_only_a_running_version_fails(draft):
    write(draft, "ready")

    assert runs.failed(draft, claim(), {"run": RUN}).manifests == ()
    assert runs.failed(draft, claim(run="run-9"), {"run": RUN}).manifests == ()


def test_a_running_version_fails_with_the_reason(draft):
    write(draft)

    put(draft, runs.failed(draft, claim(), {"run": {**RUN, "error": "ValueError: diverged"}}))

    assert (draft.manifest("iris", 1).status, draft.manifest("iris", 1).run.error) == ("failed", "ValueError: diverged")


@pytest.mark.parametrize("with_run", [True, False])
def test_a_version_can_be_given_up_without_its_run(draft, with_run):
    put(draft, runs.written(draft, claim(), {"status": "running", **({"run": RUN} if with_run else {})}, OCCASION))

    put(draft, runs.given_up(draft, names.Selector("iris", "1"), "gone", OCCASION))

    manifest = draft.manifest("iris", 1)
    assert (manifest.status, manifest.run.error, manifest.run.finished_at) == ("failed", "gone", OCCASION.at)


def test_giving_up_what_is_complete_changes_nothing(draft):
    write(draft, "ready")

    assert runs.given_up(draft, names.Selector("iris", "1"), "gone", OCCASION).manifests == ()


def test_promoting_what_the_run_has_not_made_is_not_found(draft):
    write(draft)

    with pytest.raises(NotFoundError, match="this run has no version of 'iris'"):
        runs.promoted(draft, claim(run="run-2"), "staging")


def test_a_later_run_stands_once_in_the_list(draft):
    write(draft, "ready")
    selector = names.Selector("iris", "1")

    put(draft, runs.attached(draft, selector, {"metrics": {"drift": 1}}, {"id": "run-2"}))
    put(draft, runs.attached(draft, selector, {}, {"id": "run-3"}))

    assert [run.id for run in draft.manifest("iris", 1).later_runs] == ["run-2", "run-3"]
    assert draft.manifest("iris", 1).metrics == {"drift": 1}
