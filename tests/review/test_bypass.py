"""Ways around the gates: whatever a change does first to the files that a judge reads, what it promotes is judged."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitreg import Registry
from gitreg.errors import ConflictError, NotFoundError
from tests.review.test_rules import CARD, CONFIG, FOURTH, STAGES, Bench, edit, promote, register, write

GATE = "production: {require: [{name: good, expr: candidate.metrics.accuracy >= 0.9}]}"


@pytest.fixture
def gated(iris, git):
    """Iris with three versions, 1 in production, and one that fails the gate that production has."""
    bench = Bench(iris.path, git)
    bench.on("main", edit(CONFIG, "production: {}", GATE), register(metrics={"accuracy": 0.5}))
    return bench


def by_hand(number):
    return edit(STAGES, "production:\n  number: 1\n  previous: []", f"production:\n  number: {number}\n  previous: [1]")


def more(path, text):
    def do(_, folder):
        (folder / path).write_text((folder / path).read_text() + text)

    return do


def linked(registry, folder):
    (folder / STAGES).unlink()
    os.symlink("/etc/passwd", folder / STAGES)


BROKEN = {
    "pointers that are no YAML": (STAGES, lambda text: text + "}{\n"),
    "pointers with a key that is unknown": (STAGES, lambda text: text.replace("previous: []", "previous: []\n  bogus: 1", 1)),
    "pointers that are gone": (STAGES, None),
    "pointers that are a link": (STAGES, linked),
    "a card with a key that is unknown": (CARD, lambda text: text + "bogus: 1\n"),
    "a version with a key that is unknown": (FOURTH, lambda text: text + "bogus: 1\n"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_repair_of_a_broken_base_is_judged_by_the_gates(gated, case):
    path, spoil = BROKEN[case]
    whole = gated.git("show", f"main:{path}") + "\n"

    def broken(registry, folder):
        if spoil is None:
            (folder / path).unlink()
        elif spoil is linked:
            linked(registry, folder)
        else:
            (folder / path).write_text(spoil((folder / path).read_text()))

    def mended(_, folder):
        (folder / path).unlink(missing_ok=True)
        (folder / path).write_text(whole)

    gated.on("main", broken)
    gated.on("change", mended, by_hand(4))

    assert ("T04", STAGES) in gated.says()


def test_a_repair_of_broken_pointers_that_puts_back_what_was_is_sound(gated):
    whole = gated.git("show", f"main:{STAGES}") + "\n"
    gated.on("main", write(STAGES, whole + "}{\n"))
    gated.on("change", write(STAGES, whole))

    assert gated.findings() == ()


def test_what_cannot_be_judged_says_so(gated):
    gated.on("main", more(CARD, "bogus: 1\n"))
    gated.on("change", edit(CARD, "bogus: 1\n", ""), by_hand(4))

    [found] = [f for f in gated.findings() if f.rule == "T04"]

    assert found.message.startswith("production: iris@4 cannot be judged: models/iris/model.yaml:5: bogus: unknown key")
    assert found.fix == "mend that file first, in a change of its own"


def test_diff_shows_the_holders_of_pointers_that_were_broken(gated):
    whole = gated.git("show", f"main:{STAGES}") + "\n"
    gated.on("main", write(STAGES, whole + "}{\n"))
    gated.on("change", write(STAGES, whole), by_hand(4))

    with Registry.open(gated.folder) as registry:
        moves = registry.diff("main", "change").moves

    assert [(move.stage, move.after.number) for move in moves] == [("production", 4), ("staging", 2)]


# -- previous and archived ------------------------------------------------------------------------------------

PRODUCTION = "production:\n  number: 1\n  previous: []"


def test_a_version_written_into_previous_is_judged_as_if_it_were_promoted(gated):
    gated.on("change", edit(STAGES, PRODUCTION, "production:\n  number: 1\n  previous: [4]"))
    gated.on("fine", edit(STAGES, PRODUCTION, "production:\n  number: 1\n  previous: [3]"))

    [found] = gated.findings()

    assert (found.rule, found.severity, found.path) == ("T05", "error", STAGES)
    assert found.message.startswith("production.previous: 4 did not hold this stage, and the rules do not let it: gate 'good' of production refuses iris@4")
    assert gated.findings(head="fine") == ()


def test_a_version_that_comes_to_the_front_of_previous_is_judged(gated):
    lists = edit(STAGES, PRODUCTION, "production:\n  number: 1\n  previous: [2, 4]")
    gated.on("main", edit(STAGES, "staging:\n  number: 2", "staging:\n  number: null"), lists)
    gated.on("change", edit(STAGES, "previous: [2, 4]", "previous: [4, 2]"))

    assert gated.says() == [("T05", STAGES)]


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("previous: [3, 2]", "previous: [2]", "production.previous: 3 stood here"),
        ("archived: [3]", "archived: []", "archived: 3 stood here"),
        ("previous: [3, 2]", "previous: []", "production.previous: 3 stood here"),
    ],
    ids=["one of previous", "one of archived", "all of previous"],
)
def test_an_entry_that_vanishes_is_named(gated, before, after, what):
    name = before.partition(":")[0]
    lists = edit(STAGES, PRODUCTION, f"production:\n  number: 1\n  {before}") if name == "previous" else edit(STAGES, "archived: []", before)
    gated.on("main", lists)
    gated.on("main", edit(STAGES, "development:", "# noted\ndevelopment:"))
    gated.on("change", edit(STAGES, before, after))

    assert {(f.rule, f.severity) for f in gated.findings()} == {("T05", "error")}
    assert gated.findings()[0].message.startswith(what)


def test_a_revert_of_an_archive_is_a_warning(gated, git):
    gated.on("main", lambda registry, _: registry.archive("iris@3"))
    git(gated.folder, "switch", "-qc", "change")
    git(gated.folder, "revert", "--no-edit", "main~1")

    assert gated.says() == []
    assert gated.warns() == [("T05", STAGES)]


def test_a_branch_of_several_promotions_is_sound_where_each_is(gated):
    gated.on("change", promote(3, "production"), promote(2, "production"), register(metrics={"accuracy": 0.99}), promote(5, "production"))

    assert gated.findings() == ()


DOES = st.sampled_from(("promote", "rollback", "archive", "yank", "unyank"))
STEPS = st.lists(st.tuples(DOES, st.integers(1, 4), st.sampled_from(("development", "staging", "production")), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=STEPS, after=STEPS)
def test_whatever_gitreg_writes_is_free_of_findings_commit_by_commit_and_together(tmp_path_factory, before, after):
    with Registry.init(tmp_path_factory.mktemp("registry")) as registry:
        for _ in range(4):
            registry.register("iris")
        for step in before:
            done(registry, *step)
        commits = [registry.snapshot().commit]
        for step in after:
            done(registry, *step)
            commits.append(registry.snapshot().commit)

        assert [registry.check(old, new) for old, new in pairwise(commits) if old != new] == [() for old, new in pairwise(commits) if old != new]
        assert registry.check(commits[0], commits[-1]) == ()


def done(registry, what, number, stage, force):
    """Do one thing, unless gitreg refuses it."""
    version = f"iris@{number}"
    with suppress(ConflictError, NotFoundError):
        if what == "promote":
            registry.promote(version, stage)
        elif what == "rollback":
            registry.rollback("iris", stage)
        elif what == "archive":
            registry.archive(version)
        elif what == "yank":
            registry.yank(version, reason="x", force=force)
        else:
            registry.unyank(version)


# -- the set of stages, and what takes the place of gitreg's own files ----------------------------------------


def test_a_stage_goes_only_where_no_model_has_a_block_of_it(gated):
    gated.on("change", edit(CONFIG, "  staging: {}\n", ""))

    assert gated.says() == [("R02", STAGES)]


def test_a_stage_cannot_be_called_as_a_version_is(gated):
    gated.on("main", lambda registry, _: registry.register("iris", "V3"))
    gated.on("change", edit(CONFIG, "  staging: {}\n", "  staging: {}\n  v3: {}\n"))

    assert gated.says() == [("R06", "models/iris/versions/5.yaml")]


PLACES = {
    "a stray file of .gitreg": (".gitreg/x/y", "R08"),
    "models in capitals": ("Models/iris/stages.yaml", "R08"),
    "the policy in capitals": ("GITREG.yaml", "R08"),
}


@pytest.mark.parametrize("case", PLACES)
def test_what_takes_the_place_of_gitreg_s_files_is_named(gated, case):
    path, rule = PLACES[case]
    gated.on("change", write(path, "x: 1\n"))

    assert gated.says() == [(rule, path)]
    gated.git("switch", "-q", "change")
    with Registry.open(gated.folder) as registry:
        assert [(f.rule, f.path) for f in registry.check()] == [(rule, path)]


@pytest.mark.parametrize("path", ["models", ".gitreg/schema/1"])
def test_a_folder_of_gitreg_s_that_is_a_link_is_named(gated, path):
    def link(_, folder):
        (folder / path).rename(folder / "elsewhere")
        os.symlink("elsewhere", folder / path)

    gated.on("change", link)

    assert ("R07", path) in gated.says()


def test_another_schema_counts_as_a_rule_and_gitreg_s_own_does_not(gated):
    path = ".gitreg/schema/1/stages.json"
    schema = gated.git("show", f"main:{path}") + "\n"
    gated.on("change", write(path, '{"$ref": "https://evil.example/x"}\n'), promote(3, "staging"))
    gated.on("main", write(path, "{}\n"))
    gated.on("upgrade", write(path, schema), promote(3, "staging"))

    assert gated.says(base="main~1") == [("T07", path)]
    assert gated.says(head="upgrade") == []


def test_a_conflict_beside_the_registry_is_named(tmp_path, git):
    git(tmp_path, "init", "-q")
    with Registry.init(tmp_path / "sub") as registry:
        registry.create_model("iris")
    bench = Bench(tmp_path / "sub", git)
    bench.git("branch", "change")
    for branch in ("main", "change"):
        bench.on(branch, write("../README", branch))

    assert bench.says() == [("T08", "../README")]
