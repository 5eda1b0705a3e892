"""Lock, pin a snapshot, run the operations, judge the end state, and make one commit or none.

The one committer. Operations are recorded as functions and run again on a fresh snapshot when another writer
wins the race for the ref: what they answer then is what is committed.
"""

from __future__ import annotations

import difflib
import os
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gitreg import policy
from gitreg.errors import BusyError, ConflictError
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.operations.stages import without_fleeting
from gitreg.records import Event, Move, Occasion, Receipt, committed_at, settled
from gitreg.store import comments, commits, documents, layout, lock, notes, worktree
from gitreg.view import Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitreg.records import Change
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.remote import Remote
    from gitreg.store.snapshot import Snapshot
    from gitreg.view import View

    Operation = Callable[[View], Change]

_TRIES = 50
_LONGEST_PAUSE = 0.5  # seconds


class Target(NamedTuple):
    """Where a write goes: the ref, how to see a commit, whether review guards the ref, who shares it, what was read before."""

    repo: GitRepo
    ref: str
    snapshot: Callable[[str], Snapshot]
    guarded: Callable[[View], bool]
    remote: Callable[[View], Remote | None]
    cache: Cache


class Start(NamedTuple):
    """Where a write begins: the commit that its branch is at, and the one that it is decided from, the remote's newer one."""

    tip: str
    base: str
    remote: Remote | None


class Plan(NamedTuple):
    """A commit that could be made: the files it writes (old and new text), what it means, and its message."""

    base: Snapshot
    draft: Draft
    changes: tuple[Change, ...]
    files: dict[str, tuple[bytes | None, str]]
    events: tuple[Event, ...]
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def diff(self) -> str:
        """The plan as a unified diff."""
        return "".join(_diffs(self.files))


class Wording(NamedTuple):
    """What a person wants the commit to say: a subject instead of the usual one, and the reason."""

    subject: str = ""
    reason: str = ""


def plan(base: Snapshot, operations: Sequence[Operation], wording: Wording, *, guarded: bool) -> Plan:
    """Return what *operations* would commit on top of *base*; they see each other, the end state is judged.

    Raises:
        GitregError: an operation or the policy refuses.
    """
    draft = Draft(base)
    changes, moves = [], dict[str, list[Move]]()
    for operation in operations:
        change = operation(draft)
        draft.put(change)
        changes.append(change)
        moves.setdefault(change.model, []).extend(change.moves)
    for model, pointers in draft.pointers.items():
        draft.pointers[model] = without_fleeting(base.find_stages(model), pointers)
    found = eventlog.events(_delta(base, draft), lambda model, number: _name(draft, model, number))
    judged = policy.judge(base, draft, found, moves, guarded=guarded)
    files = dict(_files(base, draft))
    text = messages.written(wording.subject or eventlog.summary(judged), wording.reason, os.urandom(16).hex(), judged)
    return Plan(base, draft, tuple(changes), files, judged, text)


def _name(draft: Draft, model: str, number: int) -> str:
    manifest = draft.find_manifest(model, number)
    return manifest.version if manifest else str(number)


def _delta(base: Snapshot, draft: Draft) -> eventlog.Delta:
    models = sorted({*draft.cards, *draft.pointers, *draft.made})
    return eventlog.Delta(tuple(_model_delta(base, draft, model) for model in models))


def _model_delta(base: Snapshot, draft: Draft, model: str) -> eventlog.ModelDelta:
    old = base.find_card(model)
    return eventlog.ModelDelta(
        model,
        (old, draft.find_card(model)),
        (base.find_stages(model), draft.find_stages(model)),
        {n: (base.find_manifest(model, n) if old else None, manifest) for n, manifest in draft.made.get(model, {}).items()},
    )


def _files(base: Snapshot, draft: Draft) -> Iterator[tuple[str, tuple[bytes | None, str]]]:
    """Yield each file whose record differs, with its old bytes and its new text; a person's comments are kept."""
    for model, card in draft.cards.items():
        if card != base.find_card(model):
            path = layout.card(model)
            yield path, _rewritten(base, path, documents.encode_card(documents.checked(card), path))
    for model, stages in draft.pointers.items():
        if stages != base.find_stages(model):
            path = layout.stages(model)
            yield path, _rewritten(base, path, documents.encode_stages(stages, draft.config.stages, path))
    for model, made in draft.made.items():
        for number, manifest in made.items():
            path = layout.manifest(model, number)
            old = base.find_manifest(model, number) if base.find_card(model) else None
            if manifest != old:
                yield path, _rewritten(base, path, documents.encode_manifest(documents.checked(manifest), path), new=old is None)


def _rewritten(base: Snapshot, path: str, text: str, *, new: bool = False) -> tuple[bytes | None, str]:
    old = None if new else base.bytes_of(path)
    return old, comments.kept(old, text) if old else text


def _diffs(files: dict[str, tuple[bytes | None, str]]) -> Iterator[str]:
    for path, (old, new) in sorted(files.items()):
        before = (old or b"").decode("utf-8", "replace").splitlines(keepends=True)
        yield from difflib.unified_diff(before, new.splitlines(keepends=True), f"a/{path}" if old else "/dev/null", f"b/{path}")


def commit(target: Target, operations: Sequence[Operation], wording: Wording, expected: Sequence[Change], occasion: Occasion, begun: Start | None = None) -> Receipt:
    """Make the one commit, or none where the end is the start; returns when it would survive a power cut.

    *expected* are the changes that the caller was told of, as of *begun*: a replay that gives another outcome is a conflict.

    Raises:
        GitregError: an operation, the policy or the repository refuses; nothing is changed.
    """

    def planned(base: Snapshot) -> Plan:
        made = plan(base, operations, wording, guarded=target.guarded(base))
        _same_outcome(made, expected)
        return made

    return commit_plan(target, planned, occasion, begun)


def commit_plan(target: Target, planned: Callable[[Snapshot], Plan], occasion: Occasion, begun: Start | None = None) -> Receipt:
    """Commit what *planned* answers for the branch's tip; it is asked again where another writer was first.

    Where the write has *begun* already, the remote is not asked again before the first attempt: its push will tell.

    Raises:
        GitregError: *planned* or the repository refuses; nothing is changed.
    """
    with lock.held(target.repo.common_dir) as descriptor:
        healed = worktree.heal(target.repo, descriptor)
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))  # noqa: S311 - jitter
            if begun is None or attempt or not _is_at(target, begun.tip):
                begun = start(target)
            made = planned(target.snapshot(begun.base))
            if not made.files:
                return receipt(made, None, occasion, healed + _followed(target, begun, descriptor))
            outcome, new = _committed(target, made, begun, occasion, descriptor)
            if outcome is not commits.Outcome.LOST:
                return receipt(made, new, occasion, healed + _notes(target, made, begun, outcome))
    raise BusyError("other writers won the race for {ref} {tries} times", ref=target.ref, tries=_TRIES)


def start(target: Target) -> Start:
    """Return where a write begins: with a remote, on the remote's branch as it is now, if it has commits that are not here.

    Raises:
        ConflictError: the branch is gone, or both it and the remote's have commits that the other has not.
        BusyError: the remote cannot be reached.
    """
    found = target.repo.reader.info(target.ref)
    if found is None:
        raise ConflictError("branch {ref} is gone", ref=target.ref)
    tip = found.id
    remote = target.remote(target.snapshot(tip))
    theirs = remote.fetch() if remote else None
    if theirs is None or theirs == tip or target.repo.is_ancestor(theirs, tip):
        return Start(tip, tip, remote)
    if target.repo.is_ancestor(tip, theirs):
        return Start(tip, theirs, remote)
    raise ConflictError("{ref} here and at the remote have diverged: each has commits that the other has not", ref=target.ref, hint="gitreg sync")


def _is_at(target: Target, tip: str) -> bool:
    found = target.repo.reader.info(target.ref)
    return found is not None and found.id == tip


def _followed(target: Target, begun: Start, descriptor: int) -> tuple[str, ...]:
    """Bring the branch to where the remote is, for the answer was given from there; a note where that cannot be."""
    if begun.base == begun.tip:
        return ()
    try:
        commits.follow(target.repo, target.ref, begun.tip, begun.base, descriptor)
    except (ConflictError, BusyError) as error:
        return (f"the branch here is behind its remote still: {error}",)
    return ()


def _same_outcome(made: Plan, expected: Sequence[Change]) -> None:
    for now, told in zip(made.changes, expected, strict=False):
        if now.outcome != told.outcome:
            raise ConflictError("{model!r} changed while this transaction was open: {what} would come out differently", model=now.model, what=f"{now.model}@{told.number}")


def receipt(made: Plan, commit_id: str | None, occasion: Occasion, told: tuple[str, ...] = ()) -> Receipt:
    """Return what a plan did, or would do where it was not committed; a version that did not change is the base's."""
    last = made.changes[-1] if made.changes else None
    version = made.draft.version(last.model, last.number) if last and last.number else None
    if version:
        settled(version, commit_id if made.files else made.base.commit, version.stage)
    facts = {"commit": commit_id, "at": committed_at(occasion.now), "by": occasion.by, "reason": messages.reason_in(made.message)}
    return Receipt(
        changed=bool(made.files), commit=commit_id, version=version, notes=told,
        events=tuple(replace(event, **facts) for event in made.events) if commit_id else made.events,
        message=made.message if made.files else "", diff="" if commit_id else made.diff,
    )  # fmt: skip


def _notes(target: Target, made: Plan, begun: Start, outcome: commits.Outcome) -> tuple[str, ...]:
    pairs = {model: [(made.base.find_manifest(model, n) if made.base.find_card(model) else None, m) for n, m in new.items()] for model, new in made.draft.made.items()}
    artifacts = [note for model, changed in pairs.items() for note in notes.of_artifacts(model, changed)]
    shared = made.draft.config.remote if begun.remote is None else None
    return (*notes.of_commit(target.repo, shared, outcome), *artifacts)


def _committed(target: Target, made: Plan, begun: Start, occasion: Occasion, descriptor: int) -> tuple[commits.Outcome, str]:
    """Return what became of the commit of a plan, and its id."""
    files = {made.base.prefix + path: text.encode() for path, (_, text) in made.files.items()}
    before = {made.base.prefix + path: made.base.blob_id(path) if data is not None else None for path, (data, _) in made.files.items()}
    if begun.base != begun.tip:  # the branch takes the remote's commits with it; of these files it has the older state
        before |= {path: change.old for path, change in target.repo.changed(begun.tip, begun.base).items()}
    with target.repo.ref_update(f"gitreg: {made.subject}", descriptor) as update:
        new = commits.prepared(target.repo, target.cache, begun.base, commits.Content(sorted(files.items()), made.message, occasion))
        step = commits.Step(target.ref, begun.tip, begun.tip, new, begun.remote.push if begun.remote else None)
        return commits.move(target.repo, step, before, update, descriptor), new.id
