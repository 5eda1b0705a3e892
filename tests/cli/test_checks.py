"""check, doctor and schema: whole output and exit codes. The rules are tested in tests/review/test_check.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Said

SOUND = "this registry is sound\n"


@pytest.fixture
def broken(cli, iris, git):
    """Commit a registry with two faults by hand."""
    stages = Path(iris.path, "models/iris/stages.yaml")
    stages.write_text(stages.read_text().replace("number: 1", "number: 9"))
    Path(iris.path, "models/iris/notes.txt").write_text("mine")
    git(iris.path, "add", ".")
    git(iris.path, "commit", "-m", "by hand")
    return cli


def test_check_of_a_sound_registry(cli):
    assert cli("check") == Said(0, "", SOUND)
    assert cli("check", "--quiet") == Said(0)
    assert cli("check", "--format", "json") == Said(0, '{\n  "ok": true,\n  "findings": []\n}\n', SOUND)
    assert cli("check", "--format", "csv") == Said(0, "rule,severity,where,what,try\n", SOUND)


def test_check_prints_every_finding(broken):
    assert broken("check") == Said(1, (
        "rule  severity  where                       what                                             try\n"
        "R08   error     models/iris/notes.txt       this file does not belong into a model's folder  git rm models/iris/notes.txt\n"
        "R05   error     models/iris/stages.yaml:11  production.number: version 9 does not exist      gitreg promote iris@VERSION production\n"
    ))  # fmt: skip


def test_check_answers_a_program_with_the_shape_of_the_contract(broken):
    said = broken("check", "--format", "json")

    assert (said.code, said.err) == (1, "")
    assert json.loads(said.out) == {"ok": False, "findings": [
        {"rule": "R08", "severity": "error", "path": "models/iris/notes.txt", "line": None, "message": "this file does not belong into a model's folder", "fix": "git rm models/iris/notes.txt"},
        {"rule": "R05", "severity": "error", "path": "models/iris/stages.yaml", "line": 11, "message": "production.number: version 9 does not exist", "fix": "gitreg promote iris@VERSION production"},
    ]}  # fmt: skip


def test_check_reads_an_earlier_commit(broken):
    assert broken("check", "--at", "HEAD~1") == Said(0, "", SOUND)


def test_doctor_of_a_healthy_repository(cli):
    assert cli("doctor") == Said(0, "", "nothing was left behind; whether the files are sound: gitreg check\n")
    assert cli("doctor", "--format", "json") == Said(0, '{\n  "ok": true,\n  "findings": []\n}\n', "nothing was left behind; whether the files are sound: gitreg check\n")


def test_doctor_finds_and_fixes_a_manifest_that_was_removed(cli, iris, git):
    git(iris.path, "rm", "models/iris/versions/3.yaml")
    git(iris.path, "commit", "-m", "by hand")

    found = cli("doctor")
    fixed = cli("doctor", "--fix")

    assert found == Said(1, (
        "rule  severity  where                        what                                                          try\n"
        "D07   error     models/iris/versions/3.yaml  this file was removed by hand; it can be restored, as yanked  gitreg doctor --fix\n"
    ))  # fmt: skip
    assert fixed == Said(0, "", "healed: models/iris/versions/3.yaml: this file was removed by hand; it can be restored, as yanked\nnothing is left to heal\n")
    assert cli("get", "iris@3", "yanked.reason") == Said(0, "its manifest was removed by hand, and restored by gitreg doctor\n")
    assert cli("check") == Said(0, "", SOUND)


def test_doctor_warns_of_a_missing_identity_and_ends_with_0(cli, hermetic):
    os.unlink(hermetic / ".gitconfig")

    said = cli("doctor", "--format", "csv")

    assert said == Said(0, "rule,severity,where,what,try\nD04,warning,,\"git knows no name for you, so commits say who by login and host\",git config --global user.name NAME\n")


def test_schema_lists_and_prints_the_schemas(run):
    assert run("schema") == Said(0, "gitreg\nmodel\nstages\nmanifest\n")
    for name in ("gitreg", "model", "stages", "manifest"):
        said = run("schema", name)
        assert (said.code, said.err) == (0, "")
        assert json.loads(said.out)["$id"] == f"urn:gitreg:1:{name}"
