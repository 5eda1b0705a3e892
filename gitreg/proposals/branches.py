"""The branch of one proposal at the remote: what is on it, whose it is, and how it gets there. Never over a person's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, ConflictError, GitregError
from gitreg.proposals import alike
from gitreg.store import lineage, tips

if TYPE_CHECKING:
    from gitreg.proposals.ground import Ground
    from gitreg.store.commits import Prepared
    from gitreg.store.lineage import Commit
    from gitreg.store.plan import Plan
    from gitreg.store.remote import Remote

_TRIES = 5
_FOREIGN = "commits that are not gitreg's"


class Published(NamedTuple):
    """Where a change is at the remote now: its commit, and whether the branch is ``new``, ``moved`` or as it was, ``same``."""

    commit: str
    how: str


def published(ground: Ground, branch: Remote, made: Plan, commit: Prepared) -> Published:
    """Put *commit*, which *made* planned, on a *branch* of the remote, unless the same change is there already.

    A branch that holds the same change on an older base is moved, with a lease on exactly what was seen there; anything else is left alone.

    Raises:
        ConflictError: another change or a person's work is on the branch, or another branch's name is in the way.
        PolicyError: the remote's rules refuse.
        BusyError: the remote cannot be reached, or the branch moves all the time.
    """
    base, ref = made.base.commit or "", f"refs/heads/{branch.branch}"
    for _ in range(_TRIES):
        tip = tips.brought(branch, [ref]).get(ref)
        if tip:
            own = _own(ground, branch, made, tip)
            if own and own.id == tip and own.parents == (base,) and alike.same(ground, made, own):
                return Published(tip, "same")
        commit.flush()
        if tips.moved(branch, commit.id, tip or ""):
            return Published(commit.id, "moved" if tip else "new")
        _nothing_in_the_way(branch)
    raise BusyError("others move branch {branch!r} of {remote} all the time", branch=branch.branch, remote=branch.name)


def _own(ground: Ground, branch: Remote, made: Plan, tip: str) -> Commit | None:
    """Return the one commit of the same change on a branch, or None where all of it has landed.

    Merges of the base count for nothing: the button "update branch" of git hosts makes them.

    Raises:
        ConflictError: there is more than that on it, or something else.
    """
    base = made.base.commit or ""
    try:
        found = [commit for commit in lineage.chain(ground.repo, base, tip) if lineage.is_own(ground.repo, commit, base)]
    except ConflictError:
        raise _taken(ground, branch, lineage.read(ground.repo, tip)) from None
    if not found:
        return None
    what = _FOREIGN if len(found) > 1 else alike.difference(ground, branch.branch, made, found[0])
    if what:
        raise _taken(ground, branch, found[-1], what)
    return found[0]


def _taken(ground: Ground, branch: Remote, theirs: Commit, what: str = _FOREIGN) -> GitregError:
    hint = "git fetch --unshallow" if ground.repo.cut_off() else f"git fetch {branch.name} {branch.branch}, and merge it; or git push {branch.name} :{branch.branch} where it is not wanted"
    author = theirs.author.partition(" <")[0]
    return ConflictError("branch {branch!r} of {remote} has {what}, by {author}: nothing was changed", branch=branch.branch, remote=branch.name, what=what, author=author, hint=hint)


def _nothing_in_the_way(branch: Remote) -> None:
    """Raise where git can have no branch of that name, for there is one ``gitreg``, or one below it."""
    parts = branch.branch.split("/")
    above = [f"refs/heads/{'/'.join(parts[:length])}" for length in range(1, len(parts))]
    found = tips.seen(branch, [*above, f"refs/heads/{branch.branch}/*"])
    if found:
        other = min(found).removeprefix("refs/heads/")
        raise ConflictError("branch {other!r} of {remote} is in the way of {branch!r}", other=other, remote=branch.name, branch=branch.branch, hint=f"git push {branch.name} :{other}")
