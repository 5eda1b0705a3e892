"""A promotion from a clone to the deployment, by way of a git server, the forge beside it, and the job that judges: from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gitreg import Registry
from tests.forges.servers import CLOSED, Reply, limited
from tests.proposals.conftest import PROMOTION, branches, history, hosted  # noqa: F401 - fixtures

PROMOTE = ("promote", "iris@3", "production", "--pr", "--reason", "passed the A/B test")
EVENTS = {("promoted", "promote", 3, "production"), ("archived", None, 1, "production")}


def gitreg(folder, *args, **environment):
    """Run a command as a person or a job does; returns exit code, stdout and stderr."""
    done = subprocess.run([sys.executable, "-m", "gitreg", *args], check=False, capture_output=True, text=True, cwd=folder, env={**os.environ, **environment}, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def github(hosted):  # noqa: F811 - the fixture above
    return hosted("github")


def job(git, shared, tmp_path, forge, number):
    """Check out a pull request as its workflow does, and return the clone and its environment."""
    folder = tmp_path / "job"
    git(tmp_path, "clone", "-q", git(shared.bob, "remote", "get-url", "origin"), "job")
    change = forge.refreshed(number)
    git(folder, "fetch", "-q", "origin", forge.ref(number))
    git(folder, "checkout", "-q", "--detach", "FETCH_HEAD")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": number, "base": {"sha": forge.tip("main")}, "head": {"sha": change.commit}}}))
    return folder, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}


def by_squash(forge, number):
    return landed(forge, number, f"{forge.pulls[number].title} (#{number})")


def by_rebase(forge, number):
    return landed(forge, number, forge._git("show", "-s", "--format=%B", forge.refreshed(number).commit))


def landed(forge, number, message):
    """Put the change of a pull request on the branch as one commit, as hosts do it."""
    change, truth = forge.refreshed(number), forge.tip("main")
    tree = forge._git("merge-tree", "--write-tree", truth, change.commit).splitlines()[0]
    made = forge._git("-c", "user.name=Name", "-c", "user.email=name@example.org", "commit-tree", tree, "-p", truth, "-m", message)
    forge._git("update-ref", "refs/heads/main", made, truth)
    change.state = "merged"
    return made


MERGES = {"merge commit": lambda forge, number: forge.merge(number), "squash": by_squash, "rebase": by_rebase}


@pytest.mark.parametrize("way", MERGES)
def test_a_promotion_is_proposed_judged_merged_and_deployed_once(way, github, git, tmp_path):
    forge, shared = github
    start = forge.tip("main")
    code, _, err = gitreg(shared.ann, *PROMOTE)
    assert code == 0, err
    (pull,) = forge.pulls.values()
    assert pull.head == PROMOTION

    with Registry.open(shared.bob) as bob:  # the branch moves on before it is merged
        bob.register("iris", metrics={"accuracy": 0.5})
    git(shared.bob, "push", "-q", "origin", "main")
    before = forge.tip("main")
    folder, environment = job(git, shared, tmp_path, forge, 1)
    checked = gitreg(folder, "check", **environment)
    meant = gitreg(folder, "diff", "--format", "markdown", **environment)
    MERGES[way](forge, 1)
    after = forge.tip("main")

    assert (checked[0], checked[1]) == (0, "")
    assert meant[0] == 0
    assert "fit to land" in meant[1]
    git(shared.bob, "fetch", "-q")
    pushes = [(start, before), (before, after), (after, after)]
    found = [[json.loads(line) for line in gitreg(shared.bob, "changes", f"{a}..{b}", "--format", "jsonl")[1].splitlines()] for a, b in pushes]
    told = [{(e["event"], e["kind"], e["number"], e["stage"]) for e in push} for push in found]
    assert told == [{("registered", None, 4, None)}, EVENTS, set()]
    assert len(found[1]) == len(EVENTS)
    assert {e["commit"] for e in found[1]} == {after}
    code, out, _ = gitreg(shared.bob, "-R", git(shared.bob, "remote", "get-url", "origin"), "get", "iris@production", "number")
    assert (code, out) == (0, "3\n")


HURDLES = {  # what the forge does, and then: exit code, what is said, what is left
    "asked too often, for a moment": ([limited("0")], (0, "", "opened")),
    "out of order, for a moment": ([Reply(502, raw=b"<html>bad gateway</html>")], (0, "", "opened")),
    "closes the connection once": ([CLOSED], (0, "", "opened")),
    "asked too often": ([limited("3600")] * 50, (7, "try", "nothing")),
    "out of order": ([Reply(503, {"message": "down"})] * 50, (7, "try", "nothing")),
    "closes each connection": ([CLOSED] * 50, (7, "try", "nothing")),
    "the token is refused": ([Reply(401, {"message": "Bad credentials"})] * 50, (5, "token", "nothing")),
    "there is no such repository": ([Reply(404, {"message": "Not Found"})] * 50, (3, "", "nothing")),
}


@pytest.mark.parametrize("hurdle", HURDLES)
def test_a_forge_that_fails_is_tried_again_or_named_and_nothing_is_half_done_unsaid(hurdle, github, git):
    forge, shared = github
    replies, (expected, said, left) = HURDLES[hurdle]
    forge.fail(*replies)

    code, _, err = gitreg(shared.ann, *PROMOTE)

    assert code == expected, err
    assert said in err
    assert "Traceback" not in err
    assert (PROMOTION in branches(shared.hub, git), len(forge.pulls)) == ((True, 1) if left == "opened" else (False, 0))
    forge.faults.clear()
    assert gitreg(shared.ann, *PROMOTE)[0] == 0
    assert len(forge.pulls) == 1


@pytest.mark.parametrize("reply", [limited("3600"), Reply(500, {"message": "oops"}), Reply(422, {"message": "Validation Failed", "errors": []}), CLOSED], ids=["429", "500", "422", "closed"])
def test_a_forge_that_fails_once_the_branch_is_pushed_has_that_said_and_the_same_command_goes_on(reply, github, git):
    forge, shared = github
    forge.fail(*[reply] * 50, method="POST")

    code, _, err = gitreg(shared.ann, *PROMOTE)

    assert code != 0
    assert f"branch '{PROMOTION}' is pushed, but there is no pull request" in err
    assert PROMOTION in branches(shared.hub, git)
    forge.faults.clear()
    assert gitreg(shared.ann, *PROMOTE)[0] == 0
    assert len(forge.pulls) == 1


def test_a_pull_request_that_is_open_already_is_found_not_doubled(github):
    forge, shared = github

    first, again = gitreg(shared.ann, *PROMOTE), gitreg(shared.bob, *PROMOTE)

    assert (first[0], again[0], len(forge.pulls)) == (0, 0, 1)
