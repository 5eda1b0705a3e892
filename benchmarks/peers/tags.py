"""GTO: a registry in git tags. A version is named by a semantic version and records no metrics.

A version that held a stage before takes it again only by force.
"""

# ruff: noqa: ARG002, D102 - base.py says what each job is, and not every job needs its counter
from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from gto import api

from benchmarks.peers.base import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.shapes import Shape

_COMMAND = os.path.join(os.path.dirname(sys.executable), "gto")
_WHO = "Name <name@example.org>"
_START = 1_750_000_000
_SPARE = 200  # commits to register


class GTO(Peer):
    """GTO's API on a path; it reads all tags in each call."""

    name = "GTO"
    durable = "the tag's object and ref (core.fsync=all); the ref's folder is not synced"
    most = 1_000

    @classmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        place = os.path.join(folder, f"gto-{use}-{shape.models}x{shape.versions}")
        subprocess.run(["git", "init", "--quiet", place], check=True)
        subprocess.run(["git", "-C", place, "fast-import", "--quiet"], input=b"".join(_stream(shape)), check=True)
        subprocess.run(["git", "-C", place, "reset", "--quiet", "--hard"], check=True)
        return place

    def register(self, tick: int) -> object:
        return api.register(self.place, self.model, f"HEAD~{tick}", version=f"v2.0.{tick}")

    def promote(self, tick: int) -> object:
        return api.assign(self.place, self.model, "production", version=f"v1.0.{self.other(tick)}", force=True)

    def resolve(self, tick: int) -> object:
        return api.find_versions_in_stage(self.place, self.model, "production")

    def list(self, tick: int) -> object:
        return api.show(self.place, self.model if self.shape.models == 1 else None)

    def history(self, tick: int) -> object:
        return api.history(self.place, self.model if self.shape.models == 1 else None)

    def cold(self, job: str, tick: int) -> list[str]:
        one = [self.model] if self.shape.models == 1 else []
        arguments = {
            "register": ["register", self.model, f"HEAD~{tick}", "--version", f"v2.0.{tick}"],
            "promote": ["assign", self.model, "--version", f"v1.0.{self.other(tick)}", "--stage", "production", "--force"],
            "resolve": ["show", f"{self.model}#production"],
            "list": ["show", *one, "--json"],
            "history": ["history", *one, "--json"],
        }
        verb, *rest = arguments[job]
        return [_COMMAND, verb, "--repo", self.place, *rest]


def _stream(shape: Shape) -> Iterator[bytes]:
    """Yield a commit for each version, for GTO takes one version of a model a commit, and its tag; then spare commits."""
    for number in range(1, shape.versions + 1):
        yield _commit(number)
        for model in shape.names:
            yield _tag(f"{model}@v1.0.{number}", number)
    for model in shape.names:
        yield _tag(f"{model}#production#1", 1)
    for number in range(shape.versions + 1, shape.versions + _SPARE + 1):
        yield _commit(number)


def _commit(number: int) -> bytes:
    return f"commit refs/heads/main\nmark :{number}\ncommitter {_WHO} {_START + 60 * number} +0000\ndata 6\nmodel\n\n".encode()


def _tag(name: str, number: int) -> bytes:
    return f"tag {name}\nfrom :{number}\ntagger {_WHO} {_START + 60 * number} +0000\ndata 6\nmodel\n\n".encode()


PEER = GTO
