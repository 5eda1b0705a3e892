"""Exchange a registry's branch with its remote: what is new there comes here, what was written offline is replayed and pushed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitreg.errors import BusyError, ConflictError, NotFoundError
from gitreg.rebase import Asked, Replayed, replayed, tip_of
from gitreg.records import Synced
from gitreg.store import commits, lineage, lock, notes, turns, worktree
from gitreg.store import remote as remotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Occasion
    from gitreg.store.remote import Remote
    from gitreg.store.transaction import Target


def synced(target: Target, wish: Asked, occasion: Occasion, *, rehearsal: bool = False) -> Synced:
    """Bring the branch of *target* and the remote's to the same commit; a rehearsal only says what would be.

    What each side has and the other has not is replayed, operation by operation; the remote takes it before the branch
    here moves.

    Raises:
        ConflictError: both sides changed the same thing, this branch is not the one that is shared, or an edit is in the way.
        NotFoundError: no remote is named, or this repository has none of that name.
        PolicyError: a gate does not hold, or the remote's rules refuse.
        BusyError: the remote cannot be reached, or others were first all the time.
    """
    with lock.held(target.repo.common_dir) as descriptor:
        healed = worktree.heal(target.repo, descriptor)
        for _ in turns.attempts():
            tip = tip_of(target)
            remote = _shared(target, tip)
            with _online(remote):
                theirs = remote.fetch()
            made = _joined(target, tip, theirs, wish, occasion)
            done = Synced(
                branch=remote.branch, remote=remote.name, commit=made.tip, pulled=lineage.count(target.repo, tip, theirs) if theirs else 0,
                pushed=lineage.count(target.repo, theirs, made.tip), renumbered=made.renumbered, contested=made.disputes, notes=(*healed, *made.notes),
            )  # fmt: skip
            if rehearsal or theirs == tip:
                return done
            with _online(remote):
                outcome = _exchanged(target, remote, (tip, theirs, made.tip), descriptor)
            if outcome is not commits.Outcome.LOST:
                return replace(done, notes=(*done.notes, *notes.of_commit(target.repo, None, outcome)))
    raise BusyError("other writers won the race for {ref} at its remote all the time", ref=target.ref)


@contextmanager
def _online(remote: Remote) -> Iterator[None]:
    """Let an error not advise to stay offline: that is no way to exchange."""
    try:
        yield
    except BusyError as error:
        error.hint = f"git ls-remote {remote.name}" if error.hint == remotes.OFFLINE else error.hint
        raise


def _shared(target: Target, tip: str) -> Remote:
    """Return the remote that shares the branch of *target*."""
    view = target.snapshot(tip)
    if view.config.remote is None:
        raise NotFoundError("gitreg.yaml names no remote: there is nobody to exchange with", hint="add a line to gitreg.yaml: remote: origin")
    remote = target.remote(view)
    if remote is None:
        branch = target.ref.removeprefix("refs/heads/")
        raise ConflictError("{branch} is not the branch that is shared", branch=branch, hint="gitreg rebase")
    return remote


def _joined(target: Target, tip: str, theirs: str | None, wish: Asked, occasion: Occasion) -> Replayed:
    """Return where both sides are to be: at the one that is ahead, else at ours replayed on theirs."""
    if theirs is None or target.repo.is_ancestor(theirs, tip):
        wish.all_used(frozenset())
        return Replayed(tip)
    if target.repo.is_ancestor(tip, theirs):
        wish.all_used(frozenset())
        return Replayed(theirs)
    return replayed(target, tip, theirs, wish, occasion)


def _exchanged(target: Target, remote: Remote, places: tuple[str, str | None, str], descriptor: int) -> commits.Outcome:
    """Push and move what is not there yet; *places* are the branch's commit, the remote's, and where both are to be."""
    tip, theirs, end = places
    if end == tip:
        return commits.Outcome.DONE if remote.push(end) else commits.Outcome.LOST
    publish = remote.push if theirs != end else None
    return commits.brought(target.repo, commits.Step(target.ref, tip, tip, commits.made(end), publish), f"sync with {remote.name}", descriptor)
