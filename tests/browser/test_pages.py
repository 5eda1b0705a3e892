"""Every page, of a site and of ``gitreg ui``, at two widths and in both colour schemes."""

from __future__ import annotations

import pytest

from tests.browser.hostile import MODEL
from tests.browser.registries import LONG
from tests.browser.watching import shifted, violations, wider

LONGEST = """() => Math.max(...[...document.querySelectorAll('main p, main dd, main li > span')].map(each => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return range.getBoundingClientRect().width / parseFloat(getComputedStyle(each).fontSize);
}))"""  # the widest text that runs on, in em
PAGES = {
    "overview": ("varied", lambda to: to.overview()),
    "model": ("varied", lambda to: to.model("churn")),
    "version": ("varied", lambda to: to.version("churn", 2)),
    "failed version": ("varied", lambda to: to.version("churn", 5)),
    "yanked version": ("varied", lambda to: to.version("churn", 6)),
    "comparison": ("varied", lambda to: to.comparison("churn", (1, 2, 4))),
    "history": ("varied", lambda to: to.history()),
    "date": ("varied", lambda to: to.on("2026-01-10")),
    "problems": ("varied", lambda to: to.problems()),
    "empty overview": ("empty", lambda to: to.overview()),
    "empty history": ("empty", lambda to: to.history()),
    "empty date": ("empty", lambda to: to.on()),
    "plain overview": ("plain", lambda to: to.overview()),
    "one version": ("plain", lambda to: to.model("one")),
    "no version": ("plain", lambda to: to.model("none")),
    "nothing to compare": ("plain", lambda to: to.comparison("none")),
    "no metrics": ("plain", lambda to: to.model("unmeasured")),
    "long name": ("plain", lambda to: to.model(LONG)),
    "long version": ("plain", lambda to: to.version(LONG, 2)),
    "long comparison": ("plain", lambda to: to.comparison(LONG, (1, 2))),
    "500 versions": ("plain", lambda to: to.model("many")),
    "hostile model": ("hostile", lambda to: to.model(MODEL)),
}


@pytest.fixture(params=("site", "ui"))
def shown(request):
    """Return where a registry is shown, as files and as a server in turn."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("width", (360, 1280))
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_window_and_axe_finds_nothing_serious_in_light_and_dark(shown, browse, name, width):
    registry, address = PAGES[name]
    place = shown(registry)

    page = place.opened(browse(width=width), address(place.links))
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = violations(page, colours=True)

    assert wider(page) == []
    assert light == []
    assert dark == []


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_the_colours_follow_the_system(site, browse, scheme):
    page = site("varied").opened(browse(scheme=scheme), "index.html")

    red, green, blue = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/g).map(Number)")

    assert (red + green + blue > 600) == (scheme == "light")


@pytest.mark.parametrize("name", ("overview", "model", "version", "comparison"))
def test_a_page_is_readable_on_a_very_wide_screen(site, browse, name):
    registry, address = PAGES[name]
    place = site(registry)

    page = place.opened(browse(width=2560), address(place.links))

    assert wider(page) == []
    assert page.evaluate(LONGEST) < 80


@pytest.mark.parametrize("width", (360, 1280))
@pytest.mark.parametrize("name", ("overview", "model", "version", "comparison", "history", "500 versions"))
def test_nothing_jumps_while_a_page_is_made_alive(site, browse, name, width):
    registry, address = PAGES[name]
    place = site(registry)

    page = place.opened(browse(width=width), address(place.links))

    assert shifted(page) == []
