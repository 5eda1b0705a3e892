"""The examples do what the README says of them."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from gitreg import Registry
from tests.pages import ROOT

NAME = "iris_logistic_regression"


def _run(name: str, *args: object, code: int = 0) -> str:
    done = subprocess.run([sys.executable, str(ROOT / "examples" / name), *map(str, args)], check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout


def _holders(folder) -> dict:
    with Registry.open(folder) as registry:
        return registry.models()[0].stages


def test_iris_trains_three_settings_and_puts_the_most_accurate_into_production(tmp_path):
    shown = _run("iris.py", tmp_path / "place").splitlines()

    assert shown[:3] == [
        f"registered {NAME}@1 (1.2.1): C=0.1, accuracy 0.8667",
        f"registered {NAME}@2 (1.2.2): C=0.001, accuracy 0.85",
        f"registered {NAME}@3 (1.2.3): C=10.0, accuracy 0.9833",
    ]
    assert shown[-4].startswith(f"in production: {NAME}@3 (1.2.3), sha256 ")
    assert shown[-3] == "it says virginica, virginica, setosa; accuracy now 0.9833"
    assert _holders(tmp_path / "place") == {"development": None, "staging": None, "production": 3}


def test_iris_run_again_registers_again_and_promotes_to_production_only_what_is_better(tmp_path):
    _run("iris.py", tmp_path)

    _run("iris.py", tmp_path)

    assert _holders(tmp_path) == {"development": None, "staging": 6, "production": 3}


def test_read_in_ci_needs_no_gitreg():
    tree = ast.parse((ROOT / "examples" / "read_in_ci.py").read_text())

    imported = {node.names[0].name if isinstance(node, ast.Import) else node.module for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))}

    assert imported == {"__future__", "subprocess", "sys", "yaml"}


@pytest.fixture
def published(registry):
    registry.register("churn", "2.0", artifacts={"model": {"kind": "model", "uri": "s3://bucket/model.bin", "sha256": "0" * 64}})
    registry.promote("churn@2.0", "production")
    return registry


def test_read_in_ci_prints_what_holds_a_stage(published):
    shown = _run("read_in_ci.py", published.path, "churn", "production")

    assert shown == f"number=1\nversion=2.0\nmodel_uri=s3://bucket/model.bin\nmodel_sha256={'0' * 64}\n"


def test_read_in_ci_reads_a_revision(published):
    _run("read_in_ci.py", published.path, "churn", "production", "HEAD~1", code=3)


def test_read_in_ci_says_that_a_stage_is_vacant(published):
    assert _run("read_in_ci.py", published.path, "churn", "staging", code=3) == ""
