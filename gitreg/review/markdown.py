"""A meaning as Markdown, for a pull request's comment or a job's summary. Pure.

Everything from the repository is inert (``inert.py``). Where the whole is too long, detail goes first: the raw
difference, then the tables, then all but the first moves; never the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.operations import events as eventlog
from gitreg.review.inert import code, fenced, row
from gitreg.review.meaning import FLAGS
from gitreg.review.plain import label
from gitreg.times import span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitreg.records import Finding
    from gitreg.review.meaning import Meaning, Side, StageMove

MARKER = "<!-- gitreg diff: this comment is updated in place -->"
COMMENT, SUMMARY = 65_536, 1_048_576  # characters and bytes that GitHub takes: "Creating an issue comment", "Adding a job summary"
_MOST = 20  # moves, events, findings that a shortened text lists
_VERBS = {"first": "takes", "promote": "takes", "rollback": "returns to", "demote": "steps down to", "clear": "leaves"}
_ODDS = {"better": "better", "worse": "**worse**", "same": "within tolerance"}


def markdown(meaning: Meaning, limit: int = COMMENT) -> str:
    """Return *meaning* in at most *limit* bytes of UTF-8."""
    fullest: tuple[Callable[[], str], ...] = (
        lambda: _whole(meaning, raw=True, tables=True, most=None),
        lambda: _whole(meaning, raw=False, tables=True, most=None),
        lambda: _whole(meaning, raw=False, tables=False, most=None),
        lambda: _whole(meaning, raw=False, tables=False, most=_MOST),
    )
    for shape in fullest:
        text = shape()
        if len(text.encode()) <= limit:
            return text
    return "\n\n".join([MARKER, _verdict(meaning), f"This change is too large to show here: {_counted(meaning)}. See `gitreg diff`."]) + "\n"


def _whole(meaning: Meaning, *, raw: bool, tables: bool, most: int | None) -> str:
    parts = [MARKER, _verdict(meaning)]
    parts += [_move(move, tables=tables) for move in meaning.moves[:most]]
    parts += _findings(meaning.findings[:most])
    parts += _others(meaning, most)
    if most is not None and _longest(meaning) > most:
        parts.append(f"Only the first {most} of each are shown: {_counted(meaning)}.")
    if meaning.raw and raw:
        parts.append(f"<details><summary>The files</summary>\n\n{fenced(meaning.raw, 'diff')}\n\n</details>")
    elif meaning.raw:
        parts.append("The files are left out, for there is no room: see `gitreg diff`.")
    return "\n\n".join(parts) + "\n"


def _verdict(meaning: Meaning) -> str:
    errors = sum(finding.severity == "error" for finding in meaning.findings)
    verdict = "fit to land" if meaning.ok else f"**{errors} {'rule speaks' if errors == 1 else 'findings speak'} against it**"
    return f"### {code(meaning.summary)}\n\n`gitreg check`: {verdict}"


def _counted(meaning: Meaning) -> str:
    return f"{len(meaning.moves)} stage moves, {len(meaning.events)} events, {len(meaning.findings)} findings"


def _longest(meaning: Meaning) -> int:
    return max(len(meaning.moves), len(meaning.events), len(meaning.findings))


def _move(move: StageMove, *, tables: bool) -> str:
    who = move.after or move.before
    title = f"#### {code(move.model)}: {code(label(who) if who else '')} {_VERBS[move.kind]} {code(move.stage)}"
    facts = [f"* {line}" for line in _facts(move)]
    blocks = [title, "\n".join(facts)]
    if tables:
        blocks += _differences(move) if move.before else _values(move)
        blocks += [_table(("gate", "", "values it saw"), [(code(g.name), "holds" if g.holds else f"**refuses** ({code(g.answer)})", code(g.saw)) for g in move.gates])]
    return "\n\n".join(block for block in blocks if block)


def _differences(move: StageMove) -> list[str]:
    return [
        _table(("metric", "before", "after", "difference", ""), [(code(m.name), _number(m.before), _number(m.after), _signed(m.difference), _ODDS.get(m.verdict or "", "")) for m in move.metrics]),
        _table(("parameter", "before", "after"), [(code(p.name), _value(p.before), _value(p.after)) for p in move.params]),
        _table(("artifact", "before", "after", ""), [(code(a.name), _digest(a.before), _digest(a.after), _same(a.same)) for a in move.artifacts]),
    ]


def _values(move: StageMove) -> list[str]:
    """Return the tables of a version that has nothing to be compared with."""
    return [_table(("metric", "value"), [(code(m.name), _number(m.after)) for m in move.metrics]), _table(("artifact", "value"), [(code(a.name), _digest(a.after)) for a in move.artifacts])]


def _facts(move: StageMove) -> Iterator[str]:
    if move.before:
        held = f", which held it for {span(move.held_seconds)}" if move.held_seconds is not None else ""
        yield f"from {code(label(move.before))}{held}"
    else:
        yield "the stage was vacant"
    if move.after:
        yield f"made by {code(move.after.created_by)} on {code(move.after.created_at)}" + (f", comes from {code(move.comes_from)}" if move.comes_from else "")
        yield from _lineage(move.after)
    for flag in move.flags:
        yield f"⚠ `{flag}`: {FLAGS[flag]}"
    yield f"to take it back: {code(move.undo)}"


def _lineage(side: Side) -> Iterator[str]:
    run = side.run
    if run is None:
        return
    if run.code and run.code.commit:
        yield f"code: {code(run.code.commit)}" + (f" of {code(run.code.repository)}" if run.code.repository else "") + (", with changes that were not committed" if run.code.dirty else "")
    if run.pipeline or run.step:
        yield f"run: {code(' / '.join(part for part in (run.pipeline, run.step, run.id) if part))}"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        rows = [(finding.rule, finding.severity, code(f"{finding.path}:{finding.line}" if finding.line else finding.path), code(finding.message)) for finding in findings]
        yield "#### What speaks against it\n\n" + _table(("rule", "", "where", "what"), rows)


def _others(meaning: Meaning, most: int | None) -> Iterator[str]:
    rest = [event for event in meaning.events if event.event not in ("promoted", "cleared")][:most]
    if rest:
        lines = "\n".join(f"* {code((f'{event.model}: ' if event.model else '') + eventlog.sentence(event))}" for event in rest)
        yield f"#### Also\n\n{lines}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    return "\n".join(row(line) for line in [columns, ["---"] * len(columns), *rows])


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.6g}"


def _value(value: Any) -> str:
    return "missing" if value is None else code(str(value))


def _digest(text: str | None) -> str:
    return "none" if text is None else code(text if len(text) <= 80 else f"{text[:79]}…")


def _same(same: bool | None) -> str:
    return {True: "same bytes", False: "differs", None: ""}[same]
