"""Compared versions, and the commits between their code, wherever a repository that has both is at hand."""

from __future__ import annotations

import pytest

from gitreg import NotFoundError, Registry, UsageError


@pytest.fixture
def code(tmp_path, git):
    """Return a code repository with two commits, and their ids."""
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init")
    return folder, *(_commit(git, folder, subject) for subject in ("begin", "better features"))


def _commit(git, folder, subject):
    git(folder, "commit", "--allow-empty", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


def _trained(registry, *commits):
    for number, commit in enumerate(commits):
        registry.register("iris", run={"id": str(number), "code": {"commit": commit}})
    return registry


def _subjects(data):
    log = data["code"]["log"]
    return log and [[commit["subject"] for commit in log[side]["commits"]] for side in ("only_a", "only_b")]


def test_the_commits_are_found_in_the_repository_that_is_named(registry, code):
    folder, *commits = code
    _trained(registry, *commits)

    forth, back = registry.compare("iris@1", "iris@2", code=folder), registry.compare("iris@2", "iris@1", code=str(folder))

    assert (_subjects(forth), _subjects(back)) == ([[], ["better features"]], [["better features"], []])


def test_the_commits_are_found_in_the_registrys_own_repository(registry, git):
    commits = [_commit(git, registry.path, subject) for subject in ("one", "two")]
    _trained(registry, *commits)

    assert _subjects(registry.compare("iris@1", "iris@2")) == [[], ["two"]]


def test_the_commits_are_found_in_the_repository_of_the_current_folder(registry, code, monkeypatch):
    folder, *commits = code
    below = folder / "below"
    below.mkdir()
    monkeypatch.chdir(below)

    assert _subjects(_trained(registry, *commits).compare("iris@1", "iris@2")) == [[], ["better features"]]


def test_where_no_repository_is_at_hand_there_is_no_log(registry, code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    _trained(registry, *code[1:])

    assert registry.compare("iris@1", "iris@2")["code"]["log"] is None


def test_where_the_current_folder_is_gone_there_is_no_log(registry, code, monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    _trained(registry, *code[1:])
    gone.rmdir()

    assert registry.compare("iris@1", "iris@2")["code"]["log"] is None


def test_one_commit_has_nothing_between_and_needs_no_repository(registry, code):
    _trained(registry, code[1], code[1])

    found = registry.compare("iris@1", "iris@2")["code"]

    assert (found["same"], found["log"]["only_a"], found["log"]["only_b"]) == (True, *[{"count": 0, "commits": []}] * 2)


@pytest.mark.parametrize("commit", ["HEAD", "--output=/tmp/x", "main..HEAD", "0" * 40, "", "x\n"])
def test_what_is_recorded_as_a_commit_is_never_an_argument_of_git(registry, code, commit):
    folder, first, _ = code
    _trained(registry, first, commit)

    if commit:
        with pytest.raises(NotFoundError, match="does not have both"):
            registry.compare("iris@1", "iris@2", code=folder)
    assert registry.compare("iris@1", "iris@2")["code"]["log"] is None


def test_a_repository_that_is_named_must_be_there(registry, code, tmp_path):
    _trained(registry, *code[1:])
    (tmp_path / "empty").mkdir()

    with pytest.raises(NotFoundError, match="there is no folder"):
        registry.compare("iris@1", "iris@2", code=tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match="there is no git repository"):
        registry.compare("iris@1", "iris@2", code=tmp_path / "empty")


def test_a_registry_as_it_was_is_compared_and_walked_too(registry, code):
    _trained(registry, *code[1:])

    then = registry.at("HEAD~1")

    with pytest.raises(NotFoundError, match="no version 2"):
        then.compare("iris@1", "iris@2")
    assert then.lineage("iris").root == "iris@1"
    assert registry.lineage("iris").root == "iris@2"


def test_a_malformed_selector_is_wrong_usage(registry):
    with pytest.raises(UsageError):
        registry.compare("iris@", "iris@1")


def test_links_of_a_card_are_addresses_or_maps_and_merge_by_name(registry):
    registry.create_model("iris", links={"board": "https://example.org", "ticket": {"uri": "T-1", "title": "why"}})

    registry.update_model("iris", links={"board": None, "step": "stage:labelling"})

    assert {name: (link.uri, link.title) for name, link in registry.model("iris").links.items()} == {"ticket": ("T-1", "why"), "step": ("stage:labelling", "")}


def test_a_link_of_a_version_to_another_is_followed_when_that_is_renumbered(tmp_path, git):
    with Registry.init(tmp_path / "r") as registry:
        registry.register("base")
        git(registry.path, "checkout", "-b", "mine")
        with Registry.open(registry.path, branch="mine") as mine:
            mine.register("base")
            mine.register("iris", links={"base": "base@2"})
            registry_main = Registry.open(registry.path, branch="main")
            registry_main.register("base")
            registry_main.close()
            mine.rebase("main")

            assert [edge.source for edge in mine.lineage("iris").edges] == ["base@3"]
