"""Thousands of versions in one commit: the rules of a transaction, in bounded memory, as one pack."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest

from gitreg import ConflictError, PolicyError, Registry, UsageError
from gitreg.operations import events, message

MANY = 1_200  # more than is held in memory of anything, and a folder of a thousand


@pytest.fixture
def bare(tmp_path, git):
    """Return an empty registry in a bare repository."""
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with Registry.init(tmp_path / "bare.git") as made:
        yield made


def fill(tx, count: int = MANY, model: str = "iris") -> None:
    for number in range(1, count + 1):
        tx.register(model, f"1.{number}", metrics={"accuracy": number / 10_000}, params={"C": 1.0})


def packs(registry) -> int:
    from pathlib import Path

    return len([*Path(registry.location.repo.common_dir).glob("objects/pack/*")])


def test_thousands_of_versions_are_one_commit_and_one_pack(bare, git):
    before = int(git(bare.path, "rev-list", "--count", "main"))

    with bare.transaction() as tx:
        fill(tx)

    assert int(git(bare.path, "rev-list", "--count", "main")) == before + 1
    assert packs(bare) == 2  # and its index
    assert [version.version for version in bare.versions("iris")] == [f"1.{number}" for number in range(1, MANY + 1)]
    assert bare.get("iris@1.1100").number == 1_100
    assert list(bare.check()) == []
    assert git(bare.path, "fsck", "--strict", "--no-dangling") == ""


def test_a_checkout_follows(registry, git):
    with registry.transaction() as tx:
        fill(tx)

    assert git(registry.path, "status", "--porcelain") == ""
    assert git(registry.path, "ls-files", "models/iris/versions").count("\n") + 1 == MANY


def test_the_message_has_a_line_for_each_change_and_the_subject_counts_them(bare, git):
    with bare.transaction(reason="the history of the old registry") as tx:
        fill(tx)

    text = git(bare.path, "log", "-1", "--format=%B", "main")
    assert text.partition("\n")[0] == f"iris: {MANY + 1} changes"
    assert text.count(f"\n{message.CHANGE}: registered iris ") == MANY
    assert message.reason_in(text) == "the history of the old registry"
    assert tx.receipt.message.strip() == text


def test_a_receipt_tells_every_event(bare):
    with bare.transaction() as tx:
        fill(tx)
        tx.promote("iris@3", "production")

    found = tx.receipt.events
    assert isinstance(found, events.Stream)
    assert (len(found), len(list(found))) == (MANY + 2, MANY + 2)
    assert [(event.event, event.number, event.version) for event in found[:4]] == [("promoted", 3, "1.3"), ("model_created", None, None), ("registered", 1, "1.1"), ("registered", 2, "1.2")]
    assert {event.commit for event in found} == {tx.receipt.commit}
    assert found[-1].version == f"1.{MANY}"
    with pytest.raises(IndexError):
        found[MANY + 2]


def test_operations_see_what_is_on_disk_by_now(bare):
    with bare.transaction() as tx:
        fill(tx)
        with pytest.raises(ConflictError, match="exists already: it is number 2"):
            tx.register("iris", "1.2")
        tx.update("iris@1.2", metrics={"auc": 0.5}, description="the second")
        tx.promote("iris@1.2", "production")
        tx.yank("iris@3", reason="leaks")
        assert (tx.get("iris@production").description, tx.get("iris@latest").number) == ("the second", MANY)

    assert (bare.get("iris@production").number, bare.get("iris@2").metrics["auc"], bare.get("iris@3").yanked.reason) == (2, 0.5, "leaks")
    assert bare.get("iris@4").stage is None


def test_a_version_that_the_caller_kept_learns_its_commit_and_its_stage(bare):
    with bare.transaction() as tx:
        first = tx.register("iris", "1.0")
        fill(tx)
        last = tx.register("iris")
        tx.promote(first.id, "production")
        tx.promote(last.id, "production")

    assert (first.stage, last.stage) == ("archived", "production")
    assert first.commit == last.commit == tx.receipt.commit


def test_a_dictionary_that_the_caller_uses_again_is_recorded_as_it_was(bare):
    metrics = {}

    with bare.transaction() as tx:
        for number in range(3):
            metrics["accuracy"] = number
            tx.register("iris", metrics=metrics)

    assert [version.metrics["accuracy"] for version in bare.versions("iris")] == [0, 1, 2]


def test_a_lost_race_is_replayed_from_disk(bare):
    with Registry.open(bare.path) as other, bare.transaction() as tx:
        fill(tx)
        other.register("wine")

    assert (len(bare.versions("iris")), len(bare.versions("wine"))) == (MANY, 1)


def test_a_replay_that_comes_out_differently_is_a_conflict_and_leaves_nothing(bare):
    with Registry.open(bare.path) as other, pytest.raises(ConflictError, match="iris@1 would come out differently"), bare.transaction() as tx:
        fill(tx)
        other.register("iris", "theirs")

    assert [version.version for version in bare.versions("iris")] == ["theirs"]
    assert packs(bare) == 0


@contextlib.contextmanager
def a_rule(registry, git):
    """Make production ask for an accuracy."""
    rule = "format: 1\nstages:\n  production:\n    from: [staging]\n  staging: {}\n"
    blob = git(registry.path, "hash-object", "-w", "--stdin", input=rule)
    tree = git(registry.path, "mktree", input=git(registry.path, "ls-tree", "main").replace(git(registry.path, "rev-parse", "main:gitreg.yaml"), blob) + "\n")
    git(registry.path, "update-ref", "refs/heads/main", git(registry.path, "commit-tree", tree, "-p", "main", "-m", "rule"))
    yield


def test_a_transaction_that_is_refused_at_its_end_leaves_nothing(bare, git):
    with a_rule(bare, git), pytest.raises(PolicyError, match="iris@5 must hold staging before production"), bare.transaction() as tx:
        fill(tx)
        tx.promote("iris@5", "production")

    assert packs(bare) == 0
    assert bare.models() == ()


def test_a_version_that_no_file_can_hold_leaves_nothing_of_the_others(bare):
    with pytest.raises(UsageError, match="does not fit into 64 bits"), bare.transaction() as tx:
        fill(tx)
        tx.register("iris", params={"x": 1 << 70})

    assert packs(bare) == 0


def test_an_interrupt_while_files_are_written_leaves_nothing(bare):
    def watch(step, done):
        if step == "written" and done > 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), bare.transaction(watch=watch) as tx:
        fill(tx)

    assert packs(bare) == 0
    assert bare.models() == ()
    assert bare.register("iris").number == 1


def test_who_watches_hears_how_far_it_is(bare):
    heard = []

    with bare.transaction(watch=lambda step, done: heard.append((step, done))) as tx:
        fill(tx, 400)

    assert heard == [("written", done) for done in (100, 200, 300, 400)]


def test_who_watches_hears_of_a_replay(bare):
    heard = []

    with Registry.open(bare.path) as other, bare.transaction(watch=lambda step, done: heard.append((step, done))) as tx:
        fill(tx, 200)
        other.register("wine")

    assert heard == [("checked", 100), ("checked", 200), ("written", 100), ("written", 200)]


def test_a_rehearsal_shows_the_first_files_and_counts_the_others(bare):
    with Registry.open(bare.path, dry_run=True) as rehearsed, rehearsed.transaction() as tx:
        fill(tx)

    assert (tx.receipt.changed, tx.receipt.commit) == (True, None)
    assert tx.receipt.diff.count("\n+++ b/models/iris/") == 1_000
    assert tx.receipt.diff.endswith(f"# and {MANY + 2 - 1_000} more files\n")
    assert packs(bare) == 0


def test_models_in_folders_that_sort_between_each_other_are_all_there(bare, git):
    models = ["a", "b/a", "b-c", "b/d", "b.d", "c/x/y"]

    with bare.transaction() as tx:
        for model in models:
            fill(tx, 100, model)

    assert [summary.name for summary in bare.models()] == sorted(models)
    assert {summary.versions for summary in bare.models()} == {100}
    assert list(bare.check()) == []


def test_promotions_of_thousands_of_versions_end_as_one(bare):
    with bare.transaction() as tx:
        for number in range(400):
            tx.promote(tx.register("iris").id, "production" if number % 2 else "staging")

    assert (bare.get("iris@production").number, bare.get("iris@staging").number) == (400, 399)
    assert {version.stage for version in bare.versions("iris")[:-2]} == {"archived"}


def test_a_deleted_model_of_very_many_versions_says_so_in_a_word(bare):
    with bare.transaction() as tx:
        fill(tx)

    receipt = bare.delete_model("iris")

    assert receipt.message.partition("\n")[0] == "iris: delete the model"
    assert len(receipt.events) == MANY + 1


def peak(registry, count: int, model: str) -> int:
    """Return how many bytes at most a transaction of *count* versions needed."""
    tracemalloc.reset_peak()
    start = tracemalloc.get_traced_memory()[0]
    with registry.transaction() as tx:
        fill(tx, count, model)
    return tracemalloc.get_traced_memory()[1] - start


def test_a_version_more_costs_at_most_200_bytes(bare):
    tracemalloc.start()
    try:
        peak(bare, 400, "warm-up")
        small, large = peak(bare, 1_500, "small"), peak(bare, 4_500, "large")
    finally:
        tracemalloc.stop()

    assert (large - small) / 3_000 <= 200
