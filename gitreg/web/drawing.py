"""A lineage as a drawing, made on the server: SVG that needs no script. What strangers wrote is text in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gitreg import names
from gitreg.lineage import labels
from gitreg.lineage.graph import Node

if TYPE_CHECKING:
    from gitreg.web.links import Links

_WIDE, _TALL, _ACROSS, _DOWN = 216, 44, 72, 16  # a box, and the room between boxes
_ORDER = {"version": 0, "missing": 1, "run": 2, "code": 3, "data": 4}  # from above
_LONGEST = 30  # characters in a box


def lineage(graph: dict[str, Any], links: Links) -> Markup:
    """Return a lineage from left to right: what was there first stands left of what was made of it."""
    graph = _told(graph)
    columns = _columns(graph)
    places = {node: (index * (_WIDE + _ACROSS) + 2, row * (_TALL + _DOWN) + 2) for index, column in enumerate(columns) for row, node in enumerate(column)}
    nodes = {node["id"]: node for node in graph["nodes"]}
    width = len(columns) * (_WIDE + _ACROSS) - _ACROSS + 4
    height = max(len(column) for column in columns) * (_TALL + _DOWN) - _DOWN + 4
    arrows = Markup("").join(_arrow(edge, places) for edge in graph["edges"])
    boxes = Markup("").join(_box(nodes[node], places[node], root=node == graph["root"], links=links) for node in places)
    whole = Markup('<svg class="lineage" width="%d" height="%d" viewBox="0 0 %d %d" role="group" aria-label="%s">%s%s</svg>')
    return whole % (width, height, width, height, f"What {graph['root']} was made of", arrows, boxes)


def _told(graph: dict[str, Any]) -> dict[str, Any]:
    """Return what a picture can tell: versions and data, and of runs and code those of the root alone."""
    own = {graph["root"]}
    for _ in range(2):  # its run, and the run's code
        own |= {edge["from"] for edge in graph["edges"] if edge["to"] in own and edge["kind"] in ("run", "code")}
    own |= {edge["to"] for edge in graph["edges"] if edge["kind"] == "used" and edge["from"] == graph["root"]}
    kept = {node["id"] for node in graph["nodes"] if node["kind"] not in ("run", "code") or node["id"] in own}
    nodes = sorted((node for node in graph["nodes"] if node["id"] in kept), key=lambda node: _ORDER[node["kind"]])
    return {**graph, "nodes": nodes, "edges": [edge for edge in graph["edges"] if {edge["from"], edge["to"]} <= kept]}


def _columns(graph: dict[str, Any]) -> list[list[str]]:
    """Return the things by column: each stands left of all that was made of it; a circle is cut where it closes."""
    depth = {graph["root"]: 0}
    row, left = [graph["root"]], len(graph["nodes"])
    into: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        if edge["kind"] == "used":
            depth[edge["to"]] = -1
        else:
            into.setdefault(edge["to"], []).append(edge["from"])
    level = 0
    while row and level < left:  # a longer way than there are things is a circle
        level += 1
        row = list(dict.fromkeys(source for node in row for source in into.get(node, ()) if source != graph["root"]))
        depth |= dict.fromkeys(row, level)
    for node in graph["nodes"]:
        depth.setdefault(node["id"], 1)
    used = sorted(set(depth.values()), reverse=True)
    return [[node["id"] for node in graph["nodes"] if depth[node["id"]] == level] for level in used]


def _arrow(edge: dict[str, Any], places: dict[str, tuple[int, int]]) -> Markup:
    (x1, y1), (x2, y2) = places[edge["from"]], places[edge["to"]]
    x1, y1, y2 = x1 + _WIDE, y1 + _TALL // 2, y2 + _TALL // 2
    bend = max((x2 - x1) // 2, 24)
    said = edge["name"] or ("" if edge["kind"] == "run" else edge["kind"])
    title = said + (f", {edge['uri']}" if edge["uri"] else "")
    return Markup('<g class="arrow"><title>%s</title><path d="M%d %dC%d %d %d %d %d %d"/><path class="head" d="M%d %dl-7 -4v8z"/></g>') % (
        names.shown(title), x1, y1, x1 + bend, y1, x2 - bend, y2, x2 - 5, y2, x2, y2)  # fmt: skip


def _box(node: dict[str, Any], place: tuple[int, int], *, root: bool, links: Links) -> Markup:
    facts = {name: value for name, value in node.items() if name not in ("id", "kind")}
    said = names.shown(labels.short(Node(id=node["id"], kind=node["kind"], facts=facts)))
    kind, (x, y) = node["kind"], place
    first, second = _two(kind, facts, said)
    text = Markup('<text x="%d" y="%d">%s</text><text class="small" x="%d" y="%d">%s</text>') % (x + 12, y + 19, cut(first), x + 12, y + 34, cut(second, 36))
    drawn = Markup('<g class="box %s%s"><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6"/>%s</g>') % (kind, " root" if root else "", said, x, y, _WIDE, _TALL, text)
    if kind == "version" and not root:
        return Markup('<a href="%s">%s</a>') % (links.version(facts["model"], facts["number"]), drawn)
    return drawn


def _two(kind: str, facts: dict[str, Any], said: str) -> tuple[str, str]:
    """Return the two lines of a box: what it is, and of what kind."""
    if kind == "version":
        named = "" if facts["version"] == str(facts["number"]) else f"{facts['version']}, "
        state = "yanked" if facts["yanked"] else facts["stage"] or (facts["status"] if facts["status"] != "ready" else "version")
        return f"{facts['model']}@{facts['number']}", f"{named}{state}"
    if kind == "data":
        return facts["uri"], f"data, {(facts['sha256'] or facts['md5'] or 'no digest')[:12]}"
    if kind == "code":
        return (facts["commit"] or facts["repository"] or "code")[:12], "code" + (", with changes" if facts["dirty"] else "")
    if kind == "run":
        return " / ".join(each for each in (facts["pipeline"], facts["step"]) if each) or facts["run"], "run"
    return said, "is not there"


def cut(text: str, longest: int = _LONGEST) -> str:
    """Return *text* as a drawing has room for it, with what is not seen escaped."""
    shown = names.shown(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
