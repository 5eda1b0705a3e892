"""What a contender can do: the five jobs, warm in this process and cold as a command."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from benchmarks.shapes import Shape

JOBS = ("register", "promote", "resolve", "list", "history")


class Peer(ABC):
    """A registry of some *shape* in *place*, open. *tick* is a number that no earlier call had.

    * ``register``: add a version, with a name, two metrics and two parameters;
    * ``promote``: put another version than the present one into production;
    * ``resolve``: the version in production, with what is recorded of it;
    * ``list``: all versions of the model with what is recorded of them; of many models: all models and stages;
    * ``history``: all that happened to the model; of many models: to all of them.
    """

    name: ClassVar[str]
    durable: ClassVar[str]  # what has reached the disk when a write returns
    most: ClassVar[int] = 1 << 30  # versions in all: beyond it a command takes minutes
    lacks: ClassVar[tuple[str, ...]] = ()  # jobs it cannot do

    def __init__(self, place: str, shape: Shape) -> None:
        self.place, self.shape = place, shape
        self.model = shape.target

    @classmethod
    @abstractmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        """Return the place of a fresh registry of this *shape*, for one *use* (``cold``, ``warm``) alone."""

    @abstractmethod
    def register(self, tick: int) -> object:
        """Add a version."""

    @abstractmethod
    def promote(self, tick: int) -> object:
        """Put another version into production."""

    @abstractmethod
    def resolve(self, tick: int) -> object:
        """Return the version in production."""

    @abstractmethod
    def list(self, tick: int) -> object:
        """Return everything on the board."""

    @abstractmethod
    def history(self, tick: int) -> object:
        """Return everything that happened."""

    def cold(self, job: str, tick: int) -> list[str]:
        """Return the command that does *job* once in a process of its own; by default a script over the library."""
        return [sys.executable, "-m", "benchmarks.cold", self.name, self.place, f"{self.shape.models}x{self.shape.versions}", job, str(tick)]

    def close(self) -> None:  # noqa: B027 - most have nothing open
        """Let go of what is open."""

    def other(self, tick: int) -> int:
        """Return a version to promote: never 1, nor the one that the call before promoted."""
        return 2 + tick % 2
