"""An MLflow run becomes the facts of a version; nothing outside its folder is read."""

from __future__ import annotations

import os

import pytest

from gitreg import intake
from gitreg.errors import GitregWarning, InvalidError, UsageError
from tests.intake import runs


def test_a_run_becomes_the_facts_of_a_version(tmp_path):
    run = runs.written(tmp_path)

    facts = intake.read(str(run))

    assert facts == {
        "metrics": {"ds": 1.5, "loss": 0.25, "val/auc": 0.9},
        "params": {"C": 1.0, "kernel": "rbf", "nested/shuffle": True, "version": "1.10"},
        "tags": ["nightly", "team=vision"],
        "description": "first try",
        "metadata": {"mlflow": {"run_name": "first", "experiment_id": runs.EXPERIMENT, "user": "name", "source": "train.py"}},
        "artifacts": {
            "old": {"kind": "model", "uri": f"{run}/artifacts/old"}, "plot.txt": {"kind": "data", "uri": f"{run}/artifacts/plot.txt"},
            "tables": {"kind": "data", "uri": f"{run}/artifacts/tables"}, "weights.pkl": {"kind": "model", "uri": f"{run}/artifacts/weights.pkl"},
        },
        "run": {
            "id": runs.ID, "started_at": "2026-11-28T00:46:19.440000Z", "finished_at": "2026-11-28T00:46:21.176000Z",
            "code": {"repository": "https://example.org/churn.git", "commit": "0123456789abcdef0123456789abcdef01234567"},
        },
    }  # fmt: skip


def test_a_model_that_mlflow_3_keeps_beside_the_run_is_an_artifact_by_its_name(tmp_path, monkeypatch):
    run = runs.written(tmp_path)
    kept = runs.with_model(run)
    monkeypatch.chdir(run)

    facts = intake.read(".")

    assert facts["artifacts"]["forest"] == {"kind": "model", "uri": str(kept)}


def test_a_run_can_be_registered_whole(registry, tmp_path):
    run = runs.written(tmp_path)

    version = registry.register("churn", from_file=run)

    assert version.run.id == runs.ID
    assert version.run.code.commit == "0123456789abcdef0123456789abcdef01234567"
    assert (version.status, version.metrics["loss"], version.params["version"], version.tags) == ("ready", 0.25, "1.10", ("nightly", "team=vision"))
    assert version.artifacts["plot.txt"].size == 6
    assert version.artifacts["old"].folder


STATES = {1: ("running", None), 2: ("running", None), 3: (None, None), 4: ("failed", "MLflow recorded this run as failed"), 5: ("failed", "MLflow recorded this run as killed")}


@pytest.mark.parametrize("state", STATES)
def test_a_run_that_did_not_finish_is_no_ready_version(state, tmp_path):
    run = runs.written(tmp_path, {"status": state, "end_time": None})

    facts = intake.read(run)

    assert (facts.get("status"), facts["run"].get("error")) == STATES[state]


def test_the_last_of_values_at_one_step_is_the_latest_as_mlflow_has_it(tmp_path):
    run = runs.written(tmp_path, entries={"metrics/loss": "12 0.3 1\n11 0.2 1\n10 0.1 0\n\n12 0.25 1\n"})

    facts = intake.read(run)

    assert facts["metrics"]["loss"] == 0.3


def test_the_oldest_runs_have_lines_without_a_step_and_another_name_of_the_id(tmp_path):
    run = runs.written(tmp_path, {"run_id": None, "run_uuid": runs.ID}, {"metrics/loss": "12 0.3\n13 0.2\n"})

    facts = intake.read(run)

    assert (facts["metrics"]["loss"], facts["run"]["id"]) == (0.2, runs.ID)


def test_metrics_that_end_in_nan_or_infinity_are_passed_over_and_named(tmp_path):
    entries = {"metrics/loss": "1 0.5 0\n2 nan 1\n", "metrics/val/ratio": "1 -inf 0\n", "metrics/kept": "1 nan 0\n2 0.5 1\n"}
    run = runs.written(tmp_path, {}, entries)

    with pytest.warns(GitregWarning, match=r"not recorded, for it is not a finite number: loss \(nan\), val/ratio \(-inf\)$"):
        facts = intake.read(run)

    assert {name: facts["metrics"].get(name) for name in ("loss", "val/ratio", "kept")} == {"loss": None, "val/ratio": None, "kept": 0.5}


REFUSED = {
    "no meta.yaml": ({}, {"meta.yaml": None}, ": this folder has no meta.yaml, and so is no run of MLflow: understood are metrics as JSON or YAML"),
    "an experiment": ({"run_id": None}, {}, "/meta.yaml: there is no run_id: give the folder of one run, which stands below its experiment's"),
    "a run that was deleted": ({"lifecycle_stage": "deleted"}, {}, "/meta.yaml: lifecycle_stage: the run was deleted in MLflow"),
    "a time that is none": ({"start_time": "soon"}, {}, "/meta.yaml: start_time: expected milliseconds since 1970"),
    "a time beyond all calendars": ({"start_time": 2**60}, {}, "/meta.yaml: start_time: expected milliseconds since 1970"),
    "meta.yaml with an alias": ({}, {"meta.yaml": "run_id: &a x\nuser_id: *a\n"}, "/meta.yaml:1: anchors are not allowed"),
    "meta.yaml that is a list": ({}, {"meta.yaml": "- run_id\n"}, "/meta.yaml:1: expected a map"),
    "a metric that is a word": ({}, {"metrics/loss": "1 0.5 0\n2 high 1\n"}, "/metrics/loss:2: expected a time, a number and a step"),
    "a metric without a value": ({}, {"metrics/loss": ""}, "/metrics/loss: the metric has no value"),
    "a line without end": ({}, {"metrics/loss": "1" * 100_000}, "/metrics/loss: a line has no end"),
    "a parameter of megabytes": ({}, {"params/C": "1" * (2 << 20)}, "/params/C: the file has more than 1,048,576 bytes"),
    "folders without end": ({}, {f"params/{'d/' * 30}x": "1"}, f"/params/{'/'.join('d' * 21)}: this is nested deeper than 20 folders"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_folder_that_is_no_sound_run_is_refused_with_its_file(what, tmp_path):
    meta, entries, sentence = REFUSED[what]
    run = runs.written(tmp_path, meta, entries)
    if "meta.yaml" in entries and entries["meta.yaml"] is None:
        (run / "meta.yaml").unlink(missing_ok=True)

    with pytest.raises(InvalidError) as refused:
        intake.read(run)

    assert str(refused.value).startswith(f"{run}{sentence}")
    assert refused.value.hint


LINKS = ["metrics/secret", "params/secret", "tags/secret", "artifacts/secret", "metrics", "params", "artifacts", "outputs"]


@pytest.mark.parametrize("where", LINKS)
def test_a_link_in_a_run_is_refused_and_never_followed(where, tmp_path):
    run = runs.written(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("1 1 1")
    if (run / where).is_dir():
        (run / where).rename(tmp_path / "moved")
    (run / where).symlink_to(tmp_path / "outside" / "secret" if "/" in where else tmp_path / "outside")

    with pytest.raises(InvalidError) as refused:
        intake.read(run)

    assert str(refused.value) == f"{run}/{where}: this is a link, which is not followed"


def test_meta_yaml_that_is_a_link_makes_no_run(tmp_path):
    run = runs.written(tmp_path)
    (run / "meta.yaml").rename(tmp_path / "meta.yaml")
    (run / "meta.yaml").symlink_to(tmp_path / "meta.yaml")

    with pytest.raises(InvalidError, match=r"this folder has no meta\.yaml"):
        intake.read(run)


@pytest.mark.parametrize("name", ["..", "m-x", "../../../outside"])
def test_an_output_that_is_called_like_a_path_leads_nowhere(name, tmp_path):
    run = runs.written(tmp_path)
    (run / "outputs" / name).mkdir(parents=True, exist_ok=True)

    facts = intake.read(run)

    assert sorted(facts["artifacts"]) == ["old", "plot.txt", "tables", "weights.pkl"]


def test_a_model_beside_the_run_that_is_a_link_is_refused(tmp_path):
    run = runs.written(tmp_path)
    kept = runs.with_model(run)
    kept.rename(tmp_path / "outside")
    kept.symlink_to(tmp_path / "outside")

    with pytest.raises(InvalidError, match="this is a link, which is not followed"):
        intake.read(run)


def test_what_cannot_be_read_is_named(tmp_path):
    run = runs.written(tmp_path)
    os.mkfifo(run / "params" / "pipe")

    with pytest.raises(UsageError) as refused:
        intake.read(run)

    assert str(refused.value) == f"'{run}/params/pipe' is no regular file"


def test_parameters_named_like_a_secret_are_masked_and_the_person_is_told(tmp_path):
    run = runs.written(tmp_path, entries={"params/api_key": "0123456789", "params/db/password": "open sesame", "params/max_tokens": "12"})

    with pytest.warns(GitregWarning, match="not recorded, for it looks like a secret: api_key, db/password"):
        facts = intake.read(run)

    assert (facts["params"]["api_key"], facts["params"]["db/password"], facts["params"]["max_tokens"]) == ("***", "***", 12)
