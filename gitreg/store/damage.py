"""What is said where git cannot read its own: an error that is no file's fault, and a mark for a clone that can be made anew."""

from __future__ import annotations

from gitreg.errors import InvalidError

MARK = "damaged"  # a file in a clone in the cache


class DamagedError(InvalidError):
    """git cannot read what should be in the repository."""
