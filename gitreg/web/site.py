"""The dashboard as files: pages that work from any static host and from ``file://``, each with its JSON beside it.

A page is made again only where something that it tells of changed. What it is made from never depends on the clock, so
that a build from nothing and one that goes on from the last give the same files.
"""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from gitreg import __version__, names
from gitreg.errors import InvalidError, NotFoundError
from gitreg.folder import Folder, alone, content
from gitreg.lineage import parents
from gitreg.store import apart, layout
from gitreg.web import ledger, pages
from gitreg.web.facts import history as past_facts
from gitreg.web.facts import shared
from gitreg.web.ledger import Ledger, Made
from gitreg.web.links import SiteLinks
from gitreg.web.past import Past
from gitreg.web.scene import Scene, called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from gitreg.records import Event
    from gitreg.registry import Registry
    from gitreg.store.snapshot import Snapshot
    from gitreg.web.pages import Document


_COMMAND = "gitreg site"
_LONG = 1 << 20  # characters of a page that is written piece by piece


class Built(NamedTuple):
    """What a build did: how many *pages* the site has, how many files were *written* and *removed*, and of which *commit* it is."""

    folder: str
    commit: str
    pages: int
    written: int
    removed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg site``."""
        return self._asdict()


def built(registry: Registry, folder: str | os.PathLike[str], *, at: str | date | None = None, watch: Callable[[int, int], None] | None = None) -> Built:
    """Make the pages of *registry* in *folder*, or bring those that are there up to date; *at* a revision or date, as it was then.

    Files that it did not write are left alone. *watch* hears how many pages of how many are done.

    Raises:
        ConflictError: a file is in the way that it did not write, or *folder* is where the registry itself or git keeps files.
        NotFoundError: there is no such revision.
        InvalidError: ``gitreg.yaml`` is invalid, or the repository is damaged.
        BusyError: the folder cannot be written.
    """
    from gitreg.registry import now

    path = os.path.abspath(os.fspath(folder))
    apart.checked(path, registry.location.repo, registry.location.prefix, hint=f"{_COMMAND} public")
    with alone(path):  # what another build knows and writes is whole before this one begins
        snapshot = registry.snapshot() if at is None else registry.at(at).snapshot()
        known = ledger.read(content(os.path.join(path, ledger.FILE)))
        before = Past(known.commit, known.events, whole=known.whole)
        scene = Scene(snapshot, before.at(snapshot), now(), SiteLinks(""), called(registry))
        goes_on = known.finished and known.sound and known.look == _look(scene) and snapshot.repo.commit(known.commit) is not None
        sound = registry.at(known.commit).snapshot() if goes_on else None
        return _Build(scene, (known, before), path, watch or (lambda _done, _of: None)).run(sound)


class _Build:
    """One build: from what is *known* of the site in *folder*, and what had happened then, to the pages of *scene*."""

    def __init__(self, scene: Scene, known: tuple[Ledger, Past], folder: str, watch: Callable[[int, int], None]) -> None:
        self._scene, self._watch = scene, watch
        self._known, self._before = known
        self._folder = Folder(folder, set(self._known.paths()) if self._known.commit else (), _COMMAND)
        self._trees = _trees(scene.snapshot)
        self._look = _look(scene)
        self._static = _static()
        self._done = self._todo = 0

    def run(self, sound: Snapshot | None) -> Built:
        """Make what is to be made; *sound* is an earlier commit in which nothing was wrong, if one is known."""
        kept = {model: made for model, made in self._known.models.items() if model in self._trees and self._stands(model, made) and self._there(model, made)}
        snapshot = self._scene.snapshot
        missing = {model: _count(snapshot, model) for model in snapshot.in_turn([model for model in self._trees if model not in kept])}
        counts = {model: count for model in self._trees if (count := kept[model].versions if model in kept else missing[model]) is not None}
        plan = self._ledger({model: kept.get(model) or Made("", count) for model, count in counts.items()})
        self._folder.claim(plan.paths())
        if not self._known.finished:
            self._folder.sweep()
        self._folder.write(ledger.FILE, ledger.written(self._begun(plan)))
        made = dict(kept)
        self._todo = sum(2 + counts[model] for model in counts.keys() - kept.keys()) + 3
        for model in counts:
            if model not in kept:
                made[model] = self._model(model)
        findings = self._others(sound)
        final = msgspec.structs.replace(self._ledger({model: made[model] for model in counts}), sound=not findings)
        self._folder.remove(sorted(set(self._known.paths()) - set(final.paths())) if self._known.commit else ())
        self._folder.write(ledger.FILE, ledger.written(final))
        count = sum(path.endswith(".html") for path in final.paths())
        return Built(self._folder.path, snapshot.commit, count, self._folder.written, self._folder.removed)

    def _ledger(self, models: dict[str, Made]) -> Ledger:
        past = self._scene.past
        return Ledger(look=self._look, commit=past.commit, whole=past.whole, static=tuple(self._static), history=past_facts.pages(self._scene), models=models, events=tuple(past.events))

    def _begun(self, plan: Ledger) -> Ledger:
        """Return the ledger of a build that is under way: all files, of before and of after, and of the pages those alone that stand."""
        gone = {model: Made("", made.versions) for model, made in self._known.models.items()}
        models = gone | {model: Made(made.tree, max(made.versions, gone[model].versions if model in gone else 0), made.needs) for model, made in plan.models.items()}
        return msgspec.structs.replace(plan, finished=False, look=self._look, models=models, static=tuple(dict.fromkeys([*plan.static, *self._known.static])), history=max(plan.history, self._known.history))

    def _stands(self, model: str, made: Made) -> bool:
        """Tell whether the pages of *model* are what they would be made anew."""
        trees = self._trees
        return self._known.look == self._look and bool(made.tree) and made.tree == trees[model] and all(trees.get(other, "") == tree for other, tree in made.needs.items()) and self._same_past(model)

    def _there(self, model: str, made: Made) -> bool:
        """Tell whether all pages of *model* are there still: somebody may have removed one."""
        return self._folder.names(f"models/{model}").issuperset(path for stem in ("index", "compare", *range(1, made.versions + 1)) for path in ledger.both(str(stem)))

    def _same_past(self, model: str) -> bool:
        return self._before.of(model) == self._scene.past.of(model)

    def _model(self, model: str) -> Made:
        """Make the pages of *model*, and return what they were made from; of one that cannot be read, a page that says so."""
        needs: dict[str, str] = {}
        whole = True  # what could not be told may be tellable next time, whatever it takes
        snapshot = self._scene.snapshot
        count = snapshot.count(model)
        self._page(f"models/{model}/index", lambda scene: pages.model(scene, model))
        self._page(f"models/{model}/compare", lambda scene: pages.comparison(scene, model))
        for number in range(1, count + 1):
            facts = self._page(f"models/{model}/{number}", lambda scene, number=number: pages.version(scene, model, number))  # type: ignore[misc]
            whole = whole and facts["lineage"]["problem"] is None
            needs |= {other: self._trees.get(other, "") for other in _others_in(facts["lineage"]) if other != model}
        return Made(self._trees[model] if whole else "", count, needs)

    def _page(self, stem: str, make: Callable[[Scene], Document]) -> dict[str, Any]:
        document = make(self._scene._replace(links=SiteLinks(f"{stem}.html")))
        html, data = ledger.both(stem)
        self._folder.write(data, json_bytes(document.data))
        parts = _encoded(document.pieces())
        begun = list(islice(parts, 2))
        if len(begun) == 1:
            self._folder.write(html, begun[0])
        else:
            self._folder.write_pieces(html, chain(begun, parts))
        self._done += 1
        self._watch(self._done, self._todo)
        return document.data

    def _others(self, sound: Snapshot | None) -> list[Any]:
        """Make the pages that tell of all models, and of the history those that changed, and what pages are shown with; return what ``check`` found."""
        for name, data in self._static.items():
            self._folder.write(f"static/{name}", data)
        for page in self._history_pages():
            self._page(f"history/{page}", lambda scene, page=page: pages.history(scene, page))  # type: ignore[misc]
        self._page("history/index", pages.history)
        self._folder.write_pieces(ledger.EVENTS, _script(self._scene.past.events))
        self._page("on", pages.on_date)
        self._page("index", pages.overview)
        findings: list[Any] = self._page("problems", lambda scene: pages.problems(scene, sound))["findings"]
        return findings

    def _history_pages(self) -> Iterator[int]:
        """Yield the pages of the history that are not what they were: the last one that was known, those after it, and what somebody removed."""
        known, now = self._known.events, self._scene.past.events
        goes_on = self._known.finished and self._known.look == self._look and len(known) <= len(now) and all(map(_same, known, now))
        first = max(len(known) // past_facts.PAGE, 1) if goes_on else 1
        there = self._folder.names("history")
        yield from (page for page in range(1, past_facts.pages(self._scene) + 1) if page >= first or not there.issuperset(ledger.both(str(page))))


def _same(one: Event, other: Event) -> bool:
    return one is other or one == other


def json_bytes(facts: Any) -> bytes:
    """Return *facts* as the file beside a page."""
    try:
        return msgspec.json.encode(facts) + b"\n"
    except UnicodeEncodeError:  # a path that is no UTF-8
        import json

        return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Yield a page as bytes: one text, or where it is long some."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _LONG:
            yield "".join(held).encode("utf-8", "backslashreplace")
            held, size = [], 0
    yield "".join(held).encode("utf-8", "backslashreplace")


def _script(events: Sequence[Event]) -> Iterator[bytes]:
    """Yield all events, the newest first, as a script: a page that is opened from the disk can load no JSON."""
    yield b"window.gitregEvents = ["
    for at, event in enumerate(reversed(events)):
        yield (b"," if at else b"") + json_bytes(shared.told([event])[0]).rstrip()
    yield b"];\n"


def _trees(snapshot: Snapshot) -> dict[str, str]:
    """Return the id of each model's folder; of those whose name can be a model's."""
    return {model: tree for model, tree in sorted(snapshot.folders()) if names.is_model_name(model)}


def _count(snapshot: Snapshot, model: str) -> int | None:
    """Return how many versions *model* has, None where a file of it is invalid: it is among the problems then, and has no pages."""
    try:
        snapshot.card(model)
        snapshot.stages(model)
        return sum(1 for _ in snapshot.manifests(model))
    except (InvalidError, NotFoundError):
        return None


def _others_in(graph: dict[str, Any]) -> Iterator[str]:
    """Yield the models that a lineage tells of, those that are not there too."""
    for node in graph["nodes"]:
        if node["kind"] == "version":
            yield node["model"]
        elif node["kind"] == "missing" and (named := parents.named(node["uri"])):
            yield named.model


def _look(scene: Scene) -> str:
    """Return what stands for all that every page depends on: this gitreg and its templates, the registry's name and its stages."""
    config = scene.snapshot.blob_id(layout.CONFIG) or ""
    return sha256("\n".join([__version__, _code(), scene.name, config]).encode()).hexdigest()


@cache
def _code() -> str:
    digest = sha256()
    for folder, folders, files in os.walk(pages.FOLDER):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in sorted(files):
            digest.update(f"{name}\0".encode() + (content(os.path.join(folder, name)) or b""))
    return digest.hexdigest()


def _static() -> dict[str, bytes]:
    """Return the files of ``static/`` by their path in it."""
    found = {}
    for folder, _, files in os.walk(pages.STATIC):
        for name in files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, pages.STATIC).replace(os.sep, "/")] = content(path) or b""
    return dict(sorted(found.items()))
