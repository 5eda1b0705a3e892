"""What pages are made from: a registry at one commit, its past, and where its pages are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from gitreg.web.past import Past

if TYPE_CHECKING:
    from datetime import datetime

    from gitreg.registry import Registry
    from gitreg.store.snapshot import Snapshot
    from gitreg.web.links import Links


class Live(NamedTuple):
    """What only a page on localhost has: the *token* that its forms carry, whether it is *read_only*, and *who* acts."""

    token: str
    read_only: bool
    who: str


class Scene(NamedTuple):
    """One commit, as every page of one answer sees it. *live* is None where the pages are files."""

    snapshot: Snapshot
    past: Past
    now: datetime
    links: Links
    name: str
    live: Live | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages, in order; the last is what versions are promoted for."""
        return tuple(self.snapshot.config.stages)


def scene(registry: Registry, links: Links, now: datetime, past: Past | None = None, live: Live | None = None) -> Scene:
    """Return *registry* as it is now; *past* is that of an earlier scene, which spares reading it anew.

    Raises:
        NotFoundError: the branch is gone.
        InvalidError: ``gitreg.yaml`` is invalid, or the repository is damaged.
    """
    snapshot = registry.snapshot()
    return Scene(snapshot, (past or Past()).at(snapshot), now, links, called(registry), live)


def called(registry: Registry) -> str:
    """Return what the registry is called: its folder in the repository, else the repository's."""
    inside = registry.location.prefix.rstrip("/")
    return os.path.basename(inside or registry.path.rstrip("/")).removesuffix(".git") or "registry"
