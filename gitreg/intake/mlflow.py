"""The folder of one MLflow run, as MLflow 2 and 3 write it: ``mlruns/<experiment>/<run id>/``.

Only this folder is read, and beside it the models that MLflow 3 says the run put out; addresses in it are not followed, nor are links.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.formats import ENDINGS
from gitreg.intake import documents, files
from gitreg.intake.typed import guessed
from gitreg.names import shown
from gitreg.records import timestamp
from gitreg.secrets import MASK, is_secret_name, without_credentials
from gitreg.store.codec import DEEPEST
from gitreg.warned import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

_META = "meta.yaml"
_OWN = "mlflow."  # tags that MLflow sets
_MOST = 10_000  # entries of metrics, params or tags
_MOST_ARTIFACTS = 1_000  # at the top of a run's artifacts
_LONGEST_HISTORY = 64 << 20  # bytes of one metric's file
_MODEL_ENDINGS = (*ENDINGS, ".keras", ".h5", ".tflite", ".pb", ".gguf", ".ubj", ".cbm", ".mlmodel")
_MODEL_ID = r"m-[0-9a-f]{32}"
_STATUS = {1: "running", 2: "running", 4: "failed", 5: "failed"}  # scheduled is running; 3 is finished
_ENDED = {4: "MLflow recorded this run as failed", 5: "MLflow recorded this run as killed"}


class _Value(NamedTuple):
    step: int
    at: int
    number: float


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the facts of a version that an MLflow run made.

    The last value of each metric counts, which is that of the highest step; one that is NaN or infinite is passed over, with a warning. A parameter is a number or boolean where
    ``--param`` would take it for one. Tags are ``key=value``.

    Raises:
        InvalidError: the folder is no run, the run was deleted, or there is a link in it.
    """
    folder = os.fspath(path)
    meta = _meta(folder)
    texts = {kind: dict(_texts(folder, kind)) for kind in ("params", "tags")}
    tags, status = texts["tags"], meta.get("status")
    return {
        "metrics": _finite({name: _last(file) for name, file in _entries(folder, "metrics")}),
        "params": _without_secrets({name: guessed(text) for name, text in texts["params"].items()}),
        "tags": [f"{name}={text}" if text else name for name, text in tags.items() if not name.startswith(_OWN)],
        "metadata": {"mlflow": _about(meta, tags)},
        "artifacts": dict(_artifacts(folder)) | dict(_models(folder)),
        "run": _run(folder, meta, tags),
        **({"description": tags["mlflow.note.content"]} if tags.get("mlflow.note.content") else {}),
        **({"status": _STATUS[status]} if status in _STATUS else {}),
    }


def _without_secrets(params: dict[str, Any]) -> dict[str, Any]:
    """Return *params* with ``***`` for those named like a secret; whoever reads warnings is told which."""
    hidden = [name for name, value in params.items() if value is not None and not isinstance(value, bool) and is_secret_name(name.rpartition("/")[2])]
    if hidden:
        warn(f"not recorded, for it looks like a secret: {', '.join(map(shown, hidden))}")
    return {**params, **dict.fromkeys(hidden, MASK)}


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    """Return *metrics* without those that are NaN or infinite; whoever reads warnings is told which."""
    lost = [name for name, value in metrics.items() if value - value != 0]
    if lost:
        warn(f"not recorded, for it is not a finite number: {', '.join(f'{shown(name)} ({metrics[name]})' for name in lost)}")
    return {name: value for name, value in metrics.items() if name not in lost}


def _meta(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, _META)
    if os.path.islink(path) or not os.path.isfile(path):
        files.refuse(f"this folder has no {_META}, and so is no run of MLflow: {files.UNDERSTOOD}", folder)
    meta = documents.yaml(files.whole(path), path)
    if not isinstance(meta, dict):
        files.refuse("expected a map", path, 1)
    if not isinstance(meta.get("run_id", meta.get("run_uuid")), str):
        files.refuse("there is no run_id: give the folder of one run, which stands below its experiment's", path)
    if meta.get("lifecycle_stage", "active") != "active":
        files.refuse("the run was deleted in MLflow", path, field="lifecycle_stage")
    return meta


def _about(meta: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    about = {
        "run_name": meta.get("run_name") or tags.get("mlflow.runName"),
        "experiment_id": meta.get("experiment_id"),
        "user": meta.get("user_id") or tags.get("mlflow.user"),
        "source": tags.get("mlflow.source.name") or meta.get("source_name"),
    }
    return {name: str(value) for name, value in about.items() if value}


def _run(folder: str, meta: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    repository, commit = tags.get("mlflow.source.git.repoURL"), tags.get("mlflow.source.git.commit") or meta.get("source_version")
    code = {"repository": repository and without_credentials(repository), "commit": commit}
    run = {
        "id": meta.get("run_id", meta.get("run_uuid")),
        "started_at": _moment(folder, meta, "start_time"),
        "finished_at": _moment(folder, meta, "end_time"),
        "code": {name: value for name, value in code.items() if value} or None,
        "error": _ENDED.get(meta.get("status", 3)),
    }
    return {name: value for name, value in run.items() if value}


def _moment(folder: str, meta: dict[str, Any], field: str) -> str | None:
    """Return a time of the run, which MLflow keeps in milliseconds."""
    value = meta.get(field)
    if value is None:
        return None
    if isinstance(value, int) and 0 <= value < 2**47:
        return timestamp(datetime.fromtimestamp(value / 1000, UTC))
    return files.refuse("expected milliseconds since 1970", os.path.join(folder, _META), field=field)


def _entries(folder: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield name and path of each entry of *kind*: a name may have slashes, which are folders."""
    top = os.path.join(folder, kind)
    found = sorted(islice(_below(top, ""), _MOST + 1))
    if len(found) > _MOST:
        files.refuse(f"there are more than {_MOST:,} entries", top)
    yield from ((name, os.path.join(top, name)) for name in found)


def _below(top: str, below: str) -> Iterator[str]:
    path = os.path.join(top, below) if below else top
    _refuse_link(path)
    if not os.path.isdir(path):
        return
    if below.count("/") >= DEEPEST:
        files.refuse(f"this is nested deeper than {DEEPEST} folders", path)
    for entry in _listed(path, _MOST):
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _below(top, name)
        else:
            yield name


def _listed(folder: str, most: int) -> list[os.DirEntry[str]]:
    """Return what stands in a folder, by name; a link in it is refused."""
    with os.scandir(folder) as scanned:
        entries = sorted(islice(scanned, most + 1), key=lambda entry: entry.name)
    if len(entries) > most:
        files.refuse(f"there are more than {most:,} entries", folder)
    for entry in entries:
        _refuse_link(entry.path)
    return entries


def _refuse_link(path: str) -> None:
    if os.path.islink(path):
        files.refuse("this is a link, which is not followed", path)


def _texts(folder: str, kind: str) -> Iterator[tuple[str, str]]:
    for name, path in _entries(folder, kind):
        try:
            yield name, files.whole(path).decode("utf-8")
        except UnicodeDecodeError:
            files.refuse("this is not UTF-8", path)


def _last(path: str) -> float:
    """Return the value of a metric at its highest step, the latest where there are several, as MLflow's own ``latest`` does."""
    best: _Value | None = None
    for number, line in enumerate(files.lines(path, _LONGEST_HISTORY), 1):
        if line.strip():
            value = _value(path, number, line.split())
            best = value if best is None or value > best else best
    if best is None:
        files.refuse("the metric has no value", path)
    return best.number


def _value(path: str, line: int, words: list[bytes]) -> _Value:
    """Return time, value and step of a line; the words behind them name a dataset."""
    try:
        return _Value(int(words[2]) if len(words) > 2 else 0, int(words[0]), float(words[1]))
    except (ValueError, IndexError):
        return files.refuse("expected a time, a number and a step", path, line)


def _artifacts(folder: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what stands in the run's folder of artifacts: each file and folder at its top is one."""
    top = os.path.join(folder, "artifacts")
    _refuse_link(top)
    for entry in _listed(top, _MOST_ARTIFACTS) if os.path.isdir(top) else ():
        model = os.path.isfile(os.path.join(entry.path, "MLmodel")) if entry.is_dir() else entry.name.lower().endswith(_MODEL_ENDINGS)
        yield entry.name, {"kind": "model" if model else "data", "uri": entry.path}


def _models(folder: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the models that MLflow 3 keeps beside the experiment's runs, and names in the run's ``outputs``."""
    outputs = os.path.join(folder, "outputs")
    _refuse_link(outputs)
    for model in (entry.name for entry in _listed(outputs, _MOST_ARTIFACTS)) if os.path.isdir(outputs) else ():
        place = os.path.normpath(os.path.join(os.path.abspath(folder), "..", "models", model))
        meta, kept = os.path.join(place, _META), os.path.join(place, "artifacts")
        if not re.fullmatch(_MODEL_ID, model) or not os.path.isfile(meta) or not os.path.isdir(kept):
            continue  # it is kept elsewhere, or was deleted
        for path in (os.path.dirname(place), place, meta, kept):
            _refuse_link(path)
        about = documents.yaml(files.whole(meta), meta)
        name = about.get("name") if isinstance(about, dict) else None
        yield name if isinstance(name, str) and name else model, {"kind": "model", "uri": kept}
