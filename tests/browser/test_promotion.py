"""From a button to a commit in git, and everything that must stop it on the way."""

from __future__ import annotations

import pytest

from gitreg import Registry
from tests.browser.conftest import served
from tests.browser.watching import violations, wider

SEND = """ticket => {
    const form = Object.assign(document.createElement('form'), {method: 'post', action: '/confirm'});
    form.append(Object.assign(document.createElement('input'), {name: 'csrf', value: ticket}));
    document.body.append(form);
    form.submit();
}"""


def _head(place, git) -> str:
    return git(place.folder, "rev-parse", "HEAD")


def _holders(place) -> dict:
    with Registry.open(place.folder) as registry:
        return {stage: pointer.number for stage, pointer in registry.snapshot().stages("churn").pointers.items()}


def _asked(place, page, number: int, stage: str, reason: str = ""):
    """Go from the page of a version to what its promotion would mean."""
    place.opened(page, place.links.version("churn", number))
    page.get_by_role("link", name="Promote", exact=True).click()
    page.get_by_role("radio", name=stage).check()
    page.get_by_label("Reason").fill(reason)
    _press(page, "Show what it would do")
    return page


def _press(page, name: str) -> None:
    """Press a button, and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def _confirm(page) -> None:
    _press(page, "Promote")


@pytest.mark.parametrize("scripts", (True, False))
def test_a_promotion_is_shown_and_then_a_commit_by_the_person(own, browse, git, scripts):
    before = _head(own, git)

    page = _asked(own, browse(scripts=scripts), 4, "production", "it saw a week of traffic")
    meaning, untouched = page.get_by_role("region", name="What it would do").inner_text(), _head(own, git)
    _confirm(page)

    assert "churn: promote 4 (1.4.0) to production" in meaning
    assert "accurate enough" in meaning
    assert untouched == before
    assert page.get_by_role("heading", level=1).inner_text() == "Done"
    assert _holders(own) == {"development": None, "staging": None, "production": 4}
    assert git(own.folder, "rev-parse", "HEAD~1") == before
    assert git(own.folder, "log", "-1", "--format=%an <%ae>%n%B").splitlines()[:4] == [
        "Name <name@example.org>",
        "churn: promote 4 (1.4.0) to production, vacating staging, archiving 2",
        "",
        "it saw a week of traffic",
    ]
    assert git(own.folder, "status", "--porcelain") == ""


def test_what_a_promotion_shows_is_what_gitreg_diff_says_of_its_commit(own, browse):
    page = _asked(own, browse(), 4, "production")
    page.get_by_text("As gitreg diff says it").click()
    shown = page.locator("pre.said").inner_text()
    _confirm(page)

    with Registry.open(own.folder) as registry:
        meaning = registry.diff("HEAD~1", "HEAD")

    assert shown.splitlines()[0] == meaning.summary
    assert all(f"{metric.name}: " in shown for metric in meaning.moves[0].metrics)


def test_a_gate_that_does_not_hold_leaves_nothing_to_confirm(own, browse, git):
    before = _head(own, git)

    page = _asked(own, browse(), 3, "production")

    assert "gate 'accurate enough' of production refuses churn@3: candidate.metrics.accuracy >= 0.8 is false (candidate.metrics.accuracy = 0.79)" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("button", name="Promote", exact=True).count() == 0
    assert _head(own, git) == before


def test_a_gate_is_overridden_only_on_purpose_and_with_a_reason(own, browse, git):
    page = _asked(own, browse(), 3, "production")
    page.get_by_text("Override the rules").click()

    page.get_by_role("button", name="Show what it would override").click()  # the browser asks for both first
    still = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Reason").fill("the incident of Monday")
    page.get_by_role("checkbox").check()
    _press(page, "Show what it would override")
    _press(page, "Promote all the same")

    assert still == "The rules refuse this"
    assert _holders(own)["production"] == 3
    assert "the incident of Monday" in git(own.folder, "log", "-1", "--format=%B")
    assert "forced=gate:accurate%20enough" in git(own.folder, "log", "-1", "--format=%B")


def test_a_page_that_is_stale_changes_nothing_and_shows_what_is_now(own, browse, git):
    page = _asked(own, browse(expected=(409,)), 4, "production")
    with Registry.open(own.folder) as registry:
        other = registry.promote("churn@1", "production", reason="meanwhile").commit

    _confirm(page)

    assert _head(own, git) == other
    assert "production of 'churn' moved since this was shown: it was held by 2, and is held by 1 now" in page.locator("main").inner_text()
    assert "archiving 1" in page.get_by_role("region", name="What it would do").inner_text()
    assert violations(page) == []


def test_what_is_shown_anew_can_be_confirmed(own, browse, git):
    page = _asked(own, browse(expected=(409,)), 4, "production")
    with Registry.open(own.folder) as registry:
        registry.promote("churn@1", "production")
    _confirm(page)

    _confirm(page)

    assert _holders(own)["production"] == 4
    assert git(own.folder, "log", "-1", "--format=%s") == "churn: promote 4 (1.4.0) to production, vacating staging, archiving 1"


def test_what_was_confirmed_cannot_be_confirmed_again(own, browse, git):
    page = _asked(own, browse(expected=(403,)), 4, "production")
    ticket = page.locator("form[action='/confirm'] [name=csrf]").input_value()
    _confirm(page)
    after = _head(own, git)

    with page.expect_navigation():
        page.evaluate(SEND, ticket)

    assert "this was confirmed already" in page.get_by_role("alert").inner_text()
    assert _head(own, git) == after


def _tab_to(page, name: str) -> None:
    """Press Tab until what has the focus is called *name*."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).innerText?.trim().split('\\n')[0].trim() ?? ''") == name:
            assert page.evaluate("(style => style.outlineStyle !== 'none' || style.boxShadow !== 'none')(getComputedStyle(document.activeElement))"), f"nobody sees that {name} has the focus"
            return
    raise AssertionError(f"Tab never comes to {name!r}")


def test_a_promotion_needs_the_keyboard_alone(own, browse, git):
    page = browse()
    own.opened(page, own.links.overview())

    _tab_to(page, "churn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/churn/")
    page.goto(own.base + own.links.version("churn", 4))
    _tab_to(page, "Promote")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/promote**")
    page.keyboard.press("Tab")
    _tab_to_stage(page, "production")
    _tab_to(page, "Show what it would do")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="What it would do").wait_for()
    _tab_to(page, "Promote")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Done").wait_for()

    assert _holders(own)["production"] == 4


def _tab_to_stage(page, stage: str) -> None:
    """Go by Tab to the group of stages, and by the arrows to one of them."""
    for _ in range(80):
        if page.evaluate("document.activeElement.type") == "radio":
            break
        page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("Space")
        if page.evaluate("document.activeElement.value") == stage:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never come to {stage!r}")


def test_a_stage_is_rolled_back(own, browse, git):
    page = own.opened(browse(), own.links.model("churn"))

    page.get_by_role("link", name="Roll back a stage").click()
    page.get_by_role("radio", name="production").check()
    page.get_by_label("Reason").fill("latency doubled")
    _press(page, "Show what it would do")
    _press(page, "Roll back")

    assert git(own.folder, "log", "-1", "--format=%s%n%b").splitlines()[:2] == ["churn: roll production back to 1 (1.1.0), archiving 2", "latency doubled"]


def test_a_version_is_archived(own, browse, git):
    page = own.opened(browse(), own.links.version("churn", 4))

    page.get_by_role("link", name="Archive", exact=True).click()
    _press(page, "Show what it would do")
    _press(page, "Archive")

    assert git(own.folder, "log", "-1", "--format=%s") == "churn: vacate staging, archiving 4"


def test_description_and_tags_are_edited(own, browse, git):
    page = own.opened(browse(), own.links.version("churn", 4))

    page.get_by_role("link", name="Edit description and tags", exact=True).click()
    page.get_by_label("Description").fill("two lines\n<b>of it</b>")
    page.get_by_label("Tags").fill("tuned\n\"><img src=x onerror=alert(1)>")
    _press(page, "Show what it would do")
    _press(page, "Save")

    with Registry.open(own.folder) as registry:
        version = registry.get("churn@4")
    assert (version.description, version.tags) == ("two lines\n<b>of it</b>", ("tuned", "\"><img src=x onerror=alert(1)>"))


def test_read_only_has_no_buttons(made, browse):
    with served(made("varied"), "--read-only") as place:
        page = place.opened(browse(), place.links.version("churn", 4))

        assert page.get_by_role("link", name="Promote", exact=True).count() == 0
        assert page.locator("form[method=post]").count() == 0


@pytest.mark.parametrize("scheme", ("light", "dark"))
@pytest.mark.parametrize("width", (360, 1280))
def test_the_pages_of_a_change_fit_and_axe_finds_nothing_serious(own, browse, width, scheme):
    page = browse(width=width, scheme=scheme)
    found = []

    for number in (3, 4):  # refused, shown
        _asked(own, page, number, "production")
        found += [*wider(page), *violations(page)]
    _confirm(page)  # done
    found += [*wider(page), *violations(page)]
    for action in ("promote", "edit"):  # forms
        page.goto(f"{own.base}/change/{action}?model=churn&number=4")
        found += [*wider(page), *violations(page)]

    assert found == []


def test_an_error_is_a_calm_page(ui, browse):
    place = ui("varied")
    page = browse(width=360, expected=(404,))

    place.opened(page, place.links.model("no-such-model"))

    assert "no-such-model" in page.get_by_role("alert").inner_text()
    assert wider(page) == []
    assert violations(page) == []


def test_a_browser_without_the_token_sees_nothing(ui, browse):
    place = ui("varied")
    page = browse(expected=(403,), fresh_window=True)

    page.goto(place.base + "/")

    assert "did not come by the address" in page.get_by_role("alert").inner_text()
    assert "churn" not in page.content()
