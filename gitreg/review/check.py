"""Is this registry sound? The state rules R01 to R09, judged from git objects alone.

Every file is read, every finding is reported; of a change, only what it can spoil. Nothing of the registry is run, and no link is followed.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gitreg import gates, names
from gitreg.artifacts import places
from gitreg.errors import GitregError, InvalidError
from gitreg.records import Finding, ModelCard, Stages
from gitreg.review.again import Before, learned, remembered
from gitreg.review.reading import EXECUTABLE, REGULAR, File, Files, Version, first
from gitreg.store import layout
from gitreg.store.proven import LARGE
from gitreg.store.trees import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gitreg.records import Config, Pointer
    from gitreg.store.gitrepo import Changed
    from gitreg.store.proven import Known
    from gitreg.store.snapshot import Snapshot

    Alike = dict[str, list[str]]

_OTHER = {"120000": "a symbolic link", "160000": "a submodule", EXECUTABLE: "executable"}
_OURS = (layout.MODELS, layout.FOLDER, layout.CONFIG)


class Since(NamedTuple):
    """A sound registry, None where there was none, and what differs from it by path: only what that can spoil is looked at."""

    base: Snapshot | None
    changed: Mapping[str, Changed]


def check_state(snapshot: Snapshot, since: Since | None = None, *, again: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with the files of *snapshot*, by path; with *since*, only of what changed.

    With *again*, models that were found sound before, and have not changed, are not read anew.

    Raises:
        NotFoundError: the commit holds no registry.
    """
    yield from told(set(_of_change(snapshot, since) if since else _of_all(snapshot, _before(snapshot) if again else None)))


def _before(snapshot: Snapshot) -> Before:
    return remembered(snapshot, (__file__,))


def told(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* by path and line; a path that is not UTF-8, which no report can hold, stands escaped."""
    found = (finding if _is_utf8(finding.path) else replace(finding, path=names.shown(finding.path), fix=names.shown(finding.fix)) for finding in findings)
    return sorted(found, key=lambda finding: (finding.path, finding.line, finding.rule, finding.message))


def _is_utf8(path: str) -> bool:
    return path.isascii() or not re.search(r"[\ud800-\udfff]", path)


def _of_all(snapshot: Snapshot, seen: Before | None) -> list[Finding]:
    known, left = (seen.models, seen.left) if seen else ({}, None)
    found = snapshot.repo.files(snapshot.commit, snapshot.prefix, ("",) if left is None else tuple(left)) if left is None or left else ()
    listed = [File(mode, blob, path, layout.place(path)) for mode, blob, path in found if _ours(path)]
    files = Files(snapshot, {file.path for file in listed})
    models = _by_model(listed)
    findings = [*_modes(listed), *files.read(listed, _manifests(seen, models)), *_policy(files), *_keeping(files), *_strays(listed, {**known, **models}), *_collisions(models, known)]
    for model, numbers in models.items():
        findings += _gaps(model, numbers, 0)
        findings += _model(files, model, numbers)
    if seen and layout.CONFIG in files.records:
        learned(seen, files, models, findings)
    return findings


def _manifests(seen: Before | None, models: Mapping[str, Sequence[int]]) -> Known:
    """Return what is known from before of the manifests of those *models* that are large."""
    large = [model for model, numbers in models.items() if len(numbers) >= LARGE] if seen else []
    return {blob: facts for model in large for blob, facts in seen.proven.manifests(model).items()} if seen else {}


def _of_change(snapshot: Snapshot, since: Since) -> Iterator[Finding]:
    """Yield what is wrong with what changed, and with what stands beside it: pointers and what they point to, and names."""
    changed = [File(change.new_mode or "", change.new, path, layout.place(path)) for path, change in since.changed.items() if change.new and _ours(path)]
    files = Files(snapshot)
    made = _by_model(changed)
    touched = {model: made.get(model, []) for path in sorted(since.changed) if (model := layout.place(path).model) and (model in made or snapshot.tree(f"{layout.MODELS}/{model}"))}
    yield from _modes(changed)
    yield from files.read([*changed, *_beside(files, touched, {file.path for file in changed})])
    yield from files.read(filter(None, map(files.at, sorted(_holders(files, since)))))
    if layout.CONFIG in since.changed:
        yield from _policy(files)
        yield from _keeping(files)
        yield from _stages_changed(files, since, touched)
    yield from _strays(changed, touched)
    yield from _new_names(files, since, touched)
    gone = _by_model(File("", "", path, layout.place(path)) for path, change in since.changed.items() if change.new is None)
    for model, numbers in touched.items():
        yield from _new_gaps(files, since.base, model, numbers, gone.get(model, ()))
        yield from _model(files, model, numbers)


def _ours(path: str) -> bool:
    """Tell whether a path is gitreg's, or takes the place of one where case does not count."""
    top, inside, _ = path.partition("/")
    return top.casefold() in _OURS and not (inside and top == layout.CONFIG)


def _by_model(files: Iterable[File]) -> dict[str, list[int]]:
    """Return the numbers of the manifests of each model that has a file of gitreg's, both in order."""
    models: dict[str, list[int]] = {}
    for file in files:
        if file.place.model:
            models.setdefault(file.place.model, []).extend([file.place.number] if file.place.number else [])
    return {model: sorted(numbers) for model, numbers in sorted(models.items())}


def _beside(files: Files, models: Iterable[str], read: set[str]) -> Iterator[File]:
    """Yield the policy, cards and pointers that did not change and that what changed is judged with."""
    paths = (layout.CONFIG, *(path for model in models for path in (layout.card(model), layout.stages(model))))
    yield from (file for path in paths if path not in read and (file := files.at(path)))


def _holders(files: Files, since: Since) -> set[str]:
    """Return the manifests that changed pointer files name as holders, and that were not read yet."""
    found = ((layout.place(path).model, record) for path, record in files.records.items() if isinstance(record, Stages) and path in since.changed)
    named = {layout.manifest(model, pointer.number) for model, stages in found for pointer in stages.pointers.values() if pointer.number}
    return named - since.changed.keys()


# -- single files ---------------------------------------------------------------------------------------------


def _modes(files: Iterable[File]) -> Iterator[Finding]:
    for file in files:
        if file.mode != REGULAR:
            what = _OTHER.get(file.mode, f"of mode {file.mode}")
            yield Finding(rule="R07", path=file.path, message=f"this is {what}: only regular files belong here", fix=f"git rm --cached {quote(file.path)}")


def _strays(files: Iterable[File], models: Mapping[str, object]) -> Iterator[Finding]:
    for file in files:
        if not file.place.kind:
            yield Finding(rule="R08", path=file.path, message=_stray(file.path, models), fix=f"git rm {quote(file.path)}")


def _stray(path: str, models: Mapping[str, object]) -> str:
    top = path.partition("/")[0]
    if top not in _OURS:
        return f"{top!r} is {top.casefold()!r} on a disk where case does not count"
    if top == layout.FOLDER or top == path:
        return f"only a folder belongs here: {path}" if top == path else f"this file does not belong into {layout.FOLDER}"
    where = "a model's folder" if any(above in models for above in _above(path)) else "the models' folder"
    return f"this file does not belong into {where}"


def _above(path: str) -> Iterator[str]:
    """Yield what could be the name of the model that *path* lies in: one to three segments."""
    parts = path.removeprefix(layout.MODELS + "/").split("/")[:-1]
    yield from ("/".join(parts[:length]) for length in range(1, min(3, len(parts)) + 1))


def _policy(files: Files) -> Iterator[Finding]:
    """Compile every gate, where the runtime is installed; where it is not, say that it was not done."""
    config: Config | None = files.records.get(layout.CONFIG)
    wanted = [(stage, index, gate) for stage, rule in config.stages.items() for index, gate in enumerate(rule.require)] if config else []
    if wanted and not gates.installed():
        yield Finding(rule="R02", severity="warning", path=layout.CONFIG, message="the gates were not compiled: their runtime is not installed", fix="pip install cel-expr-python")
        return
    for stage, index, gate in wanted:
        fault = gates.fault(gate.expr)
        for what in (fault,) if fault else gates.doubts(gate.expr):
            line = files.line(layout.CONFIG, ("stages", stage, "require", index, "expr"))
            yield Finding(rule="R02", severity="error" if fault else "warning", path=layout.CONFIG, line=line, message=f"stages.{stage}.require: gate {gate.name!r}: {what} in {gate.expr!r}")


def _keeping(files: Files) -> Iterator[Finding]:
    """Say where files cannot be kept at the address that the policy names: it may hold a secret."""
    config: Config | None = files.records.get(layout.CONFIG)
    if config is not None and config.artifacts is not None and (fault := places.fault(config.artifacts)):
        yield Finding(rule="R02", path=layout.CONFIG, line=files.line(layout.CONFIG, ("artifacts",)), message=f"artifacts: {fault}", fix="name a folder, or an address such as s3://bucket/prefix")


def _stages_changed(files: Files, since: Since, touched: Collection[str]) -> Iterator[Finding]:
    """Look at every model where the set of stages changes: who stands in one that goes, and which versions are called as one that comes."""
    config: Config | None = files.records.get(layout.CONFIG)
    if config is None or since.base is None or config.stages.keys() == since.base.config.stages.keys():
        return
    gone, new = since.base.config.stages.keys() - config.stages.keys(), config.stages.keys() - since.base.config.stages.keys()
    for model in files.snapshot.model_names():
        if gone and model not in touched:
            yield from _left_over(files, model, gone)
        for stage in sorted(new):
            yield from _called(files, model, stage)


def _left_over(files: Files, model: str, gone: Collection[str]) -> Iterator[Finding]:
    """Yield the blocks of stages that are *gone*; of a file that is invalid, that nobody can tell."""
    file = files.at(layout.stages(model))
    faults = list(files.read([file] if file else []))
    yield from faults
    stages = files.records.pop(layout.stages(model), None)
    for stage in sorted(gone & stages.pointers.keys()) if isinstance(stages, Stages) else ():
        line = files.line(layout.stages(model), (stage,))
        yield Finding(rule="R02", path=layout.stages(model), line=line, message=f"{stage}: gitreg.yaml knows no such stage", fix="remove the block in a change of its own, first")


def _called(files: Files, model: str, stage: str) -> Iterator[Finding]:
    """Yield a version that has the name of *stage*; names are compared without case."""
    try:
        found = files.snapshot.named_like(model, stage)
    except InvalidError as error:
        yield Finding(rule=error.rule or "R02", path=error.path, line=error.line, message=f"{error.problem}: nobody can tell whether a version is called {stage!r}", fix=error.hint)
        return
    for number, name in found:
        yield Finding(rule="R06", path=layout.manifest(model, number), message=f"version: {name!r} is reserved: a stage, a number or a word of gitreg's")


# -- names of models ------------------------------------------------------------------------------------------


def _collisions(models: Collection[str], known: Collection[str] = ()) -> list[Finding]:
    """Find malformed names and those that cannot stand beside another, each compared with its likes only; those *known* are sound among themselves."""
    alike: Alike = {}
    for model in known:
        _enter(model, alike)
    found = []
    for model in models:
        found += [*_malformed(model), *_collision(model, alike)]
        _enter(model, alike)
    return _collisions(sorted({*known, *models})) if found and known else found  # the same is said of the same, whatever was known


def _malformed(model: str) -> Iterator[Finding]:
    try:
        names.model_name(model)
    except GitregError as error:
        yield Finding(rule="R06", path=f"{layout.MODELS}/{model}", message=error.message)


def _collision(model: str, alike: Alike) -> Iterator[Finding]:
    other = names.collision(model, dict.fromkeys(near for part in _parts(model) for near in alike.get(part, ()) if near != model))
    if other:
        yield Finding(rule="R06", path=f"{layout.MODELS}/{model}", message=f"model {model!r} collides with {other!r}")


def _parts(model: str) -> tuple[str, ...]:
    """Return *model* and the folders above it, in lower case."""
    low = model.lower()
    return (low, *(low[: at.start()] for at in re.finditer("/", low)))


def _enter(model: str, alike: Alike) -> None:
    """Note *model* by its name and by the folders above it; of those, one model a spelling is enough to tell."""
    low, *above = _parts(model)
    alike.setdefault(low, []).append(model)
    for part in above:
        if model[: len(part)] not in {near[: len(part)] for near in alike.get(part, ())}:
            alike.setdefault(part, []).append(model)


def _new_names(files: Files, since: Since, touched: Iterable[str]) -> Iterator[Finding]:
    """Find names that are taken: of new models by any other model, of new versions by one that did not change."""
    new = {path for path, change in since.changed.items() if change.old is None}
    made = [model for model in touched if layout.card(model) in since.changed or layout.stages(model) in new]
    others = sorted(set(files.snapshot.model_names()) - set(made)) if made else []
    alike: Alike = {}
    for other in others:
        _enter(other, alike)
    for model in made:
        yield from _malformed(model)
        yield from _collision(model, alike)
        _enter(model, alike)
    for path, version in files.records.items():
        if isinstance(version, Version) and path in since.changed and since.base and since.base.find_card(layout.place(path).model):
            namesake = since.base.number_named(layout.place(path).model, version.name)
            if namesake not in (None, version.number):
                yield _taken(files, path, namesake)


# -- a model --------------------------------------------------------------------------------------------------


def _gaps(model: str, numbers: Sequence[int], start: int) -> Iterator[Finding]:
    """Find what is missing between *start* and the highest of *numbers*, which are in order."""
    for before, after in pairwise((start, *numbers)):
        if after - before > 1:
            yield _gap(model, before + 1, after - 1, numbers[-1])


def _gap(model: str, first: int, last: int, highest: int) -> Finding:
    what = f"version {first} is" if first == last else f"versions {first} to {last} are"
    return Finding(rule="R04", path=layout.manifest(model, first), message=f"{what} missing: numbers are 1 to {highest}", fix="gitreg doctor --fix")


def _new_gaps(files: Files, base: Snapshot | None, model: str, made: Sequence[int], gone: Sequence[int]) -> Iterator[Finding]:
    start = base.count(model) if base else 0
    for finding in _gaps(model, [number for number in made if number > start], start):
        if not files.there(finding.path):
            yield finding
    highest = _highest(files.snapshot, model) if gone else 0
    yield from (_gap(model, number, number, highest) for number in gone if number < highest)


def _highest(snapshot: Snapshot, model: str) -> int:
    """Return the highest number of a model that has a manifest."""
    folder = snapshot.tree(layout.versions(model))
    top = max((found for name, entry in folder.items() if entry.mode == FOLDER and (found := layout.thousand(name))), default=0)
    inner = snapshot.tree(f"{layout.versions(model)}/{top}") if top else folder
    return max((number for name in inner if (number := layout.numbered(name.decode("utf-8", "replace")))), default=0)


def _model(files: Files, model: str, numbers: Sequence[int]) -> Iterator[Finding]:
    config: Config | None = files.records.get(layout.CONFIG)
    for path in (layout.card(model), layout.stages(model)):
        if not files.there(path):
            yield Finding(rule="R02", path=path, message="this file is missing", fix="gitreg doctor --fix")
    yield from _names(files, model, numbers, config)
    stages = files.records.get(layout.stages(model))
    if isinstance(stages, Stages):
        yield from first(_Pointers(files, model, stages).findings(config))


def _names(files: Files, model: str, numbers: Sequence[int], config: Config | None) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number in numbers:
        path = layout.manifest(model, number)
        version = files.records.get(path)
        if not isinstance(version, Version):
            continue
        if version.name in seen:
            yield _taken(files, path, seen[version.name])
        elif not _name_allowed(version, number, config):
            yield Finding(rule="R06", path=path, line=files.line(path, ("version",)), message=f"version: {version.name!r} is reserved: a stage, a number or a word of gitreg's")
        seen.setdefault(version.name, number)


def _taken(files: Files, path: str, other: int | None) -> Finding:
    return Finding(rule="R06", path=path, line=files.line(path, ("version",)), message=f"version: {files.records[path].name!r} is the name of version {other} too")


def _name_allowed(version: Version, number: int, config: Config | None) -> bool:
    if version.name in (str(number), str(version.number)):  # where they differ, R03 has said so
        return True
    try:
        names.version_name(version.name, config.stages if config else ())
    except GitregError:
        return False
    return True


class _Pointers:
    """The pointer file of one model."""

    def __init__(self, files: Files, model: str, stages: Stages) -> None:
        self.files, self.model, self.stages, self.path = files, model, stages, layout.stages(model)

    def findings(self, config: Config | None) -> Iterator[Finding]:
        """Yield R05 and R09 findings, and stages that *config* does not know."""
        card = self.files.records.get(layout.card(self.model))
        deleted = isinstance(card, ModelCard) and card.deleted is not None
        held: dict[int, str] = {}
        for stage, pointer in self.stages.pointers.items():
            if config and stage not in config.stages:
                yield self._wrong("R02", f"{stage}: gitreg.yaml knows no such stage", stage)
            if pointer.number is not None:
                yield from self._holder(stage, pointer.number)
                if pointer.number in held:
                    yield self._wrong("R09", f"version {pointer.number} holds both {held[pointer.number]} and {stage}", stage, "number")
                held[pointer.number] = stage
                if deleted:
                    yield self._wrong("R09", f"{stage}: a deleted model holds no stage", stage, "number")
            yield from self._previous(stage, pointer)
        yield from self._archived(held)

    def _wrong(self, rule: str, message: str, *inside: str) -> Finding:
        return Finding(rule=rule, path=self.path, line=self.files.line(self.path, inside), message=message)

    def _holder(self, stage: str, number: int) -> Iterator[Finding]:
        path = layout.manifest(self.model, number)
        version = self.files.records.get(path)
        why = version.unfit if isinstance(version, Version) else None if self.files.there(path) else "does not exist"
        if why:
            line = self.files.line(self.path, (stage, "number"))
            yield Finding(rule="R05", path=self.path, line=line, message=f"{stage}.number: version {number} {why}", fix=f"gitreg promote {quote(self.model)}@VERSION {stage}")

    def _previous(self, stage: str, pointer: Pointer) -> Iterator[Finding]:
        for problem in self._list_problems(pointer.previous):
            yield self._wrong("R09", f"{stage}.previous: {problem}", stage, "previous")
        if pointer.number in pointer.previous:
            yield self._wrong("R09", f"{stage}.previous: {pointer.number} holds this stage now", stage, "previous")

    def _archived(self, held: Mapping[int, str]) -> Iterator[Finding]:
        archived = self.stages.archived
        for problem in self._list_problems(archived):
            yield self._wrong("R09", f"archived: {problem}", names.ARCHIVED)
        if list(archived) != sorted(archived):
            line = self.files.line(self.path, (names.ARCHIVED,))
            yield Finding(rule="R09", severity="warning", path=self.path, line=line, message="archived: the numbers are not in order")
        for number in archived:
            if number in held:
                yield self._wrong("R09", f"archived: {number} holds {held[number]}", names.ARCHIVED)

    def _list_problems(self, numbers: Sequence[int]) -> Iterator[str]:
        for number in sorted(n for n, times in Counter(numbers).items() if times > 1):
            yield f"{number} stands here twice"
        for number in numbers:
            if not self.files.there(layout.manifest(self.model, number)):
                yield f"there is no version {number}"
