"""Two versions side by side: what is the same, what differs, what nobody can tell."""

from __future__ import annotations

import pytest

from gitreg.operations.compare import compared
from gitreg.records import CI, Artifact, Code, Environment, Link, Lock, Run
from tests.operations.views import iris

A, B = "a" * 40, "b" * 40


def sides(a, b):
    view = iris(2, facts={1: a, 2: b})
    return compared(view.version("iris", 1), view.version("iris", 2), view.card("iris"))


def ran(**facts):
    return {"run": Run(**{"id": "r", **facts})}


def test_two_versions_of_which_nothing_is_known_have_every_group_and_nothing_in_it():
    assert sides({}, {}) == {
        "a": "iris@1", "b": "iris@2", "metrics": {}, "params": {}, "artifacts": {}, "links": {}, "run": {},
        "code": {"a": None, "b": None, "same": None, "log": None}, "environment": {"packages": {}},
    }  # fmt: skip


@pytest.mark.parametrize(("a", "b", "same"), [
    (Code(commit=A, dirty=False), Code(commit=A, dirty=False), True), (Code(commit=A), Code(commit=B), False), (Code(commit=A), Code(commit=B, dirty=True), False),
    (Code(commit=A, dirty=True), Code(commit=A, dirty=False), None), (Code(commit=A, dirty=True), Code(commit=A, dirty=True), None),
    (Code(commit=A), Code(repository="r"), None), (Code(commit=A), None, None), (None, None, None),
], ids=["one commit", "two commits", "two commits, one dirty", "one commit, one dirty", "one commit, both dirty", "no commit", "no code", "nothing"])  # fmt: skip
def test_the_code_is_the_same_only_where_one_commit_is_all_that_ran(a, b, same):
    assert sides(ran(code=a), ran(code=b))["code"]["same"] is same


def test_the_code_of_both_is_told_with_every_field():
    found = sides(ran(code=Code(repository="r", commit=A, dirty=True)), {})["code"]

    assert found == {"a": {"repository": "r", "commit": A, "dirty": True}, "b": None, "same": None, "log": None}


def test_of_an_environment_only_what_differs_is_told():
    a = Environment(python="3.11.7", packages={"numpy": "1.26", "scipy": "1.11"}, lock=Lock(path="uv.lock", sha256="1" * 64))
    b = Environment(python="3.12.1", packages={"numpy": "2.0", "scipy": "1.11", "torch": "2.3"}, lock=Lock(path="other.lock", sha256="1" * 64))

    assert sides(ran(environment=a), ran(environment=b))["environment"] == {
        "python": {"a": "3.11.7", "b": "3.12.1", "same": False},
        "packages": {"numpy": {"a": "1.26", "b": "2.0", "same": False}, "torch": {"a": None, "b": "2.3", "same": False}},
    }


def test_a_lock_file_is_told_by_its_digest():
    a, b = (Environment(lock=Lock(path="uv.lock", sha256=digit * 64)) for digit in "12")

    assert sides(ran(environment=a), ran(environment=b))["environment"] == {"lock": {"a": "1" * 64, "b": "2" * 64, "same": False}, "packages": {}}


def test_a_run_is_told_by_what_is_known_of_it():
    found = sides(ran(pipeline="training", ci=CI(url="https://ci.example.org/1")), ran(pipeline="training", error="no space"))["run"]

    assert found == {
        "id": {"a": "r", "b": "r", "same": True}, "pipeline": {"a": "training", "b": "training", "same": True},
        "ci.url": {"a": "https://ci.example.org/1", "b": None, "same": False}, "error": {"a": None, "b": "no space", "same": False},
    }  # fmt: skip


def test_links_are_told_by_their_addresses():
    found = sides({"links": {"ticket": Link(uri="T-1", title="one")}}, {"links": {"ticket": Link(uri="T-1"), "base": Link(uri="base@1")}})["links"]

    assert found == {"ticket": {"a": "T-1", "b": "T-1", "same": True}, "base": {"a": None, "b": "base@1", "same": False}}


@pytest.mark.parametrize(("a", "b", "same"), [
    ({"sha256": "1" * 64}, {"sha256": "1" * 64}, True), ({"sha256": "1" * 64}, {"sha256": "2" * 64}, False), ({"md5": "1" * 32}, {"md5": "1" * 32}, True),
    ({"md5": "1" * 32}, {"md5": "2" * 32}, False), ({"md5": "1" * 32}, {"sha256": "1" * 64}, None), ({}, {}, True), ({"size": 1}, {"size": 2}, None),
])  # fmt: skip
def test_artifacts_are_the_same_where_a_digest_says_so(a, b, same):
    one, other = (Artifact(kind="data", uri="s3://b/x", **facts) for facts in (a, b))

    assert sides({"artifacts": {"x": one}}, {"artifacts": {"x": other}})["artifacts"]["x"]["same"] is same
