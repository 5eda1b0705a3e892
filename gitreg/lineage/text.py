"""A lineage as lines that a person reads: a tree, what a thing was made of indented below it. Pure; what a terminal could obey is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.lineage import labels, parents
from gitreg.lineage.graph import by
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.lineage.graph import Edge, Graph
    from gitreg.records import ModelVersion

COLUMNS = ("from", "kind", "name", "to", "what")
_MOST = 8  # versions that are named as users of data
_ORDER = {"run": 0, "code": 1, "data": 2, "parent": 3, "used": 4}


def tree(graph: Graph) -> str:
    """Return *graph* as a tree from its root; what stands there already is not told twice."""
    return "".join(f"{'  ' * depth}{shown(line)}\n" for depth, line in _lines(graph))


def _lines(graph: Graph) -> Iterator[tuple[int, str]]:
    nodes = {node.id: node for node in graph.nodes}
    branches = _Branches(graph)
    told = {(graph.root, False)} if graph.downstream else set()  # either way: its own line tells both
    stack = [_Branch(0, graph.root, "", forth=graph.downstream)]
    while stack:  # a recursion would end at a thousand generations
        depth, node_id, before, forth = stack.pop()
        below = list(branches.below(node_id, depth, forth=forth))
        again = (node_id, forth) in told and bool(below)
        after = ", see above" if again else " (there is more)" if node_id in graph.cut else ""
        yield depth, before + labels.long(nodes[node_id]) + after + branches.others(node_id)
        told.add((node_id, forth))
        if not again:
            stack += reversed(below)


class _Branch(NamedTuple):
    """A thing that stands in the tree, the words before it, and whether what was made of it follows (else what it was made of)."""

    depth: int
    node_id: str
    before: str
    forth: bool = False


class _Branches:
    """What stands below a thing: what it was made of, and with ``--downstream`` what was made of the root, and of that."""

    def __init__(self, graph: Graph) -> None:
        self._root = graph.root
        self._into, self._out = by(graph.edges, "target"), by(graph.edges, "source")

    def below(self, node_id: str, depth: int, *, forth: bool) -> Iterator[_Branch]:
        """Yield the things below."""
        if node_id == self._root or not forth:
            for edge in sorted(self._into.get(node_id, ()), key=lambda each: _ORDER[each.kind]):
                if edge.kind != "used":
                    yield _Branch(depth + 1, edge.source, _word(edge))
        for edge in self._out.get(node_id, ()):
            if edge.kind == "used" and (node_id == self._root or not forth):
                yield _Branch(depth + 1, edge.target, "used by run ")
            elif edge.kind == "parent" and forth:
                yield _Branch(depth + 1, edge.target, f"child, which calls it {edge.name}: ", forth=True)

    def others(self, node_id: str) -> str:
        """Return which versions used this data, where there are more than one."""
        users = list(dict.fromkeys(edge.target for edge in self._out.get(node_id, ()) if edge.kind == "data"))
        more = f" and {len(users) - _MOST} more" if len(users) > _MOST else ""
        return f", data of {', '.join(users[:_MOST])}{more}" if users[1:] else ""


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
