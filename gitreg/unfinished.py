"""Versions that are ``running``: whether the run that makes each still lives, as far as this machine can tell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import InvalidError
from gitreg.records import Finding
from gitreg.store import layout, marks
from gitreg.store.marks import Life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Manifest
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.snapshot import Snapshot

REASON = "its process ended without a word"


class Unfinished(NamedTuple):
    """A version that is running, and whether its run lives."""

    model: str
    manifest: Manifest
    life: Life


def found(snapshot: Snapshot) -> Iterator[Unfinished]:
    """Yield each version that is running; a manifest that cannot be read is passed over, for ``check`` names it.

    Only those are decoded in which the word stands, or may stand with an escape.
    """
    common_dir = snapshot.repo.common_dir
    for model, number, text in snapshot.texts():
        if text is None or b"running" in text or b"\\" in text:
            manifest = _manifest(snapshot, model, number)
            if manifest and manifest.status == "running":
                yield Unfinished(model, manifest, marks.life(common_dir, manifest.run.id) if manifest.run else Life.ELSEWHERE)


def _manifest(snapshot: Snapshot, model: str, number: int) -> Manifest | None:
    try:
        return snapshot.find_manifest(model, number)
    except InvalidError:
        return None


def findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each running version whose run does not live, or is not on this machine."""
    for model, manifest, life in found(snapshot):
        selector, path = f"{model}@{manifest.number}", layout.manifest(model, manifest.number)
        since = manifest.run.started_at if manifest.run and manifest.run.started_at else manifest.created_at
        if life is Life.GONE:
            yield Finding(rule="D12", path=path, message=f"{selector} is running since {since}, and its process is gone", fix="gitreg doctor --fix")
        elif life is Life.ELSEWHERE:
            url = manifest.run.ci.url if manifest.run and manifest.run.ci else None
            message = f"{selector} is running since {since}, in another clone or on another machine{f': {url}' if url else ''}"
            yield Finding(rule="D12", severity="warning", path=path, message=message, fix=f"if that is over: gitreg update {selector} --status failed")


def sweep(repo: GitRepo) -> None:
    """Remove the marks of runs that are gone."""
    for file in marks.gone(repo.common_dir):
        os.unlink(file)
