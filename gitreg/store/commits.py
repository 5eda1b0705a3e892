"""Write a commit that nobody sees yet, then move a branch to it, and with it the checkouts that are on it.

The order is what survives a crash: journal, locks, checks, objects synced, compare-and-swap of the ref, refresh. To share
the commit comes before the swap, between two rounds of locks and checks, for it may take as long as the remote likes.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import GitregError
from gitreg.store import journal, worktree
from gitreg.store.objects import ObjectWriter, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gitreg.records import Occasion
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo, RefUpdate
    from gitreg.store.looseref import LooseRef


_PART = 1 << 16  # characters of a message: it may tell of very many changes


class Content(NamedTuple):
    """What a commit says: files (path from the repository's top, in order, and bytes), its message, and who makes it when."""

    files: Iterable[tuple[str, bytes]]
    message: str
    occasion: Occasion


class Step(NamedTuple):
    """A branch on its way: *old* is the commit it must be at (zeros for a new one), *tree* what its checkouts have.

    *publish* shares the new commit before the branch moves; it answers False where another was first.
    """

    ref: str
    old: str
    tree: str
    new: Prepared
    publish: Callable[[str], bool] | None = None


class Outcome(Enum):
    """What became of a step."""

    LOST = "another was first, nothing was changed"
    DONE = "the branch is there"
    SHARED = "the remote has it, and the branch here moved elsewhere meanwhile or cannot be moved"


class Prepared(NamedTuple):
    """A commit whose objects are made, what writes those that are not written yet, durably, and what gives them up."""

    id: str
    flush: Callable[[], None]
    drop: Callable[[], None]


def prepared(repo: GitRepo, cache: Cache, parent: str | None, content: Content) -> Prepared:
    """Return the commit on top of *parent*: its blobs, the touched trees and itself are written by ``flush``.

    The commit is signed where the person's git signs (``commit.gpgsign``).

    Raises:
        BusyError: the signing program refuses, or cannot be given what to sign.
    """
    writer = ObjectWriter(repo.common_dir, repo.algorithm)
    try:
        root = write_tree(writer, cache, cache.root(parent) if parent else None, ((path, _blob(writer, cache, data)) for path, data in content.files))
        if repo.signs():
            writer.flush()
            return Prepared(repo.signed_commit(root, parent, content.message, content.occasion), writer.flush, writer.drop)
        commit = writer.add_parts("commit", lambda: _commit_parts(root, parent, content))
    except BaseException:
        writer.drop()
        raise
    cache.keep_root(commit, root)
    return Prepared(commit, writer.flush, writer.drop)


def _blob(writer: ObjectWriter, cache: Cache, data: bytes) -> str:
    object_id = writer.add("blob", data)
    if not writer.packs:
        cache.keep_blob(object_id, data)
    return object_id


def _nothing() -> None:
    """Write nothing: what is needed is there."""


def _commit_parts(root: str, parent: str | None, content: Content) -> Iterator[bytes]:
    who = f"{content.occasion.by} {int(content.occasion.now.timestamp())} +0000"
    yield "\n".join([f"tree {root}", *([f"parent {parent}"] if parent else []), f"author {who}", f"committer {who}", "", ""]).encode()
    for start in range(0, len(content.message), _PART):
        yield content.message[start : start + _PART].encode()


def follow(repo: GitRepo, ref: str, old: str, new: str, lock: int) -> bool:
    """Move a branch to a commit that is there already, and refresh its checkouts; False where it is no longer at *old*.

    Raises:
        ConflictError: a person's edit is in the way in a checkout; nothing is changed.
        BusyError: another git command holds a lock, or the disk is full or read-only.
    """
    return brought(repo, Step(ref, old, old, made(new)), "follow the remote", lock) is Outcome.DONE


def made(commit: str) -> Prepared:
    """Return a commit that is there already."""
    return Prepared(commit, _nothing, _nothing)


def brought(repo: GitRepo, step: Step, why: str, lock: int) -> Outcome:
    """Move a branch as *step* says, to a commit that is there already; *why* is for the reflog. See :func:`move`."""
    paths = {path: change.old for path, change in repo.changed(step.old, step.new.id).items()}
    with repo.ref_update(f"gitreg: {why}", lock) as update:
        return move(repo, step, lambda: paths, update, lock)


def move(repo: GitRepo, step: Step, touched: Callable[[], dict[str, str | None]], update: RefUpdate | LooseRef, lock: int) -> Outcome:
    """Write the commit, share it, move the branch to it by compare-and-swap, and refresh its checkouts.

    *touched* gives the files that differ, each with its blob id before (None for a new one); *lock* is the
    registry's, which git children hold too. While the commit is shared the person's own git is not held up: what is in
    the way is looked for before, so that nothing is shared that cannot be here, and again after.

    Raises:
        ConflictError: a person's edit is in the way in a checkout; nothing is changed.
        BusyError: another git command holds a lock, or the disk is full or read-only.
    """
    paths = functools.cache(touched)
    with uninterrupted():
        if step.publish is None:
            return _with_checkouts(repo, step, paths, lock, lambda: _moved(step, update))
        _with_checkouts(repo, step, paths, lock, lambda: Outcome.LOST)
        return _following(repo, step, paths, update, lock) if step.publish(step.new.id) else Outcome.LOST


def _following(repo: GitRepo, step: Step, touched: Callable[[], dict[str, str | None]], update: RefUpdate | LooseRef, lock: int) -> Outcome:
    """Bring the branch to what the remote has; that is done, whatever happens here."""
    with contextlib.suppress(GitregError, OSError):
        if _with_checkouts(repo, step, touched, lock, lambda: _moved(step, update)) is Outcome.DONE:
            return Outcome.DONE
    tip = repo.reader.info(step.ref)
    return Outcome.DONE if tip and tip.id == step.new.id else Outcome.SHARED


def _with_checkouts(repo: GitRepo, step: Step, touched: Callable[[], dict[str, str | None]], lock: int, act: Callable[[], Outcome]) -> Outcome:
    """Journal, take and check the branch's checkouts, write the commit, *act*, and refresh them if that moved the branch.

    Raises:
        ConflictError: a person's edit is in the way in a checkout; nothing is changed.
        BusyError: another git command holds a lock, or the disk is full or read-only.
    """
    checkouts = [checkout for checkout in repo.checkouts() if checkout.branch == step.ref]
    paths = touched() if checkouts else {}
    if checkouts:  # first of all: healing takes back the locks that are taken next
        folders = tuple(journal.named(checkout.folder) for checkout in checkouts)
        journal.write(repo.common_dir, journal.Entry(step.ref, step.tree, step.new.id, folders))
    try:
        with contextlib.ExitStack() as stack:
            refreshes = [stack.enter_context(worktree.Refresh(repo, checkout, step.tree, step.new.id, lock)) for checkout in checkouts]
            with contextlib.ExitStack() as checks:  # git looks for edits while objects are synced
                for refresh in refreshes:
                    checks.enter_context(refresh.checked(paths))
                step.new.flush()
            outcome = act()
            behind = [refresh for refresh in refreshes if outcome is Outcome.DONE and not refresh.apply(list(paths))]
    except GitregError:
        tip = repo.reader.info(step.ref)
        if tip is None or tip.id != step.new.id:
            journal.drop(repo.common_dir)
        raise
    if not behind:
        journal.drop(repo.common_dir)
    return outcome


def _moved(step: Step, update: RefUpdate | LooseRef) -> Outcome:
    return Outcome.DONE if update.move(step.ref, step.new.id, step.old) else Outcome.LOST


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while the branch and its checkout move together; it is heard at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[tuple[int, Any]] = []
    before = signal.getsignal(signal.SIGINT)
    if before is None:  # not Python's to put back
        yield
        return
    signal.signal(signal.SIGINT, lambda number, frame: heard.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)
