"""A journal is there whole, or it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg.errors import BusyError
from gitreg.store import journal

ENTRY = journal.Entry("refs/heads/main", "a" * 40, "b" * 40, ("/somewhere", "é"))


@pytest.fixture
def common_dir(tmp_path):
    """Return a folder that has gitreg's own folder in it."""
    (tmp_path / "gitreg").mkdir()
    return str(tmp_path)


def test_what_was_written_is_read(common_dir):
    journal.write(common_dir, ENTRY)

    assert journal.read(common_dir) == ENTRY


def test_a_second_entry_takes_the_place_of_the_first(common_dir):
    journal.write(common_dir, ENTRY)
    journal.write(common_dir, journal.Entry("refs/heads/other", "c", "d", ()))

    assert journal.read(common_dir).ref == "refs/heads/other"
    assert [path.name for path in Path(common_dir, "gitreg").iterdir()] == ["journal"]


def test_what_a_crash_left_half_written_is_no_journal_and_no_hindrance(common_dir):
    Path(common_dir, "gitreg", "journal.new").write_bytes(b'{"ref"')

    assert journal.read(common_dir) is None
    journal.write(common_dir, ENTRY)
    assert journal.read(common_dir) == ENTRY


@pytest.mark.parametrize("data", [b"", b"{", b"\0" * 100, b"[]", b'{"ref": 1}', b"\xff"], ids=["empty", "cut short", "zeros", "a list", "wrong type", "no text"])
def test_an_unreadable_journal_means_nothing_and_goes(common_dir, data):
    path = Path(journal.path(common_dir))
    path.write_bytes(data)

    assert journal.read(common_dir) is None
    assert not path.exists()


def test_dropping_twice_is_dropping(common_dir):
    journal.write(common_dir, ENTRY)

    journal.drop(common_dir)
    journal.drop(common_dir)

    assert journal.read(common_dir) is None


def test_a_folder_that_is_gone_is_busy(tmp_path):
    with pytest.raises(BusyError, match="cannot write to"):
        journal.write(str(tmp_path), ENTRY)
