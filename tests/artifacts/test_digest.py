"""Files that belong to a version: found, hashed, described."""

from __future__ import annotations

import hashlib
import os

import pytest

from gitreg import Registry, artifacts
from gitreg.errors import UsageError


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two files, one of them further in."""
    top = tmp_path / "bundle"
    (top / "sub").mkdir(parents=True)
    (top / "weights.bin").write_bytes(b"w" * 1000)
    (top / "sub" / "config.json").write_bytes(b"{}")
    return top


# -- fingerprints -----------------------------------------------------------------------------------------


def test_the_fingerprint_of_a_file_is_its_digest_and_size(tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"abc")

    assert artifacts.fingerprint(str(file)) == {"sha256": sha256(b"abc"), "size": 3}


def test_the_fingerprint_of_a_folder_is_that_of_its_listing(folder):
    lines = [f"{sha256(b'w' * 1000)}  1000  weights.bin\n", f"{sha256(b'{}')}  2  sub/config.json\n"]

    found = artifacts.fingerprint(str(folder))

    assert found == {"sha256": sha256("".join(sorted(lines)).encode()), "size": 1002, "folder": True}


def test_the_listing_is_sorted_bytewise(tmp_path):
    for name in ("b", "B", "é", "a-b", "a.b", "a b"):
        (tmp_path / name).write_bytes(name.encode())
    lines = sorted(f"{sha256(name.encode())}  {len(name.encode())}  {name}\n".encode() for name in ("b", "B", "é", "a-b", "a.b", "a b"))

    assert artifacts.fingerprint(str(tmp_path))["sha256"] == sha256(b"".join(lines))


def test_the_fingerprint_of_a_folder_does_not_depend_on_its_place_or_its_empty_folders(folder, tmp_path):
    before = artifacts.fingerprint(str(folder))

    (folder / "empty").mkdir()
    moved = folder.rename(tmp_path / "moved")

    assert artifacts.fingerprint(f"{moved}/") == before


def test_an_empty_folder_has_an_empty_listing(tmp_path):
    assert artifacts.fingerprint(str(tmp_path)) == {"sha256": sha256(b""), "size": 0, "folder": True}


def test_a_name_that_is_not_unicode_is_listed_as_its_bytes(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff", "wb") as file:
        file.write(b"x")

    assert artifacts.fingerprint(str(tmp_path))["sha256"] == sha256(sha256(b"x").encode() + b"  1  \xff\n")


STRANGE = {
    "a link to a file": lambda top: (top / "link").symlink_to("weights.bin"),
    "a link to a folder": lambda top: (top / "link").symlink_to("sub"),
    "a link out of the folder": lambda top: (top / "sub" / "link").symlink_to("/etc/passwd"),
    "a link that leads nowhere": lambda top: (top / "link").symlink_to("nowhere"),
    "a link in a circle": lambda top: (top / "sub" / "link").symlink_to(".."),
    "a pipe": lambda top: os.mkfifo(top / "pipe"),
    "a name that would forge a line of the listing": lambda top: (top / "a\nb").write_bytes(b""),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_a_folder_holds_regular_files_only(folder, strange):
    STRANGE[strange](folder)

    with pytest.raises(UsageError, match=r"holds (regular )?files"):
        artifacts.fingerprint(str(folder))


def test_a_pipe_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="no regular file"):
        artifacts.fingerprint(str(tmp_path / "pipe"))


# -- addresses --------------------------------------------------------------------------------------------


def test_a_file_inside_the_registry_is_relative_to_it(tmp_path):
    root = tmp_path / "registry"

    assert artifacts.address(f"{root}/data/iris.csv", str(root)) == "data/iris.csv"
    assert artifacts.address(f"{root}/x/../data/iris.csv", f"{root}/") == "data/iris.csv"


def test_another_file_has_a_file_address(tmp_path):
    root = tmp_path / "registry"

    assert artifacts.address(f"{root}-2/my model.bin", str(root)) == f"file://{root}-2/my%20model.bin"
    assert artifacts.address(f"{root}/../x", str(root)) == f"file://{tmp_path}/x"
    assert artifacts.address("/x", None) == "file:///x"


def test_a_link_that_leaves_the_registry_is_named_by_where_it_leads(tmp_path):
    root = tmp_path / "registry"
    root.mkdir()
    (tmp_path / "outside").write_bytes(b"x")
    (root / "link").symlink_to(tmp_path / "outside")

    assert artifacts.address(str(root / "link"), str(root)) == f"file://{tmp_path}/outside"


# -- descriptions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "model", "uri": "s3://bucket/x"},
        {"kind": "model", "uri": "https://example.org/x"},
        {"kind": "service", "uri": "localhost:8080"},
        {"kind": "data", "uri": "nowhere.csv", "sha256": "ab" * 32, "size": 1},
    ],
    ids=["an object store", "the web", "a service", "a known digest"],
)
def test_what_is_not_a_local_file_is_recorded_as_given(item):
    assert artifacts.described({"a": item}, None) == {"a": item}


def test_a_bare_path_is_a_model(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"abc")

    found = artifacts.described({"m": tmp_path / "model.bin"}, str(tmp_path))

    assert found == {"m": {"kind": "model", "uri": "model.bin", "sha256": sha256(b"abc"), "size": 3}}


def test_a_bare_address_is_a_model():
    assert artifacts.described({"m": "s3://bucket/x"}, None) == {"m": {"kind": "model", "uri": "s3://bucket/x"}}


def test_a_file_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UsageError) as caught:
        artifacts.described({"m": str(tmp_path / "nowhere")}, None)

    assert str(caught.value) == f"artifact 'm': there is no file '{tmp_path}/nowhere'"


# -- in a registry ----------------------------------------------------------------------------------------


def test_register_hashes_what_it_is_given(registry, folder):
    inside = f"{registry.path}/data.csv"
    with open(inside, "wb") as file:
        file.write(b"1,2\n")

    version = registry.register("iris", artifacts={"model": folder, "train": {"kind": "data", "uri": inside}, "web": {"kind": "service", "uri": "https://example.org"}})

    model, train, web = (version.artifacts[name] for name in ("model", "train", "web"))
    assert (model.uri, model.folder, model.size) == (f"file://{folder}", True, 1002)
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


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"uri": "s3://b/x"}, "artifacts.m.kind: this key is missing"),
        ({"kind": "thing", "uri": "s3://b/x"}, "artifacts.m.kind: expected one of"),
        ({"kind": "model"}, "artifacts.m.uri: this key is missing"),
        ({"kind": "model", "uri": "s3://b/x", "sha256": "abc"}, "artifacts.m.sha256: 'abc' is not of the form"),
        ({"kind": "model", "uri": "s3://b/x", "md5": "abc"}, "artifacts.m.md5: unknown key"),
        (7, "artifacts.m: expected a map, found 7"),
    ],
)
def test_a_malformed_artifact_is_wrong_usage(registry, item, problem):
    with pytest.raises(UsageError) as caught:
        registry.register("iris", artifacts={"m": item})

    assert problem in str(caught.value)
