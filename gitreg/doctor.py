"""Find what a crash or a hand left behind, and heal it: the journal, locks, scraps, removed manifests.

``check`` judges what is committed; this looks at the repository around it, and at what can be restored.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitreg import driver, gates, setup, unfinished
from gitreg.errors import GitregError
from gitreg.records import Finding, Stages, Yanked
from gitreg.store import behind, documents, holders, journal, layout, lock, removed, worktree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from gitreg.records import Occasion
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

_SCRAP_AGE = 3600  # seconds: a temporary object that is older belongs to no living write


def findings(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    """Yield what is not in order in the repository of *snapshot* and around it.

    Raises:
        BusyError: another process is writing, so that nothing can be told.
    """
    with _quiet(snapshot.repo):
        found = [*_left_behind(snapshot, now), *_surroundings(snapshot)]
    yield from found
    yield from unfinished.findings(snapshot)
    for path in lost(snapshot):
        how = ", as yanked" if layout.place(path).kind == "manifest" else ""
        yield Finding(rule="D07", path=path, message=f"this file was removed by hand; it can be restored{how}", fix="gitreg doctor --fix")


def heal(repo: GitRepo, now: datetime) -> None:
    """Finish or forget what a crash left, and sweep up; what is committed is not touched.

    Raises:
        BusyError: another process is writing, or nothing can be written.
    """
    with lock.held(repo.common_dir) as descriptor:
        for checkout in repo.checkouts():
            worktree.drop_stale_index_lock(checkout)
        holders.drop_stale(holders.locks(repo), holders.places(repo))
        worktree.heal(repo, descriptor)
        for late in behind.found(repo, ""):
            behind.heal(repo, late, descriptor)
        for scrap in list(_scraps(repo, now)):
            os.unlink(scrap)


def _quiet(repo: GitRepo) -> AbstractContextManager[int]:
    """Return the lock, so that nobody writes meanwhile; where nothing can be written it is neither needed nor to be had."""
    return lock.held(repo.common_dir) if os.access(repo.common_dir, os.W_OK) else contextlib.nullcontext(-1)


def _left_behind(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    repo = snapshot.repo
    if os.path.exists(journal.path(repo.common_dir)):
        yield Finding(rule="D01", path=journal.path(repo.common_dir), message="a write was interrupted; its checkout is not refreshed", fix="gitreg doctor --fix")
    else:
        yield from map(_late, behind.found(repo, snapshot.prefix))
    yield from _locked(repo)
    for scrap in _scraps(repo, now):
        yield Finding(rule="D03", severity="warning", path=scrap, message="a piece of an object that was never finished", fix="gitreg doctor --fix")


def _late(late: behind.Behind) -> Finding:
    more = f" and {len(late.paths) - 1} more" if len(late.paths) > 1 else ""
    message = f"{late.paths[0]}{more} did not follow the branch: a commit here would undo what came since {late.old[:8]}"
    folder = late.checkout.folder
    if late.untouched:
        return Finding(rule="D09", path=folder, message=message, fix="gitreg doctor --fix")
    return Finding(rule="D09", path=folder, severity="warning", message=f"{message}, unless you staged it", fix=f"git -C {folder} checkout HEAD -- {late.paths[0]}")


def _locked(repo: GitRepo) -> Iterator[Finding]:
    """Yield the lock files of git's: what they keep from working, and who has them."""
    for file, verdict in holders.judged(holders.locks(repo), holders.places(repo)).items():
        index, ref = file.endswith(f"{os.sep}index.lock"), f"{os.sep}refs{os.sep}" in file or file.endswith(f"{os.sep}HEAD.lock")
        rule, what = ("D02", "the lock of an index") if index else ("D08", "the lock of a branch") if ref else ("D10", "a lock of git's")
        message = f"{what} was left by a git that is gone" if verdict.gone else f"{what} {verdict.why}"
        fix = "gitreg doctor --fix" if verdict.gone else f"if nothing has it: rm {file}"
        yield Finding(rule=rule, path=file, severity="error" if ref else "warning", message=message, fix=fix)


def _scraps(repo: GitRepo, now: datetime) -> Iterator[str]:
    objects = os.path.join(repo.common_dir, "objects")
    oldest = now.timestamp() - _SCRAP_AGE
    for folder in sorted(name for name in os.listdir(objects) if len(name) == 2 or name == "pack"):
        for name in sorted(os.listdir(os.path.join(objects, folder))):
            path = os.path.join(objects, folder, name)
            if re.match(r"tmp_[a-z]+_gitreg_", name) and os.path.getmtime(path) < oldest:
                yield path


def _surroundings(snapshot: Snapshot) -> Iterator[Finding]:
    if not snapshot.repo.identity().configured:
        yield Finding(rule="D04", severity="warning", message="git knows no name for you, so commits say who by login and host", fix="git config --global user.name NAME")
    if any(rule.require for rule in snapshot.config.stages.values()) and not gates.installed():
        yield Finding(rule="D05", severity="warning", path=layout.CONFIG, message="stages have gates, and the runtime that judges them is not installed", fix="pip install cel-expr-python")
    if wants_driver(snapshot):
        known = "which an older gitreg installed here: where gitreg is broken, a merge loses their side" if driver.installed(snapshot.repo) else "which git does not know here: pointer files merge as text"
        yield Finding(rule="D11", severity="warning", path=driver.ATTRIBUTES, message=f"it names the merge driver of gitreg, {known}", fix="gitreg doctor --fix")
    for kind, schema in documents.schemas().items():
        path = f"{layout.SCHEMA_FOLDER}/{kind}.json"
        if snapshot.bytes_of(path) != setup.schema_text(schema).encode():
            yield Finding(rule="D06", severity="warning", path=path, message="the schema for editors is missing or not this gitreg's", fix=f"gitreg schema {kind} > {path}")


def wants_driver(snapshot: Snapshot) -> bool:
    """Tell whether the registry names the merge driver, and git does not know it, or an older one, where somebody could merge."""
    lacking = driver.named(snapshot) and bool(snapshot.repo.checkouts())
    return lacking and (not driver.installed(snapshot.repo) or driver.outdated(snapshot.repo))


def lost(snapshot: Snapshot) -> list[str]:
    """Return the manifests, cards and pointer files that are gone although some commit had them."""
    models = snapshot.model_names()
    gone = [path for model in models for path in (layout.card(model), layout.stages(model)) if snapshot.blob_id(path) is None]
    present = {(model, number) for model in models for number in _numbers(snapshot, model)}
    for path in removed.manifests(snapshot):
        place = layout.place(path)
        if place.model in models and (place.model, place.number) not in present:
            gone.append(path)
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
            files[path] = documents.encode_stages(_last(base, path) or Stages(), base.config.stages, path)
        elif place.kind == "card":
            if card := _last(base, path):
                files[path] = documents.encode_card(card, path)
        elif found := _last(base, path):
            files[path] = documents.encode_manifest(replace(found, yanked=found.yanked or mark), path)
    return files


def _last(snapshot: Snapshot, path: str) -> Any:
    """Return a removed file as the last commit that had it has it, or None where that cannot be read."""
    for commit in snapshot.repo.log(snapshot.commit, [snapshot.prefix + path]):
        for old, _, _ in commit.changes:
            if old:
                with contextlib.suppress(GitregError):  # an older one may be sound
                    return snapshot.record_of(layout.place(path).kind, old, path)
    return None
