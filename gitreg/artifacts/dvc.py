"""Files of DVC (``model.bin.dvc``): they name an output beside them by its md5 and size, and keep no bytes themselves."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

from gitreg.artifacts import digest
from gitreg.errors import InvalidError, UsageError
from gitreg.records import MD5
from gitreg.store import codec, layout

ENDING = ".dvc"
_FOLDER = ".dir"


class DvcPointer(NamedTuple):
    """The one output that a file of DVC names: where it lies, its md5 (with ``.dir`` that of a folder), and its size in bytes if it is known."""

    path: str
    md5: str
    size: int | None

    @property
    def folder(self) -> bool:
        """True where the output is a folder."""
        return self.md5.endswith(_FOLDER)


def pointer(path: str) -> DvcPointer | None:
    """Return what a file of DVC names, or None where *path* is no such file.

    Raises:
        UsageError: it is one, but names no single output by its md5.
    """
    if not path.endswith(ENDING) or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            data = file.read(layout.LARGEST + 1)
        read = codec.load(data, path)
    except (InvalidError, OSError) as error:
        raise UsageError("this is no file of DVC: {error}", error=error) from None
    outs = read.get("outs") if isinstance(read, dict) else None
    if not isinstance(outs, list) or len(outs) != 1 or not isinstance(outs[0], dict):
        raise UsageError("{path}: outs: expected one output", path=path, hint="give the files themselves")
    return _pointer(path, outs[0])


def _pointer(path: str, out: dict[str, Any]) -> DvcPointer:
    import re

    md5, size, name = out.get("md5"), out.get("size"), out.get("path")
    if not isinstance(md5, str) or not re.search(MD5, md5):
        raise UsageError("{path}: outs.0.md5: expected 32 digits of lower-case hex, found {md5!r}", path=path, md5=md5)
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise UsageError("{path}: outs.0.size: expected a number of bytes, found {size!r}", path=path, size=size)
    if not isinstance(name, str) or not name or os.path.isabs(name) or ".." in name.split("/"):
        raise UsageError("{path}: outs.0.path: expected a path beside it, found {name!r}", path=path, name=name)
    return DvcPointer(os.path.join(os.path.dirname(path), name), md5, size)


def is_there(pointed: DvcPointer) -> bool:
    """Tell whether the output lies beside its file, and is what the file names."""
    path = pointed.path
    if os.path.islink(path) or os.path.isdir(path) != pointed.folder or not os.path.exists(path):
        return False
    if not pointed.folder:
        return pointed.size in (None, os.path.getsize(path)) and _md5(path) == pointed.md5
    entries = [{"md5": _md5(os.path.join(path, name)), "relpath": name} for name in digest.members(path)]
    entries.sort(key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + _FOLDER == pointed.md5


def _md5(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
