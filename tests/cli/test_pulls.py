"""--pr, and the commands about pull requests: whole stdout, stderr and exit code. What they do is tested in tests/proposals."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from benchmarks import servers as git_servers
from tests.cli.conftest import Said
from tests.forges import servers
from tests.forges.conftest import environment
from tests.forges.servers import Reply, Review
from tests.forges.test_connect import TOOL

BRANCH = "gitreg/iris/promote-3-production"
TITLE = "iris: promote 3 to production, archiving 1"
NO_FORGE = "the remote /tmp/hub.git is at no forge that gitreg knows how to speak to"


@pytest.fixture
def hub(iris, cli, tmp_path, git):
    """Share the registry that commands run in through a bare repository; returns its folder."""
    git(iris.path, "branch", "-M", "main")
    git(tmp_path, "clone", "-q", "--bare", "registry", "hub.git")
    git(iris.path, "remote", "add", "origin", str(tmp_path / "hub.git"))
    return tmp_path / "hub.git"


@pytest.fixture
def forge(iris, cli, serve, git, monkeypatch):
    """Share the registry through a git server with a forge beside it, whose token is in the environment; returns the forge."""
    git(iris.path, "branch", "-M", "main")
    server = serve(git_servers.Http)
    hub = server.create("org/models.git")
    git(iris.path, "push", "-q", hub, "main")
    git(iris.path, "remote", "add", "origin", server.url("org/models.git"))
    with servers.GitHub(folder=hub) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


def told(said, forge):
    """Return what a command said, the forge's address replaced."""
    return Said(said.code, *(re.sub(r"http://127\.0\.0\.1:\d+", "http://forge", text) for text in (said.out, said.err)))


# -- --pr -------------------------------------------------------------------------------------------------


def test_a_proposal_prints_the_address_and_says_the_rest(forge, cli):
    promote = ("promote", "iris@3", "production", "--pr")

    assert told(cli(*promote), forge) == Said(0, "http://forge/org/models/pull/1\n", f"{TITLE}: pull request 1 to main opened [cccccccc]\n")
    assert told(cli(*promote), forge) == Said(0, "http://forge/org/models/pull/1\n", f"{TITLE}: pull request 1 to main is as it was [cccccccc]\n")
    assert told(cli(*promote, "--reason", "why"), forge) == Said(0, "http://forge/org/models/pull/1\n", f"{TITLE}: pull request 1 to main updated [cccccccc]\n")
    assert told(cli(*promote, "--quiet", "--reason", "why"), forge) == Said(0, "http://forge/org/models/pull/1\n")


def test_without_a_forge_the_branch_is_printed_and_the_text_is_said(hub, cli):
    said = cli("promote", "iris@3", "production", "--pr", "--reason", "passed")

    assert (said.code, said.out) == (0, f"{BRANCH}\n")
    assert said.err.startswith(f"note: {NO_FORGE}\npushed {BRANCH} [cccccccc]; now open a pull request to main with this text:\n\n{TITLE}\n\nReason: `passed`\n\n### ")


def test_without_a_token_the_address_to_open_it_is_printed(forge, cli, monkeypatch):
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")

    said = cli("promote", "iris@3", "production", "--pr", "--quiet")

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/org/models/compare/main\.\.\.gitreg/iris/promote-3-production\?quick_pull=1&title=\S+&body=\S+\n", said.out)
    assert (said.code, said.err) == (0, "")


def test_the_persons_own_tool_opens_it_without_a_token(forge, cli, tmp_path, monkeypatch):
    monkeypatch.delenv("GH_ENTERPRISE_TOKEN")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gh").write_text(TOOL.format(python=sys.executable, log=str(tmp_path / "log"), api=forge.api, token=servers.TOKEN))
    (tmp_path / "bin" / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    assert told(cli("promote", "iris@3", "production", "--pr", "--via", "gh", "-q"), forge) == Said(0, "http://forge/org/models/pull/1\n")
    assert cli("pr", "status", "1", "--via", "gh").code == 1


def test_the_other_writes_can_be_proposed(hub, cli):
    assert cli("rollback", "iris", "staging", "--pr", "-q").code == 3
    assert cli("archive", "iris@3", "--pr", "-q") == Said(0, "gitreg/iris/archive-3\n")
    assert re.fullmatch("gitreg/iris/register-4.0-[0-9a-f]{8}\n", cli("register", "iris", "--version", "4.0", "--pr", "-q").out)


def test_a_proposal_as_json_has_the_pull_request_and_what_it_does(forge, cli):
    said = cli("promote", "iris@3", "production", "--pr", "--format", "json")

    data = json.loads(said.out)
    assert (data["state"], data["branch"], data["base"], data["number"], data["title"]) == ("opened", BRANCH, "main", 1, TITLE)
    assert list(data) == ["state", "branch", "base", "title", "body", "commit", "url", "number", "compare", "changed", "events", "version"]
    assert [event["event"] for event in data["events"]] == ["archived", "promoted"]


def test_a_dry_run_shows_the_difference_and_what_would_be_proposed(hub, cli, git):
    said = cli("promote", "iris@3", "production", "--pr", "--dry-run")

    assert "+  number: 3\n" in said.out
    assert said.err == f"dry run: would propose '{TITLE}' to main from branch {BRANCH}\n"
    assert git(hub, "branch", "--list", "gitreg/*") == ""


def test_what_is_so_already_is_said(hub, cli):
    assert cli("promote", "iris@1", "production", "--pr") == Said(0, "", "nothing to do: main is so already\n")


def test_a_proposal_cannot_be_made_offline(hub, cli):
    assert cli("promote", "iris@3", "production", "--pr", "--offline") == Said(2, "", "gitreg: --offline does not go with this command\n  try: gitreg promote --help\n")


def test_a_tool_without_a_proposal_is_wrong_usage(cli):
    assert cli("promote", "iris@3", "production", "--via", "gh") == Said(2, "", "gitreg: --via says how a pull request is opened: it needs --pr\n  try: gitreg promote --help\n")


def test_a_tool_needs_a_forge(hub, cli):
    assert cli("promote", "iris@3", "production", "--pr", "--via", "gh") == Said(3, "", f"gitreg: {NO_FORGE}\n")


def test_without_a_remote_it_is_said_what_to_do(cli):
    assert cli("promote", "iris@3", "production", "--pr") == Said(3, "", "gitreg: this repository has no remote: there is nobody to propose to\n  try: git remote add origin URL\n")


def test_a_forge_that_fails_after_the_push_says_so(forge, cli):
    forge.fail(*[Reply(500, {"message": "oops \x1b[31m"})] * 20, method="POST")

    said = cli("promote", "iris@3", "production", "--pr")

    assert (said.code, said.out) == (7, "")
    assert said.err.startswith(f"gitreg: branch '{BRANCH}' is pushed, but there is no pull request for its newest commit yet: ")
    assert "\n  try: the same command again goes on from there, or open it at http" in said.err
    assert "\x1b" not in said.err
    assert servers.TOKEN not in said.err


# -- pr list, status, wait --------------------------------------------------------------------------------


def test_the_list_shows_what_each_would_do(forge, cli):
    cli("promote", "iris@3", "production", "--pr")
    forge.reviews[1] = [Review("reviewer", "approved")]
    cli("register", "iris", "--pr", "--version", "4.0")

    lines = cli("pr", "list").out.splitlines()

    assert [line.split("  ") and re.split(r"  +", line) for line in lines] == [
        ["number", "what", "author", "review", "checks", "state"],
        ["2", "iris: register 4 (4.0)", "maker", "waiting", "none", "waiting"],
        ["1", TITLE, "maker", "approved", "none", "ready"],
    ]


def test_an_empty_list_is_said(hub, cli):
    assert cli("pr", "list") == Said(0, "number  what  author  review  checks  state\n", "no pull request that changes the registry is open\n")
    assert cli("pr", "list", "--format", "json", "-q") == Said(0, "[]\n")


def test_the_list_without_a_forge_shows_branches(hub, cli):
    cli("promote", "iris@3", "production", "--pr")

    (found,) = json.loads(cli("pr", "list", "--format", "json").out)

    assert (found["number"], found["branch"], found["state"], found["review"]) == (None, BRANCH, "waiting", None)
    assert found["reasons"] == [NO_FORGE]


def test_a_status_says_why_and_what_to_do_next(hub, cli, iris, git):
    cli("promote", "iris@3", "production", "--pr")
    iris.promote("iris@2", "production")
    git(iris.path, "push", "-q", "origin", "main")

    assert cli("pr", "status", BRANCH) == Said(1, f"""\
state    outdated
why      production of iris is held by 2 now, it was made against 1
why      models/iris/stages.yaml does not merge
changes  {TITLE}
title    {TITLE}
branch   {BRANCH} to main
commit   {"c" * 40}
next     gitreg promote iris@3 production --pr
""")


def test_a_status_of_one_that_is_ready_is_exit_code_0(forge, cli):
    cli("promote", "iris@3", "production", "--pr")
    assert cli("pr", "status", "1").code == 1
    forge.reviews[1] = [Review("reviewer", "approved")]

    assert "why      no checks have run\n" in cli("pr", "status", "1").out
    forge.checks[forge.pulls[1].commit] = ["passing"]

    assert cli("pr", "status", "1").code == 0
    assert cli("pr", "status", "#1").code == 0
    assert cli("pr", "status").code == 0
    assert cli("pr", "wait", "1", "--for", "ready") == Said(0, "ready\n", "ready\n")
    forge.merge(1)
    assert cli("pr", "wait", "1", "-q") == Said(0, "merged\n")


def test_waiting_for_one_that_was_closed_is_exit_code_5(forge, cli):
    cli("promote", "iris@3", "production", "--pr")
    forge.pulls[1].state = "closed"

    assert cli("pr", "wait", "1", "-q") == Said(5, "", "gitreg: pull request 1 will not be merged: it was closed without a merge\n")


def test_waiting_for_one_that_is_overtaken_is_exit_code_4(hub, cli, iris, git):
    cli("promote", "iris@3", "production", "--pr")
    iris.promote("iris@2", "production")
    git(iris.path, "push", "-q", "origin", "main")

    said = cli("pr", "wait", BRANCH, "-q")

    assert (said.code, said.out) == (4, "")
    assert said.err.endswith("\n  try: gitreg promote iris@3 production --pr\n")


def test_a_time_that_is_over_is_exit_code_7(hub, cli):
    cli("promote", "iris@3", "production", "--pr")

    assert cli("pr", "wait", BRANCH, "--timeout", "0s", "-q") == Said(7, "", f"gitreg: the time is over, and branch {BRANCH} is not merged: {NO_FORGE}\n")


@pytest.mark.parametrize("text", ["", "1w", "-1", "1.5h", "soon", "99999999999"])
def test_a_duration_that_is_none_is_wrong_usage(text, hub, cli):
    assert cli("pr", "wait", "1", "--timeout", text).code == 2


def test_what_strangers_write_is_printed_escaped(forge, cli, iris, git):
    cli("promote", "iris@3", "production", "--pr")
    forge.pulls[1].title = "\x1b[2J\u202eevil\n::set-output name=a::b"
    forge.pulls[1].author = "\x1b[31mred"

    for command in (("pr", "list"), ("pr", "status", "1"), ("pr", "list", "--format", "json"), ("pr", "list", "--format", "markdown")):
        said = cli(*command)
        assert not {"\x1b", "\u202e"} & set(said.out + said.err)
        assert "\n::set-output" not in said.out + said.err


# -- pr comment -------------------------------------------------------------------------------------------


def test_a_comment_prints_its_address(forge, cli, git, iris):
    cli("promote", "iris@3", "production", "--pr")
    git(iris.path, "fetch", "-q", "origin")

    said = told(cli("pr", "comment", "1", f"main..origin/{BRANCH}"), forge)

    assert said == Said(0, "http://forge/org/models/pull/1#issuecomment-100\n")
    assert forge.comments[1][0].body.startswith("<!-- gitreg diff: this comment is updated in place -->")


def test_a_comment_in_ci_is_about_the_jobs_range(forge, cli, git, iris, monkeypatch, tmp_path):
    cli("promote", "iris@3", "production", "--pr")
    git(iris.path, "fetch", "-q", "origin")
    event = {"pull_request": {"base": {"sha": git(iris.path, "rev-parse", "main")}, "head": {"sha": git(iris.path, "rev-parse", f"origin/{BRANCH}")}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))

    assert cli("pr", "comment", "1", "--format", "json").code == 0
    assert "production" in forge.comments[1][0].body


def test_a_comment_without_a_range_says_what_is_missing(hub, cli):
    assert cli("pr", "comment", "1") == Said(2, "", "gitreg: which change? give BASE..HEAD\n  try: gitreg pr comment 1 origin/main..HEAD\n")
    assert cli("pr", "comment", "0", "main~1..main").code == 2
    assert cli("pr", "comment", "1", "main~1..main") == Said(3, "", f"gitreg: {NO_FORGE}\n  try: gitreg pr list\n")


@pytest.mark.parametrize("option", ["--dry-run", "--offline", "--no-fetch"])
def test_options_that_mean_nothing_here_are_refused(option, hub, cli):
    assert cli(option, "pr", "list").code == 2
