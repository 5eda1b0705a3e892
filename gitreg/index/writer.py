"""An index as files: what each says depends on the registry's content alone, never on the clock or on a commit's id.

So an export that goes on from the last gives the same bytes as one from nothing, and a file is written only if what it
says has changed. A model that cannot be read keeps the files that it had: others do not suffer, and a fleet does not lose it.
"""

from __future__ import annotations

import os
from hashlib import new as new_hash
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gitreg import names
from gitreg.errors import ConflictError, InvalidError, NotFoundError
from gitreg.folder import Folder, alone, content
from gitreg.index import files, ledger
from gitreg.index.files import About, Cover, Holder
from gitreg.index.ledger import Ledger, Made, Row
from gitreg.store import apart, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitreg.records import ModelVersion
    from gitreg.store.snapshot import Snapshot

    Watch = Callable[[int, int], None]

COMMAND = "gitreg export"
EDITION = 1  # rises when the same registry is told in other bytes: then all files are made again


class Exported(NamedTuple):
    """What an export did: how many *models* and *files* the index has, how many files were *written* and *removed*, and of which *commit* it is."""

    folder: str
    commit: str
    models: int
    files: int
    written: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg export``."""
        return self._asdict()


def exported(read: Callable[[], Snapshot], folder: str, *, etags: bool | None = None, force: bool = False, watch: Watch | None = None) -> Exported:
    """Make the index of what *read* gives in *folder*, or bring the one that is there up to date; with *etags* also the list of blob ids for nginx; without a word of it, as it was.

    It is read when it is this export's turn: one that had to wait must not bring back what was before. Files that it did not write are left alone. *watch* hears how many models of how many are done.

    Raises:
        ConflictError: a file is in the way that it did not write, or *folder* is where the registry itself or git keeps files.
        InvalidError: ``gitreg.yaml`` is invalid, and nothing was written; or models are, and all others were: those keep the files that they had.
        BusyError: the folder cannot be written.
    """
    path = os.path.abspath(folder)
    snapshot = read()
    apart.checked(path, snapshot.repo, snapshot.prefix, hint=f"{COMMAND} index")
    with alone(path):  # what another export knows and writes is whole before this one begins
        export = _Export(read(), ledger.read(content(os.path.join(path, ledger.FILE))), path, etags=etags, force=force)
        done = export.run(watch or (lambda _done, _of: None))
    if export.problems:
        raise _told(list(export.problems.values()))
    return done


def _told(problems: Sequence[InvalidError]) -> InvalidError:
    """Return the first of *problems*, and how many more there are."""
    first, more = problems[0], len(problems) - 1
    whose = f"and {more} more model{'s' if more > 1 else ''} cannot be read: they keep the files that they had" if more else "the model keeps the files that it had"
    rest = f" ({whose}; all others were exported)"
    return InvalidError(first.problem + rest, path=first.path, line=first.line, field=first.field, rule=first.rule, hint="gitreg check")


class _Export:
    """One export: from what is *known* of the index in *folder* to the files of *snapshot*."""

    def __init__(self, snapshot: Snapshot, known: Ledger, folder: str, *, etags: bool | None = None, force: bool = False) -> None:
        self._snapshot, self._known, self._force = snapshot, known, force
        self._etags = known.etags if etags is None else etags
        self._stages = tuple(snapshot.config.stages)
        self._look = "\n".join([str(EDITION), *self._stages])
        self._folder = Folder(folder, set(known.paths()), COMMAND)
        self._names: dict[str, set[str]] = {}
        self.problems: dict[str, InvalidError] = {}

    def run(self, watch: Watch) -> Exported:
        """Make what is to be made."""
        known = {made.tree for made in self._known.models.values()}
        trees = {model: tree for model, tree in sorted(self._snapshot.folders(known)) if model in self._known.models or names.is_model_name(model)}
        self._refuse_strangers(trees)
        self._refuse_twins(trees)
        kept = {model: made for model, made in self._known.models.items() if self._stands(model, made, trees)}
        changed = [model for model in trees if model not in kept and model not in self.problems]
        begun = self._begun(kept, changed)
        self._begin(begun, changed)
        made = kept | {model: self._as_it_was(model) for model in self.problems if model in self._known.models}
        for done, model in enumerate(self._snapshot.in_turn(changed, holders=True), 1):
            made |= self._model(model, trees[model])
            watch(done, len(changed))
        return self._finished(begun, {model: made[model] for model in trees if model in made})

    def _begin(self, begun: Ledger, changed: Sequence[str]) -> None:
        """Write down which files may change from now on, unless none will."""
        self._folder.claim([*begun.top(), *(path for model in changed for path in files.of(model, begun.stages))])
        if not self._known.finished:
            self._folder.sweep()
        if msgspec.structs.replace(begun, finished=True) != self._known:
            self._write(ledger.FILE, ledger.written(begun))
            self._folder.settle()

    def _finished(self, begun: Ledger, made: Mapping[str, Made]) -> Exported:
        """Write what tells of all models, the cover last; then remove what is gone."""
        final = self._ledger(made)
        board, cover = self._board(made), files.encoded(Cover(gitreg="index", format=files.FORMAT, stages=self._stages))
        self._write(files.BOARD, board)
        self._write(files.COVER, cover)
        if self._etags:
            self._write(ledger.ETAGS, self._listed(made, {files.BOARD: self._id(board), files.COVER: self._id(cover)}))
        self._folder.settle()
        self._folder.remove(_without(begun, final))
        self._write(ledger.FILE, ledger.written(final))
        self._folder.settle()
        there = sum(each.there for each in made.values())
        count = len(final.top()) + there * (len(self._stages) + 2)
        return Exported(self._folder.path, self._snapshot.commit, there, count, self._folder.written, self._folder.removed)

    # -- what is to be done -------------------------------------------------------------------------------

    def _refuse_strangers(self, trees: Mapping[str, str]) -> None:
        """Refuse to take models out of an index that this registry never had: models are deleted, not removed, so it is the index of another.

        Raises:
            ConflictError: there are such models, and that was not asked for.
        """
        strange = [model for model, made in self._known.models.items() if made.there and model not in trees]
        if strange and not self._force:
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            raise ConflictError(
                "{folder!r} tells of model {model!r}{more}, which this registry does not have: it is the index of another one, or of a later commit",
                folder=self._folder.path, model=strange[0], more=more, hint=f"{COMMAND} --force takes them out",
            )  # fmt: skip

    def _refuse_twins(self, trees: Mapping[str, str]) -> None:
        """Take models whose names differ in case alone for unreadable: on some disks they would write one file."""
        first: dict[str, str] = {}
        for model in trees:
            twin = first.setdefault(model.lower(), model)
            if twin != model:
                for each, other in ((model, twin), (twin, model)):
                    self.problems[each] = InvalidError(f"the name differs from {other!r} only in case", path=layout.card(each), rule="R06")

    def _stands(self, model: str, made: Made, trees: Mapping[str, str]) -> bool:
        """Tell whether a model's files say what they would say if they were made now."""
        same = self._known.look == self._look and trees.get(model) == made.tree and model not in self.problems and self._is_there(model, made)
        return same and (made.row is None or not self._etags or len(made.ids) == len(self._stages) + 2)

    def _is_there(self, model: str, made: Made) -> bool:
        """Tell whether nobody removed a file of *model*."""
        folder = files.about(model).rpartition("/")[0]
        if folder not in self._names:
            self._names[folder] = self._folder.names(folder)
        return not made.there or self._names[folder].issuperset(path.rpartition("/")[2] for path in files.of(model, self._stages))

    def _begun(self, kept: Mapping[str, Made], changed: Sequence[str]) -> Ledger:
        """Return the ledger while files change: those of *changed* may be any, of the stages there were and of those there are."""
        unsure = {model: Made("", (self._known.models.get(model) or Made("")).row) for model in changed}
        before = {model: self._as_it_was(model) for model in self._known.models if model not in unsure and model not in kept}
        stages = tuple(dict.fromkeys([*self._stages, *self._known.stages]))
        return Ledger(look=self._look, stages=stages, etags=self._etags or self._known.etags, finished=False, models=before | dict(kept) | unsure)

    def _as_it_was(self, model: str) -> Made:
        """Return what a model has that keeps its files, or loses them: what it was made from does not count."""
        return msgspec.structs.replace(self._known.models[model], tree="", ids=self._known.models[model].ids if self._known.look == self._look else ())

    def _ledger(self, made: Mapping[str, Made]) -> Ledger:
        models = dict(made) if self._etags or not self._known.etags else {model: msgspec.structs.replace(each, ids=()) for model, each in made.items()}
        return Ledger(look=self._look, stages=self._stages, etags=self._etags, models=models)

    # -- files --------------------------------------------------------------------------------------------

    def _model(self, model: str, tree: str) -> dict[str, Made]:
        """Write the files of *model*, and return what they were made from; of one that cannot be read, what is there."""
        try:
            facts = self._facts(model)
        except (InvalidError, NotFoundError) as error:
            self.problems[model] = error if isinstance(error, InvalidError) else InvalidError(error.message, path=layout.card(model))
            return {model: self._as_it_was(model)} if model in self._known.models else {}
        if facts is None:
            return {model: Made(tree, there=False)}
        about, found = facts
        data = {files.version(model, what): files.encoded(files.version_facts(model, what, version)) for what, version in found.items()}
        data[files.about(model)] = files.encoded(about)
        for path in files.of(model, self._stages):
            self._write(path, data[path])
        row = Row(about.latest.number if about.latest else None, about.versions, {stage: holder.number for stage, holder in about.stages.items() if holder})
        return {model: Made(tree, row, tuple(self._id(data[path]) for path in files.of(model, self._stages)) if self._etags else ())}

    def _facts(self, model: str) -> tuple[About, dict[str, ModelVersion | None]] | None:
        """Return what the files of *model* tell: of the model, and of each stage and ``latest`` the version; None where it was deleted."""
        snapshot = self._snapshot
        card, stages, latest = snapshot.card(model), snapshot.stages(model), snapshot.latest(model)
        if card.deleted:
            return None
        found = {what: snapshot.get(f"{model}@{what}") if stages.pointer(what).number else None for what in self._stages}
        found[names.LATEST] = snapshot.version(model, latest) if latest else None
        held = {stage: _holder(found[stage]) for stage in self._stages}
        return About(name=model, versions=snapshot.count(model), latest=_holder(found[names.LATEST]), stages=held, card=card), found

    def _board(self, made: Mapping[str, Made]) -> bytes:
        taken = {model.lower() for model in made}
        unknown = {model: Made("", Row(None, 0, {})) for model in self.problems if model.lower() not in taken}  # a reader must know that they are there: it keeps its last answer then
        rows = ({"name": model, "latest": row.latest, "versions": row.versions, "stages": {stage: row.stages.get(stage) for stage in self._stages}} for model, each in sorted({**made, **unknown}.items()) if (row := each.row))
        return b"[" + b",\n".join(msgspec.json.encode(row) for row in rows) + b"]\n"

    def _listed(self, made: Mapping[str, Made], ids: Mapping[str, str]) -> bytes:
        """Return the blob id of each file, as lines of a ``map`` of nginx."""
        pairs = ((path, each) for model, known in made.items() for path, each in zip(files.of(model, self._stages), known.ids, strict=False))
        return "".join(f"{path} '\"{each}\"';\n" for path, each in (*ids.items(), *pairs)).encode()

    def _id(self, data: bytes) -> str:
        """Return the id that git gives a blob of *data*."""
        return new_hash(self._snapshot.repo.algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()

    def _write(self, path: str, data: bytes) -> None:
        self._folder.write(path, data, durable=True)


def _without(begun: Ledger, final: Ledger) -> Iterator[str]:
    """Yield the files that may be there by *begun*, and that *final* does not have."""
    yield from sorted(set(begun.top()) - set(final.top()))
    fewer = tuple(stage for stage in begun.stages if stage not in final.stages)
    for model, made in begun.models.items():
        now = final.models.get(model)
        if made.there and (now is None or not now.there):
            yield from files.of(model, begun.stages)
        elif made.there:
            yield from (files.version(model, stage) for stage in fewer)


def _holder(version: ModelVersion | None) -> Holder | None:
    return Holder(number=version.number, version=version.version) if version else None
