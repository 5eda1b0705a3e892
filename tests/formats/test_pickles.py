"""Pickles: their classes are read off the opcodes, and nothing in them ever runs."""

from __future__ import annotations

import gzip
import os
import pickle
import random
import time
import zipfile
import zlib
from collections import OrderedDict

import joblib
import numpy as np
import pytest
import sklearn

from gitreg import formats

PIPELINE = {"framework": "scikit-learn", "framework_version": sklearn.__version__, "class": "sklearn.pipeline.Pipeline"}


@pytest.mark.parametrize("protocol", range(1, 6))
def test_a_pickle_of_every_protocol_names_class_framework_and_version(protocol, estimator, tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(estimator, protocol=protocol))

    assert formats.header(tmp_path / "m.pkl") == {"format": "pickle", **PIPELINE}


def test_the_oldest_protocol_names_the_class(estimator, tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(estimator, protocol=0))

    assert formats.header(tmp_path / "m.pkl")["class"] == "sklearn.pipeline.Pipeline"


@pytest.mark.parametrize(("compress", "said"), [(0, {}), (("zlib", 3), {"compression": "zlib"}), (("gzip", 3), {"compression": "gzip"})])
def test_a_file_of_joblib_says_so_compressed_or_not(compress, said, estimator, tmp_path):
    joblib.dump(estimator, tmp_path / "m.joblib", compress=compress)

    assert formats.header(tmp_path / "m.joblib") == {"format": "joblib", **said, **PIPELINE}


def test_an_estimator_in_a_map_is_found(estimator, tmp_path):
    joblib.dump({"columns": np.arange(5), "extra": OrderedDict(), "model": estimator}, tmp_path / "m.joblib")

    assert formats.header(tmp_path / "m.joblib") == {"format": "joblib", **PIPELINE}


def test_the_version_is_found_behind_megabytes_of_numbers(tmp_path):
    from sklearn.preprocessing import FunctionTransformer

    large = FunctionTransformer(kw_args={"weights": np.random.default_rng(7).random(1 << 20)})
    joblib.dump(large, tmp_path / "m.joblib")

    found = formats.header(tmp_path / "m.joblib")

    assert found["framework_version"] == sklearn.__version__
    assert os.path.getsize(tmp_path / "m.joblib") > 8 << 20


class Runs:
    """A pickle that makes a file when it is loaded: proof that one was."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_would_run_code_runs_none(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Runs(tmp_path / "it-ran")))

    found = formats.header(tmp_path / "m.pkl")

    assert found == {"format": "pickle", "class": "posix.mkdir"}
    assert not (tmp_path / "it-ran").exists()
    pickle.loads((tmp_path / "m.pkl").read_bytes())  # the bait was good
    assert (tmp_path / "it-ran").exists()


def test_a_class_of_a_persons_own_has_the_framework_of_what_is_in_it(estimator, tmp_path, monkeypatch):
    monkeypatch.setattr(Runs, "__reduce__", object.__reduce__)
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Runs(estimator)))

    found = formats.header(tmp_path / "m.pkl")

    assert (found["class"], found["framework"]) == ("tests.formats.test_pickles.Runs", "scikit-learn")


@pytest.mark.parametrize("module", ["xgboost.sklearn", "lightgbm.sklearn", "catboost.core"])
def test_frameworks_are_known_by_the_module_of_the_class(module, tmp_path):
    name = module.encode()
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x8c" + bytes([len(name)]) + name + b"\x94\x8c\x05Model\x94\x93\x94)\x81\x94.")

    found = formats.header(tmp_path / "m.pkl")

    assert found == {"format": "pickle", "framework": module.partition(".")[0], "class": f"{module}.Model"}


def bomb(pack):
    """Return a pickle's first bytes and 300 MB of nothing behind, packed."""
    return pack(b"\x80\x04\x8c\x07sklearn" + bytes(300 << 20))


HOSTILE = {
    "a bomb of zlib": lambda: bomb(lambda data: zlib.compress(data, 9)),
    "a bomb of gzip": lambda: bomb(lambda data: gzip.compress(data, 9)),
    "half of a packed file": lambda: zlib.compress(pickle.dumps(list(range(1000))))[:50],
    "packed, but no pickle": lambda: zlib.compress(b"hello"),
    "bytes that only look packed": lambda: b"\x78\x9chello, this is no zlib",
    "a text that never ends": lambda: b"\x80\x04X\xff\xff\xff\x7fabc",
    "a text of 2^63 bytes": lambda: b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f",
    "an opcode that is none": lambda: b"\x80\x04\xff\xff\xff",
    "opcodes without end": lambda: b"\x80\x04" + b")0" * (1 << 20),
    "a stack that is empty": lambda: b"\x80\x04\x93\x94\x93.",
    "what was never kept": lambda: b"\x80\x04h\xffh\xfe\x93.",
    "a number of a million digits": lambda: b"\x80\x04L" + b"9" * 1_000_000 + b"L\n.",
    "a name that no file can hold": lambda: b"\x80\x04\x8c\x06a\xed\xa0\x80bc\x8c\x01x\x93.",
    "nothing": lambda: b"",
    "names without end": lambda: b"\x80\x04\xff" + b"csklearn." * 400_000,
    "versions without end": lambda: b"\x80\x04\xff" + b"_sklearn_version" * 300_000,
    "classes without end": lambda: b"\x80\x04" + b"csklearn.a\nB\n0" * 300_000,
    "a false version": lambda: b"\x80\x04" + b"_sklearn_version\x94\x8c\xff1.5" + b"\x1b[2J",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_gives_little_or_nothing_and_never_an_error(what, tmp_path):
    (tmp_path / "m.joblib").write_bytes(HOSTILE[what]())
    begun = time.process_time()

    found = formats.header(tmp_path / "m.joblib")

    assert time.process_time() - begun < 3
    assert found is None or set(found) <= {"format", "compression", "class", "framework", "framework_version"}
    assert "\x1b" not in str(found)


def test_of_a_bomb_no_more_than_a_bound_is_unpacked(tmp_path):
    import tracemalloc

    (tmp_path / "m.joblib").write_bytes(bomb(lambda data: zlib.compress(data, 9)))
    tracemalloc.start()

    formats.header(tmp_path / "m.joblib")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 32 << 20


def test_no_flipped_byte_raises(estimator, tmp_path):
    data, chance = pickle.dumps(estimator), random.Random(7)

    for _ in range(200):
        flipped = bytearray(data)
        for _ in range(5):
            flipped[chance.randrange(2, len(flipped))] = chance.randrange(256)
        (tmp_path / "m.pkl").write_bytes(flipped)

        assert formats.header(tmp_path / "m.pkl")["format"] == "pickle"


# -- the zip files of PyTorch ---------------------------------------------------------------------------------


def torch_file(path, *, members=("data/0", "data/1"), script=False, root="archive"):
    """Write what torch.save writes: a pickle, and a member for the bytes of each tensor, aligned and not packed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as made:
        made.writestr(f"{root}/data.pkl", b"\x80\x02}q\x00.")
        made.writestr(f"{root}/byteorder", b"little")
        for member in members:
            made.writestr(f"{root}/{member}", bytes(48))
        made.writestr(f"{root}/version", b"3\n")
        if script:
            made.writestr(f"{root}/code/__torch__.py", b"")
    return path


def test_a_file_of_pytorch_counts_its_tensors_and_their_bytes(tmp_path):
    found = formats.header(torch_file(tmp_path / "m.pt"))

    assert found == {"format": "pytorch", "framework": "pytorch", "tensor_count": 2, "bytes": 96}


def test_a_file_of_torchscript_is_told_apart(tmp_path):
    found = formats.header(torch_file(tmp_path / "m.pt", script=True, root="model"))

    assert found["format"] == "torchscript"


def test_a_file_of_pytorch_from_before_the_zip_files_is_known(tmp_path):
    (tmp_path / "m.pth").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")

    assert formats.header(tmp_path / "m.pth") == {"format": "pytorch", "framework": "pytorch"}


def test_another_zip_file_says_nothing(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.zeros(3))

    assert formats.header(tmp_path / "m.npz") is None


def test_a_zip_file_that_is_cut_off_or_lies_about_its_directory_says_nothing(tmp_path):
    data = torch_file(tmp_path / "m.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(data[:-30])
    at = data.rindex(b"PK\5\6")
    sparse = tmp_path / "lie.pt"
    sparse.write_bytes(data[:at])
    os.truncate(sparse, 3 << 30)
    with sparse.open("ab") as file:  # a directory of two gigabytes, says the end
        file.write(data[at : at + 12] + (2 << 30).to_bytes(4, "little") + data[at + 16 :])

    assert formats.header(tmp_path / "cut.pt") is None
    assert formats.header(sparse) is None
