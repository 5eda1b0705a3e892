"""The library's own face: reads, writes, transactions, each write one commit (SPEC 3 rules 4 to 11, SPEC 5)."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from gitreg import GitregWarning, ModelStages, Registry
from gitreg.errors import ConflictError, InvalidError, NotFoundError, PolicyError, UsageError
from gitreg.operations import message

RULES = """\
format: 1
branch: main
stages:
  development: {}
  staging: {}
  production:
    from: [staging]
    require:
      - name: accurate enough
        expr: candidate.metrics.accuracy >= 0.9
    review: true
"""


@pytest.fixture
def tip(registry, git):
    """Return what tells the commit that the branch is at."""
    return lambda: git(registry.path, "rev-parse", "main")


@pytest.fixture
def ruled(registry, git):
    """Return a registry whose production has rules, with 1 (0.91) in staging and 2 (0.5) in no stage."""
    for accuracy in (0.91, 0.5):
        registry.register("iris", metrics={"accuracy": accuracy})
    registry.promote("iris@1", "staging")
    write(registry, git, "gitreg.yaml", RULES)
    return registry


def write(registry, git, path, text):
    """Commit a file by hand."""
    with open(f"{registry.path}/{path}", "w") as file:
        file.write(text)
    git(registry.path, "add", path)
    git(registry.path, "commit", "-qm", "by hand")


def last(registry, git, form="%B"):
    return git(registry.path, "log", "-1", f"--format={form}")


# -- writes -------------------------------------------------------------------------------------------------


def test_register_counts_the_manifests(registry):
    numbers = [registry.register("iris").number for _ in range(3)]

    assert numbers == [1, 2, 3]


def test_register_returns_the_version_as_committed(registry, tip):
    made = registry.register("iris", "1.0.5", metrics={"accuracy": 0.97}, tags=["nightly"])

    assert (made.id, made.version, made.stage, made.commit) == ("iris@1", "1.0.5", None, tip())
    assert made == registry.get("iris@1.0.5")


def test_a_version_is_returned_as_it_reads_back(registry):
    made = registry.register("iris", params={"shape": (3, 4)}, metadata={"deep": {"er": ({"a": (1,)},)}}, tags=("a",))

    assert made == registry.get("iris@1")


def test_everything_that_is_registered_reads_back(registry, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")

    registry.register(
        "iris", metrics={"loss": 1e-05}, params={"C": 1, "v": "1.10"}, metadata={"a": {"b": [None, True]}}, description="second\nfeature set",
        artifacts={"model": str(tmp_path / "model.bin")}, links={"ticket": "https://example.org/T-12"}, run={"id": "r"}, status="running",
    )  # fmt: skip

    shown = registry.get("iris@1").as_dict()
    assert (shown["metrics"], shown["params"], shown["metadata"]) == ({"loss": 1e-05}, {"C": 1, "v": "1.10"}, {"a": {"b": [None, True]}})
    assert (shown["description"], shown["status"], shown["run"]) == ("second\nfeature set", "running", {"id": "r"})
    assert (shown["artifacts"]["model"]["size"], shown["links"]) == (7, {"ticket": {"uri": "https://example.org/T-12"}})


@pytest.mark.parametrize(
    ("write", "subject"),
    [
        pytest.param(lambda r: r.register("iris", "rc"), "iris: register 4 (rc)", id="register"),
        pytest.param(lambda r: r.promote("iris@3", "production"), "iris: promote 3 to production, archiving 1", id="promote"),
        pytest.param(lambda r: r.promote("iris@staging", ModelStages.PRODUCTION), "iris: promote 2 to production, vacating staging, archiving 1", id="promote by stage"),
        pytest.param(lambda r: r.promote("iris@1", ModelStages.ARCHIVED), "iris: vacate production, archiving 1", id="promote to archived"),
        pytest.param(lambda r: r.archive("iris@latest"), "iris: archive 3", id="archive"),
        pytest.param(lambda r: r.yank("iris@3", reason="x"), "iris: yank 3", id="yank"),
        pytest.param(lambda r: r.update("iris@3", tags=["x"]), "iris: update 3", id="update"),
        pytest.param(lambda r: r.create_model("wine"), "wine: create the model", id="create a model"),
        pytest.param(lambda r: r.update_model("iris", license="MIT"), "iris: update the model", id="update a model"),
        pytest.param(lambda r: r.delete_model("iris", force=True), "iris: delete the model", id="delete a model"),
    ],
)
def test_every_write_is_one_commit(iris, git, write, subject):
    before = git(iris.path, "rev-parse", "main")

    write(iris)

    assert git(iris.path, "rev-parse", "main~1") == before
    assert last(iris, git, "%s") == subject


def test_a_rollback_is_one_commit(iris, git, tip):
    iris.promote("iris@3", "production")
    before = tip()

    receipt = iris.rollback("iris", "production", reason="it was slow")

    assert git(iris.path, "rev-parse", "main~1") == before
    assert (receipt.commit, receipt.version.id, receipt.version.stage) == (tip(), "iris@1", "production")
    assert last(iris, git).startswith("iris: roll production back to 1, archiving 3\n\nit was slow\n\nGitreg-Op: ")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda r: r.promote("iris@1", "production"), id="promote the holder"),
        pytest.param(lambda r: r.promote("iris@1", "production", expect=3), id="promote the holder, expecting another"),
        pytest.param(lambda r: r.promote("iris@production", "production", force=True), id="promote the holder by force"),
        pytest.param(lambda r: r.unyank("iris@1"), id="unyank what is not yanked"),
        pytest.param(lambda r: r.update("iris@1", metrics={"accuracy": 0.91}), id="update with the same"),
        pytest.param(lambda r: r.update("iris@1"), id="update with nothing"),
        pytest.param(lambda r: r.update_model("iris", license=""), id="describe the model the same"),
    ],
)
def test_what_changes_nothing_makes_no_commit_and_succeeds(iris, tip, write):
    before = tip()

    receipt = write(iris)

    assert tip() == before
    assert (receipt.changed, receipt.commit, receipt.events) == (False, None, ())


def test_archiving_and_yanking_twice_is_once(iris, tip):
    iris.archive("iris@3")
    iris.yank("iris@3", reason="x")
    before = tip()

    assert not iris.archive("iris@3").changed
    assert not iris.yank("iris@3", reason="again").changed
    assert tip() == before


@pytest.mark.parametrize(
    ("write", "error"),
    [
        pytest.param(lambda r: r.promote("iris@9", "production"), NotFoundError, id="no such version"),
        pytest.param(lambda r: r.promote("iris@2", "latest"), UsageError, id="latest"),
        pytest.param(lambda r: r.promote("iris@2", "production", expect=3), ConflictError, id="another holder"),
        pytest.param(lambda r: r.promote("iris@2", "production", expect="none"), ConflictError, id="a holder"),
        pytest.param(lambda r: r.rollback("iris", "staging"), NotFoundError, id="nobody to go back to"),
        pytest.param(lambda r: r.yank("iris@1", reason="x"), ConflictError, id="yank a holder"),
        pytest.param(lambda r: r.yank("iris@3", reason=""), UsageError, id="yank without a reason"),
        pytest.param(lambda r: r.update("iris@1", metrics={"accuracy": 1}), ConflictError, id="change a metric"),
        pytest.param(lambda r: r.update("iris@1", metrics=[1]), UsageError, id="metrics are no map"),
        pytest.param(lambda r: r.update("iris@1", artifacts=[1]), UsageError, id="artifacts are no map"),
        pytest.param(lambda r: r.update("iris@1", links=[1]), UsageError, id="links are no map"),
        pytest.param(lambda r: r.register("iris", "latest"), UsageError, id="a reserved name"),
        pytest.param(lambda r: r.register("Iris"), ConflictError, id="a colliding model"),
        pytest.param(lambda r: r.delete_model("iris"), ConflictError, id="delete a model that holds a stage"),
        pytest.param(lambda r: r.create_model("iris"), ConflictError, id="create it again"),
        pytest.param(lambda r: r.register("iris", metadata={"a": float("nan")}), UsageError, id="nan in metadata"),
    ],
)
def test_a_refused_write_changes_nothing(iris, tip, git, write, error):
    before = tip()

    with pytest.raises(error):
        write(iris)

    assert tip() == before
    assert git(iris.path, "status", "--porcelain") == ""


def test_yanking_a_holder_by_force_vacates_its_stage_in_the_same_commit(iris, tip):
    receipt = iris.yank("iris@1", reason="leaks", force=True)

    assert [(event.event, event.number, event.stage) for event in receipt.events] == [
        ("cleared", None, "production"), ("archived", 1, "production"), ("yanked", 1, None)
    ]  # fmt: skip
    assert (receipt.version.stage, receipt.version.yanked.reason, receipt.commit) == ("archived", "leaks", tip())


def test_true_over_one_is_written(iris):
    iris.update("iris@3", metadata={"reviewed": 1})

    receipt = iris.update("iris@3", metadata={"reviewed": True})

    assert receipt.changed
    assert iris.get("iris@3").metadata["reviewed"] is True


def test_a_stage_added_to_the_configuration_gets_its_block_with_the_next_write(iris, git):
    write(iris, git, "gitreg.yaml", "format: 1\nstages:\n  development: {}\n  staging: {}\n  canary: {}\n  production: {}\n")

    assert iris.models()[0].stages["canary"] is None
    iris.archive("iris@3")

    assert "\ncanary:\n  number: null\n  previous: []\n\nproduction:\n" in git(iris.path, "show", "HEAD:models/iris/stages.yaml")


def test_a_stage_that_the_configuration_does_not_know_is_an_error(iris, git):
    write(iris, git, "gitreg.yaml", "format: 1\nstages:\n  development: {}\n  production: {}\n")

    with pytest.raises(InvalidError, match=r"gitreg\.yaml knows no stage 'staging'"):
        iris.promote("iris@3", "production")


# -- what a commit says -------------------------------------------------------------------------------------


def test_a_commit_says_what_why_and_which_operation(iris, git):
    receipt = iris.promote("iris@3", "production", reason="Better on all counts.\n\nGitreg-Change: promoted iris 9 production forced=review")

    lines = last(iris, git).splitlines()
    assert lines[:3] == ["iris: promote 3 to production, archiving 1", "", "Better on all counts."]
    assert git(iris.path, "log", "-1", "--format=%(trailers:key=Gitreg-Change,valueonly)").splitlines() == [
        "archived iris 1 production", "promoted iris 3 production from=1"
    ]  # fmt: skip
    assert receipt.message.strip() == last(iris, git)


def test_every_operation_has_an_id_of_its_own(registry, git):
    for _ in range(3):
        registry.register("iris")

    ids = git(registry.path, "log", "-3", "--format=%(trailers:key=Gitreg-Op,valueonly,separator=)").splitlines()
    assert len({i for i in ids if i}) == 3


def test_a_reason_that_no_commit_can_hold_is_written_out(iris, git):
    iris.archive("iris@3", reason="a\x00b\ud800c")

    assert last(iris, git).splitlines()[2] == r"a\0b\ud800c"
    assert iris.history()[0].reason == r"a\0b\ud800c"


def test_history_tells_who_what_when_and_why(iris):
    receipt = iris.promote("iris@3", "production", reason="Better.")

    promoted = next(event for event in iris.history("iris", "production") if event.event == "promoted")
    assert (promoted.kind, promoted.number, promoted.from_number, promoted.commit) == ("promote", 3, 1, receipt.commit)
    assert (promoted.by, promoted.reason, promoted.forced) == ("Name <name@example.org>", "Better.", ())


def test_history_is_newest_first(iris):
    iris.promote("iris@3", "production")
    iris.rollback("iris", "production")

    moves = [(event.kind, event.number) for event in iris.history("iris", "production") if event.event == "promoted"]

    assert moves == [("rollback", 1), ("promote", 3), ("first", 1)]


def test_archiving_a_former_holder_by_hand_is_in_the_history(iris):
    iris.promote("iris@3", "production")

    iris.archive("iris@1", reason="never again")

    newest = iris.history()[0]
    assert (newest.event, newest.number, newest.stage, newest.reason) == ("archived", 1, None, "never again")


# -- rules --------------------------------------------------------------------------------------------------


def test_rules_refuse_and_the_branch_stays(ruled, tip):
    before = tip()

    with pytest.raises(PolicyError, match="iris@2 must hold staging before production"):
        ruled.promote("iris@2", "production")

    assert tip() == before


def test_review_guards_the_branch_that_is_the_truth(ruled):
    with pytest.raises(PolicyError, match="only through a reviewed pull request"):
        ruled.promote("iris@1", "production")


def test_review_leaves_other_branches_free(ruled, git):
    git(ruled.path, "switch", "-qc", "promote-1")

    with Registry.open(ruled.path) as other:
        receipt = other.promote("iris@1", "production")

    assert receipt.events[0].forced == ()


def test_what_force_overrode_is_in_the_commit_and_in_the_history(ruled, git):
    forced = ("from:staging", "gate:accurate enough", "review")

    receipt = ruled.promote("iris@2", "production", force=True)

    assert receipt.events[0].forced == forced
    assert "forced=from:staging,gate:accurate%20enough,review" in last(ruled, git)
    assert ruled.history("iris", "production")[0].forced == forced
    assert message.claims_in(last(ruled, git))[0].forced == forced


# -- transactions -------------------------------------------------------------------------------------------


def test_a_transaction_is_one_commit(registry, git, tip):
    before = tip()

    with registry.transaction() as tx:
        tx.register("iris", "a")
        tx.register("iris", "b")
        tx.promote("iris@b", "production")
        tx.register("wine")

    assert git(registry.path, "rev-parse", "main~1") == before
    assert [row.versions for row in registry.models()] == [2, 1]
    assert tx.receipt.commit == tip()


def test_operations_of_a_transaction_see_each_other(registry):
    with registry.transaction() as tx:
        numbers = [tx.register("iris").number, tx.register("iris").number]
        tx.promote("iris@1", "production")
        tx.promote("iris@production", "staging")
        seen = tx.get("iris@staging").number

    assert (numbers, seen) == ([1, 2], 1)


def test_a_transaction_that_ends_where_it_began_makes_no_commit(iris, tip):
    before = tip()

    with iris.transaction() as tx:
        tx.yank("iris@3", reason="x")
        tx.unyank("iris@3")
        tx.update("iris@3", metadata={"a": 1})
        tx.update("iris@3", metadata={"a": None})

    assert tip() == before
    assert (tx.receipt.changed, tx.receipt.commit) == (False, None)


def test_an_empty_transaction_makes_no_commit(iris, tip):
    before = tip()

    with iris.transaction("nothing to see"):
        pass

    assert tip() == before


def test_an_error_of_the_caller_leaves_nothing_of_a_transaction(iris, tip, git):
    before = tip()

    with pytest.raises(KeyboardInterrupt), iris.transaction() as tx:
        tx.register("iris")
        raise KeyboardInterrupt

    assert tip() == before
    assert git(iris.path, "status", "--porcelain") == ""


def test_an_operation_that_is_refused_leaves_nothing_of_a_transaction(iris, tip):
    before = tip()

    with pytest.raises(NotFoundError), iris.transaction() as tx:
        tx.register("iris")
        tx.promote("iris@9", "production")

    assert tip() == before


def test_a_refused_operation_that_the_caller_forgives_is_left_out(iris):
    with iris.transaction() as tx:
        tx.register("iris")
        with pytest.raises(NotFoundError):
            tx.promote("iris@9", "production")

    assert iris.get("iris").number == 4
    assert iris.get("iris@production").number == 1


def test_the_policy_judges_a_transaction_at_its_end(ruled, tip):
    before = tip()

    with pytest.raises(PolicyError), ruled.transaction() as tx:
        tx.register("iris", metrics={"accuracy": 0.99})
        tx.promote("iris@3", "staging")
        tx.promote("iris@3", "production")

    assert tip() == before


def test_versions_of_a_transaction_have_no_commit_until_it_is_made(iris, tip):
    with iris.transaction() as tx:
        made = tx.register("iris")
        moved = tx.promote("iris@3", "production").version
        during = (made.commit, moved.commit, tx.get("iris@4").commit)

    assert during == (None, None, None)
    assert (made.commit, moved.commit, moved.stage) == (tip(), tip(), "production")


def test_versions_of_a_transaction_that_failed_have_no_commit(iris):
    with pytest.raises(ZeroDivisionError), iris.transaction() as tx:
        made = tx.register("iris")
        raise ZeroDivisionError

    assert made.commit is None


def test_the_message_of_a_transaction_is_its_subject_and_reasons_follow(iris, git):
    with iris.transaction("Ship the new features", reason="Agreed on Monday.") as tx:
        tx.promote("iris@3", "production", reason="Better.")

    assert last(iris, git).startswith("Ship the new features\n\nAgreed on Monday.\n\nBetter.\n\nGitreg-Op: ")


def test_without_a_message_the_subject_names_the_change(iris, git):
    with iris.transaction() as tx:
        tx.register("iris", "a")
        tx.promote("iris@a", "production")

    assert last(iris, git, "%s") == "iris: register 4 (a), promote 4 (a) to production, archiving 1"


def test_the_message_of_a_transaction_is_one_line(iris):
    with pytest.raises(UsageError, match="one line"):
        iris.transaction("one\ntwo")


def test_a_transaction_that_lost_the_race_is_carried_out_again(iris, git, tip):
    with iris.transaction() as tx:
        tx.promote("iris@3", "production")
        with Registry.open(iris.path) as other:
            other.register("iris")
            between = tip()

    assert git(iris.path, "rev-parse", "main~1") == between
    assert (iris.get("iris@production").number, iris.get("iris").number) == (3, 4)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(lambda tx: tx.register("iris"), lambda r: r.register("iris"), id="the number is taken"),
        pytest.param(lambda tx: tx.promote("iris@3", "production"), lambda r: r.promote("iris@2", "production"), id="another holder"),
        pytest.param(lambda tx: tx.promote("iris", "production"), lambda r: r.register("iris"), id="another latest"),
        pytest.param(lambda tx: tx.promote("iris@3", "production"), lambda r: r.promote("iris@3", "production"), id="it was done"),
        pytest.param(lambda tx: tx.promote("iris@3", "production"), lambda r: r.yank("iris@3", reason="x"), id="it was yanked"),
        pytest.param(lambda tx: tx.register("iris", "a"), lambda r: r.register("iris", "a"), id="the name is taken"),
    ],
)
def test_a_transaction_that_would_come_out_differently_is_a_conflict(iris, tip, mine, theirs):
    with pytest.raises(ConflictError), iris.transaction() as tx:
        mine(tx)
        with Registry.open(iris.path) as other:
            theirs(other)
            before = tip()

    assert tip() == before


def test_a_transaction_can_be_used_only_while_it_is_open(iris):
    tx = iris.transaction()

    with pytest.raises(ConflictError, match="this transaction is not open"):
        tx.register("iris")
    with tx:
        tx.register("iris")
    with pytest.raises(ConflictError, match="this transaction is not open"):
        tx.get("iris@1")


def test_a_transaction_is_used_once(iris):
    tx = iris.transaction()
    with tx:
        tx.register("iris")

    with pytest.raises(ConflictError, match="this transaction was used before"), tx:
        pass

    assert iris.get("iris").number == 4


def test_a_blank_message_is_none(iris, git):
    with iris.transaction("  ") as tx:
        tx.register("iris")

    assert last(iris, git, "%s") == "iris: register 4"


# -- reads --------------------------------------------------------------------------------------------------


def test_reads_see_what_was_written_by_others(iris):
    with Registry.open(iris.path) as other:
        other.promote("iris@3", "production")

    assert iris.get("iris@production").number == 3


def test_a_version_stays_the_same_when_its_stage_moves_on(iris):
    handle = iris.get("iris@production")

    iris.promote("iris@3", "production")

    assert (handle.id, handle.stage) == ("iris@1", "production")


def test_a_snapshot_always_is_the_same(iris):
    seen = iris.snapshot()

    iris.promote("iris@3", "production")

    assert seen.get("iris@production").number == 1


def test_the_board_and_the_versions(iris):
    assert [row.as_dict() for row in iris.models()] == [
        {"name": "iris", "latest": 3, "versions": 3, "stages": {"development": None, "staging": 2, "production": 1}}
    ]
    assert [(version.number, version.stage) for version in iris.versions("iris")] == [(1, "production"), (2, "staging"), (3, None)]
    assert iris.model("iris").created_by == "Name <name@example.org>"


def test_a_deleted_model_can_be_looked_at(iris):
    iris.delete_model("iris", reason="replaced", force=True)

    assert iris.models() == ()
    assert iris.model("iris").deleted.reason == "replaced"
    assert [version.yanked.reason for version in iris.versions("iris")] == ["replaced"] * 3
    with pytest.raises(NotFoundError):
        iris.get("iris")


@pytest.mark.parametrize("revision", ["HEAD~1", "main~1", "v1"])
def test_a_registry_is_read_at_a_revision(iris, git, revision):
    git(iris.path, "tag", "v1")
    iris.promote("iris@3", "production")

    assert iris.at(revision).get("iris@production").number == 1


def test_a_registry_is_read_at_a_date(tmp_path):
    with Registry.init(tmp_path / "dated") as registry:
        registry.register("iris")
        registry.promote("iris@1", "production")
        later = datetime.now(UTC) + timedelta(days=1)

        assert registry.at(later).get("iris@production").number == 1
        assert registry.at(later.date().isoformat()).get("iris@production").number == 1
        with pytest.raises(NotFoundError):
            registry.at("2001-01-01")


def test_an_unknown_revision_is_not_found(iris):
    with pytest.raises(NotFoundError, match="there is no revision 'v9'"):
        iris.at("v9")


@pytest.mark.parametrize("revision", ["--all", "-n1", "", "main..main~1"])
def test_what_is_no_revision_is_refused(iris, revision):
    with pytest.raises((NotFoundError, UsageError)):
        iris.at(revision)


def test_a_rehearsal_commits_nothing_and_shows_the_diff(iris, tip):
    before = tip()

    with Registry.open(iris.path, dry_run=True) as rehearsal:
        receipt = rehearsal.promote("iris@3", "production")

    assert tip() == before
    assert (receipt.changed, receipt.commit) == (True, None)
    assert "-  number: 1\n-  previous: []\n+  number: 3\n+  previous: [1]\n" in receipt.diff


def test_a_rehearsal_refuses_what_would_be_refused(ruled):
    with Registry.open(ruled.path, dry_run=True) as rehearsal, pytest.raises(PolicyError):
        rehearsal.promote("iris@2", "production")


def test_a_bare_repository_is_written_and_read(tmp_path, git):
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)

    with Registry.init(tmp_path / "bare.git") as registry:
        registry.register("iris")
        registry.promote("iris@1", "production")

    assert git(tmp_path / "bare.git", "show", "main:models/iris/stages.yaml").endswith("production:\n  number: 1\n  previous: []\n\narchived: []")


def test_a_closed_registry_reads_on(iris):
    iris.close()

    assert iris.get("iris@production").number == 1


def test_a_registry_at_a_revision_has_the_same_read_methods(iris):
    then = iris.at("HEAD~1")  # before the promotion to staging

    assert then.get("iris@production").number == 1
    assert then.models()[0].stages["staging"] is None
    assert then.model("iris").name == "iris"
    assert [version.number for version in then.versions("iris")] == [1, 2, 3]
    assert then.history("iris", "staging") == ()
    assert then.check() == ()
    assert repr(then) == f"RegistryAt(commit={then.commit!r})"


def test_register_masks_what_looks_like_a_secret_and_tells(registry):
    with pytest.warns(GitregWarning, match=r"not recorded, for it looks like a secret: password, the credentials in links\.ticket\.uri"):
        version = registry.register("iris", params={"password": "hunter2", "C": 1}, links={"ticket": "https://a:b@example.org/x"})

    assert (version.params, version.links["ticket"].uri) == ({"password": "***", "C": 1}, "https://example.org/x")
