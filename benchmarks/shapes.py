"""How large a registry is."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """*models*, and *versions* of each; the models lie in so many *namespaces*, of which 0 is none."""

    models: int
    versions: int
    namespaces: int = 0

    def __str__(self) -> str:
        spread = f" in {self.namespaces:,} namespaces" if self.namespaces else ""
        return f"{self.versions:,} versions of one model" if self.models == 1 else f"{self.models:,} models{spread}"

    @property
    def names(self) -> list[str]:
        """The models' names, sorted."""
        names = (f"model-{n:05}" for n in range(self.models))
        return sorted(f"team-{n % self.namespaces:03}/{name}" for n, name in enumerate(names)) if self.namespaces else list(names)

    @property
    def target(self) -> str:
        """The model that jobs are done on: the one in the middle."""
        return self.names[self.models // 2]

    @property
    def label(self) -> str:
        """What names a folder or file of this shape."""
        return f"{self.models}x{self.versions}" + (f"in{self.namespaces}" if self.namespaces else "")
