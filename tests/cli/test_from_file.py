"""``--from-file``: what a person has already, on the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Said
from tests.intake import runs


@pytest.fixture
def files(tmp_path):
    """Lay files beside the registry."""
    (tmp_path / "metrics.json").write_text('{"val": {"loss": 0.25}, "accuracy": 0.97}')
    (tmp_path / "other.json").write_text('{"accuracy": 0.5}')
    (tmp_path / "bad.json").write_text('{\n  "accuracy": "high"\n}')
    (tmp_path / "escape.json").write_text('{"\\u001b[2J": true}')
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    return tmp_path


def test_register_takes_metrics_from_a_file(cli, files):
    assert cli("register", "iris", "--from-file", "../metrics.json") == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert cli("get", "iris@4", "metrics") == Said(0, '{"accuracy": 0.97, "val.loss": 0.25}\n')


def test_an_option_wins_over_the_file(cli, files):
    cli("register", "iris", "--from-file", "../metrics.json", "--metric", "accuracy=0.5")

    assert cli("get", "iris@4", "metrics") == Said(0, '{"accuracy": 0.5, "val.loss": 0.25}\n')


def test_register_takes_a_run_of_mlflow(cli, tmp_path):
    run = runs.written(tmp_path)

    said = cli("register", "churn", "--from-file", str(run), "--tag", "nightly")

    assert (said.code, said.out) == (0, "churn@1\n")
    assert cli("get", "churn@1", "run.id") == Said(0, f"{runs.ID}\n")
    assert cli("get", "churn@1", 'params.version') == Said(0, "1.10\n")


def test_update_adds_what_a_file_says(cli, files):
    assert cli("update", "iris@3", "--from-file", "../README.md", "--metric", "auc=0.99") == Said(0, "iris@3\n", "iris: update the model, update 3 [cccccccc]\n")
    assert cli("get", "iris@3", "metrics") == Said(0, '{"accuracy": 0.97, "auc": 0.99}\n')


REFUSED = {
    "files that disagree": (
        ("../metrics.json", "../other.json"),
        Said(2, "", "gitreg: '../metrics.json' and '../other.json' disagree about metrics.accuracy\n  try: gitreg register --help\n"),
    ),
    "what is no number": (
        ("../bad.json",),
        Said(6, "", "gitreg: ../bad.json:2: accuracy: expected a number, found 'high': give what is no metric with --metadata\n  try: gitreg register MODEL --metadata KEY=VALUE\n"),
    ),
    "a name that a terminal would obey": (
        ("../escape.json",),
        Said(6, "", "gitreg: ../escape.json:1: \\x1b[2J: expected a number, found true: give what is no metric with --metadata\n  try: gitreg register MODEL --metadata KEY=VALUE\n"),
    ),
    "a file that is not there": (("../none.json",), Said(3, "", "gitreg: there is no file '../none.json'\n  try: gitreg register --help\n")),
    "a folder that is no run": (
        ("..",),
        Said(6, "", "gitreg: ..: this folder has no meta.yaml, and so is no run of MLflow: understood are metrics as JSON or YAML, what 'dvc metrics show --json' prints, "
             "the folder of an MLflow run, and a model card with YAML between two lines of ---\n  try: gitreg register --help\n"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_named_and_registers_nothing(what, cli, files):
    paths, expected = REFUSED[what]

    said = cli("register", "iris", *[word for path in paths for word in ("--from-file", path)])

    assert said == expected
    assert cli("get", "iris@latest", "number") == Said(0, "3\n")


def test_a_dry_run_shows_what_the_file_would_record(cli, files):
    said = cli("register", "iris", "--from-file", "../other.json", "--dry-run")

    assert (said.code, said.err) == (0, "dry run: would commit 'iris: register 4'\n")
    assert "+  accuracy: 0.5\n" in said.out
