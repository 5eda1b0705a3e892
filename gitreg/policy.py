"""What a registry's rules say to a change: ``from``, gates, ``occupied``, ``review``. Pure.

Only the end state is judged, against the commit the change starts from. ``force`` overrides every rule here,
and what it overrode is returned, so that the commit can say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import gates, records
from gitreg.draft import Draft
from gitreg.errors import ConflictError, GitregError, InvalidError, PolicyError
from gitreg.operations.stages import rollback_target
from gitreg.records import Stages
from gitreg.store.damage import DamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitreg.records import Event, Move, StageRule
    from gitreg.view import View


class Objection(NamedTuple):
    """A rule that does not hold: how a commit says that it was overridden, and the error if it was not."""

    text: str
    error: GitregError


class Case(NamedTuple):
    """One stage whose holder changes, and what was asked for it."""

    event: Event
    rule: StageRule
    forced: bool
    rollback: bool


def judge(base: View, end: View, events: Sequence[Event], moves: Mapping[str, Sequence[Move]], *, guarded: bool) -> tuple[Event, ...]:
    """Return *events* with what ``force`` overrode in each.

    *moves* are what operations asked for, by model; *guarded* says that the commit goes straight to the branch
    that review protects.

    Raises:
        PolicyError: ``from``, a gate or ``review`` does not hold, and nobody forced it.
        ConflictError: the stage is occupied and its rule is ``refuse``.
    """
    result = []
    for event in events:
        if event.event in ("promoted", "cleared"):
            case = _case(base, event, moves.get(event.model or "", ()))
            objections = list(_objections(base, end, case, guarded))
            if objections and not case.forced:
                raise objections[0].error
            event = records.with_forced(event, tuple(o.text for o in objections))  # noqa: PLW2901 - the event, completed
        result.append(event)
    return tuple(result)


def objections(base: View, end: View, event: Event) -> tuple[Objection, ...]:
    """Return what the rules say to a stage that changed hands, in a change that is reviewed: nothing excuses it.

    Only a return to the version that a rollback would go to is exempt, as a rollback is. Where the base's pointers are invalid
    nobody held a stage, so nobody is exempt.

    Raises:
        InvalidError: a file that has to be asked is invalid, so that nobody can judge this.
        NotFoundError: it is missing.
    """
    assert event.model
    assert event.stage
    rule = base.config.stages[event.stage]
    if event.event != "promoted" or not (rule.from_ or rule.require or rule.occupied == "refuse"):
        return ()
    base = _legible(base, event.model)
    case = Case(event, rule, forced=False, rollback=event.number == _target(base, event.model, event.stage))
    return tuple(_objections(base, end, case, guarded=False))


def _legible(base: View, model: str) -> View:
    """Return *base*; where its pointers of *model* are invalid, as if there were none."""
    try:
        base.find_stages(model)
    except DamagedError:
        raise
    except InvalidError:
        base = Draft(base)
        base.pointers[model] = Stages()
    return base


def _case(base: View, event: Event, moves: Sequence[Move]) -> Case:
    assert event.model
    assert event.stage
    about = [m for m in moves if m.stage == event.stage or (event.number is None and m.number == event.from_number)]
    back = bool(about) and about[-1].rollback and event.number == _target(base, event.model, event.stage)
    return Case(event, base.config.stages[event.stage], bool(about) and about[-1].force, back)


def _target(base: View, model: str, stage: str) -> int | None:
    return rollback_target(base, model, stage) if base.find_card(model) else None


def _objections(base: View, end: View, case: Case, guarded: bool) -> Iterator[Objection]:
    event, rule = case.event, case.rule
    if event.event == "promoted" and not case.rollback:
        if rule.occupied == "refuse" and event.from_number is not None:
            yield Objection("refuse", _occupied(event))
        if rule.from_:
            yield from _from(base, event, rule)
        if rule.require:
            yield from _gates(base, end, event, rule)
    if rule.review and guarded:
        yield Objection("review", _unreviewed(case))


def _occupied(event: Event) -> GitregError:
    return ConflictError(
        "{stage} of {model!r} is held by {holder}, and this registry refuses to displace a holder",
        stage=event.stage, model=event.model, holder=event.from_number, hint="add --force to displace it",
    )  # fmt: skip


def _unreviewed(case: Case) -> GitregError:
    event, model = case.event, case.event.model
    command = f"rollback {model}" if case.rollback else f"promote {model}@{event.number}" if event.number else ""
    return PolicyError(
        "{stage} of {model!r} changes only through a reviewed pull request on this branch",
        stage=event.stage, model=event.model, hint=f"gitreg {command} {event.stage} --pr" if command else f"gitreg archive {model}@{event.from_number} --pr",
    )  # fmt: skip


def _from(base: View, event: Event, rule: StageRule) -> Iterator[Objection]:
    assert event.model
    assert event.number
    stages = base.find_stages(event.model)
    state = stages.state_of(event.number) if stages else None
    if state not in rule.from_:
        wanted = " or ".join(rule.from_)
        error = PolicyError(
            "{model}@{number} must hold {wanted} before {stage}: it holds {state}",
            model=event.model, number=event.number, wanted=wanted, stage=event.stage, state=state or "no stage",
            hint=f"gitreg promote {event.model}@{event.number} {rule.from_[0]}",
        )  # fmt: skip
        yield Objection("from:" + ",".join(rule.from_), error)


def _gates(base: View, end: View, event: Event, rule: StageRule) -> Iterator[Objection]:
    if not gates.installed():
        for gate in rule.require:
            error = PolicyError("{stage} has gates, and the runtime that judges them is not installed", stage=event.stage, hint="pip install cel-expr-python")
            yield Objection(f"gate:{gate.name}", error)
        return
    seen = facts(base, end, event)
    for gate in rule.require:
        verdict = gates.judged(gate, seen)
        if not verdict.holds:
            error = PolicyError(
                "gate {gate!r} of {stage} refuses {model}@{number}: {expr} is {answer}" + (" ({saw})" if verdict.saw else ""),
                gate=gate.name, stage=event.stage, model=event.model, number=event.number, expr=gate.expr,
                answer=verdict.answer, saw=verdict.saw, hint=f"gitreg show {event.model}@{event.number}",
            )  # fmt: skip
            yield Objection(f"gate:{gate.name}", error)


def facts(base: View, end: View, event: Event) -> dict[str, Any]:
    """Return what gates see: the base's word on the candidate, unless it is new there or was still running."""
    assert event.model
    assert event.number
    known = base.find_manifest(event.model, event.number)
    settled = known is not None and known.status != "running"
    candidate = _judged(base if settled else end, event.model, event.number)
    stages = base.find_stages(event.model)
    candidate["stage"] = stages.state_of(event.number) if stages else None
    held = event.from_number is not None and base.find_manifest(event.model, event.from_number) is not None
    current = _judged(base, event.model, event.from_number) if held and event.from_number else None
    return {"candidate": candidate, "current": current, "model": records.json_of(base.find_card(event.model) or end.card(event.model))}


def _judged(view: View, model: str, number: int) -> dict[str, Any]:
    """Return the JSON of ``show``, its metrics as doubles: CEL does not mix whole and real numbers."""
    fields = view.version(model, number).as_dict()
    fields["metrics"] = {name: float(value) for name, value in fields["metrics"].items()}
    return fields
