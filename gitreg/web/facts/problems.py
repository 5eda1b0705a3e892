"""What ``check`` finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.review.check import Since, check_state

if TYPE_CHECKING:
    from gitreg.store.snapshot import Snapshot
    from gitreg.web.scene import Scene


def problems(scene: Scene, sound: Snapshot | None = None) -> dict[str, Any]:
    """Return everything that is wrong with the registry's files, as the JSON of ``gitreg check`` has it.

    Where an earlier commit is known to be *sound*, only what changed since is looked at, and what that can spoil.
    """
    findings = [finding.as_dict() for finding in check_state(scene.snapshot, _since(scene.snapshot, sound) if sound else None, again=True)]
    return {"registry": scene.name, "ok": not any(finding["severity"] == "error" for finding in findings), "findings": findings}


def _since(snapshot: Snapshot, sound: Snapshot) -> Since:
    changed = snapshot.repo.changed(sound.commit, snapshot.commit, snapshot.prefix)
    return Since(sound, {path.removeprefix(snapshot.prefix): change for path, change in changed.items()})
