"""ONNX: what is read without the library is what the library says."""

from __future__ import annotations

import random

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from gitreg import formats


def test_everything_that_describes_the_model_is_read(onnx_model, tmp_path):
    onnx.save(onnx_model, tmp_path / "m.onnx")

    found = formats.header(tmp_path / "m.onnx")

    assert found == {
        "format": "onnx", "framework": "pytorch", "framework_version": "2.5.1", "producer": "pytorch 2.5.1", "ir_version": 8,
        "opset": {"ai.onnx": 17, "ai.onnx.ml": 3},
        "inputs": {"x": {"type": "float32", "shape": ["batch", 4]}},
        "outputs": {"y": {"type": "float32", "shape": ["batch", 3]}},
        "parameters": 13, "dtypes": ["float32", "float64"], "tensor_count": 2, "tensors": {"weights": [4, 3], "scale": []},
    }  # fmt: skip


def test_it_says_of_every_type_what_the_library_calls_it(tmp_path):
    from gitreg.formats.onnx import _TYPES

    known = {number: name.lower() for name, number in onnx.TensorProto.DataType.items() if number in _TYPES}

    ours = {number: {"float32": "float", "float64": "double"}.get(name, name) for number, name in _TYPES.items()}

    assert ours == known


def test_only_pytorch_writes_its_own_version_as_that_of_the_producer(onnx_model, tmp_path):
    model = onnx.ModelProto()
    model.CopyFrom(onnx_model)
    model.producer_name, model.producer_version = "skl2onnx", "1.17"
    onnx.save(model, tmp_path / "m.onnx")

    found = formats.header(tmp_path / "m.onnx")

    assert (found["framework"], found["producer"], "framework_version" in found) == ("scikit-learn", "skl2onnx 1.17", False)


def test_weights_in_another_file_are_counted_and_not_opened(onnx_model, tmp_path):
    model = onnx.ModelProto()
    model.CopyFrom(onnx_model)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()

    found = formats.header(tmp_path / "m.onnx")

    assert found["parameters"] == 13


def test_of_a_large_file_only_a_little_is_read(tmp_path, monkeypatch):
    weights = [numpy_helper.from_array(np.zeros(1 << 20, np.float32), f"w{index}") for index in range(8)]
    output = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    nodes = [helper.make_node("Identity", ["w0"], ["y"]) for _ in range(100)]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [], [output], weights)), tmp_path / "m.onnx")
    with open(tmp_path / "m.onnx", "rb") as file:
        counting = Counting(file)

        found = formats.onnx.header(counting, (tmp_path / "m.onnx").stat().st_size)

    assert found["parameters"] == 8 << 20
    assert counting.read_bytes < 20_000 < (tmp_path / "m.onnx").stat().st_size


class Counting:
    """A file that counts what is read of it."""

    def __init__(self, file):
        self.file, self.read_bytes = file, 0

    def seek(self, at):
        return self.file.seek(at)

    def read(self, size):
        data = self.file.read(size)
        self.read_bytes += len(data)
        return data


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_gives_nothing(share, onnx_model, tmp_path):
    data = onnx_model.SerializeToString()
    (tmp_path / "m.onnx").write_bytes(data[: int(len(data) * share)])

    assert formats.header(tmp_path / "m.onnx") is None


HOSTILE = {
    "nothing": b"",
    "text": b"hello, this is no model",
    "a number without end": b"\x08" + b"\xff" * 100,
    "a length beyond the file": b"\x08\x08\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "groups, which nobody writes": b"\x08\x08\x3b\x3b\x3b",
    "fields without end": b"\x08\x08" * 400_000,
    "a graph that is a number": b"\x08\x08\x38\x01",
    "a producer that is a number": b"\x08\x08\x10\x01",
    "no graph": b"\x08\x08",
    "a side beyond 64 bits": b"\x08\x08\x3a\x0d\x2a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "a tensor of a thousand sides": b"\x08\x08\x3a\xd3\x0f\x2a\xd0\x0f" + b"\x08\x01" * 1000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_bytes_that_are_no_model_give_nothing(what, tmp_path):
    (tmp_path / "m.onnx").write_bytes(HOSTILE[what])

    assert formats.header(tmp_path / "m.onnx") is None


def test_no_flipped_byte_raises(onnx_model, tmp_path):
    data, chance = onnx_model.SerializeToString(), random.Random(7)

    for _ in range(300):
        flipped = bytearray(data)
        for _ in range(3):
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        (tmp_path / "m.onnx").write_bytes(flipped)
        found = formats.header(tmp_path / "m.onnx")

        assert found is None or found["format"] == "onnx"
