"""What gitreg writes is what git would have written, and nothing that is there already is trusted or harmed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gitreg.errors import BusyError, InvalidError
from gitreg.store.cache import Cache
from gitreg.store.discovery import discover
from gitreg.store.objects import ObjectWriter, write_tree
from gitreg.store.trees import parse_tree

if TYPE_CHECKING:
    from pathlib import Path

BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@pytest.fixture
def repository(git, tmp_path):
    """Return the git folder of a bare repository."""
    git(tmp_path, "init", "-q", "--bare", "repository.git")
    return tmp_path / "repository.git"


def tree_of(repository: Path, object_id: str, width: int = 20):
    data = subprocess.run(["git", "-C", repository, "cat-file", "tree", object_id], check=True, capture_output=True).stdout
    return parse_tree(data, width)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_an_object_gets_git_s_own_id_and_git_reads_it(git, tmp_path, algorithm):
    git(tmp_path, "init", "-q", f"--object-format={algorithm}", "repository")
    writer = ObjectWriter(str(tmp_path / "repository/.git"), algorithm)

    object_id = writer.add("blob", b"data\n")
    writer.flush()

    assert object_id == git(tmp_path / "repository", "hash-object", "--stdin", input="data\n")
    assert git(tmp_path / "repository", "cat-file", "blob", object_id) == "data"


def test_nothing_is_written_before_the_flush(repository, git):
    writer = ObjectWriter(str(repository), "sha1")

    writer.add("blob", b"data\n")

    assert git(repository, "count-objects") == "0 objects, 0 kilobytes"


def test_an_object_that_a_power_cut_left_empty_is_written_anew(repository, git):
    writer = ObjectWriter(str(repository), "sha1")
    object_id = writer.add("blob", b"data\n")
    path = repository / "objects" / object_id[:2] / object_id[2:]
    path.parent.mkdir()
    path.write_bytes(b"")

    writer.flush()

    assert git(repository, "cat-file", "blob", object_id) == "data"


def test_a_flush_leaves_no_temporary_file(repository):
    writer = ObjectWriter(str(repository), "sha1")
    for i in range(20):
        writer.add("blob", str(i).encode())

    writer.flush()

    assert list(repository.glob("objects/*/tmp_*")) == []


def test_objects_are_read_only_as_git_makes_them(repository):
    writer = ObjectWriter(str(repository), "sha1")
    object_id = writer.add("blob", b"data\n")

    writer.flush()

    assert (repository / "objects" / object_id[:2] / object_id[2:]).stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("call", ["open", "rename", "chmod", "fsync"])
def test_an_object_is_written_although_git_takes_its_folder_away_meanwhile(repository, git, monkeypatch, call):
    """git gc removes folders of objects that are empty at that moment, and loose objects that it has packed."""
    plain, folder, taken = getattr(os, call), repository / "objects" / BLOB[:2], []

    def late(*args, **kwargs):
        if not taken and folder.is_dir():
            taken.append(True)
            shutil.rmtree(folder)
        return plain(*args, **kwargs)

    monkeypatch.setattr(os, call, late)
    writer = ObjectWriter(str(repository), "sha1")
    writer.add("blob", b"")
    writer.flush()

    assert taken
    assert git(repository, "cat-file", "-t", BLOB) == "blob"


def test_a_folder_that_cannot_be_made_is_busy(repository):
    writer = ObjectWriter(str(repository), "sha1")
    object_id = writer.add("blob", b"data\n")
    (repository / "objects" / object_id[:2]).write_bytes(b"")

    with pytest.raises(BusyError, match="cannot write to"):
        writer.flush()


def written(repository: Path, files: dict[str, str], root: str | None = None) -> str:
    writer = ObjectWriter(str(repository), "sha1")
    writer.add("blob", b"")
    with contextlib.closing(discover(str(repository))) as repo:
        made = write_tree(writer, Cache(repo), root, sorted(files.items()))
    writer.flush()
    return made


def test_a_written_tree_is_sound_and_keeps_what_it_is_not_told_of(repository, git):
    first = written(repository, {"a/b/c": BLOB, "x": BLOB})

    second = written(repository, {"a/d": BLOB, "a.b": BLOB, "a/b/0": BLOB}, first)

    assert git(repository, "ls-tree", "-r", "--name-only", second).splitlines() == ["a.b", "a/b/0", "a/b/c", "a/d", "x"]
    assert git(repository, "fsck", "--strict", "--no-dangling") == ""


STRANGE = {
    "a folder where the file goes": ("040000 tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\tname\n", "name"),
    "a link where the file goes": (f"120000 blob {BLOB}\tname\n", "name"),
    "a submodule where the file goes": (f"160000 commit {BLOB}\tname\n", "name"),
    "a file where the folder goes": (f"100644 blob {BLOB}\tname\n", "name/file"),
    "a link where the folder goes": (f"120000 blob {BLOB}\tname\n", "name/file"),
    "a submodule where the folder goes": (f"160000 commit {BLOB}\tname\n", "name/file"),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_plain_file_or_folder_is_never_written_over(repository, git, strange):
    listing, path = STRANGE[strange]
    root = git(repository, "mktree", "--missing", input=listing)

    with pytest.raises(InvalidError) as caught:
        written(repository, {path: BLOB}, root)

    assert (caught.value.rule, caught.value.code) == ("R07", 6)
