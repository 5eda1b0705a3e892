"""A change that is made a pull request, and one that another clone was faster with."""

from __future__ import annotations

import pytest

from gitreg import Registry
from tests.proposals.conftest import PROMOTION, branches, history, hosted, put, shared
from tests.web.conftest import hidden, said, ticket

__all__ = ["history", "hosted", "shared"]  # fixtures


@pytest.fixture
def github(hosted, browse):
    """A registry with a forge beside it: the forge, the folders, the registry of ann and her browser."""
    forge, folders = hosted("github")
    with Registry.open(folders.ann) as ann:
        yield forge, folders, ann, browse(ann)


def test_a_change_becomes_a_pull_request_where_a_person_chooses_it(github, git):
    forge, folders, ann, browser = github
    before = ann.snapshot().commit

    page = browser.show("promote", model="iris", number="3", stage="production", way="pr", reason="passed the A/B test")
    shown = set(branches(folders.hub, git))
    told = browser.get(browser.confirm(page).headers["location"])

    assert "Open a pull request" in said(browser.get("/change/promote?model=iris&number=3"))
    assert "A pull request by Name" in said(page)
    assert shown == {"main"}, "nothing is pushed before it is confirmed"
    assert PROMOTION in branches(folders.hub, git)
    assert ann.snapshot().commit == before
    (pull,) = forge.pulls.values()
    assert (pull.head, pull.title) == (PROMOTION, "iris: promote 3 to production, archiving 1")
    assert "passed the A/B test" in pull.body
    assert "The pull request is open" in said(told)
    assert "iris: promote 3 to production, archiving 1" in said(told)
    assert f'href="{forge.address}/org/models/' in told.text


def test_a_stage_that_only_review_changes_is_offered_as_a_pull_request(github, git):
    _, folders, ann, browser = github
    rules = (folders.ann / "gitreg.yaml").read_text().replace("  production: {}", "  production:\n    review: true")
    put(git, folders.ann, "gitreg.yaml", f"branch: main\n{rules}", "rules")
    git(folders.ann, "push", "-q", "origin", "main")

    refused = browser.show("promote", model="iris", number="3", stage="production")
    fields = hidden(refused.text.partition("Override the rules")[0])
    offered = browser.post_form("/change/promote", fields)

    assert ticket(refused) is None
    assert "changes only through a reviewed pull request on this branch" in said(refused)
    assert "Show it as a pull request" in said(refused)
    assert ticket(offered)
    assert "The pull request is open" in said(browser.get(browser.confirm(offered).headers["location"]))
    assert ann.snapshot().stages("iris").pointer("production").number == 1


def test_a_pull_request_is_not_offered_where_no_forge_is(browser):
    page = browser.get("/change/promote?model=iris&number=3")

    assert "pull request" not in said(page)


def test_a_token_that_is_refused_is_told_and_nothing_is_pushed(github, git, monkeypatch):
    _, folders, _, browser = github
    page = browser.show("promote", model="iris", number="3", stage="production", way="pr")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "wrong")

    answer = browser.confirm(page)

    assert answer.status_code == 403
    assert "Nothing was done." not in said(answer), "nobody can tell that of a pull request"
    assert "Below is what it would be now." in said(answer)
    assert set(branches(folders.hub, git)) == {"main"}


def test_where_another_clone_was_faster_the_new_state_is_shown(shared, browse, git):
    put(git, shared.ann, "gitreg.yaml", f"remote: origin\n{(shared.ann / 'gitreg.yaml').read_text()}", "rules")
    git(shared.ann, "push", "-q", "origin", "main")
    git(shared.bob, "pull", "-q")
    with Registry.open(shared.ann) as ann, Registry.open(shared.bob) as bob:
        browser = browse(ann)
        page = browser.show("promote", model="iris", number="3", stage="production")
        bob.promote("iris@2", "production")
        theirs = branches(shared.hub, git)["main"]

        stale = browser.confirm(page)

        assert stale.status_code == 409
        assert "it was held by 1, and is held by 2 now" in said(stale)
        assert "iris: promote 3 to production, archiving 2" in said(stale)
        assert branches(shared.hub, git)["main"] == theirs
        assert browser.confirm(stale).status_code == 303
        bob.sync()
        assert bob.get("iris@production").number == 3
