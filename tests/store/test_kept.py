"""What is kept under a name in gitreg's own folder: nobody else's files are written, waited for or removed."""

from __future__ import annotations

import os
import threading

import pytest

from gitreg.store.kept import Kept


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


@pytest.mark.parametrize("name", ["", ".", "..", "../../x", "a/b/c", "a/../b", "A", "a\nb", "\udcff", "con", "x" * 200 + "/" + "y" * 200])
def test_a_value_is_kept_whatever_it_is_called_and_never_elsewhere(common_dir, name):
    kept(common_dir).write({name: 1, "other": 2})

    assert (kept(common_dir).read(name, int), kept(common_dir).read("other", int)) == (1, 2)
    assert all((common_dir / "gitreg/folder") in path.parents for path in common_dir.rglob("*.msgpack"))
