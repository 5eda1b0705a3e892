"""What is kept under a name in gitreg's own folder: nobody else's files are written, waited for or removed."""

from __future__ import annotations

import os
import threading

import pytest

from gitreg.store import proven
from gitreg.store.proven import Kept, Proven


@pytest.fixture
def common_dir(tmp_path):
    (tmp_path / "objects").mkdir()
    return tmp_path


def kept(common_dir):
    return Kept(str(common_dir), "folder", saves=True)


@pytest.fixture
def file(common_dir):
    """Return where the value ``name`` is kept; the folder is there."""
    kept(common_dir).write({"name": 0})
    (file,) = (common_dir / "gitreg/folder").iterdir()
    file.unlink()
    return file


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(common_dir, file):
    (common_dir / "other").write_text("precious")
    for path in (file, file.with_name(f"{file.name}.{os.getpid()}"), file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")):
        path.symlink_to(common_dir / "other")

    kept(common_dir).write({"name": 1})

    assert (common_dir / "other").read_text() == "precious"
    assert kept(common_dir).read("name", int) == 1


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(common_dir, file):
    os.mkfifo(file)

    assert kept(common_dir).read("name", int) is None


def test_where_a_folder_is_in_the_way_nothing_is_left(common_dir, file):
    file.mkdir()

    kept(common_dir).write({"name": 1})

    assert list(file.parent.iterdir()) == [file]


def test_only_what_is_called_as_a_key_is_forgotten(common_dir):
    home = common_dir / "home"
    for name in ("thesis", "pictures", "mail", "music", "a" * 32, "b" * 32, "c" * 32, "d" * 32):
        (home / name).mkdir(parents=True)
    (common_dir / "gitreg").mkdir()
    (common_dir / "gitreg/proven").symlink_to(home)

    Proven(str(common_dir), "e" * 32, saves=True).keep({"iris": "0" * 40}, {})

    left = {path.name for path in home.iterdir()}
    assert {"thesis", "pictures", "mail", "music"} < left
    assert len(left) == 4 + proven._MOST
