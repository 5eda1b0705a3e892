"""The branch of one proposal at the remote: what is on it, whose it is, and how it gets there. Never over a person's work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from gitreg.deltas import FileChange, delta, name_of
from gitreg.errors import BusyError, ConflictError, GitregError
from gitreg.operations import events as eventlog
from gitreg.operations import message as messages
from gitreg.proposals import naming
from gitreg.store import lineage, tips

if TYPE_CHECKING:
    from gitreg.proposals.ground import Ground
    from gitreg.store.commits import Prepared
    from gitreg.store.lineage import Commit
    from gitreg.store.plan import Plan
    from gitreg.store.remote import Remote

_TRIES = 5
_MADE = re.compile(rb'^created_(?:at|by): .*\n', re.MULTILINE)  # another try to register the same has others
_ANOTHER = re.compile(rf"^{messages.OP}: .*\n", re.MULTILINE)


class Published(NamedTuple):
    """Where a change is at the remote now: its commit, and whether the branch is ``new``, ``moved`` or as it was, ``same``."""

    commit: str
    how: str


def published(ground: Ground, branch: Remote, made: Plan, commit: Prepared) -> Published:
    """Put *commit*, which *made* planned, on a *branch* of the remote, unless the same change is there already.

    A branch that holds an older try is moved, with a lease on exactly what was seen there.

    Raises:
        ConflictError: somebody else's work is on the branch, or another branch's name is in the way.
        PolicyError: the remote's rules refuse.
        BusyError: the remote cannot be reached, or the branch moves all the time.
    """
    base, ref = made.base.commit or "", f"refs/heads/{branch.branch}"
    for _ in range(_TRIES):
        tip = tips.brought(branch, [ref]).get(ref)
        if tip:
            own = _own(ground, branch, base, tip)
            if own and own.id == tip and own.parents == (base,) and _is_same(ground, made, own):
                return Published(tip, "same")
        commit.flush()
        if tips.moved(branch, commit.id, tip or ""):
            return Published(commit.id, "moved" if tip else "new")
        _nothing_in_the_way(branch)
    raise BusyError("others move branch {branch!r} of {remote} all the time", branch=branch.branch, remote=branch.name)


def _own(ground: Ground, branch: Remote, base: str, tip: str) -> Commit | None:
    """Return gitreg's one commit on a branch, or None where all of it has landed.

    Merges of the base count for nothing: the button "update branch" of git hosts makes them.

    Raises:
        ConflictError: there is more than that on it.
    """
    try:
        found = [commit for commit in lineage.chain(ground.repo, base, tip) if lineage.is_own(ground.repo, commit, base)]
    except ConflictError:
        raise _taken(ground, branch) from None
    if not found:
        return None
    if len(found) > 1 or not _is_gitregs(ground, branch.branch, found[0]):
        raise _taken(ground, branch)
    return found[0]


def _taken(ground: Ground, branch: Remote) -> GitregError:
    hint = "git fetch --unshallow" if ground.repo.cut_off() else f"git fetch {branch.name} {branch.branch}, and merge it or give it another name"
    return ConflictError("branch {branch!r} of {remote} has commits that are not gitreg's, nothing was changed", branch=branch.branch, remote=branch.name, hint=hint)


def _is_gitregs(ground: Ground, branch: str, commit: Commit) -> bool:
    """Tell whether a commit is as gitreg made it: what it does, and nothing else, is what the branch is called by."""
    if not messages.operation_in(commit.message) or len(commit.parents) != 1:
        return False
    prefix, end = ground.location.prefix, ground.at(commit.id)
    changed = ground.repo.changed(commit.parents[0], commit.id)
    if not all(path.startswith(f"{prefix}models/") for path in changed):
        return False
    files = [FileChange(change.old, change.new, path.removeprefix(prefix)) for path, change in changed.items()]
    found = eventlog.events(delta(end, files, lenient=True), lambda model, number: name_of(end, commit.id, model, number))
    return naming.branch(prefix, found, end) == branch


def _is_same(ground: Ground, made: Plan, theirs: Commit) -> bool:
    """Tell whether a commit on the same base does what *made* would, and says so; who made it and when do not count."""
    if _ANOTHER.sub("", theirs.message).strip() != _ANOTHER.sub("", made.message).strip():
        return False
    there = ground.at(theirs.id)
    files = {path: text for path, (_, text) in made.texts()}
    if set(ground.repo.changed(made.base.commit or "", theirs.id)) != {made.base.prefix + path for path in files}:
        return False
    return all(_MADE.sub(b"", there.bytes_of(path) or b"") == _MADE.sub(b"", text.encode()) for path, text in files.items())


def _nothing_in_the_way(branch: Remote) -> None:
    """Raise where git can have no branch of that name, for there is one ``gitreg``, or one below it."""
    parts = branch.branch.split("/")
    above = [f"refs/heads/{'/'.join(parts[:length])}" for length in range(1, len(parts))]
    found = tips.seen(branch, [*above, f"refs/heads/{branch.branch}/*"])
    if found:
        other = min(found).removeprefix("refs/heads/")
        raise ConflictError("branch {other!r} of {remote} is in the way of {branch!r}", other=other, remote=branch.name, branch=branch.branch, hint=f"git push {branch.name} :{other}")
