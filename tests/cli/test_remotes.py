"""sync and rebase: whole stdout, stderr and exit code. What they do is tested in tests/test_sync.py and tests/test_rebase.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gitreg import Registry
from tests.cli.conftest import Said


@pytest.fixture
def clones(iris, cli, tmp_path, git):
    """Share the registry that commands run in through a bare repository, and return the folder of another clone."""
    git(iris.path, "branch", "-m", "main")
    file = Path(iris.path, "gitreg.yaml")
    file.write_text(file.read_text() + "remote: origin\nbranch: main\n")
    git(iris.path, "commit", "-q", "-a", "-m", "registry: share it")
    git(tmp_path, "clone", "-q", "--bare", "registry", "hub.git")
    git(iris.path, "remote", "add", "origin", str(tmp_path / "hub.git"))
    git(tmp_path, "clone", "-q", "hub.git", "theirs")
    return tmp_path / "theirs"


@pytest.fixture
def apart(clones, cli):
    """Register a version here, offline, and two there; return what runs a command here."""
    cli("--offline", "register", "iris", "--metric", "accuracy=0.99")
    with Registry.open(clones) as theirs:
        theirs.register("iris")
        theirs.register("iris")
    return cli


@pytest.fixture
def topic(iris, cli, git):
    """Register a version on a branch, and another on main; return what runs a command on the branch."""
    file = Path(iris.path, "gitreg.yaml")
    file.write_text(file.read_text() + "branch: main\n")
    git(iris.path, "commit", "-q", "-a", "-m", "registry: name the branch")
    git(iris.path, "branch", "-M", "main")
    git(iris.path, "switch", "-q", "-c", "topic")
    cli("register", "iris")
    with Registry.open(iris.path, branch="main") as main:
        main.register("iris")
    return cli


def test_sync_says_when_there_is_nothing_to_do(clones, cli):
    assert cli("sync") == Said(0, "", "nothing to do: main is as origin has it\n")
    assert cli("sync", "--quiet") == Said(0)


def test_sync_prints_what_was_renumbered_and_counts_what_was_exchanged(apart):
    assert apart("sync") == Said(0, "iris@4 is iris@6 now\n", "pulled 2 commits, pushed 1 commit [cccccccc]\n")
    assert apart("get", "iris@6", "metrics.accuracy") == Said(0, "0.99\n")


def test_sync_counts_one_side_alone(clones, cli):
    cli("--offline", "register", "iris")

    assert cli("sync") == Said(0, "", "pushed 1 commit [cccccccc]\n")


def test_sync_answers_a_program(apart):
    said = apart("sync", "--format", "json")

    assert (said.code, said.err) == (0, "pulled 2 commits, pushed 1 commit [cccccccc]\n")
    assert json.loads(said.out) == {
        "branch": "main", "remote": "origin", "commit": "c" * 40, "pulled": 2, "pushed": 1,
        "renumbered": [{"id": "iris@6", "model": "iris", "from_number": 4, "number": 6}], "contested": [],
    }  # fmt: skip


def test_sync_as_csv_has_a_row(clones, cli):
    assert cli("sync", "--format", "csv", "--quiet") == Said(0, f"branch,pulled,pushed,commit\nmain,0,0,{'c' * 40}\n")


def test_a_dry_run_of_sync_tells_what_would_be(apart):
    assert apart("sync", "--dry-run") == Said(0, "iris@4 is iris@6 now\n", "dry run: would have pulled 2 commits, pushed 1 commit [cccccccc]\n")
    assert apart("get", "iris@4", "metrics.accuracy") == Said(0, "0.99\n")


def test_sync_of_a_stage_that_both_moved_names_both_and_the_way_out(clones, cli):
    cli("--offline", "promote", "iris@3", "production")
    with Registry.open(clones) as theirs:
        theirs.promote("iris@2", "production")

    said = cli("sync")

    assert (said.code, said.out) == (4, "")
    assert said.err == (
        "gitreg: cccccccc (iris: promote 3 to production, archiving 1): both sides moved production of 'iris': from 1 to 3 here (by Name <name@example.org>), "
        "to 2 on the new base (by Name <name@example.org>)\n"
        "  try: add --stages ours to replay your moves on top, or --stages theirs to leave them out\n"
    )
    assert cli("sync", "--stages", "theirs") == Said(0, "", (
        "theirs wins: both sides moved production of 'iris': from 1 to 3 here (by Name <name@example.org>), to 2 on the new base (by Name <name@example.org>)\n"
        "pulled 1 commit [cccccccc]\n"
    ))  # fmt: skip


def test_sync_without_a_remote_says_how_to_name_one(cli):
    assert cli("sync") == Said(3, "", "gitreg: gitreg.yaml names no remote: there is nobody to exchange with\n  try: add a line to gitreg.yaml: remote: origin\n")


def test_sync_on_another_branch_points_to_rebase(clones, cli, iris, git):
    git(iris.path, "switch", "-q", "-c", "topic")

    assert cli("sync") == Said(4, "", "gitreg: topic is not the branch that is shared\n  try: gitreg rebase\n")


def test_sync_of_a_remote_that_is_away_is_busy(clones, cli, tmp_path):
    os.rename(tmp_path / "hub.git", tmp_path / "away.git")

    said = cli("sync")

    assert said.code == 7
    assert said.err.startswith("gitreg: origin cannot be reached: ")


@pytest.mark.parametrize("command", ["sync", "rebase"])
def test_options_that_make_no_sense_are_refused(cli, command):
    assert cli("--offline", command) == Said(2, "", f"gitreg: --offline does not go with this command\n  try: gitreg {command} --help\n")
    assert cli("--at", "HEAD", command) == Said(2, "", f"gitreg: --at does not go with this command\n  try: gitreg {command} --help\n")


def test_rebase_prints_what_was_renumbered(topic):
    assert topic("rebase") == Said(0, "iris@4 is iris@5 now\n", "replayed 1 commit onto main [cccccccc]\n")
    assert topic("rebase") == Said(0, "", "nothing to do: topic has all of main (as last fetched)\n")


def test_rebase_answers_a_program(topic):
    said = topic("rebase", "--format", "json", "--quiet")

    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out) == {
        "branch": "topic", "onto": "main", "commit": "c" * 40, "changed": True, "replayed": 1, "landed": 0,
        "renumbered": [{"id": "iris@5", "model": "iris", "from_number": 4, "number": 5}], "contested": [],
    }  # fmt: skip


def test_a_dry_run_of_rebase_tells_what_would_be(topic):
    assert topic("rebase", "main", "--dry-run") == Said(0, "iris@4 is iris@5 now\n", "dry run: would have replayed 1 commit onto main [cccccccc]\n")
    assert topic("rebase") == Said(0, "iris@4 is iris@5 now\n", "replayed 1 commit onto main [cccccccc]\n")


def test_rebase_of_the_branch_that_is_the_truth_points_to_sync(topic, iris, git):
    git(iris.path, "switch", "-q", "main")

    assert topic("rebase") == Said(4, "", "gitreg: main is the branch that is shared: it is not rebased, but exchanged\n  try: gitreg sync\n")


def test_rebase_onto_what_is_not_there(topic):
    assert topic("rebase", "elsewhere") == Said(3, "", "gitreg: there is no revision 'elsewhere'\n  try: git branch --all\n")


def test_rebase_where_nothing_says_what_the_truth_is(cli):
    assert cli("rebase") == Said(3, "", "gitreg: nothing says which branch is the truth: gitreg.yaml has no 'branch'\n  try: gitreg rebase BRANCH\n")


def test_rebase_on_a_detached_head_is_refused(topic, iris, git):
    git(iris.path, "switch", "-q", "--detach")

    assert topic("rebase") == Said(4, "", "gitreg: HEAD is detached: there is no branch to commit to\n  try: git switch BRANCH\n")
