"""What a step returns under a name: numbers are metrics, the rest are artifacts."""

from __future__ import annotations

import json
import pickle
import types
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pytest

import gitreg
from gitreg import ArtifactConfig, GitregWarning, Model, UsageError, pipeline, step
from gitreg.artifacts.digest import fingerprint
from gitreg.runs.outputs import named


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``, which has three versions."""
    monkeypatch.chdir(iris.path)


class Fitted(NamedTuple):
    weights: list


def returned(function):
    @pipeline(model=Model("iris"))
    def training():
        return step(function)()

    return training()


def test_a_number_under_a_name_is_a_metric(iris):
    def evaluate() -> tuple[Annotated[float, "accuracy"], Annotated[int, "errors"], float]:
        return np.float64(0.75), 3, 1.0

    returned(evaluate)

    assert iris.get("iris@4").metrics == {"accuracy": 0.75, "errors": 3}
    assert iris.get("iris@4").artifacts == {}


def test_a_path_under_a_name_is_the_file_it_names(iris):
    def report() -> Annotated[Path, ArtifactConfig("report", kind="data")]:
        Path("report.txt").write_text("good")
        return Path("report.txt")

    returned(report)

    artifact = iris.get("iris@4").artifacts["report"]
    assert (artifact.kind, artifact.uri, artifact.size) == ("data", "report.txt", 4)


@pytest.mark.parametrize(("value", "ending", "read"), [
    (b"\0\1", ".bin", lambda file: file.read_bytes()),
    ("grüße", ".txt", lambda file: file.read_text(encoding="utf-8")),
    ({"a": [1, None]}, ".json", lambda file: json.loads(file.read_text())),
    ([1, 2], ".json", lambda file: json.loads(file.read_text())),
    (True, ".json", lambda file: json.loads(file.read_text())),
    (Fitted([1.0]), ".pkl", lambda file: pickle.loads(file.read_bytes())),
    ({"a": {1, 2}}, ".pkl", lambda file: pickle.loads(file.read_bytes())),
], ids=["bytes", "text", "map", "list", "boolean", "object", "map of a set"])  # fmt: skip
def test_another_value_under_a_name_is_written_to_a_file(iris, value, ending, read):
    def make() -> Annotated[object, "value of it"]:
        return value

    with pytest.warns(GitregWarning):
        returned(make)

    artifact = iris.get("iris@4").artifacts["value of it"]
    file = Path(artifact.uri.removeprefix("file://"))
    assert (artifact.kind, file.suffix, read(file)) == ("model", ending, value)
    assert fingerprint(str(file)).sha256 == artifact.sha256


def test_an_array_is_written_without_pickle(iris):
    def make() -> Annotated[np.ndarray, "weights"]:
        return np.arange(3.0)

    with pytest.warns(GitregWarning):
        returned(make)

    file = iris.get("iris@4").artifacts["weights"].uri.removeprefix("file://")
    assert np.load(file, allow_pickle=False).tolist() == [0.0, 1.0, 2.0]


def test_the_same_value_twice_is_one_file(iris, tmp_path):
    def make() -> Annotated[dict, "config"]:
        return {"depth": 3}

    with pytest.warns(GitregWarning):
        returned(make)
        returned(make)

    assert iris.get("iris@4").artifacts == iris.get("iris@5").artifacts


def test_nothing_under_a_name_is_nothing(iris):
    def make() -> Annotated[dict | None, "config"]:
        return None

    returned(make)

    assert iris.get("iris@4").artifacts == {}


def test_a_value_that_cannot_be_written_is_told():
    def make() -> Annotated[object, "callback"]:
        return lambda: None

    with pytest.raises(UsageError, match="'callback' cannot be written to a file"):
        returned(make)


@pytest.mark.parametrize("value", [float("nan"), float("inf")], ids=str)
def test_a_number_that_is_not_finite_is_told(value):
    def make() -> Annotated[float, "loss"]:
        return value

    with pytest.raises(UsageError, match=r"metrics\.loss: (nan|inf) is not a finite number"):
        returned(make)


def test_a_tuple_that_is_too_short_is_told():
    def make() -> tuple[Annotated[float, "a"], Annotated[float, "b"]]:
        return (1.0,)

    with pytest.raises(UsageError, match="make is to return 2 values, as its annotation says"):
        returned(make)


def test_a_step_outside_a_run_writes_nothing(iris):
    @step
    def make() -> Annotated[dict, "config"]:
        return {"depth": 3}

    assert make() == {"depth": 3}
    assert len(iris.versions("iris")) == 3


def test_what_a_step_returns_in_a_script_is_recorded_too(iris):
    @step
    def evaluate() -> Annotated[float, "accuracy"]:
        return 0.5

    with gitreg.run("iris"):
        evaluate()

    assert iris.get("iris@4").metrics == {"accuracy": 0.5}


def test_a_name_that_is_only_there_for_types_names_all_the_same():
    def make(data: AlsoMissing) -> tuple[Annotated[Missing, "model"], Annotated[list[Other], "rows"]]: ...  # noqa: F821 - that is the point

    assert [config.name for config in named(make)[0]] == ["model", "rows"]


def test_an_annotation_whose_word_is_only_there_for_types_is_told():
    def make() -> ArtifactConfig: ...

    make = types.FunctionType(make.__code__, {name: value for name, value in globals().items() if name != "Annotated"}, "make")
    make.__annotations__ = {"return": "Annotated[float, 'auc']"}

    with pytest.warns(GitregWarning, match="step make: what it returns has no name, for Annotated is only there for types"):
        assert named(make) == ((None,), False)


def test_two_steps_that_return_one_name_are_told(iris):
    @step
    def accuracy(fold) -> Annotated[float, "accuracy"]:
        return fold / 10

    @pipeline(model=Model("iris"))
    def training():
        for fold in range(3):
            accuracy(fold)

    with pytest.warns(GitregWarning, match=r"steps accuracy and accuracy_[23] both return 'accuracy': the last one counts"):
        training()

    assert iris.get("iris@4").metrics == {"accuracy": 0.2}
