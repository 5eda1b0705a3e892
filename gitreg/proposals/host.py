"""The forge behind a remote, where there is one and something lets us in. The one place that knows how forges are found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import NotFoundError, PolicyError

if TYPE_CHECKING:
    from gitreg.forges.base import Forge, Place
    from gitreg.store.remote import Remote


class Host(NamedTuple):
    """Where a remote is hosted, None where no forge is known there; *forge* is None where we have no way in, and *why* says so."""

    place: Place | None = None
    forge: Forge | None = None
    why: str = ""
    hint: str = ""  # what would make a forge known

    def entered(self) -> Forge:
        """Return the forge.

        Raises:
            NotFoundError: no forge is known there.
            PolicyError: there is no way in.
        """
        if self.forge:
            return self.forge
        if self.place is None:
            raise NotFoundError("{why}", why=self.why, hint=self.hint)
        raise PolicyError("{why}", why=self.why, hint="set it in the environment, or add --via gh or --via glab")


def of(remote: Remote, via: str | None = None) -> Host:
    """Return the host of *remote*; with *via* the person's own tool speaks to it, ``gh`` or ``glab``.

    Raises:
        NotFoundError: *via* is given, and the remote is at no forge, or there is no such tool.
        UsageError: what the person configured is no forge, or *via* is no tool.
        PolicyError: the token in the environment cannot be one.
    """
    from gitreg.forges import places

    repo = remote.repo
    url = repo.output("remote", "get-url", "--push", "--", remote.name)
    try:
        place = places.located(url, os.environ, kind=repo.config("gitreg.forge") or "", api=repo.config("gitreg.forgeApi") or "")
    except NotFoundError as error:
        if via:
            raise
        return Host(why=error.message, hint=error.hint or "gitreg pr list")
    from gitreg.forges import connect, tokens

    if via:
        return Host(place, connect.tool(via, place, repo.worktree or repo.common_dir))
    forge = connect.connected(place, os.environ)
    return Host(place, forge, "" if forge else f"there is no token for {places.host(place.web)}: {tokens.advice(place, os.environ)}")
