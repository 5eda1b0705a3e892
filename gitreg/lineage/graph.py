"""What a lineage is: things, and what was made with what. Frozen; a graph knows no registry."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

Thing = Literal["version", "data", "code", "run", "missing"]
Role = Literal["parent", "data", "code", "run", "used"]


class Node(Struct, frozen=True, kw_only=True):
    """A thing: a version (its ``id`` is its selector), data, code, a run, or a parent that is missing."""

    id: str
    kind: Thing
    facts: dict[str, Any] = {}

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``nodes``."""
        return {"id": self.id, "kind": self.kind, **self.facts}


class Edge(Struct, frozen=True, kw_only=True):
    """*source* went into *target*: as its ``parent``, ``data``, ``code`` or ``run``; ``used`` is a version that a later run used.

    ``name`` and ``uri`` are what the manifest says of it. ``resolved`` is the version that a stage or ``latest`` in that
    uri stands for at this commit: it may be another one tomorrow.
    """

    source: str
    target: str
    kind: Role
    name: str | None = None
    uri: str | None = None
    resolved: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of an item of ``edges``."""
        return {"from": self.source, "to": self.target, "kind": self.kind, "name": self.name, "uri": self.uri, "resolved": self.resolved}


class Graph(Struct, frozen=True, kw_only=True):
    """The lineage of *root* as *commit* has it; the walk stopped at the versions in *cut*, of which there is more.

    ``downstream`` says whether what was made of *root* was looked for as well.
    """

    root: str
    commit: str | None
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cut: tuple[str, ...] = ()
    downstream: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON of ``gitreg lineage``."""
        return {
            "root": self.root,
            "commit": self.commit,
            "downstream": self.downstream,
            "nodes": [node.as_dict() for node in self.nodes],
            "edges": [edge.as_dict() for edge in self.edges],
            "cut": list(self.cut),
        }

    def missing(self) -> tuple[Node, ...]:
        """Return the parents that are named and are not there."""
        return tuple(node for node in self.nodes if node.kind == "missing")


def by(edges: Iterable[Edge], end: Literal["source", "target"]) -> dict[str, list[Edge]]:
    """Return *edges* by the id at this *end*, in their order."""
    found: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        found[getattr(edge, end)].append(edge)
    return found
