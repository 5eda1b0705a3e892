"""The commands that write: whole stdout, stderr and exit code, and what stands in the commit."""

from __future__ import annotations

import pytest

from gitreg import Registry
from tests.cli.conftest import Said


def test_init_makes_the_repository_and_the_registry_in_one_commit(run, tmp_path, git):
    said = run("init", "models")

    assert said == Said(0, "", "registry created in /tmp/models on branch main; next: gitreg register MODEL\n")
    assert git(tmp_path / "models", "log", "--format=%s") == "registry: create it"
    assert git(tmp_path / "models", "status", "--short") == ""


def test_init_makes_the_registry_where_the_option_says(run, tmp_path):
    said = run("-R", str(tmp_path / "there"), "init")

    assert said == Said(0, "", "registry created in /tmp/there on branch main; next: gitreg register MODEL\n")


def test_init_on_a_branch_of_its_own_leaves_the_worktree_alone(run, tmp_path, git):
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "code")

    said = run("init", "--branch", "registry")

    assert said == Said(0, "", "registry created in /tmp on branch registry; next: gitreg register MODEL\n")
    assert git(tmp_path, "status", "--short") == ""
    assert run("register", "iris") == Said(0, "iris@1\n", "iris: register 1 [cccccccc]\n")
    assert git(tmp_path, "log", "--format=%s", "registry").splitlines()[0] == "iris: register 1"


def test_init_twice_is_a_conflict(cli):
    assert cli("init") == Said(4, "", "gitreg: there is a registry in '.' already\n  try: gitreg list\n")


def test_register_prints_the_selector(cli):
    said = cli("register", "iris", "--version", "1.0.5", "--metric", "accuracy=0.99")

    assert said == Said(0, "iris@4\n", "iris: register 4 (1.0.5) [cccccccc]\n")


def test_register_records_everything_it_is_given(cli, iris, tmp_path):
    (tmp_path / "registry" / "m.bin").write_bytes(b"weights")
    facts = ("--param", "C=1.0", "--metadata", "reviewed=true", "--tag", "a", "--tag", "b", "--description", "second set")
    files = ("--artifact", "model=m.bin", "--data", "train=s3://bucket/t.csv", "--service", "endpoint=https://example.org", "--link", "ticket=https://example.org/T-1")

    said = cli("register", "iris", *facts, *files)
    version = iris.get("iris@4")

    assert said.out == "iris@4\n"
    assert (version.params, version.metadata, version.tags, version.description) == ({"C": 1.0}, {"reviewed": True}, ("a", "b"), "second set")
    assert {name: (a.kind, a.uri, a.size) for name, a in version.artifacts.items()} == {
        "model": ("model", "m.bin", 7),
        "train": ("data", "s3://bucket/t.csv", None),
        "endpoint": ("service", "https://example.org", None),
    }
    assert version.links["ticket"].uri == "https://example.org/T-1"


def test_register_fills_date_and_time_in(cli, iris):
    cli("register", "iris", "--version", "nightly-{date}-{time}")

    name = iris.get("iris@4").version
    assert name.startswith("nightly-20")
    assert "{" not in name


def test_promote_says_whom_it_archives(cli):
    said = cli("promote", "iris@3", "production", "--reason", "passed the A/B test")

    assert said == Said(0, "iris@3\n", "iris: promote 3 to production, archiving 1 [cccccccc]\n")


def test_promote_keeps_the_reason_in_the_commit(cli, iris, git):
    cli("promote", "iris@3", "production", "--reason", "passed the A/B test")

    assert git(iris.path, "log", "-1", "--format=%b").splitlines()[0] == "passed the A/B test"


def test_promoting_the_holder_again_makes_no_commit(cli, iris):
    before = iris.snapshot().commit

    said = cli("promote", "iris@1", "production", "--expect", "3")

    assert said == Said(0, "iris@1\n", "nothing to do: it is so already\n")
    assert iris.snapshot().commit == before


def test_promote_changes_nothing_when_another_holds_the_stage(cli, iris):
    before = iris.snapshot().commit

    said = cli("promote", "iris@3", "production", "--expect", "2")

    assert said == Said(4, "", "gitreg: production of 'iris' is held by 1, expected 2\n  try: gitreg list iris\n")
    assert iris.snapshot().commit == before


def test_promote_to_archived_vacates_the_stage(cli):
    assert cli("promote", "iris@1", "archived") == Said(0, "iris@1\n", "iris: vacate production, archiving 1 [cccccccc]\n")


def test_rollback_returns_to_the_previous_holder(cli):
    cli("promote", "iris@3", "production")

    said = cli("rollback", "iris", "production", "--expect", "3", "--reason", "latency doubled")

    assert said == Said(0, "iris@1\n", "iris: roll production back to 1, archiving 3 [cccccccc]\n")


def test_rollback_without_a_previous_holder_finds_nothing(cli):
    assert cli("rollback", "iris", "production") == Said(3, "", "gitreg: production of 'iris' has no previous version to go back to\n  try: gitreg list iris\n")


def test_archive_archives(cli):
    assert cli("archive", "iris@3", "--reason", "superseded") == Said(0, "iris@3\n", "iris: archive 3 [cccccccc]\n")


def test_yank_and_unyank(cli):
    assert cli("yank", "iris@3", "--reason", "leaked labels") == Said(0, "iris@3\n", "iris: yank 3 [cccccccc]\n")
    assert cli("promote", "iris@3", "staging") == Said(4, "", "gitreg: iris@3 was yanked: leaked labels\n  try: gitreg list iris\n")
    assert cli("unyank", "iris@3") == Said(0, "iris@3\n", "iris: unyank 3 [cccccccc]\n")


def test_yanking_a_holder_is_refused_unless_forced(cli):
    assert cli("yank", "iris@1", "--reason", "bad") == Said(4, "", "gitreg: iris@1 holds production: a holder is not yanked\n  try: gitreg rollback iris production\n")
    assert cli("yank", "iris@1", "--reason", "bad", "--force").code == 0
    assert cli("show", "iris@production").code == 3


def test_update_adds(cli, iris):
    said = cli("update", "iris@1", "--metric", "auc=0.99", "--tag", "new", "--description", "better", "--metadata", "x:=[1]")

    version = iris.get("iris@1")
    assert said == Said(0, "iris@1\n", "iris: update 1 [cccccccc]\n")
    assert (version.metrics, version.tags, version.description, version.metadata) == ({"accuracy": 0.91, "auc": 0.99}, ("new",), "better", {"x": [1]})


def test_update_takes_away_what_is_free(cli, iris):
    cli("update", "iris@1", "--tag", "a", "--metadata", "k=1", "--link", "l=https://example.org")

    cli("update", "iris@1", "--remove-tag", "a", "--remove-metadata", "k", "--remove-link", "l")

    version = iris.get("iris@1")
    assert (version.tags, version.metadata, version.links) == ((), {}, {})


def test_update_refuses_to_change_what_is_recorded(cli):
    said = cli("update", "iris@1", "--metric", "accuracy=1")

    assert said == Said(4, "", "gitreg: metrics.accuracy of iris@1 is recorded and cannot change: the version is ready\n  try: gitreg register iris\n")


def test_a_dry_run_prints_the_diff_and_commits_nothing(cli, iris, git):
    before = iris.snapshot().commit

    said = cli("promote", "iris@3", "staging", "--dry-run")

    diff = (
        "--- a/models/iris/stages.yaml\n+++ b/models/iris/stages.yaml\n@@ -4,8 +4,8 @@\n   previous: []\n \n"
        " staging:\n-  number: 2\n-  previous: []\n+  number: 3\n+  previous: [2]\n \n production:\n   number: 1\n"
    )
    assert said == Said(0, diff, "dry run: would commit 'iris: promote 3 to staging, archiving 2'\n")
    assert iris.snapshot().commit == before
    assert git(iris.path, "status", "--short") == ""


@pytest.mark.parametrize("args", [
    ("register", "rose"), ("promote", "iris@3", "production"), ("archive", "iris@3"), ("yank", "iris@3", "--reason", "x"),
    ("update", "iris@3", "--tag", "x"), ("model", "register", "rose"), ("model", "update", "iris", "--tag", "x"),
    ("model", "delete", "iris", "--force"), ("model", "version", "update", "iris", "--stage=staging"), ("model", "version", "delete", "iris", "3"),
], ids=lambda args: " ".join(args[:3]))  # fmt: skip
def test_every_write_can_be_rehearsed(cli, iris, git, args):
    before = git(iris.path, "for-each-ref")

    said = cli("--dry-run", *args)

    assert said.code == 0
    assert said.out.startswith("--- ")
    assert said.err.startswith("dry run: would commit ")
    assert git(iris.path, "for-each-ref") == before
    assert git(iris.path, "status", "--short") == ""


def test_a_rehearsal_of_nothing_says_so(cli):
    assert cli("promote", "iris@1", "production", "--dry-run") == Said(0, "", "dry run: nothing would change\n")


def test_quiet_prints_data_only(cli):
    assert cli("--quiet", "register", "iris") == Said(0, "iris@4\n", "")


def test_a_write_answers_a_program_in_json(cli):
    import json

    said = cli("promote", "iris@3", "staging", "--format", "json")
    answer = json.loads(said.out)

    assert said.err == ""
    assert list(answer) == ["changed", "commit", "events", "version"]
    assert (answer["changed"], answer["commit"], answer["version"]["id"], answer["version"]["commit"]) == (True, "c" * 40, "iris@3", "c" * 40)
    assert [(e["event"], e["number"], e["stage"]) for e in answer["events"]] == [("archived", 2, "staging"), ("promoted", 3, "staging")]


def test_a_gate_refuses_with_its_name_and_what_it_saw(run, tmp_path, git, monkeypatch):
    with Registry.init(tmp_path / "registry") as registry:
        (tmp_path / "registry" / "gitreg.yaml").write_text(
            "format: 1\nstages:\n  staging: {}\n  production:\n    from: [staging]\n    require:\n      - name: good enough\n        expr: candidate.metrics.accuracy >= 0.9\n"
        )
        git(registry.path, "commit", "-am", "a gate")
        registry.register("iris", metrics={"accuracy": 0.8})
    monkeypatch.chdir(registry.path)

    unstaged = run("promote", "iris@1", "production")
    run("promote", "iris@1", "staging")
    refused = run("promote", "iris@1", "production")
    forced = run("promote", "iris@1", "production", "--force")

    assert unstaged == Said(5, "", "gitreg: iris@1 must hold staging before production: it holds no stage\n  try: gitreg promote iris@1 staging\n")
    assert refused.code == 5
    assert refused.err.startswith("gitreg: gate 'good enough' of production refuses iris@1: candidate.metrics.accuracy >= 0.9 is false (")
    assert refused.err.endswith("0.8)\n  try: gitreg show iris@1\n")
    assert forced == Said(0, "iris@1\n", "iris: promote 1 to production, vacating staging [cccccccc]\n")
    assert "forced gate:good enough" in run("history", "--stage", "production").out
