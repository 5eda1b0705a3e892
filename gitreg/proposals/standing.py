"""How a pull request stands: what it would do to the registry if it landed now, and what speaks against it.

Whoever made it and however: it is judged from objects, by the rules of the branch that it goes to.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from gitreg.deltas import FileChange, delta
from gitreg.errors import InvalidError
from gitreg.operations import events as eventlog
from gitreg.proposals import naming
from gitreg.proposals.records import Standing
from gitreg.records import Stages
from gitreg.review import judge
from gitreg.review.landing import landing
from gitreg.review.ranges import Range
from gitreg.store import layout, lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.forges.base import Pull
    from gitreg.proposals.ground import Ground
    from gitreg.proposals.records import State
    from gitreg.records import Event
    from gitreg.review.landing import Landing
    from gitreg.store.snapshot import Snapshot

_MOST = 20  # reasons that are told


class Candidate(NamedTuple):
    """A tip that somebody wants to land: its branch and commit, and the forge's word on it, where a forge is asked."""

    branch: str
    commit: str
    pull: Pull | None = None
    why: str = ""  # nobody was asked


class Case(NamedTuple):
    """A candidate as it would land on *base*: its changes, all of them in a sentence, and the stages that moved away under it."""

    base: Snapshot
    lands: Landing
    events: tuple[Event, ...]
    said: str
    moved: tuple[str, ...]
    findings: tuple[str, ...]


def case(ground: Ground, base: Snapshot, commit: str) -> Case | None:
    """Return how *commit* would land on *base*, or None where it changes nothing of the registry.

    Raises:
        InvalidError: git cannot tell, because history between them is not here; or the rules of *base* are invalid.
    """
    fork = lineage.merge_base(ground.repo, base.commit, commit)
    if fork is None and ground.repo.cut_off():
        raise InvalidError("this clone is shallow, and does not reach back to where the two parted", hint="git fetch --unshallow")
    lands = landing(ground.repo, ground.location.prefix, ground.cache, Range(base.commit, commit))
    if not _of_registry(lands.brought):
        return None
    own, said = _events(lands, ground.at(commit))
    moved = tuple(_moved(ground.at(fork), base, own)) if fork and fork != base.commit else ()
    found = () if lands.conflicts else judge.judged(lands)
    errors = (f"{each.rule} {each.path}{f':{each.line}' if each.line else ''}: {each.message}" for each in found if each.severity == "error")
    return Case(base, lands, own, said, moved, tuple(errors))


def _of_registry(paths: Iterable[str]) -> bool:
    """Tell whether one of *paths* is the registry's: in the root of a repository other things lie beside it."""
    return any(path == layout.CONFIG or path.startswith((".gitreg/", "models/")) for path in paths)


def _events(lands: Landing, end: Snapshot) -> tuple[tuple[Event, ...], str]:
    """Return what a change itself does, from where it left its base, and that in a sentence."""
    files = [FileChange(change.old, change.new, path) for path, change in lands.brought.items()]
    found = delta(end, files, lenient=True)
    events = eventlog.events(found, lambda model, number: _name(end, model, number))
    return events, eventlog.told(events, found, lands.brought)


def _name(end: Snapshot, model: str, number: int) -> str:
    try:
        manifest = end.find_manifest(model, number)
    except InvalidError:
        return str(number)
    return manifest.version if manifest else str(number)


def _moved(fork: Snapshot, base: Snapshot, events: tuple[Event, ...]) -> Iterator[str]:
    """Yield the stages that a change moves and whose holder is not the one that it was made against: undiverged is a gate."""
    for event in events:
        if event.event not in ("promoted", "cleared") or event.model is None or event.stage is None:
            continue
        was, now = (_stages(view, event.model).pointer(event.stage) for view in (fork, base))
        if was.number != now.number:
            yield f"{event.stage} of {event.model} is held by {_held(now.number)} now, it was made against {_held(was.number)}"
        elif was != now:
            yield f"{event.stage} of {event.model} is held by {_held(now.number)} again, but was held by others since it was made"


def _stages(view: Snapshot, model: str) -> Stages:
    try:
        return view.find_stages(model) or Stages()
    except InvalidError as error:
        if error.path != layout.stages(model):
            raise
        return Stages()


def _held(number: int | None) -> str:
    return "nobody" if number is None else str(number)


def standing(ground: Ground, base: Snapshot, truth: str, candidate: Candidate) -> Standing | None:
    """Return how *candidate* stands that goes to the branch *truth*, or None where it changes nothing of the registry."""
    try:
        found = case(ground, base, candidate.commit)
    except InvalidError as error:
        return told(candidate, truth, "unknown", reasons=(error.message,), next=error.hint)
    if found is None:
        return None
    state, reasons = _state(found, candidate)
    stands = told(candidate, truth, state, changes=tuple(_sentences(found.events)) or (found.said,), reasons=reasons, next=_next(state, candidate, found, ground))
    return stands if candidate.pull else replace(stands, title=found.said)


def told(candidate: Candidate, truth: str, state: State, **facts: Any) -> Standing:
    """Return what the forge says of *candidate*, where it is asked, in a *state*; *facts* are the other fields."""
    pull = candidate.pull
    if pull is None:
        return Standing(number=None, branch=candidate.branch, commit=candidate.commit, base=truth, title=candidate.branch, state=state, **facts)
    return Standing(
        number=pull.number, branch=pull.head, commit=candidate.commit, base=pull.base, title=pull.title, state=state, author=pull.author, url=pull.url,
        review=pull.review, checks=pull.checks, merge_commit=pull.merge_commit, updated_at=pull.updated_at, **facts,
    )  # fmt: skip


def _sentences(events: tuple[Event, ...]) -> Iterator[str]:
    for model in sorted({event.model or "" for event in events}):
        yield eventlog.summary([event for event in events if (event.model or "") == model])


def _state(found: Case, candidate: Candidate) -> tuple[State, tuple[str, ...]]:
    """Return the state that decides, and why: what is worst comes first."""
    pull = candidate.pull
    against = _against(found, pull)
    if pull and pull.draft:
        return "draft", ("it is a draft", *(reason for _, reason in against))
    if not _of_registry(found.lands.landed) and not found.lands.conflicts:
        return ("outdated", ("the branch that it goes to is so already",)) if pull else ("merged", ())
    if against:
        return against[0][0], tuple(reason for _, reason in against[:_MOST])
    if pull is None:
        return "waiting", (candidate.why,)
    open_ends = [
        ("the forge has not looked at its newest commit yet", pull.commit != candidate.commit),
        ("it is not approved", pull.review != "approved"), ("its checks are not done", pull.checks == "pending"),
    ]  # fmt: skip
    waits = tuple(reason for reason, holds in open_ends if holds)
    if waits:
        return "waiting", waits
    return "ready", ("no checks have run",) if pull.checks == "none" else ()


def _against(found: Case, pull: Pull | None) -> list[tuple[State, str]]:
    against: list[tuple[State, str]] = [("outdated", each) for each in found.moved]
    against += [("conflict", f"{path} does not merge") for path in found.lands.conflicts]
    against += [("failing", each) for each in found.findings]
    if pull and pull.checks == "failing":
        against.append(("failing", "its checks fail"))
    if pull and pull.review == "changes-requested":
        against.append(("failing", "a reviewer asks for changes"))
    return against


def _next(state: State, candidate: Candidate, found: Case, ground: Ground) -> str:
    """Return the command or the address that goes on from there."""
    if state in ("outdated", "conflict"):
        return _anew(found.events) or _by_hand(candidate, ground)
    if state == "failing" and found.findings:
        return f"gitreg check {found.base.commit[:12]}..{candidate.commit[:12]}"
    return candidate.pull.url if candidate.pull else ""


def _by_hand(candidate: Candidate, ground: Ground) -> str:
    """Return how a branch is brought up to date that no command is known to make anew: gitreg's own by the same command, a person's by replaying it."""
    if candidate.branch.startswith(naming.FOLDER):
        return "propose it again: the command that made it, with --pr"
    if ":" in candidate.branch or ground.location.remote:  # in a fork, or there is no clone here
        return candidate.pull.url if candidate.pull else ""
    return f"git fetch && git switch {quote(candidate.branch)} && gitreg rebase"


def _anew(events: tuple[Event, ...]) -> str:
    """Return the command that proposes the same move again, where it is one."""
    moves = [event for event in events if event.event == "promoted"]
    if len(moves) != 1 or any(event.event not in ("promoted", "cleared", "archived") for event in events):
        return ""
    move = moves[0]
    if move.kind == "rollback":
        return f"gitreg rollback {move.model} {move.stage} --pr"
    return f"gitreg promote {move.model}@{move.number} {move.stage} --pr"
