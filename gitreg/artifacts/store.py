"""The store that ``artifacts:`` names: files by their digest, ``<address>/sha256/ab/ab12…``, each of them once.

What stands under its digest is whole: it was read back, or the store proved it, before it got its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.artifacts.landing import Wanted
    from gitreg.artifacts.meter import Told


class Kept(NamedTuple):
    """What keeping came to: bytes that were sent, and bytes that were there."""

    sent: int = 0
    there: int = 0

    def __add__(self, other: object) -> Kept:
        assert isinstance(other, Kept)
        return Kept(self.sent + other.sent, self.there + other.there)


class Store(Protocol):
    """Keeps files by their digest."""

    def keep(self, wanted: Sequence[Wanted], told: Told) -> Kept:
        """Bring all that is *wanted* here, but for what is here; each is verified.

        Raises:
            ConflictError: a file is not what was hashed any more.
            BusyError: the store refuses, is full, or cannot be reached. What was sent so far is not sent again.
        """

    def uri(self, sha256: str) -> str:
        """Return the address of what has this digest, whether it is here or not."""
