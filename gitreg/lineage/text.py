"""A lineage as lines that a person reads: a tree, what a thing was made of indented below it. Pure; what a terminal could obey is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.lineage import labels, parents
from gitreg.lineage.graph import Edge, Graph, by
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import ModelVersion

COLUMNS = ("from", "kind", "name", "to", "what")
_ORDER = {"run": 0, "code": 1, "data": 2, "parent": 3, "used": 4}


def tree(graph: Graph) -> str:
    """Return *graph* as a tree from its root; what stands there already is not told twice."""
    return "".join(f"{'  ' * depth}{shown(line)}\n" for depth, line in _lines(graph))


def _lines(graph: Graph) -> Iterator[tuple[int, str]]:
    nodes = {node.id: node for node in graph.nodes}
    into, out = by(graph.edges, "target"), by(graph.edges, "source")
    back = _Branches(into, out)
    told: set[str] = set()
    stack: list[tuple[int, str, str, bool]] = [(0, graph.root, "", True)]
    while stack:  # a recursion would end at a thousand generations
        depth, node_id, before, forth = stack.pop()
        below = list(back.below(node_id, root=node_id == graph.root, forth=forth))
        again = node_id in told and bool(below)
        more = " (and more before it)" if node_id in graph.cut and not again else ""
        yield depth, before + labels.long(nodes[node_id]) + (", see above" if again else more)
        told.add(node_id)
        if not again:
            stack += [(depth + 1, other, said, on) for other, said, on in reversed(below)]


class _Branches:
    """What stands below a thing: what it was made of, and below the root also what was made of it."""

    def __init__(self, into: dict[str, list[Edge]], out: dict[str, list[Edge]]) -> None:
        self._into, self._out = into, out

    def below(self, node_id: str, *, root: bool, forth: bool) -> Iterator[tuple[str, str, bool]]:
        """Yield the things below, each with the words before it and whether its own children follow."""
        if root or not forth:
            for edge in sorted(self._into.get(node_id, ()), key=lambda each: _ORDER[each.kind]):
                if edge.kind != "used":
                    yield edge.source, f"{_word(edge)}", False
        for edge in self._out.get(node_id, ()):
            if edge.kind == "used":
                yield edge.target, "used by run ", False
            elif forth and edge.kind == "parent":
                yield edge.target, f"child, which calls it {edge.name}: ", True


def _word(edge: Edge) -> str:
    named = f" {edge.name}" if edge.name else ""
    moving = f" ({edge.uri} as of now)" if edge.resolved else ""
    return f"{edge.kind}{named}{moving}" + (": " if named else " ")


def rows(graph: Graph) -> list[list[Any]]:
    """Return a row an arrow, for CSV and Markdown: from, kind, name, to, and what a person reads of where it comes from."""
    nodes = {node.id: node for node in graph.nodes}
    return [[edge.source, edge.kind, edge.name, edge.target, labels.long(nodes[edge.source])] for edge in graph.edges]


def origin(version: ModelVersion) -> str:
    """Return where a version came from in a few lines, empty where nothing but its maker is known."""
    run = version.run
    found = [("run", labels.of_run(run))] if run else []
    if run and run.code and (run.code.commit or run.code.repository):
        found.append(("code", labels.of_code(run.code)))
    found += [("data", f"{name}: {labels.of_data(artifact)}") for name, artifact in version.artifacts.items() if artifact.kind == "data"]
    found += [("parent", f"{name}: {link.uri}") for name, link in version.links.items() if parents.named(link.uri)]
    if not found:
        return ""
    lines = [("made by", f"{version.created_by} on {version.created_at}"), *found]
    return "comes from\n" + "".join(f"  {what:<8} {shown(said)}\n" for what, said in lines)
