"""How large a registry is."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """*models*, and *versions* of each."""

    models: int
    versions: int

    def __str__(self) -> str:
        return f"{self.versions:,} versions of one model" if self.models == 1 else f"{self.models:,} models"

    @property
    def names(self) -> list[str]:
        """The models' names."""
        return [f"model-{n:05}" for n in range(self.models)]

    @property
    def target(self) -> str:
        """The model that jobs are done on: the one in the middle."""
        return self.names[self.models // 2]
