"""From a button to a commit: the form, what the change would mean, and the change itself, made once it was agreed to.

Each answer is a :class:`Page`: which template says it, with which facts, under which status. What was shown is kept here, so
that what is confirmed is exactly that, whatever a browser sends.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import BusyError, ConflictError, GitregError, InvalidError, NotFoundError, PolicyError, UsageError
from gitreg.operations import events as eventlog
from gitreg.review import plain
from gitreg.review.meaning import FLAGS
from gitreg.web import forms

if TYPE_CHECKING:
    from gitreg.proposals.records import Proposed
    from gitreg.records import Change, Receipt
    from gitreg.registry import Registry
    from gitreg.rehearsal import Rehearsal
    from gitreg.review.meaning import Meaning
    from gitreg.verbs import Verbs
    from gitreg.view import View
    from gitreg.web.forms import Asked, Seen
    from gitreg.web.sessions import Sessions

_STATUS: tuple[tuple[type[GitregError], int], ...] = (
    (UsageError, 400), (NotFoundError, 404), (ConflictError, 409), (PolicyError, 403), (InvalidError, 500), (BusyError, 503),
)  # fmt: skip
_TITLES = {"promote": "Promote {about}", "rollback": "Roll back {about}", "archive": "Archive {about}", "edit": "Edit {about}"}
_UNSURE = (BusyError,)  # a remote may have taken what it did not answer
_AGAIN = (ConflictError, PolicyError, BusyError, NotFoundError)  # after these it is shown anew what the change would be now


def status(error: GitregError) -> int:
    """Return the status of the answer that tells of *error*."""
    return next((found for kind, found in _STATUS if isinstance(error, kind)), 500)


class Page(NamedTuple):
    """An answer: the *template* that says it, its facts, and its status."""

    template: str
    wish: Asked
    facts: dict[str, Any]
    status: int = 200

    @property
    def title(self) -> str:
        """What the page is called."""
        return _TITLES[self.wish.action].format(about=self.wish.model if self.wish.number is None else f"{self.wish.model}@{self.wish.number}")


class Offer(NamedTuple):
    """What was shown to a person, and may be confirmed."""

    wish: Asked
    seen: Seen


class Done(NamedTuple):
    """What became of a change that was confirmed."""

    wish: Asked
    receipt: Receipt
    proposed: Proposed | None = None
    undo: tuple[str, ...] = ()


class Changes:
    """The changes that a person makes with buttons, in one registry."""

    def __init__(self, registry: Registry, sessions: Sessions) -> None:
        self._registry, self._sessions = registry, sessions

    def form(self, view: View, wish: Asked) -> Page:
        """Return the form for an action; of *wish* what is known already is filled in.

        Raises:
            NotFoundError: there is no such model or version.
        """
        view.live_card(wish.model)
        version = view.version(wish.model, wish.number) if wish.number is not None else None
        stages = view.stages(wish.model)
        held = [{"stage": stage, "holder": stages.pointer(stage).number} for stage in view.config.stages]
        if wish.action == "rollback":
            held = [each | {"target": forms.Asked("rollback", wish.model, stage=str(each["stage"])).seen(view).number} for each in held]
        return Page("form.html", wish, {"version": version, "stages": held, "proposable": self.proposable()})

    def proposable(self) -> bool:
        """Tell whether a change can be made a pull request."""
        return self._registry.proposals().possible()

    def shown(self, cookie: str, wish: Asked, *, notice: GitregError | None = None, ask: bool = False) -> Page:
        """Return what a change would mean, with a ticket to confirm it, or what refuses it.

        Where it is shown anew *notice* says why; with *ask* the remote is asked what is there now.

        Raises:
            GitregError: it could not be done whoever agreed.
        """
        seen: list[Seen] = []

        def write(tx: Verbs) -> None:
            seen.append(self._seen_in(tx, wish))
            wish.carried_out(tx, seen[0])

        found = self._registry.rehearse(write, proposal=wish.pr, ask=ask)
        return self._told(cookie, Offer(wish, seen[0]), found, notice)

    @staticmethod
    def _seen_in(tx: Verbs, wish: Asked) -> Seen:
        seen: list[Seen] = []

        def look(view: View) -> Change:
            seen.append(wish.seen(view))
            return forms.unmoved(view, wish, seen[0])

        tx.perform(look)
        return seen[0]

    def _told(self, cookie: str, offer: Offer, found: Rehearsal, notice: GitregError | None) -> Page:
        facts = {
            "seen": offer.seen, "meaning": found.meaning, "forced": found.forced, "subject": found.subject, "notice": notice, "undone": not (offer.wish.pr or isinstance(notice, _UNSURE)),
            "text": plain.text(found.meaning) if found.meaning else "", "others": _others(found.meaning), "flags": FLAGS,
            "again": forms.again(offer.wish), "proposable": self.proposable(),
        }  # fmt: skip
        code = status(notice) if notice else 200
        if found.refusal:
            return Page("refused.html", offer.wish, facts | {"refusal": found.refusal}, code)
        return Page("confirm.html", offer.wish, facts | {"ticket": self._sessions.offered(cookie, offer) if found.meaning else ""}, code)

    def confirmed(self, cookie: str, ticket: str) -> str | Page:
        """Do what was shown, and return the name under which it is told; or what it would be now, where it could not be done.

        Raises:
            PolicyError: the ticket is of nobody, or was used.
            GitregError: it could not be done, and could not be shown anew either.
        """
        offer = self._sessions.taken(cookie, ticket)
        if offer is None:
            raise PolicyError("this was confirmed already, or is too old: a page is good for one change", hint="look at what it would do now")
        try:
            done = self._done(*offer)
        except _AGAIN as error:
            return self._anew(cookie, offer.wish, error)
        return self._sessions.told(cookie, done)

    def _done(self, wish: Asked, seen: Seen) -> Done:
        if wish.pr:
            with self._registry.proposal() as tx:
                wish.carried_out(tx, seen)
            return Done(wish, tx.receipt, tx.proposed)
        with self._registry.transaction(replay=True) as tx:
            wish.carried_out(tx, seen)
        return Done(wish, tx.receipt, undo=self._undo(tx.receipt))

    def _undo(self, receipt: Receipt) -> tuple[str, ...]:
        """Return the commands that take back what was done."""
        if receipt.commit is None:
            return ()
        with contextlib.suppress(GitregError):  # it is done, whatever else is wrong
            return tuple(move.undo for move in self._registry.diff(f"{receipt.commit}^1", receipt.commit).moves)
        return ()

    def _anew(self, cookie: str, wish: Asked, error: GitregError) -> Page:
        """Return what the change would be now, after *error*.

        Raises:
            GitregError: *error*, where it cannot be shown.
        """
        try:
            return self.shown(cookie, wish, notice=error, ask=True)
        except GitregError:
            raise error from None

    def result(self, cookie: str, name: str) -> Page:
        """Return what was done, under the name that this browser was given.

        Raises:
            NotFoundError: nothing was, or too long ago.
        """
        done = self._sessions.result(cookie, name)
        if done is None:
            raise NotFoundError("what was done is told once: look at the history")
        return Page("done.html", done.wish, {"done": done})


def _others(meaning: Meaning | None) -> list[str]:
    """Return what a change does beside moving stages, in sentences."""
    found = (event for event in (meaning.events if meaning else ()) if event.event not in ("promoted", "cleared"))
    return [(f"{event.model}: " if event.model else "") + eventlog.sentence(event) for event in found]
