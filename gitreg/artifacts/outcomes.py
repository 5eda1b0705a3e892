"""What pulling and verifying tell of each artifact."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

State = Literal["pulled", "there", "unproven"]
Verdict = Literal["ok", "missing", "changed", "unreachable", "unproven"]


class Pulled(Struct, frozen=True, kw_only=True):
    """An artifact that was pulled: ``path`` is where it is now.

    ``state`` is ``pulled``, ``there`` (it was there, and right), or ``unproven``: without a digest in the record nobody
    can tell whether it is what was registered, so it was not pulled and ``path`` is None.
    """

    name: str
    kind: str
    state: State
    path: str | None = None
    sha256: str | None = None
    size: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``gitreg pull``."""
        return msgspec.structs.asdict(self)


class Verified(Struct, frozen=True, kw_only=True):
    """What became of a recorded artifact: ``ok``, ``missing``, ``changed``, ``unreachable``, or ``unproven`` without a digest.

    ``of`` names the versions and artifacts that recorded it, ``iris@7 model``; ``reason`` says more where it is not ``ok``.
    """

    uri: str
    verdict: Verdict
    sha256: str | None = None
    size: int | None = None
    of: tuple[str, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``gitreg verify``."""
        return {**msgspec.structs.asdict(self), "of": list(self.of)}
