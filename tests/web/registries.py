"""Registries to make pages of, and what strangers would write into them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gitreg.web.links import LiveLinks
from gitreg.web.scene import Live, Scene, scene

if TYPE_CHECKING:
    from gitreg import Registry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ATTACK = """"'><img src=x onerror=alert(1)></script><script>alert(2)</script></svg><svg onload=alert(3)>{{7*'no'}}\u2028&lt;"""
NAME = """"'><img src=x onerror=alert(6)></script><svg onload=alert(7)>{{7*'no'}}"""  # a name has at most 100 characters, all printable
EVIL_LINK = "javascript:alert(4)//https://example.org"


def seen(registry: Registry, *, live: bool = False) -> Scene:
    """Return *registry* as a page sees it, on localhost where *live* is given."""
    return scene(registry, LiveLinks(), NOW, live=Live("token", False, "Name <name@example.org>") if live else None)


def poisoned(registry: Registry) -> None:
    """Register what a stranger would write, wherever a record takes a text."""
    registry.register(
        "evil", "1.0", metrics={NAME: 0.5, "plain": 1}, params={NAME: ATTACK, "nested": {ATTACK: [ATTACK]}}, metadata={ATTACK: {ATTACK: ATTACK}},
        tags=[ATTACK], description=ATTACK,
        artifacts={NAME: {"kind": "data", "uri": f"s3://{ATTACK}"}, "linked": {"kind": "service", "uri": EVIL_LINK}},
        links={NAME: EVIL_LINK, "titled": {"uri": EVIL_LINK, "title": ATTACK}, "missing": "gone@7", "data": "data:text/html,<script>alert(5)</script>"},
        run={"id": ATTACK, "pipeline": ATTACK, "step": ATTACK, "error": ATTACK, "code": {"repository": EVIL_LINK, "commit": ATTACK, "dirty": True}, "ci": {"url": EVIL_LINK, "job": ATTACK}},
    )  # fmt: skip
    registry.register("evil", metrics={NAME: 0.7}, links={"base": "evil@1"})
    registry.promote("evil@1", "production", reason=ATTACK)
    registry.yank("evil@2", reason=ATTACK)
