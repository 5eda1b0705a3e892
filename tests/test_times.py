"""Which commit a date means."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gitreg import times
from gitreg.errors import NotFoundError, UsageError

DAY_ENDS = {"hour": 23, "minute": 59, "second": 59, "microsecond": 999999, "tzinfo": UTC}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22", datetime(2026, 11, 22, **DAY_ENDS)),
        ("9999-12-31", datetime(9999, 12, 31, **DAY_ENDS)),
        ("2024-02-29", datetime(2024, 2, 29, **DAY_ENDS)),
        ("2026-11-22T07:24:31Z", datetime(2026, 11, 22, 7, 24, 31, tzinfo=UTC)),
        ("2026-11-22T07:24:31.123456Z", datetime(2026, 11, 22, 7, 24, 31, 123456, UTC)),
        ("2026-11-22T07:24", datetime(2026, 11, 22, 7, 24, tzinfo=UTC)),
        ("2026-11-22 07:24:31", datetime(2026, 11, 22, 7, 24, 31, tzinfo=UTC)),
        ("2026-11-22T07:24:31+02:00", datetime(2026, 11, 22, 7, 24, 31, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_date_means_a_moment(text, moment):
    assert times.moment(text) == moment


@pytest.mark.parametrize("text", ["main", "HEAD~3", "v1", "", "2026", "2026-11", "2026-11-22-fix", "20261122", "a2026-11-22", "2026-11-22\n", "abcdef12"], ids=ascii)
def test_what_is_no_date_is_a_revision(text):
    assert times.moment(text) is None


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "0000-01-01", "2026-11-22T25:00", "2026-11-22T07:24:31 or so", "2026-11-22T07:24+99:00"])
def test_a_day_that_never_was_is_wrong_usage(text):
    with pytest.raises(UsageError, match=r"is not a date: "):
        times.moment(text)


# -- clocks that lie --------------------------------------------------------------------------------------


@pytest.fixture
def lying(registry, git):
    """Return a registry whose commits say: made in May, June, August, and, by a wrong clock, July; and their ids."""
    registry.register("iris")
    ids = []
    for stamp in ("2026-05-10T12:00:00Z", "2026-06-10T12:00:00Z", "2026-08-10T12:00:00Z", "2026-07-10T12:00:00Z"):
        amend = ["--amend"] if not ids else []
        git(registry.path, "commit", "-q", "--allow-empty", *amend, "-m", stamp, env=dated(stamp))
        ids.append(git(registry.path, "rev-parse", "HEAD"))
    return registry, ids


def dated(stamp, author="2001-01-01T00:00:00Z"):
    return {**os.environ, "GIT_COMMITTER_DATE": stamp, "GIT_AUTHOR_DATE": author}


@pytest.mark.parametrize(
    ("when", "which"),
    [
        ("2026-05-10", 0),
        ("2026-05-10T12:00:00Z", 0),
        ("2026-06-10T11:59:59.999Z", 0),
        ("2026-06-10T12:00:00Z", 1),
        ("2026-06-10T14:00:00+02:00", 1),
        ("2026-07-09", 1),
        ("2026-07-10", 3),
        ("2026-08-09", 3),
        ("2026-08-10", 3),
        ("2030-01-01", 3),
    ],
)
def test_a_date_is_the_newest_commit_that_is_not_later(lying, when, which):
    registry, ids = lying

    assert registry.at(when).commit == ids[which]


def test_a_datetime_is_as_good_as_its_text(lying):
    registry, ids = lying

    assert registry.at(datetime(2026, 6, 10, 12, tzinfo=UTC)).commit == ids[1]
    assert registry.at(datetime(2026, 6, 10, 12)).commit == ids[1]  # a naive one means UTC
    assert registry.at(datetime(2026, 6, 10, 12, tzinfo=timezone(timedelta(hours=1)))).commit == ids[0]


def test_a_wrong_clock_in_the_middle_hides_no_later_commit(registry, git):
    for stamp in ("2026-05-01T00:00:00Z", "2036-01-01T00:00:00Z", "2026-05-03T00:00:00Z"):
        git(registry.path, "commit", "-q", "--allow-empty", "-m", stamp, env=dated(stamp))

    assert registry.at("2026-05-03").commit == git(registry.path, "rev-parse", "HEAD")
    assert registry.at("2026-05-02").commit == git(registry.path, "rev-parse", "HEAD~2")


def test_only_the_first_parents_count(registry, git):
    git(registry.path, "commit", "-q", "--allow-empty", "-m", "base", env=dated("2026-05-01T00:00:00Z"))
    base = git(registry.path, "rev-parse", "HEAD")
    git(registry.path, "switch", "-q", "-c", "topic")
    git(registry.path, "commit", "-q", "--allow-empty", "-m", "on a branch", env=dated("2026-05-02T00:00:00Z"))
    git(registry.path, "switch", "-q", "main")
    git(registry.path, "merge", "-q", "--no-ff", "topic", "-m", "merge", env=dated("2026-05-09T00:00:00Z"))

    assert registry.at("2026-05-05").commit == base
    assert registry.at("2026-05-09").commit == git(registry.path, "rev-parse", "HEAD")


def test_a_date_before_the_registry_is_not_found(iris):
    with pytest.raises(NotFoundError, match=r"no commit as old as 1999-12-31 23:59 UTC"):
        iris.at("1999-12-31")


def test_a_revision_is_not_found(iris):
    with pytest.raises(NotFoundError, match="there is no revision 'nowhere'"):
        iris.at("nowhere")


@pytest.mark.parametrize("rev", ["--all", "-x", "a\nb", "main^{tree}", "HEAD:gitreg.yaml", "..", "", "@{-1}"], ids=ascii)
def test_a_revision_that_is_no_commit_is_refused(iris, rev):
    with pytest.raises((NotFoundError, UsageError)):
        iris.at(rev)


def test_a_revision_shows_the_registry_as_it_was(iris):
    before = iris.at("HEAD~2")

    assert before.get("iris").number == 3
    assert before.snapshot().stages("iris").pointer("production").number is None
    assert iris.get("iris@production").number == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (7199, "1 hour"), (7200, "2 hours"), (86_400, "1 day"), (10**8, "1157 days")],
)
def test_a_length_of_time_is_said_in_its_largest_unit(seconds, text):
    assert times.span(seconds) == text
