"""The nouns of the registry, frozen: what its files hold, and what its methods answer.

The first half is format 1 (one class a map in a file; ``schema/`` is generated from them), the second half
is what readers and writers return. A record knows no paths, no YAML and no git. Times are texts (RFC 3339,
UTC, ending in ``Z``), because a record is written back exactly as it was read.
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - msgspec reads the types when it runs
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from gitreg import names

FORMAT = 1

_LARGEST = 1.7976931348623157e308  # the largest finite double: a bound that inf and NaN do not keep
TIME = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?Z" + names.END
DIGEST = "^[0-9a-f]{64}" + names.END
MD5 = r"^[0-9a-f]{32}(\.dir)?" + names.END  # DVC's, which marks a folder's
FILE_NAME = r"^(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]{1,255}" + names.END
_REF = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*" + names.END

Number = Annotated[int, Meta(ge=1, le=10**9, description="1, 2, 3 … in the order of registration")]
Finite = int | Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST, description="a finite number")]
Time = Annotated[str, Meta(pattern=TIME, description="RFC 3339, UTC, ending in Z")]
Digest = Annotated[str, Meta(pattern=DIGEST, description="sha256, lower-case hex")]
Tag = Annotated[str, Meta(min_length=1)]
Key = Annotated[str, Meta(min_length=1, max_length=100)]
VersionName = Annotated[str, Meta(pattern=names.VERSION, max_length=128)]
StageName = Annotated[str, Meta(pattern=names.STAGE)]
ModelName = Annotated[str, Meta(pattern=f"^{names.SEGMENT}(/{names.SEGMENT}){{0,2}}{names.END}", max_length=100)]
RefName = Annotated[str, Meta(pattern=_REF, max_length=200)]
Status = Literal["running", "ready", "failed"]
Kind = Literal["model", "data", "service"]


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A map in a file of the registry: unknown keys are refused, defaults are not written."""


class Gate(Record, frozen=True, omit_defaults=False):
    """A condition on a promotion: a CEL expression over ``candidate``, ``current`` and ``model``."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    expr: Annotated[str, Meta(min_length=1, max_length=10_000)]


class StageRule(Record, frozen=True, rename={"from_": "from"}):
    """What a stage asks of a version that wants to hold it."""

    occupied: Literal["archive", "refuse"] = "archive"
    from_: tuple[StageName, ...] = ()
    require: tuple[Gate, ...] = ()
    review: bool = False


def _default_stages() -> dict[str, StageRule]:
    return {stage: StageRule() for stage in names.DEFAULT_STAGES}


class Config(Record, frozen=True):
    """``gitreg.yaml``: the registry."""

    format: Annotated[int, Meta(ge=1)] = FORMAT
    branch: RefName | None = None
    remote: RefName | None = None
    artifacts: str | None = None
    stages: dict[StageName, StageRule] = field(default_factory=_default_stages)


class MetricRule(Record, frozen=True):
    """Which way a metric is better, and what difference is noise."""

    better: Literal["higher", "lower"] | None = None
    tolerance: Annotated[float, Meta(ge=0, le=_LARGEST)] = 0.0


class Link(Record, frozen=True):
    """Something that is not a file: a ticket, a dashboard, an endpoint."""

    uri: Annotated[str, Meta(min_length=1)]
    title: str = ""


class Deleted(Record, frozen=True):
    """When a model was deleted, by whom and why; its name is not reused."""

    at: Time
    by: str
    reason: str = ""


class ModelCard(Record, frozen=True):
    """``model.yaml``: what a model is."""

    name: ModelName
    created_at: Time
    created_by: str
    license: str = ""
    description: str = ""
    audience: str = ""
    use_cases: str = ""
    limitations: str = ""
    trade_offs: str = ""
    ethics: str = ""
    tags: tuple[Tag, ...] = ()
    save_models_to_registry: bool = True
    metrics: dict[Key, MetricRule] = {}
    links: dict[Key, Link] = {}
    deleted: Deleted | None = None


class Pointer(Record, frozen=True, omit_defaults=False):
    """One stage's block of ``stages.yaml``: who holds it, and who left it because of another, newest first."""

    number: Number | None = None
    previous: tuple[Number, ...] = ()


VACANT = Pointer()


class Stages(Struct, frozen=True, kw_only=True):
    """``stages.yaml``: the pointer file. A stage without a block is vacant."""

    pointers: dict[str, Pointer] = {}
    archived: tuple[int, ...] = ()

    def pointer(self, stage: str) -> Pointer:
        """Return the block of *stage*; a missing one reads as vacant."""
        return self.pointers.get(stage, VACANT)

    def held_by(self, number: int) -> str | None:
        """Return the stage that version *number* holds, or None."""
        return next((stage for stage, pointer in self.pointers.items() if pointer.number == number), None)

    def state_of(self, number: int) -> str | None:
        """Return the stage that version *number* holds, ``"archived"``, or None."""
        held = self.held_by(number)
        if held is not None:
            return held
        left = number in self.archived or any(number in pointer.previous for pointer in self.pointers.values())
        return names.ARCHIVED if left else None

    def states(self) -> dict[int, str]:
        """Return :meth:`state_of` for every version that has one, made in one pass."""
        states = dict.fromkeys(self.archived, names.ARCHIVED)
        for pointer in self.pointers.values():
            states.update(dict.fromkeys(pointer.previous, names.ARCHIVED))
        return states | {p.number: stage for stage, p in self.pointers.items() if p.number is not None}


class Artifact(Record, frozen=True):
    """A file, folder or service that belongs to a version. ``size`` is in bytes; a folder's is the sum.

    ``file`` is what it was called where it was registered, if its address does not say so; ``md5`` is what a pointer
    of DVC names it by, if its bytes were not there.
    """

    kind: Kind
    uri: Annotated[str, Meta(min_length=1)]
    sha256: Digest | None = None
    size: Annotated[int, Meta(ge=0)] | None = None
    folder: bool = False
    file: Annotated[str, Meta(pattern=FILE_NAME, description="a file's name, without folders")] | None = None
    md5: Annotated[str, Meta(pattern=MD5, description="md5, lower-case hex; with .dir it is that of a folder")] | None = None


class Code(Record, frozen=True):
    """The code that a run was started from."""

    repository: str | None = None
    commit: str | None = None
    dirty: bool | None = None


class CI(Record, frozen=True):
    """The CI job that a run was part of."""

    url: str | None = None
    job: str | None = None


class Lock(Record, frozen=True):
    """The lock file that says which packages a run had: its path, relative to the code's folder, and its digest."""

    path: str
    sha256: Digest


class Environment(Record, frozen=True):
    """What a run's code ran on: Python's version, those of the packages that a person listed, or their lock file."""

    python: str | None = None
    packages: dict[str, str] = {}
    lock: Lock | None = None


class Run(Record, frozen=True):
    """The training run that made a version, or used it as its own; ``error`` says why it failed, if it did."""

    id: str
    pipeline: str | None = None
    step: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    code: Code | None = None
    ci: CI | None = None
    environment: Environment | None = None
    error: str | None = None


class Yanked(Record, frozen=True):
    """When a version was marked as not to be used, by whom and why."""

    at: Time
    by: str
    reason: str


class Manifest(Record, frozen=True):  # noqa: PLW1641 - its maps can change
    """``versions/<n>.yaml``: one registered iteration of a model."""

    number: Number
    version: VersionName
    status: Status
    created_at: Time
    created_by: str
    description: str = ""
    tags: tuple[Tag, ...] = ()
    metrics: dict[Key, Finite] = {}
    params: dict[Key, Any] = {}
    metadata: dict[str, Any] = {}
    artifacts: dict[Key, Artifact] = {}
    links: dict[Key, Link] = {}
    run: Run | None = None
    later_runs: tuple[Run, ...] = ()
    yanked: Yanked | None = None

    def __eq__(self, other: object) -> bool:
        """Tell whether nothing differs; Python takes 1 for true, a manifest does not."""
        if not isinstance(other, Manifest) or super().__eq__(other) is not True:
            return False
        return alike(self.params, other.params) and alike(self.metadata, other.metadata)

    def __ne__(self, other: object) -> bool:
        return not self == other

    @property
    def usable(self) -> bool:
        """True where the version is ready and not yanked: only such a one is latest or can hold a stage."""
        return self.status == "ready" and self.yanked is None

    @property
    def label(self) -> str:
        """The number, and the name where there is one: ``7 (1.0.5)``."""
        return str(self.number) if self.version == str(self.number) else f"{self.number} ({self.version})"


class ModelVersion(Manifest, frozen=True, omit_defaults=False, kw_only=True, weakref=True):
    """A version as the registry has it at one commit: its manifest, its model and the stage it holds.

    ``stage`` is None, a stage, or ``"archived"``; ``commit`` is the snapshot's, None inside a transaction.
    """

    model: str
    stage: str | None = None
    commit: str | None = None

    @property
    def id(self) -> str:
        """``iris@7``: the selector that always names this version."""
        return f"{self.model}@{self.number}"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg show``: every field is present, absent ones are empty or null."""
        fields = json_of(self)
        first = {name: fields.pop(name) for name in ("model", "number", "version", "stage", "status")}
        return {"id": self.id, **first, **fields}


class ModelSummary(Struct, frozen=True, kw_only=True):
    """A model on the board: its latest usable version, how many there are, and who holds each stage."""

    name: str
    latest: int | None
    versions: int
    stages: dict[str, int | None]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``gitreg list``."""
        return {"name": self.name, "latest": self.latest, "versions": self.versions, "stages": self.stages}


class Event(Struct, frozen=True, kw_only=True):
    """One thing that a change did, found by comparing files; the second half is the commit that did it."""

    event: str
    kind: str | None = None
    model: str | None = None
    number: int | None = None
    version: str | None = None
    stage: str | None = None
    from_number: int | None = None
    commit: str | None = None
    at: str | None = None
    by: str | None = None
    reason: str = ""
    forced: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``gitreg history``."""
        return {**msgspec.structs.asdict(self), "forced": list(self.forced)}


class Occasion(Struct, frozen=True):
    """Who does something, and when: operations never ask."""

    now: datetime
    by: str

    @property
    def at(self) -> str:
        """The moment as files write it."""
        return timestamp(self.now)


class Move(Struct, frozen=True, kw_only=True):
    """What an operation asked of a stage, for the policy to judge: *number* is None where it is vacated."""

    stage: str
    number: int | None
    from_number: int | None
    force: bool = False
    rollback: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """What an operation wants written: whole records, and the version it was about."""

    model: str
    number: int | None = None
    card: ModelCard | None = None
    stages: Stages | None = None
    manifests: tuple[Manifest, ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def outcome(self) -> tuple[Any, ...]:
        """What the caller was told: if a replay gives another outcome, the transaction is a conflict."""
        return self.model, self.number, self.moves, self.stages is None, tuple(m.number for m in self.manifests)


class Receipt(Struct, frozen=True, kw_only=True):
    """What a write did: the commit it made, or None where nothing had to change or it was a rehearsal."""

    changed: bool = False
    commit: str | None = None
    events: Sequence[Event] = ()
    message: str = ""
    diff: str = ""
    version: ModelVersion | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON that write commands print with ``--format json``."""
        return {
            "changed": self.changed,
            "commit": self.commit,
            "events": [event.as_dict() for event in self.events],
            "version": self.version and self.version.as_dict(),
            **({"diff": self.diff} if self.diff else {}),
        }


class Renumbered(Struct, frozen=True, kw_only=True):
    """A version whose number was taken on the other side: *from_number* is what it was called here."""

    model: str
    from_number: int
    number: int

    def as_dict(self) -> dict[str, Any]:
        """Return its part of the JSON of ``gitreg rebase`` and ``gitreg sync``."""
        return {"id": f"{self.model}@{self.number}", **msgspec.structs.asdict(self)}


class Rebased(Struct, frozen=True, kw_only=True):
    """What a rebase did: *replayed* commits were made anew on *onto*, and as many as *landed* were there already.

    ``contested`` says what both sides had moved, where one of them was chosen to win. ``changed`` is False where the
    branch stays where it was; a rehearsal tells what would be.
    """

    branch: str
    onto: str
    commit: str
    changed: bool = False
    replayed: int = 0
    landed: int = 0
    renumbered: tuple[Renumbered, ...] = ()
    contested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg rebase``."""
        return _outcome(self)


class Synced(Struct, frozen=True, kw_only=True):
    """What a sync exchanged: commits *pulled* from the remote and *pushed* to it; the branch is at *commit* on both sides now.

    ``renumbered`` and ``contested`` are a rebase's, see :class:`Rebased`.
    """

    branch: str
    remote: str
    commit: str
    pulled: int = 0
    pushed: int = 0
    renumbered: tuple[Renumbered, ...] = ()
    contested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """True where anything was exchanged."""
        return bool(self.pulled or self.pushed)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg sync``."""
        return _outcome(self)


def _outcome(done: Rebased | Synced) -> dict[str, Any]:
    fields = {name: value for name, value in msgspec.structs.asdict(done).items() if name != "notes"}
    return {**fields, "renumbered": [each.as_dict() for each in done.renumbered], "contested": list(done.contested)}


class Finding(Struct, frozen=True, kw_only=True):
    """Something that ``check`` or ``doctor`` found: which rule, where, and how to mend it."""

    rule: str
    severity: Literal["error", "warning"] = "error"
    path: str = ""
    line: int = 0
    message: str = ""
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of one finding; an unknown line is null."""
        return {**msgspec.structs.asdict(self), "line": self.line or None}


R = TypeVar("R", bound=Struct)


def plain(record: Struct) -> Any:
    """Return *record* as maps, lists and scalars, the way its file holds it."""
    return msgspec.to_builtins(record)


def own(value: Any) -> Any:
    """Return *value* with no map or list that another has: whoever is given a record may change its maps."""
    kind = type(value)
    if kind is dict:
        return value.copy() | {key: own(inner) for key, inner in value.items() if type(inner) in (dict, list)} if value else {}
    if kind is list:
        return [own(inner) for inner in value]
    if kind is Run and value.environment is not None:
        return msgspec.structs.replace(value, environment=owned(value.environment))
    return tuple(map(own, value)) if kind is tuple and value else value


def owned(record: R) -> R:
    """Return a copy of *record* that shares no map with it."""
    return type(record)(**{name: own(getattr(record, name)) for name in record.__struct_fields__})


def json_of(record: Struct) -> Any:
    """Return *record* as its JSON reads back: lists for tuples, nothing shared with the record."""
    return msgspec.json.decode(msgspec.json.encode(record))


def alike(one: Any, other: Any) -> bool:
    """Tell whether two JSON-like values are equal, and booleans in the same places."""
    if isinstance(one, dict):
        return one == other and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)):
        return one == other and all(map(alike, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def with_forced(event: Event, forced: tuple[str, ...]) -> Event:
    """Return *event* saying what was overridden for it."""
    return msgspec.structs.replace(event, forced=forced) if forced else event


def settled(record: ModelVersion, commit: str | None, stage: str | None) -> None:
    """Tell a version that a transaction returned which commit it became part of, once it did."""
    msgspec.structs.force_setattr(record, "commit", commit)
    msgspec.structs.force_setattr(record, "stage", stage)


def committed_at(moment: datetime) -> str:
    """Return an aware *moment* as commits have it, to the second: ``2026-11-22T07:24:31Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp(moment: datetime) -> str:
    """Return an aware *moment* as the files write it: ``2026-11-22T07:24:31.123456Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"  # a tenth of the time that strftime takes
