"""Which version of which model somebody asked for, before anybody looked whether it is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import names
from gitreg.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gitreg.records import ModelVersion
    from gitreg.registry import Registry


class Wanted(NamedTuple):
    """A model and what of it: a number, a stage or a name, or None for a new version. *card* is what to set of ``model.yaml``."""

    model: str
    asked: str | None = None
    card: Mapping[str, Any] = {}
    create: bool = True

    def filled(self, now: datetime) -> Wanted:
        """Return this with ``{date}`` and ``{time}`` filled in."""
        return self if self.asked is None else self._replace(asked=names.filled(self.asked, now))

    def existing(self, registry: Registry) -> ModelVersion | None:
        """Return the version that was asked for, or None where it is to be created.

        Raises:
            NotFoundError: a stage is vacant, or a number does not exist.
        """
        if self.asked is None:
            return None
        must_exist = names.number(self.asked) is not None or self.asked in (names.LATEST, names.ARCHIVED) or self.asked in registry.snapshot().config.stages
        try:
            return registry.get(f"{self.model}@{self.asked}") if "{" not in self.asked else None
        except NotFoundError:
            if must_exist:
                raise
            return None

    def may_create(self) -> None:
        """Refuse where nothing may be created.

        Raises:
            NotFoundError: ``create=False`` was given, or ``GITREG_READONLY`` is set.
        """
        if not self.create or os.environ.get("GITREG_READONLY", "0") not in ("", "0"):
            what = "a new version" if self.asked is None else f"version {self.asked!r}"
            raise NotFoundError("{what} of {model!r} would have to be created, and this is read-only", what=what, model=self.model, hint="Model(…, create=True), and no GITREG_READONLY")
