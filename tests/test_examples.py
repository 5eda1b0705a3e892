"""The examples do what the README says of them."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys

import pytest

from gitreg import Registry
from tests.pages import ROOT

NAME = "iris_logistic_regression"


def _ran(name: str, *args: object, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, str(ROOT / "examples" / name), *map(str, args)], check=False, text=True, **options)
    assert done.returncode == code, done
    return done


def _run(name: str, *args: object, code: int = 0) -> str:
    return _ran(name, *args, code=code, capture_output=True).stdout


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


GATE = "current == null || candidate.metrics.test_accuracy >= current.metrics.test_accuracy"


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """Return the folder that the wine example made, and all that a terminal showed meanwhile."""
    folder = tmp_path_factory.mktemp("wine")
    return folder, _ran("wine.py", folder, env=_environment(tmp_path_factory.mktemp("home")), stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def _environment(home) -> dict[str, str]:
    (home / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITREG_", "GITHUB_", "GITLAB_", "CI_"))}
    return outside | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "GIT_CONFIG_NOSYSTEM": "1"}


def test_wine_shows_what_the_gate_of_production_takes_and_what_it_refuses(wine):
    folder, shown = wine
    at = {event.number: event.commit[:8] for event in _events(folder) if event.event == "promoted"}

    runs = shown.partition("\n\n$ gitreg list")[0]

    assert runs == f"""
wine@1: alcohol, color_intensity: accuracy 0.8194
$ gitreg promote wine@staging production
wine@1
wine: promote 1 to production, vacating staging [{at[1]}]

wine@2: alcohol, color_intensity, hue: accuracy 0.9028
$ gitreg promote wine@staging production
wine@2
wine: promote 2 to production, vacating staging, archiving 1 [{at[2]}]

wine@3: alcohol, malic_acid, ash: accuracy 0.7639
$ gitreg promote wine@staging production
gitreg: gate 'no worse than what it replaces' of production refuses wine@3: {GATE} is false (candidate.metrics.test_accuracy = 0.7639, current.metrics.test_accuracy = 0.9028)
  try: gitreg show wine@3

wine@4: alcohol, color_intensity, hue, proline: accuracy 0.9583
$ gitreg promote wine@staging production
wine@4
wine: promote 4 to production, vacating staging, archiving 2 [{at[4]}]

wine@5: color_intensity, flavanoids, proline: accuracy 0.9167
$ gitreg promote wine@staging production
gitreg: gate 'no worse than what it replaces' of production refuses wine@5: {GATE} is false (candidate.metrics.test_accuracy = 0.9167, current.metrics.test_accuracy = 0.9583)
  try: gitreg show wine@5"""


def _events(folder):
    with Registry.open(folder / "registry") as registry:
        return registry.history("wine", "production")


def test_wine_makes_one_commit_a_run_with_the_promotion_to_staging_in_it(wine, git):
    folder, _ = wine

    subjects = git(folder / "registry", "log", "--reverse", "--format=%s").splitlines()[2:]

    assert [subject for subject in subjects if "register" in subject] == [
        "wine: register 1, promote 1 to staging",
        "wine: register 2, promote 2 to staging",
        "wine: register 3, promote 3 to staging",
        "wine: register 4, promote 4 to staging, archiving 3",
        "wine: register 5, promote 5 to staging",
    ]
    assert len(subjects) == 5 + 3
    assert _holders(folder / "registry") == {"development": None, "staging": 5, "production": 4}


def test_a_version_of_wine_says_what_it_was_made_of(wine):
    folder, _ = wine

    with Registry.open(folder / "registry") as registry:
        version = registry.get("wine@production")

    assert version.params == {
        "features": ["alcohol", "color_intensity", "hue", "proline"],
        "load_features.features": ["alcohol", "color_intensity", "hue", "proline"],
        "train_and_evaluate.C": 1.0,
    }
    assert {name: (each.kind, each.file) for name, each in version.artifacts.items()} == {
        "classifier": ("model", "classifier.joblib"), "cultivars": ("data", "cultivars.npy"), "features": ("data", "features.npy"),
    }  # fmt: skip
    assert version.run.pipeline == "train_and_promote_model"
    assert sorted(version.run.environment.packages) == ["numpy", "scikit-learn"]


def test_five_versions_of_wine_keep_the_same_labels_once(wine):
    folder, _ = wine

    kept = [path for path in (folder / "store" / "sha256").rglob("*") if path.is_file()]

    assert len(kept) == 5 + 5 + 1


def test_another_script_predicts_with_the_wine_classifier_in_production(wine):
    folder, _ = wine

    shown = _run("wine_predict.py", folder).splitlines()

    assert shown == [
        f"in production: wine@4, sha256 {_classifier(folder).sha256[:12]}… verified",
        "it says 1, 2, 1, 2, 0 of five wines that it never saw; they are 1, 2, 0, 2, 0",
        "accuracy now 0.9583, recorded 0.9583",
    ]


def test_a_classifier_that_was_changed_in_the_store_is_never_loaded(wine):
    folder, _ = wine
    shutil.rmtree(folder / "serving", ignore_errors=True)
    kept = folder / "store" / "sha256" / _classifier(folder).sha256[:2] / _classifier(folder).sha256
    right = kept.read_bytes()
    kept.chmod(0o644)
    kept.write_bytes(right[::-1])

    done = _ran("wine_predict.py", folder, code=1, capture_output=True)
    kept.write_bytes(right)

    assert (done.stdout, done.stderr) == ("", "artifact 'classifier' is not what was registered: its digest is another\n")


def _classifier(folder):
    with Registry.open(folder / "registry") as registry:
        return registry.get("wine@production").artifacts["classifier"]


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
