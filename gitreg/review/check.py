"""Is this registry sound? The state rules R01 to R09, judged from git objects alone.

Every file is read, every finding is reported. Nothing of the registry is run, and no link is followed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import gates, names
from gitreg.errors import GitregError, InvalidError
from gitreg.records import Finding, Manifest, ModelCard, Stages
from gitreg.store import codec, documents, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Config, Pointer
    from gitreg.store.snapshot import Snapshot

_KINDS = {"config": "gitreg", "card": "model", "stages": "stages", "manifest": "manifest"}
_REGULAR = "100644"
_OTHER = {"120000": "a symbolic link", "160000": "a submodule", "100755": "executable"}


class File(NamedTuple):
    """A file of the registry's tree."""

    mode: str
    blob: str
    path: str


class Documents(NamedTuple):
    """What is there of a registry: all paths, and of those that were read the records and raw bytes."""

    paths: set[str]
    records: dict[str, Any]
    data: dict[str, bytes]


class Since(NamedTuple):
    """A sound registry, None where there was none, and the paths that differ from it: only what they can spoil is looked at."""

    base: Snapshot | None
    paths: frozenset[str]


def check_state(snapshot: Snapshot, since: Since | None = None) -> Iterator[Finding]:
    """Yield what is wrong with the files of *snapshot*, by path; with *since*, only of what changed.

    Raises:
        NotFoundError: the commit holds no registry.
    """
    files = [File(*entry) for entry in snapshot.repo.files(snapshot.commit, snapshot.prefix, _looked_at(since))]
    ours = [f for f in files if f.path == layout.CONFIG or f.path.startswith((layout.MODELS + "/", layout.SCHEMA_FOLDER + "/"))]
    read = Documents({file.path for file in ours}, {}, {})
    findings = list(_modes([file for file in ours if since is None or file.path in since.paths]))
    findings += _contents(snapshot, [file for file in ours if since is None or _wanted(file.path, since)], read)
    if since:
        findings += _contents(snapshot, [file for file in ours if file.path in _holders(read, since) - read.data.keys()], read)
    config = read.records.get(layout.CONFIG)
    if config and (since is None or layout.CONFIG in since.paths):
        findings += _gates(config)
    findings += _models(ours, read, config)
    if since:
        findings += _beside_others(snapshot, read, since)
    yield from sorted(set(findings), key=lambda finding: (finding.path, finding.line, finding.rule))


def _looked_at(since: Since | None) -> list[str]:
    """Return the paths to list: of a model that changed, its folder."""
    if since is None:
        return [""]
    places = {path: layout.place(path) for path in since.paths}
    return sorted({layout.CONFIG, *(f"{layout.MODELS}/{place.model}/" if place.model else path for path, place in places.items())})


def _wanted(path: str, since: Since) -> bool:
    return path in since.paths or layout.place(path).kind in ("config", "card", "stages")


def _holders(read: Documents, since: Since) -> set[str]:
    """Return the manifests that changed pointer files name as holders."""
    found = ((layout.place(path).model, record) for path, record in read.records.items() if isinstance(record, Stages) and path in since.paths)
    return {layout.manifest(model, pointer.number) for model, stages in found for pointer in stages.pointers.values() if pointer.number}


def _beside_others(snapshot: Snapshot, read: Documents, since: Since) -> Iterator[Finding]:
    """Find names that are taken by what did not change: of models by another model, of versions by another version."""
    made = sorted({layout.place(path).model for path in since.paths if layout.place(path).kind == "card"})
    others = set(snapshot.model_names()) - set(made) if made else set()
    for model in made:
        other = names.collision(model, dict.fromkeys(sorted(others)))
        if other:
            yield _collision(model, other)
    for path, record in read.records.items():
        model = layout.place(path).model
        if isinstance(record, Manifest) and path in since.paths and since.base and since.base.find_card(model):
            namesake = since.base.number_named(model, record.version)
            if namesake not in (None, record.number):
                yield _taken(path, record, namesake, read)


def _modes(files: list[File]) -> Iterator[Finding]:
    for file in files:
        if file.mode != _REGULAR:
            what = _OTHER.get(file.mode, f"of mode {file.mode}")
            yield Finding(rule="R07", path=file.path, message=f"this is {what}: only regular files belong here", fix=f"git rm --cached {file.path}")


def _contents(snapshot: Snapshot, files: list[File], read: Documents) -> Iterator[Finding]:
    """Read every record once; yield R01, R02 and R03 findings on the way."""
    known = [file for file in files if file.mode in (_REGULAR, "100755") and layout.place(file.path).kind in _KINDS]
    for file, found in zip(known, snapshot.repo.reader.read_many([f.blob for f in known], codec.LARGEST), strict=True):
        if found is None:
            yield Finding(rule="R01", path=file.path, message="git has no such object: the repository is damaged", fix="git fsck")
            continue
        try:
            codec.checked_size(found.size, file.path)
            assert found.data is not None
            read.data[file.path] = found.data
            yield from _document(file.path, found.data, read)
        except InvalidError as error:
            yield _finding(error)


def _finding(error: InvalidError) -> Finding:
    field = f"{error.field}: " if error.field else ""
    return Finding(rule=error.rule or "R02", path=error.path, line=error.line, message=field + error.problem, fix=error.hint)


def _document(path: str, data: bytes, read: Documents) -> Iterator[Finding]:
    place = layout.place(path)
    value = codec.load(data, path)
    wrong = list(documents.located(_KINDS[place.kind], value, data, path))
    if wrong:
        yield from map(_finding, wrong)
        return
    decode = {"config": documents.decode_config, "card": documents.decode_card, "stages": documents.decode_stages, "manifest": documents.decode_manifest}
    record: Any = decode[place.kind](data, path)  # type: ignore[operator]
    read.records[path] = record
    said, meant = {"card": ("name", place.model), "manifest": ("number", place.number)}.get(place.kind, ("", None))
    if said and getattr(record, said) != meant:
        line = codec.line_of(data, (said,))
        yield Finding(rule="R03", path=path, line=line, message=f"{said}: the path says {meant!r}, the file says {getattr(record, said)!r}")


def _gates(config: Config) -> Iterator[Finding]:
    """Compile every gate, where the runtime is installed; where it is not, say that it was not done."""
    wanted = [(stage, gate) for stage, rule in config.stages.items() for gate in rule.require]
    if wanted and not gates.installed():
        yield Finding(rule="R02", severity="warning", path=layout.CONFIG, message="the gates were not compiled: their runtime is not installed", fix="pip install 'gitreg[review]'")
        return
    for stage, gate in wanted:
        try:
            gates.compiled(gate.expr)
        except InvalidError as error:
            yield Finding(rule="R02", path=layout.CONFIG, message=f"stages.{stage}.require: gate {gate.name!r}: {error.problem}")


def _models(files: list[File], read: Documents, config: Config | None) -> Iterator[Finding]:
    by_model: dict[str, list[str]] = {}
    for file in files:
        place = layout.place(file.path)
        if place.model:
            by_model.setdefault(place.model, []).append(file.path)
    yield from _strays(files, by_model)
    yield from _collisions(sorted(by_model))
    for model, paths in sorted(by_model.items()):
        yield from _model(model, set(paths), read, config)


def _strays(files: list[File], models: dict[str, list[str]]) -> Iterator[Finding]:
    for file in files:
        if not layout.place(file.path).kind:
            where = "a model's folder" if any(file.path.startswith(f"{layout.MODELS}/{model}/") for model in models) else "the models' folder"
            yield Finding(rule="R08", path=file.path, message=f"this file does not belong into {where}", fix=f"git rm {file.path}")


def _collisions(models: list[str]) -> Iterator[Finding]:
    """Find malformed names and those that cannot stand beside another, each compared with its likes only."""
    alike: dict[str, list[str]] = {}
    for model in models:
        try:
            names.model_name(model)
        except GitregError as error:
            yield Finding(rule="R06", path=f"{layout.MODELS}/{model}", message=error.message)
        low = model.lower()
        above = [low[: at.start()] for at in re.finditer("/", low)]
        other = names.collision(model, dict.fromkeys(near for part in (low, *above) for near in alike.get(part, ())))
        if other:
            yield _collision(model, other)
        alike.setdefault(low, []).append(model)
        for part in above:  # one model a spelling of the folder is enough to tell
            spelled = {near[: len(part)] for near in alike.get(part, ())}
            if model[: len(part)] not in spelled:
                alike.setdefault(part, []).append(model)


def _collision(model: str, other: str) -> Finding:
    return Finding(rule="R06", path=f"{layout.MODELS}/{model}", message=f"model {model!r} collides with {other!r}")


def _model(model: str, paths: set[str], read: Documents, config: Config | None) -> Iterator[Finding]:
    numbers = sorted(layout.place(path).number for path in paths if layout.place(path).kind == "manifest")
    for number in sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)):
        yield Finding(rule="R04", path=layout.manifest(model, number), message=f"version {number} is missing: numbers are 1 to {numbers[-1]}", fix="gitreg doctor --fix")
    for path in (layout.card(model), layout.stages(model)):
        if path not in paths:
            yield Finding(rule="R02", path=path, message="this file is missing", fix="gitreg doctor --fix")
    yield from _names(model, numbers, read, config)
    stages = read.records.get(layout.stages(model))
    if isinstance(stages, Stages):
        yield from _pointers(model, stages, read, config)


def _names(model: str, numbers: list[int], read: Documents, config: Config | None) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number in numbers:
        path = layout.manifest(model, number)
        manifest = read.records.get(path)
        if not isinstance(manifest, Manifest):
            continue
        if manifest.version in seen:
            yield _taken(path, manifest, seen[manifest.version], read)
        elif not _name_allowed(manifest, number, config):
            line = codec.line_of(read.data[path], ("version",))
            yield Finding(rule="R06", path=path, line=line, message=f"version: {manifest.version!r} is reserved: a stage, a number or a word of gitreg's")
        seen.setdefault(manifest.version, number)


def _taken(path: str, manifest: Manifest, other: int | None, read: Documents) -> Finding:
    line = codec.line_of(read.data[path], ("version",))
    return Finding(rule="R06", path=path, line=line, message=f"version: {manifest.version!r} is the name of version {other} too")


def _name_allowed(manifest: Manifest, number: int, config: Config | None) -> bool:
    if manifest.version in (str(number), str(manifest.number)):  # where they differ, R03 has said so
        return True
    try:
        names.version_name(manifest.version, config.stages if config else ())
    except GitregError:
        return False
    return True


def _pointers(model: str, stages: Stages, read: Documents, config: Config | None) -> Iterator[Finding]:
    path = layout.stages(model)
    data = read.data[path]
    card = read.records.get(layout.card(model))
    held: dict[int, str] = {}
    for stage, pointer in stages.pointers.items():
        if config and stage not in config.stages:
            yield Finding(rule="R02", path=path, line=codec.line_of(data, (stage,)), message=f"{stage}: gitreg.yaml knows no such stage")
        line = codec.line_of(data, (stage, "number"))
        if pointer.number is not None:
            yield from _holder(model, stage, pointer.number, read, line)
            if pointer.number in held:
                yield Finding(rule="R09", path=path, line=line, message=f"version {pointer.number} holds both {held[pointer.number]} and {stage}")
            held[pointer.number] = stage
            if isinstance(card, ModelCard) and card.deleted:
                yield Finding(rule="R09", path=path, line=line, message=f"{stage}: a deleted model holds no stage")
        yield from _previous(model, stage, pointer, read)
    yield from _archived(model, stages, read)


def _holder(model: str, stage: str, number: int, read: Documents, line: int) -> Iterator[Finding]:
    manifest_path = layout.manifest(model, number)
    manifest = read.records.get(manifest_path)
    why = None
    if manifest_path not in read.paths:
        why = "does not exist"
    elif isinstance(manifest, Manifest) and not manifest.usable:
        why = "is yanked" if manifest.yanked else f"is {manifest.status}"
    if why:
        yield Finding(rule="R05", path=layout.stages(model), line=line, message=f"{stage}.number: version {number} {why}", fix=f"gitreg promote {model}@VERSION {stage}")


def _previous(model: str, stage: str, pointer: Pointer, read: Documents) -> Iterator[Finding]:
    path = layout.stages(model)
    line = codec.line_of(read.data[path], (stage, "previous"))
    for problem in _list_problems(model, pointer.previous, read):
        yield Finding(rule="R09", path=path, line=line, message=f"{stage}.previous: {problem}")
    if pointer.number in pointer.previous:
        yield Finding(rule="R09", path=path, line=line, message=f"{stage}.previous: {pointer.number} holds this stage now")


def _archived(model: str, stages: Stages, read: Documents) -> Iterator[Finding]:
    path = layout.stages(model)
    line = codec.line_of(read.data[path], (names.ARCHIVED,))
    for problem in _list_problems(model, stages.archived, read):
        yield Finding(rule="R09", path=path, line=line, message=f"archived: {problem}")
    if list(stages.archived) != sorted(stages.archived):
        yield Finding(rule="R09", severity="warning", path=path, line=line, message="archived: the numbers are not in order")
    for number in stages.archived:
        held = stages.held_by(number)
        if held:
            yield Finding(rule="R09", path=path, line=line, message=f"archived: {number} holds {held}")


def _list_problems(model: str, numbers: tuple[int, ...], read: Documents) -> Iterator[str]:
    for number in sorted(n for n, times in Counter(numbers).items() if times > 1):
        yield f"{number} stands here twice"
    for number in numbers:
        if layout.manifest(model, number) not in read.paths:
            yield f"there is no version {number}"
