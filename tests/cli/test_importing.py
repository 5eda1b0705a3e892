"""``gitreg import``: a history comes in whole or not at all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitreg import Registry
from tests.cli.conftest import Said

AT = "2020-01-02T03:04:05.000000Z"


@pytest.fixture
def typed(monkeypatch):
    """Give a text as standard input."""

    def give(text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def lines(*versions: dict) -> str:
    return "".join(json.dumps(version) + "\n" for version in versions)


def test_what_was_listed_is_imported_as_it_was(cli, run, typed, iris, tmp_path):
    cli("update", "iris@3", "--metric", "auc=0.5", "--tag", "x", "--link", "ticket=https://example.org/T-12")
    cli("promote", "iris@3", "production")
    cli("yank", "iris@1", "--reason", "leaks")
    with Registry.open(iris.path) as registry:  # what list prints is frozen by the fixture: times must be the real ones
        typed(lines(*(version.as_dict() for version in registry.versions("iris"))))
    Registry.init(tmp_path / "other").close()

    said = run("-R", str(tmp_path / "other"), "import")

    assert said == Said(0, "iris@1 iris@3\n", "iris: import 3 versions [cccccccc]\n")
    for number in (1, 2, 3):
        path = f"models/iris/versions/{number}.yaml"
        assert (tmp_path / "other" / path).read_text() == (tmp_path / "registry" / path).read_text()
    with Registry.open(tmp_path / "other") as other:
        assert [version.stage for version in other.versions("iris")] == ["archived", "staging", "production"]


def test_numbers_go_on_where_the_model_stood(cli, typed):
    typed(lines({"model": "iris", "number": 1, "version": "1"}, {"model": "wine", "version": "a"}, {"model": "iris", "id": "iris@2", "version": "b"}))

    said = cli("import", "-", "--reason", "the old registry is closed")

    assert said == Said(0, "iris@4 iris@5\nwine@1\n", "2 models: import 3 versions [cccccccc]\n")
    assert cli("get", "iris@4", "version").out == "4\n"
    assert cli("get", "iris@b", "number").out == "5\n"


def test_the_past_of_a_version_is_kept(cli, typed):
    typed(lines({"model": "wine", "created_at": AT, "created_by": "Other <other@example.org>", "status": "failed"}))

    cli("import", "--quiet")

    assert [cli("get", "wine@1", field).out for field in ("created_at", "created_by", "status")] == ["2026-11-22T07:24:31.123456Z\n", "Other <other@example.org>\n", "failed\n"]
    with Registry.open() as registry:
        assert registry.get("wine@1").created_at == AT


def test_it_is_one_commit_with_the_reason(cli, typed, iris, git):
    before = int(git(iris.path, "rev-list", "--count", "HEAD"))
    typed(lines({"model": "wine", "stage": "production"}, {"model": "wine", "stage": "archived"}))

    cli("import", "--reason", "T-12")

    assert int(git(iris.path, "rev-list", "--count", "HEAD")) == before + 1
    assert git(iris.path, "log", "-1", "--format=%s|%b").splitlines()[:2] == ["wine: import 2 versions|T-12", ""]
    assert [version.stage for version in iris.versions("wine")] == ["production", "archived"]


def test_a_rehearsal_prints_the_diff(cli, typed, iris):
    typed(lines({"model": "iris", "created_at": AT, "created_by": "Name <name@example.org>"}))

    said = cli("import", "--dry-run")

    assert said == Said(
        0,
        "--- /dev/null\n+++ b/models/iris/versions/4.yaml\n@@ -0,0 +1,6 @@\n"
        "+# yaml-language-server: $schema=../../../.gitreg/schema/1/manifest.json\n"
        '+number: 4\n+version: "4"\n+status: ready\n+created_at: "2026-11-22T07:24:31.123456Z"\n+created_by: Name <name@example.org>\n',
        "dry run: would commit 'iris: import 1 version'\n",
    )
    assert len(iris.versions("iris")) == 3


def test_the_receipt_is_json_where_that_is_asked_for(cli, typed):
    typed(lines({"model": "wine"}))

    said = cli("import", "--format", "json")

    assert (said.code, said.err) == (0, "")
    assert [event["event"] for event in json.loads(said.out)["events"]] == ["model_created", "registered"]


def test_nothing_to_import_is_no_commit(cli, typed):
    typed("\n  \n")

    assert cli("import") == Said(0, "", "nothing to do: it is so already\n")


GOOD = lines({"model": "wine", "version": "1.0"})
WRONG = {
    "no JSON": ("model: wine\n", 2, "this is not a line of JSON: Expecting value: line 1 column 1 (char 0)"),
    "half a line": ('{"model": "wi', 2, "this is not a line of JSON: Unterminated string starting at: line 1 column 11 (char 10)"),
    "an array": ('[{"model": "wine"}]\n', 2, "expected a version, a map in braces"),
    "a key twice": ('{"model": "wine", "model": "iris"}\n', 2, "this is not a line of JSON: a key is given twice"),
    "NaN": ('{"model": "wine", "metrics": {"a": NaN}}\n', 2, "this is not a line of JSON: NaN is not a finite number"),
    "too deep": ("[" * 100_000 + "\n", 2, "this is not a line of JSON: it is nested too deep"),
    "no UTF-8": (b'{"model": "\xff"}\n', 2, "this is not a line of JSON: 'utf-8' codec can't decode byte 0xff in position 11: invalid start byte"),
    "a line without end": ('{"description": "' + "x" * (4 << 20) + '"}\n', 2, "the line has more than 4,194,304 bytes"),
    "no model": (lines({"version": "1"}), 2, "model: this field is missing"),
    "a model that is no text": (lines({"model": 7}), 2, "a name must be text, found 7"),
    "a model with a bad name": (lines({"model": "con"}), 2, "'con' cannot name a model: Windows cannot check out a folder named 'con'"),
    "an unknown field": (lines({"model": "wine", "colour": "red"}), 2, "colour: unknown key; known are number, version, status, created_at, created_by, description, tags, metrics, params, metadata, artifacts, links, run, later_runs, yanked"),
    "a metric that is no number": (lines({"model": "wine", "metrics": {"auc": "high"}}), 2, "metrics.auc: expected a number, found 'high'"),
    "a time that is none": (lines({"model": "wine", "created_at": "yesterday"}), 2, "created_at: 'yesterday' is not of the form 2026-11-22T07:24:31.123456Z"),
    "a name that is taken": (GOOD, 4, "version '1.0' of 'wine' exists already: it is number 1"),
    "an unknown stage": (lines({"model": "wine", "stage": "prod"}), 2, "stage: no stage 'prod': this registry has development, staging, production"),
    "a stage that is no text": (lines({"model": "wine", "stage": ["production"]}), 2, "stage: expected text, found ['production']"),
    "a stage for a version that is not ready": (lines({"model": "wine", "status": "running", "stage": "production"}), 4, "stage: wine@2 is running, not ready"),
    "a file that is not there": (lines({"model": "wine", "artifacts": {"m": "nothing.bin"}}), 2, "artifact 'm': there is no file 'nothing.bin'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_line_is_named_and_nothing_is_written(cli, typed, iris, git, wrong):
    line, code, problem = WRONG[wrong]
    before = git(iris.path, "rev-parse", "HEAD")
    typed(GOOD.encode() + (line if isinstance(line, bytes) else line.encode()))

    said = cli("import")

    assert (said.code, said.out, said.err.splitlines()[0]) == (code, "", f"gitreg: <stdin>:2: {problem}")
    assert git(iris.path, "rev-parse", "HEAD") == before
    assert git(iris.path, "status", "--porcelain") == ""


def test_two_versions_that_claim_one_stage_are_named(cli, typed):
    typed(lines({"model": "wine", "stage": "production"}, {"model": "iris", "stage": "production"}, {"model": "wine", "stage": "production"}))

    assert cli("import") == Said(2, "", "gitreg: <stdin>:3: stage: the version of line 1 holds production of 'wine' already\n")


def test_a_file_is_named_as_it_was_given(cli, tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text("\n" + GOOD + "{}\n")

    said = cli("import", str(file))

    assert said == Said(2, "", "gitreg: /tmp/history.jsonl:3: model: this field is missing\n")


def test_a_file_that_is_not_there_is_wrong_usage(cli):
    assert cli("import", "nothing.jsonl") == Said(2, "", "gitreg: invalid value for '[FILE]': 'nothing.jsonl': No such file or directory\n  try: gitreg import --help\n")


def test_rules_hold_unless_they_are_forced(cli, typed, iris, git):
    Path("gitreg.yaml").write_text("format: 1\nstages:\n  staging: {}\n  development: {}\n  production: {from: [staging]}\n")
    git(iris.path, "commit", "-qam", "a rule")
    typed(GOOD + lines({"model": "wine", "stage": "production"}))
    assert cli("import").code == 5
    typed(GOOD + lines({"model": "wine", "stage": "production"}))

    said = cli("import", "--force")

    assert (said.code, cli("get", "wine@production", "number").out) == (0, "2\n")
    assert cli("history", "wine", "--format", "jsonl").out.count('"forced": ["from:staging"]') == 1


def test_a_terminal_shows_a_bar_and_a_pipe_does_not(iris, tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text("".join(lines({"model": "wine"}) for _ in range(500)))
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gitreg", "-R", iris.path, "import", str(file)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "TERM": "xterm", "COLUMNS": "80"}

    subprocess.run([*command, "--dry-run"], stderr=theirs, stdout=subprocess.DEVNULL, check=True, env=environment)
    silent = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)

    os.close(theirs)
    seen = b""
    while chunk := _more(ours):
        seen += chunk
    os.close(ours)
    assert [step in seen for step in (b"read", b"checked")] == [True, True]
    assert silent.stdout == "wine@1 wine@500\n"
    assert silent.stderr.startswith("wine: import 500 versions [")


def _more(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed, and nothing is left
        return b""
