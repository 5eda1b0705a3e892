"""Where a branch stands, read from git's own files: a few microseconds, where asking git takes a round trip.

Only what such a file says for certain counts. Whatever else there may be (a symbolic ref, the reftable backend, very
many packed refs) is git's to say.
"""

from __future__ import annotations

import os
import re

_ID = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n?\Z")
_LONGEST = 1 << 16  # bytes of packed refs: searching more of them takes longer than git does
_PLACES = ("refs/heads/", "refs/remotes/")


def commit_at(common_dir: str, ref: str) -> str | None:
    """Return the id of the commit that a branch is at, None where git is to be asked.

    A loose ref wins over a packed one, and is looked at first: git packs a ref before it removes the loose one.
    """
    if not ref.startswith(_PLACES):
        return None
    try:
        loose = _bytes(os.path.join(common_dir, ref))
        if loose is not None:
            return loose.strip().decode() if _ID.match(loose) else None
        packed = _bytes(os.path.join(common_dir, "packed-refs")) or b""
    except OSError:  # it cannot be read, or is a link: of a branch to another, as core.preferSymlinkRefs makes them
        return None
    end = packed.find(b" %b\n" % os.fsencode(ref))
    if end < 0 or len(packed) > _LONGEST:
        return None
    found = packed[packed.rfind(b"\n", 0, end) + 1 : end]
    return found.decode() if _ID.match(found) else None


def _bytes(path: str) -> bytes | None:
    """Return how a file begins, to one byte more than is read of any; None where there is none.

    Raises:
        OSError: there is something, and it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return os.read(descriptor, _LONGEST + 1)
    except IsADirectoryError:
        return None
    finally:
        os.close(descriptor)
