"""One job in a process of its own, for contenders that have no command line: imports and opens like a script would."""

from __future__ import annotations

import sys

from benchmarks.peers import peer
from benchmarks.shapes import Shape


def main(name: str, place: str, shape: str, job: str, tick: str) -> None:
    """Do *job* once."""
    models, _, versions = shape.partition("x")
    contender = peer(name)(place, Shape(int(models), int(versions)))
    getattr(contender, job)(int(tick))
    contender.close()


main(*sys.argv[1:])
