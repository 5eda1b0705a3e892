"""What the other tests rely on: a page that does what it must not is told of."""

from __future__ import annotations

import html

import pytest

from tests.browser.hostile import MODEL
from tests.browser.test_hostile import STRANGE
from tests.browser.watching import shifted, violations, wider

HEAD = "<!doctype html><html lang=en><title>x</title>"
BAD = {
    "console: oh": "<script>console.error('oh')</script>",
    "script: oh": "<script>throw 'oh'</script>",
    "dialog: oh": "<script>alert('oh')</script>",
    "left the machine: https://evil.example/x.png": "<img src=https://evil.example/x.png>",
    "failed: file:///no/such/file.js": "<script src=file:///no/such/file.js></script>",
    "console: .*inline script": "<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\"><script>1</script>",
}


@pytest.fixture
def page_of(tmp_path):
    """Write a page, and return its address."""

    def page_of(body: str) -> str:
        (tmp_path / "page.html").write_text(HEAD + body)
        return (tmp_path / "page.html").as_uri()

    return page_of


@pytest.mark.parametrize("told", BAD)
def test_what_a_page_must_not_do_is_told(chromium, page_of, told):
    with pytest.raises(AssertionError, match=told), chromium.watched() as opened:
        page = opened()
        page.goto(page_of(BAD[told]))


def test_a_page_that_is_wider_than_its_window_is_told(browse, page_of):
    page = browse(width=360)

    page.goto(page_of("<p style='width: 500px'>x</p>"))

    assert len(wider(page)) == 1


def test_what_jumps_is_told(browse, page_of):
    page = browse()

    page.goto(page_of("<p>moves</p><script>requestAnimationFrame(() => requestAnimationFrame(() => document.body.prepend(Object.assign(document.createElement('hr'), {style: 'height: 300px'}))))</script>"))

    page.locator("hr").wait_for()
    assert shifted(page) != []


def test_what_axe_finds_is_told(browse, page_of):
    page = browse()

    page.goto(page_of("<p style='color: #ccc; background: #fff'>hardly seen</p><input>"))

    assert {found.partition(":")[0] for found in violations(page)} == {"color-contrast", "label"}


def test_attacks_that_were_not_escaped_are_told(site, tmp_path, chromium):
    place = site("hostile")
    unsafe = html.unescape((place.folder / place.links.version(MODEL, 3)).read_text())
    (tmp_path / "unsafe.html").write_text(unsafe)

    with pytest.raises(AssertionError), chromium.watched() as opened:
        page = opened(scripts=False)
        page.goto((tmp_path / "unsafe.html").as_uri())
        found = page.evaluate(STRANGE)

    assert any("onerror" in each for each in found)
