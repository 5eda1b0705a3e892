"""What scripts add: filtering, plots, the date field, times as people say them; and that all else is there without them."""

from __future__ import annotations

import re

import pytest

from gitreg import Registry
from tests.browser.watching import wider

NOBODY = "\u2013"
ROWS = "#models tbody tr"
TYPED = """async (box, text) => {
    const took = [];
    for (let length = 1; length <= text.length; length++) {
        const start = performance.now();
        box.value = text.slice(0, length);
        box.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        took.push(performance.now() - start);
    }
    return took;
}"""


@pytest.fixture(params=("site", "ui"))
def shown(request):
    return request.getfixturevalue(request.param)


# -- filtering --------------------------------------------------------------------------------------------------


def test_models_are_filtered_as_one_types(shown, browse):
    place = shown("varied")
    page = place.opened(browse(), place.links.overview())

    page.get_by_role("searchbox").press_sequentially("team-b 13")

    page.get_by_text("of 30").wait_for()
    left = page.locator(f"{ROWS}:visible th a").all_inner_texts()
    assert left
    assert all(name.startswith("team-b/") for name in left)
    assert len(left) < 10


def test_a_filter_that_nothing_passes_says_so_and_an_empty_one_shows_all(shown, browse):
    place = shown("varied")
    page = place.opened(browse(), place.links.overview())

    page.get_by_role("searchbox").fill("no such model anywhere")
    page.get_by_text("No model matches").wait_for()
    page.get_by_role("searchbox").fill("")
    page.get_by_text("No model matches").wait_for(state="hidden")

    assert page.locator(f"{ROWS}:visible").count() == 30


def test_thousands_of_models_are_filtered_without_lag(site, browse):
    place = site("varied")
    head, body, tail = re.split(r'(?<=<tbody role="rowgroup">)(.*?)(?=</tbody>)', (place.folder / "index.html").read_text(), maxsplit=1, flags=re.DOTALL)
    (place.folder / "thousands.html").write_text(head + "".join(body.replace("churn", f"churn-{n:03}") for n in range(100)) + tail)
    page = place.opened(browse(), "thousands.html")

    took = page.get_by_role("searchbox").evaluate(TYPED, "churn-077")

    assert page.locator(ROWS).count() == 3000
    assert page.locator(f"{ROWS}:visible").count() == 1
    assert sorted(took)[len(took) // 2] < 150, took  # milliseconds from a key to the next frame, on a machine that does other things too


def test_all_of_history_is_filtered_where_pages_are_files(site, browse):
    page = site("varied").opened(browse(), "history/index.html")
    before = page.locator(".events > li").all_inner_texts()

    page.get_by_role("searchbox").fill("production")
    page.locator("output").get_by_text(" of ").wait_for()
    found = page.locator(".events > li").all_inner_texts()
    page.get_by_role("searchbox").fill("")
    page.locator("output").get_by_text(" of ").wait_for(state="hidden")

    here = [text for text in before if "production" in text.lower()]
    assert found[: len(here)] == here
    assert len(found) > len(here), "what stands on other pages is found too"
    assert page.locator(".events > li").all_inner_texts() == before


# -- plots ------------------------------------------------------------------------------------------------------

DRAWN = """canvas => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
    return colours.size;
}"""


@pytest.mark.parametrize("scheme", ("light", "dark"))
@pytest.mark.parametrize(("registry", "model", "metrics"), (("varied", "churn", 2), ("plain", "many", 2)))
def test_each_metric_of_a_model_is_plotted(shown, browse, registry, model, metrics, scheme):
    place = shown(registry)
    page = place.opened(browse(scheme=scheme), place.links.model(model))

    page.locator(".plot canvas").first.wait_for()
    canvases = page.locator(".plot canvas").all()

    assert len(canvases) == metrics
    assert all(canvas.evaluate(DRAWN) > 2 for canvas in canvases)
    assert wider(page) == []


def test_a_metric_of_one_version_is_a_number_and_no_plot(shown, browse):
    place = shown("plain")

    page = place.opened(browse(), place.links.model("one"))

    assert page.locator("canvas").count() == 0
    assert "0.9" in page.locator("main").inner_text()


def test_a_comparison_is_plotted(shown, browse):
    place = shown("varied")
    page = place.opened(browse(), place.links.comparison("churn", (1, 2, 4)))

    page.locator("#plot canvas").wait_for()

    assert page.locator("#plot canvas").evaluate(DRAWN) > 2


def test_the_versions_of_a_comparison_are_the_ones_that_were_chosen(shown, browse):
    place = shown("varied")
    page = place.opened(browse(), place.links.model("churn"))

    for number in (1, 4):
        page.get_by_role("checkbox", name=f"Choose version {number}").check()
    page.get_by_role("button", name="Compare the chosen").click()
    page.locator("#side").wait_for()

    assert [text.split()[0] for text in page.locator("#side thead th").all_inner_texts()[1:]] == ["4", "1"]
    row = page.locator("#side tr", has_text="accuracy").inner_text().split()
    assert row[-2:] == ["0.91", "0.81"]


# -- dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("date", ("2026-01-07", "2026-01-10", "2026-01-11", "2026-01-12"))
def test_the_date_field_answers_what_was_held_at_the_end_of_that_day(shown, made, browse, date):
    place = shown("varied")
    page = place.opened(browse(), place.links.on())
    with Registry.open(made("varied")) as registry:
        held = registry.at(date).snapshot().stages("churn")

    page.locator("input[type=date]").fill(date)
    page.get_by_role("button", name="Look").click()
    page.locator("#answer", has_text=date).wait_for()

    cells = page.locator("#held tr", has_text="churn").locator("td").all_inner_texts()
    found = [cell.split()[0] for cell in cells] or [NOBODY] * 3  # a model that holds nothing has no row
    assert found == [str(held.pointer(stage).number or NOBODY) for stage in ("production", "staging", "development")]


def test_a_date_before_the_registry_is_told_as_that(shown, browse):
    place = shown("varied")

    page = place.opened(browse(), place.links.on("2020-01-01"))

    page.get_by_text("not there yet").wait_for()
    assert page.locator("#held tbody tr:visible").count() == 0


def test_times_are_told_as_people_say_them_with_the_exact_one_on_hover(shown, browse):
    place = shown("varied")
    page = browse(fresh_window=True)
    page.clock.set_fixed_time("2026-01-20T12:00:00Z")

    place.opened(page, place.links.version("churn", 1))

    first = page.locator("time").first
    assert first.inner_text().endswith(("days ago", "weeks ago", "week ago"))
    assert first.get_attribute("title").startswith("2026-01-")
    assert first.get_attribute("title").endswith("UTC")


# -- without scripts --------------------------------------------------------------------------------------------


def test_one_walks_through_all_pages_without_scripts(shown, browse):
    place = shown("varied")
    page = place.opened(browse(scripts=False), place.links.overview())
    rows = page.locator(f"{ROWS}:visible").count()

    page.get_by_role("link", name="churn", exact=True).click()
    versions, lanes = page.locator("#versions tbody tr:visible").count(), page.locator("svg.timeline .lane:visible").count()
    page.locator("#versions").get_by_role("link", name="2", exact=True).click()
    version = page.locator("main").inner_text()
    graph = page.locator("svg text:visible").all_text_contents()
    page.get_by_role("link", name="History").click()
    events = page.locator(".events li:visible").count()
    page.get_by_role("link", name="Problems").click()
    page.get_by_role("link", name="On a date").click()

    assert (rows, versions, lanes) == (30, 6, 3)
    assert {"accuracy", "0.87", "depth", "4.6", "s3://bucket/churn/2/model.safetensors"} - set(version.split()) <= {"4.6"}
    assert any("churn@1" in text for text in graph)
    assert events > 5
    assert page.locator("#held tbody tr:visible").count() > 5


def test_a_version_is_compared_with_the_one_in_production_without_scripts(shown, browse):
    place = shown("varied")

    page = place.opened(browse(scripts=False), place.links.version("churn", 4))

    assert "0.87" in page.locator("main").inner_text()
    assert "0.91" in page.locator("main").inner_text()


@pytest.mark.parametrize(("date", "holder"), (("2026-01-10", "1"), ("2026-01-11", "2")))
def test_the_date_field_of_ui_works_without_scripts(ui, browse, date, holder):
    place = ui("varied")
    page = place.opened(browse(scripts=False), place.links.on())

    page.locator("input[type=date]").fill(date)
    page.get_by_role("button", name="Look").click()

    page.locator("#answer", has_text=date).wait_for()
    assert page.locator("#held tr", has_text="churn").locator("td").first.inner_text().startswith(holder)
