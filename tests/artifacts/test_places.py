"""Addresses: relative inside the repository, what is followed, what may be recorded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.artifacts import places
from gitreg.errors import InvalidError, UsageError


def test_a_file_inside_the_registry_is_relative_to_it(tmp_path):
    root = tmp_path / "registry"

    assert places.address(f"{root}/data/iris.csv", str(root)) == "data/iris.csv"
    assert places.address(f"{root}/x/../data/iris.csv", f"{root}/") == "data/iris.csv"


def test_another_file_has_a_file_address(tmp_path):
    root = tmp_path / "registry"

    assert places.address(f"{root}-2/my model.bin", str(root)) == f"file://{root}-2/my%20model.bin"
    assert places.address(f"{root}/../x", str(root)) == f"file://{tmp_path}/x"
    assert places.address("/x", None) == "file:///x"


def test_a_file_of_the_git_folder_is_outside_for_no_clone_has_it(tmp_path):
    assert places.address(f"{tmp_path}/.git/x", str(tmp_path)) == f"file://{tmp_path}/.git/x"
    assert places.address(f"{tmp_path}/.github/x", str(tmp_path)) == ".github/x"


def test_a_name_with_umlauts_comes_back_from_its_address(tmp_path):
    path = str(tmp_path / "Größe 1.bin")

    assert places.local_path(places.address(path, None), None) == path


def test_a_link_that_leaves_the_registry_is_named_by_where_it_leads(tmp_path):
    root = tmp_path / "registry"
    root.mkdir()
    (tmp_path / "outside").write_bytes(b"x")
    (root / "link").symlink_to(tmp_path / "outside")

    assert places.address(str(root / "link"), str(root)) == f"file://{tmp_path}/outside"


@pytest.mark.parametrize("uri", ["../outside", "/etc/passwd", "link/x", "x/../../outside", ".git/config"])
def test_a_path_out_of_the_repository_is_no_place_in_it(tmp_path, uri):
    root = tmp_path / "registry"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)

    assert places.local_path(uri, str(root)) is None


@pytest.mark.parametrize("uri", ["github://org:repo@/x", "simplecache::s3://bucket/x", "s3://bucket/x::file:///etc/passwd", "reference://x", "dask://x", "jupyter://x", "ftp://host/x"])
def test_an_address_that_runs_or_opens_something_else_is_not_followed(uri):
    assert places.problem(uri)


@pytest.mark.parametrize("uri", ["s3://b/x", "S3://b/x", "gs://b/x", "abfs://container@account/x", "https://example.org/x", "sftp://name@host/x", "file:///x", "memory://x", "data/x"])
def test_stores_are_followed(uri):
    assert places.problem(uri) is None


@pytest.mark.parametrize(
    "uri",
    ["s3://key:secret@bucket/x", "s3://key@bucket/x", "https://name:word@example.org/x", "https://token@example.org/x", "sftp://name:word@host/x", "https://b.s3.example.org/x?X-Amz-Signature=ab", "https://a.example.org/x?se=1&sig=ab"],
)
def test_an_address_with_a_secret_is_not_recorded(registry, uri):
    before = registry.snapshot().commit

    with pytest.raises(UsageError, match="holds a password, key or signature") as caught:
        registry.register("iris", artifacts={"m": uri})

    assert "secret" not in str(caught.value)
    assert registry.snapshot().commit == before


STORES = {
    "s3://key:secret@bucket/x": "this address holds a password, key or signature, which everybody can read here",
    "simplecache::s3://bucket": "'simplecache::s3://bucket' is not followed: it opens one address through another",
    "github://org:repo@main": "this address holds a password, key or signature, which everybody can read here",
    "jupyter://host/x": "'jupyter://host/x' is not followed: 'jupyter' is none of file, local, s3,",
    "https://example.org/models": "nothing can be written to https",
    "s3://bucket/x?versionId=1": "'s3://bucket/x?versionId=1' is not the address of a folder",
}


@pytest.mark.parametrize("address", STORES)
def test_a_store_that_is_not_followed_is_named_with_file_and_line(kept, tmp_path, address):
    (tmp_path / "model").write_bytes(b"x")
    registry = kept(f'"{address}"')
    before = registry.snapshot().commit

    with pytest.raises(InvalidError) as caught:
        registry.register("iris", artifacts={"m": tmp_path / "model"})

    assert str(caught.value).startswith("gitreg.yaml:")
    assert f"artifacts: {STORES[address]}" in str(caught.value)
    assert registry.snapshot().commit == before


def test_a_relative_store_is_relative_to_the_folder_of_gitreg_yaml(kept, tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    registry = kept("../store")

    version = registry.register("iris", artifacts={"m": tmp_path / "model"})

    assert version.artifacts["m"].uri.startswith(f"file://{tmp_path}/store/sha256/")


def test_a_store_inside_the_repository_is_named_relative_to_it(kept, tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    registry = kept("store")

    version = registry.register("iris", artifacts={"m": tmp_path / "model"})

    assert version.artifacts["m"].uri.startswith("store/sha256/2d/2d711642")
    assert [each.verdict for each in registry.verify()] == ["ok"]


def test_a_relative_store_needs_a_folder(kept, tmp_path, git):
    (tmp_path / "model").write_bytes(b"x")
    git(tmp_path, "clone", "--quiet", "--bare", kept("../store").path, "bare.git")

    with Registry.open(tmp_path / "bare.git") as registry, pytest.raises(InvalidError, match="is relative to a folder, and this registry has none on this machine"):
        registry.register("iris", artifacts={"m": tmp_path / "model"})


def test_a_store_that_is_a_folder_of_another_machine_is_not_written(kept, tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    path = kept(tmp_path / "store").path

    with Registry.open(f"file://{path}") as registry, pytest.raises(InvalidError, match="is a folder of another machine"):
        registry.register("iris", artifacts={"m": tmp_path / "model"})

    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("../store", []),
        ("s3://bucket/x", []),
        ('"s3://key:secret@bucket/x"', [("R02", "gitreg.yaml", "artifacts: this address holds a password, key or signature, which everybody can read here")]),
        ("https://example.org/x", [("R02", "gitreg.yaml", "artifacts: nothing can be written to https")]),
    ],
)
def test_check_names_a_store_that_nothing_can_be_kept_in(kept, address, found):
    assert [(each.rule, each.path, each.message) for each in kept(address).check()] == found


def test_the_addresses_that_an_error_names_are_those_of_the_how_to():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "keep-artifacts.md").read_text(encoding="utf-8")
    table = page[page.index("| address | needs |") : page.index("## Register")]

    everywhere, stores = (text.partition(" is none of ")[2].split(", ") for text in (places.problem("ftp://host/x"), places.fault("ftp://host/x")))

    assert set(everywhere) == set(re.findall(r"`([a-z0-9]+)://", table))
    assert set(everywhere) - set(stores) == {"http", "https"}
