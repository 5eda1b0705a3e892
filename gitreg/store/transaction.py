"""Lock, pin a snapshot, run the operations, judge the end state, and make one commit or none.

The one committer. Operations are recorded as functions and run again on a fresh snapshot when another writer
wins the race for the ref: what they answer then is what is committed.
"""

from __future__ import annotations

import contextlib
import random
import time
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from gitreg.errors import BusyError, ConflictError, GitregError
from gitreg.operations import events as eventlog
from gitreg.records import Event, Occasion, Receipt, committed_at, settled
from gitreg.store import commits, lock, looseref, notes, turns, worktree
from gitreg.store.plan import OFTEN, Pairs, Plan, Wording, concluded, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gitreg.draft import Draft
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.plan import Operation, Watch
    from gitreg.store.remote import Remote
    from gitreg.store.snapshot import Snapshot
    from gitreg.view import View

__all__ = ["Plan", "Start", "Target", "Wording", "commit", "commit_plan", "plan", "receipt", "start"]

_TRIES = 200  # at least
_LONGEST_PAUSE = 0.5  # seconds


class Target(NamedTuple):
    """Where a write goes: the ref, how to see a commit, whether review guards the ref, who shares it, what was read before, whose turn it is, who hears how far it is."""

    repo: GitRepo
    ref: str
    snapshot: Callable[[str], Snapshot]
    guarded: Callable[[View], bool]
    remote: Callable[[View], Remote | None]
    cache: Cache
    turns: turns.Turns
    watch: Watch | None = None


class Start(NamedTuple):
    """Where a write begins: the commit that its branch is at, and the one that it is decided from, the remote's newer one.

    *asked* is False where the remote may have moved on, because it was not asked. *draft* is there where
    operations were carried out on it already.
    """

    tip: str
    base: str
    remote: Remote | None
    asked: bool = True
    draft: Draft | None = None


def commit(target: Target, operations: Iterable[Operation], wording: Wording, told: Callable[[], Iterable[bytes]], occasion: Occasion, begun: Start | None = None) -> Receipt:
    """Make the one commit, or none where the end is the start; returns when it would survive a power cut.

    Operations that were carried out already are not run again, unless the branch has moved since.
    *told* is what the caller was told that they come to, as of *begun*: a replay that comes to something else is a conflict.

    Raises:
        GitregError: an operation, the policy or the repository refuses; nothing is changed.
    """

    def made(base: Snapshot) -> Plan:
        if begun and begun.draft and begun.draft.base.commit == base.commit:
            return concluded(base, begun.draft, wording, guarded=target.guarded(base))
        return plan(base, operations, wording, guarded=target.guarded(base), told=told(), watch=target.watch)

    return commit_plan(target, made, occasion, begun)


def commit_plan(target: Target, planned: Callable[[Snapshot], Plan], occasion: Occasion, begun: Start | None = None) -> Receipt:
    """Commit what *planned* answers for the branch's tip; it is asked again where another writer was first.

    The first attempt does not ask the remote, or not again where the write has *begun* already: its push will tell.
    Only what ends without a push, a refusal or nothing to do, is judged by what the remote has now.

    Raises:
        GitregError: *planned* or the repository refuses; nothing is changed.
    """
    target.turns.begin()
    since = time.monotonic()
    with lock.held(target.repo.common_dir) as descriptor:
        healed = worktree.heal(target.repo, descriptor)
        for attempt in count():
            if _gives_up(begun, attempt, since):
                break
            if attempt:
                _pause(begun, attempt)
            if begun is None or attempt or not _is_at(target, begun.tip):
                begun = start(target, ask=attempt > 0)
            begun, made = _judged(target, planned, begun)
            if not made.files:
                return receipt(made, None, occasion, healed + _followed(target, begun, descriptor))
            outcome, new = _committed(target, made, begun, occasion, descriptor)
            if outcome is not commits.Outcome.LOST:
                if begun.remote:
                    target.turns.won()
                return receipt(made, new, occasion, healed + _notes(target, made, begun, outcome))
    raise BusyError("other writers won the race for {ref} {tries} times", ref=target.ref, tries=attempt)


def _gives_up(begun: Start | None, attempt: int, since: float) -> bool:
    return attempt >= _TRIES and (begun is None or begun.remote is None or time.monotonic() - since > turns.PATIENCE)


def _pause(begun: Start | None, attempt: int) -> None:
    """Wait before another attempt: on one machine to let the other be done, at a remote for a turn."""
    if begun and begun.remote:
        turns.lost(attempt)
    else:
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311 - jitter


def _judged(target: Target, planned: Callable[[Snapshot], Plan], begun: Start) -> tuple[Start, Plan]:
    """Return what is to be committed, and where it begins: the remote is asked where *planned* has nothing, or refuses."""
    if not begun.asked:
        with contextlib.suppress(GitregError):
            made = planned(target.snapshot(begun.base))
            if made.files:
                return begun, made
        begun = start(target)
    return begun, planned(target.snapshot(begun.base))


def start(target: Target, *, ask: bool = True) -> Start:
    """Return where a write begins: with a remote, on the remote's branch as it is now, if it has commits that are not here.

    Without *ask* it begins here, as if nobody had pushed since.

    Raises:
        ConflictError: the branch is gone, or both it and the remote's have commits that the other has not.
        BusyError: the remote cannot be reached.
    """
    tip = target.repo.tip(target.ref)
    if tip is None:
        raise ConflictError("branch {ref} is gone", ref=target.ref)
    remote = target.remote(target.snapshot(tip))
    if remote and not ask:
        return Start(tip, tip, remote, asked=False)
    theirs = remote.fetch() if remote else None
    if theirs is None or theirs == tip or target.repo.is_ancestor(theirs, tip):
        return Start(tip, tip, remote)
    if target.repo.is_ancestor(tip, theirs):
        return Start(tip, theirs, remote)
    raise ConflictError("{ref} here and at the remote have diverged: each has commits that the other has not", ref=target.ref, hint="gitreg sync")


def _is_at(target: Target, tip: str) -> bool:
    return target.repo.tip(target.ref) == tip


def _followed(target: Target, begun: Start, descriptor: int) -> tuple[str, ...]:
    """Bring the branch to where the remote is, for the answer was given from there; a note where that cannot be."""
    if begun.base == begun.tip:
        return ()
    try:
        commits.follow(target.repo, target.ref, begun.tip, begun.base, descriptor)
    except (ConflictError, BusyError) as error:
        return (f"the branch here is behind its remote still: {error}",)
    return ()


def receipt(made: Plan, commit_id: str | None, occasion: Occasion, told: tuple[str, ...] = ()) -> Receipt:
    """Return what a plan did, or would do where it was not committed; a version that did not change is the base's."""
    last = made.last
    version = made.draft.version(last.model, last.number) if last and last.number else None
    if version:
        settled(version, commit_id if made.files else made.base.commit, version.stage)
    facts = {"commit": commit_id, "at": committed_at(occasion.now), "by": occasion.by, "reason": made.reason}
    return Receipt(
        changed=bool(made.files), commit=commit_id, version=version, notes=told, events=_dated(made.events, facts) if commit_id else made.events,
        message=made.message if made.files else "", diff="" if commit_id else made.diff,
    )


def _dated(found: Sequence[Event], facts: dict[str, Any]) -> Sequence[Event]:
    return found.replaced(**facts) if isinstance(found, eventlog.Stream) else tuple(replace(event, **facts) for event in found)


def _notes(target: Target, made: Plan, begun: Start, outcome: commits.Outcome) -> tuple[str, ...]:
    pairs = ((model, pair) for model in made.draft.made.models() for _, pair in Pairs(made.base, made.draft, model).items())
    shared = made.draft.config.remote if begun.remote is None else None
    return (*notes.of_commit(target.repo, shared, outcome), *notes.of_artifacts(made.base, pairs))


def _committed(target: Target, made: Plan, begun: Start, occasion: Occasion, descriptor: int) -> tuple[commits.Outcome, str]:
    """Return what became of the commit of a plan, and its id."""

    def before() -> dict[str, str | None]:
        older = target.repo.changed(begun.tip, begun.base) if begun.base != begun.tip else {}
        return made.before() | {path: change.old for path, change in older.items()}  # the branch takes the remote's commits with it

    with looseref.update(target.repo, target.ref, f"gitreg: {made.subject}", descriptor) as update:
        new = commits.prepared(target.repo, target.cache, begun.base, commits.Content(_watched(target, made), made.message, occasion))
        step = commits.Step(target.ref, begun.tip, begun.tip, new, begun.remote.push if begun.remote else None)
        try:
            return commits.move(target.repo, step, before, update, descriptor), new.id
        finally:
            new.drop()


def _watched(target: Target, made: Plan) -> Iterator[tuple[str, bytes]]:
    for done, (path, (_, text)) in enumerate(made.texts(), 1):
        yield made.base.prefix + path, text.encode()
        if target.watch and done % OFTEN == 0:
            target.watch("written", done)
