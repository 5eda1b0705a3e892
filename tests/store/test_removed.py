"""Which manifests were removed is found in what came since it was asked last, and is the same as in all of the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.store import removed


@pytest.fixture
def gone(iris, git):
    """Return a registry where the second of three versions was removed by hand, and that was seen."""
    remove(iris, git, 2)
    assert removed.manifests(iris.snapshot()) == ("models/iris/versions/2.yaml",)
    return iris


def remove(registry, git, number):
    git(registry.path, "rm", "-q", f"models/iris/versions/{number}.yaml")
    git(registry.path, "commit", "-q", "-m", "by hand")


@pytest.fixture
def log(hermetic, monkeypatch):
    trace = hermetic / "trace"
    trace.touch()
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    return trace


def test_what_a_shallow_clone_does_not_have_is_found_when_it_comes(gone, git, tmp_path):
    git(gone.path, "commit", "-q", "--allow-empty", "-m", "later")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", Path(gone.path).as_uri(), clone)

    with Registry.open(clone) as shallow:
        before = removed.manifests(shallow.snapshot())
        git(clone, "fetch", "-q", "--unshallow")
        after = removed.manifests(shallow.snapshot())

    assert (before, after) == ((), ("models/iris/versions/2.yaml",))


def test_only_what_came_since_is_gone_through(gone, git, log):
    seen = gone.snapshot().commit
    remove(gone, git, 3)

    with Registry.open(gone.path) as fresh:
        assert removed.manifests(fresh.snapshot()) == ("models/iris/versions/3.yaml", "models/iris/versions/2.yaml")
        assert removed.manifests(fresh.snapshot()) == ("models/iris/versions/3.yaml", "models/iris/versions/2.yaml")

    assert asked(log) == [f"{seen}..{git(gone.path, 'rev-parse', 'HEAD')}"]


def asked(log):
    """Return which commits git's log was asked for removals in."""
    starts = [json.loads(line) for line in log.read_text().splitlines() if '"event":"start"' in line]
    return [event["argv"][event["argv"].index("--end-of-options") + 1] for event in starts if "--diff-filter=D" in event["argv"]]


def test_a_branch_that_was_set_back_is_gone_through_anew(gone, git, log):
    git(gone.path, "reset", "-q", "--hard", "HEAD~1")

    with Registry.open(gone.path) as fresh:
        assert removed.manifests(fresh.snapshot()) == ()

    assert asked(log) == [git(gone.path, "rev-parse", "HEAD")]


def test_a_commit_of_before_is_judged_by_its_own_past(gone):
    before = gone.at("HEAD~1").snapshot()

    assert removed.manifests(before) == ()
    assert removed.manifests(gone.snapshot()) == ("models/iris/versions/2.yaml",)


def test_a_damaged_memory_is_a_miss(gone):
    for path in Path(gone.path, ".git/gitreg/removed").iterdir():
        path.write_bytes(path.read_bytes()[:-1])

    assert removed.manifests(gone.snapshot()) == ("models/iris/versions/2.yaml",)


def test_it_can_be_turned_off(iris, git, monkeypatch):
    monkeypatch.setenv("GITREG_CACHE", "0")
    remove(iris, git, 2)

    assert removed.manifests(iris.snapshot()) == ("models/iris/versions/2.yaml",)

    assert not Path(iris.path, ".git/gitreg/removed").exists()
