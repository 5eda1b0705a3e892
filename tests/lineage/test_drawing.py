"""Mermaid and dot: strangers' text is text there, whatever it is; graphviz itself reads what is drawn."""

from __future__ import annotations

import html
import json
import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitreg.lineage import labels
from gitreg.lineage.drawing import dot, mermaid
from gitreg.lineage.graph import Edge, Graph, Node
from gitreg.lineage.walk import lineage
from gitreg.names import shown
from tests import strategies
from tests.lineage.registry import TRAIN, data, linked, registry, run
from tests.operations.views import held

_LABEL = r"((?:\w|[ ./@+=,-]|#[0-9]+;)*)"
_LINES = (
    re.compile(rf'  n[0-9]+(?:\["{_LABEL}"\]|\[\("{_LABEL}"\)\]|\{{\{{"{_LABEL}"\}}\}}|\("{_LABEL}"\))'),
    re.compile(rf'  n[0-9]+ -->(?:\|"{_LABEL}"\|)? n[0-9]+'),
    re.compile(r"  style n[0-9]+ (?:stroke-dasharray:4|stroke-width:3px)"),
)
HOSTILE = (
    '"]', '"];\n  click n0 "javascript:alert(1)"', 'click n0 href "https://evil.example"', "javascript:alert(1)", "<img src=x onerror=alert(1)>", "#quot;", "&quot;", "%%{init: {}}%%",
    "`**markdown**`", "end", "subgraph x", "style n0:x#y;", '\\"', "\\", '\\", URL="javascript:alert(1)', '"; n9 [URL="x"]; "', "\\N\\G\\l", "</a>", "---\ntitle: x\n---", "\ud800", "ﬂ°°60¶ß",
    "\x1b[31m", "\u202e", "a\u2028b", "", " ", "日本語 ü", "x" * 500, '"' * 500, "::error::x", "classDef x:y#z;",
)  # fmt: skip
texts = st.one_of(strategies.texts, st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join))


def drawn(names):
    """Return a graph in which each of *names* is everything that a stranger can write."""
    nodes = [Node(id="iris@1", kind="version", facts={"model": "iris", "number": 1, "version": "1", "stage": None, "status": "ready", "yanked": False})]
    edges = []
    for index, text in enumerate(names):
        nodes += [
            Node(id=f"data:{index}", kind="data", facts={"uri": text, "sha256": None, "md5": None}),
            Node(id=f"code:{index}", kind="code", facts={"repository": text, "commit": text, "dirty": True}),
            Node(id=f"run:{index}", kind="run", facts={"run": text, "pipeline": text, "step": text}),
            Node(id=f"missing:{index}", kind="missing", facts={"uri": text, "problem": text}),
        ]
        edges += [Edge(source=node.id, target="iris@1", kind="parent", name=text, uri=text, resolved=text or None) for node in nodes[-4:]]
    return Graph(root="iris@1", commit=None, nodes=tuple(nodes), edges=tuple(edges))


def read_mermaid(text):
    """Return the texts of the labels, nodes' first, if every line is what a flowchart may hold, and nothing else."""
    header, *lines = text.removesuffix("\n").split("\n")
    assert header == "flowchart LR"
    found = []
    for line in lines:
        match = next((match for each in _LINES if (match := each.fullmatch(line))), None)
        assert match, line
        found += [re.sub("#([0-9]+);", lambda number: chr(int(number[1])), label) for label in match.groups() if label is not None]
    return found


def expected(graph):
    said = [labels.short(node) for node in graph.nodes] + [labels.edge(edge) for edge in graph.edges]
    return [shown(text if len(text) <= 120 else f"{text[:119]}…") for text in said]


@given(st.lists(texts, max_size=4))
@example(list(HOSTILE))
@settings(max_examples=150, deadline=None)
def test_whatever_strangers_write_is_text_in_a_label_of_mermaid(names):
    graph = drawn(names)

    assert read_mermaid(mermaid(graph)) == [text for index, text in enumerate(expected(graph)) if text or index < len(graph.nodes)]


@given(st.lists(texts, max_size=4))
@example(list(HOSTILE))
@settings(max_examples=25, deadline=None)
def test_whatever_strangers_write_is_text_in_a_label_for_graphviz(names):
    graph = drawn(names)

    done = subprocess.run(["dot", "-Tdot_json"], input=dot(graph).encode(), capture_output=True, check=True)

    read = json.loads(done.stdout)
    told = [each.get("label", "") for each in [*read.get("objects", []), *read.get("edges", [])]]
    assert [html.unescape(label).replace('\\"', '"').replace("\\\\", "\\") for label in told] == expected(graph)
    assert {name for each in read["objects"] for name in each} <= {"_gvid", "name", "label", "shape", "style", "penwidth"}
    assert done.stderr == b""


def test_a_drawing_of_graphviz_holds_no_link_and_no_script():
    done = subprocess.run(["dot", "-Tsvg"], input=dot(drawn(HOSTILE)).encode(), capture_output=True, check=True)

    assert re.findall(rb"<(?:a|script|img|image)[ >]|xlink:href", done.stdout) == []


@pytest.fixture
def graph():
    made = [{"run": run(), "artifacts": {"train": data("train.csv", TRAIN)}, "links": linked(base="base@production", gone="base@9")}]
    return lineage(registry(base=[{"version": "1.0"}], iris=made, stages={"base": held(production=1)}), "iris")


def test_mermaid_is_a_flowchart_from_what_was_there_first(graph):
    assert mermaid(graph) == (
        "flowchart LR\n"
        '  n0["iris@1"]\n'
        '  n1("training / fit, 42")\n'
        '  n2{{"cccccccccccc of https#58;//git.example.org/team/iris"}}\n'
        '  n3[("train.csv #40;sha256 aaaaaaaaaaaa#41;")]\n'
        '  n4["base@1 #40;1.0#41;, production"]\n'
        '  n5["base@9#58; model #39;base#39; has no version 9, it has 1"]\n'
        '  n2 -->|"code"| n1\n'
        "  n1 --> n0\n"
        '  n3 -->|"train"| n0\n'
        '  n4 -->|"base, base@production as of now"| n0\n'
        '  n5 -->|"gone"| n0\n'
        "  style n5 stroke-dasharray:4\n"
        "  style n0 stroke-width:3px\n"
    )


def test_dot_is_a_graph_from_what_was_there_first(graph):
    assert dot(graph) == (
        "digraph lineage {\n"
        "  rankdir=LR;\n"
        '  n0 [label="iris@1", shape=box, penwidth=2];\n'
        '  n1 [label="training / fit, 42", shape=ellipse];\n'
        '  n2 [label="cccccccccccc of https://git.example.org/team/iris", shape=hexagon];\n'
        '  n3 [label="train.csv (sha256 aaaaaaaaaaaa)", shape=cylinder];\n'
        '  n4 [label="base@1 (1.0), production", shape=box];\n'
        "  n5 [label=\"base@9: model 'base' has no version 9, it has 1\", shape=box, style=dashed];\n"
        '  n2 -> n1 [label="code"];\n'
        "  n1 -> n0;\n"
        '  n3 -> n0 [label="train"];\n'
        '  n4 -> n0 [label="base, base@production as of now"];\n'
        '  n5 -> n0 [label="gone"];\n'
        "}\n"
    )
