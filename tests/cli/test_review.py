from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Said
from tests.pages import ROOT


def test_changes_prints_events(cli):
    assert cli("changes", "HEAD~2..HEAD") == Said(
        0,
        """\
when              commit    model  what                     who   why
2026-11-22 07:24  cccccccc  iris   promote 1 to production  Name
2026-11-22 07:24  cccccccc  iris   promote 2 to staging     Name
""",
    )


def test_changes_in_json_are_those_of_history(cli):
    said = cli("changes", "HEAD~1..HEAD", "--format", "json")

    assert json.loads(said.out) == json.loads(cli("history", "iris", "--format", "json").out)[:1]
    assert (said.code, said.err) == (0, "")


def test_changes_of_nothing_says_so(cli):
    assert cli("changes", "HEAD..HEAD", "--format", "jsonl") == Said(0, "", "nothing of the registry changed\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("changes",), Said(2, "", "gitreg: missing argument 'BASE..HEAD'\n  try: gitreg changes --help\n")),
        (("changes", "HEAD"), Said(2, "", "gitreg: 'HEAD' is not a range: write BASE..HEAD, as in main..HEAD\n  try: git log --oneline\n")),
        (("changes", "x..HEAD"), Said(3, "", "gitreg: there is no revision 'x' here\n  try: git log --oneline --all\n")),
        (("--at", "HEAD", "changes", "HEAD~1..HEAD"), Said(2, "", "gitreg: --at does not go with this command\n  try: gitreg changes --help\n")),
    ],
    ids=["no range", "one revision", "an unknown revision", "with --at"],
)
def test_changes_says_what_is_wrong(cli, words, said):
    assert cli(*words) == said


def test_check_of_a_change_names_what_speaks_against_it(cli, iris, git):
    git(iris.path, "rm", "-q", "models/iris/versions/3.yaml")
    git(iris.path, "commit", "-qm", "tidy")

    assert cli("check", "HEAD~1..HEAD") == Said(
        1,
        """\
rule  severity  where                        what                                                    try
T02   error     models/iris/versions/3.yaml  this is a version: nothing that is recorded is removed  gitreg yank
""",
    )


def test_check_of_a_sound_change_says_so(cli):
    assert cli("check", "HEAD~1..HEAD") == Said(0, "", "this change is sound\n")


def test_check_in_a_ci_job_says_what_it_judges(cli, iris, git, tmp_path, monkeypatch):
    base, head = git(iris.path, "rev-parse", "HEAD~1"), git(iris.path, "rev-parse", "HEAD")
    (tmp_path / "event.json").write_text(json.dumps({"before": base, "after": head}))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))

    assert cli("check") == Said(0, "", f"judging {'c' * 40}..{'c' * 40}, which this job is about\nthis change is sound\n")
    assert cli("check", "--at", "HEAD").err == "this registry is sound\n"


DIFF = """\
iris: promote 1 to production
check: fit to land

iris: 1 takes production
  from     nobody, the stage was vacant
  made by  Name <name@example.org> on 2026-11-22T07:24:31.123456Z
  metric   accuracy: 0.91
  risk     code-unknown: nothing says which code it was trained from
  risk     skips-stage: it takes the last stage without holding one before
  undo     gitreg archive iris@1
"""


def test_diff_says_what_a_change_means(cli):
    assert cli("diff", "HEAD~2..HEAD~1") == Said(0, DIFF)


def test_diff_in_markdown_is_a_comment(cli):
    said = cli("diff", "HEAD~2..HEAD~1", "--format", "markdown")

    assert said.out.startswith("<!-- gitreg diff: this comment is updated in place -->\n\n### `iris: promote 1 to production`\n\n`gitreg check`: fit to land\n")
    assert (said.code, said.err) == (0, "")


def test_diff_in_json_has_the_moves(cli):
    data = json.loads(cli("diff", "HEAD~2..HEAD~1", "--format", "json").out)

    assert list(data) == ["base", "head", "summary", "ok", "moves", "events", "findings", "raw"]
    assert [(move["stage"], move["after"]["number"], move["undo"]) for move in data["moves"]] == [("production", 1, "gitreg archive iris@1")]


def test_diff_in_csv_is_a_row_a_move(cli):
    assert cli("diff", "HEAD~2..HEAD~1", "--format", "csv") == Said(0, "model,stage,kind,before,after,risks\niris,production,first,,1,code-unknown skips-stage\n")


def test_diff_without_a_range_asks_for_one(cli):
    assert cli("diff") == Said(2, "", "gitreg: which change? give BASE..HEAD\n  try: gitreg diff main..HEAD\n")


@pytest.mark.parametrize(
    ("form", "start"),
    [("github", "::error file=models/iris/versions/3.yaml,title=T02::"), ("sarif", '{\n  "$schema"'), ("junit", "<?xml"), ("gitlab", '[\n  {\n    "description"')],
)
def test_check_speaks_the_language_of_ci_systems(cli, iris, git, form, start):
    git(iris.path, "rm", "-q", "models/iris/versions/3.yaml")
    git(iris.path, "commit", "-qm", "tidy")

    said = cli("check", "HEAD~1..HEAD", "--format", form)

    assert (said.code, said.err) == (1, "")
    assert said.out.startswith(start)


def test_only_check_speaks_it(cli):
    assert cli("--format", "sarif", "list") == Said(2, "", "gitreg: --format sarif does not go with this command\n  try: gitreg list --help\n")


def production_is(iris, number):
    file = Path(iris.path, "models/iris/stages.yaml")
    file.write_text(file.read_text().replace("production:\n  number: 1\n", f"production:\n  number: {number}\n"))


def test_fix_names_what_it_completed_and_exits_with_1(cli, iris, git):
    production_is(iris, 3)

    assert cli("fix", "--dry-run") == Said(1, "models/iris/stages.yaml\n")
    assert cli("fix") == Said(1, "models/iris/stages.yaml\n")
    assert "+  previous: [1]" in git(iris.path, "diff")
    assert cli("fix") == Said(0, "", "nothing to fix\n")


def test_fix_in_json_is_a_list(cli, iris):
    production_is(iris, 3)

    assert cli("fix", "--format", "json") == Said(1, '[\n  "models/iris/stages.yaml"\n]\n')


def test_fix_names_a_file_that_it_cannot_read(cli, iris):
    production_is(iris, "[")

    assert cli("fix") == Said(6, "", "gitreg: models/iris/stages.yaml:14: this is not YAML: did not find expected ',' or ']'\n  try: mend it there, then: gitreg fix\n")


def test_the_hooks_of_pre_commit_are_commands(cli):
    hooks = re.findall(r"entry: gitreg (\w+)", (ROOT / ".pre-commit-hooks.yaml").read_text())

    assert hooks == ["fix", "check"]
    assert all(cli(command, "--help").code == 0 for command in hooks)
