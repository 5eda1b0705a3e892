from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import InvalidError, NotFoundError, UsageError
from gitreg.review import changes, ranges

STAGES = "models/iris/stages.yaml"
ZEROS = "0" * 40


@pytest.fixture
def said(iris):
    """Return the events of a range as short texts."""

    def said(span, registry=iris):
        wanted = ranges.parsed(registry.location.repo, span)
        found = changes.changes(registry.at(wanted.head).snapshot(), wanted)
        return [(e.event, e.kind, e.number, e.stage) for e in found]

    return said


@pytest.fixture
def branch(iris, git):
    """Make a branch on which 2 is promoted to production, with main one commit further; main is checked out."""
    git(iris.path, "switch", "-qc", "promotion")
    with Registry.open(iris.path) as registry:
        registry.promote("iris@2", "production", reason="better")
    git(iris.path, "switch", "-q", "main")
    Path(iris.path, "notes.txt").write_text("beside\n")
    git(iris.path, "add", "notes.txt")
    git(iris.path, "commit", "-qm", "notes")


PROMOTED = [("archived", None, 1, "production"), ("promoted", "promote", 2, "production"), ("cleared", None, None, "staging")]


def test_a_merge_is_the_promotion_once_with_the_merge_s_own_facts(iris, branch, git, said):
    git(iris.path, "merge", "-q", "--no-ff", "-m", "Merge pull request 1", "promotion")

    wanted = ranges.parsed(iris.location.repo, "HEAD~1..HEAD")
    found = list(changes.changes(iris.at("HEAD").snapshot(), wanted))

    assert sorted(said("HEAD~1..HEAD"), key=str) == sorted(PROMOTED, key=str)
    assert {event.commit for event in found} == {git(iris.path, "rev-parse", "HEAD")}


def test_a_squash_is_the_promotion_once(iris, branch, git, said):
    git(iris.path, "merge", "-q", "--squash", "promotion")
    git(iris.path, "commit", "-qm", "iris: promote 2 (#1)")

    assert sorted(said("HEAD~1..HEAD"), key=str) == sorted(PROMOTED, key=str)


def test_a_rebase_is_the_promotion_once_with_its_own_reason(iris, branch, git, said):
    before = git(iris.path, "rev-parse", "HEAD")
    git(iris.path, "switch", "-q", "promotion")
    git(iris.path, "rebase", "-q", "main")

    wanted = ranges.parsed(iris.location.repo, f"{before}..HEAD")
    found = list(changes.changes(iris.at("HEAD").snapshot(), wanted))

    assert sorted(said(f"{before}..HEAD"), key=str) == sorted(PROMOTED, key=str)
    assert {event.reason for event in found} == {"better"}


def test_a_force_push_back_says_what_must_be_undone_and_nobody_s_name(iris, git, said):
    iris.promote("iris@2", "production")
    ahead = git(iris.path, "rev-parse", "HEAD")
    git(iris.path, "reset", "-q", "--hard", "HEAD~1")

    wanted = ranges.parsed(iris.location.repo, f"{ahead}..HEAD")
    found = list(changes.changes(iris.at("HEAD").snapshot(), wanted))

    assert ("promoted", "rollback", 1, "production") in said(f"{ahead}..HEAD")
    assert {(event.commit, event.at, event.by) for event in found} == {(None, None, None)}


def test_a_first_push_is_everything(iris, said):
    found = said(f"{ZEROS}..HEAD")

    assert ("promoted", "first", 1, "production") in found
    assert [number for event, _, number, _ in found if event == "registered"] == [1, 2, 3]


def test_a_promotion_and_its_way_back_is_nothing(iris, git, said):
    before = git(iris.path, "rev-parse", "HEAD")
    iris.promote("iris@3", "development")
    git(iris.path, "revert", "--no-edit", "HEAD")

    assert said(f"{before}..HEAD") == []


def test_of_two_commits_the_last_that_touched_the_file_counts(iris, git):
    before = git(iris.path, "rev-parse", "HEAD")
    iris.promote("iris@3", "staging", reason="first try")
    iris.promote("iris@3", "production", reason="for good")
    iris.update("iris@3", tags=["seen"])

    wanted = ranges.parsed(iris.location.repo, f"{before}..HEAD")
    reasons = {event.event: event.reason for event in changes.changes(iris.at("HEAD").snapshot(), wanted)}

    assert reasons["promoted"] == "for good"
    assert reasons["updated"] == ""


def test_what_was_forced_is_said(iris, git):
    config = Path(iris.path, "gitreg.yaml")
    config.write_text(config.read_text().replace("production: {}", "production: {occupied: refuse}"))
    git(iris.path, "commit", "-qam", "policy")
    iris.promote("iris@2", "production", force=True)

    wanted = ranges.parsed(iris.location.repo, "HEAD~1..HEAD")
    forced = {event.event: event.forced for event in changes.changes(iris.at("HEAD").snapshot(), wanted)}

    assert forced["promoted"] == ("refuse",)


def test_a_changed_policy_is_an_event(iris, git, said):
    config = Path(iris.path, "gitreg.yaml")
    config.write_text(config.read_text().replace("production: {}", "production: {review: true}"))
    git(iris.path, "commit", "-qam", "policy")

    assert said("HEAD~1..HEAD") == [("policy_changed", None, None, None)]


def test_a_shallow_clone_that_holds_both_commits_has_the_same_events(iris, git, tmp_path, said):
    iris.promote("iris@2", "production")
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{iris.path}", "shallow")

    with Registry.open(tmp_path / "shallow") as shallow:
        assert sorted(said("HEAD~1..HEAD", shallow), key=str) == sorted(PROMOTED, key=str)


def test_a_registry_in_a_subfolder_sees_its_own_files_only(tmp_path, git, said):
    git(tmp_path, "init", "-q", "repo")
    with Registry.init(tmp_path / "repo/models") as registry:
        registry.register("iris")
        Path(tmp_path, "repo/other.txt").write_text("x")
        git(tmp_path / "repo", "add", ".")
        git(tmp_path / "repo", "commit", "-qm", "other")

        assert said("HEAD~1..HEAD", registry) == []
        assert [event for event, *_ in said("HEAD~2..HEAD", registry)] == ["model_created", "registered"]


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_invalid_file_is_an_error_and_no_silence(iris, git, side):
    broken = Path(iris.path, STAGES)
    sound = broken.read_text()
    broken.write_text("production: {number: [}\n")
    git(iris.path, "commit", "-qam", "broken")
    if side == "before":
        broken.write_text(sound)
        git(iris.path, "commit", "-qam", "mended")

    wanted = ranges.parsed(iris.location.repo, "HEAD~1..HEAD")
    with pytest.raises(InvalidError, match=re.escape("(before) " if side == "before" else STAGES)):
        list(changes.changes(iris.at("HEAD").snapshot(), wanted))


@pytest.mark.parametrize("text", ["HEAD", "..HEAD", "HEAD...HEAD~1", "a..b..c", ""])
def test_what_is_no_range_is_wrong_usage(iris, text):
    with pytest.raises(UsageError, match=r"write BASE\.\.HEAD"):
        ranges.parsed(iris.location.repo, text)


@pytest.mark.parametrize("text", ["nowhere..HEAD", "HEAD..nowhere", "--all..HEAD", "-x..HEAD", f"{'a' * 40}..HEAD"])
def test_a_revision_that_is_not_here_is_not_found(iris, text):
    with pytest.raises(NotFoundError, match="there is no revision"):
        ranges.parsed(iris.location.repo, text)


def test_without_a_head_it_is_the_present(iris, git):
    assert ranges.parsed(iris.location.repo, "HEAD~1..").head == git(iris.path, "rev-parse", "HEAD")
