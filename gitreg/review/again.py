"""What a ``check`` of all need not look at again: models whose folder it found sound before, under the same policy, by the same code.

A verdict on a model depends on its folder, on its name, on the stages of ``gitreg.yaml``, and on the names of the other models; the last
is judged each time. A check of a change asks nothing of this.
"""

from __future__ import annotations

import functools
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from gitreg import names, records
from gitreg.review import reading
from gitreg.store import codec, documents, explain, layout
from gitreg.store.proven import LARGE, Proven
from gitreg.store.trees import FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gitreg.records import Finding
    from gitreg.review.reading import Files
    from gitreg.store.snapshot import Snapshot

_MOST = 500  # folders and files that are asked for one by one: where more are to be read, all are listed


class Before(NamedTuple):
    """What was proven, the *models* of it that stand as they were, and the paths *left* to look at; None means all of them."""

    proven: Proven
    models: Mapping[str, str]
    left: Collection[str] | None


def remembered(snapshot: Snapshot, judges: tuple[str, ...]) -> Before:
    """Return what need not be looked at again; *judges* are the files of the code that judges, besides those that read."""
    key = _key(snapshot, _code(judges))
    proven = Proven(snapshot.repo.common_dir, key, saves=snapshot.saves and bool(key))
    if not proven.models:
        return Before(proven, {}, None)
    models: dict[str, str] = {}
    left = list(_changed(snapshot, proven.models, models))
    return Before(proven, models, left) if len(left) <= _MOST else Before(proven, {}, None)


def _key(snapshot: Snapshot, code: str) -> str:
    policy = snapshot.blob_id(layout.CONFIG)
    return sha256(f"{snapshot.prefix}\0{policy}\0{code}".encode("utf-8", "surrogateescape")).hexdigest()[:32] if policy and code else ""


@functools.cache
def _code(judges: tuple[str, ...]) -> str:
    """Return a digest of the code that a verdict comes from; empty where it cannot be read, and then nothing is kept."""
    digest = sha256()
    try:
        for file in (*judges, *(str(module.__file__) for module in (reading, codec, documents, explain, layout, names, records))):
            with open(file, "rb") as source:
                digest.update(source.read())
    except OSError:
        return ""
    return digest.hexdigest()


def _changed(snapshot: Snapshot, known: Mapping[str, str], same: dict[str, str]) -> Iterator[str]:
    """Yield the paths of the registry that are not a model as it is *known*; those that are go to *same*."""
    above = {name[:at] for name in known for at in range(len(name)) if name[at] == "/"}
    for name, entry in snapshot.top().items():
        path = name.decode("utf-8", "surrogateescape")
        if path == layout.MODELS and entry.mode == FOLDER:
            yield from _below(snapshot, path, known, same, above)
        elif path.casefold() in (layout.MODELS, layout.FOLDER, layout.CONFIG):
            yield path


def _below(snapshot: Snapshot, folder: str, known: Mapping[str, str], same: dict[str, str], above: Collection[str]) -> Iterator[str]:
    for name, entry in snapshot.tree(folder).items():
        path = f"{folder}/{name.decode('utf-8', 'surrogateescape')}"
        model = path.removeprefix(layout.MODELS + "/")
        if entry.mode == FOLDER and known.get(model) == entry.id:
            same[model] = entry.id
        elif entry.mode == FOLDER and model in above:
            yield from _below(snapshot, path, known, same, above)
        else:
            yield path


def learned(seen: Before, files: Files, models: Mapping[str, Collection[int]], findings: Collection[Finding]) -> None:
    """Keep which of the *models* that were looked at are sound: those of which no finding speaks."""
    if not seen.proven.saves:
        return
    spoken = {finding.path for finding in findings}
    spoken |= {path[:at] for path in spoken for at in range(len(path)) if path[at] == "/"}
    sound = {model: tree for model, tree in seen.models.items() if f"{layout.MODELS}/{model}" not in spoken}
    manifests = {}
    for model, numbers in models.items():
        folder, tree = f"{layout.MODELS}/{model}", _tree(files.snapshot, model)
        if folder in spoken or tree is None:
            continue
        sound[model] = tree
        if len(numbers) >= LARGE:
            manifests[model] = files.versions(layout.manifest(model, number) for number in numbers)
    seen.proven.keep(sound, manifests)


def _tree(snapshot: Snapshot, model: str) -> str | None:
    parent, _, name = f"{layout.MODELS}/{model}".rpartition("/")
    entry = snapshot.tree(parent).get(name.encode())
    return entry.id if entry and entry.mode == FOLDER else None
