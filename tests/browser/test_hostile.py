"""What strangers wrote is text: nothing of it runs, is opened, is loaded, or becomes part of a page."""

from __future__ import annotations

import json
import shutil

import pytest

from gitreg import Registry
from tests.browser.conftest import served
from tests.browser.hostile import ADDRESSES, FOLDER, MARKUP, MODEL, RUN

VERSIONS = range(1, len(MARKUP) + 1)
PAGES = {
    "overview": lambda to: to.overview(),
    "model": lambda to: to.model(MODEL),
    **{f"version {n}": lambda to, n=n: to.version(MODEL, n) for n in VERSIONS},
    "comparison": lambda to: to.comparison(MODEL, tuple(VERSIONS)),
    "history": lambda to: to.history(),
    "date": lambda to: to.on("2026-01-20"),
    "problems": lambda to: to.problems(),
}
# what a page of ours never has, whoever wrote it
STRANGE = """() => [...document.querySelectorAll('*')].flatMap(each => [
    ...each.getAttributeNames().filter(name => /^on|^style$|srcdoc|^formaction$/.test(name)).map(name => `${name} in ${each.outerHTML.slice(0, 200)}`),
    ...(each.matches('.pwned, pwned-tag, base, iframe, object, embed, [http-equiv=refresh]') ? [each.outerHTML.slice(0, 200)] : []),
    ...(each.matches('script:not([src])') && each.type !== 'application/json' ? [each.outerHTML.slice(0, 200)] : []),
    ...(each.matches('form') && new URL(each.action).host !== location.host ? [each.outerHTML.slice(0, 200)] : []),
])"""
ELEMENTS = "() => [...new Set([...document.querySelectorAll('svg, svg *')].map(each => each.tagName))].sort()"
LINKS = "() => [...document.querySelectorAll('a, area, svg a')].map(each => new URL(each.href.baseVal ?? each.href, document.baseURI).href)"
TOUCH = """() => document.querySelectorAll('*').forEach(each => ['mouseover', 'mouseenter', 'focus', 'toggle', 'animationstart', 'load', 'error']
    .forEach(name => each.dispatchEvent(new Event(name))))"""
SVG = {"svg", "a", "g", "title", "desc", "defs", "marker", "rect", "circle", "line", "path", "polyline", "polygon", "text", "tspan"}


@pytest.fixture(params=("site", "ui"))
def place(request):
    return request.getfixturevalue(request.param)("hostile")


@pytest.mark.parametrize("name", PAGES)
def test_what_strangers_wrote_does_nothing_in_a_browser(place, browse, name):
    quiet, page = browse(scripts=False), browse()
    address = PAGES[name](place.links)

    place.opened(quiet, address)
    place.opened(page, address)
    page.evaluate(TOUCH)

    assert quiet.evaluate(STRANGE) == []
    assert page.evaluate("window.pwned ?? null") is None
    assert page.evaluate("document.querySelector('.pwned, pwned-tag')") is None
    assert set(page.evaluate(ELEMENTS)) <= SVG
    assert "829348951" not in page.content()  # what a template engine would make of one of them
    assert [link for link in page.evaluate(LINKS) if not _harmless(link, place.base)] == []


def _harmless(link: str, base: str) -> bool:
    return link.startswith((base, "#", "mailto:")) or (link.startswith(("https://example.org/", "http://example.org/")) and '"' not in link)


def test_an_attack_stands_on_its_page_as_it_was_written(place, browse):
    page = browse(scripts=False)

    missing = [text for number, text in zip(VERSIONS, MARKUP, strict=True) if text.isprintable() and text not in _text(place.opened(page, place.links.version(MODEL, number)))]

    assert missing == []


def _text(page) -> str:
    return page.locator("main").evaluate("each => each.textContent")


def test_of_addresses_only_harmless_ones_are_links(place, browse):
    page = place.opened(browse(), place.links.model(MODEL))

    away = {link for link in page.evaluate(LINKS) if not link.startswith(place.base)}

    assert ADDRESSES["good"] in away
    assert all(link.startswith("https://example.org/") for link in away)
    assert ADDRESSES["script"] in _text(page)


@pytest.mark.parametrize("name", ("model", "comparison"))
def test_data_for_scripts_says_what_was_written_and_ends_where_it_should(place, browse, name):
    page = place.opened(browse(scripts=False), PAGES[name](place.links))

    found = page.evaluate("() => [...document.querySelectorAll('script[type=\"application/json\"]')].map(each => each.textContent)")

    assert found
    assert all(f"</script><script>{RUN}</script>"[:30] in json.dumps(json.loads(each)) for each in found)


def test_events_that_a_filter_brings_back_are_inert(site, browse):
    place = site("hostile")
    page = place.opened(browse(), place.links.history())

    page.get_by_role("searchbox").press_sequentially("hostile")
    page.locator("output", has_text=" of ").wait_for()
    page.evaluate(TOUCH)

    assert page.locator(".events li").count() > len(MARKUP)
    assert page.evaluate(STRANGE) == []
    assert page.evaluate("window.pwned ?? null") is None


def test_the_json_beside_a_page_says_what_was_written(site):
    place = site("hostile")

    card = json.loads((place.folder / place.links.data(place.links.model(MODEL))).read_text())["card"]

    assert card["description"] == f"description: {MARKUP[0]}"


def test_a_change_of_what_strangers_wrote_is_shown_inert(made, tmp_path, browse):
    with served(shutil.copytree(made("hostile"), tmp_path / FOLDER)) as place:
        page = browse()
        for number in (7, 9, 10, 13):
            place.opened(page, f"/change/promote?model={MODEL}&number={number}")
            page.get_by_role("radio", name="production").check()
            page.get_by_label("Reason").fill(MARKUP[number % len(MARKUP)])
            page.get_by_role("button", name="Show what it would do").click()
            page.evaluate(TOUCH)
            shown = page.evaluate(STRANGE)
            page.get_by_role("button", name="Promote", exact=True).click()
            page.get_by_role("heading", name="Done").wait_for()

            assert shown == []
            assert page.evaluate(STRANGE) == []
            assert page.evaluate("window.pwned ?? null") is None
        with Registry.open(place.folder) as registry:
            assert registry.get(f"{MODEL}@production").number == 13


def test_a_description_survives_the_form_that_edits_it(made, tmp_path, browse):
    with served(shutil.copytree(made("hostile"), tmp_path / FOLDER)) as place:
        page = place.opened(browse(), f"/change/edit?model={MODEL}&number=3")

        found = page.get_by_label("Description").input_value()

        assert found == MARKUP[2]
