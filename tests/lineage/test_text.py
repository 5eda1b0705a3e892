"""A lineage as a tree, and where a version came from in a few lines: what a person reads, and nothing a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from gitreg.lineage.text import COLUMNS, origin, rows, tree
from gitreg.lineage.walk import lineage
from gitreg.records import Code
from tests import strategies
from tests.lineage.registry import COMMIT, REPOSITORY, TRAIN, chain, data, linked, registry, run
from tests.operations.views import AT, BY, YANKED, held

MADE = f"made by {BY} on {AT}"


def test_a_tree_has_what_a_thing_was_made_of_below_it():
    view = registry(
        base=[{"version": "1.0", "run": run("41", step=None, ci=None, code=Code(repository=REPOSITORY, commit=COMMIT, dirty=True))}],
        iris=[{"run": run(), "artifacts": {"train": data("train.csv", TRAIN)}, "links": linked(base="base@production", gone="base@9"), "later_runs": (run("43", code=None, ci=None),)}],
        stages={"base": held(production=1)},
    )

    assert tree(lineage(view, "iris")) == (
        f"iris@1, {MADE}\n"
        "  run training / fit, 42, https://ci.example.org/42\n"
        f"    code cccccccccccc of {REPOSITORY}\n"
        "  data train: train.csv (sha256 aaaaaaaaaaaa)\n"
        f"  parent base (base@production as of now): base@1 (1.0), in production, {MADE}\n"
        "    run training, 41\n"
        f"      code cccccccccccc of {REPOSITORY}, with changes that were not committed\n"
        "  parent gone: base@9: model 'base' has no version 9, it has 1\n"
        "  used by run training / fit, 43\n"
    )


@pytest.mark.parametrize(("facts", "said"), [
    ({"yanked": YANKED}, "iris@1, yanked"), ({"status": "failed"}, "iris@1, failed"), ({"status": "running"}, "iris@1, running"), ({}, "iris@1"),
])  # fmt: skip
def test_a_version_that_is_not_to_be_used_says_so(facts, said):
    view = registry(iris=[facts], rose=[{"links": linked(base="iris@1")}])

    assert tree(lineage(view, "rose")) == f"rose@1, {MADE}\n  parent base: {said}, {MADE}\n"


def test_what_stands_there_already_is_not_told_twice():
    view = registry(base=[{"artifacts": {"t": data("t.csv")}}], iris=[{"links": linked(a="base@1", b="base@1")}])

    assert tree(lineage(view, "iris")) == (
        f"iris@1, {MADE}\n  parent a: base@1, {MADE}\n    data t: t.csv (no digest)\n  parent b: base@1, {MADE}, see above\n"
    )  # fmt: skip


def test_a_circle_ends_where_it_began():
    view = registry(a=[{"links": linked(b="b@1")}], b=[{"links": linked(a="a@1")}])

    assert tree(lineage(view, "a")) == f"a@1, {MADE}\n  parent b: b@1, {MADE}\n    parent a: a@1, {MADE}, see above\n"


def test_downstream_children_stand_below_what_they_were_made_from():
    view = registry(base=[{"artifacts": {"t": data("t.csv", TRAIN)}}], iris=[{"links": linked(base="base@1")}], rose=[{"links": linked(seed="iris@1")}, {"artifacts": {"t": data("t.csv", TRAIN)}}])

    assert tree(lineage(view, "base", downstream=True)) == (
        f"base@1, {MADE}\n"
        "  data t: t.csv (sha256 aaaaaaaaaaaa), data of base@1, rose@2\n"
        f"  child, which calls it base: iris@1, {MADE}\n"
        f"    child, which calls it seed: rose@1, {MADE}\n"
    )


def test_a_circle_ends_where_it_began_in_both_directions():
    view = registry(a=[{"links": linked(b="b@1")}], b=[{"links": linked(a="a@1")}])

    assert tree(lineage(view, "a", downstream=True)) == (
        f"a@1, {MADE}\n  parent b: b@1, {MADE}\n    parent a: a@1, {MADE}, see above\n  child, which calls it a: b@1, {MADE}\n    child, which calls it b: a@1, {MADE}, see above\n"
    )


def test_a_tree_says_where_there_is_more():
    assert tree(lineage(chain(3), "iris@3", depth=1)) == f"iris@3, {MADE}\n  parent base: iris@2, {MADE} (there is more)\n"


def test_a_tree_of_hundreds_of_generations_is_drawn():
    assert tree(lineage(chain(900), "iris", depth=2000)).count("\n") == 900


def test_rows_have_an_arrow_each():
    view = registry(base=[{}], iris=[{"links": linked(base="base@1")}])

    assert (COLUMNS, rows(lineage(view, "iris"))) == (("from", "kind", "name", "to", "what"), [["base@1", "parent", "base", "iris@1", f"base@1, {MADE}"]])


def test_the_origin_of_a_version_is_a_few_lines():
    view = registry(iris=[{"run": run(), "artifacts": {"train": data("t.csv", TRAIN)}, "links": linked(base="base@3", ticket="https://example.org/T-12")}])

    assert origin(view.get("iris")) == (
        "comes from\n"
        f"  made by  {BY} on {AT}\n"
        "  run      training / fit, 42, https://ci.example.org/42\n"
        f"  code     cccccccccccc of {REPOSITORY}\n"
        "  data     train: t.csv (sha256 aaaaaaaaaaaa)\n"
        "  parent   base: base@3\n"
    )


def test_where_nothing_is_known_but_the_maker_nothing_is_said():
    assert origin(registry(iris=[{"links": linked(ticket="T-12")}]).get("iris")) == ""


@given(strategies.texts, strategies.keys)
@settings(max_examples=100, deadline=None)
def test_what_strangers_wrote_never_breaks_a_line_and_never_reaches_a_terminal_raw(text, key):
    code = Code(repository=text, commit=text, dirty=True)
    view = registry(iris=[{"run": run(text, pipeline=text, step=text, code=code, error=text), "artifacts": {key: data(text or "x", TRAIN)}, "links": linked(**{key: "base@9"})}])

    told = tree(lineage(view, "iris")), origin(view.get("iris"))

    assert all(line.isprintable() for said in told for line in said.split("\n"))
    assert [said.count("\n") for said in told] == ([5, 6] if text else [4, 5])
