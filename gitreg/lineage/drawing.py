"""A lineage as a drawing: Mermaid, which git hosts show in Markdown, and dot, which graphviz draws. Pure.

What strangers wrote stands in labels alone, and there as text: it ends no quotes, and is no markup, no link and no directive.
Arrows point from what was there first to what was made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.lineage import labels
from gitreg.names import shown

if TYPE_CHECKING:
    from gitreg.lineage.graph import Graph

_LONGEST = 120  # characters of a label, before it is escaped
_PLAIN = frozenset(" ._/@+=,-")  # beside letters and digits: what no reader of Mermaid makes anything of; ':' starts styles, '#' an entity
_MERMAID = {"version": ('["', '"]'), "data": ('[("', '")]'), "code": ('{{"', '"}}'), "run": ('("', '")'), "missing": ('["', '"]')}
_DOT = {"version": "box", "data": "cylinder", "code": "hexagon", "run": "ellipse", "missing": "box"}


def mermaid(graph: Graph) -> str:
    """Return *graph* as a flowchart of Mermaid; things are called ``n0``, ``n1`` … there."""
    ids = {node.id: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        opening, closing = _MERMAID[node.kind]
        lines.append(f"  {ids[node.id]}{opening}{_entities(labels.short(node))}{closing}")
    for edge in graph.edges:
        said = _entities(labels.edge(edge))
        lines.append(f"  {ids[edge.source]} -->" + (f'|"{said}"| ' if said else " ") + ids[edge.target])
    lines += [f"  style {ids[node.id]} stroke-dasharray:4" for node in graph.nodes if node.kind == "missing"]
    lines.append(f"  style {ids[graph.root]} stroke-width:3px")
    return "".join(f"{line}\n" for line in lines)


def _entities(text: str) -> str:
    """Return *text* for a quoted label of Mermaid: all but letters, digits and a few signs by number."""
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in _line(text))


def dot(graph: Graph) -> str:
    """Return *graph* in graphviz's language; things are called ``n0``, ``n1`` … there."""
    ids = {node.id: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["digraph lineage {", "  rankdir=LR;"]
    for node in graph.nodes:
        style = ", style=dashed" if node.kind == "missing" else ", penwidth=2" if node.id == graph.root else ""
        lines.append(f"  {ids[node.id]} [label={_quoted(labels.short(node))}, shape={_DOT[node.kind]}{style}];")
    for edge in graph.edges:
        said = labels.edge(edge)
        lines.append(f"  {ids[edge.source]} -> {ids[edge.target]}" + (f" [label={_quoted(said)}];" if said else ";"))
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _quoted(text: str) -> str:
    """Return *text* as a quoted string of dot, in which a backslash is an escape and ``&`` an entity."""
    return '"' + _line(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(text: str) -> str:
    cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return shown(cut)
