"""gitreg: the library, and the command line as its entry point starts it."""

# ruff: noqa: ARG002, D102 - base.py says what each job is, and not every job needs its counter
from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.peers.base import Peer
from benchmarks.registries import copied
from benchmarks.texts import facts
from gitreg import Registry

if TYPE_CHECKING:
    from benchmarks.shapes import Shape

COMMAND = [sys.executable, "-c", "import sys; from gitreg.cli.boundary import main; sys.exit(main())"]


class Gitreg(Peer):
    """A kept :class:`gitreg.Registry`, which remembers what it decoded."""

    name = "gitreg"
    durable = "objects, ref and their folders synced"

    def __init__(self, place: str, shape: Shape) -> None:
        super().__init__(place, shape)
        self.registry = Registry.open(place)

    @classmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        return copied(shape, folder, f"gitreg-{use}")

    def register(self, tick: int) -> object:
        return self.registry.register(self.model, f"2.{tick}", **facts(tick))

    def promote(self, tick: int) -> object:
        return self.registry.promote(f"{self.model}@{self.other(tick)}", "production")

    def resolve(self, tick: int) -> object:
        return self.registry.get(f"{self.model}@production")

    def list(self, tick: int) -> object:
        return self.registry.versions(self.model) if self.shape.models == 1 else self.registry.models()

    def history(self, tick: int) -> object:
        return self.registry.history(self.model if self.shape.models == 1 else None)

    def cold(self, job: str, tick: int) -> list[str]:
        return [*COMMAND, "-R", self.place, *self._arguments(job, tick)]

    def _arguments(self, job: str, tick: int) -> list[str]:
        one = [self.model] if self.shape.models == 1 else []
        recorded = facts(tick)
        metrics = [word for key, value in recorded["metrics"].items() for word in ("--metric", f"{key}={value}")]
        params = [word for key, value in recorded["params"].items() for word in ("--param", f"{key}={value}")]
        return {
            "register": ["register", self.model, "--version", f"2.{tick}", *metrics, *params],
            "promote": ["promote", f"{self.model}@{self.other(tick)}", "production"],
            "resolve": ["show", f"{self.model}@production", "--format", "json"],
            "list": ["list", *one, "--format", "json"],
            "history": ["history", *one, "--format", "json"],
        }[job]

    def close(self) -> None:
        self.registry.close()


PEER = Gitreg
