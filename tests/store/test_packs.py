"""A pack is what git itself would take, and nothing is left of one that was given up."""

from __future__ import annotations

import contextlib

import pytest

from gitreg.errors import BusyError
from gitreg.store import packs
from gitreg.store.cache import Cache
from gitreg.store.discovery import discover
from gitreg.store.objects import ObjectWriter, write_tree

MANY = 400


@pytest.fixture
def repository(git, tmp_path):
    """Return the git folder of a bare repository."""
    git(tmp_path, "init", "-q", "--bare", "repository.git")
    return tmp_path / "repository.git"


def files_of(repository) -> list[str]:
    return sorted(path.name for path in (repository / "objects").rglob("*") if path.is_file())


def filled(repository, algorithm: str = "sha1", count: int = MANY) -> tuple[ObjectWriter, list[str]]:
    writer = ObjectWriter(str(repository), algorithm)
    return writer, [writer.add("blob", f"{number}\n".encode() * number) for number in range(count)]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_many_objects_are_one_pack_that_git_takes(git, tmp_path, algorithm):
    git(tmp_path, "init", "-q", "--bare", f"--object-format={algorithm}", "repository.git")
    repository = tmp_path / "repository.git"

    writer, ids = filled(repository, algorithm)
    writer.flush()

    assert [name.partition(".")[2] for name in files_of(repository)] == ["idx", "pack"]
    git(repository, "verify-pack", *(str(path) for path in repository.glob("objects/pack/*.idx")))
    assert git(repository, "cat-file", "blob", ids[7]) == "\n".join(["7"] * 7)
    assert git(repository, "cat-file", "--batch-check", input="\n".join(ids)).count(" blob ") == MANY


def test_few_objects_are_files_of_their_own(repository):
    writer, _ = filled(repository, count=20)

    writer.flush()

    assert len(files_of(repository)) == 20


def test_an_object_that_is_added_twice_is_in_the_pack_once(repository, git):
    writer, ids = filled(repository)

    assert writer.add("blob", b"7\n" * 7) == ids[7]
    writer.flush()

    assert f"in-pack: {MANY}" in git(repository, "count-objects", "-v")


def test_offsets_that_do_not_fit_into_31_bits_have_a_table_of_their_own(repository, git, monkeypatch):
    def near(offset, far):
        """Return what a pack of more than 2 GiB would have from its second object on."""
        if offset > 12:
            far.append(offset)
        return packs.struct.pack(">I", 1 << 31 | len(far) - 1 if offset > 12 else offset)

    monkeypatch.setattr(packs, "_near", near)
    writer, ids = filled(repository)

    writer.flush()

    git(repository, "verify-pack", *(str(path) for path in repository.glob("objects/pack/*.idx")))
    assert git(repository, "cat-file", "blob", ids[3]) == "3\n3\n3"


def test_nothing_is_seen_of_a_pack_before_the_flush(repository, git):
    writer, ids = filled(repository)

    assert [name[:8] for name in files_of(repository)] == ["tmp_pack"]  # git gc removes it, if nobody else does
    assert "missing" in git(repository, "cat-file", "--batch-check", input=ids[0])
    writer.drop()


def test_a_writer_that_is_forgotten_leaves_nothing(repository):
    writer, _ = filled(repository)

    del writer

    assert files_of(repository) == []


def test_what_is_given_up_leaves_nothing(repository):
    writer, _ = filled(repository)

    writer.drop()

    assert files_of(repository) == []


def test_what_is_written_is_not_given_up_any_more(repository, git):
    writer, ids = filled(repository)
    writer.flush()

    writer.drop()

    assert git(repository, "cat-file", "-t", ids[0]) == "blob"


def test_a_full_disk_is_busy_and_leaves_nothing(repository, monkeypatch):
    writer, _ = filled(repository)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packs.os, "rename", full)

    with pytest.raises(BusyError, match=r"cannot write to .*: No space left on device"):
        writer.flush()

    assert files_of(repository) == []


def test_objects_of_a_pack_are_read_only_as_git_makes_them(repository):
    writer, _ = filled(repository)

    writer.flush()

    assert {path.stat().st_mode & 0o222 for path in repository.glob("objects/pack/*")} == {0}


def test_an_object_given_in_parts_is_the_same_in_a_pack_and_alone(repository):
    few, (many, _) = ObjectWriter(str(repository), "sha1"), filled(repository)
    parts = [b"a" * 70_000, b"", b"b"]

    assert few.add_parts("blob", lambda: parts) == many.add_parts("blob", lambda: parts) == few.add("blob", b"".join(parts))
    many.flush()
    few.drop()


def test_a_tree_of_very_many_files_is_sound(repository, git):
    writer = ObjectWriter(str(repository), "sha1")
    files = sorted((f"{number % 7}/{number % 3}.d/{number}", f"{number}".encode()) for number in range(MANY))

    with contextlib.closing(discover(str(repository))) as repo:
        root = write_tree(writer, Cache(repo), None, ((path, writer.add("blob", data)) for path, data in files))
    writer.flush()

    assert git(repository, "ls-tree", "-r", "--name-only", root).splitlines() == [path for path, _ in files]
    assert git(repository, "fsck", "--strict", "--no-dangling") == ""
