"""The nouns of proposals: one that was made, and one as it stands. Frozen, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from gitreg.records import Receipt

State = Literal["ready", "waiting", "failing", "outdated", "conflict", "draft", "unknown", "merged", "closed"]


class Proposed(Struct, frozen=True, kw_only=True):
    """A change that was proposed: branch *branch* at *commit*, to go to branch *base*.

    ``state`` says what this call did: the pull request was ``opened``, ``updated``, or is ``unchanged``; the branch was ``pushed``,
    and a person opens it at ``compare``, where there is such an address; ``landed``: the base is so already, nothing was done; ``rehearsed``.
    """

    state: Literal["opened", "updated", "unchanged", "pushed", "landed", "rehearsed"]
    branch: str
    base: str
    title: str = ""
    body: str = ""
    commit: str | None = None
    url: str | None = None
    number: int | None = None
    compare: str | None = None
    receipt: Receipt
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of a command with ``--pr``."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("receipt", "notes")}
        return {**fields, **{name: value for name, value in self.receipt.as_dict().items() if name in ("changed", "events", "version", "diff")}}


class Standing(Struct, frozen=True, kw_only=True):
    """A pull request as it stands, or a branch where no forge is asked: what it does, and what stands against it.

    It is judged as it would land on *base* now. ``review`` and ``checks`` are the forge's word, null where nobody can tell.
    ``reasons`` say why it is in its *state*, ``next`` is the command or the address that goes on from there.
    """

    number: int | None
    branch: str
    commit: str
    base: str
    title: str
    state: State
    changes: tuple[str, ...] = ()
    author: str | None = None
    url: str | None = None
    review: str | None = None
    checks: str | None = None
    reasons: tuple[str, ...] = ()
    next: str = ""
    merge_commit: str | None = None
    updated_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg pr status``, and of an item of ``gitreg pr list``."""
        return {**msgspec.structs.asdict(self), "changes": list(self.changes), "reasons": list(self.reasons)}
