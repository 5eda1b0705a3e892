"""Digests of files and folders."""

from __future__ import annotations

import hashlib
import os

import pytest

from gitreg.artifacts.digest import fingerprint
from gitreg.errors import ConflictError, UsageError

SPARSE = "53283cf17c9d6d7f47a9801aa307cde71afe4fda89ec52f0d71a3bc3eaae0803"  # of 5 GiB, by a program that reads all of it


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_the_fingerprint_of_a_file_is_its_digest_and_size(tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"abc")

    assert fingerprint(str(file)).fields == {"sha256": sha256(b"abc"), "size": 3}


def test_the_fingerprint_of_a_folder_is_that_of_its_listing(folder):
    lines = [f"{sha256(b'w' * 1000)}  1000  weights.bin\n", f"{sha256(b'{}')}  2  sub/config.json\n"]

    found = fingerprint(str(folder)).fields

    assert found == {"sha256": sha256("".join(sorted(lines)).encode()), "size": 1002, "folder": True}


def test_the_listing_is_sorted_bytewise(tmp_path):
    for name in ("b", "B", "é", "a-b", "a.b", "a b"):
        (tmp_path / name).write_bytes(name.encode())
    lines = sorted(f"{sha256(name.encode())}  {len(name.encode())}  {name}\n".encode() for name in ("b", "B", "é", "a-b", "a.b", "a b"))

    assert fingerprint(str(tmp_path)).sha256 == sha256(b"".join(lines))


def test_the_fingerprint_of_a_folder_does_not_depend_on_its_place_or_its_empty_folders(folder, tmp_path):
    before = fingerprint(str(folder)).fields

    (folder / "empty").mkdir()
    moved = folder.rename(tmp_path / "moved")

    assert fingerprint(f"{moved}/").fields == before


def test_an_empty_folder_has_an_empty_listing(tmp_path):
    assert fingerprint(str(tmp_path)).fields == {"sha256": sha256(b""), "size": 0, "folder": True}


def test_a_name_that_is_not_unicode_is_listed_as_its_bytes(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff", "wb") as file:
        file.write(b"x")

    assert fingerprint(str(tmp_path)).sha256 == sha256(sha256(b"x").encode() + b"  1  \xff\n")


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
        fingerprint(str(folder))


def test_a_pipe_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="no regular file"):
        fingerprint(str(tmp_path / "pipe"))


def test_a_link_to_a_file_is_read_through_when_it_is_named_itself(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("model.bin")

    assert fingerprint(str(tmp_path / "link")).sha256 == sha256(b"abc")


def test_a_link_that_leads_to_itself_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UsageError, match="cannot be read"):
        fingerprint(str(tmp_path / "loop"))


@pytest.mark.parametrize("change", [lambda file: file.write(b"more"), lambda file: file.seek(0) or file.write(b"other")], ids=["it grows", "it is written over"])
@pytest.mark.parametrize("size", [1000, 3_000_000], ids=["small", "large"])
def test_a_file_that_changes_while_it_is_hashed_is_refused(tmp_path, change, size):
    path = tmp_path / "model.bin"
    path.write_bytes(bytes(size))

    def meddle(*_):
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            change(file)

    with pytest.raises(ConflictError, match="changed while it was hashed"):
        fingerprint(str(path), meddle)


@pytest.mark.parametrize("name", ["large.bin", "new.bin"])
def test_a_folder_that_changes_while_it_is_hashed_is_refused(folder, name):
    (folder / "large.bin").write_bytes(bytes(3_000_000))

    def meddle(_, done, total):
        if name == "new.bin" or done > 2_000:  # in the midst of the large file, which comes last
            with (folder / name).open("ab") as file:
                file.write(b"x")

    with pytest.raises(ConflictError, match="changed while it was hashed"):
        fingerprint(str(folder), meddle)


def test_a_sparse_file_of_5_gb_is_hashed_zeros_and_all(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 30)
        file.seek(1 << 30)
        file.write(b"data in the middle")

    found = fingerprint(str(tmp_path / "sparse"))

    assert found.size == 5 << 30
    assert found.sha256 == SPARSE


def test_holes_count_as_the_zeros_they_read_as(tmp_path):
    data = bytes(3_000_000) + b"x" * 5_000 + bytes(2_000_000)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(len(data))
        file.seek(3_000_000)
        file.write(b"x" * 5_000)

    assert fingerprint(str(tmp_path / "sparse")).fields == {"sha256": sha256(data), "size": len(data)}


def test_who_watches_hears_how_far_it_is(folder):
    (folder / "large.bin").write_bytes(bytes(3_000_000))
    heard = []

    fingerprint(str(folder), lambda *told: heard.append(told))

    assert heard[0][0] == "hashing"
    assert heard[-1] == ("hashing", 3_001_002, 3_001_002)
