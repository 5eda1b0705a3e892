"""A meaning as plain text, for a terminal. Pure; what a terminal could obey stands escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.names import shown
from gitreg.operations import events as eventlog
from gitreg.review.meaning import FLAGS
from gitreg.times import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.review.meaning import Meaning, Side, StageMove

_MOST = 1000  # events that are listed
_VERBS = {"first": "takes", "promote": "takes", "rollback": "returns to", "demote": "steps down to", "clear": "leaves"}


def text(meaning: Meaning) -> str:
    """Return *meaning* in lines, the verdict first."""
    errors = sum(finding.severity == "error" for finding in meaning.findings)
    lines = [meaning.summary, "check: fit to land" if meaning.ok else f"check: {errors} against it"]
    for finding in meaning.findings:
        where = f"{finding.path}:{finding.line}" if finding.line else finding.path
        lines.append(f"  {finding.rule} {finding.severity} {where}: {finding.message}")
    for move in meaning.moves:
        lines += ["", *_move(move)]
    rest = [event for event in meaning.events if event.event not in ("promoted", "cleared")]
    if rest:
        lines += ["", "also"]
        lines += [f"  {f'{event.model}: ' if event.model else ''}{eventlog.sentence(event)}" for event in rest[:_MOST]]
        lines += [f"  and {len(rest) - _MOST} more"] if len(rest) > _MOST else []
    return "".join(f"{shown(line)}\n" for line in lines)


def _move(move: StageMove) -> Iterator[str]:
    who = move.after or move.before
    yield f"{move.model}: {label(who) if who else '?'} {_VERBS[move.kind]} {move.stage}"
    if move.before:
        yield f"  from     {label(move.before)}" + (f", which held it for {span(move.held_seconds)}" if move.held_seconds is not None else "")
    else:
        yield "  from     nobody, the stage was vacant"
    if move.after:
        yield f"  made by  {move.after.created_by} on {move.after.created_at}" + (f", comes from {move.comes_from}" if move.comes_from else "")
        code = move.after.run.code if move.after.run else None
        if code and code.commit:
            yield f"  code     {code.commit}" + (" with changes that were not committed" if code.dirty else "")
    for metric in move.metrics:
        verdict = f"  {metric.verdict}" if metric.verdict else ""
        difference = "" if metric.difference is None else f" ({metric.difference:+.6g})"
        yield f"  metric   {metric.name}: {f'{_number(metric.before)} -> ' if move.before else ''}{_number(metric.after)}{difference}{verdict}"
    for param in move.params:
        yield f"  param    {param.name}: {'missing' if param.before is None else param.before} -> {'missing' if param.after is None else param.after}"
    for artifact in move.artifacts:
        sides = f"{_cut(artifact.before)} -> {_cut(artifact.after)}"
        same = {True: "same bytes", False: sides, None: f"{sides}, not compared"}[artifact.same] if move.before else _cut(artifact.after)
        yield f"  file     {artifact.name}: {same}"
    for gate in move.gates:
        yield f"  gate     {gate.name}: {'holds' if gate.holds else f'refuses, {gate.answer}'}" + (f" ({gate.saw})" if gate.saw else "")
    for flag in move.flags:
        yield f"  risk     {flag}: {FLAGS[flag]}"
    yield f"  undo     {move.undo}"


def label(side: Side) -> str:
    """Return a version's number, and its name where it has one."""
    return str(side.number) if side.version == str(side.number) else f"{side.number} ({side.version})"


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _cut(text: str | None) -> str:
    return "none" if text is None else text if len(text) <= 24 else f"{text[:23]}…"
