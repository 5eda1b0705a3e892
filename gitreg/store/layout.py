"""Where a record lives: paths relative to the registry's root, with ``/`` between. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

from gitreg.errors import InvalidError

CONFIG = "gitreg.yaml"
FOLDER = ".gitreg"
SCHEMA_FOLDER = ".gitreg/schema/1"
MODELS = "models"
CARD = "model.yaml"
STAGES = "stages.yaml"
VERSIONS = "versions"
LARGEST = 1 << 20  # bytes of one file

_MANIFEST = r"models/(.+)/versions/(?:([1-9][0-9]*000)/)?([1-9][0-9]{0,8})\.yaml"
_MOST_DIGITS = 9
_AMONG = re.compile(rb"\0[1-9][0-9]{0,8}\.yaml(?=\0)")


class Place(NamedTuple):
    """What a path holds: ``kind`` is config, schema, card, stages, manifest, or empty for a stray file."""

    kind: str
    model: str = ""
    number: int = 0


def checked_size(size: int, path: str) -> None:
    """Refuse a file of *size* bytes that no registry needs.

    Raises:
        InvalidError: it is larger than 1 MiB.
    """
    if size > LARGEST:
        raise InvalidError(f"the file has {size:,} bytes, {LARGEST:,} are allowed", path=path, rule="R01")


def card(model: str) -> str:
    """Return the path of *model*'s ``model.yaml``."""
    return f"{MODELS}/{model}/{CARD}"


def stages(model: str) -> str:
    """Return the path of *model*'s pointer file."""
    return f"{MODELS}/{model}/{STAGES}"


def versions(model: str) -> str:
    """Return the folder of *model*'s manifests."""
    return f"{MODELS}/{model}/{VERSIONS}"


def manifest(model: str, number: int) -> str:
    """Return the path of the manifest of version *number*: from 1000 on in a folder of a thousand."""
    folder = f"{number - number % 1000}/" if number >= 1000 else ""
    return f"{versions(model)}/{folder}{number}.yaml"


def numbered(name: str) -> int | None:
    """Return the number that a manifest's file *name* says, or None if it is not one."""
    digits = name.removesuffix(".yaml")
    fits = digits != name and digits.isascii() and digits.isdecimal() and digits[0] != "0" and len(digits) <= _MOST_DIGITS
    return int(digits) if fits else None


def manifests_among(names: Iterable[bytes]) -> int:
    """Return how many of the *names* in a folder are those of manifests; in one go, for there may be a thousand, and a write counts them."""
    return len(_AMONG.findall(b"\0%b\0" % b"\0".join(names)))


def place(path: str) -> Place:
    """Return what belongs at *path*; the kind is empty where nothing of gitreg's does."""
    if path == CONFIG:
        return Place("config")
    if path.startswith(SCHEMA_FOLDER + "/"):
        return Place("schema")
    if not path.isprintable():
        return Place("")
    match = re.fullmatch(_MANIFEST, path)
    if match and manifest(match[1], int(match[3])) == path:
        return Place("manifest", match[1], int(match[3]))
    folder, _, name = path.rpartition("/")
    if folder.startswith(MODELS + "/") and name in (CARD, STAGES):
        return Place("card" if name == CARD else "stages", folder.removeprefix(MODELS + "/"))
    return Place("")


def thousand(name: bytes) -> int | None:
    """Return the thousand that a folder *name* of manifests says, or None if it is not one."""
    fits = name.endswith(b"000") and name.isdigit() and name[:1] != b"0" and len(name) <= _MOST_DIGITS
    return int(name) if fits else None


def schema_line(path: str, kind: str) -> str:
    """Return the first line of a generated file: editors then know the schema, a path relative to the file."""
    return f"# yaml-language-server: $schema={'../' * path.count('/')}{SCHEMA_FOLDER}/{kind}.json\n"
