"""Conclude a transaction as a proposal: one commit on the fetched tip, pushed to a branch of its own, and a pull request for it.

Nothing of the local state is used but objects: no worktree, no index, no branch here is read or moved.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError
from gitreg.forges.base import Proposal
from gitreg.names import Selector, shown
from gitreg.proposals import branches, host, naming
from gitreg.proposals.records import Proposed
from gitreg.review import judge
from gitreg.review.inert import code, fenced
from gitreg.review.markdown import COMMENT, MARKER, markdown
from gitreg.review.ranges import Range
from gitreg.store import commits, notes, transaction
from gitreg.store.plan import Pairs, concluded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.proposals.ground import Ground
    from gitreg.proposals.host import Host
    from gitreg.records import Occasion
    from gitreg.store.plan import Plan, Wording
    from gitreg.store.remote import Remote
    from gitreg.store.snapshot import Snapshot

_LONGEST_TITLE = 250  # characters; GitHub takes 256
_MOST_REASON = 5000  # characters
_AGAIN = "the same command again goes on from there"


class Way:
    """How a transaction begins and ends that is to be proposed."""

    def __init__(self, ground: Ground, via: str | None = None, *, rehearsal: bool = False) -> None:
        self._ground, self._via, self._rehearsal = ground, via, rehearsal

    def begin(self) -> tuple[transaction.Start, Snapshot]:
        """Return where the change begins: at the remote's branch as it is now.

        Raises:
            NotFoundError: there is no remote, no such branch, or no registry in it.
            ConflictError: the remote is fetched from one repository, and pushed to another.
            BusyError: the remote cannot be reached.
        """
        truth = self._ground.truth()
        _one_repository(truth)
        base = self._ground.base(truth)
        return transaction.Start(base.commit, base.commit, truth), base

    def missing(self, error: NotFoundError) -> NotFoundError:
        """Return *error*, or the one that says more, where the branch here has the model or version that the remote's has not."""
        truth, location = self._ground.truth(), self._ground.location
        here = self._ground.repo.commit(location.ref)
        model, what = (error.facts.get(fact) for fact in ("model", "what"))
        if location.remote or not (here and model and _has(self._ground.at(here), model, str(what or error.facts.get("number") or ""))):
            return error
        name = location.ref.removeprefix("refs/heads/")
        to_push = f"git push {truth.name} {name}" if name == truth.branch else f"git push {truth.name} {name}, and have it merged"
        hint = "gitreg sync" if self._ground.config().remote and name == truth.branch else to_push
        return NotFoundError("{branch} of {remote} does not have it yet, only this clone has: {said}", branch=truth.branch, remote=truth.name, said=error.message, hint=hint)

    def proposed(self, begun: transaction.Start, wording: Wording) -> Proposed:
        """Propose what the transaction *begun* came to, and return what became of it; see :meth:`Registry.proposal`."""
        assert begun.draft
        assert begun.remote
        made = concluded(self._ground.at(begun.base), begun.draft, wording, guarded=False)
        with self._ground.turn:
            return self._proposed(begun.remote, made, self._ground.occasion())

    def _proposed(self, truth: Remote, made: Plan, occasion: Occasion) -> Proposed:
        if not made.files:
            receipt = transaction.receipt(made, None, occasion)
            return Proposed(state="landed", branch="", base=truth.branch, receipt=receipt)
        branch = truth._replace(branch=naming.branch(made.base.prefix, made.events, made.draft))
        title = titled(made.subject)
        if self._rehearsal:
            return Proposed(state="rehearsed", branch=branch.branch, base=truth.branch, title=title, receipt=transaction.receipt(made, None, occasion))
        at = host.of(truth, self._via)
        before = at.forge.find(branch.branch, truth.branch) if at.forge else None  # who is not let in is told before anything is pushed
        done = self._published(branch, made, occasion)
        body = self._body(Range(made.base.commit, done.commit), made.reason, occasion)
        result = Proposed(
            state="pushed", branch=branch.branch, base=truth.branch, commit=done.commit, title=title, body=body,
            compare=compared(at, Proposal(branch.branch, truth.branch, title, body)), notes=(*_notes(made), *([at.why] if at.why else [])),
            receipt=transaction.receipt(made, done.commit, occasion),
        )  # fmt: skip
        return _opened(at, result, "opened" if before is None else "unchanged" if done.how == "same" else "updated")

    def _published(self, branch: Remote, made: Plan, occasion: Occasion) -> branches.Published:
        files = ((made.base.prefix + path, text.encode()) for path, (_, text) in made.texts())
        new = commits.prepared(self._ground.repo, self._ground.cache, made.base.commit, commits.Content(files, made.message, occasion))
        try:
            with _again():
                return branches.published(self._ground, branch, made, new)
        finally:
            new.drop()

    def _body(self, change: Range, reason: str, occasion: Occasion) -> str:
        """Return what a reviewer reads: the reason, and what the change means."""
        location = self._ground.location
        why = f"{inert(reason)}\n\n" if reason else ""
        found = judge.explained(self._ground.repo, location.prefix, self._ground.cache, change, occasion.now)
        return why + markdown(found, COMMENT - len(why.encode())).removeprefix(f"{MARKER}\n\n")  # the marker is of comments


def _has(view: Snapshot, model: str, what: str) -> bool:
    """Tell whether *view* has a model, and the version of it that is asked for."""
    try:
        return view.find_card(model) is not None and (not what or view.number(Selector(model, what)) > 0)
    except GitregError:
        return False


def _one_repository(remote: Remote) -> None:
    """Raise where pushes go to a fork: a branch there could not be seen, and its pull request would stay in the fork."""
    fetched, pushed = (remote.repo.output("remote", "get-url", *way, "--", remote.name) for way in ((), ("--push",)))
    if fetched != pushed and _path(fetched) != _path(pushed):
        raise ConflictError("{remote} is fetched from one repository and pushed to another: a proposal needs one", remote=remote.name, hint=f"git remote get-url --push {remote.name}")


def _path(address: str) -> list[str]:
    """Return the owner and name of a repository, which are the same over https and ssh."""
    return re.split("[/:]", address.rstrip("/").removesuffix(".git"))[-2:]


@contextmanager
def _again() -> Iterator[None]:
    """Let an error that another try may mend say so: nothing was made here that another try would trip over."""
    try:
        yield
    except BusyError as error:
        error.hint = _AGAIN
        raise


def titled(subject: str) -> str:
    """Return a commit's subject as a pull request's title: safe to show, and not longer than forges take."""
    safe = shown(subject)
    return safe if len(safe) <= _LONGEST_TITLE else f"{safe[: _LONGEST_TITLE - 1]}…"


def inert(reason: str) -> str:
    """Return the reason that a person gave as Markdown that is shown and does nothing."""
    short = "\n" not in reason and len(reason) <= _LONGEST_TITLE
    cut = reason if len(reason) <= _MOST_REASON else f"{reason[:_MOST_REASON]}…"
    return f"Reason: {code(reason)}" if short else f"Reason:\n\n{fenced(cut, 'text')}"


def compared(at: Host, proposal: Proposal) -> str | None:
    """Return the address where a person opens a pull request by hand, None where no forge is known."""
    if at.place is None:
        return None
    from gitreg.forges import connect

    return connect.compare_url(at.place, proposal)


def _opened(at: Host, result: Proposed, state: Literal["opened", "updated", "unchanged"]) -> Proposed:
    """Open the pull request for a branch that is pushed, or bring it up to date.

    Raises:
        GitregError: the forge refuses; the sentence says that the branch is there all the same.
    """
    if at.forge is None:
        return result
    try:
        pull = at.forge.propose(Proposal(result.branch, result.base, result.title, result.body))
    except GitregError as error:
        by_hand = f", or open it at {result.compare}" if result.compare else ""
        raise type(error)(
            "branch {branch!r} is pushed, but there is no pull request for its newest commit yet: {said}", branch=result.branch, said=error.message, hint=f"{_AGAIN}{by_hand}",
        ) from error  # fmt: skip
    return replace(result, state=state, url=pull.url, number=pull.number)


def _notes(made: Plan) -> tuple[str, ...]:
    pairs = ((model, pair) for model in made.draft.made.models() for _, pair in Pairs(made.base, made.draft, model).items())
    return (*notes.of_commit(made.base.repo, None, commits.Outcome.DONE), *notes.of_artifacts(made.base, pairs))
