"""What a site was made from: kept beside its pages, so that the next build writes only what changed, and removes only what is its own.

Paths are never read from it, but made from checked names: a ledger that somebody edited leads nowhere else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from gitreg import names
from gitreg.records import Event  # noqa: TC001 - msgspec reads the types when it runs

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE, EVENTS = "site.json", "history/events.js"
FORMAT = 1
_MOST = 10_000_000  # pages of one kind: what says that it has more was not written by gitreg


class Made(Struct, frozen=True):
    """A model's pages: *tree* is what its folder was when they were made, empty where they are not whole.

    *needs* are the folders of other models that they tell of.
    """

    tree: str
    versions: int
    needs: dict[str, str] = {}


class Ledger(Struct, frozen=True, kw_only=True):
    """The pages of a site, and what each was made from. *look* stands for all that every page depends on, *sound* says that ``check`` found nothing."""

    format: int = FORMAT
    look: str = ""
    finished: bool = True
    commit: str = ""
    whole: bool = True
    sound: bool = False
    static: tuple[str, ...] = ()
    history: int = 0
    models: dict[str, Made] = {}
    events: tuple[Event, ...] = ()

    def paths(self) -> Iterator[str]:
        """Yield the files of the site, relative to its folder, the ledger too."""
        yield from (FILE, EVENTS)
        yield from (f"static/{name}" for name in self.static if _harmless(name))
        for stem in ("index", "on", "problems", "history/index", *(f"history/{page}" for page in range(1, self.history + 1))):
            yield from both(stem)
        for model, made in self.models.items():
            if names.is_model_name(model):
                for stem in ("index", "compare", *range(1, made.versions + 1)):
                    yield from both(f"models/{model}/{stem}")


def both(stem: str) -> tuple[str, str]:
    """Return the paths of a page and of the JSON beside it."""
    return f"{stem}.html", f"{stem}.json"


def read(data: bytes | None) -> Ledger:
    """Return the ledger that *data* is; an empty one where it is none that this gitreg wrote."""
    try:
        found = msgspec.json.decode(data, type=Ledger) if data else Ledger()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Ledger()
    return found if found.format == FORMAT and _sane(found) else Ledger()


def written(ledger: Ledger) -> bytes:
    """Return a ledger as its file."""
    return msgspec.json.encode(ledger) + b"\n"


def _sane(ledger: Ledger) -> bool:
    known = not ledger.commit or re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", ledger.commit) is not None
    return known and 0 <= ledger.history <= _MOST and all(0 <= made.versions <= _MOST for made in ledger.models.values())


def _harmless(name: str) -> bool:
    return all(part not in ("", ".", "..") for part in name.split("/")) and "\\" not in name and ":" not in name
