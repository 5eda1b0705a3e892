"""The registry at one commit: read-only, lazy, from git objects and never from a worktree."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from gitreg import names
from gitreg.errors import InvalidError, NotFoundError, UsageError
from gitreg.store import decoded, layout
from gitreg.store.decoded import Row
from gitreg.store.trees import FOLDER, SUBMODULE, Entry, Tree
from gitreg.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from gitreg.names import Selector
    from gitreg.records import Config, Manifest, ModelCard, ModelSummary, Stages
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.nameindex import NameIndex
    from gitreg.store.reader import Object

_MARKS = {layout.CARD.encode(), layout.STAGES.encode()}  # a folder with one of them is a model
_FEW = 20  # models: they are read one by one
_AT_ONCE = 500  # models whose files are read together
_MOST = 10_000  # records that are kept by path: one may be asked for every version, one by one, for as long as nothing moves


class Snapshot(View):
    """What a registry's files say in one commit; *prefix* is its folder in the repository, ``""`` or ``a/b/``."""

    def __init__(self, repo: GitRepo, commit: str, prefix: str, cache: Cache) -> None:
        self._repo, self._commit, self._prefix, self._cache = repo, commit, prefix, cache
        self._read: dict[str, Any] = {}
        self._counts: dict[str, int] = {}
        self._named: dict[str, tuple[Mapping[str, int], ...]] = {}
        self._ahead: dict[str, Object] = {}
        self._seen: dict[str, dict[str, Any]] = {}

    @property
    def commit(self) -> str:
        """The id of the commit."""
        return self._commit

    @property
    def repo(self) -> GitRepo:
        """The repository that holds the commit."""
        return self._repo

    @property
    def prefix(self) -> str:
        """The registry's folder in the repository: empty for the root, else ending in ``/``."""
        return self._prefix

    @property
    def saves(self) -> bool:
        """Whether what is found out may be kept on disk for the next process."""
        return self._cache.saves

    def top(self) -> Tree:
        """Return the entries of the registry's own folder.

        Raises:
            NotFoundError: this commit has no such folder.
        """
        found = self._repo.reader.info(f"{self._commit}:{self._prefix.rstrip('/')}")
        if found is None or found.type != "tree":
            raise NotFoundError("there is no registry in commit {commit}", commit=self._commit[:12], hint="gitreg init")
        return self._cache.tree(found.id)

    @property
    def config(self) -> Config:
        """What ``gitreg.yaml`` says.

        Raises:
            NotFoundError: this commit holds no registry.
            InvalidError: the file is invalid.
        """
        config: Config | None = self._decoded("config", layout.CONFIG)
        if config is None:
            raise NotFoundError("there is no registry in commit {commit}", commit=self._commit[:12], hint="gitreg init")
        return config

    def model_names(self) -> tuple[str, ...]:
        """See :meth:`View.model_names`."""
        found = self._read.get("models")
        if found is None:
            found = self._read["models"] = tuple(sorted(model for model, _ in self._models(layout.MODELS, 3)))
        return found

    def _models(self, folder: str, depth: int, known: Callable[[list[str]], Container[str]] = lambda _: ()) -> Iterator[tuple[str, str]]:
        """Yield the models below *folder* and their folders' ids: a folder that holds a card or pointers is one. *known* tells which of some are."""
        folders = [(f"{folder}/{name.decode('utf-8', 'replace')}", entry.id) for name, entry in self.tree(folder).items() if entry.mode == FOLDER]
        for start in range(0, len(folders), _AT_ONCE):
            group = folders[start : start + _AT_ONCE]
            models = known([tree for _, tree in group])
            self._cache.trees_ahead([tree for _, tree in group if tree not in models])
            for inner, tree in group:
                if tree in models or self._cache.tree(tree).keys() & _MARKS:
                    yield inner.removeprefix(layout.MODELS + "/"), tree
                elif depth > 1:
                    yield from self._models(inner, depth - 1, known)

    def folders(self, known: Container[str] = ()) -> Iterator[tuple[str, str]]:
        """Yield each model and its folder's id; a folder whose id is *known* to be a model's is not read."""
        return self._models(layout.MODELS, 3, lambda _: known)

    def summaries(self) -> Iterator[ModelSummary]:
        """See :meth:`View.summaries`. A row is made once for each state of a model; those that are not known are read in a few goes."""
        config = self.blob_id(layout.CONFIG) if self.config else None
        rows: dict[str, Row] = {}

        def known(trees: list[str]) -> dict[str, Row]:
            found = self._cache.decoded.rows(config or "", trees)
            rows.update(found)
            return found

        models = sorted(self._models(layout.MODELS, 3, known))
        for start in range(0, len(models), _AT_ONCE):
            group = models[start : start + _AT_ONCE]
            missing = [(model, tree) for model, tree in group if tree not in rows or rows[tree].model != model]
            made = self._made(missing, config or "") if missing else {}
            for model, tree in group:
                row = made[model] if model in made else rows[tree].summary
                if row is not None:
                    yield row

    def _made(self, models: Sequence[tuple[str, str]], config: str) -> dict[str, ModelSummary | None]:
        """Return the rows of *models*, and keep them by folder; None is one that was deleted. Nothing else that is read for them is kept."""
        self._cache.trees_ahead([tree for _, tree in models])
        aside = Snapshot(self._repo, self._commit, self._prefix, self._cache.aside())
        aside.read_ahead([model for model, _ in models])
        found = {model: next(aside.rows([model]), None) for model, _ in models}
        for model, tree in models:
            self._cache.decoded.keep_row(config, tree, Row(model, found[model]))
        return found

    def read_ahead(self, models: Sequence[str]) -> None:
        """Read in a few goes what is asked of *models* first: cards, pointers, and each newest manifest."""
        folders = {model: self._below(model) for model in models}
        versions = {model: entry for model, folder in folders.items() if (entry := folder.get(layout.VERSIONS.encode())) and entry.mode == FOLDER}
        self._cache.trees_ahead([entry.id for entry in versions.values()])
        wanted: dict[str, Entry | None] = {}
        for model, folder in folders.items():
            wanted |= {path: folder.get(path.rpartition("/")[2].encode()) for path in (layout.card(model), layout.stages(model))}
        for model, entry in versions.items():
            self._read[layout.versions(model) + "/"] = (entry.id, self._cache.tree(entry.id))
            parent, _, name = layout.manifest(model, self.count(model)).rpartition("/")
            wanted[f"{parent}/{name}"] = self.tree(parent).get(name.encode())
        self._files_ahead(wanted)

    def in_turn(self, models: Sequence[str], *, holders: bool = False) -> Iterator[str]:
        """Yield *models*, each when what is asked of it first was read, of many at a time; with *holders* also the manifests of the versions that hold a stage.

        What is wrong with a file is said when it is asked for.
        """
        for start in range(0, len(models), _AT_ONCE):
            group = models[start : start + _AT_ONCE]
            if len(group) > _FEW:
                with contextlib.suppress(InvalidError, NotFoundError, UsageError):
                    (self.holders_ahead if holders else self.read_ahead)(group)
            yield from group

    def holders_ahead(self, models: Sequence[str]) -> None:
        """Read the files of many models in a few goes: those of the board, then the manifests of the versions that hold a stage.

        Raises:
            InvalidError: a pointer file is invalid, or the repository is damaged.
        """
        self.read_ahead(models)
        wanted: dict[str, Entry | None] = {}
        for model in models:
            for pointer in self.stages(model).pointers.values():
                if pointer.number and layout.manifest(model, pointer.number) not in self._ahead:
                    folder, _, name = layout.manifest(model, pointer.number).rpartition("/")
                    wanted[f"{folder}/{name}"] = self.tree(folder).get(name.encode())
        self._files_ahead(wanted)

    def _files_ahead(self, wanted: Mapping[str, Entry | None]) -> None:
        found = {path: entry.id for path, entry in wanted.items() if entry and entry.mode != FOLDER and path not in self._read}
        objects = self._repo.reader.read_many(list(found.values()), layout.LARGEST)
        self._ahead.update({path: each for path, each in zip(found, objects, strict=True) if each})

    def _below(self, model: str) -> Tree:
        """Return the entries of a model's folder, by way of the folders above it, which many models share."""
        *parents, name = f"{layout.MODELS}/{model}".split("/")
        entry = self.tree("/".join(parents)).get(name.encode())
        return self._cache.tree(entry.id) if entry and entry.mode == FOLDER else Tree()

    def number(self, selector: Selector) -> int:
        """See :meth:`View.number`. What a stage is told by is asked for in one go, or remembered where the model is as it was."""
        self._look_at(selector.model)
        return super().number(selector)

    def _look_at(self, model: str) -> None:
        """Read the policy, the model's folder, and its pointers if the model is new to this process; else what was read of this very folder counts."""
        folder = f"{layout.MODELS}/{model}"
        if f"{folder}/" in self._read or "\n" in model or self._knows(folder):
            return
        paths = [layout.CONFIG, folder, *([] if self._cache.has_seen(model) else [layout.stages(model)])]
        config, found, *stages = self._repo.reader.read_many([f"{self._commit}:{self._prefix}{path}" for path in paths], layout.LARGEST)
        self._ahead.update({path: each for path, each in zip((layout.CONFIG, *paths[2:]), (config, *stages), strict=True) if each and path not in self._read})
        if found and found.type == "tree" and found.data is not None:
            self._read[f"{folder}/"] = (found.id, self._cache.taken(found.id, found.data))
            seen = self._seen[model] = self._cache.below(model, found.id)
            self._read.update(seen)

    def find_card(self, model: str) -> ModelCard | None:
        """See :meth:`View.find_card`."""
        path = layout.card(model)
        card: ModelCard | None = self._decoded("card", path)
        if card is not None and card.name != model:
            raise InvalidError(f"the file is {model!r}'s, but says {card.name!r}", path=path, field="name", rule="R03")
        return card

    def find_stages(self, model: str) -> Stages | None:
        """See :meth:`View.find_stages`."""
        path = layout.stages(model)
        stages: Stages | None = self._decoded("stages", path)
        if stages is None:
            if self.find_card(model) is None:
                return None
            raise InvalidError("the pointer file is missing", path=path, rule="R02", hint="gitreg doctor --fix")
        strange = next((stage for stage in stages.pointers if stage not in self.config.stages), None)
        if strange:
            raise InvalidError(f"gitreg.yaml knows no stage {strange!r}: it has {', '.join(self.config.stages)}", path=path, line=self.line_of(path, (strange,)), field=strange, rule="R02")
        return stages

    def count(self, model: str) -> int:
        """See :meth:`View.count`. It is read from the highest folder alone."""
        found = self._counts.get(model)
        if found is None:
            found = self._counts[model] = self._count(model)
        return found

    def _count(self, model: str) -> int:
        folder = self.tree(layout.versions(model))
        thousands = self._thousands(model)
        if not thousands:
            return layout.manifests_among(folder)
        top, entry = thousands[0]
        return top - 1 + layout.manifests_among(self._cache.tree(entry.id))

    def _thousands(self, model: str) -> list[tuple[int, Entry]]:
        """Return the folders of a thousand manifests, the highest first."""
        key = layout.versions(model) + "/000"
        found: list[tuple[int, Entry]] | None = self._read.get(key)
        if found is None:
            folder = self.tree(layout.versions(model))
            tops = [(top, folder[name]) for name in folder if name.endswith(b"000") and (top := layout.thousand(name))]
            found = self._read[key] = sorted([each for each in tops if each[1].mode == FOLDER], reverse=True)
        return found

    def find_manifest(self, model: str, number: int) -> Manifest | None:
        """See :meth:`View.find_manifest`."""
        path = layout.manifest(model, number)
        manifest = self._decoded("manifest", path)
        if manifest is None:
            if number <= self.count(model):
                raise InvalidError(f"the manifest of version {number} is missing", path=path, rule="R04", hint="gitreg doctor --fix")
            return None
        if len(seen := self._seen.get(model, {})) < _MOST:
            seen[path] = manifest
        return _numbered(manifest, number, path)

    def manifests(self, model: str) -> Iterator[Manifest]:
        """Yield the manifests of *model* by number; their blobs are read in one go."""
        numbers = range(1, self.count(model) + 1)
        blobs = [self._blob_of(model, number) for number in numbers]
        for start in range(0, len(blobs), _AT_ONCE):
            group = blobs[start : start + _AT_ONCE]
            known = self._cache.decoded.records("manifest", group)
            wanted = [blob for blob in group if blob not in known]
            found = dict(zip(wanted, self._repo.reader.read_many(wanted, layout.LARGEST), strict=True)) if wanted else {}
            for number, blob in zip(numbers[start : start + _AT_ONCE], group, strict=True):
                path = layout.manifest(model, number)
                yield _numbered(self._record("manifest", found[blob], path) if blob in found else known[blob], number, path)

    def texts(self) -> Iterator[tuple[str, int, bytes | None]]:
        """See :meth:`View.texts`. They are listed and read in one go, and nothing of them is kept: to find what is worth decoding."""
        models = set(self.model_names())
        listed = ((layout.place(path), blob) for _, blob, path in self._repo.files(self._commit, self._prefix, (layout.MODELS,)))
        found = sorted((place.model, place.number, blob) for place, blob in listed if place.kind == "manifest" and place.model in models)
        objects = self._repo.reader.read_many([blob for _, _, blob in found], layout.LARGEST)
        for (model, number, _), each in zip(found, objects, strict=True):
            yield model, number, each.data if each else None

    def _blob_of(self, model: str, number: int) -> str:
        path = layout.manifest(model, number)
        folder, _, name = path.rpartition("/")
        entry = self.tree(folder).get(name.encode())
        if entry is None:
            raise InvalidError(f"the manifest of version {number} is missing", path=path, rule="R04", hint="gitreg doctor --fix")
        return entry.id

    def number_named(self, model: str, name: str) -> int | None:
        """See :meth:`View.number_named`; the folders are asked from the newest one."""
        if names.number(name) is not None:
            return None
        known, asked = self._named.get(model), []
        for folder in self._names(model) if known is None else known:
            if name in folder:
                return folder[name]
            asked.append(folder)
        self._named[model] = tuple(asked)
        return None

    def named_like(self, model: str, name: str) -> tuple[tuple[int, str], ...]:
        """Return number and name of the versions that are called *name*, in whatever case."""
        return tuple((number, found) for folder in self._names(model) for found, number in folder.items() if found.lower() == name.lower())

    def _names(self, model: str) -> Iterator[Mapping[str, int]]:
        """Yield number by name of each folder of manifests, the newest first."""
        index, versions = self._index(), self._prefix + layout.versions(model)
        for thousand, entry in self._thousands(model):
            yield index.numbers(f"{versions}/{thousand}", entry.id, self._cache.tree)
        yield index.numbers(versions, self._tree_id(layout.versions(model)), self._cache.tree)

    def _index(self) -> NameIndex:
        if self._cache.index is None:
            from gitreg.store.nameindex import NameIndex

            self._cache.index = NameIndex(self._repo.common_dir, self._repo.reader, saves=self._cache.saves)
        return self._cache.index

    # -- objects ------------------------------------------------------------------------------------------

    def bytes_of(self, path: str) -> bytes | None:
        """Return the bytes of a file of the registry, or None.

        Raises:
            InvalidError: it is larger than any file of a registry may be.
        """
        found = self._object(path)
        return None if found is None else found.data

    def line_of(self, path: str, inside: tuple[str, ...]) -> int:
        """See :meth:`View.line_of`."""
        from gitreg.store import codec

        data = self.bytes_of(path)
        return codec.line_of(data, inside) if data is not None else 0

    def tree(self, path: str) -> Tree:
        """Return the entries of a folder of the registry; none where there is no such folder."""
        known = self._read.get(path + "/")
        if known is None:
            known = self._read[path + "/"] = self._tree_at(path)
        return known[1]

    def _tree_id(self, path: str) -> str:
        self.tree(path)
        return self._read[path + "/"][0]  # type: ignore[no-any-return]

    def _tree_at(self, path: str) -> tuple[str, Tree]:
        object_id, is_folder = self._id_at(path)
        return (object_id, self._cache.tree(object_id)) if object_id and is_folder else ("", Tree())

    def blob_id(self, path: str) -> str | None:
        """Return the id of a file of the registry, or None."""
        return self._id_at(path)[0]

    def _id_at(self, path: str) -> tuple[str | None, bool]:
        """Return the id of what is at *path*, None where nothing is, and whether it is a folder."""
        try:
            entry = self._entry(path)
        except LookupError:
            found = self._repo.reader.info(f"{self._commit}:{self._prefix}{path}")
            if found is None:
                self._prove_absent(path)
            return (found.id, found.type == "tree") if found else (None, False)
        return (entry.id, entry.mode == FOLDER) if entry else (None, False)

    def _knows(self, path: str) -> bool:
        """Tell whether what is at *path* can be told without asking git."""
        try:
            self._entry(path)
        except LookupError:
            return False
        return True

    def _entry(self, path: str) -> Entry | None:
        """Return what is at *path*, or None where nothing is, without asking git.

        Raises:
            LookupError: neither its folder nor all the trees on the way were read before.
        """
        folder, _, name = path.rpartition("/")
        known = self._read.get(folder + "/")
        return self._cache.known(self._commit, self._prefix + path) if known is None else known[1].get(name.encode())

    def _object(self, path: str) -> Object | None:
        found = self._ahead.pop(path, None) or self._written(path) or self._repo.reader.read(f"{self._commit}:{self._prefix}{path}", layout.LARGEST)
        if found is None:
            self._prove_absent(path)
        if found is None or found.type != "blob":
            return None
        layout.checked_size(found.size, path)
        return found

    def _written(self, path: str) -> Object | None:
        """Return a file that this process wrote lately, if it stands at *path* for certain."""
        entry = self._entry(path) if self._knows(path) else None
        return self._cache.blob(entry.id) if entry else None

    def _prove_absent(self, path: str) -> None:
        """Refuse to take a lost object for a file that is not there: git calls both missing.

        Raises:
            InvalidError: the trees name something at *path*.
        """
        tree = self._cache.tree(self._cache.root(self._commit))
        *folders, name = (self._prefix + path).split("/")
        for folder in folders:
            entry = tree.get(folder.encode())
            if entry is None or entry.mode != FOLDER:
                return
            tree = self._cache.tree(entry.id)
        entry = tree.get(name.encode())
        if entry is not None and entry.mode != SUBMODULE:
            raise self._repo.reader.damaged("git has no such object: the repository is damaged, or its remote cannot be reached", path)

    def _decoded(self, kind: str, path: str) -> Any:
        """Return the record at *path*, decoded at most once for each content."""
        known = self._read.get(path, self)
        if known is not self:
            return known
        proven = path not in self._ahead  # asked once: another thread may take it
        try:
            entry = self._entry(path) if proven else None
        except LookupError:
            entry, proven = None, False
        if proven and entry is None:
            return None  # nothing of it is kept: a large transaction asks for very many files that are new
        if entry is None:
            found = self._object(path)
            record = None if found is None else self._record(kind, found, path)
        else:
            record = None if entry.mode in (FOLDER, SUBMODULE) else self.record_of(kind, entry.id, path)
        if len(self._read) < _MOST:
            self._read[path] = record
        return record

    def records_ahead(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Read in one go the records of *files*, each a kind, a blob and a path, that are not known yet; what is invalid is said when it is asked for."""
        paths: dict[str, dict[str, str]] = {}
        for kind, blob, path in files:
            if kind in decoded.KINDS:
                paths.setdefault(kind, {})[blob] = path
        for kind, group in paths.items():
            wanted = self._cache.decoded.bring(kind, list(group))
            for blob, found in zip(wanted, self._repo.reader.read_many(wanted, layout.LARGEST), strict=True):
                with contextlib.suppress(InvalidError):
                    self._record(kind, found, group[blob])

    def record_of(self, kind: str, blob: str, path: str, *, keep: bool = True) -> Any:
        """Return the record in a blob by its id; *path* is where it stood, for the error. One of very many is not to be kept.

        Raises:
            InvalidError: it is not a record of that kind.
        """
        known = self._cache.decoded.record(kind, blob)
        return known if known is not None else self._record(kind, self._cache.blob(blob) or self._repo.reader.read(blob, layout.LARGEST), path, keep=keep)

    def _record(self, kind: str, found: Object | None, path: str, *, keep: bool = True) -> Any:
        if found is None or found.data is None:
            layout.checked_size(found.size if found else 0, path)
            raise self._repo.reader.damaged("git has no such object: the repository is damaged", path)
        record = self._cache.decoded.record(kind, found.id)
        if record is None:
            from gitreg.store import documents

            record = documents.DECODERS[kind](found.data, path)
            if keep:
                self._cache.decoded.keep(kind, found.id, record)
        return record


def _numbered(manifest: Manifest, number: int, path: str) -> Manifest:
    if manifest.number != number:
        raise InvalidError(f"the file is version {number}'s, but says {manifest.number}", path=path, field="number", rule="R03")
    return manifest
