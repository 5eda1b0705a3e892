"""What each page says, as data."""

from __future__ import annotations

import json

import pytest

from gitreg.errors import NotFoundError, UsageError
from gitreg.web.facts.comparison import comparison
from gitreg.web.facts.history import PAGE, Filters, history
from gitreg.web.facts.model import model
from gitreg.web.facts.on_date import on_date
from gitreg.web.facts.overview import overview
from gitreg.web.facts.problems import problems
from gitreg.web.facts.version import version
from tests.web.registries import seen


def test_the_overview_says_who_holds_what_since_when(iris):
    (row,) = overview(seen(iris))["models"]

    assert row["stages"]["development"] is None
    assert {name: (held["number"], held["by"]) for name, held in row["stages"].items() if held} == {
        "staging": (2, "Name <name@example.org>"), "production": (1, "Name <name@example.org>")
    }  # fmt: skip
    assert row["stages"]["production"]["since"] == seen(iris).past.holders("iris")["production"].at
    assert (row["versions"], row["latest"]) == (3, {"number": 3, "version": "3"})


def test_the_metric_that_counts_is_the_first_that_the_card_names(iris):
    iris.register("iris", metrics={"loss": 0.1, "accuracy": 0.99})
    iris.promote("iris@4", "production")

    (before,) = overview(seen(iris))["models"]
    iris.update_model("iris", metrics={"loss": {"better": "lower"}})
    (after,) = overview(seen(iris))["models"]

    assert before["metric"] == {"name": "accuracy", "value": 0.99, "better": None, "number": 4}
    assert after["metric"] == {"name": "loss", "value": 0.1, "better": "lower", "number": 4}


def test_what_holds_an_earlier_stage_and_is_newer_waits_for_the_last(iris):
    (row,) = overview(seen(iris))["models"]

    assert row["waiting"] == {"number": 2, "version": "2", "stage": "staging", "for": "production"}


def test_the_latest_waits_where_nothing_newer_holds_a_stage(iris):
    iris.archive("iris@2")

    (row,) = overview(seen(iris))["models"]

    assert row["waiting"] == {"number": 3, "version": "3", "stage": None, "for": "production"}


def test_nothing_waits_where_the_latest_is_in_the_last_stage(registry):
    registry.register("iris")
    registry.promote("iris@1", "production")

    assert overview(seen(registry))["models"][0]["waiting"] is None


def test_an_empty_registry_has_an_overview(registry):
    found = overview(seen(registry))

    assert (found["models"], found["unreadable"], found["versions"]) == ([], [], 0)


def test_a_deleted_model_is_not_in_the_overview(iris):
    iris.delete_model("iris", reason="gone", force=True)

    assert overview(seen(iris))["models"] == []


def test_a_model_that_cannot_be_read_does_not_hide_the_others(iris, git):
    iris.register("other")
    path = f"{iris.path}/models/iris/stages.yaml"
    with open(path, "a") as file:
        file.write("production: 7\n")
    git(iris.path, "commit", "-am", "break it")

    found = overview(seen(iris))

    assert [row["name"] for row in found["models"]] == ["other"]
    assert [each["model"] for each in found["unreadable"]] == ["iris"]
    assert "models/iris/stages.yaml" in found["unreadable"][0]["problem"]


def test_a_model_has_each_metric_over_its_versions(iris):
    found = model(seen(iris), "iris")

    assert found["metrics"] == {"accuracy": {"better": None, "tolerance": 0.0, "points": [[1, 0.91], [2, 0.95], [3, 0.97]]}}
    assert [row["number"] for row in found["versions"]] == [3, 2, 1]
    assert [(spell["stage"], spell["number"]) for spell in found["spells"]] == [("production", 1), ("staging", 2)]


def test_a_model_whose_versions_have_no_metrics_has_no_plots(registry):
    registry.register("iris")

    assert model(seen(registry), "iris")["metrics"] == {}


def test_a_version_is_compared_with_the_holder_of_the_last_stage_and_with_the_one_before(iris):
    found = version(seen(iris), "iris", 3)["comparisons"]

    assert {name: (each["a"], each["b"]) for name, each in found.items()} == {"production": ("iris@1", "iris@3"), "previous": ("iris@2", "iris@3")}


def test_a_version_is_compared_with_one_that_is_both_once(iris):
    assert list(version(seen(iris), "iris", 2)["comparisons"]) == ["production"]


def test_a_version_alone_is_compared_with_nothing(registry):
    registry.register("iris")

    assert version(seen(registry), "iris", 1)["comparisons"] == {}


def test_a_version_tells_where_it_has_been(iris):
    iris.promote("iris@2", "production")

    spells = version(seen(iris), "iris", 2)["spells"]

    assert [(spell["stage"], spell["until"] is None) for spell in spells] == [("staging", False), ("production", True)]


def test_a_version_says_so_where_a_parent_cannot_be_read(iris, git):
    iris.register("other", links={"base": "iris@1"})
    with open(f"{iris.path}/models/iris/stages.yaml", "a") as file:
        file.write("production: 7\n")
    git(iris.path, "commit", "-am", "break it")

    found = version(seen(iris), "other", 1)["lineage"]

    assert (found["nodes"], "models/iris/stages.yaml" in found["problem"]) == ([], True)


def test_a_version_that_is_not_there_is_not_found(iris):
    with pytest.raises(NotFoundError, match="no version 9"):
        version(seen(iris), "iris", 9)


def test_versions_stand_side_by_side_and_the_better_one_is_named(iris):
    iris.update_model("iris", metrics={"accuracy": {"better": "higher"}})

    found = comparison(seen(iris), "iris", [1, 3, 2])

    assert found["numbers"] == [1, 3, 2]
    assert found["metrics"] == {"accuracy": {"values": [0.91, 0.97, 0.95], "same": False, "better": "higher", "best": 0.97}}


def test_without_numbers_the_holder_and_the_latest_are_compared(iris):
    assert comparison(seen(iris), "iris")["numbers"] == [1, 3]


def test_booleans_are_not_numbers_in_a_comparison(registry):
    registry.register("iris", params={"x": 1})
    registry.register("iris", params={"x": True})

    assert comparison(seen(registry), "iris", [1, 2])["params"]["x"]["same"] is False


def test_pages_of_the_history_are_counted_from_the_oldest_and_lose_nothing(registry):
    with registry.transaction() as tx:
        for _ in range(2 * PAGE + 30):
            tx.register("iris")
    scene = seen(registry)
    whole = [event["text"] for event in history(scene)["events"]]

    found = [history(scene, page) for page in (1, 2, 3)]
    texts = [event["text"] for page in reversed(found) for event in page["events"]]

    assert [len(page["events"]) for page in found] == [PAGE, PAGE, len(scene.past.events) - 2 * PAGE]
    assert texts[:PAGE] == whole
    assert len(texts) == len(scene.past.events)
    assert [(page["older"], page["newer"]) for page in found] == [(None, 2), (1, 3), (2, 0)]


def test_the_newest_events_link_to_all_that_are_older(registry):
    with registry.transaction() as tx:
        for _ in range(PAGE + 30):
            tx.register("iris")

    found = history(seen(registry))

    assert (len(found["events"]), found["older"], found["newer"]) == (PAGE, 1, None)


def test_history_keeps_what_the_filters_ask_for(iris):
    iris.register("other")
    scene = seen(iris)

    by_stage = history(scene, filters=Filters(stage="staging"))["events"]
    by_model = history(scene, filters=Filters(model="OTH", event="registered"))["events"]

    assert [event["text"] for event in by_stage] == ["promote 2 to staging"]
    assert [event["model"] for event in by_model] == ["other"]


def test_a_page_that_is_not_there_is_empty(iris):
    assert [history(seen(iris), page)["events"] for page in (0, -1, 99)] == [[], [], []]


@pytest.fixture
def dated(registry, monkeypatch):
    """Return a registry whose version 1 took production on the 1st, and version 2 on the 3rd, by a clock that went wrong between."""
    for day, action in ((1, "register"), (1, "first"), (4, "register"), (3, "second")):
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_DATE", f"2026-03-0{day}T12:00:00Z")
        monkeypatch.setattr("gitreg.registry.now", lambda day=day: __import__("datetime").datetime(2026, 3, day, 12, tzinfo=__import__("datetime").UTC))
        if action == "register":
            registry.register("iris")
        else:
            registry.promote("iris@latest", "production")
    return registry


@pytest.mark.parametrize(("date", "number"), [("2026-03-01", 1), ("2026-03-02", 1), ("2026-03-03", 2), ("2026-03-03T11:59:59Z", 1), ("2026-03-03T12:00:00Z", 2), (None, 2)])
def test_a_date_tells_who_held_what_then_as_at_does(dated, date, number):
    found = on_date(seen(dated), date)

    assert [row["stages"]["production"]["number"] for row in found["models"]] == [number]
    assert date is None or dated.at(date).get("iris@production").number == number


def test_before_the_registry_there_was_nothing(dated):
    found = on_date(seen(dated), "1999-01-01")

    assert (found["before"], found["models"]) == (True, [])


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "2026-13-01"])
def test_what_is_no_date_is_refused(iris, date):
    with pytest.raises(UsageError, match="is not a date"):
        on_date(seen(iris), date)


def test_a_sites_page_holds_the_moves_and_a_live_one_does_not(iris):
    assert [move[2:4] for move in on_date(seen(iris))["moves"]] == [["production", 1], ["staging", 2]]
    assert on_date(seen(iris, live=True))["moves"] is None


def test_problems_are_what_check_finds(iris, git):
    with open(f"{iris.path}/models/iris/stray.txt", "w") as file:
        file.write("what")
    git(iris.path, "add", ".")
    git(iris.path, "commit", "-m", "stray")

    found = problems(seen(iris))

    assert [each["rule"] for each in found["findings"]] == ["R08"]
    assert found["findings"] == [finding.as_dict() for finding in iris.check()]


def test_problems_since_a_sound_commit_are_those_of_the_whole(iris, git):
    sound = iris.snapshot()
    with open(f"{iris.path}/models/iris/stages.yaml", "a") as file:
        file.write("nowhere: {}\n")
    git(iris.path, "commit", "-am", "break it")

    assert problems(seen(iris), sound) == problems(seen(iris))
    assert problems(seen(iris))["ok"] is False


def test_facts_are_json(iris):
    scene = seen(iris)

    for facts in (overview(scene), model(scene, "iris"), version(scene, "iris", 1), comparison(scene, "iris"), history(scene), on_date(scene), problems(scene)):
        assert json.loads(json.dumps(facts)) == facts
