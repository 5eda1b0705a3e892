"""A rehearsal says what gitreg diff says of the commit, and what the rules answer, and leaves nothing behind."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from msgspec.structs import replace

from gitreg import Registry
from gitreg.errors import ConflictError, NotFoundError, PolicyError
from gitreg.review import plain

GATES = """\
format: 1
branch: main
stages:
  development: {}
  staging:
    occupied: refuse
  production:
    from: [staging]
    review: true
    require:
      - name: accurate enough
        expr: candidate.metrics.accuracy >= 0.96
"""

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
WRITES = {
    "promote": lambda tx: tx.promote("iris@3", "production", reason="better"),
    "from a stage": lambda tx: tx.promote("iris@2", "development"),
    "down": lambda tx: tx.promote("iris@1", "development"),
    "rollback": lambda tx: tx.rollback("iris", "production"),
    "archive": lambda tx: tx.archive("iris@2"),
    "yank": lambda tx: tx.yank("iris@3", reason="wrong labels"),
    "update": lambda tx: tx.update("iris@3", tags=["nightly"], description="text", metrics={"auc": 0.5}),
    "register": lambda tx: tx.register("iris", "named", metrics={"accuracy": 1.0}),
    "register another": lambda tx: tx.register("team/other", tags=["x"]),
    "several": lambda tx: (tx.register("iris"), tx.promote("iris@4", "staging"), tx.promote("iris@3", "production")),
    "card": lambda tx: tx.update_model("iris", license="MIT"),
}


def about(meaning):
    """Return what a meaning says, without what only a commit has."""
    events = tuple(replace(event, commit=None, at=None, by=None, reason="") for event in meaning.events)
    moves = tuple(replace(move, held_seconds=None, after=move.after and replace(move.after, created_at="")) for move in meaning.moves)
    return replace(meaning, head="", raw="", events=events, moves=moves)


def ruled(registry, git, rules=GATES):
    with open(f"{registry.path}/gitreg.yaml", "w") as file:
        file.write(rules)
    git(registry.path, "commit", "-aqm", "rules")


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_it_says_what_gitreg_diff_says_of_the_commit(iris, write):
    iris.promote("iris@2", "production")
    base = iris.snapshot().commit

    seen = iris.rehearse(write)

    with iris.transaction() as tx:
        write(tx)
    made = iris.diff(base, "HEAD")
    assert TIME.sub("TIME", plain.text(seen.meaning)) == TIME.sub("TIME", plain.text(made))
    assert about(seen.meaning) == about(made)
    assert seen.refusal is None
    assert seen.subject == tx.receipt.message.partition("\n")[0]


def test_it_says_what_gitreg_diff_says_of_a_forced_commit(iris, git):
    ruled(iris, git)
    base = iris.snapshot().commit

    seen = iris.rehearse(lambda tx: tx.promote("iris@3", "production", force=True))

    iris.promote("iris@3", "production", force=True)
    assert about(seen.meaning) == about(iris.diff(base, "HEAD"))
    assert not seen.meaning.ok
    assert seen.forced == ("from:staging", "review")


def test_the_files_are_those_of_a_dry_run(iris):
    with Registry.open(iris.path, dry_run=True) as dry:
        told = dry.promote("iris@3", "production")

    seen = iris.rehearse(lambda tx: tx.promote("iris@3", "production"))

    assert seen.meaning.raw == told.diff


@pytest.mark.parametrize(
    ("write", "kind", "sentence"),
    [
        (lambda tx: tx.promote("iris@2", "production"), PolicyError, "gate 'accurate enough' of production refuses iris@2"),
        (lambda tx: tx.promote("iris@3", "production"), PolicyError, "iris@3 must hold staging before production"),
        (lambda tx: tx.promote("iris@3", "staging"), ConflictError, "staging of 'iris' is held by 2, and this registry refuses to displace a holder"),
    ],
)
def test_what_the_rules_refuse_is_told_with_what_it_would_mean(iris, git, write, kind, sentence):
    ruled(iris, git)
    seen = iris.rehearse(write)

    assert isinstance(seen.refusal, kind)
    assert sentence in seen.refusal.message
    assert seen.subject == ""
    assert {move.after.number for move in seen.meaning.moves if move.after} <= {2, 3}
    with pytest.raises(kind), iris.transaction() as tx:
        write(tx)


def test_what_cannot_be_done_whoever_agrees_is_an_error(iris):
    with pytest.raises(NotFoundError, match="no previous version to go back to"):
        iris.rehearse(lambda tx: tx.rollback("iris", "production"))


def test_a_proposal_is_let_through_where_review_is_asked_for(iris, git):
    ruled(iris, git, "format: 1\nbranch: main\nstages:\n  staging: {}\n  production:\n    review: true\n  development: {}\n")

    direct = iris.rehearse(lambda tx: tx.promote("iris@2", "production"))
    proposed = iris.rehearse(lambda tx: tx.promote("iris@2", "production"), proposal=True)

    assert "reviewed pull request" in direct.refusal.message
    assert proposed.refusal is None


def test_what_changes_nothing_has_no_meaning(iris):
    seen = iris.rehearse(lambda tx: tx.promote("iris@1", "production"))

    assert (seen.meaning, seen.refusal, seen.subject) == (None, None, "")


def test_nothing_is_left_behind(iris, git):
    before = git(iris.path, "count-objects", "-v"), git(iris.path, "for-each-ref"), git(iris.path, "status", "--porcelain")

    iris.rehearse(lambda tx: (tx.register("iris"), tx.promote("iris@4", "production")))

    assert (git(iris.path, "count-objects", "-v"), git(iris.path, "for-each-ref"), git(iris.path, "status", "--porcelain")) == before


def test_where_nothing_can_be_written_it_is_told_before(iris, git):
    git(iris.path, "switch", "-q", "--detach")

    with Registry.open(iris.path) as detached, pytest.raises(ConflictError, match="HEAD is detached"):
        detached.rehearse(lambda tx: tx.promote("iris@3", "production"))


def test_an_error_of_the_caller_is_the_callers(iris):
    def write(tx):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        iris.rehearse(write)


def test_the_time_is_that_of_the_rehearsal(iris):
    seen = iris.rehearse(lambda tx: tx.promote("iris@3", "production"))

    (move,) = [move for move in seen.meaning.moves if move.stage == "production"]
    assert 0 <= move.held_seconds < 3600
    assert datetime.fromisoformat(move.held_since)
