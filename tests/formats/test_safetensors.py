"""safetensors: what the library wrote is read, and nothing that lies."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from gitreg import formats


def written(path, header, room=0):
    """Write a file with this header, text or JSON-like, and *room* bytes behind it."""
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(data)) + data + bytes(room))
    return path


def test_shapes_types_and_framework_are_those_that_the_library_wrote(tmp_path):
    save_file({"w": np.zeros((3, 4), np.float32), "b": np.zeros(4, np.float16), "n": np.zeros((), np.int64)}, tmp_path / "m.safetensors", metadata={"format": "pt"})

    found = formats.header(tmp_path / "m.safetensors")

    assert found == {
        "format": "safetensors", "framework": "pytorch", "parameters": 17, "dtypes": ["F16", "F32", "I64"], "tensor_count": 3,
        "tensors": {"n": [], "w": [3, 4], "b": [4]},
    }  # fmt: skip


def test_the_content_decides_and_not_the_name(tmp_path):
    save_file({"w": np.zeros(2, np.float32)}, tmp_path / "model.bin")

    found = formats.header(tmp_path / "model.bin")

    assert found["format"] == "safetensors"


def test_a_length_that_looks_like_a_pickle_is_no_pickle(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(0x0280)

    found = formats.header(written(tmp_path / "m.pkl", header, 4))

    assert found["format"] == "safetensors"


def test_of_many_tensors_200_are_listed_and_all_are_counted(tmp_path):
    save_file({f"layer.{index}": np.zeros((2, 3), np.float32) for index in range(500)}, tmp_path / "m.safetensors")

    found = formats.header(tmp_path / "m.safetensors")

    assert (len(found["tensors"]), found["tensor_count"], found["parameters"]) == (200, 500, 3000)


def test_a_framework_that_is_not_known_is_left_out(tmp_path):
    save_file({"w": np.zeros(2, np.float32)}, tmp_path / "m.safetensors", metadata={"format": "\x1b[2J"})

    found = formats.header(tmp_path / "m.safetensors")

    assert "framework" not in found


def test_names_are_cut_to_a_length_and_to_what_a_file_can_hold(tmp_path):
    header = b'{"' + b"n" * 5000 + b'": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}'

    found = formats.header(written(tmp_path / "m.safetensors", header, 4))

    assert list(found["tensors"]) == ["n" * 200]


TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
HOSTILE = {
    "nothing": b"",
    "less than a length": b"\x10\0\0",
    "a length beyond the file": struct.pack("<Q", 1 << 62) + b"{}",
    "a length of nothing": struct.pack("<Q", 0) + b"{}",
    "a header cut off": struct.pack("<Q", 100) + b'{"w": {',
    "JSON that is none": struct.pack("<Q", 9) + b'{"w": nul',
    "maps without end": struct.pack("<Q", 500_000) + b'{"a":' * 100_000,
    "lists without end": struct.pack("<Q", 1_000_005) + b'{"a":' + b"[" * 1_000_000,
    "not UTF-8": struct.pack("<Q", 9) + b'{"\xff\xfe": 1}',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_bytes_that_are_no_header_give_nothing(what, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(HOSTILE[what])

    assert formats.header(tmp_path / "m.safetensors") is None


LIES = {
    "a place behind the end": {"w": TENSOR | {"data_offsets": [0, 5]}},
    "a place before the start": {"w": TENSOR | {"data_offsets": [-4, 0]}},
    "a place that ends before it starts": {"w": TENSOR | {"data_offsets": [4, 0]}},
    "a side below zero": {"w": TENSOR | {"shape": [-1]}},
    "a side that is a boolean": {"w": TENSOR | {"shape": [True]}},
    "a side beyond 64 bits": {"w": TENSOR | {"shape": [2**64]}},
    "more numbers than 64 bits count": {"w": TENSOR | {"shape": [2**40, 2**40]}},
    "sides without end": {"w": TENSOR | {"shape": [1] * 1000}},
    "a tensor that is a text": {"w": "F32"},
    "metadata that is a list": {"__metadata__": [1], "w": TENSOR},
}


@pytest.mark.parametrize("what", LIES)
def test_a_header_that_lies_gives_nothing(what, tmp_path):
    assert formats.header(written(tmp_path / "m.safetensors", LIES[what], 4)) is None
