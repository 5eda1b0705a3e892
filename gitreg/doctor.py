"""Find what a crash or a hand left behind, and heal it: the journal, locks, scraps, removed manifests.

``check`` judges what is committed; this looks at the repository around it, and at what can be restored.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from gitreg import gates, setup
from gitreg.errors import GitregError
from gitreg.records import Finding, Stages, Yanked
from gitreg.store import documents, journal, layout, lock, worktree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from gitreg.records import Occasion
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

T = TypeVar("T")
_SCRAP_AGE = 3600  # seconds: a temporary object that is older belongs to no living write


def findings(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    """Yield what is not in order in the repository of *snapshot* and around it.

    Raises:
        BusyError: another process is writing, so that nothing can be told.
    """
    with _quiet(snapshot.repo):
        found = [*_left_behind(snapshot.repo, now), *_surroundings(snapshot)]
    yield from found
    for path in lost(snapshot):
        how = ", as yanked" if layout.place(path).kind == "manifest" else ""
        yield Finding(rule="D07", path=path, message=f"this file was removed by hand; it can be restored{how}", fix="gitreg doctor --fix")


def heal(repo: GitRepo, now: datetime) -> None:
    """Finish or forget what a crash left, and sweep up; what is committed is not touched.

    Raises:
        BusyError: another process is writing, or nothing can be written.
    """
    with lock.held(repo.common_dir) as descriptor:
        worktree.heal(repo, descriptor)
        for checkout in repo.checkouts():
            worktree.drop_stale_index_lock(checkout)
        for scrap in list(_scraps(repo, now)):
            os.unlink(scrap)


def _quiet(repo: GitRepo) -> AbstractContextManager[int]:
    """Return the lock, so that nobody writes meanwhile; where nothing can be written it is neither needed nor to be had."""
    return lock.held(repo.common_dir) if os.access(repo.common_dir, os.W_OK) else contextlib.nullcontext(-1)


def _left_behind(repo: GitRepo, now: datetime) -> Iterator[Finding]:
    if os.path.exists(journal.path(repo.common_dir)):
        yield Finding(rule="D01", path=journal.path(repo.common_dir), message="a write was interrupted; its checkout is not refreshed", fix="gitreg doctor --fix")
    for checkout in repo.checkouts():
        index_lock = os.path.join(checkout.git_dir, "index.lock")
        if os.path.exists(index_lock):
            yield Finding(rule="D02", path=index_lock, severity="warning", message="a git command holds the index, or died holding it", fix=f"if no git is running: rm {index_lock}")
    for ref_lock in _ref_locks(repo):
        yield Finding(rule="D08", path=ref_lock, message="a git command is moving a branch right now, or died doing so", fix=f"if no git is running: rm {ref_lock}")
    for scrap in _scraps(repo, now):
        yield Finding(rule="D03", severity="warning", path=scrap, message="a piece of an object that was never finished", fix="gitreg doctor --fix")


def _ref_locks(repo: GitRepo) -> Iterator[str]:
    head = repo.head_ref()
    for name in ("HEAD", *([head] if head else [])):
        path = os.path.join(repo.common_dir, f"{name}.lock")
        if os.path.exists(path):
            yield path


def _scraps(repo: GitRepo, now: datetime) -> Iterator[str]:
    objects = os.path.join(repo.common_dir, "objects")
    oldest = now.timestamp() - _SCRAP_AGE
    for folder in sorted(name for name in os.listdir(objects) if len(name) == 2):
        for name in sorted(os.listdir(os.path.join(objects, folder))):
            path = os.path.join(objects, folder, name)
            if name.startswith("tmp_obj_gitreg_") and os.path.getmtime(path) < oldest:
                yield path


def _surroundings(snapshot: Snapshot) -> Iterator[Finding]:
    if not snapshot.repo.identity().configured:
        yield Finding(rule="D04", severity="warning", message="git knows no name for you, so commits say who by login and host", fix="git config --global user.name NAME")
    if any(rule.require for rule in snapshot.config.stages.values()) and not gates.installed():
        yield Finding(rule="D05", severity="warning", path=layout.CONFIG, message="stages have gates, and the runtime that judges them is not installed", fix="pip install 'gitreg[review]'")
    for kind, schema in documents.schemas().items():
        path = f"{layout.SCHEMA_FOLDER}/{kind}.json"
        if snapshot.bytes_of(path) != setup.schema_text(schema).encode():
            yield Finding(rule="D06", severity="warning", path=path, message="the schema for editors is missing or not this gitreg's", fix=f"gitreg schema {kind} > {path}")


def lost(snapshot: Snapshot) -> list[str]:
    """Return the manifests, cards and pointer files that are gone although some commit had them."""
    models = snapshot.model_names()
    gone = [path for model in models for path in (layout.card(model), layout.stages(model)) if snapshot.blob_id(path) is None]
    present = {(model, number) for model in models for number in _numbers(snapshot, model)}
    for commit in snapshot.repo.log(snapshot.commit, [snapshot.prefix + layout.MODELS], only="D"):
        for _, _, path in commit.changes:
            place = layout.place(path.removeprefix(snapshot.prefix))
            if place.kind == "manifest" and place.model in models and (place.model, place.number) not in present:
                present.add((place.model, place.number))
                gone.append(layout.manifest(place.model, place.number))
    return gone


def _numbers(snapshot: Snapshot, model: str) -> Iterator[int]:
    folders = [layout.versions(model)]
    folders += [f"{folders[0]}/{name.decode()}" for name in snapshot.tree(folders[0]) if layout.thousand(name)]
    for folder in folders:
        for name in snapshot.tree(folder):
            number = layout.numbered(name.decode("utf-8", "replace"))
            if number:
                yield number


def restored(base: Snapshot, occasion: Occasion) -> dict[str, str]:
    """Return the text of each lost file that some commit still has: a card or pointer file as it was, a manifest yanked."""
    mark = Yanked(at=occasion.at, by=occasion.by, reason="its manifest was removed by hand, and restored by gitreg doctor")
    files = {}
    for path in lost(base):
        place = layout.place(path)
        if place.kind == "stages":
            files[path] = documents.encode_stages(_last(base, path, documents.decode_stages) or Stages(), base.config.stages, path)
        elif place.kind == "card":
            if card := _last(base, path, documents.decode_card):
                files[path] = documents.encode_card(card, path)
        elif found := _last(base, path, documents.decode_manifest):
            files[path] = documents.encode_manifest(replace(found, yanked=found.yanked or mark), path)
    return files


def _last(snapshot: Snapshot, path: str, decode: Callable[[bytes, str], T]) -> T | None:
    """Return a removed file as the last commit that had it has it, or None where that cannot be read."""
    for commit in snapshot.repo.log(snapshot.commit, [snapshot.prefix + path]):
        for old, _, _ in commit.changes:
            if old:
                with contextlib.suppress(GitregError):  # an older one may be sound
                    return snapshot.record_of(layout.place(path).kind, old, path, decode)
    return None
