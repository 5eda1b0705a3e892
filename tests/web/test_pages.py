"""Each page shows its facts, and what strangers wrote stands in it as text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gitreg.web import pages
from gitreg.web.facts.history import Filters
from tests.web.registries import ATTACK, poisoned, seen

VOID = {"meta", "link", "input", "img", "br"}
ALLOWED = {
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "div", "span", "nav", "main", "footer", "section", "h1", "h2", "p", "code", "strong",
    "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "form", "fieldset", "legend", "label", "input", "button", "output", "select", "option",
    "time", "abbr", "figure", "figcaption", "noscript", "svg", "g", "path", "rect", "text",
}  # fmt: skip


class Read(HTMLParser):
    """A page as a browser takes it apart: which elements and attributes there are, and that each is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another"


MAKERS = {
    "overview": lambda scene, _: pages.overview(scene),
    "model": pages.model,
    "version": lambda scene, name: pages.version(scene, name, 1),
    "comparison": lambda scene, name: pages.comparison(scene, name, [1, scene.snapshot.count(name)]),
    "history": lambda scene, _: pages.history(scene),
    "on_date": lambda scene, _: pages.on_date(scene),
    "problems": lambda scene, _: pages.problems(scene),
}


@pytest.fixture(params=[False, True], ids=["site", "live"])
def live(request):
    return request.param


@pytest.mark.parametrize("page", MAKERS)
def test_nothing_that_strangers_wrote_becomes_markup(page, live, registry):
    poisoned(registry)
    read = Read(MAKERS[page](seen(registry, live=live), "evil").html)

    assert read.open == []
    assert {tag for tag, _ in read.elements} - ALLOWED - {"title"} == set()
    assert [(tag, name) for tag, attributes in read.elements for name in attributes if name.startswith("on") or name == "style"] == []
    addresses = [value for _, attributes in read.elements for name, value in attributes.items() if name in ("href", "src", "action")]
    assert [each for each in addresses if each.split(":")[0].lower() in ("javascript", "data", "vbscript") or each.startswith("//")] == []


@pytest.mark.parametrize("page", MAKERS)
def test_every_script_is_a_file_or_data(page, iris, live):
    read = Read(MAKERS[page](seen(iris, live=live), "iris").html)
    scripts = [attributes for tag, attributes in read.elements if tag == "script"]

    assert [each for each in scripts if each.get("type") != "application/json" and "src" not in each] == []
    assert [tag for tag, _ in read.elements if tag == "style"] == []


@pytest.mark.parametrize("page", MAKERS)
def test_every_page_has_a_title_a_heading_and_a_language(page, iris):
    document = MAKERS[page](seen(iris), "iris")
    tags = [tag for tag, _ in Read(document.html).elements]

    assert (tags.count("h1"), tags.count("main"), tags.count("title") >= 1) == (1, 1, True)
    assert '<html lang="en">' in document.html
    assert document.title


@pytest.mark.parametrize("page", MAKERS)
def test_the_data_of_a_page_is_what_it_shows(page, iris):
    document = MAKERS[page](seen(iris), "iris")

    assert document.data["registry"] == "registry"


@pytest.mark.parametrize("page", ["overview", "history", "on_date", "problems"])
def test_an_empty_registry_has_whole_pages(page, registry, live):
    assert Read(MAKERS[page](seen(registry, live=live), "").html).open == []


def test_an_empty_registry_says_what_to_do(registry):
    assert "gitreg register MODEL" in pages.overview(seen(registry)).html


@pytest.mark.parametrize("page", ["model", "version", "comparison"])
def test_a_version_alone_without_metrics_has_whole_pages(page, registry):
    registry.register("x" * 100)

    assert Read(MAKERS[page](seen(registry), "x" * 100).html).open == []


def test_a_model_without_versions_has_a_page(registry):
    registry.create_model("iris")

    assert "No versions yet" in pages.model(seen(registry), "iris").html
    assert "No versions to compare yet" in pages.comparison(seen(registry), "iris").html


def test_a_page_on_localhost_and_a_file_say_the_same(iris):
    assert pages.version(seen(iris), "iris", 2).data == pages.version(seen(iris, live=True), "iris", 2).data


def test_a_row_that_is_kept_is_the_row_that_is_made(iris):
    before = pages.overview(seen(iris, live=True)).html
    iris.promote("iris@3", "production")

    after = pages.overview(seen(iris, live=True)).html

    assert before != after
    assert '/models/iris/3">3</a>' in after


def test_a_link_to_a_version_leads_to_its_page(iris):
    iris.register("iris", links={"base": "iris@production"})

    assert '<a href="/models/iris/1">iris@production</a>' in pages.version(seen(iris), "iris", 4).html


def test_the_pages_of_a_filtered_history_keep_the_filters(registry):
    with registry.transaction() as tx:
        for _ in range(150):
            tx.register("iris")
    scene = seen(registry, live=True)

    html = pages.history(scene, filters=Filters(model="iris", event="registered")).html

    assert 'href="/history/1?model=iris&amp;event=registered"' in html
    assert '<option value="registered" selected>' in html
    assert 'href="/history/index.json?model=iris&amp;event=registered"' in html


def test_what_a_filter_asks_for_is_text(iris):
    html = pages.history(seen(iris, live=True), filters=Filters(model=ATTACK, by=ATTACK)).html

    assert "<img" not in html
    assert Read(html).open == []
    assert "Nothing of that kind happened" in html


def test_the_filter_knows_every_kind_of_event():
    from gitreg.operations import events

    assert set(pages.KINDS) == set(events._ORDER)
