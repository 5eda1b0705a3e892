"""Bytes that processes keep for each other: never wrong, never in the way, and gone whenever somebody removes them."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from gitreg.store.diskcache import DiskCache

ROWS = {b"a": b"1", b"b": b"", b"c" * 41: bytes(range(256))}


@pytest.fixture
def common_dir(tmp_path):
    (tmp_path / "objects").mkdir()
    return tmp_path


@pytest.fixture
def file(common_dir):
    return common_dir / "gitreg" / "decoded-1.sqlite"


def kept(common_dir, rows=ROWS):
    cache = DiskCache(str(common_dir))
    cache.keep(rows)
    cache.close()


def found(common_dir, keys=tuple(ROWS)):
    cache = DiskCache(str(common_dir))
    try:
        return cache.find(list(keys))
    finally:
        cache.close()


def test_the_next_process_finds_what_was_kept(common_dir):
    kept(common_dir)

    assert found(common_dir, [*ROWS, b"other"]) == ROWS


def test_nothing_is_made_by_looking(common_dir):
    assert found(common_dir) == {}
    assert os.listdir(common_dir) == ["objects"]


def test_it_may_be_deleted_at_any_time(common_dir, file):
    cache = DiskCache(str(common_dir))
    cache.keep(ROWS)
    file.unlink()

    cache.keep({b"d": b"4"})

    assert found(common_dir, [b"a"]) in ({}, {b"a": b"1"})
    kept(common_dir)
    assert found(common_dir) == ROWS
    cache.close()


@pytest.mark.parametrize("text", [b"", b"not a database, but long enough to be looked at" * 100, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_foreign_file_is_a_miss_and_mended_by_the_next_that_keeps(common_dir, file, text):
    kept(common_dir)
    file.write_bytes(text)

    assert found(common_dir) == {}
    kept(common_dir)
    assert found(common_dir) == ROWS


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_truncated_file_gives_what_is_right_or_nothing(common_dir, file, share):
    rows = {b"%d" % number: os.urandom(300) for number in range(1000)}
    kept(common_dir, rows)
    os.truncate(file, int(file.stat().st_size * share))

    assert found(common_dir, rows).items() <= rows.items()
    kept(common_dir, rows)
    kept(common_dir, rows)
    assert found(common_dir, rows) == rows


def test_a_row_whose_bytes_were_turned_is_a_miss(common_dir, file):
    kept(common_dir)
    with sqlite3.connect(file) as database:
        database.execute("UPDATE rows SET value = CAST(substr(value, 1, 4) || x'00' AS BLOB) WHERE key = x'61'")
    database.close()

    assert found(common_dir) == {key: value for key, value in ROWS.items() if key != b"a"}


def test_a_value_under_another_key_is_a_miss(common_dir, file):
    kept(common_dir)
    with sqlite3.connect(file) as database:
        database.execute("UPDATE rows SET key = x'7a' WHERE key = x'61'")
    database.close()

    assert found(common_dir, [b"z"]) == {}


def test_another_s_table_is_a_miss_and_is_made_anew(common_dir, file):
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE rows (key TEXT, value INTEGER)")
        database.execute("INSERT INTO rows VALUES (x'61', 7)")
    database.close()

    assert found(common_dir) == {}
    kept(common_dir)
    kept(common_dir)
    assert found(common_dir) == ROWS


def test_it_keeps_to_its_size_and_the_oldest_goes_first(common_dir, file):
    cache = DiskCache(str(common_dir), most=1 << 20)
    for turn in range(60):
        cache.keep({b"%d-%d" % (turn, number): os.urandom(300) for number in range(100)})

    assert file.stat().st_size <= 1 << 20
    assert len(cache.find([b"59-%d" % number for number in range(100)])) == 100
    assert cache.find([b"0-1"]) == {}
    cache.close()


def test_more_than_it_may_hold_is_not_kept_and_nobody_is_told(common_dir, file):
    cache = DiskCache(str(common_dir), most=1 << 16)
    cache.keep({b"%d" % number: os.urandom(300) for number in range(1000)})
    cache.keep(ROWS)

    assert cache.find(list(ROWS)) in (ROWS, {})
    assert file.stat().st_size <= 1 << 16
    cache.close()


@pytest.mark.parametrize("way", ["a file for its folder", "a folder for its file"])
def test_where_it_cannot_be_it_is_empty(common_dir, file, way):
    (file.parent if way == "a file for its folder" else file / "x").parent.mkdir(parents=True, exist_ok=True)
    if way == "a file for its folder":
        file.parent.write_text("")

    kept(common_dir)

    assert found(common_dir) == {}


def test_what_another_shape_left_is_removed(common_dir, file):
    file.parent.mkdir()
    old = file.with_name("decoded-0.sqlite")
    old.write_text("")

    kept(common_dir)

    assert not old.exists()


def _many(common_dir, turn):
    cache = DiskCache(common_dir)
    for number in range(40):
        cache.keep({b"%d-%d" % (turn, number): b"%d" % number})
        for key, value in cache.find([b"%d-%d" % (other, number) for other in range(4)]).items():
            assert key.endswith(b"-" + value)
    cache.close()


def test_processes_keep_at_once_and_none_reads_what_is_wrong(common_dir):
    spawned = multiprocessing.get_context("spawn")
    workers = [spawned.Process(target=_many, args=(str(common_dir), turn)) for turn in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    rows = {b"%d-%d" % (turn, number): b"%d" % number for turn in range(4) for number in range(40)}
    assert found(common_dir, rows).items() <= rows.items()
    assert len(found(common_dir, rows)) > 40


def test_a_forked_child_has_a_connection_of_its_own(common_dir):
    cache = DiskCache(str(common_dir))
    cache.keep(ROWS)
    child = os.fork()
    if child == 0:
        os._exit(0 if cache.find(list(ROWS)) == ROWS else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert cache.find(list(ROWS)) == ROWS
    cache.close()


def test_while_another_writes_it_is_a_miss_and_asked_again(common_dir, file):
    kept(common_dir)
    cache = DiskCache(str(common_dir))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    during = cache.find(list(ROWS))
    other.execute("ROLLBACK")
    other.close()

    assert during == {}
    assert cache.find(list(ROWS)) == ROWS
    cache.close()


def test_a_file_of_a_shared_repository_can_be_written_by_its_group(common_dir, file):
    Path(common_dir, "objects").chmod(0o2770)
    before = os.umask(0o077)
    try:
        kept(common_dir)
    finally:
        os.umask(before)

    assert file.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("name", ["decoded-1.sqlite", "decoded-1.sqlite-journal"])
@pytest.mark.parametrize("text", [None, b"", b"precious", b"SQLite format 3\0" + b"\xff" * 8000])
def test_what_a_link_leads_to_is_neither_written_nor_removed(common_dir, file, name, text):
    kept(common_dir)
    (file.parent / name).unlink(missing_ok=True)
    other, link = common_dir / "somebody's", file.parent / name
    link.symlink_to(other)
    if text is not None:
        other.write_bytes(text)

    kept(common_dir)

    assert found(common_dir) == {}
    assert link.is_symlink()
    assert (other.read_bytes() if other.exists() else None) == text


def test_a_pipe_in_its_place_is_not_waited_for(common_dir, file):
    file.parent.mkdir()
    os.mkfifo(file)

    kept(common_dir)

    assert found(common_dir) == {}
    assert file.is_fifo()


def test_what_another_keeps_after_it_was_deleted_stays_and_is_used(common_dir, file):
    cache = DiskCache(str(common_dir))
    cache.keep({b"a": b"1"})
    file.unlink()
    kept(common_dir, {b"b": b"2"})

    cache.keep({b"c": b"3"})
    cache.keep({b"d": b"4"})

    assert found(common_dir, [b"b"]) == {b"b": b"2"}
    assert found(common_dir, [b"d"]) == cache.find([b"d"]) == {b"d": b"4"}


def test_one_that_another_is_about_to_fill_is_left_to_it(common_dir, file):
    file.parent.mkdir()
    file.touch()

    cache = DiskCache(str(common_dir))

    assert cache.find([b"a"]) == {}
    assert file.exists()
    kept(common_dir)
    assert cache.find([b"a"]) == {b"a": b"1"}
