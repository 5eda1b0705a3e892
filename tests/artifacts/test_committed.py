"""A file in the repository that no commit has: a clone never gets it, and the next training overwrites it."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import OnlyHereWarning

ONLY_HERE = "is not committed: only this folder has it, and only until it changes; artifacts: in gitreg.yaml names a store that files are copied to"
LARGE = (8 << 20) + 1


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def told(registry):
    """Give a function that registers a file or folder of the repository, and returns what is told of it: warnings and notes."""

    def tell(name, made=registry):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with made.transaction() as tx:
                tx.register("iris", artifacts={"m": f"{made.path}/{name}"})
        assert all(each.category is OnlyHereWarning for each in caught)
        return [str(each.message) for each in caught], list(tx.receipt.notes)

    return tell


def write(registry, name, data):
    path = Path(registry.path, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def commit(git, registry, *names):
    git(registry.path, "add", *names)
    git(registry.path, "commit", "--quiet", "--message", "files")


NOBODY = ([], [])


def only_here(name):
    return [f"artifact 'm': {name!r} {ONLY_HERE}"], [f"artifact 'm' of iris@1: {name!r} {ONLY_HERE}"]


def test_a_file_that_is_not_committed_is_told_of(registry, told):
    write(registry, "out/model.bin", b"weights")

    assert told("out/model.bin") == only_here("out/model.bin")


def test_a_file_that_is_ignored_is_told_of(registry, told, git):
    write(registry, ".gitignore", b"*.bin\n")
    write(registry, "model.bin", b"weights")
    commit(git, registry, ".gitignore")

    assert told("model.bin") == only_here("model.bin")


@pytest.mark.parametrize(("committed", "now"), [(b"weights", b"weighty"), (bytes(LARGE), bytes(LARGE + 1)), (b"weights", bytes(LARGE))])
def test_a_file_that_is_other_than_what_is_committed_is_told_of(registry, told, git, committed, now):
    write(registry, "model.bin", committed)
    commit(git, registry, "model.bin")
    write(registry, "model.bin", now)

    assert told("model.bin") == only_here("model.bin")


@pytest.mark.parametrize("data", [b"", b"weights", bytes(LARGE)], ids=["empty", "small", "large"])
def test_a_file_that_is_committed_is_not_told_of(registry, told, git, data):
    write(registry, "out/ü.bin", data)
    commit(git, registry, "out/ü.bin")

    assert told("out/ü.bin") == NOBODY


def test_a_file_that_only_the_index_has_is_told_of(registry, told, git):
    write(registry, "model.bin", b"weights")
    git(registry.path, "add", "model.bin")

    assert told("model.bin") == only_here("model.bin")


def test_a_folder_of_which_each_file_is_committed_is_not_told_of(registry, told, git):
    for name in ("data/a.csv", "data/sub/b.csv"):
        write(registry, name, name.encode())
    commit(git, registry, "data")

    assert told("data") == NOBODY


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("how", ["one more", "one changed", "none committed", "a file is committed"])
def test_a_folder_of_which_a_file_is_not_committed_is_told_of(registry, told, git, how, size):
    if how == "a file is committed":
        write(registry, "data", b"x")
        commit(git, registry, "data")
        Path(registry.path, "data").unlink()
    write(registry, "data/a.csv", bytes(size))
    write(registry, "data/sub/b.csv", b"2")
    if how in ("one more", "one changed"):
        commit(git, registry, "data")
        write(registry, "data/sub/c.csv" if how == "one more" else "data/sub/b.csv", b"333")

    assert told("data") == only_here("data")


def test_a_committed_pointer_of_git_lfs_has_committed_the_file_that_it_stands_for(registry, told, git):
    data = bytes(LARGE)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(data)}\nsize {len(data)}\n".encode()
    write(registry, "model.bin", pointer)
    write(registry, "data/model.bin", pointer)
    commit(git, registry, "model.bin", "data")
    write(registry, "model.bin", data)
    write(registry, "data/model.bin", data)

    assert [told("model.bin"), told("data")] == [NOBODY, NOBODY]


def test_a_file_of_a_submodule_is_its_own_repositorys(registry, told, git, tmp_path):
    git(tmp_path, "init", "--quiet", "sub")
    write(registry, "../sub/model.bin", b"weights")
    git(tmp_path / "sub", "add", ".")
    git(tmp_path / "sub", "commit", "--quiet", "--message", "weights")
    git(registry.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "sub"), "sub")
    git(registry.path, "commit", "--quiet", "--message", "sub")

    assert told("sub/model.bin") == NOBODY


def test_a_registry_on_a_branch_of_its_own_looks_at_the_checkout_too(told, git, tmp_path):
    git(tmp_path, "init", "--quiet", "project")
    with Registry.init(tmp_path / "project", branch="registry") as made:
        write(made, "model.bin", b"weights")
        before = told("model.bin", made)
        commit(git, made, "model.bin")

        assert (before, told("model.bin", made)) == (only_here("model.bin"), NOBODY)


def test_with_a_store_nothing_is_told_for_the_file_is_there(kept, told):
    registry = kept("../store")
    write(registry, "model.bin", b"weights")

    assert told("model.bin") == NOBODY


def test_a_store_inside_the_repository_keeps_what_is_not_committed(kept, told):
    registry = kept("store")
    write(registry, "model.bin", b"weights")

    assert told("model.bin") == NOBODY


def test_a_store_that_is_not_committed_is_no_store_and_is_told_of(registry, told, tmp_path):
    with open(f"{registry.path}/gitreg.yaml", "a", encoding="utf-8") as file:
        file.write("artifacts: ../store\n")
    write(registry, "model.bin", b"weights")

    [warning], [note] = told("model.bin")
    write(registry, "../outside.bin", b"x")
    [outside], _ = told("../outside.bin")

    why = "as committed, gitreg.yaml names no store"
    assert warning == f"artifact 'm': 'model.bin' is not committed: only this folder has it, and only until it changes; {why}"
    assert note == f"artifact 'm' of iris@1: 'model.bin' is not committed: only this folder has it, and only until it changes; {why}"
    assert outside.endswith(f"/registry/../outside.bin'; {why}")
    assert not (tmp_path / "store").exists()


def test_what_was_told_once_is_not_told_by_the_next_write(registry, told):
    write(registry, "model.bin", b"weights")
    told("model.bin")

    with registry.transaction() as tx:
        tx.update("iris", description="better")

    assert tx.receipt.notes == ()


def test_very_many_of_them_are_counted(registry):
    write(registry, "model.bin", b"weights")

    with registry.transaction() as tx:
        for _ in range(25):
            tx.record("iris", artifacts={"m": {"kind": "model", "uri": "model.bin", "sha256": sha256(b"weights"), "size": 7}})

    assert len(tx.receipt.notes) == 21
    assert tx.receipt.notes[-1] == "so it is with 5 more artifacts"


@pytest.mark.parametrize("uri", ["../outside.bin", "gone.bin", "/etc/passwd", "a//b", "."])
def test_a_path_that_leads_out_or_to_nothing_is_not_looked_at(registry, uri):
    write(registry, "../outside.bin", b"x")

    with registry.transaction() as tx:
        tx.record("iris", artifacts={"m": {"kind": "model", "uri": uri, "sha256": sha256(b"x"), "size": 1}})

    assert tx.receipt.notes == ()
