"""A lineage and a timeline as SVG: in order, and inert."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from gitreg.lineage.walk import lineage
from gitreg.web import drawing
from gitreg.web.links import SiteLinks
from gitreg.web.timeline import timeline
from tests.lineage import registry as traced
from tests.web.registries import ATTACK

STAGES = ("staging", "production")


def drawn(view, selector: str) -> str:
    return drawing.lineage(lineage(view, selector).as_dict(), SiteLinks("index.html"))


def across(svg: str) -> dict[str, int]:
    """Return by text where its box stands, from left to right."""
    return {match[2]: int(match[1]) for match in re.finditer(r'<text x="(\d+)" y="\d+">([^<]*)</text>', svg)}


def spell(number: int, stage: str = "production", at: str = "2026-01-01T00:00:00Z", until: str | None = None, **facts) -> dict:
    return {"stage": stage, "number": number, "version": str(number), "from": at, "until": until, "by": "Name", "reason": "", "commit": "c", "kind": None, "forced": [], **facts}


def test_what_was_there_first_stands_left_of_what_was_made_of_it():
    found = across(drawn(traced.chain(4), "iris@4"))

    assert sorted(found, key=found.get) == ["iris@1", "iris@2", "iris@3", "iris@4"]


def test_a_circle_is_drawn_and_ends():
    view = traced.registry(iris=[{"links": traced.linked(base="iris@2")}, {"links": traced.linked(base="iris@1")}])

    assert set(across(drawn(view, "iris@2"))) == {"iris@1", "iris@2"}


def test_runs_and_code_of_parents_are_left_to_their_own_pages():
    view = traced.registry(iris=[{"run": traced.run("first")}, {"run": traced.run("second", pipeline="second"), "links": traced.linked(base="iris@1")}])

    assert set(across(drawn(view, "iris@2"))) == {"iris@1", "iris@2", "second / fit", traced.COMMIT[:12]}


def test_a_version_is_a_link_and_the_one_that_the_page_is_of_is_none():
    svg = drawn(traced.chain(2), "iris@2")

    assert re.findall(r'<a href="([^"]*)"', svg) == ["models/iris/1.html"]


def test_what_strangers_wrote_is_text_in_a_lineage():
    view = traced.registry(iris=[{"artifacts": {ATTACK: traced.data(ATTACK)}, "links": traced.linked(**{ATTACK: "gone@7"}), "run": traced.run(ATTACK, pipeline=ATTACK)}])
    svg = drawn(view, "iris@1")

    ET.fromstring(svg)
    assert not re.search(r"<(script|img|svg onload)", svg)


def test_a_bar_ends_where_the_next_begins():
    svg = timeline([spell(1, until="2026-02-01T00:00:00Z"), spell(2, at="2026-02-01T00:00:00Z")], STAGES, SiteLinks("index.html"), "iris", "2026-03-01T00:00:00Z")
    bars = [(float(match[1]), float(match[2])) for match in re.finditer(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)]

    assert bars[0][0] + bars[0][1] == pytest.approx(bars[1][0], abs=0.2)
    assert svg.count('class="spell now"') == 1


def test_the_holder_of_now_is_named_though_it_came_last():
    svg = timeline([spell(1, until="2026-02-01T00:00:00Z"), spell(2, at="2026-02-01T00:00:00Z")], STAGES, SiteLinks("index.html"), "iris", "2026-02-01T00:00:00Z")

    texts = [text.text for text in ET.fromstring(svg).iter("text")]
    right = max(float(rect.get("x")) + float(rect.get("width")) for rect in ET.fromstring(svg).iter("rect"))
    assert {"1", "2"} <= set(texts)
    assert right < float(ET.fromstring(svg).get("width"))


def test_a_timeline_of_one_moment_is_drawn():
    drawn = ET.fromstring(timeline([spell(1)], STAGES, SiteLinks("index.html"), "iris", "2026-01-01T00:00:00Z"))

    (bar,) = drawn.iter("rect")
    left, width = float(bar.get("x")), float(bar.get("width"))
    assert width > 0
    assert left + width <= float(drawn.get("width"))


def test_without_times_there_is_no_timeline():
    assert timeline([spell(1, at=None)], STAGES, SiteLinks("index.html"), "iris", None) == ""
    assert timeline([], STAGES, SiteLinks("index.html"), "iris", None) == ""


def test_what_strangers_wrote_is_text_in_a_timeline():
    svg = timeline([spell(1, reason=ATTACK, by=ATTACK)], STAGES, SiteLinks("index.html"), "iris", None)

    ET.fromstring(svg)
    assert "<script" not in svg
