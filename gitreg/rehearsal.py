"""A change that is not made: what it would mean, and what the rules of the registry answer to it.

It is what a person is shown before they agree. Nothing is written for it, not even objects that nobody sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import ConflictError, GitregError, PolicyError
from gitreg.proposals.records import Proposed
from gitreg.records import Receipt
from gitreg.review import judge
from gitreg.review.landing import Landing
from gitreg.review.meaning import meaning
from gitreg.store import transaction, unwritten
from gitreg.store.gitrepo import Changed
from gitreg.store.plan import Files, Plan, concluded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gitreg.draft import Draft
    from gitreg.errors import NotFoundError
    from gitreg.review.meaning import Meaning
    from gitreg.store.plan import Wording
    from gitreg.store.snapshot import Snapshot

_FILE = "100644"


class Rehearsal(NamedTuple):
    """What a change would come to: its ``meaning`` as ``gitreg diff`` tells it, None where nothing would change.

    ``refusal`` is the error that the change would end with, None where it would be made; ``forced`` are the rules that it
    overrides; ``subject`` is the first line of its commit's message, empty where it is refused.
    """

    meaning: Meaning | None = None
    refusal: GitregError | None = None
    forced: tuple[str, ...] = ()
    subject: str = ""


class Stage:
    """Where a change is rehearsed: how a transaction begins and ends that nothing shall come of.

    *begin* says on which state of the registry, *guarded* whether review protects what that goes to.
    """

    def __init__(self, begin: Callable[[], tuple[transaction.Start, Snapshot]], guarded: Callable[[Snapshot], bool], at: datetime) -> None:
        self._begin, self._guarded, self._at = begin, guarded, at
        self._base: Snapshot | None = None
        self.seen = Rehearsal()

    def begin(self) -> tuple[transaction.Start, Snapshot]:
        """Return where the change begins."""
        begun, self._base = self._begin()
        return begun, self._base

    def missing(self, error: NotFoundError) -> NotFoundError:
        """Return *error*: what is not there is not there."""
        return error

    def proposed(self, begun: transaction.Start, wording: Wording) -> Proposed:
        """Rehearse what the transaction *begun* came to; ``seen`` is what it would be."""
        assert begun.draft
        assert self._base
        self.seen = _rehearsed(self._base, begun.draft, wording, guarded=self._guarded(self._base), at=self._at)
        return Proposed(state="rehearsed", branch="", base="", receipt=Receipt(message=self.seen.subject))


def _rehearsed(base: Snapshot, draft: Draft, wording: Wording, *, guarded: bool, at: datetime) -> Rehearsal:
    refusal: GitregError | None = None
    try:
        made = concluded(base, draft, wording, guarded=guarded)
    except (PolicyError, ConflictError) as error:
        refusal, made = error, Plan(base, draft, draft.last, Files(base, draft), (), "")
    if not made.files:
        return Rehearsal()
    forced = tuple(dict.fromkeys(text for event in made.events for text in event.forced))
    return Rehearsal(_meaning(made, at), refusal, forced, "" if refusal else made.subject)


def _meaning(made: Plan, at: datetime) -> Meaning:
    """Return what ``gitreg diff`` would say of the commit that *made* plans, were it there."""
    texts = {path: (old, text.encode()) for path, (old, text) in made.texts()}
    end, blobs = unwritten.laid(made.base, {path: text for path, (_, text) in texts.items()})
    changed = {
        path: Changed(None if old is None else _FILE, None if old is None else made.base.blob_id(path), _FILE, blobs[path])
        for path, (old, _) in texts.items()
    }  # fmt: skip
    landing = Landing(made.base, end, changed, changed, (), ())
    return meaning(landing, end.commit, judge.judged(landing), at, made.diff)
