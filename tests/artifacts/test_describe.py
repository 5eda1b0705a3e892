"""What is recorded of the files a person gives."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.artifacts.describe import Home, described
from gitreg.errors import ConflictError, GitregWarning, OnlyHereWarning, UsageError


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def nowhere():
    return None


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "model", "uri": "s3://bucket/x"},
        {"kind": "model", "uri": "https://example.org/x"},
        {"kind": "service", "uri": "localhost:8080"},
        {"kind": "data", "uri": "nowhere.csv", "sha256": "ab" * 32, "size": 1},
        {"kind": "data", "uri": "nowhere.csv", "md5": "ab" * 16},
    ],
    ids=["an object store", "the web", "a service", "a known digest", "a known md5"],
)
def test_what_is_not_a_local_file_is_recorded_as_given(item):
    assert described({"a": item}, Home(None), nowhere) == {"a": item}


def test_a_bare_path_is_a_model(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"abc")

    found = described({"m": tmp_path / "model.bin"}, Home(str(tmp_path)), nowhere)

    assert found == {"m": {"kind": "model", "uri": "model.bin", "sha256": sha256(b"abc"), "size": 3}}


def test_a_bare_address_is_a_model():
    assert described({"m": "s3://bucket/x"}, Home(None), nowhere) == {"m": {"kind": "model", "uri": "s3://bucket/x"}}


def test_a_file_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UsageError) as caught:
        described({"m": str(tmp_path / "nowhere")}, Home(None), nowhere)

    assert str(caught.value) == f"artifact 'm': there is no file '{tmp_path}/nowhere'"


def test_a_file_that_only_this_machine_has_is_told_of(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"abc")

    with pytest.warns(OnlyHereWarning, match=r"artifact 'm': only this machine has '.*/model\.bin'"):
        described({"m": tmp_path / "model.bin"}, Home(None), nowhere)


# -- in a registry ----------------------------------------------------------------------------------------


def test_register_hashes_what_it_is_given(registry, folder):
    inside = f"{registry.path}/data.csv"
    with open(inside, "wb") as file:
        file.write(b"1,2\n")

    version = registry.register("iris", artifacts={"model": folder, "train": {"kind": "data", "uri": inside}, "web": {"kind": "service", "uri": "https://example.org"}})

    model, train, web = (version.artifacts[name] for name in ("model", "train", "web"))
    assert (model.uri, model.folder, model.size, model.file) == (f"file://{folder}", True, 1002, None)
    assert (train.kind, train.uri, train.sha256, train.size) == ("data", "data.csv", sha256(b"1,2\n"), 4)
    assert (web.sha256, web.size) == (None, None)


def test_a_file_in_a_repository_around_the_registry_is_outside_it(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "data.csv").write_bytes(b"x")

    with Registry.init(tmp_path / "repo" / "ml") as registry:
        version = registry.register("iris", artifacts={"train": tmp_path / "repo" / "data.csv"})

    assert version.artifacts["train"].uri.startswith("file://")


def test_a_missing_file_registers_nothing(registry):
    before = registry.snapshot().commit

    with pytest.raises(UsageError, match=r"artifact 'model': there is no file 'nowhere\.bin'"):
        registry.register("iris", artifacts={"model": "nowhere.bin"})

    assert registry.snapshot().commit == before


def test_a_file_that_changes_while_it_is_hashed_registers_nothing(registry, tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(bytes(3_000_000))
    before = registry.snapshot().commit
    registry.watch = lambda *_: file.write_bytes(b"other")

    with pytest.raises(ConflictError, match="changed while it was hashed"):
        registry.register("iris", artifacts={"model": file})

    assert registry.snapshot().commit == before


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"uri": "s3://b/x"}, "artifacts.m.kind: this key is missing"),
        ({"kind": "thing", "uri": "s3://b/x"}, "artifacts.m.kind: expected one of"),
        ({"kind": "model"}, "artifacts.m.uri: this key is missing"),
        ({"kind": "model", "uri": "s3://b/x", "sha256": "abc"}, "artifacts.m.sha256: 'abc' is not of the form"),
        ({"kind": "model", "uri": "s3://b/x", "md5": "abc"}, "artifacts.m.md5: 'abc' is not of the form"),
        ({"kind": "model", "uri": "s3://b/x", "crc": "abc"}, "artifacts.m.crc: unknown key"),
        (7, "artifacts.m: expected a map, found 7"),
    ],
)
def test_a_malformed_artifact_is_wrong_usage(registry, item, problem):
    with pytest.raises(UsageError) as caught:
        registry.register("iris", artifacts={"m": item})

    assert problem in str(caught.value)


# -- pointers of Git LFS ----------------------------------------------------------------------------------


def pointer(data):
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\nsize {len(data)}\n".encode()


def lfs_object(registry, data):
    place = Path(registry.path) / ".git" / "lfs" / "objects" / sha256(data)[:2] / sha256(data)[2:4] / sha256(data)
    place.parent.mkdir(parents=True)
    place.write_bytes(data)


def test_a_pointer_of_git_lfs_is_recorded_as_the_file_it_stands_for(registry):
    Path(registry.path, "model.bin").write_bytes(pointer(b"weights"))

    model = registry.register("iris", artifacts={"m": f"{registry.path}/model.bin"}).artifacts["m"]

    assert (model.uri, model.sha256, model.size) == ("model.bin", sha256(b"weights"), 7)


def test_what_git_lfs_has_fetched_is_what_is_copied_pulled_and_verified(kept, tmp_path):
    registry = kept("../store")
    Path(registry.path, "model.bin").write_bytes(pointer(b"weights"))
    lfs_object(registry, b"weights")

    model = registry.register("iris", artifacts={"m": f"{registry.path}/model.bin"}).artifacts["m"]
    registry.pull("iris", tmp_path / "out")

    assert (model.sha256, model.file) == (sha256(b"weights"), "model.bin")
    assert (tmp_path / "out" / "m.bin").read_bytes() == b"weights"


def test_what_git_lfs_has_not_fetched_is_not_copied_and_the_person_is_told(kept):
    registry = kept("../store")
    Path(registry.path, "model.bin").write_bytes(pointer(b"weights"))

    with pytest.warns(GitregWarning, match="is a pointer of Git LFS whose file is not here, and was not copied: git lfs pull"):
        model = registry.register("iris", artifacts={"m": f"{registry.path}/model.bin"}).artifacts["m"]

    assert (model.uri, [each.verdict for each in registry.verify()]) == ("model.bin", ["missing"])


def test_a_folder_with_a_pointer_has_the_digest_of_the_folder_it_stands_for(kept, tmp_path):
    registry = kept("../store")
    for name, data in (("there", b"weights"), ("stood-for", pointer(b"weights"))):
        (Path(registry.path) / name).mkdir()
        (Path(registry.path) / name / "model.bin").write_bytes(data)
    lfs_object(registry, b"weights")

    there, stood_for = (registry.register("iris", artifacts={"m": f"{registry.path}/{name}"}).artifacts["m"] for name in ("there", "stood-for"))
    registry.pull("iris@2", tmp_path / "out")

    assert there.sha256 == stood_for.sha256
    assert (tmp_path / "out" / "m" / "model.bin").read_bytes() == b"weights"


def test_a_folder_whose_files_git_lfs_has_not_fetched_is_not_copied(kept):
    registry = kept("../store")
    Path(registry.path, "folder").mkdir()
    Path(registry.path, "folder", "model.bin").write_bytes(pointer(b"weights"))

    with pytest.raises(UsageError, match=r"artifact 'm': 'model\.bin' is a pointer of Git LFS") as caught:
        registry.register("iris", artifacts={"m": f"{registry.path}/folder"})

    assert caught.value.hint == "git lfs pull"


# -- files of DVC -----------------------------------------------------------------------------------------


def md5(data):
    return hashlib.md5(data).hexdigest()


def dvc(file, data, **out):
    lines = {"md5": md5(data), "size": len(data), "hash": "md5", "path": "model.bin"} | out
    text = "".join(f"  {name}: {value}\n" for name, value in lines.items() if value is not None)
    Path(file).write_text(f"outs:\n-{text[1:]}")


def test_a_file_of_dvc_whose_output_is_here_registers_the_output(registry):
    Path(registry.path, "model.bin").write_bytes(b"weights")
    dvc(f"{registry.path}/model.bin.dvc", b"weights")

    model = registry.register("iris", artifacts={"m": f"{registry.path}/model.bin.dvc"}).artifacts["m"]

    assert (model.uri, model.sha256, model.size, model.md5) == ("model.bin", sha256(b"weights"), 7, None)


@pytest.mark.parametrize("there", [None, b"other", b"weighty"], ids=["gone", "of another size", "of the same size"])
def test_a_file_of_dvc_whose_output_is_not_here_is_recorded_by_md5_and_size(registry, there):
    if there is not None:
        Path(registry.path, "model.bin").write_bytes(there)
    dvc(f"{registry.path}/model.bin.dvc", b"weights")

    with pytest.warns(GitregWarning, match=r"artifact 'm': the output that '.*/model\.bin\.dvc' names is not here, so no sha256 is recorded: dvc pull"):
        model = registry.register("iris", artifacts={"m": f"{registry.path}/model.bin.dvc"}).artifacts["m"]

    assert (model.uri, model.sha256, model.size, model.md5) == ("model.bin.dvc", None, 7, md5(b"weights"))
    assert [(each.verdict, each.reason) for each in registry.verify()] == [("unproven", "no digest is recorded, only an md5 of DVC")]


def test_a_folder_of_dvc_registers_the_folder(registry):
    top = Path(registry.path, "data")
    (top / "sub").mkdir(parents=True)
    (top / "b.csv").write_bytes(b"2")
    (top / "sub" / "a.csv").write_bytes(b"1")
    listed = f'[{{"md5": "{md5(b"2")}", "relpath": "b.csv"}}, {{"md5": "{md5(b"1")}", "relpath": "sub/a.csv"}}]'
    dvc(f"{registry.path}/data.dvc", b"", md5=f"{md5(listed.encode())}.dir", size=2, nfiles=2, path="data")

    data = registry.register("iris", artifacts={"d": {"kind": "data", "uri": f"{registry.path}/data.dvc"}}).artifacts["d"]

    assert (data.uri, data.folder, data.size, data.md5) == ("data", True, 2, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("outs: [", "this is no file of DVC"),
        ("x: 1\n", "outs: expected one output"),
        ("outs:\n- md5: abc\n  path: x\n", "outs.0.md5: expected 32 digits of lower-case hex, found 'abc'"),
        (f"outs:\n- md5: {'a' * 32}\n  path: ../x\n", "outs.0.path: expected a path beside it, found '../x'"),
        (f"outs:\n- md5: {'a' * 32}\n  path: /etc/passwd\n", "outs.0.path: expected a path beside it"),
        (f"outs:\n- md5: {'a' * 32}\n  path: x\n  size: many\n", "outs.0.size: expected a number of bytes, found 'many'"),
        ("!!python/object/apply:os.system [ls]\n", "this is no file of DVC"),
    ],
)
def test_a_broken_file_of_dvc_is_named(registry, text, problem):
    Path(registry.path, "model.bin.dvc").write_text(text)

    with pytest.raises(UsageError) as caught:
        registry.register("iris", artifacts={"m": f"{registry.path}/model.bin.dvc"})

    assert problem in str(caught.value)
    assert "model.bin.dvc" in str(caught.value)


def test_a_dry_run_copies_nothing_and_says_what_would_be(kept, tmp_path):
    (tmp_path / "model").write_bytes(b"x")

    with Registry.open(kept("../store").path, dry_run=True) as registry:
        version = registry.register("iris", artifacts={"m": tmp_path / "model"})

    assert version.artifacts["m"].uri.startswith(f"file://{tmp_path}/store/sha256/2d/")
    assert not os.path.exists(tmp_path / "store")
