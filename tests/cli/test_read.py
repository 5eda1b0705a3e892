"""The commands that read: whole output in every format, at any revision, through every way to name a registry."""

from __future__ import annotations

import json
import subprocess

import pytest

from gitreg import Registry
from tests.cli.conftest import Said

COMMIT, TIME = "c" * 40, "2026-11-22T07:24:31.123456Z"
BOARD = "model  latest  versions  development  staging  production\niris   3       3                      2        1\n"


def test_list_shows_who_holds_which_stage(cli):
    assert cli("list") == Said(0, BOARD)


def test_list_of_a_model_shows_its_versions_newest_first(cli):
    cli("promote", "iris@3", "production")
    cli("register", "iris", "--version", "1.0.5", "--description", "second set\nmore of it")
    cli("yank", "iris@4", "--reason", "x")

    assert cli("list", "iris") == Said(0, (
        "number  version  stage       status  created           metrics        description\n"
        "4       1.0.5                yanked  2026-11-22 07:24                 second set\n"
        "3       3        production  ready   2026-11-22 07:24  accuracy=0.97\n"
        "2       2        staging     ready   2026-11-22 07:24  accuracy=0.95\n"
        "1       1        archived    ready   2026-11-22 07:24  accuracy=0.91\n"
    ))  # fmt: skip


def test_list_of_an_empty_registry_says_what_comes_next(registry, run, monkeypatch):
    monkeypatch.chdir(registry.path)

    assert run("list") == Said(0, "model  latest  versions  development  staging  production\n", "no models yet: gitreg register MODEL\n")
    assert run("list", "--format", "json") == Said(0, "[]\n", "no models yet: gitreg register MODEL\n")


def test_list_speaks_every_format(cli):
    board = {"name": "iris", "latest": 3, "versions": 3, "stages": {"development": None, "staging": 2, "production": 1}}

    assert cli("list", "--format", "json") == Said(0, json.dumps([board], indent=2) + "\n")
    assert cli("list", "--format", "jsonl") == Said(0, json.dumps(board) + "\n")
    assert cli("list", "--format", "csv") == Said(0, "model,latest,versions,development,staging,production\niris,3,3,,2,1\n")
    assert cli("list", "--format", "yaml") == Said(0, "- name: iris\n  latest: 3\n  versions: 3\n  stages:\n    development: null\n    staging: 2\n    production: 1\n")
    assert cli("list", "--format", "markdown") == Said(0, (
        "| model | latest | versions | development | staging | production |\n| --- | --- | --- | --- | --- | --- |\n| `iris` | 3 | 3 |  | 2 | 1 |\n"
    ))  # fmt: skip


def test_list_of_a_model_speaks_csv_with_a_column_a_metric(cli):
    cli("update", "iris@2", "--metric", "auc=0.5")

    assert cli("list", "iris", "--format", "csv") == Said(0, (
        "number,version,stage,status,created_at,created_by,description,metrics.accuracy,metrics.auc\n"
        f"1,1,production,ready,{TIME},Name <name@example.org>,,0.91,\n"
        f"2,2,staging,ready,{TIME},Name <name@example.org>,,0.95,0.5\n"
        f"3,3,,ready,{TIME},Name <name@example.org>,,0.97,\n"
    ))  # fmt: skip


def shown(number, stage, accuracy):
    return {
        "id": f"iris@{number}", "model": "iris", "number": number, "version": str(number), "stage": stage, "status": "ready", "created_at": TIME,
        "created_by": "Name <name@example.org>", "description": "", "tags": [], "metrics": {"accuracy": accuracy}, "params": {}, "metadata": {},
        "artifacts": {}, "links": {}, "run": None, "later_runs": [], "yanked": None, "commit": COMMIT,
    }  # fmt: skip


def test_list_of_a_model_is_an_array_of_what_show_shows(cli):
    said = cli("list", "iris", "--format", "json")

    assert json.loads(said.out) == [shown(1, "production", 0.91), shown(2, "staging", 0.95), shown(3, None, 0.97)]
    assert (said.code, said.err) == (0, "")


def test_list_of_a_model_has_a_line_a_version(cli):
    lines = cli("list", "iris", "--format", "jsonl").out.splitlines()

    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3]


def test_show_shows_what_is_there(cli):
    assert cli("show", "iris@production") == Said(0, (
        "id                iris@1\nmodel             iris\nnumber            1\nversion           1\nstage             production\n"
        f"status            ready\ncreated_at        {TIME}\ncreated_by        Name <name@example.org>\nmetrics.accuracy  0.91\ncommit            {COMMIT}\n"
    ))  # fmt: skip


def test_show_in_json_has_every_field(cli):
    assert cli("show", "iris@1", "--format", "json") == Said(0, json.dumps(shown(1, "production", 0.91), indent=2) + "\n")


def test_show_says_archived_for_a_version_that_left_its_stage(cli):
    cli("promote", "iris@3", "production")

    assert json.loads(cli("show", "iris@1", "--format", "json").out)["stage"] == "archived"


def test_show_speaks_yaml_csv_and_markdown(cli):
    assert cli("show", "iris@3", "--format", "yaml") == Said(0, (
        f'id: iris@3\nmodel: iris\nnumber: 3\nversion: "3"\nstage: null\nstatus: ready\ncreated_at: "{TIME}"\n'
        'created_by: Name <name@example.org>\ndescription: ""\ntags: []\nmetrics:\n  accuracy: 0.97\nparams: {}\nmetadata: {}\n'
        f'artifacts: {{}}\nlinks: {{}}\nrun: null\nlater_runs: []\nyanked: null\ncommit: "{COMMIT}"\n'
    ))  # fmt: skip
    rows = [["id", "iris@3"], ["model", "iris"], ["number", "3"], ["version", "3"], ["stage", ""], ["status", "ready"], ["created_at", TIME],
            ["created_by", "Name <name@example.org>"], ["description", ""], ["tags", "[]"], ["metrics.accuracy", "0.97"], ["params", "{}"], ["metadata", "{}"],
            ["artifacts", "{}"], ["links", "{}"], ["run", ""], ["later_runs", "[]"], ["yanked", ""], ["commit", COMMIT]]  # fmt: skip
    assert cli("show", "iris@3", "--format", "csv") == Said(0, "field,value\n" + "".join(f"{a},{b}\n" for a, b in rows))
    assert cli("show", "iris@3", "--format", "markdown").out.splitlines()[:3] == ["| field | value |", "| --- | --- |", "| `id` | `iris@3` |"]


def test_history_says_who_moved_what_when_and_why(cli):
    cli("promote", "iris@3", "production", "--reason", "passed the A/B test\nand more")

    assert cli("history", "iris", "--stage", "production") == Said(0, (
        "when              commit    model  what                        who   why\n"
        "2026-11-22 07:24  cccccccc  iris   archive 1 (was production)  Name  passed the A/B test\n"
        "2026-11-22 07:24  cccccccc  iris   promote 3 to production     Name  passed the A/B test\n"
        "2026-11-22 07:24  cccccccc  iris   promote 1 to production     Name\n"
    ))  # fmt: skip


def test_history_in_json_has_the_fields_of_the_contract(cli):
    cli("promote", "iris@3", "staging", "--reason", "good")

    said = cli("history", "iris", "--stage", "staging", "--format", "json")

    assert said.code == 0
    assert json.loads(said.out)[1] == {
        "event": "promoted", "kind": "promote", "model": "iris", "number": 3, "version": "3", "stage": "staging", "from_number": 2,
        "commit": COMMIT, "at": "2026-11-22T07:24:31Z", "by": "Name <name@example.org>", "reason": "good", "forced": [],
    }  # fmt: skip


def test_compare_lays_two_versions_side_by_side(cli):
    cli("model", "update", "iris", "--better", "accuracy=higher")
    cli("update", "iris@3", "--metric", "auc=0.5")
    cli("register", "iris", "--metric", "accuracy=0.9", "--param", "C=1.0")

    assert cli("compare", "iris@1", "iris@3") == Said(0, (
        "field             iris@1   iris@3  difference  verdict\n"
        "metrics.accuracy  0.91     0.97    0.06        better\n"
        "metrics.auc       missing  0.5\n"
    ))  # fmt: skip
    assert cli("compare", "iris@3", "iris@4", "--format", "json") == Said(0, json.dumps({
        "a": "iris@3", "b": "iris@4",
        "metrics": {
            "accuracy": {"a": 0.97, "b": 0.9, "difference": 0.9 - 0.97, "better": "a"},
            "auc": {"a": 0.5, "b": None, "difference": None, "better": None},
        },
        "params": {"C": {"a": None, "b": 1.0, "same": False}},
        "artifacts": {}, "links": {}, "run": {}, "code": {"a": None, "b": None, "same": None, "log": None}, "environment": {"packages": {}},
    }, indent=2) + "\n")  # fmt: skip


@pytest.mark.parametrize("args", [
    ("--format", "csv", "list"), ("list", "--format", "csv"), ("list", "--format=csv"), ("--format=csv", "list"),
    ("--format", "json", "list", "--format", "csv"), ("model", "list", "--format", "csv"), ("--format", "csv", "model", "list"),
], ids=" ".join)  # fmt: skip
def test_options_are_taken_before_and_after_the_command(cli, args):
    assert cli(*args) == Said(0, "model,latest,versions,development,staging,production\niris,3,3,,2,1\n")


def test_at_reads_an_earlier_revision(cli):
    assert cli("--at", "HEAD~1", "list") == Said(0, BOARD.replace("2        1", "         1"))
    assert cli("get", "iris@production", "number", "--at", "HEAD~2") == Said(3, "", "gitreg: production of 'iris' is vacant\n  try: gitreg promote iris@VERSION production\n")


def test_at_reads_a_tag_and_a_commit(cli, iris, git):
    git(iris.path, "tag", "v1", "HEAD~1")

    assert cli("list", "--at", "v1") == cli("list", "--at", git(iris.path, "rev-parse", "HEAD~1")) == cli("--at", "HEAD~1", "list")


def test_at_a_date_reads_the_newest_commit_that_is_not_later(cli, iris, git, monkeypatch):
    for day, version in (("2030-01-01T12:00:00Z", 1), ("2030-01-02T23:59:59Z", 3), ("2030-01-04T00:00:00Z", 1)):
        file = f"{iris.path}/models/iris/stages.yaml"
        subprocess.run(["sed", "-i", f"s/^  number: [13]$/  number: {version}/", file], check=True)
        monkeypatch.setenv("GIT_COMMITTER_DATE", day)
        git(iris.path, "commit", "-a", "--allow-empty", "-m", "by hand")

    held = {at: cli("--at", at, "get", "iris@production", "number").out for at in ("2030-01-01", "2030-01-02", "2030-01-02T12:00Z", "2030-01-03", "2030-01-04 00:00")}

    assert held == {"2030-01-01": "1\n", "2030-01-02": "3\n", "2030-01-02T12:00Z": "1\n", "2030-01-03": "3\n", "2030-01-04 00:00": "1\n"}


def test_the_registry_is_found_by_option_and_by_environment(iris, run, monkeypatch, tmp_path):
    by_option = run("-R", iris.path, "list")
    after = run("list", "--registry", iris.path)
    monkeypatch.setenv("GITREG_REGISTRY", iris.path)
    by_environment = run("list")

    assert by_option == after == by_environment == Said(0, BOARD)


def test_the_branch_is_named_by_option_and_by_environment(cli, iris, git, monkeypatch):
    git(iris.path, "branch", "older", "HEAD~1")
    older = Said(0, BOARD.replace("2        1", "         1"))

    assert cli("--branch", "older", "list") == cli("list", "--branch", "older") == older
    monkeypatch.setenv("GITREG_BRANCH", "older")
    assert cli("list") == older
    assert cli("--branch", "main", "list") == Said(0, BOARD)


def test_a_write_goes_to_the_branch_that_is_named(cli, iris, git):
    git(iris.path, "branch", "other")

    cli("--branch", "other", "promote", "iris@3", "production")

    assert cli("get", "iris@production", "number").out == "1\n"
    assert cli("get", "iris@production", "number", "--branch", "other").out == "3\n"
    assert git(iris.path, "status", "--short") == ""


def test_a_bare_repository_is_read_and_written(iris, run, git, tmp_path):
    git(tmp_path, "clone", "--bare", iris.path, "bare.git")

    assert run("-R", "bare.git", "list") == Said(0, BOARD)
    assert run("-R", "bare.git", "promote", "iris@3", "staging") == Said(0, "iris@3\n", "iris: promote 3 to staging, archiving 2 [cccccccc]\n")


def test_a_registry_in_a_subfolder_is_found_from_below_it(run, git, tmp_path, monkeypatch):
    git(tmp_path, "init")
    with Registry.init(tmp_path / "code" / "models") as registry:
        registry.register("iris")
    below = tmp_path / "code" / "models" / "models" / "iris"
    monkeypatch.chdir(below)

    assert run("get", "iris", "number") == Said(0, "1\n")
    monkeypatch.chdir(tmp_path)
    assert run("list").code == 3


def test_an_uncommitted_edit_is_not_read(cli, iris, tmp_path):
    (tmp_path / "registry/models/iris/stages.yaml").write_text("production:\n  number: 3\n")

    assert cli("list") == Said(0, BOARD)
