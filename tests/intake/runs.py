"""The folder of an MLflow run, written as MLflow 2 and 3 write it (seen with 3.17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ID = "488d6a5a62fc4d8297fc13d64809d64c"
EXPERIMENT = "448302015287010428"
MODEL = "m-21821a44c76549bba98afdfb4abe9eb0"

_META = {
    "artifact_uri": "file:///nowhere/artifacts", "end_time": 1795826781176, "entry_point_name": "''", "experiment_id": f"'{EXPERIMENT}'",
    "lifecycle_stage": "active", "run_id": ID, "run_name": "first", "source_name": "''", "source_type": 4, "source_version": "''",
    "start_time": 1795826779440, "status": 3, "tags": "[]", "user_id": "name",
}  # fmt: skip
_ENTRIES = {
    "metrics/loss": "1795826715053 1.0 0\n1795826715053 0.5 1\n1795826715054 0.25 2\n",
    "metrics/val/auc": "1795826715054 0.9 0\n",
    "metrics/ds": "1795826779468 1.5 4 train d0ca2a63\n1795826779469 1.0 3 train d0ca2a63\n",
    "params/C": "1.0",
    "params/kernel": "rbf",
    "params/nested/shuffle": "true",
    "params/version": "1.10",
    "tags/mlflow.note.content": "first try",
    "tags/mlflow.runName": "first",
    "tags/mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567",
    "tags/mlflow.source.git.repoURL": "https://user:token@example.org/churn.git",
    "tags/mlflow.source.name": "train.py",
    "tags/mlflow.user": "name",
    "tags/team": "vision",
    "tags/nightly": "",
    "artifacts/plot.txt": "a plot",
    "artifacts/weights.pkl": "none",
    "artifacts/old/MLmodel": "flavors: {}\n",
    "artifacts/tables/a.csv": "1,2\n",
}


def written(folder: Path, meta: dict | None = None, entries: dict[str, str] | None = None) -> Path:
    """Write a run below *folder*, with these fields of ``meta.yaml`` and entries changed (None takes one out), and return its folder."""
    run = folder / "mlruns" / EXPERIMENT / ID
    fields = {name: value for name, value in {**_META, **(meta or {})}.items() if value is not None}
    texts = {**_ENTRIES, "meta.yaml": "".join(f"{name}: {value}\n" for name, value in fields.items()), **(entries or {})}
    for name, text in texts.items():
        if text is not None:
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text(text)
    return run


def with_model(run: Path) -> Path:
    """Add the model that MLflow 3 keeps beside the runs of an experiment, and return where its files are."""
    named = run / "outputs" / MODEL / "meta.yaml"
    named.parent.mkdir(parents=True)
    named.write_text(f"destination_id: {MODEL}\ndestination_type: MODEL_OUTPUT\nsource_id: {MODEL}\nsource_type: RUN_OUTPUT\nstep: 0\ntags: {{}}\n")
    kept = run.parent / "models" / MODEL
    (kept / "artifacts").mkdir(parents=True)
    (kept / "meta.yaml").write_text(f"artifact_location: file:///nowhere/artifacts\nmodel_id: {MODEL}\nmodel_type: null\nname: forest\nstatus: 2\n")
    (kept / "artifacts" / "MLmodel").write_text("flavors: {}\n")
    return kept / "artifacts"
