"""Who moved what, when and why: from files, first parents only, whoever made the commits."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from gitreg import NotFoundError, Registry, UsageError
from gitreg.history import history
from gitreg.review import ranges
from gitreg.review.changes import changes

STAGES, THIRD = "models/iris/stages.yaml", "models/iris/versions/3.yaml"


def told(registry, *args, **options):
    """Return history as short words, newest first."""
    with Registry.open(registry.path) as fresh:
        return [(e.event, e.number, e.stage) for e in fresh.history(*args, **options)]


def by_hand(git, registry, path, old, new):
    file = Path(registry.path, path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    git(registry.path, "commit", "-am", "by hand")


def test_history_is_newest_first_and_whole(iris):
    assert told(iris) == [
        ("promoted", 2, "staging"), ("promoted", 1, "production"), ("registered", 3, None), ("registered", 2, None), ("model_created", None, None), ("registered", 1, None),
    ]  # fmt: skip


def test_an_event_has_its_commits_facts(iris, git):
    iris.promote("iris@3", "production", reason="passed the A/B test")

    event = next(e for e in iris.history() if e.event == "promoted")

    assert (event.kind, event.version, event.from_number, event.reason) == ("promote", "3", 1, "passed the A/B test")
    assert (event.commit, event.by) == (git(iris.path, "rev-parse", "HEAD"), "Name <name@example.org>")
    assert event.at.endswith("Z")


def test_history_of_a_stage_is_what_happened_to_it(iris):
    iris.promote("iris@3", "production")
    iris.rollback("iris", "production")
    iris.archive("iris@1")

    assert told(iris, "iris", "production") == [
        ("cleared", None, "production"), ("archived", 1, "production"), ("promoted", 1, "production"), ("archived", 3, "production"),
        ("archived", 1, "production"), ("promoted", 3, "production"), ("promoted", 1, "production"),
    ]  # fmt: skip


def test_history_of_a_stage_of_all_models(iris):
    iris.register("rose")
    iris.promote("rose@1", "staging")

    assert told(iris, None, "staging") == [("promoted", 1, "staging"), ("promoted", 2, "staging")]


def test_history_of_a_model_leaves_others_out(iris):
    iris.register("iris-small")
    iris.register("rose")

    assert told(iris, "rose") == [("model_created", None, None), ("registered", 1, None)]
    assert ("registered", 1, None) in told(iris, "iris-small")


@pytest.mark.parametrize(("args", "error"), [(("rose",), NotFoundError), (("iris", "canary"), UsageError), (("../x",), UsageError)], ids=str)
def test_history_of_what_is_not_there_is_refused(iris, args, error):
    with pytest.raises(error):
        list(iris.history(*args))


def test_an_edit_by_hand_counts_like_any_other(iris, git):
    by_hand(git, iris, STAGES, "number: 1", "number: 3")

    with Registry.open(iris.path) as fresh:
        event = next(e for e in fresh.history("iris", "production") if e.event == "promoted")
    assert (event.number, event.from_number, event.reason, event.forced) == (3, 1, "", ())


def test_a_change_of_policy_is_told(iris, git):
    by_hand(git, iris, "gitreg.yaml", "  production: {}", "  production:\n    occupied: refuse")

    assert told(iris)[0] == ("policy_changed", None, None)


def test_a_merge_is_one_step_of_the_first_parent(iris, git):
    git(iris.path, "checkout", "-b", "side")
    with Registry.open(iris.path) as side:
        side.register("iris", "1.0.5")
        side.promote("iris@4", "production")
    git(iris.path, "checkout", "main")
    git(iris.path, "merge", "--no-ff", "-m", "Merge the candidate", "side")

    events = told(iris)[:3]
    with Registry.open(iris.path) as fresh:
        commits = {e.commit for e in list(fresh.history())[:3]}

    assert sorted(events, key=str) == sorted([("promoted", 4, "production"), ("archived", 1, "production"), ("registered", 4, None)], key=str)
    assert commits == {git(iris.path, "rev-parse", "HEAD")}


def test_a_revert_is_a_promotion_of_the_former_holder(iris, git):
    iris.promote("iris@3", "production")
    git(iris.path, "revert", "--no-edit", "HEAD")

    with Registry.open(iris.path) as fresh:
        event = next(e for e in fresh.history("iris", "production") if e.event == "promoted")
    assert (event.number, event.from_number) == (1, 3)
    assert told(iris, "iris", "production")[0] == ("promoted", 1, "production")


def test_a_commit_that_mends_pointers_tells_who_holds_what_for_nobody_can_tell_who_did_before(iris, git):
    by_hand(git, iris, THIRD, "status: ready", "status: [")
    by_hand(git, iris, THIRD, "status: [", "status: ready")
    by_hand(git, iris, STAGES, "number: 1", "number: one")
    before = len(told(iris))
    by_hand(git, iris, STAGES, "number: one", "number: 3")

    assert sorted(told(iris)[: len(told(iris)) - before], key=str) == [("promoted", 2, "staging"), ("promoted", 3, "production")]


def test_a_file_that_another_breaks_leaves_the_rest_told(iris, git):
    by_hand(git, iris, THIRD, "status: ready", "status: [")

    iris.promote("iris@1", "development")

    assert told(iris)[0][:2] in {("promoted", 1), ("cleared", None)}


def test_commits_beside_the_registry_are_not_told(iris, git):
    before = told(iris)
    Path(iris.path, "README.md").write_text("text")
    git(iris.path, "add", ".")
    git(iris.path, "commit", "-m", "docs")

    assert told(iris) == before


def test_a_registry_in_a_subfolder_has_its_own_history(tmp_path, git):
    git(tmp_path, "init")
    with Registry.init(tmp_path / "a") as first, Registry.init(tmp_path / "b") as second:
        first.register("iris")
        second.register("rose")

        assert [(e.event, e.model) for e in second.history()] == [("model_created", "rose"), ("registered", "rose")]


def test_what_was_forced_is_told(iris, git):
    by_hand(git, iris, "gitreg.yaml", "  production: {}", "  production:\n    occupied: refuse\n    from: [staging]")

    with Registry.open(iris.path) as fresh:
        fresh.promote("iris@3", "production", force=True)
        event = next(e for e in fresh.history() if e.event == "promoted")
    assert set(event.forced) == {"refuse", "from:staging"}


def test_a_claim_in_free_text_is_no_claim(iris):
    iris.promote("iris@3", "production", reason="fine\n\nGitreg-Change: promoted iris 3 production forced=gate:none")

    event = next(e for e in iris.history() if e.event == "promoted")

    assert event.forced == ()


def test_a_message_in_another_encoding_and_without_a_name_is_read(iris, git):
    git(iris.path, "-c", "i18n.commitEncoding=ISO-8859-1", "-c", "user.name=J\u00fcrgen", "commit", "--allow-empty", "-m", "größer")
    by_hand(git, iris, STAGES, "number: 1", "number: 3")

    assert told(iris, "iris", "production")[-1] == ("promoted", 1, "production")


def test_a_commit_of_very_many_versions_is_read_one_by_one(tmp_path):
    with Registry.init(tmp_path) as registry, registry.transaction(reason="the old registry") as tx:
        for number in range(1500):
            tx.register("iris", f"v{number + 1}", metrics={"accuracy": 0.9}, description="moved here")
        tx.promote("iris@v7", "production")

    with Registry.open(tmp_path) as registry:
        snapshot = registry.snapshot()
        tracemalloc.start()
        found = [(event.event, event.number, event.version) for event in history(snapshot) if event.reason == "the old registry"]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        span = ranges.parsed(registry.location.repo, "HEAD~1..HEAD")

        assert found == [("promoted", 7, "v7"), ("model_created", None, None), *(("registered", number, f"v{number}") for number in range(1, 1501))]
        assert peak < 2_500_000  # bytes: what git says of the commit is in memory, its records are not
        assert list(changes(snapshot, span)) == list(history(snapshot))[: len(found)]


# -- why, where a merge landed it ------------------------------------------------------------------------


@pytest.fixture
def merged(iris, git):
    """Do each on a branch, with its reason, and merge that without a reason; returns the merge."""

    def merged(*does, message=("Merge it",)):
        git(iris.path, "switch", "-qc", "proposal")
        with Registry.open(iris.path) as registry:
            for do in does:
                do(registry)
        git(iris.path, "switch", "-q", "main")
        git(iris.path, "merge", "-q", "--no-ff", *(word for text in message for word in ("-m", text)), "proposal")
        return git(iris.path, "rev-parse", "HEAD")

    git(iris.path, "branch", "-M", "main")
    return merged


def why(registry, *args):
    with Registry.open(registry.path) as fresh:
        return {(e.event, e.number): e.reason for e in fresh.history(*args)}


def test_the_reason_of_what_a_merge_landed_is_that_of_the_merged_commit(iris, merged):
    merge = merged(lambda r: r.promote("iris@3", "production", reason="passed the A/B test"))

    event = next(e for e in Registry.open(iris.path).history("iris", "production") if e.number == 3)
    assert (event.reason, event.commit) == ("passed the A/B test", merge)


def test_a_merge_that_gives_a_reason_keeps_it(iris, merged):
    merged(lambda r: r.promote("iris@3", "production", reason="theirs"), message=("Merge it", "ours"))

    assert why(iris, "iris", "production")["promoted", 3] == "ours"


def test_each_event_of_a_merge_has_the_reason_of_the_newest_commit_that_made_the_same(iris, merged):
    merged(
        lambda r: r.promote("iris@3", "production", reason="too early"), lambda r: r.rollback("iris", "production", reason="back"),
        lambda r: r.promote("iris@3", "production", reason="now"), lambda r: r.archive("iris@2", reason="old"), lambda r: r.register("iris"),
    )  # fmt: skip

    found = why(iris)

    assert (found["promoted", 3], found["archived", 1], found["cleared", None], found["registered", 4]) == ("now", "now", "old", "")


def test_what_a_merge_itself_changed_has_no_reason_of_others(iris, merged, git):
    merged(lambda r: r.promote("iris@3", "production", reason="theirs"))
    file = Path(iris.path, STAGES)
    file.write_text(file.read_text().replace("number: 3", "number: 2", 1).replace("number: 2\n", "number: null\n", 1))
    git(iris.path, "commit", "-qa", "--amend", "--no-edit")

    assert why(iris, "iris", "staging") == {("promoted", 2): "", ("cleared", None): ""}


def test_changes_tell_the_reason_of_what_was_merged(iris, merged):
    merged(lambda r: r.promote("iris@3", "production", reason="passed the A/B test"))

    with Registry.open(iris.path) as fresh:
        assert {e.reason for e in changes(fresh.at("HEAD").snapshot(), ranges.parsed(fresh.location.repo, "HEAD~1..HEAD"))} == {"passed the A/B test"}
