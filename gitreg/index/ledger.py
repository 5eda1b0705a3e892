"""What an index was made from: kept beside its files, so that the next export reads and writes only what changed, and removes only what is its own.

Paths are never read from it, but made from checked names: a ledger that somebody edited leads nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gitreg import names
from gitreg.index import files

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE, ETAGS = "export.json", "etags.nginx"
FORMAT = 1


class Row(Struct, frozen=True, array_like=True):
    """A row of the board, without the model's name."""

    latest: int | None
    versions: int
    stages: dict[str, int]


class Made(Struct, frozen=True, array_like=True):
    """A model's files: *tree* is what its folder was when they were made, empty where they are not whole.

    *row* is None where it was deleted, and *there* then says whether files are there all the same. *ids* are the blob ids of its files, where they are listed.
    """

    tree: str
    row: Row | None = None
    ids: tuple[str, ...] = ()
    there: bool = True


class Ledger(Struct, frozen=True, kw_only=True):
    """The files of an index, and what each was made from. *look* stands for all that every file depends on; *stages* are those that have files."""

    gitreg: str = "export"
    format: int = FORMAT
    look: str = ""
    stages: tuple[str, ...] = ()
    etags: bool = False
    finished: bool = True
    models: dict[str, Made] = {}

    def top(self) -> tuple[str, ...]:
        """Return the files that tell of all models, the ledger too; none where there is no index yet."""
        return (FILE, files.COVER, files.BOARD, *([ETAGS] if self.etags else [])) if self.look else ()

    def paths(self) -> Iterator[str]:
        """Yield all files of the index, relative to its folder."""
        yield from self.top()
        for model, made in self.models.items():
            if made.there:
                yield from files.of(model, self.stages)


def read(data: bytes | None) -> Ledger:
    """Return the ledger that *data* is; an empty one where it is none that this gitreg wrote."""
    try:
        found = msgspec.json.decode(data, type=Ledger) if data else Ledger()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Ledger()
    sane = found.gitreg == "export" and found.format == FORMAT and not any(map(names.stage_name_problem, found.stages)) and all(map(names.is_model_name, found.models))
    return found if sane else Ledger()


def written(ledger: Ledger) -> bytes:
    """Return a ledger as its file."""
    return msgspec.json.encode(ledger) + b"\n"
