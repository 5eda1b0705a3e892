"""What a run's model files say of themselves is recorded with them, whoever of the run recorded which."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from safetensors.numpy import save_file

import gitreg
from gitreg import ArtifactConfig, Model, step


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``, beside two models."""
    monkeypatch.chdir(iris.path)
    for name, size in (("a", 2), ("b", 3)):
        save_file({"w": np.zeros(size, np.float32)}, f"{name}.safetensors")


def counts(version):
    return {name: header["parameters"] for name, header in version.metadata["files"].items()}


def test_each_file_that_is_linked_has_its_header(iris):
    with gitreg.run("iris") as model:
        model.log_metadata({"seed": 3})
        model.link_artifact("first", "a.safetensors")
        model.link_artifact("second", "b.safetensors")
        model.link_artifact("rows", "a.safetensors", kind="data")

    version = iris.get("iris@4")
    assert (counts(version), version.metadata["seed"]) == ({"first": 2, "second": 3}, 3)


def test_the_value_of_a_step_has_its_header(iris):
    @step
    def train() -> Annotated[Path, ArtifactConfig("classifier", kind="model")]:
        return Path("a.safetensors")

    with gitreg.run("iris"):
        train()

    assert counts(iris.get("iris@4")) == {"classifier": 2}


def test_files_before_and_after_the_version_was_reserved_both_have_theirs(iris):
    with gitreg.run("iris") as model:
        model.link_artifact("first", "a.safetensors")
        assert model.number == 4
        model.link_artifact("second", "b.safetensors")

    assert counts(iris.get("iris@4")) == {"first": 2, "second": 3}


def test_a_version_that_was_there_keeps_the_headers_it_had(iris):
    iris.update("iris@3", artifacts={"first": "a.safetensors"})

    with gitreg.run(Model("iris", version=3)) as model:
        model.link_artifact("second", "b.safetensors")

    assert counts(iris.get("iris@3")) == {"first": 2, "second": 3}


def test_a_key_of_a_persons_own_is_left_alone(iris):
    with gitreg.run("iris") as model:
        model.log_metadata({"files": "on tape"})
        model.link_artifact("first", "a.safetensors")

    assert iris.get("iris@4").metadata == {"files": "on tape"}


def test_a_persons_own_word_about_a_file_wins(iris):
    with gitreg.run("iris") as model:
        model.log_metadata({"files": {"first": {"framework": "jax"}}})
        model.link_artifact("first", "a.safetensors")
        model.link_artifact("second", "b.safetensors")

    assert iris.get("iris@4").metadata["files"]["first"] == {"framework": "jax"}
    assert iris.get("iris@4").metadata["files"]["second"]["parameters"] == 3
