"""The listing of a folder: a line for each file, ``<sha256>  <size>  <path>``, sorted bytewise. Its digest is the folder's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def line(sha256: str, size: int, path: str) -> bytes:
    """Return the line of a file; *path* is that in its folder."""
    return os.fsencode(f"{sha256}  {size}  {path}\n")


def digest(lines: Iterable[bytes]) -> str:
    """Return the digest of the folder that has these *lines*, in any order."""
    import hashlib

    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()
