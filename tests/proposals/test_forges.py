"""Proposals and the forge beside the remote: real git over HTTP, a real HTTP server for the pull requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import servers as git_servers
from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError, PolicyError
from tests.forges.conftest import KINDS, VARIABLES
from tests.forges.servers import CLOSED, Comment, Reply, Review, limited
from tests.proposals.conftest import PROMOTION, branches, promotion, proposed, put
from tests.proposals.test_pulls import Clock, waiting


@pytest.fixture
def github(hosted):
    forge, shared = hosted("github")
    with Registry.open(shared.ann) as ann:
        yield forge, shared, ann


@pytest.mark.parametrize("kind", KINDS)
def test_a_proposal_opens_a_pull_request_and_the_same_again_finds_it(kind, hosted, git):
    forge, shared = hosted(kind)

    with Registry.open(shared.ann) as ann:
        first, again = proposed(ann, promotion), proposed(ann, promotion)
        other = proposed(ann, promotion, reason="with a reason")

    assert (first.state, again.state, other.state) == ("opened", "unchanged", "updated")
    assert first.number == again.number == other.number == 1
    assert first.url.startswith(f"{forge.address}/org/models/")
    assert first.commit == again.commit != other.commit == branches(shared.hub, git)[PROMOTION]
    (pull,) = forge.pulls.values()
    assert (pull.head, pull.base, pull.title) == (PROMOTION, "main", "iris: promote 3 to production, archiving 1")
    assert "with a reason" in pull.body
    assert "`gitreg check`: fit to land" in pull.body


@pytest.mark.parametrize("kind", KINDS)
def test_a_pull_request_is_judged_and_waited_for_until_it_is_merged(kind, hosted):
    forge, shared = hosted(kind)
    with Registry.open(shared.ann) as ann:
        done = proposed(ann, promotion)
        assert [(each.number, each.state, each.review) for each in ann.proposals().open()] == [(1, "waiting", "waiting")]
        forge.reviews[1] = [Review("reviewer", "approved")]
        forge.checks[done.commit] = ["passing"]
        assert ann.proposals().wait(1, "ready").state == "ready"

        found = waiting(ann, Clock(lambda: forge.merge(1))).wait(PROMOTION)

        assert (found.state, found.number, found.merge_commit) == ("merged", 1, forge.pulls[1].merge_commit)
        assert ann.proposals().open() == ()


def test_without_a_token_the_branch_is_pushed_and_an_address_is_given(github, git, monkeypatch):
    forge, shared, ann = github
    monkeypatch.delenv(VARIABLES["github"])

    done = proposed(ann, promotion)

    assert (done.state, done.url, forge.requests) == ("pushed", None, [])
    assert "/org/models/compare/main...gitreg/iris/promote-3-production?quick_pull=1&title=iris%3A%20promote%203" in done.compare
    assert branches(shared.hub, git)[PROMOTION] == done.commit
    assert any("there is no token for 127.0.0.1: set GH_" in note for note in done.notes)


def test_a_token_that_is_refused_is_said_before_anything_is_pushed(github, git):
    forge, shared, ann = github
    forge.tokens.clear()

    with pytest.raises(PolicyError):
        proposed(ann, promotion)

    assert list(branches(shared.hub, git)) == ["main"]


FAULTS = {
    "it may not write": (Reply(403, {"message": "Resource not accessible"}), PolicyError),
    "it is out of order": (Reply(500, {"message": "oops"}), BusyError),
    "it asks to wait too long": (limited("3600"), BusyError),
    "it refuses the fields": (Reply(422, {"message": "Validation Failed", "errors": []}), PolicyError),
    "it closes the connection": (CLOSED, BusyError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_forge_that_fails_after_the_push_says_what_is_there_and_what_goes_on(fault, github, git):
    forge, shared, ann = github
    reply, error = FAULTS[fault]
    forge.fail(*[reply] * 20, method="POST")

    with pytest.raises(error, match=f"branch '{PROMOTION}' is pushed, but there is no pull request for its newest commit yet: ") as refused:
        proposed(ann, promotion)

    assert refused.value.hint.startswith("the same command again goes on from there, or open it at http://127.0.0.1:")
    assert forge.pulls == {}
    pushed = branches(shared.hub, git)[PROMOTION]
    forge.faults.clear()
    assert (proposed(ann, promotion).state, branches(shared.hub, git)[PROMOTION]) == ("opened", pushed)


def test_a_pull_request_that_was_opened_although_the_connection_broke_is_one(github):
    forge, _, ann = github
    forge.fail(CLOSED, method="POST", after=True)

    assert proposed(ann, promotion).number == 1
    assert len(forge.pulls) == 1


def test_a_branch_that_the_remote_refuses_asks_for_no_pull_request(github, git):
    forge, shared, ann = github
    git_servers.hook(str(shared.hub), "pre-receive", 'echo "no robots" >&2; exit 1\n')

    with pytest.raises(PolicyError, match="no robots"):
        proposed(ann, promotion)

    assert [asked.method for asked in forge.requests if asked.method == "POST"] == []


def test_one_that_was_closed_is_proposed_anew(github):
    forge, _, ann = github
    proposed(ann, promotion)
    forge.pulls[1].state = "closed"

    assert proposed(ann, promotion).number == 2


def test_of_two_who_propose_at_once_one_opens_it_and_both_have_it(github):
    from concurrent.futures import ThreadPoolExecutor

    forge, shared, _ = github

    def one(folder):
        with Registry.open(folder) as there:
            return proposed(there, promotion)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(one, [shared.ann, shared.bob]))

    assert {each.number for each in done} == {1}
    assert len(forge.pulls) == 1


def test_a_registry_by_url_opens_a_pull_request_too(github, git):
    _forge, shared, _ = github

    with Registry.open(git(shared.ann, "remote", "get-url", "origin")) as there:
        assert proposed(there, promotion).number == 1
        assert there.proposals().status(1).changes == ("iris: promote 3 to production, archiving 1",)


# -- how they stand ---------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(github, git):
    """Let Bob open a pull request by hand that moves production to 3, from a branch of his; returns its number."""
    forge, shared, _ann = github
    git(shared.bob, "switch", "-q", "-c", "mine")
    stages = Path(shared.bob, "models/iris/stages.yaml")
    put(git, shared.bob, "models/iris/stages.yaml", stages.read_text().replace("number: 1\n  previous: []", "number: 3\n  previous: [1]"), "use 3")
    git(shared.bob, "push", "-q", "origin", "mine")
    return forge.open("mine", title="use 3", author="bob").number


def test_whoever_made_it_and_however_it_is_listed_and_what_is_not_the_registrys_is_not(github, by_hand, git):
    forge, shared, ann = github
    git(shared.bob, "switch", "-q", "-c", "docs", "main")
    put(git, shared.bob, "README.md", "words\n", "docs")
    git(shared.bob, "push", "-q", "origin", "docs")
    forge.open("docs", title="docs")
    forge.open("main", title="to elsewhere", base="release")

    (found,) = ann.proposals().open()

    assert (found.number, found.title, found.author, found.branch, found.state) == (by_hand, "use 3", "bob", "mine", "waiting")
    assert found.changes == ("iris: promote 3 to production, archiving 1",)
    assert found.url == f"{forge.address}/org/models/pull/{by_hand}"


STATES = {
    "ready": lambda forge, tip: (forge.reviews.update({1: [Review("r", "approved")]}), forge.checks.update({tip: ["passing"]})),
    "ready without checks": lambda forge, tip: forge.reviews.update({1: [Review("r", "approved")]}),
    "waiting for review": lambda forge, tip: forge.checks.update({tip: ["passing"]}),
    "waiting for checks": lambda forge, tip: (forge.reviews.update({1: [Review("r", "approved")]}), forge.checks.update({tip: ["pending"]})),
    "failing checks": lambda forge, tip: (forge.reviews.update({1: [Review("r", "approved")]}), forge.checks.update({tip: ["failing"]})),
    "failing review": lambda forge, tip: forge.reviews.update({1: [Review("r", "changes")]}),
    "draft": lambda forge, tip: setattr(forge.pulls[1], "draft", True),
    "merged": lambda forge, tip: forge.merge(1),
    "closed": lambda forge, tip: setattr(forge.pulls[1], "state", "closed"),
}


@pytest.mark.parametrize("state", STATES)
def test_a_pull_request_has_one_state(state, github, by_hand):
    forge, _, ann = github

    STATES[state](forge, forge.pulls[1].commit)

    assert ann.proposals().status(by_hand).state == state.partition(" ")[0]


def test_an_approval_of_an_older_commit_does_not_make_it_ready(github, by_hand, git):
    forge, shared, ann = github
    forge.reviews[1] = [Review("r", "approved")]
    forge.refreshed(1)
    forge.pulls[1].fork = "bob"  # the forge does not look at the branch any more
    git(shared.hub, "update-ref", "refs/pull/1/head", "main")
    git(shared.bob, "commit", "-q", "--amend", "-m", "another")
    git(shared.bob, "push", "-q", "--force", "origin", "mine:refs/pull/1/head")
    forge.refreshed = lambda number: forge.pulls[number]

    found = ann.proposals().status(by_hand)

    assert (found.state, found.reasons) == ("waiting", ("the forge has not looked at its newest commit yet",))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("merged", [False, True], ids=["open", "merged"])
def test_one_that_goes_to_another_branch_is_none_of_this_registry(kind, merged, hosted, git):
    forge, shared = hosted(kind)
    git(shared.hub, "branch", "dev", "main")
    with Registry.open(shared.ann) as ann:
        branch = proposed(ann, promotion).branch
        forge.pulls[1].base = "dev"
        forge.reviews[1] = [Review("r", "approved")]
        if merged:
            forge.merge(1)

        with pytest.raises(NotFoundError, match="pull request 1 goes to 'dev', not to 'main', the branch of this registry"):
            ann.proposals().status(1)
        with pytest.raises(NotFoundError, match="pull request 1 goes to 'dev'"):
            waiting(ann, Clock()).wait(1)

        assert ann.proposals().status(branch).review is None


def test_an_approval_that_was_given_before_the_last_push_does_not_make_it_ready(github, by_hand, git):
    forge, shared, ann = github
    forge.reviews[1] = [Review("r", "approved", commit=git(shared.hub, "rev-parse", "main"))]
    forge.checks[forge.pulls[1].commit] = ["passing"]

    found = ann.proposals().status(by_hand)

    assert (found.state, found.reasons) == ("waiting", ("it is not approved",))


def test_that_no_checks_have_run_is_said_and_believed_after_half_a_minute(github, by_hand):
    forge, _, ann = github
    STATES["ready without checks"](forge, forge.pulls[1].commit)
    clock, heard = Clock(), []

    found = waiting(ann, clock).wait(by_hand, "ready", heard=lambda now: heard.append((now.state, now.reasons)))

    assert ann.proposals().status(by_hand).reasons == ("no checks have run",)
    assert (found.state, found.checks) == ("ready", "none")
    assert heard == [("waiting", ("no checks have run so far",)), ("ready", ("no checks have run",))]
    assert 30 <= clock.now < 60


def test_checks_that_start_after_the_push_are_waited_for(github, by_hand):
    forge, _, ann = github
    tip = forge.pulls[1].commit
    STATES["ready without checks"](forge, tip)
    clock = Clock(lambda: forge.checks.update({tip: ["failing"]}), after=2)

    with pytest.raises(PolicyError, match="pull request 1 fails: its checks fail"):
        waiting(ann, clock).wait(by_hand, "ready")


def test_one_from_a_fork_is_judged_by_its_commits(github, by_hand, git):
    forge, shared, ann = github
    forge.refreshed(1)
    forge.pulls[1].fork = "stranger"
    git(shared.hub, "update-ref", "-d", "refs/heads/mine")

    (found,) = ann.proposals().open()

    assert (found.branch, found.state) == ("stranger:mine", "waiting")
    assert found.changes == ("iris: promote 3 to production, archiving 1",)


def test_one_whose_commits_cannot_be_fetched_is_unknown_and_the_others_are_listed(github, by_hand, git):
    forge, shared, ann = github
    proposed(ann, lambda tx: tx.register("iris", "4.0"))
    forge.refreshed(1)
    git(shared.hub, "update-ref", "-d", "refs/pull/1/head")
    whole, forge.refreshed = forge.refreshed, lambda number: whole(number) if number != 1 else forge.pulls[1]

    assert {each.number: each.state for each in ann.proposals().open()} == {1: "unknown", 2: "waiting"}


def test_one_overtaken_since_is_outdated_and_waiting_for_it_ends(github, by_hand, git):
    _forge, shared, ann = github
    ann.promote("iris@2", "production")
    git(shared.ann, "push", "-q")

    found = ann.proposals().status(by_hand)

    assert (found.state, found.next) == ("outdated", "gitreg promote iris@3 production --pr")
    with pytest.raises(ConflictError, match="pull request 1 is out of date: production of iris is held by 2 now, it was made against 1"):
        waiting(ann, Clock()).wait(by_hand)


@pytest.mark.parametrize(("state", "error", "words"), [("closed", PolicyError, "will not be merged: it was closed without a merge"), ("failing checks", PolicyError, "fails: its checks fail")])
def test_waiting_ends_where_nothing_is_left_to_wait_for(state, error, words, github, by_hand):
    forge, _, ann = github
    clock = Clock(lambda: STATES[state](forge, forge.pulls[1].commit))

    with pytest.raises(error, match=f"pull request 1 {words}"):
        waiting(ann, clock).wait(by_hand)


def test_waiting_goes_on_while_the_forge_is_out_of_order(github, by_hand):
    forge, _, ann = github
    forge.fail(*[Reply(503, {"message": "down"})] * 30)

    def up():
        forge.faults.clear()
        forge.merge(1)

    assert waiting(ann, Clock(up, after=1)).wait(by_hand).state == "merged"


def test_the_title_of_a_stranger_is_told_as_it_is_and_what_it_does_is_judged(github, by_hand):
    forge, _, ann = github
    forge.pulls[1].title = "harmless\x1b[2J\u202e ::set-output name=a::b"

    (found,) = ann.proposals().open()

    assert found.changes == ("iris: promote 3 to production, archiving 1",)


def test_a_number_that_is_not_there_is_said(github):
    _, _, ann = github

    with pytest.raises(NotFoundError):
        ann.proposals().status(7)


# -- comments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_is_written_once_and_then_brought_up_to_date(kind, hosted, git):
    forge, shared = hosted(kind)
    with Registry.open(shared.ann) as ann:
        proposed(ann, promotion)
        forge.comments[1] = [Comment(1, "<!-- gitreg diff: this comment is updated in place --> of a stranger", author="stranger")]

        first = ann.proposals().comment(1, "origin/main", f"origin/{PROMOTION}")
        again = ann.proposals().comment(1, "origin/main~1", f"origin/{PROMOTION}")

    assert first == again
    assert [comment.author for comment in forge.comments[1]] == ["stranger", "maker"]
    assert "`iris@" in forge.comments[1][1].body or "production" in forge.comments[1][1].body


def test_a_comment_needs_a_way_in(github, monkeypatch):
    _, _, ann = github
    monkeypatch.delenv(VARIABLES["github"])

    with pytest.raises(GitregError, match="there is no token for 127"):
        ann.proposals().comment(1, "HEAD~1")
