from __future__ import annotations

import json

import pytest

from gitreg.review import ranges

BASE, HEAD, ZEROS = "a" * 40, "b" * 40, "0" * 40
PULL = {"pull_request": {"base": {"sha": BASE}, "head": {"sha": HEAD}}}
QUEUE = {"merge_group": {"base_sha": BASE, "head_sha": HEAD}}


@pytest.mark.parametrize("event", [PULL, QUEUE, {"before": BASE, "after": HEAD}], ids=["a pull request", "a merge queue", "a push"])
def test_a_job_of_github_is_about_its_event(tmp_path, event):
    (tmp_path / "event.json").write_text(json.dumps(event))

    assert ranges.of_ci({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == f"{BASE}..{HEAD}"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pull_request": 1}', '{"before": null}', "no json"])
def test_an_event_without_a_range_gives_none(tmp_path, text):
    (tmp_path / "event.json").write_text(text)

    assert ranges.of_ci({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == ""


@pytest.mark.parametrize(
    "variables",
    [
        {"CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE, "CI_COMMIT_SHA": HEAD, "CI_COMMIT_BEFORE_SHA": ZEROS},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": BASE, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD, "CI_COMMIT_SHA": "c" * 40},
        {"CI_COMMIT_BEFORE_SHA": BASE, "CI_COMMIT_SHA": HEAD},
    ],
    ids=["a merge request", "a merge train", "a push"],
)
def test_a_job_of_gitlab_is_about_its_variables(variables):
    assert ranges.of_ci({"GITLAB_CI": "true", **variables}) == f"{BASE}..{HEAD}"


@pytest.mark.parametrize("variables", [{}, {"CI": "true"}, {"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}, {"GITHUB_EVENT_PATH": "/nowhere"}])
def test_elsewhere_there_is_no_range(variables):
    assert ranges.of_ci(variables) == ""
