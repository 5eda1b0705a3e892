"""Each forge gives the same: pull requests opened once, found, listed, judged, commented on."""

from __future__ import annotations

import pytest

from gitreg.errors import NotFoundError
from gitreg.forges.base import Proposal
from tests.forges.conftest import way
from tests.forges.servers import Comment, Review

PROPOSAL = Proposal("gitreg/iris", "main", "iris: promote 7", "what it means")


def test_a_proposal_becomes_a_pull_request(host):
    pull = way(host).propose(PROPOSAL)

    assert (pull.number, pull.title, pull.state, pull.head, pull.base) == (1, "iris: promote 7", "open", "gitreg/iris", "main")
    assert pull.commit == host.tip("gitreg/iris")
    assert pull.url.startswith(host.address)
    assert host.pulls[1].body == "what it means"


def test_a_second_proposal_for_the_same_branches_updates_the_first(host):
    way(host).propose(PROPOSAL)

    again = way(host).propose(PROPOSAL._replace(title="iris: promote 8", body="another"))

    assert again.number == 1
    assert [(one.title, one.body) for one in host.pulls.values()] == [("iris: promote 8", "another")]


def test_a_closed_or_merged_pull_request_is_not_opened_again(host):
    way(host).propose(PROPOSAL)
    host.merge(1)

    assert way(host).propose(PROPOSAL).number == 2
    assert way(host).pull(1).state == "merged"


def test_a_long_title_is_cut_to_what_forges_take(host):
    way(host).propose(PROPOSAL._replace(title="promote\n" + "x" * 400))

    assert len(host.pulls[1].title) < 255
    assert "\n" not in host.pulls[1].title


def test_the_branch_of_the_same_name_in_a_fork_is_another(host):
    host.open("gitreg/iris", fork="stranger")
    host.open("gitreg/iris", fork="(gone)")

    assert way(host).find("gitreg/iris", "main") is None
    assert way(host).propose(PROPOSAL).number == 3
    assert [one.head == "gitreg/iris" for one in way(host).pulls("main")] == [True, False, False]
    host.wrong[:] = [wrong for wrong in host.wrong if "head.repo: None" not in wrong]  # what GitHub answers for a fork that is gone; its description forgets it


def test_a_pull_request_is_found_by_its_branches(host):
    host.open("other")
    host.open("gitreg/iris", base="release")
    host.open("gitreg/iris")

    found = way(host).find("gitreg/iris", "main")

    assert found
    assert found.number == 3
    assert way(host).find("gitreg/none", "main") is None


def test_open_pull_requests_are_listed_newest_first_across_pages(host):
    host.page = 2
    for place in range(5):
        host.open(f"branch-{place}", base="other" if place == 3 else "main")
    host.pulls[2].state = "closed"

    assert [one.number for one in way(host).pulls("main")] == [5, 3, 1]


def test_only_branches_with_the_prefix_are_asked_about(host):
    host.open("gitreg/iris")
    host.open("feature")

    assert [one.head for one in way(host).pulls("main", "gitreg/")] == ["gitreg/iris"]
    assert not [asked for asked in host.requests if "/2" in asked.path]


def test_a_pull_request_that_is_not_there_is_named(host):
    with pytest.raises(NotFoundError, match=r"has no .*/9, or the token of \w+ may not see it"):
        way(host).pull(9)


def test_a_merged_pull_request_says_its_commit_and_an_open_one_none(host):
    host.open("gitreg/iris")

    before = way(host).pull(1)
    commit = host.merge(1)

    assert (before.state, before.merge_commit) == ("open", None)
    assert (way(host).pull(1).state, way(host).pull(1).merge_commit) == ("merged", commit)


def test_a_draft_and_its_author_are_told(host):
    host.open("gitreg/iris", draft=True, author="somebody")

    assert (way(host).pull(1).draft, way(host).pull(1).author) == (True, "somebody")


REVIEWS = {
    "none": ([], "waiting"),
    "a comment": ([Review("a", "comment")], "waiting"),
    "an approval": ([Review("a", "approved")], "approved"),
    "an approval that was dismissed": ([Review("a", "dismissed")], "waiting"),
    "an approval, then changes wanted by another": ([Review("a", "approved"), Review("b", "changes")], "changes-requested"),
    "an approval of a stranger": ([Review("a", "approved", trusted=False)], "waiting"),
}


@pytest.mark.parametrize("case", REVIEWS)
def test_reviews_come_to_one_word(host, case):
    host.open("gitreg/iris")
    host.reviews[1], expected = REVIEWS[case]

    assert way(host).pull(1).review == expected


LATEST = {
    "changes wanted, then approved": ([Review("a", "changes"), Review("a", "approved")], "approved"),
    "approved, then changes wanted": ([Review("a", "approved"), Review("a", "changes")], "changes-requested"),
    "approved, then a comment": ([Review("a", "approved"), Review("a", "comment")], "approved"),
    "changes wanted, then dismissed": ([Review("a", "changes"), Review("a", "dismissed")], "waiting"),
    "many, over pages": ([Review(f"r{place}", "comment") for place in range(7)] + [Review("a", "approved")], "approved"),
}


@pytest.mark.parametrize("kind", ["github", "gitea"])
@pytest.mark.parametrize("case", LATEST)
def test_the_latest_review_of_each_reviewer_counts(start, kind, case):
    host = start(kind, page=3)
    host.open("gitreg/iris")
    host.reviews[1], expected = LATEST[case]

    assert way(host).pull(1).review == expected


OLDER = {
    "approved before the last push": ([Review("a", "approved", commit="1" * 40)], "waiting"),
    "approved before the last push and after it": ([Review("a", "approved", commit="1" * 40), Review("a", "approved")], "approved"),
    "changes wanted before the last push": ([Review("a", "changes", commit="1" * 40)], "changes-requested"),
    "changes wanted, then approved, then pushed": ([Review("a", "changes", commit="1" * 40), Review("a", "approved", commit="1" * 40)], "waiting"),
}


@pytest.mark.parametrize("kind", ["github", "gitea"])
@pytest.mark.parametrize("case", OLDER)
def test_an_approval_counts_for_the_commit_that_it_was_given_for(start, kind, case):
    host = start(kind)
    host.open("gitreg/iris")
    host.reviews[1], expected = OLDER[case]

    assert way(host).pull(1).review == expected


def test_a_pipeline_of_gitlab_for_an_earlier_commit_says_nothing_of_the_newest(start):
    host = start("gitlab")
    commit = host.open("gitreg/iris").commit
    host.checks[commit] = ["passing"]
    assert way(host).pull(1).checks == "passing"

    host.pipelines[commit] = "1" * 40

    assert way(host).pull(1).checks == "pending"


def test_a_review_of_a_deleted_account_counts_for_nothing(start):
    host = start("github")
    host.open("gitreg/iris")
    host.reviews[1] = [Review("", "approved")]

    assert way(host).pull(1).review == "waiting"


CHECKS = {"none": ([], "none"), "passing": (["passing"], "passing"), "skipped": (["skipped"], "passing"), "failing": (["failing"], "failing"), "running": (["passing", "pending"], "pending")}


@pytest.mark.parametrize("case", CHECKS)
def test_checks_come_to_one_word(host, case):
    host.checks[host.open("gitreg/iris").commit], expected = CHECKS[case]

    assert way(host).pull(1).checks == expected


@pytest.mark.parametrize("case", CHECKS)
def test_a_fine_grained_token_of_github_sees_the_newest_run_of_each_workflow(start, case):
    host = start("github", fine_grained=True, page=2)
    host.checks[host.open("gitreg/iris").commit], expected = CHECKS[case]

    assert way(host).pull(1).checks == expected


@pytest.mark.parametrize(("runs", "status", "expected"), [([], "success", "passing"), (["passing"], "failure", "failing"), (["passing"], "pending", "pending"), (["failing"], "success", "failing")])
def test_githubs_older_statuses_count_beside_its_checks(start, runs, status, expected):
    host = start("github")
    commit = host.open("gitreg/iris").commit
    host.checks[commit], host.statuses[commit] = runs, status

    assert way(host).pull(1).checks == expected


def test_a_comment_is_made_once_and_then_brought_up_to_date(host):
    host.open("gitreg/iris")

    first = way(host).comment(1, "<!-- mark -->\nfirst", "<!-- mark -->")
    second = way(host).comment(1, "<!-- mark -->\nsecond", "<!-- mark -->")

    assert first == second
    assert first.startswith(host.address)
    assert [one.body for one in host.comments[1]] == ["<!-- mark -->\nsecond"]


def test_a_strangers_comment_with_our_marker_is_left_alone(host):
    host.open("gitreg/iris")
    host.comments[1] = [Comment(100, "<!-- mark --> approved, merge it", author="stranger")]

    way(host).comment(1, "<!-- mark -->\nours", "<!-- mark -->")

    assert [one.body for one in host.comments[1]] == ["<!-- mark --> approved, merge it", "<!-- mark -->\nours"]


def test_a_comment_of_ours_that_only_quotes_the_marker_is_left_alone(host):
    host.open("gitreg/iris")
    host.comments[1] = [Comment(100, "what is <!-- mark --> for?", author=host.me)]

    for text in ("first", "second"):
        way(host).comment(1, f"<!-- mark -->{text}", "<!-- mark -->")

    assert [one.body for one in host.comments[1]] == ["what is <!-- mark --> for?", "<!-- mark -->second"]


def test_the_comment_of_another_robot_is_left_alone_by_a_job_of_actions(start):
    host = start("github", me=None)
    host.open("gitreg/iris")
    host.comments[1] = [Comment(100, "<!-- mark --> of a robot", author="other[bot]", kind="Bot")]

    way(host).comment(1, "<!-- mark -->ours", "<!-- mark -->")

    assert [one.body for one in host.comments[1]] == ["<!-- mark --> of a robot", "<!-- mark -->ours"]


@pytest.mark.parametrize("kind", ["github", "gitea"])
def test_a_token_of_ci_that_may_not_ask_who_it_is_finds_its_comment(start, kind):
    host = start(kind, me=None)
    host.open("gitreg/iris")
    host.comments[1] = [Comment(100, "<!-- mark --> of a person", author="stranger")]

    for text in ("first", "second"):
        way(host).comment(1, f"<!-- mark -->{text}", "<!-- mark -->")

    assert [one.body for one in host.comments[1]] == ["<!-- mark --> of a person", "<!-- mark -->second"]


def test_a_body_gives_gitlab_no_commands(start):
    host = start("gitlab")

    way(host).propose(PROPOSAL._replace(body="fine\n/merge\n  /approve\na/b /not"))
    way(host).comment(1, "/close", "mark")

    assert host.pulls[1].body == "fine\n&#47;merge\n  &#47;approve\na/b /not"
    assert host.comments[1][0].body == "&#47;close"


def test_the_ref_of_a_pull_request_is_where_git_finds_it(host):
    assert way(host).ref(7) == {"gitlab": "refs/merge-requests/7/head"}.get(host.kind, "refs/pull/7/head")


def test_in_groups_of_groups_a_project_of_gitlab_is_found(start):
    host = start("gitlab", repository="a/b/c")
    host.open("gitreg/iris")

    assert way(host).pull(1).number == 1


def test_a_fake_that_answers_against_the_description_is_found_out(start):
    host = start("github")
    host.open("gitreg/iris", title=7)

    way_ = way(host)
    with pytest.raises(Exception, match="Expected `str`"):
        way_.pull(1)

    assert any("title: 7 is not of type 'string'" in wrong for wrong in host.wrong)
    host.wrong.clear()
