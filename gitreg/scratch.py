"""A place on disk for what a large transaction must remember and memory should not hold.

The only importer of sqlite3. The file has no name (or is gone at once), so that nothing is left of it whatever happens.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from gitreg.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Row = tuple[Any, ...]

_SETTINGS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1024; BEGIN"  # KiB of memory: the rest is on disk


class Scratch:
    """A temporary database, gone when nobody refers to it any longer. It is never committed: nobody else reads it."""

    def __init__(self, *tables: str) -> None:
        with _said():
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for statement in (*_SETTINGS.split("; "), *tables):
                self._database.execute(statement)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # it was never opened
            self._database.close()

    def write(self, statement: str, rows: Iterable[Row]) -> None:
        """Carry *statement* out for each of *rows*.

        Raises:
            BusyError: the disk is full, or there is no folder for temporary files.
        """
        with _said():
            self._database.executemany(statement, rows)

    def one(self, query: str, *values: Any) -> Row | None:
        """Return the first row that *query* finds, or None."""
        with _said():
            found: Row | None = self._database.execute(query, values).fetchone()
            return found

    def rows(self, query: str, *values: Any) -> Iterator[Row]:
        """Yield what *query* finds, row by row."""
        with _said():
            yield from self._database.execute(query, values)


@contextlib.contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BusyError("a large transaction finds no room for temporary files: {reason}", reason=error, hint="set TMPDIR to a folder on a disk with room") from None
