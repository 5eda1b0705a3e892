"""Where the pages are, as one page links to them."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from gitreg.web.links import LiveLinks, SiteLinks


@pytest.mark.parametrize("page", ["index.html", "history/3.html", "models/team/iris/7.html"])
def test_links_of_a_site_lead_to_the_same_files_from_wherever_they_stand(page):
    links = SiteLinks(page)
    base = f"file:///site/{page}"

    found = [urljoin(base, each) for each in (links.overview(), links.model("team/iris"), links.version("team/iris", 7), links.history(2), links.on("2026-11-22"), links.static("style.css"), links.comparison("iris", [1, 2]))]

    assert found == [
        "file:///site/index.html", "file:///site/models/team/iris/index.html", "file:///site/models/team/iris/7.html", "file:///site/history/2.html",
        "file:///site/on.html?date=2026-11-22", "file:///site/static/style.css", "file:///site/models/iris/compare.html?v=1&v=2",
    ]  # fmt: skip


def test_links_of_a_site_are_relative():
    links = SiteLinks("models/iris/index.html")

    assert not [each for each in (links.overview(), links.model("iris"), links.history(), links.on(), links.problems(), links.static("x")) if each.startswith("/") or ":" in each]


def test_the_json_beside_a_page_has_its_name():
    assert SiteLinks("index.html").data("models/iris/7.html?x=1") == "models/iris/7.json"
    assert [LiveLinks().data(page) for page in ("/", "/models/iris/7", "/models/iris/compare?v=1", "/history/")] == ["/index.json", "/models/iris/7.json", "/models/iris/compare.json?v=1", "/history/index.json"]


def test_a_name_cannot_lead_elsewhere():
    assert LiveLinks().model('x"?#&/../y') == "/models/x%22%3F%23%26/../y/"
    assert '"' not in SiteLinks("index.html").model('x"')


def test_links_of_the_page_on_localhost_are_all_the_same():
    assert len({LiveLinks(), LiveLinks()}) == 1
