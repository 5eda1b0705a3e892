"""Is a change fit to land? The change rules T01 to T08, judged by the policy of what it lands on.

A commit message excuses nothing: what was forced when it was committed is judged again here, and whoever merges decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from gitreg import names, policy, setup
from gitreg.deltas import delta
from gitreg.errors import InvalidError, NotFoundError, PolicyError
from gitreg.operations import events as eventlog
from gitreg.records import Event, Finding, Stages, alike
from gitreg.review.lists import entered, vanished
from gitreg.review.reading import first
from gitreg.store import codec, documents, layout
from gitreg.store.explain import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.errors import GitregError
    from gitreg.operations.events import Delta
    from gitreg.records import Manifest, ModelCard
    from gitreg.review.landing import Landing
    from gitreg.store.snapshot import Snapshot

_PRECIOUS = {"config": "the registry", "card": "a model's card", "stages": "who holds which stage", "manifest": "a version"}
_ORIGIN = ("number", "version", "created_at", "created_by")
_GUARDS = re.compile(
    r"""(\.github|\.gitlab|\.gitea|\.forgejo|\.woodpecker|\.circleci|\.buildkite)/.*
    | \.gitlab-ci\.ya?ml | \.(drone|travis|woodpecker)\.ya?ml | (azure|bitbucket)-pipelines\.ya?ml | Jenkinsfile
    | \.pre-commit-config\.yaml | (docs/)?CODEOWNERS
    | (.*/)?\.gitattributes""",
    re.DOTALL | re.VERBOSE,
)  # who checks and who must agree; and how git merges and shows the registry's files


def check_change(landing: Landing) -> Iterator[Finding]:
    """Yield what speaks against a change; nothing where it lands on no registry yet.

    Raises:
        InvalidError: the ``gitreg.yaml`` that it lands on is invalid.
    """
    yield from _conflicts(landing)
    if landing.base is None:
        return
    found = delta(landing.end, landing.readable(), lenient=True)
    yield from _recorded(landing.end, found)
    yield from _removed(landing)
    yield from _numbers(landing, landing.base)
    yield from _moves(landing, landing.base, found)
    yield from _policy(landing, found)


def _conflicts(landing: Landing) -> Iterator[Finding]:
    for path in landing.conflicts:
        yield Finding(rule="T08", path=path, message="both sides changed this: it does not merge", fix="gitreg rebase")


# -- T01, T02, T03: the record --------------------------------------------------------------------------------


def _recorded(end: Snapshot, found: Delta) -> Iterator[Finding]:
    for part in found.models:
        if part.card[0] and part.card[1]:
            yield from first(_rewritten(end, layout.card(part.model), _frozen_of_card(part.card[0], part.card[1])))
        for number, (old, new) in part.manifests.items():
            if old and new:
                yield from first(_rewritten(end, layout.manifest(part.model, number), _frozen_of(old, new)))


def _rewritten(end: Snapshot, path: str, fields: Iterator[tuple[str, ...]]) -> Iterator[Finding]:
    lines: dict[codec.Path, int] | None = None
    for field in fields:
        lines = codec.lines(end.bytes_of(path) or b"") if lines is None else lines
        message = f"{dotted(field)}: this was recorded, and what is recorded does not change or go"
        yield Finding(rule="T01", path=path, line=codec.line_in(lines, field), message=message, fix="gitreg register, as a new version")


def _frozen_of_card(old: ModelCard, new: ModelCard) -> Iterator[tuple[str, ...]]:
    for name in ("created_at", "created_by", *(["deleted"] if old.deleted else [])):
        if getattr(old, name) != getattr(new, name):
            yield (name,)


def _frozen_of(old: Manifest, new: Manifest) -> Iterator[tuple[str, ...]]:
    """Yield the fields that changed and may not (SPEC: a running version is free but for its origin, then the record only grows)."""
    yield from ((name,) for name in _ORIGIN if getattr(old, name) != getattr(new, name))
    if old.status == "running":
        return
    yield from ((name,) for name in ("status", "params", "run") if not alike(getattr(old, name), getattr(new, name)))
    for name in ("metrics", "artifacts"):
        now: dict[str, Any] = getattr(new, name)
        yield from ((name, key) for key, value in getattr(old, name).items() if key not in now or now[key] != value)
    if new.later_runs[: len(old.later_runs)] != old.later_runs:
        yield ("later_runs",)


def _removed(landing: Landing) -> Iterator[Finding]:
    for path, change in landing.landed.items():
        kind = layout.place(path).kind
        if change.new is None and kind in _PRECIOUS:
            fix = "gitreg yank" if kind == "manifest" else ""
            yield Finding(rule="T02", path=path, message=f"this is {_PRECIOUS[kind]}: nothing that is recorded is removed", fix=fix)


def _numbers(landing: Landing, base: Snapshot) -> Iterator[Finding]:
    for path, change in landing.brought.items():
        place = layout.place(path)
        if place.kind != "manifest" or change.old is not None or change.new is None:
            continue
        if base.blob_id(path) is not None and change is not landing.landed.get(path):
            yield Finding(rule="T03", path=path, message=f"version {place.number} of {place.model!r} was registered on both sides", fix="gitreg rebase")
        elif place.number <= base.count(place.model):
            yield Finding(rule="T03", severity="warning", path=path, message=f"version {place.number} fills a gap among {base.count(place.model)} versions: was it restored by gitreg doctor?")


# -- T04, T05: stages -----------------------------------------------------------------------------------------


def _moves(landing: Landing, base: Snapshot, found: Delta) -> Iterator[Finding]:
    stages = {part.model: part.stages[1] for part in found.models}
    for event in eventlog.events(found, lambda _, number: str(number)):
        if event.event in ("promoted", "cleared") and event.stage in base.config.stages:
            yield from _judged(landing, base, event)
            yield from _former(landing, base, event, stages[event.model or ""])
    for part in found.models:
        if part.stages[1] is not None:
            yield from first(_entered(landing, base, part.model, (part.stages[0] or Stages(), part.stages[1])))
            yield from first(_vanished(landing, base, part.model, (part.stages[0] or Stages(), part.stages[1])))


def _judged(landing: Landing, base: Snapshot, event: Event) -> Iterator[Finding]:
    path, line = _place(landing, event)
    for error in _objections(landing, base, event):
        yield Finding(rule="T04", path=path, line=line, message=f"{event.stage}: {error.message}", fix=error.hint)


def _objections(landing: Landing, base: Snapshot, event: Event) -> Iterator[GitregError]:
    """Yield what the rules of the base say to a promotion; what cannot be judged is refused."""
    try:
        yield from (objection.error for objection in policy.objections(base, landing.end, event))
    except (InvalidError, NotFoundError) as error:
        yield PolicyError("{model}@{number} cannot be judged: {why}", model=event.model, number=event.number, why=error.message, hint="mend that file first, in a change of its own")


def _former(landing: Landing, base: Snapshot, event: Event, stages: Stages | None) -> Iterator[Finding]:
    """Find a former holder that no list knows: a rollback could not find it, and nobody would know that it was there."""
    former = event.from_number
    if former is None or stages is None or stages.state_of(former) is not None:
        return
    path, line = _place(landing, event)
    severity: Literal["warning", "error"] = "warning" if _reverted(landing, base, path) else "error"
    message = f"{event.stage}: {former} held it, and stands neither in its previous nor in archived now"
    yield Finding(rule="T05", severity=severity, path=path, line=line, message=message, fix="gitreg fix")


def _entered(landing: Landing, base: Snapshot, model: str, stages: tuple[Stages, Stages]) -> Iterator[Finding]:
    """Find versions that come to where a rollback goes, past the rules: they neither held the stage on the base nor could be promoted to it."""
    was, now = stages
    for stage in [stage for stage in now.pointers if stage in base.config.stages]:
        for number in entered(was.pointer(stage), now.pointer(stage)):
            error = next(_objections(landing, base, _as_if(was, model, stage, number)), None)
            if error:
                moved = number in was.pointer(stage).previous
                message = f"{stage}.previous: {number} {'came to the front' if moved else 'did not hold this stage'}, and the rules do not let it: {error.message}"
                yield _listed(landing, base, model, (stage, "previous"), message, excused=moved)


def _vanished(landing: Landing, base: Snapshot, model: str, stages: tuple[Stages, Stages]) -> Iterator[Finding]:
    """Find versions that a list no longer knows, though nothing that happened to them takes them out of it."""

    def allowed(number: int, stage: str) -> bool:
        return stage not in base.config.stages or not any(_objections(landing, base, _as_if(stages[0], model, stage, number)))

    for stage, number in vanished(*stages, allowed):
        inside = (names.ARCHIVED,) if stage == names.ARCHIVED else (stage, "previous")
        yield _listed(landing, base, model, inside, f"{'.'.join(inside)}: {number} stood here, and nothing that happened takes it out", excused=True)


def _as_if(was: Stages, model: str, stage: str, number: int) -> Event:
    """Return the promotion of a version to *stage*."""
    return Event(event="promoted", model=model, number=number, version=str(number), stage=stage, from_number=was.pointer(stage).number)


def _listed(landing: Landing, base: Snapshot, model: str, inside: tuple[str, ...], message: str, *, excused: bool) -> Finding:
    """Return a finding on a list; where a revert is *excused*, it is a warning if this is one."""
    path = layout.stages(model)
    severity: Literal["warning", "error"] = "warning" if excused and _reverted(landing, base, path) else "error"
    return Finding(rule="T05", severity=severity, path=path, line=landing.end.line_of(path, inside), message=message)


def _reverted(landing: Landing, base: Snapshot, path: str) -> bool:
    """Tell whether a file is again as some commit of the base had it, as ``git revert`` leaves it."""
    now = landing.landed[path].new if path in landing.landed else None
    return any(now in (old, new) for commit in base.repo.log(base.commit, [base.prefix + path]) for old, new, _ in commit.changes)


def _place(landing: Landing, event: Event) -> tuple[str, int]:
    assert event.model
    path = layout.stages(event.model)
    return path, landing.end.line_of(path, (event.stage or "", "number"))


# -- T06, T07: the policy -------------------------------------------------------------------------------------


def _policy(landing: Landing, found: Delta) -> Iterator[Finding]:
    old, new = found.config
    if old and new and new.format < old.format:
        data = landing.end.bytes_of(layout.CONFIG) or b""
        yield Finding(rule="T06", path=layout.CONFIG, line=codec.line_of(data, ("format",)), message=f"format: {old.format} became {new.format}, and it never goes down")
    up = "../" * landing.end.prefix.count("/")
    guards = sorted(path for path in landing.brought if path == layout.CONFIG or _GUARDS.fullmatch(path) or _schema(landing.end, path))
    guards += sorted(up + path for path in landing.beside if _GUARDS.fullmatch(path))
    others = [path for path in landing.brought if path.startswith(layout.MODELS + "/")]
    if guards and others:
        for path in guards:
            yield Finding(rule="T07", path=path, message=f"this changes the rules, together with {len(others)} other files of the registry: rules change alone", fix="git switch -c policy, and a pull request of its own")


def _schema(end: Snapshot, path: str) -> bool:
    """Tell whether a path is of what editors judge by, and not as gitreg itself writes it."""
    if not path.startswith(layout.FOLDER + "/"):
        return False
    name = path.removeprefix(layout.SCHEMA_FOLDER + "/").removesuffix(".json")
    schema = documents.schemas().get(name) if path == f"{layout.SCHEMA_FOLDER}/{name}.json" else None
    return schema is None or end.bytes_of(path) != setup.schema_text(schema).encode()
