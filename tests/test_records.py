"""The nouns: frozen, and what they answer from what they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreg import records
from gitreg.records import Event, Finding, Manifest, ModelSummary, ModelVersion, Pointer, Stages

WHEN = "2026-11-22T07:24:31.123456Z"
STAGES = Stages(
    pointers={"staging": Pointer(number=8, previous=(7, 5)), "production": Pointer(number=7, previous=(6, 3)), "empty": Pointer()}, archived=(2,)
)


def manifest(**facts):
    return Manifest(**{"number": 7, "version": "1.0.5", "status": "ready", "created_at": WHEN, "created_by": "Name <name@example.org>", **facts})


@pytest.mark.parametrize(
    ("number", "state"),
    [(8, "staging"), (7, "production"), (5, "archived"), (6, "archived"), (2, "archived"), (1, None)],
    ids=["holder", "holder that stands in a previous", "left", "left another", "archived by hand", "never promoted"],
)
def test_a_versions_state_comes_from_the_pointers(number, state):
    assert STAGES.state_of(number) == state
    assert STAGES.states().get(number) == state


@given(st.dictionaries(st.sampled_from("abc"), st.builds(Pointer, number=st.none() | st.integers(1, 6), previous=st.lists(st.integers(1, 6)).map(tuple))), st.sets(st.integers(1, 6)))
def test_the_states_in_one_pass_are_those_one_by_one(pointers, archived):
    stages = Stages(pointers=pointers, archived=tuple(sorted(archived)))
    held = [pointer.number for pointer in pointers.values() if pointer.number]
    once = [number for number in range(1, 7) if held.count(number) < 2]  # R09 forbids more

    states = stages.states()

    assert {number: states.get(number) for number in once} == {number: stages.state_of(number) for number in once}


def test_a_vacant_stage_is_held_by_nobody():
    assert STAGES.pointer("empty").number is None
    assert STAGES.pointer("unheard of") == Pointer(number=None, previous=())
    assert STAGES.held_by(1) is None


@pytest.mark.parametrize(
    ("facts", "usable"),
    [({}, True), ({"status": "running"}, False), ({"status": "failed"}, False), ({"yanked": records.Yanked(at=WHEN, by="x", reason="y")}, False)],
    ids=["ready", "running", "failed", "yanked"],
)
def test_only_a_ready_version_that_is_not_yanked_is_usable(facts, usable):
    assert manifest(**facts).usable is usable


def test_a_label_is_the_number_and_the_name_where_there_is_one():
    assert manifest().label == "7 (1.0.5)"
    assert manifest(version="7").label == "7"


def test_records_are_frozen():
    with pytest.raises(AttributeError):
        manifest().number = 8


def test_a_version_has_every_field_of_the_contract(iris):
    value = iris.get("iris@1").as_dict()

    assert list(value)[:3] == ["id", "model", "number"]
    assert set(value) == {"id", "model", "stage", "commit", *Manifest.__struct_fields__}
    assert (value["id"], value["stage"], value["metrics"], value["run"]) == ("iris@1", "production", {"accuracy": 0.91}, None)


def test_the_json_of_a_version_is_json(iris):
    version = iris.get("iris@1")

    assert msgspec.json.decode(msgspec.json.encode(version.as_dict())) == version.as_dict()


def test_a_version_is_a_manifest_and_more():
    assert issubclass(ModelVersion, Manifest)
    assert set(Manifest.__struct_fields__) < set(ModelVersion.__struct_fields__)


def test_the_json_of_a_model_names_every_stage():
    summary = ModelSummary(name="iris", latest=7, versions=9, stages={"production": 7, "staging": None})

    assert summary.as_dict() == {"name": "iris", "latest": 7, "versions": 9, "stages": {"production": 7, "staging": None}}


def test_the_json_of_an_event_has_every_field():
    value = Event(event="promoted", forced=("review",)).as_dict()

    assert list(value) == ["event", "kind", "model", "number", "version", "stage", "from_number", "commit", "at", "by", "reason", "forced"]
    assert value["forced"] == ["review"]


def test_the_json_of_a_finding_has_null_for_an_unknown_line():
    assert Finding(rule="R01", path="f").as_dict() == {"rule": "R01", "severity": "error", "path": "f", "line": None, "message": "", "fix": ""}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 7, 24, 31, 123456, UTC), "2026-11-22T07:24:31.123456Z"),
        (datetime(2026, 11, 22, 7, 24, 31, 0, UTC), "2026-11-22T07:24:31.000000Z"),
        (datetime(2026, 11, 22, 1, 0, 0, 0, timezone(timedelta(hours=2))), "2026-11-21T23:00:00.000000Z"),
    ],
)
def test_a_time_is_written_in_utc(moment, text):
    assert records.timestamp(moment) == text
