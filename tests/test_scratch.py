"""The temporary database answers what was written, and says so where it cannot be."""

from __future__ import annotations

import pytest

from gitreg.errors import BusyError
from gitreg.scratch import Scratch


def test_what_is_written_is_read_again():
    scratch = Scratch("CREATE TABLE t (a INTEGER, b TEXT)")

    scratch.write("INSERT INTO t VALUES (?, ?)", [(1, "one"), (2, "two")])

    assert scratch.one("SELECT b FROM t WHERE a = ?", 2) == ("two",)
    assert scratch.one("SELECT b FROM t WHERE a = ?", 3) is None
    assert list(scratch.rows("SELECT a FROM t ORDER BY a")) == [(1,), (2,)]


def test_a_database_that_cannot_be_written_is_busy():
    scratch = Scratch("PRAGMA max_page_count = 2", "CREATE TABLE t (a TEXT)")

    with pytest.raises(BusyError, match="no room for temporary files: database or disk is full"):
        scratch.write("INSERT INTO t VALUES (?)", [("x" * 100_000,)])
