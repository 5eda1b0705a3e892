"""What is known of browsers: who came with the token, and what each may confirm."""

from __future__ import annotations

import pytest

from gitreg.web.sessions import Sessions


@pytest.fixture
def sessions():
    return Sessions()


def test_secrets_are_long_and_each_start_has_others(sessions):
    other = Sessions()

    found = {sessions.token, sessions.invitation, sessions.begin(), sessions.begin(), other.token, other.invitation, other.begin()}

    assert len(found) == 7
    assert {len(each) for each in found} == {43}


def test_an_invitation_is_good_once_and_the_token_always(sessions):
    invitation = sessions.invitation

    assert [sessions.is_token(invitation), sessions.is_token(invitation), sessions.is_token("")] == [True, False, False]
    assert [sessions.is_token(sessions.token), sessions.is_token(sessions.token)] == [True, True]


def test_a_ticket_is_taken_once_by_the_browser_that_has_it(sessions):
    mine, other = sessions.begin(), sessions.begin()
    ticket = sessions.offered(mine, "what was shown")

    assert sessions.taken(other, ticket) is None
    assert sessions.taken("nobody", ticket) is None
    assert sessions.taken(mine, ticket) == "what was shown"
    assert sessions.taken(mine, ticket) is None


def test_a_ticket_is_no_form_token_and_no_result(sessions):
    mine = sessions.begin()
    ticket = sessions.offered(mine, "what was shown")

    assert not sessions.is_form_token(mine, ticket)
    assert sessions.result(mine, ticket) is None
    assert sessions.taken(mine, sessions.form_token(mine)) is None
    assert not sessions.is_form_token(sessions.begin(), sessions.form_token(mine))


def test_the_oldest_goes_where_there_are_very_many(sessions):
    mine = sessions.begin()
    tickets = [sessions.offered(mine, number) for number in range(60)]

    assert [sessions.taken(mine, ticket) for ticket in tickets] == [None] * 10 + list(range(10, 60))


def test_a_browser_that_is_not_known_keeps_nothing(sessions):
    assert sessions.taken("nobody", sessions.offered("nobody", 1)) is None
    assert sessions.result("nobody", sessions.told("nobody", 1)) is None
