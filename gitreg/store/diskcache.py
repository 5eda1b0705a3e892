"""What earlier processes decoded, by git id: one SQLite file in the git common dir.

Content-addressed, so it is never stale, and right for every commit and branch. It may be deleted at any time, by
anybody: what is not in it is read from git again. Each row has a checksum of its key and value, so that a damaged,
truncated or foreign file is a miss and nothing else. ``GITREG_CACHE=0`` turns it off.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from gitreg.store import disk
from gitreg.store.mutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
SHAPE = 1  # of what is kept: another one where format 1 or the way it is decoded changes
MOST = 1 << 26  # bytes of the file
_PAGE = 4096  # bytes
_PATIENCE = 0.1  # seconds: a row that another process keeps us from is read from git
_AT_ONCE = 500  # keys in a question
_TABLE = "CREATE TABLE IF NOT EXISTS rows (age INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)"
_PUT = "INSERT OR IGNORE INTO rows (key, value) VALUES (?, ?)"
_HALVED = "DELETE FROM rows WHERE age <= (SELECT (min(age) + max(age)) / 2 FROM rows)"


_WAITING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_HINDERED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM)  # not the file's fault


class DiskCache:
    """Bytes by key, for all processes that read one repository. Nothing here fails: a cache that cannot be used is an empty one."""

    def __init__(self, common_dir: str, *, most: int = MOST) -> None:
        self._common_dir, self._most = common_dir, most
        self._file = os.path.join(common_dir, "gitreg", f"decoded-{SHAPE}.sqlite")
        self._turn = Mutex()
        self._database: sqlite3.Connection | None = None
        self._owner = os.getpid()
        self._inherited: sqlite3.Connection | None = None
        self._useless = False

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is kept under each of *keys* that is known."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _AT_ONCE):
            group = keys[start : start + _AT_ONCE]
            rows = self._done(lambda database, group=group: _got(database, group), make=False)  # type: ignore[misc]
            if rows is None:
                break
            found.update((key, value[4:]) for key, value in rows)
        return found

    def keep(self, rows: Mapping[bytes, bytes]) -> None:
        """Keep *rows*; where there is no room the older half of what is kept goes."""
        written = [(key, _sum(key, value) + value) for key, value in rows.items()]
        self._done(lambda database: _put(database, written), make=True)

    def close(self) -> None:
        """Close the file; what is asked next opens it again."""
        with self._turn:
            self._close()

    def _close(self) -> None:
        if self._database is not None and self._owner == os.getpid():
            self._database.close()
        self._database = None

    def _done(self, job: Callable[[sqlite3.Connection], T], *, make: bool) -> T | None:
        """Return what *job* gives, None where there is no database; whatever is wrong with it, it is not asked again."""
        with self._turn:
            if self._owner != os.getpid():  # a connection must not be used, nor closed, after a fork
                self._inherited, self._database, self._owner = self._database, None, os.getpid()
            try:
                database = self._opened(make=make)
                return None if database is None else job(database)
            except OSError:
                self._useless = True
            except (sqlite3.Error, TypeError) as error:
                self._failed(getattr(error, "sqlite_errorcode", 0))
        return None

    def _failed(self, code: int) -> None:
        """Remove the file if it is what is wrong; *code* says more than its last byte, which tells what kind of trouble it is."""
        if code == sqlite3.SQLITE_READONLY_DBMOVED:  # somebody removed it: what is there now is another's, and right
            self._close()
            return
        self._useless = code & 0xFF not in _WAITING
        if self._useless and code & 0xFF not in _HINDERED:
            self._remove()

    def _opened(self, *, make: bool) -> sqlite3.Connection | None:
        if self._useless or self._database is not None:
            return None if self._useless else self._database
        if not os.path.lexists(self._file):
            if not make:
                return None
            self._new()
        elif not make and os.path.getsize(self._file) == 0:  # another process is about to fill it
            return None
        if not self._is_own():
            self._useless = True
            return None
        self._database = sqlite3.connect(self._file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        for setting in ("synchronous = OFF", f"max_page_count = {max(self._most // _PAGE, 8)}", "trusted_schema = OFF"):
            self._database.execute(f"PRAGMA {setting}")
        if make:
            self._database.execute(_TABLE)
        return self._database

    def _new(self) -> None:
        """Make an empty file with the mode of git's own, and remove what gitregs of another shape left."""
        folder, own = disk.own_folder(self._common_dir), os.path.basename(self._file)
        for name in os.listdir(folder):
            if name.startswith("decoded-") and not name.startswith(own):
                os.unlink(os.path.join(folder, name))
        mode = disk.file_mode(self._common_dir)
        with contextlib.suppress(FileExistsError):  # another process was first
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            os.fchmod(descriptor, mode)
            os.close(descriptor)

    def _is_own(self) -> bool:
        """Tell whether the file and its journal, if there, are files: SQLite would write through a link, and wait for a pipe."""
        return all(stat.S_ISREG(os.lstat(file).st_mode) for file in (self._file, f"{self._file}-journal") if os.path.lexists(file))

    def _remove(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._close()
        for file in (f"{self._file}-journal", self._file):  # a journal would be rolled back into the next file of this name
            with contextlib.suppress(OSError):
                os.unlink(file)


def _got(database: sqlite3.Connection, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(keys))
    rows = database.execute(f"SELECT key, value FROM rows WHERE key IN ({marks})", keys)  # noqa: S608 - question marks
    return [(key, value) for key, value in rows if isinstance(value, bytes) and value[:4] == _sum(key, value[4:])]


def _put(database: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
    try:
        _put_whole(database, rows)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        database.execute(_HALVED)
        _put_whole(database, rows)


def _put_whole(database: sqlite3.Connection, rows: Sequence[tuple[bytes, bytes]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany(_PUT, rows)
        database.execute("COMMIT")
    except sqlite3.Error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _sum(key: bytes, value: bytes) -> bytes:
    return crc32(value, crc32(key)).to_bytes(4, "big")
