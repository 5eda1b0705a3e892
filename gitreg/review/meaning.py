"""What a change means for whoever must decide on it: each stage that moves, and what stands for and against it.

One model, from which JSON, text and Markdown are made. Nothing is judged twice: findings are those of ``check``, the gates'
verdicts those of the policy of the base.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from gitreg import gates, history, policy
from gitreg.deltas import delta
from gitreg.errors import InvalidError, NotFoundError
from gitreg.operations import compare
from gitreg.operations import events as eventlog
from gitreg.operations.stages import rollback_target
from gitreg.records import Event, Finding, Stages, committed_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitreg.operations.events import Delta
    from gitreg.records import ModelCard, ModelVersion, Run
    from gitreg.review.landing import Landing
    from gitreg.store.snapshot import Snapshot

Kind = Literal["first", "promote", "rollback", "demote", "clear"]

FLAGS = {
    "check-fails": "a rule of gitreg check speaks against it",
    "gate-fails": "a gate does not hold",
    "metric-worse": "a metric is worse than the present holder's, by more than its tolerance",
    "metric-missing": "a metric that the present holder has is missing",
    "same-bytes": "its model is the same bytes as the present holder's",
    "no-digest": "a model artifact has no digest, so nobody can tell whether it is the one that was reviewed",
    "code-dirty": "it was trained from code that was not committed",
    "code-unknown": "nothing says which code it was trained from",
    "skips-stage": "it takes the last stage without holding one before",
    "out-before": "it was taken out of a stage before, by hand or by a rollback",
}


class Side(Struct, frozen=True, kw_only=True):
    """A version on one side of a move."""

    number: int
    version: str
    created_at: str
    created_by: str
    description: str = ""
    run: Run | None = None


class MetricChange(Struct, frozen=True, kw_only=True):
    """A metric side by side; ``verdict`` is null where ``model.yaml`` does not say which way is better, or one is missing."""

    name: str
    before: float | None
    after: float | None
    difference: float | None
    verdict: Literal["better", "worse", "same"] | None


class ParamChange(Struct, frozen=True, kw_only=True):
    """A parameter that differs; an absent one is null."""

    name: str
    before: Any
    after: Any


class ArtifactChange(Struct, frozen=True, kw_only=True):
    """An artifact by what identifies it: digest, else address. ``same`` is null where that is not known."""

    name: str
    before: str | None
    after: str | None
    same: bool | None


class GateVerdict(Struct, frozen=True, kw_only=True):
    """What a gate of the base answers, and the values it saw."""

    name: str
    expr: str
    holds: bool
    answer: str
    saw: str


class StageMove(Struct, frozen=True, kw_only=True):
    """One stage that changes hands: ``before`` leaves it, ``after`` takes it, and leaves the stage that it ``comes_from``.

    ``held_since`` and ``held_seconds`` say how long ``before`` held it, by the history of the base.
    """

    model: str
    stage: str
    kind: Kind
    before: Side | None
    after: Side | None
    comes_from: str | None
    held_since: str | None
    held_seconds: int | None
    metrics: tuple[MetricChange, ...]
    params: tuple[ParamChange, ...]
    artifacts: tuple[ArtifactChange, ...]
    gates: tuple[GateVerdict, ...]
    flags: tuple[str, ...]
    undo: str


class Meaning(Struct, frozen=True, kw_only=True):
    """What a change means: moves first, then everything it did as events, and what ``check`` found."""

    base: str | None
    head: str
    summary: str
    ok: bool
    moves: tuple[StageMove, ...]
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    raw: str

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg diff``."""
        fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return fields | {"events": [event.as_dict() for event in self.events], "findings": [finding.as_dict() for finding in self.findings]}


def meaning(landing: Landing, head: str, findings: Sequence[Finding], at: datetime, raw: str) -> Meaning:
    """Return what *landing* means; *findings* are ``check``'s, *at* is when it is asked, *raw* the difference of the files.

    A file that is invalid is left out: the findings name it.
    """
    found = delta(landing.end, landing.readable(), lenient=True).lacking(landing.unreadable())
    happened = eventlog.events(found, lambda model, number: _name(landing.end, model, number))
    moves = tuple(_moves(landing, found, happened, findings, at))
    errors = any(finding.severity == "error" for finding in findings)
    said = eventlog.told(happened, found, landing.landed)
    base = landing.base.commit if landing.base else None
    return Meaning(base=base, head=head, summary=said, ok=not errors, moves=moves, events=happened, findings=tuple(findings), raw=raw)


def _name(end: Snapshot, model: str, number: int) -> str:
    version = _version(end, model, number)
    return version.version if version else str(number)


def _version(view: Snapshot | None, model: str, number: int | None) -> ModelVersion | None:
    """Return a version, or None where it is not there or is invalid."""
    try:
        return view.version(model, number) if view and number else None
    except (NotFoundError, InvalidError):
        return None


def _moves(landing: Landing, found: Delta, happened: Sequence[Event], findings: Sequence[Finding], at: datetime) -> Iterator[StageMove]:
    pointers = {part.model: part.stages for part in found.models}
    taken = {(event.model, event.number) for event in happened if event.event == "promoted"}
    for event in happened:
        if event.event == "promoted" or (event.event == "cleared" and (event.model, event.from_number) not in taken):
            was, now = pointers[event.model or ""]
            yield _move(landing, event, (was or Stages(), now or Stages()), findings, at)


def _move(landing: Landing, event: Event, pointers: tuple[Stages, Stages], findings: Sequence[Finding], at: datetime) -> StageMove:
    assert event.model
    assert event.stage
    model, stage, (was, now) = event.model, event.stage, pointers
    before = _version(landing.base, model, event.from_number) or _version(landing.end, model, event.from_number)
    after = _version(landing.end, model, event.number)
    comes_from = was.held_by(event.number) if event.number else None
    since = _held_since(landing.base, event)
    sides = compare.compared(before, after, _card(landing, model)) if before and after else None
    verdicts = tuple(_gates(landing, event))
    move = StageMove(
        model=model, stage=stage, kind=_kind(landing, event, comes_from), before=_side(before), after=_side(after), comes_from=comes_from,
        held_since=committed_at(since) if since else None, held_seconds=max(0, int((at - since).total_seconds())) if since else None,
        metrics=tuple(_metrics(sides, after)), params=tuple(_params(sides)), artifacts=tuple(_artifacts(sides, after)),
        gates=verdicts, flags=(), undo=_undo(landing, event, comes_from, now),
    )  # fmt: skip
    return msgspec.structs.replace(move, flags=tuple(_flags(landing, move, after, was, findings)))


def _kind(landing: Landing, event: Event, comes_from: str | None) -> Kind:
    if event.event == "cleared":
        return "clear"
    order = list(landing.base.config.stages) if landing.base else []
    if comes_from in order and event.stage in order and order.index(comes_from) > order.index(event.stage):
        return "demote"
    kind: Kind = {"first": "first", "rollback": "rollback"}.get(event.kind or "", "promote")  # type: ignore[assignment]
    return kind


def _side(version: ModelVersion | None) -> Side | None:
    if version is None:
        return None
    return Side(number=version.number, version=version.version, created_at=version.created_at, created_by=version.created_by, description=version.description, run=version.run)


def _card(landing: Landing, model: str) -> ModelCard | None:
    """Return what says which way a metric is better: the base's card, else the change's own; None where neither can be read."""
    for view in (landing.base, landing.end):
        with contextlib.suppress(InvalidError):
            card = view.find_card(model) if view else None
            if card:
                return card
    return None


def _held_since(base: Snapshot | None, event: Event) -> datetime | None:
    """Return when the present holder took the stage, by the first-parent history of the base."""
    if base is None or event.from_number is None:
        return None
    with contextlib.suppress(InvalidError):  # a file of the base cannot be read: nobody can tell
        for past in history.history(base, event.model, event.stage):
            if past.event == "promoted" and past.number == event.from_number and past.at:
                return datetime.fromisoformat(past.at).astimezone(UTC)
    return None


def _metrics(sides: dict[str, Any] | None, after: ModelVersion | None) -> Iterator[MetricChange]:
    verdicts: dict[str | None, Literal["better", "worse", "same"]] = {"a": "worse", "b": "better", "same": "same"}
    if sides is None:
        for name, value in (after.metrics if after else {}).items():
            yield MetricChange(name=name, before=None, after=value, difference=None, verdict=None)
        return
    for name, metric in sides["metrics"].items():
        yield MetricChange(name=name, before=metric["a"], after=metric["b"], difference=metric["difference"], verdict=verdicts.get(metric["better"]))


def _params(sides: dict[str, Any] | None) -> Iterator[ParamChange]:
    for name, pair in (sides or {"params": {}})["params"].items():
        if not pair["same"]:
            yield ParamChange(name=name, before=pair["a"], after=pair["b"])


def _artifacts(sides: dict[str, Any] | None, after: ModelVersion | None) -> Iterator[ArtifactChange]:
    if sides is None:
        for name, artifact in (after.artifacts if after else {}).items():
            yield ArtifactChange(name=name, before=None, after=artifact.sha256 or artifact.uri, same=None)
        return
    for name, pair in sides["artifacts"].items():
        yield ArtifactChange(name=name, before=pair["a"], after=pair["b"], same=pair["same"])


def _gates(landing: Landing, event: Event) -> Iterator[GateVerdict]:
    """Yield the verdict of each gate of the base on a version that takes a stage."""
    rule = landing.base.config.stages.get(event.stage or "") if landing.base else None
    if rule is None or landing.base is None or event.number is None:
        return
    for gate in rule.require:
        if not gates.installed():
            yield GateVerdict(name=gate.name, expr=gate.expr, holds=False, answer="not judged: its runtime is not installed", saw="")
            continue
        try:
            verdict = gates.judged(gate, policy.facts(landing.base, landing.end, event))
        except (NotFoundError, InvalidError):
            yield GateVerdict(name=gate.name, expr=gate.expr, holds=False, answer="not judged: the version is invalid", saw="")
        else:
            yield GateVerdict(name=gate.name, expr=gate.expr, holds=verdict.holds, answer=verdict.answer, saw=verdict.saw)


def _undo(landing: Landing, event: Event, comes_from: str | None, now: Stages) -> str:
    """Return the command that takes a move back once it landed."""
    model, stage = event.model or "", event.stage or ""
    if event.from_number is None:
        vacated = comes_from is not None and now.pointer(comes_from).number is None
        return f"gitreg promote {model}@{event.number} {comes_from} --expect none" if vacated else f"gitreg archive {model}@{event.number}"
    if event.event == "cleared":
        return f"gitreg promote {model}@{event.from_number} {stage} --expect none"
    try:
        back = rollback_target(landing.end, model, stage) == event.from_number
    except (NotFoundError, InvalidError):
        back = False
    return f"gitreg rollback {model} {stage} --expect {event.number}" if back else f"gitreg promote {model}@{event.from_number} {stage} --expect {event.number}"


def _flags(landing: Landing, move: StageMove, after: ModelVersion | None, was: Stages, findings: Sequence[Finding]) -> Iterator[str]:
    about = f"models/{move.model}/"
    if any(finding.severity == "error" and finding.path.startswith(about) for finding in findings):
        yield "check-fails"
    if after is None:
        return
    if any(not gate.holds for gate in move.gates) and move.kind != "rollback":
        yield "gate-fails"
    if any(metric.verdict == "worse" for metric in move.metrics):
        yield "metric-worse"
    if any(metric.before is not None and metric.after is None for metric in move.metrics):
        yield "metric-missing"
    models = {name for name, artifact in after.artifacts.items() if artifact.kind == "model"}
    if any(artifact.same for artifact in move.artifacts if artifact.name in models):
        yield "same-bytes"
    if any(after.artifacts[name].sha256 is None for name in models):
        yield "no-digest"
    yield from _code_flags(after)
    stages = list(landing.base.config.stages) if landing.base else []
    if stages[1:] and move.stage == stages[-1] and move.comes_from is None and move.kind != "rollback":
        yield "skips-stage"
    if move.after and move.after.number in was.archived and move.kind != "rollback":
        yield "out-before"


def _code_flags(version: ModelVersion) -> Iterator[str]:
    code = version.run.code if version.run else None
    if code is None or code.commit is None:
        yield "code-unknown"
    elif code.dirty:
        yield "code-dirty"
