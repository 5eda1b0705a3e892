"""The proposals that are open, whoever made them: which there are, how one stands, and waiting until it is merged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError, PolicyError, UsageError
from gitreg.operations import message as messages
from gitreg.proposals import host, naming
from gitreg.proposals.standing import Candidate, standing, told
from gitreg.review import judge, ranges
from gitreg.review.markdown import MARKER, markdown
from gitreg.store import lineage, tips
from gitreg.store.gitrepo import checked_branch

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.forges.base import Pull
    from gitreg.proposals.ground import Ground
    from gitreg.proposals.host import Host
    from gitreg.proposals.records import Standing
    from gitreg.store.remote import Remote
    from gitreg.store.snapshot import Snapshot

    Goal = Literal["merged", "ready"]

AN_HOUR = 3600.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 2.0, 60.0, 1.5
_GRACE = 30.0  # seconds from a push until its checks have begun, where there are some
_HEADS = "refs/heads/"
_GONE = "its commits are not there to fetch"


class Proposals:
    """Pull requests that go to a registry's branch and change the registry. Each answer is of now: the remote and the forge are asked."""

    def __init__(self, ground: Ground, via: str | None = None, *, pause: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._ground, self._via = ground, via
        self._pause, self._clock = pause, clock

    def possible(self) -> bool:
        """Tell whether a pull request could be opened: there is a remote, it is at a forge, and something lets us in. Nobody is asked."""
        try:
            return host.of(self._ground.remote(), self._via).forge is not None
        except GitregError:
            return False

    def open(self) -> tuple[Standing, ...]:
        """Return how each open one stands, newest first; without a forge to ask, the branches ``gitreg/…`` of the remote.

        Raises:
            NotFoundError: there is no remote, or no registry on its branch.
            PolicyError: the forge does not let us in.
            BusyError: the remote or the forge cannot be reached.
        """
        truth, base, at = self._now()
        if at.forge is None:
            found = tips.brought(truth, [f"{_HEADS}{naming.FOLDER}*"])
            candidates = [Candidate(ref.removeprefix(_HEADS), commit, why=at.why) for ref, commit in sorted(found.items())]
            stood = (self._unasked(truth, base, candidate) for candidate in candidates)
            return tuple(each for each in stood if each and each.state != "merged")
        pulls = list(at.forge.pulls(truth.branch))
        found = tips.brought(truth, [at.forge.ref(pull.number) for pull in pulls])
        all_stood = (self._stands(truth, base, pull, found.get(at.forge.ref(pull.number))) for pull in pulls)
        return tuple(each for each in all_stood if each)

    def status(self, which: int | str | None = None) -> Standing:
        """Return how one stands, by its number or branch; without that, the one of the branch here, else the only one there is.

        Raises:
            UsageError: nothing is named, and there are several.
            NotFoundError: there is none, it goes to another branch, or it changes nothing of the registry.
            PolicyError: the forge does not let us in.
            BusyError: the remote or the forge cannot be reached.
        """
        truth, base, at = self._now()
        if which is None:
            which = self._meant(truth)
        number = _number(which)
        pull = at.entered().pull(number) if number else at.forge.find(str(which), truth.branch) if at.forge else None
        if pull is None:
            return self._of_branch(truth, base, checked_branch(str(which)), at)
        if pull.base != truth.branch:
            raise NotFoundError("{which} goes to {base!r}, not to {branch!r}, the branch of this registry", which=_called(pull.number), base=pull.base, branch=truth.branch, hint="gitreg pr list")
        if pull.state != "open":
            reasons = ("it was closed without a merge",) if pull.state == "closed" else ()
            return told(Candidate(pull.head, pull.commit, pull), truth.branch, pull.state, reasons=reasons)
        ref = at.entered().ref(pull.number)
        return _found(self._stands(truth, base, pull, tips.brought(truth, [ref]).get(ref)), f"pull request {pull.number}")

    def wait(self, which: int | str, until: Goal = "merged", *, timeout: float = AN_HOUR, heard: Callable[[Standing], None] | None = None) -> Standing:
        """Return how one stands once it is merged, or ``ready`` to be; *timeout* is in seconds, *heard* is told each state it is in.

        It is asked in growing pauses; a forge that cannot be reached is asked again. Where no checks have run, that is believed half a
        minute after it was first seen of a commit: checks start some time after a push.

        Raises:
            NotFoundError: there is none, or it goes to another branch.
            ConflictError: it is out of date, or does not merge.
            PolicyError: it was closed, fails, or nobody can tell whether it is ready.
            BusyError: the time is over.
        """
        pause, until_when = _FIRST_PAUSE, self._clock() + timeout
        last: Standing | None = None
        quiet: dict[str, float] = {}
        while True:
            now, trouble = self._asked(which, until, quiet)
            if now and (last is None or (now.state, now.reasons) != (last.state, last.reasons)) and heard:
                heard(now)
            if now and (now.state == "merged" or now.state == until):
                return now
            if now and (error := _ended(now)):
                raise error
            last, which = now or last, (now and now.number) or which
            left = until_when - self._clock()
            if left <= 0:
                raise trouble or BusyError("the time is over, and {which} is not {until}: {why}", which=_called(which), until=until, why=_why(last), hint=last.next if last else "")
            self._pause(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def comment(self, number: int, base: str, head: str = "HEAD") -> str:
        """Write what the change from *base* to *head* means as a comment, or bring the earlier one up to date; returns its address.

        Raises:
            NotFoundError: there is no such revision or pull request, or no forge is known.
            PolicyError: the forge does not let us in.
            BusyError: the forge cannot be reached.
        """
        span = ranges.parsed(self._ground.repo, f"{base}..{head}")
        forge = host.of(self._ground.remote(), self._via).entered()
        found = judge.explained(self._ground.repo, self._ground.location.prefix, self._ground.cache, span, self._ground.occasion().now)
        return forge.comment(number, markdown(found), MARKER)

    # -- how it is found out ------------------------------------------------------------------------------

    def _now(self) -> tuple[Remote, Snapshot, Host]:
        truth = self._ground.truth()
        return truth, self._ground.base(truth), host.of(truth, self._via)

    def _stands(self, truth: Remote, base: Snapshot, pull: Pull, tip: str | None) -> Standing | None:
        if tip is None:
            return told(Candidate(pull.head, pull.commit, pull), truth.branch, "unknown", reasons=(_GONE,), next=pull.url)
        return standing(self._ground, base, truth.branch, Candidate(pull.head, tip, pull))

    def _unasked(self, truth: Remote, base: Snapshot, candidate: Candidate) -> Standing | None:
        """Return how a branch stands of which only git knows; it is merged once the base has what it brings, squashed too."""
        stands = standing(self._ground, base, truth.branch, candidate)
        if self._has_landed(base, candidate.commit):
            return told(candidate, truth.branch, "merged")
        return stands

    def _has_landed(self, base: Snapshot, commit: str) -> bool:
        repo = self._ground.repo
        fork = lineage.merge_base(repo, base.commit, commit)
        if fork is None or fork == commit:
            return fork == commit
        operation = messages.operation_in(lineage.read(repo, commit).message)
        return bool(operation) and any(operation in messages.operations_in(text) for _, text in lineage.messages(repo, fork, base.commit))

    def _of_branch(self, truth: Remote, base: Snapshot, branch: str, at: Host) -> Standing:
        ref = f"{_HEADS}{branch}"
        tip = tips.brought(truth, [ref]).get(ref)
        if tip is None:
            raise NotFoundError("{remote} has no branch {branch!r}", remote=truth.name, branch=branch, hint="gitreg pr list")
        why = at.why or f"there is no open pull request from {branch} to {truth.branch}"
        return _found(self._unasked(truth, base, Candidate(branch, tip, why=why)), f"branch {branch}")

    def _meant(self, truth: Remote) -> int | str:
        """Return what a person means who names nothing."""
        here = self._ground.location.ref.removeprefix(_HEADS)
        if here not in ("HEAD", truth.branch):
            return here
        found = self.open()
        if len(found) != 1:
            what = f"there are {len(found)}" if found else "there is none"
            raise (UsageError if found else NotFoundError)("which pull request? {what}", what=what, hint="gitreg pr list")
        return found[0].number or found[0].branch

    def _asked(self, which: int | str, until: Goal, quiet: dict[str, float]) -> tuple[Standing | None, BusyError | None]:
        try:
            found = self.status(which)
        except BusyError as error:
            return None, error
        if found.review is None and found.state == "waiting" and until == "ready":
            raise PolicyError("nobody can tell when {which} is ready: {why}", which=_called(which), why=_why(found), hint="--for merged")
        return self._sure(found, quiet) if until == "ready" else found, None

    def _sure(self, now: Standing, quiet: dict[str, float]) -> Standing:
        """Return *now*, but waiting where checks may be about to start: *quiet* is since when none are known of a commit."""
        if now.state != "ready" or now.checks != "none" or self._clock() - quiet.setdefault(now.commit, self._clock()) >= _GRACE:
            return now
        return replace(now, state="waiting", reasons=("no checks have run so far",))


def _number(which: int | str) -> int | None:
    text = str(which).removeprefix("#").removeprefix("!")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _called(which: int | str) -> str:
    number = _number(which)
    return f"pull request {number}" if number else f"branch {which}"


def _found(stands: Standing | None, what: str) -> Standing:
    if stands is None:
        raise NotFoundError("{what} changes nothing of this registry", what=what, hint="gitreg pr list")
    return stands


def _why(stands: Standing | None) -> str:
    return "; ".join(stands.reasons) or stands.state if stands else "nobody answered"


def _ended(now: Standing) -> GitregError | None:
    """Return the error for a state that waiting does not mend, None for the others."""
    name = f"pull request {now.number}" if now.number else f"branch {now.branch}"
    if now.state in ("outdated", "conflict"):
        return ConflictError("{name} is out of date: {why}" if now.state == "outdated" else "{name} does not merge: {why}", name=name, why=_why(now), hint=now.next)
    if now.state in ("failing", "closed"):
        return PolicyError("{name} will not be merged: {why}" if now.state == "closed" else "{name} fails: {why}", name=name, why=_why(now), hint=now.next)
    if now.state == "unknown":
        return NotFoundError("nobody can tell how {name} stands: {why}", name=name, why=_why(now), hint=now.next)
    return None
