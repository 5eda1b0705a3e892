"""gitreg lineage, compare and show: where a version came from, whole output, in every format."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.cli.conftest import Said

COMMIT, AT = "c" * 40, "2026-11-22T07:24:31.123456Z"
MADE = f"made by Name <name@example.org> on {AT}"
SHA = "a" * 64
ATTACK = 'javascript:alert(1)"];click n0 href "x"\x1b[31m<img src=x onerror=alert(1)>|`x`'


@pytest.fixture
def traced(cli, iris, git):
    """Run commands in a registry whose iris@4 and iris@5 say where they came from."""
    commits = []
    for subject in ("first features", "second | features"):
        git(iris.path, "commit", "--allow-empty", "-m", subject)
        commits.append(git(iris.path, "rev-parse", "HEAD"))
    for number, commit in enumerate(commits, 1):
        code = {"repository": "https://git.example.org/iris", "commit": commit, "dirty": number == 2}
        environment = {"python": f"3.1{number}.0", "packages": {"numpy": f"{number}.0", "scipy": "1.0"}}
        run = {"id": f"r{number}", "pipeline": "training", "step": "fit", "code": code, "environment": environment, "ci": {"url": f"https://ci.example.org/{number}"}}
        iris.register("iris", run=run, artifacts={"train": {"kind": "data", "uri": "s3://b/t.csv", "sha256": SHA}}, links={"base": "iris@production"})
    return cli


def test_lineage_is_a_tree(traced):
    assert traced("lineage", "iris@5") == Said(0, (
        f"iris@5, {MADE}\n"
        "  run training / fit, r2, https://ci.example.org/2\n"
        "    code COMMIT of https://git.example.org/iris, with changes that were not committed\n"
        "  data train: s3://b/t.csv (sha256 aaaaaaaaaaaa)\n"
        f"  parent base (iris@production as of now): iris@1, in production, {MADE}\n"
    ).replace("COMMIT", _code(traced)))  # fmt: skip


def _code(cli):
    import re

    return re.search(r"code ([0-9a-f]{12})", cli("lineage", "iris@5").out)[1]


def test_lineage_downstream_tells_the_children_and_who_used_the_same_data(traced):
    assert traced("lineage", "iris@1", "--downstream") == Said(0, (
        f"iris@1, in production, {MADE}\n  child, which calls it base: iris@4, {MADE}\n  child, which calls it base: iris@5, {MADE}\n"
    ))  # fmt: skip
    assert "data train: s3://b/t.csv (sha256 aaaaaaaaaaaa), data of iris@4, iris@5\n" in traced("lineage", "iris@4", "--downstream").out


def test_lineage_says_what_is_missing_and_where_there_is_more(cli, iris):
    iris.register("rose", links={"base": "iris@9", "seed": "iris@1"})

    assert cli("lineage", "rose", "--depth", "0") == Said(0, (
        f"rose@1, {MADE} (there is more)\n  parent base: iris@9: model 'iris' has no version 9, it has 3\n"
    ), "note: iris@9 is linked to, and is not there: model 'iris' has no version 9, it has 3\nnote: there is more beyond rose@1: --depth 1\n")  # fmt: skip
    assert cli("lineage", "rose", "--depth", "0", "--quiet").err == ""


def test_lineage_speaks_every_format(cli, iris):
    iris.register("rose", links={"base": "iris@1"})
    version = {"kind": "version", "status": "ready", "created_at": AT, "created_by": "Name <name@example.org>", "yanked": False}
    graph = {
        "root": "rose@1", "commit": COMMIT, "downstream": False,
        "nodes": [
            {"id": "rose@1", "kind": "version", "model": "rose", "number": 1, "version": "1", "stage": None} | version,
            {"id": "iris@1", "kind": "version", "model": "iris", "number": 1, "version": "1", "stage": "production"} | version,
        ],
        "edges": [{"from": "iris@1", "to": "rose@1", "kind": "parent", "name": "base", "uri": "iris@1", "resolved": None}], "cut": [],
    }  # fmt: skip

    said = {form: cli("lineage", "rose", "--format", form) for form in ("json", "jsonl", "yaml", "csv", "markdown", "mermaid", "dot")}

    assert said["json"] == Said(0, json.dumps(json.loads(said["json"].out), indent=2) + "\n")
    assert json.loads(said["json"].out) == json.loads(said["jsonl"].out) == graph
    assert said["yaml"].out.startswith(f'root: rose@1\ncommit: "{COMMIT}"\ndownstream: false\nnodes:\n- id: rose@1\n')
    assert said["csv"] == Said(0, f'from,kind,name,to,what\niris@1,parent,base,rose@1,"iris@1, in production, {MADE}"\n')
    assert said["markdown"] == Said(0, f"| from | kind | name | to | what |\n| --- | --- | --- | --- | --- |\n| `iris@1` | `parent` | `base` | `rose@1` | `iris@1, in production, {MADE}` |\n")
    assert said["mermaid"] == Said(0, 'flowchart LR\n  n0["rose@1"]\n  n1["iris@1, production"]\n  n1 -->|"base"| n0\n  style n0 stroke-width:3px\n')
    assert said["dot"] == Said(0, (
        "digraph lineage {\n  rankdir=LR;\n"
        '  n0 [label="rose@1", shape=box, penwidth=2];\n  n1 [label="iris@1, production", shape=box];\n  n1 -> n0 [label="base"];\n}\n'
    ))  # fmt: skip


def test_drawings_may_be_asked_for_before_the_command_and_go_with_no_other(cli):
    assert cli("--format", "mermaid", "lineage", "iris@1") == Said(0, 'flowchart LR\n  n0["iris@1, production"]\n  style n0 stroke-width:3px\n')
    assert cli("--format", "dot", "list") == Said(2, "", "gitreg: --format dot does not go with this command\n  try: gitreg list --help\n")
    assert cli("--format", "sarif", "lineage", "iris") == Said(2, "", "gitreg: --format sarif does not go with this command\n  try: gitreg lineage --help\n")


@pytest.mark.parametrize(("args", "code", "sentence"), [
    (("rose",), 3, "no model 'rose'\n  try: gitreg list"), (("iris@9",), 3, "model 'iris' has no version 9, it has 3\n  try: gitreg list iris"),
    (("iris", "--depth", "-1"), 2, "invalid value for '--depth': -1 is not in the range x>=0\n  try: gitreg lineage --help"),
])  # fmt: skip
def test_lineage_of_what_is_not_there_is_refused(cli, args, code, sentence):
    assert cli("lineage", *args) == Said(code, "", f"gitreg: {sentence}\n")


def test_lineage_at_an_earlier_commit_resolves_what_moves_on_as_it_was(cli, iris):
    iris.register("rose", links={"base": "iris@production"})
    cli("promote", "iris@3", "production")

    now, then = (json.loads(cli("lineage", "rose", "--format", "json", *at).out)["edges"][0]["resolved"] for at in ((), ("--at", "HEAD~1")))

    assert (now, then) == ("iris@3", "iris@1")


def test_a_hostile_link_is_text_in_every_format(cli, iris):
    iris.register("rose", links={"base": "iris@production", "bad": ATTACK}, artifacts={"train": {"kind": "data", "uri": ATTACK, "sha256": SHA}})

    said = [cli(command, "rose", "--format", form).out for command in ("lineage", "show") for form in ("table", "markdown", "csv")]
    drawn = {form: cli("lineage", "rose", "--format", form).out for form in ("mermaid", "dot")}
    compared = [cli("compare", "iris@1", "rose", "--format", form).out for form in ("table", "markdown", "json")]

    for text in (*said, *drawn.values(), *compared):
        assert "\x1b" not in text
    assert "<img" not in drawn["mermaid"]
    assert "javascript:" not in drawn["mermaid"]
    assert 'javascript:alert(1)\\"];click n0 href \\"x\\"' in drawn["dot"]
    assert subprocess.run(["dot", "-Tplain"], input=drawn["dot"].encode(), capture_output=True, check=True).stderr == b""


def test_compare_tells_code_with_the_commits_between_runs_environment_and_links(traced):
    said = traced("compare", "iris@4", "iris@5")

    lines = [line.split() for line in said.out.splitlines()]
    assert (said.code, said.err) == (0, "")
    assert [line[0] for line in lines] == [
        "field", "artifacts.train", "links.base", "run.id", "run.pipeline", "run.step", "run.ci.url", "environment.python", "environment.packages.numpy",
        "code.repository", "code.commit", "code.dirty", lines[-1][0],
    ]  # fmt: skip
    assert lines[1] == ["artifacts.train", "aaaaaaaaaaaaaaaaaaaaaaa…", "aaaaaaaaaaaaaaaaaaaaaaa…", "same"]
    assert lines[8] == ["environment.packages.numpy", "1.0", "2.0", "differs"]
    assert lines[10] == ["code.commit", COMMIT, COMMIT, "differs"]
    assert lines[-1][0].startswith("code.log.")
    assert lines[-1][2:] == ["Name:", "second", "|", "features"]


def test_compare_says_the_commits_between_in_json_and_in_a_markdown_cell(traced):
    code = json.loads(traced("compare", "iris@4", "iris@5", "--format", "json").out)["code"]

    assert list(code) == ["a", "b", "same", "log"]
    assert code["log"] == {
        "only_a": {"count": 0, "commits": []},
        "only_b": {"count": 1, "commits": [{"commit": COMMIT, "at": "2026-11-22T07:24:31Z", "author": "Name", "subject": "second | features"}]},
        "whole": True,
    }
    assert "Name: second \\| features` |" in traced("compare", "iris@4", "iris@5", "--format", "markdown").out


def test_compare_counts_the_commits_beyond_fifty(traced, iris, git):
    for number in range(52):
        git(iris.path, "commit", "--allow-empty", "-m", f"step {number}")
    iris.register("iris", run={"id": "r3", "code": {"commit": git(iris.path, "rev-parse", "HEAD")}})

    lines = traced("compare", "iris@4", "iris@6").out.splitlines()

    assert sum(line.startswith("code.log.") for line in lines) == 50
    assert lines[-1].split() == ["code.log", "and", "5", "more"]


def test_compare_says_where_the_commits_are_not_known(cli, iris, tmp_path):
    for digit in "12":
        iris.register("iris", run={"id": digit, "code": {"commit": digit * 40}})

    assert cli("compare", "iris@4", "iris@5").err == "note: the commits between their code are not known, no repository at hand has both: --code PATH\n"
    assert cli("compare", "iris@4", "iris@5", "--code", iris.path) == Said(3, "", (
        f"gitreg: the repository of '/tmp/registry' does not have both {COMMIT} and {COMMIT}\n  try: git fetch\n"
    ))  # fmt: skip
    assert cli("compare", "iris@1", "iris@5", "--code", iris.path).err == "note: --code is of no use here: not both versions say which commit they were made from\n"
    assert cli("compare", "iris@4", "iris@5", "--code", "nowhere") == Said(3, "", "gitreg: there is no folder 'nowhere'\n")


def test_show_tells_where_a_version_came_from_below_its_fields(traced):
    said = traced("show", "iris@5")

    fields, _, origin = said.out.partition("\n\n")
    assert fields.startswith("id                              iris@5\n")
    assert origin == (
        "comes from\n"
        f"  made by  Name <name@example.org> on {AT}\n"
        "  run      training / fit, r2, https://ci.example.org/2\n"
        f"  code     {_code(traced)} of https://git.example.org/iris, with changes that were not committed\n"
        "  data     train: s3://b/t.csv (sha256 aaaaaaaaaaaa)\n"
        "  parent   base: iris@production\n"
    )
    assert "comes from" not in traced("show", "iris@5", "--format", "json").out + traced("show", "iris@5", "--format", "markdown").out


def test_a_link_is_given_with_a_title(cli):
    cli("register", "iris", "--link", "step=stage:labelling", "--link-title", "step=labelled by hand", "--link", "ticket=T-12")
    cli("update", "iris@4", "--link", "board=docs/board.md", "--link-title", "board=the board")

    assert json.loads(cli("get", "iris@4", "links").out) == {
        "step": {"uri": "stage:labelling", "title": "labelled by hand"}, "ticket": {"uri": "T-12"}, "board": {"uri": "docs/board.md", "title": "the board"},
    }  # fmt: skip


@pytest.mark.parametrize("command", [("register", "iris"), ("update", "iris@1"), ("model", "update", "iris"), ("model", "register", "rose")], ids=" ".join)
def test_a_title_without_an_address_is_wrong_usage(cli, command):
    assert cli(*command, "--link-title", "step=x") == Said(2, "", "gitreg: link 'step' is given a title, but no address: --link NAME=URI gives it\n")


def test_a_models_card_has_links_which_come_and_go_one_by_one(cli):
    cli("model", "register", "rose", "--link", "board=https://example.org/rose", "--link", "ticket=T-1")
    cli("model", "update", "rose", "--link", "old=iris@3", "--link-title", "old=what it was called before")
    cli("model", "update", "rose", "--remove-link", "ticket")

    assert json.loads(cli("model", "show", "rose", "--format", "json").out)["links"] == {
        "board": {"uri": "https://example.org/rose"}, "old": {"uri": "iris@3", "title": "what it was called before"},
    }  # fmt: skip


def test_lineage_of_more_than_a_drawing_can_hold_tells_the_first_thousand_and_says_so(cli, iris):
    with iris.transaction() as tx:
        for number in range(1, 1006):
            tx.register("rose", links={"base": f"rose@{number - 1}"} if number > 1 else {})

    said = cli("lineage", "rose", "--depth", "5000")

    assert (said.code, said.out.count("\n"), said.err) == (0, 1000, "note: the first 1,000 things are told, and there are more\n")
