"""A name leads to its number at every commit, however the index got there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import ConflictError, InvalidError, NotFoundError


@pytest.fixture
def many(registry):
    """Return a registry with 100 named versions of ``iris``, enough for an index on disk."""
    with registry.transaction() as tx:
        for i in range(1, 101):
            tx.register("iris", f"v{i}")
    registry.get("iris@v1")
    return registry


def indexes(registry: Registry) -> list[Path]:
    return sorted(Path(registry.path, ".git", "gitreg", "names").rglob("*.msgpack"))


@pytest.mark.parametrize(("name", "number"), [("v1", 1), ("v50", 50), ("v100", 100)])
def test_a_name_leads_to_its_number(many, name, number):
    assert many.get(f"iris@{name}").number == number


@pytest.mark.parametrize("name", ["V1", "v", "v1 ", "v101", "v1.0"])
def test_a_name_matches_whole_and_case_counts(many, name):
    with pytest.raises((NotFoundError, ValueError)):
        many.get(f"iris@{name}")


def test_a_new_process_finds_by_the_index_on_disk(many):
    assert indexes(many)

    with Registry.open(many.path) as registry:
        assert registry.get("iris@v77").number == 77


@pytest.mark.parametrize("data", [b"", b"\x93", b"\xff" * 40, b"\x81\xa4tree\xa1x"], ids=["empty", "cut short", "noise", "of nothing"])
def test_a_damaged_index_is_made_anew(many, data):
    for path in indexes(many):
        path.write_bytes(data)

    with Registry.open(many.path) as registry:
        assert registry.get("iris@v77").number == 77
        with pytest.raises(ConflictError, match="exists already: it is number 77"):
            registry.register("iris", "v77")


def test_an_index_in_which_a_byte_was_turned_misleads_nobody(many):
    for path in indexes(many):
        path.write_bytes(path.read_bytes().replace(b"v77", b"v7A").replace(b"v78", b"v77"))

    with Registry.open(many.path) as registry:
        assert registry.get("iris@v77").number == 77


def test_an_index_that_cannot_be_written_is_no_error(registry):
    Path(registry.path, ".git", "gitreg", "names").write_text("in the way")

    with registry.transaction() as tx:
        for i in range(70):
            tx.register("iris", f"v{i}")

    assert registry.get("iris@v69").number == 70


def test_the_index_is_right_for_older_and_newer_commits_alike(many):
    before = many.snapshot()
    many.register("iris", "new")

    assert many.get("iris@new").number == 101
    assert before.number_named("iris", "new") is None
    assert many.get("iris@new").number == 101


def test_an_index_of_one_branch_is_right_on_another(many, git):
    git(many.path, "branch", "other")
    many.register("iris", "here")
    with Registry.open(many.path, branch="other") as other:
        other.register("iris", "there")

        assert other.get("iris@there").number == many.get("iris@here").number == 101
        with pytest.raises(NotFoundError):
            other.get("iris@here")


def test_two_versions_of_one_name_are_invalid(many, git):
    path = Path(many.path, "models/iris/versions/2.yaml")
    path.write_text(path.read_text().replace('version: "v2"', 'version: "v1"'))
    git(many.path, "commit", "-q", "-a", "-m", "by hand")

    with pytest.raises(InvalidError) as caught:
        many.get("iris@v1")

    assert caught.value.rule == "R06"
