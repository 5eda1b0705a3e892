"""Which files of a version are looked into, and what is done with what cannot be."""

from __future__ import annotations

import os
import time

import joblib
import numpy as np
import pytest
from safetensors.numpy import save_file

from gitreg import formats


@pytest.mark.parametrize("name", ["notes.txt", "m.onnx", "m.pkl", "m.safetensors", "m.pt"])
def test_a_text_says_nothing_by_whatever_name(name, tmp_path):
    (tmp_path / name).write_text("these are notes\n")

    assert formats.header(tmp_path / name) is None


def test_a_file_that_cannot_be_read_is_the_callers_business(tmp_path):
    with pytest.raises(FileNotFoundError):
        formats.header(tmp_path / "m.onnx")


def test_a_pipe_or_folder_says_nothing_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.pkl")

    assert formats.header(tmp_path / "m.pkl") is None
    assert formats.header(tmp_path) is None


@pytest.mark.parametrize("name", ["m.safetensors", "m.onnx", "m.joblib", "m.pt"])
def test_a_sparse_file_of_five_gigabytes_takes_no_time(name, tmp_path):
    with (tmp_path / name).open("wb") as file:
        file.truncate(5 << 30)
    begun = time.process_time()

    found = formats.header(tmp_path / name)

    assert found is None
    assert time.process_time() - begun < 2


def test_headers_are_those_of_local_files_of_kind_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_file({"w": np.zeros(2, np.float32)}, "m.safetensors")
    address = "file://" + str(tmp_path / "m.safetensors")

    found = formats.headers({
        "path": "m.safetensors", "map": {"kind": "model", "uri": tmp_path / "m.safetensors"}, "address": {"kind": "model", "uri": address},
        "data": {"kind": "data", "uri": "m.safetensors"}, "far": {"kind": "model", "uri": "s3://bucket/m.safetensors"}, "gone": "gone.onnx",
        "odd": 7, "null": "a\0b", "no uri": {"kind": "model"}, "bytes": {"kind": "model", "uri": b"m.safetensors"},
    })  # fmt: skip

    assert sorted(found) == ["address", "map", "path"]
    assert found["path"] == {"format": "safetensors", "parameters": 2, "dtypes": ["F32"], "tensor_count": 1, "tensors": {"w": [2]}}


def test_what_is_no_map_of_artifacts_has_no_headers():
    assert formats.headers(["model"]) == {}


def test_a_folder_gives_the_headers_of_its_files_and_tensors_only_where_there_is_one_file(tmp_path, estimator):
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    save_file({"w": np.zeros(2, np.float32)}, folder / "model.safetensors")
    alone = formats.headers({"model": folder})
    joblib.dump(estimator, folder / "deep" / "m.joblib")
    (folder / "config.json").write_text("{}")
    (folder / "link.pkl").symlink_to("deep/m.joblib")

    both = formats.headers({"model": folder})

    assert alone["model/model.safetensors"]["tensors"] == {"w": [2]}
    assert {key: "tensors" in header for key, header in both.items()} == {"model/model.safetensors": False, "model/deep/m.joblib": False}


def test_of_a_folder_the_first_twenty_files_are_looked_into(tmp_path):
    for index in range(30):
        save_file({"w": np.zeros(2, np.float32)}, tmp_path / f"shard-{index:02}.safetensors")

    found = formats.headers({"model": tmp_path})

    assert list(found) == [f"model/shard-{index:02}.safetensors" for index in range(20)]
