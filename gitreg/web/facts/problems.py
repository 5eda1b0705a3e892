"""What ``check`` finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.review.check import check_state

if TYPE_CHECKING:
    from gitreg.web.scene import Scene


def problems(scene: Scene) -> dict[str, Any]:
    """Return everything that is wrong with the registry's files, as the JSON of ``gitreg check`` has it."""
    findings = [finding.as_dict() for finding in check_state(scene.snapshot)]
    return {"registry": scene.name, "ok": not any(finding["severity"] == "error" for finding in findings), "findings": findings}
