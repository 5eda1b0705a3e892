"""Find a checkout that did not follow its branch: its index is as an earlier commit of the branch has it.

The next commit there would undo what came since. Whoever stages an old version on purpose leaves the same index, but
has written the files after the branch moved: so the branch's log and the files' times tell the two apart.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from gitreg.store import worktree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.gitrepo import Checkout, GitRepo

_FARTHEST = 100  # moves of the branch
_MOVE = re.compile(r"([0-9a-f]{40,64}) [0-9a-f]{40,64} [^\t]*> ([0-9]{1,12}) [-+][0-9]{4}(?:\t|$)")


class Move(NamedTuple):
    """The branch left *old* at *at* (seconds since 1970), as its log has it."""

    old: str
    at: int


class Behind(NamedTuple):
    """A checkout whose index has *paths* as *old* has them, while its branch is at *new*.

    *untouched* where nobody has written there since the branch moved, so that nothing of a person's is lost.
    """

    checkout: Checkout
    old: str
    new: str
    paths: tuple[str, ...]
    untouched: bool


def found(repo: GitRepo, below: str) -> Iterator[Behind]:
    """Yield the checkouts of *repo* that are behind their branches in a file below the folder *below*."""
    for checkout in repo.checkouts():
        tip = repo.commit(checkout.branch) if checkout.branch and not checkout.busy else None
        staged = _staged(repo, checkout, tip) if checkout.branch and tip else {}
        if checkout.branch and tip and any(path.startswith(below) for path in staged):
            yield from _explained(repo, checkout, tip, staged, below)


def heal(repo: GitRepo, behind: Behind, lock: int) -> tuple[str, ...]:
    """Bring a checkout to its branch where it is untouched; returns notes for a person.

    Raises:
        BusyError: it cannot be written now.
    """
    return tuple(worktree.finished(worktree.Refresh(repo, behind.checkout, behind.old, behind.new, lock))) if behind.untouched else ()


def _staged(repo: GitRepo, checkout: Checkout, tip: str) -> dict[str, str]:
    """Return by path the blob (zeros: none) in the index, where the commit has another."""
    place = ("--git-dir", checkout.git_dir, "--work-tree", checkout.folder)
    code, out, _ = repo.git(*place, "diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--ignore-submodules", tip, folder=checkout.folder)
    fields = out.decode(errors="surrogateescape").split("\0") if code == 0 else []
    return {path: meta.split(" ")[3] for meta, path in zip(fields[::2], fields[1::2], strict=False)}


def _explained(repo: GitRepo, checkout: Checkout, tip: str, staged: dict[str, str], below: str) -> Iterator[Behind]:
    """Yield the newest place that the branch has left which explains the most of what is staged, if there is one."""
    best: Behind | None = None
    for move in _moves(repo, checkout.branch or ""):
        if move.old == tip or repo.commit(move.old) is None or not repo.is_ancestor(move.old, tip):
            continue
        changed = repo.changed(move.old, tip)
        explains = all(path in staged and staged[path] == (change.old or "0" * len(staged[path])) for path, change in changed.items())
        if explains and any(path.startswith(below) for path in changed) and (best is None or len(changed) > len(best.paths)):
            best = Behind(checkout, move.old, tip, tuple(sorted(changed)), all(_untouched(checkout.folder, path, move.at) for path in changed))
    if best:
        yield best


def _moves(repo: GitRepo, ref: str) -> list[Move]:
    """Return where a branch has been, the newest first, as git's log of it says."""
    try:
        with open(os.path.join(repo.common_dir, "logs", ref), encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")[-_FARTHEST:]  # a message may hold other ends of lines
    except OSError:
        return []
    moves = []
    for line in reversed(lines):
        found = _MOVE.match(line)
        if found and found[1].strip("0"):
            moves.append(Move(found[1], int(found[2])))
    return moves


def _untouched(folder: str, path: str, since: int) -> bool:
    """Tell whether neither the file nor, where there is none, the folder it would be in was written after *since*."""
    at = os.path.join(folder, path)
    while not os.path.lexists(at) and at != folder:
        at = os.path.dirname(at)
    return int(os.lstat(at).st_ctime) <= since
