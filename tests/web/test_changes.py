"""From a button to a commit: what is shown is what gitreg diff says, and what is confirmed is what was shown."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from gitreg import Registry
from gitreg.review import plain
from gitreg.web.app import application
from gitreg.web.sessions import Sessions
from tests.conftest import AUTHOR
from tests.web.conftest import ORIGIN, PLACE, diff, hidden, said, ticket

GATE = """\
format: 1
stages:
  development: {}
  staging: {}
  production:
    from: [staging]
    require:
      - name: accurate enough
        expr: candidate.metrics.accuracy >= 0.96
"""


def holder(registry, stage="production"):
    return registry.snapshot().stages("iris").pointer(stage).number


def tip(registry):
    return registry.snapshot().commit


def ruled(registry, git, rules):
    """Commit other rules."""
    with open(f"{registry.path}/gitreg.yaml", "w") as file:
        file.write(rules)
    git(registry.path, "commit", "-aqm", "rules")


# -- looking --------------------------------------------------------------------------------------------------


def test_nothing_is_written_while_only_looking(iris, browse, files):
    with iris.transaction() as tx:  # so many that an index of their names would be kept on disk
        for number in range(80):
            tx.register("iris", f"v{number}", links={"base": "iris@v0"})
    browser = browse(iris)
    before = files(iris.path)

    for path in ("/", "/index.json", "/models/iris/", "/models/iris/1", "/models/iris/80", "/models/iris/compare?v=1&v=2", "/history/", "/history/1", "/on?date=2026-11-22", "/problems", "/nowhere"):
        assert browser.get(path).status_code == (404 if path == "/nowhere" else 200)
    for action, fields in (
        ("promote", {"number": "3", "stage": "production"}), ("rollback", {"stage": "production"}),
        ("archive", {"number": "2"}), ("edit", {"number": "2", "description": "other", "tags": "a\nb"}), ("promote", {"number": "3", "stage": "nowhere"}),
    ):  # fmt: skip
        browser.show(action, model="iris", **fields)

    after = files(iris.path)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()


def test_a_page_shows_what_is_committed_now(iris, browser):
    before = browser.get("/models/iris/index.json").json()

    iris.promote("iris@3", "production")

    after = browser.get("/models/iris/index.json").json()
    assert (before["stages"]["production"]["number"], after["stages"]["production"]["number"]) == (1, 3)


def test_a_version_has_buttons_that_lead_to_forms(browser):
    links = re.findall(r'class="button[^"]*" href="([^"]*)"', browser.get("/models/iris/3").text + browser.get("/models/iris/").text)

    assert [link.replace("&amp;", "&") for link in links] == [
        "/change/promote?model=iris&number=3", "/change/edit?model=iris&number=3", "/change/archive?model=iris&number=3", "/change/rollback?model=iris",
    ]  # fmt: skip
    assert {browser.get(link.replace("&amp;", "&")).status_code for link in links} == {200}


def test_who_acts_is_said(browser):
    assert "Name" in said(browser.get("/change/promote?model=iris&number=3")) or 'class="who"' in browser.get("/").text


# -- promote --------------------------------------------------------------------------------------------------


def test_what_is_shown_is_what_gitreg_diff_says_of_the_commit(iris, browser):
    before = tip(iris)
    page = browser.show("promote", model="iris", number="3", stage="production", reason="it is better")

    browser.confirm(page)

    assert diff(page) == plain.text(iris.diff(before, "HEAD"))
    assert "0.91" in said(page)
    assert "0.97" in said(page)


def test_a_promotion_is_one_commit_by_the_persons_git_identity(iris, browser, git):
    before = tip(iris)
    page = browser.show("promote", model="iris", number="3", stage="production", reason="it is better\r\n& <b>faster</b>")

    answer = browser.confirm(page)

    assert answer.status_code == 303
    assert holder(iris) == 3
    assert git(iris.path, "rev-list", f"{before}..HEAD").count("\n") == 0
    assert git(iris.path, "log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{AUTHOR}|{AUTHOR}"
    message = git(iris.path, "log", "-1", "--format=%B")
    assert message.startswith("iris: promote 3 to production, archiving 1\n\nit is better\n& <b>faster</b>\n\nGitreg-Op: ")
    told = browser.get(answer.headers["location"])
    assert told.status_code == 200
    assert "Done iris: promote 3 to production, archiving 1" in said(told)
    assert "gitreg rollback iris production --expect 3" in said(told)


def test_the_page_that_shows_it_commits_nothing(iris, browser):
    before = tip(iris)

    page = browser.show("promote", model="iris", number="3", stage="production")

    assert page.status_code == 200
    assert ticket(page)
    assert tip(iris) == before


def test_a_confirmation_counts_once(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    browser.confirm(page)
    iris.rollback("iris", "production")

    again = browser.confirm(page)

    assert again.status_code == 403
    assert "this was confirmed already, or is too old" in said(again)
    assert holder(iris) == 1


def test_a_confirmation_is_of_the_browser_that_it_was_shown_to(iris, browser, browse):
    page = browser.show("promote", model="iris", number="3", stage="production")

    other = browse(iris)
    other.sessions = browser.sessions
    taken = other.confirm(page)
    with_forms_token = browser.post_form("/confirm", {"csrf": browser.csrf("/change/promote?model=iris&number=3")})

    assert (taken.status_code, with_forms_token.status_code) == (403, 403)
    assert holder(iris) == 1


def test_two_browsers_of_one_gitreg_ui_do_not_share_what_they_confirm(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    mine = dict(browser.cookies)
    browser.cookies.clear()
    browser.enter()

    taken = browser.confirm(page)

    assert dict(browser.cookies) != mine
    assert taken.status_code == 403
    assert holder(iris) == 1


@pytest.mark.parametrize("token", ["", "x", None])
def test_a_form_without_the_token_of_our_pages_is_refused(iris, browser, token):
    fields = {"model": "iris", "number": "3", "stage": "production"} | ({} if token is None else {"csrf": token})

    page = browser.post_form("/change/promote", fields)

    assert page.status_code == 403
    assert ticket(page) is None


def test_what_is_confirmed_cannot_be_changed_on_the_way(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="staging")

    browser.post_form("/confirm", {"csrf": ticket(page), "number": "1", "stage": "production", "force": "yes"})

    assert (holder(iris), holder(iris, "staging")) == (1, 3)


def test_a_holder_that_moved_between_showing_and_confirming_stays(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    iris.promote("iris@2", "production")
    before = tip(iris)

    stale = browser.confirm(page)

    assert stale.status_code == 409
    assert tip(iris) == before
    assert "Nothing was done. production of 'iris' moved since this was shown: it was held by 1, and is held by 2 now" in said(stale)
    assert "iris: promote 3 to production, archiving 2" in said(stale)
    assert browser.confirm(stale).status_code == 303
    assert holder(iris) == 3


def test_a_version_that_moved_between_showing_and_confirming_stays(iris, browser):
    page = browser.show("promote", model="iris", number="2", stage="production")
    iris.archive("iris@2")

    stale = browser.confirm(page)

    assert stale.status_code == 409
    assert "iris@2 moved since this was shown: it was in staging, and is in archived now" in said(stale)
    assert holder(iris) == 1


def test_what_another_did_already_is_done(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    iris.promote("iris@3", "production")
    before = tip(iris)

    answer = browser.confirm(page)

    assert "There was nothing to do" in said(browser.get(answer.headers["location"]))
    assert tip(iris) == before


def test_there_is_nothing_to_confirm_where_nothing_would_change(browser):
    page = browser.show("promote", model="iris", number="1", stage="production")

    assert page.status_code == 200
    assert "There is nothing to do" in said(page)
    assert ticket(page) is None


def test_what_cannot_be_done_says_why(iris, browser):
    iris.yank("iris@3", reason="wrong labels")

    yanked = browser.show("promote", model="iris", number="3", stage="production")
    unknown = browser.show("promote", model="iris", number="2", stage="nowhere")
    without = browser.show("promote", model="iris", number="2")

    assert (yanked.status_code, unknown.status_code, without.status_code) == (409, 400, 400)
    assert "iris@3 was yanked: wrong labels" in said(yanked)
    assert "no stage 'nowhere': this registry has development, staging, production" in said(unknown)


def test_an_edit_of_the_persons_in_the_way_is_left_alone(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    path = f"{iris.path}/models/iris/stages.yaml"
    with open(path, "a") as file:
        file.write("# mine\n")

    answer = browser.confirm(page)

    assert answer.status_code == 409
    assert "Nothing was done." in said(answer)
    assert holder(iris) == 1
    with open(path) as file:
        assert file.read().endswith("# mine\n")


# -- gates ----------------------------------------------------------------------------------------------------


@pytest.fixture
def gated(iris, git):
    ruled(iris, git, GATE)
    return iris


def test_a_gate_that_refuses_offers_no_confirmation_and_shows_the_values(gated, browse):
    page = browse(gated).show("promote", model="iris", number="2", stage="production")

    assert page.status_code == 200
    assert ticket(page) is None
    assert "gate 'accurate enough' of production refuses iris@2: candidate.metrics.accuracy >= 0.96 is false (candidate.metrics.accuracy = 0.95)" in said(page)
    assert "1 rule speaks against it" in said(page)


def test_a_gate_that_holds_is_shown_with_its_values(gated, browse):
    gated.promote("iris@3", "staging")

    page = browse(gated).show("promote", model="iris", number="3", stage="production")

    assert "accurate enough holds candidate.metrics.accuracy >= 0.96 candidate.metrics.accuracy = 0.97" in said(page)
    assert ticket(page)


def test_rules_are_overridden_on_purpose_with_a_reason(gated, browse, git):
    browser = browse(gated)

    page = browser.show("promote", model="iris", number="2", stage="production", force="yes", reason="asked for by the client")
    browser.confirm(page)

    assert "It overrides rules of this registry, and the commit says so: gate:accurate enough" in said(page)
    assert holder(gated) == 2
    assert "forced=gate:accurate%20enough" in git(gated.path, "log", "-1", "--format=%B")


def test_a_rule_that_came_after_it_was_shown_what_is_overridden_is_not_overridden(gated, browse, git):
    browser = browse(gated)
    page = browser.show("promote", model="iris", number="2", stage="production", force="yes", reason="asked for by the client")
    ruled(gated, git, GATE + '      - name: reviewed\n        expr: "\'safe\' in candidate.tags"\n')

    answer = browser.confirm(page)

    assert answer.status_code == 409
    assert "Nothing was done. the rules of this registry were changed since this was shown" in said(answer)
    assert "gate:accurate enough gate:reviewed" in said(answer)
    assert holder(gated) == 1


@pytest.mark.parametrize(("edited", "change"), [("iris@2", "promote"), ("iris@1", "promote"), ("iris@2", "archive")])
def test_what_was_compared_and_is_edited_meanwhile_is_shown_anew(edited, change, iris, browser):
    page = browser.show(change, model="iris", number="2", **({"stage": "production"} if change == "promote" else {}))
    iris.update(edited, metrics={"recall": 0.1})

    answer = browser.confirm(page)

    assert answer.status_code == 409
    assert f"{edited} was edited since this was shown" in said(answer)
    assert iris.get("iris@2").stage == "staging"
    assert browser.confirm(answer).status_code == 303


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_rules_are_not_overridden_without_a_reason(gated, browse, reason):
    page = browse(gated).show("promote", model="iris", number="2", stage="production", force="yes", reason=reason)

    assert page.status_code == 400
    assert "to override the rules of a registry needs a reason" in said(page)


def test_the_form_of_the_refusal_asks_for_the_same_with_force(gated, browse):
    browser = browse(gated)
    refused = browser.show("promote", model="iris", number="2", stage="production", reason="why")

    fields = hidden(refused.text)

    assert fields == {"csrf": browser.csrf("/change/promote?model=iris&number=2"), "model": "iris", "number": "2", "stage": "production"}
    assert ticket(browser.post_form("/change/promote", {**fields, "force": "yes", "reason": "why"}))


def test_a_gate_that_came_between_showing_and_confirming_refuses(iris, browser, git):
    page = browser.show("promote", model="iris", number="2", stage="production")
    ruled(iris, git, GATE)

    answer = browser.confirm(page)

    assert answer.status_code == 403
    assert ticket(answer) is None
    assert "The rules refuse this" in said(answer)
    assert holder(iris) == 1


def test_a_stage_that_only_review_changes_is_refused(iris, browse, git):
    ruled(iris, git, "format: 1\nbranch: main\nstages:\n  development: {}\n  staging: {}\n  production:\n    review: true\n")

    page = browse(iris).show("promote", model="iris", number="2", stage="production")

    assert ticket(page) is None
    assert "production of 'iris' changes only through a reviewed pull request on this branch" in said(page)


# -- roll back, archive, edit ---------------------------------------------------------------------------------


def test_a_stage_is_rolled_back(iris, browse):
    iris.promote("iris@3", "production")
    browser = browse(iris)

    page = browser.show("rollback", model="iris", stage="production", reason="latency")
    browser.confirm(page)

    assert "iris: roll production back to 1, archiving 3" in said(page)
    assert holder(iris) == 1


def test_a_rollback_whose_target_changed_is_not_done(iris, browse):
    iris.promote("iris@3", "production")
    browser = browse(iris)
    page = browser.show("rollback", model="iris", stage="production")
    iris.yank("iris@1", reason="wrong")

    stale = browser.confirm(page)

    assert stale.status_code == 409
    assert "production of 'iris' would go back to nobody now, not to 1" in said(stale)
    assert holder(iris) == 3


def test_a_stage_with_nobody_to_go_back_to_is_not_offered(browser):
    form = browser.get("/change/rollback?model=iris")
    page = browser.show("rollback", model="iris", stage="production")

    assert "No stage of iris has a former holder to go back to." in said(form)
    assert page.status_code == 404
    assert "production of 'iris' has no previous version to go back to" in said(page)


def test_a_version_is_archived(iris, browser):
    page = browser.show("archive", model="iris", number="2")
    browser.confirm(page)

    assert "gitreg promote iris@2 staging --expect none" in said(page)
    assert iris.get("iris@2").stage == "archived"


def test_a_description_and_tags_are_edited(iris, browser):
    page = browser.show("edit", model="iris", number="3", description="first line\r\nsecond", tags="nightly\r\n\r\n best \r\nnightly")
    answer = browser.confirm(page)

    version = iris.get("iris@3")
    assert (version.description, version.tags) == ("first line\nsecond", ("nightly", "best"))
    assert "+tags: [nightly, best]" in page.text
    assert "iris: update 3" in said(browser.get(answer.headers["location"]))


def test_what_comes_back_as_it_was_shown_is_no_edit(iris, browse, git):
    iris.update("iris@3", description="  two\nlines\n", tags=["a b", "c"])
    browser = browse(iris)
    form = browser.get("/change/edit?model=iris&number=3").text
    shown = [text.replace("\n", "\r\n") for text in re.findall(r"<textarea[^>]*>\n([^<]*)</textarea>", form)]

    page = browser.show("edit", model="iris", number="3", description=shown[0], tags=shown[1])

    assert "There is nothing to do" in said(page)


def test_an_edit_of_what_another_edited_is_not_done(iris, browser):
    page = browser.show("edit", model="iris", number="3", description="mine", tags="")
    iris.update("iris@3", description="theirs")

    stale = browser.confirm(page)

    assert stale.status_code == 409
    assert "iris@3 was edited since this was shown" in said(stale)
    assert iris.get("iris@3").description == "theirs"


# -- read-only, hostile ---------------------------------------------------------------------------------------


def test_nothing_can_be_changed_where_it_only_shows(iris, browse):
    browser = browse(iris, read_only=True)
    token = browser.sessions.form_token(browser.cookies["gitreg-8000"])

    pages = [
        browser.get("/change/promote?model=iris&number=3"),
        browser.post_form("/change/promote", {"csrf": token, "model": "iris", "number": "3", "stage": "production"}),
        browser.post_form("/confirm", {"csrf": token}),
    ]

    assert [page.status_code for page in pages] == [403, 403, 403]
    assert {("it was started with --read-only" in said(page)) for page in pages} == {True}
    assert "/change/" not in browser.get("/models/iris/3").text + browser.get("/models/iris/").text


HOSTILE = '"\'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;</textarea></pre>{{ 7*"no" }}'


def test_what_strangers_wrote_is_text_on_every_page_of_a_change(iris, browse):
    iris.register("iris", description=HOSTILE, tags=["<script>alert(1)</script>"], metrics={HOSTILE[:90]: 1.0}, params={HOSTILE[:90]: HOSTILE}, artifacts={HOSTILE[:90]: {"kind": "service", "uri": "javascript:alert(1)"}})
    browser = browse(iris)

    pages = [browser.get(f"/change/{action}?model=iris&number=4") for action in ("promote", "archive", "edit")]
    shown = browser.show("promote", model="iris", number="4", stage="production", reason=HOSTILE)
    done = browser.get(browser.confirm(shown).headers["location"])
    edited = browser.show("edit", model="iris", number="4", description=HOSTILE * 2, tags="<script>")
    wrong = browser.show("promote", model="iris", number="4", stage=HOSTILE)

    for page in (*pages, shown, done, edited, wrong):
        assert "<script>" not in page.text
        assert "<img" not in page.text
        assert 'href="javascript:' not in page.text
        assert "nonono" not in page.text


# -- another process ------------------------------------------------------------------------------------------


def test_a_commit_of_another_process_is_seen_at_once(iris, browser):
    with Registry.open(iris.path) as other:
        other.promote("iris@3", "staging")

    page = browser.show("promote", model="iris", number="3", stage="production")

    assert "it comes from staging" in said(page)


def test_an_error_is_told_in_json_where_json_is_asked_for(browser):
    answer = browser.get(f"{ORIGIN}/models/nothing/index.json")

    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": 3, "message": "no model 'nothing'", "hint": "gitreg list"}}


def test_a_file_that_is_invalid_is_named(iris, browser, git):
    with open(f"{iris.path}/models/iris/stages.yaml", "a") as file:
        file.write("nowhere: 1\n")
    git(iris.path, "commit", "-aqm", "broken")

    page = browser.get("/change/promote?model=iris&number=3")

    assert page.status_code == 500
    assert "models/iris/stages.yaml:" in said(page)
    assert "What helps: gitreg check" in said(page)


def test_a_bug_is_told_calmly_and_never_as_a_traceback():
    sessions = Sessions()
    with TestClient(application(object(), sessions, PLACE), base_url=ORIGIN, raise_server_exceptions=False) as person:  # what is no registry
        page = person.get("/", params={"token": sessions.token})

    assert page.status_code == 500
    assert "AttributeError: 'object' object has no attribute 'occasion'" in said(page)
    assert "this is a bug in gitreg; please report it" in said(page)
    assert "File" not in page.text


@pytest.mark.parametrize("page", [0, 2, 10**9])
def test_a_page_of_the_history_that_is_none_is_not_found(page, browser):
    answer = browser.get(f"/history/{page}")

    assert answer.status_code == 404
    assert f"the history has no page {page}" in said(answer)
    assert browser.get("/history/1").status_code == 200
