"""What happened up to a commit: read once, carried on, and never stale."""

from __future__ import annotations

from gitreg.web.past import Past


def read(registry) -> Past:
    return Past().at(registry.snapshot())


def test_a_past_is_the_history_oldest_first(iris):
    found = read(iris)

    assert list(found.events) == list(iris.history())[::-1]


def test_a_past_that_is_carried_on_is_the_one_that_is_read_anew(iris):
    before = read(iris)
    iris.promote("iris@2", "production")
    iris.register("other")

    after = before.at(iris.snapshot())

    assert list(after.events) == list(read(iris).events)
    assert after.of("iris") == read(iris).of("iris")
    assert [event.event for event in after.of("other")] == ["registered", "model_created"]


def test_carrying_a_past_on_leaves_the_former_as_it_was(iris):
    before = read(iris)
    events = list(before.events)
    iris.promote("iris@2", "production")

    before.at(iris.snapshot())

    assert list(before.events) == events


def test_a_past_whose_commit_is_gone_is_read_anew(iris, git):
    before = read(iris)
    git(iris.path, "reset", "--hard", "HEAD~1")
    iris.register("iris")

    after = before.at(iris.snapshot())

    assert list(after.events) == list(read(iris).events)


def test_a_past_is_read_anew_where_its_commit_came_by_a_merge(iris, git):
    before = read(iris)
    git(iris.path, "switch", "-c", "side", "HEAD~1")
    iris.register("other")
    git(iris.path, "merge", "--no-edit", "main")
    git(iris.path, "branch", "-f", "main", "side")
    git(iris.path, "switch", "main")

    after = before.at(iris.snapshot())

    assert list(after.events) == list(read(iris).events)


def test_a_spell_ends_when_another_version_takes_the_stage(iris):
    iris.promote("iris@2", "production", reason="better")

    first, _, second = read(iris).spells("iris")

    assert (first.number, first.stage, first.until) == (1, "production", second.at)
    assert (second.number, second.stage, second.until, second.reason) == (2, "production", None, "better")


def test_a_spell_ends_when_the_stage_is_vacated(iris):
    iris.archive("iris@1")

    assert [spell.until is None for spell in read(iris).spells("iris")] == [False, True]


def test_the_events_of_a_version_are_its_own(iris):
    assert [event.event for event in read(iris).of_version("iris", 2)] == ["registered", "promoted"]
    assert read(iris).of_version("iris", 99) == []
