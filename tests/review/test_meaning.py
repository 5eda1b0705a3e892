"""What ``gitreg diff`` says of a change, and that Markdown made of it is inert and short enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.review import judge, markdown, plain, ranges
from gitreg.review.meaning import FLAGS
from tests import gfm

POLICY = "production: {from: [staging], require: [{name: good, expr: candidate.metrics.accuracy >= 0.95}]}"
HOSTILE = "@all <script>alert(1)</script> | [x](javascript:y) ![i](//e.org/p.png) #1 \x1b[31m\n::set-output name=x::y\n```\n# heading"


@pytest.fixture
def said(iris, git):
    """Commit what a function does on a branch, and return what the change means."""

    def said(*does):
        git(iris.path, "switch", "-qc", "change")
        with Registry.open(iris.path) as registry:
            for do in does:
                do(registry)
        git(iris.path, "commit", "-qam", "by hand", "--allow-empty")
        return iris.diff("main", "change")

    return said


def hand(iris, path, old, new):
    file = Path(iris.path, path)
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


@pytest.fixture
def better(iris, git):
    """Say which way accuracy is better, and make version 4, which is worse, with parameters and a model."""
    iris.update_model("iris", metrics={"accuracy": {"better": "higher", "tolerance": 0.001}})
    iris.register("iris", metrics={"accuracy": 0.5, "loss": 1}, params={"C": 2}, artifacts={"model": {"kind": "model", "uri": "s3://b/m"}})


def test_a_promotion_has_both_sides_and_the_way_back(iris, said):
    meaning = said(lambda r: r.promote("iris@2", "production"))

    (move,) = meaning.moves
    assert (move.kind, move.before.number, move.after.number, move.comes_from) == ("promote", 1, 2, "staging")
    assert move.held_seconds >= 0
    assert move.undo == "gitreg rollback iris production --expect 2"
    assert meaning.ok


def test_the_way_back_is_right(iris, said, git):
    meaning = said(lambda r: r.promote("iris@2", "production"))
    git(iris.path, "switch", "-q", "main")
    git(iris.path, "merge", "-q", "change")

    assert meaning.moves[0].undo == "gitreg rollback iris production --expect 2"
    assert iris.rollback("iris", "production", expect=2).version.number == 1


def test_the_way_back_of_a_version_that_only_moved_is_where_it_came_from(iris, said, git):
    meaning = said(lambda r: r.promote("iris@2", "development"))
    git(iris.path, "switch", "-q", "main")
    git(iris.path, "merge", "-q", "change")

    assert meaning.moves[0].undo == "gitreg promote iris@2 staging --expect none"
    assert iris.promote("iris@2", "staging", expect="none").version.stage == "staging"


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        (lambda r: r.promote("iris@3", "development"), "first"),
        (lambda r: r.promote("iris@3", "production"), "promote"),
        (lambda r: (r.promote("iris@2", "production"), r.rollback("iris", "production"), r.promote("iris@1", "staging")), "demote"),
        (lambda r: r.archive("iris@1"), "clear"),
    ],
    ids=["first", "promote", "demote", "clear"],
)
def test_each_kind_of_move_is_named(iris, said, do, kind):
    meaning = said(do)

    assert kind in {move.kind for move in meaning.moves}


def test_a_rollback_is_one(iris, said):
    iris.promote("iris@2", "production")

    (move,) = said(lambda r: r.rollback("iris", "production")).moves

    assert (move.kind, move.before.number, move.after.number) == ("rollback", 2, 1)
    assert "gate-fails" not in move.flags


def test_metrics_say_which_way_and_what_is_missing(iris, better, said):
    (move,) = said(lambda r: r.promote("iris@4", "production")).moves

    metrics = {metric.name: (metric.before, metric.after, metric.verdict) for metric in move.metrics}
    assert metrics == {"accuracy": (0.91, 0.5, "worse"), "loss": (None, 1, None)}
    assert [(param.name, param.before, param.after) for param in move.params] == [("C", None, 2)]
    assert {"metric-worse", "no-digest", "code-unknown", "skips-stage"} <= set(move.flags)


def test_gates_say_what_they_saw(iris, said, git):
    hand(iris, "gitreg.yaml", "production: {}", POLICY)
    git(iris.path, "commit", "-qam", "policy")

    meaning = said(lambda r: r.promote("iris@3", "production", force=True))

    (gate,) = meaning.moves[0].gates
    assert (gate.name, gate.holds, gate.saw) == ("good", True, "candidate.metrics.accuracy = 0.97")
    assert not meaning.ok
    assert "check-fails" in meaning.moves[0].flags


def test_the_same_bytes_are_noticed(iris, said):
    same = {"model": {"kind": "model", "uri": "s3://b/m", "sha256": "a" * 64}}
    iris.update("iris@1", artifacts=same)
    iris.update("iris@2", artifacts=same)

    (move,) = said(lambda r: r.promote("iris@2", "production")).moves

    assert [artifact.same for artifact in move.artifacts] == [True]
    assert "same-bytes" in move.flags


def test_uncommitted_code_is_noticed(iris, said):
    iris.register("iris", run={"id": "r", "code": {"commit": "f" * 40, "dirty": True}})

    (move,) = said(lambda r: r.promote("iris@4", "development")).moves

    assert "code-dirty" in move.flags
    assert "code-unknown" not in move.flags


def test_an_invalid_file_is_a_finding_and_no_crash(iris, said):
    meaning = said(lambda r: hand(r, "models/iris/stages.yaml", "production:", "production: ["))

    assert not meaning.ok
    assert meaning.moves == ()
    assert {finding.rule for finding in meaning.findings} == {"R01"}


def test_a_card_that_cannot_be_read_judges_no_metric_and_the_change_is_said_all_the_same(iris, git):
    card = Path(iris.path, "models/iris/model.yaml")
    whole = card.read_text()
    card.write_text(f"{whole}bogus: 1\n")
    git(iris.path, "commit", "-qam", "a broken card")
    card.write_text(whole)
    git(iris.path, "commit", "-qam", "a repair")
    iris.promote("iris@2", "production")

    meaning = iris.diff("HEAD~2", "HEAD")

    assert [(move.stage, move.before.number, move.after.number) for move in meaning.moves] == [("production", 1, 2)]


def test_where_there_was_nothing_all_is_new(iris):
    span = ranges.parsed(iris.location.repo, f"{'0' * 40}..HEAD")
    found = iris.diff(ranges.NOTHING, span.head)

    assert {(move.stage, move.kind) for move in found.moves} == {("production", "first"), ("staging", "first")}
    assert found.base is None


def test_flags_are_documented():
    page = (Path(__file__).parents[2] / "docs/reference/diff.md").read_text()

    assert [flag for flag in FLAGS if f"`{flag}`" not in page] == []


# -- texts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(iris, said):
    iris.register("iris", "1.0", description=HOSTILE, params={HOSTILE[:60]: HOSTILE}, metrics={"`<b>|@x": 1, "see www.evil.com, me@evil.com now": 1}, tags=[HOSTILE])
    return said(lambda r: r.promote("iris@4", "production"))


def test_a_comment_from_strangers_texts_is_inert(hostile):
    page = gfm.rendered(markdown.markdown(hostile))

    assert gfm.tags(page) <= {"h3", "h4", "p", "ul", "li", "code", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "em"}
    outside = re.sub(r"<(code|pre)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert not re.search(r"@|\x1b|::|javascript|//", outside.replace("<!-- gitreg diff: this comment is updated in place -->", ""))


def test_no_line_of_a_text_starts_a_command_of_a_ci(hostile):
    for text in (plain.text(hostile), markdown.markdown(hostile)):
        assert not [line for line in text.splitlines() if line.startswith(("::", "##["))]
        assert "\x1b" not in text


@pytest.mark.parametrize("limit", [65_536, 8_000, 4_000, 2_000, 1_000])
def test_a_comment_keeps_its_limit_and_its_verdict(hostile, limit):
    text = markdown.markdown(hostile, limit)

    assert len(text.encode()) <= limit
    assert text.startswith(markdown.MARKER)
    assert "`gitreg check`: fit to land" in text


def test_a_thousand_moves_are_cut_and_counted(iris, git):
    git(iris.path, "switch", "-qc", "change")
    with Registry.open(iris.path) as registry, registry.transaction() as tx:
        for number in range(300):
            tx.register(f"model-{number}")
            tx.promote(f"model-{number}@1", "staging")

    text = markdown.markdown(iris.diff("main", "change"))

    assert len(text.encode()) <= markdown.COMMENT
    assert "300 stage moves" in text


def test_the_judge_reads_the_same_as_check(iris, said):
    meaning = said(lambda r: hand(r, "models/iris/stages.yaml", "number: 1", "number: 3"))

    assert meaning.findings == iris.check("main", "change")
    assert list(judge.check_range(iris.location.repo, "", iris._cache, ranges.parsed(iris.location.repo, "main..change"))) == list(meaning.findings)


# -- the sentence -----------------------------------------------------------------------------------------


def test_of_nothing_it_says_that_nothing_changes(iris, said):
    meaning = said()

    assert (meaning.summary, meaning.ok, meaning.events) == ("nothing of the registry changes", True, ())


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (["stages.yaml"], "1 file cannot be read: models/iris/stages.yaml"),
        (["stages.yaml", "model.yaml", "versions/2.yaml"], "3 files cannot be read: models/iris/model.yaml and 2 more"),
    ],
)
def test_of_files_that_cannot_be_read_it_says_so(broken, sentence, iris, said):
    meaning = said(lambda _: [Path(iris.path, "models/iris", name).write_text("a: [") for name in broken])

    assert (meaning.summary, meaning.ok) == (sentence, False)
    assert plain.text(meaning).startswith(f"{sentence}\ncheck: ")


def test_what_can_be_read_is_told_before_what_cannot(iris, said):
    meaning = said(lambda r: r.promote("iris@3", "production"), lambda _: Path(iris.path, "models/iris/model.yaml").write_text("a: ["))

    assert meaning.summary == "iris: promote 3 to production, archiving 1; 1 file cannot be read: models/iris/model.yaml"


def test_a_file_that_is_a_link_cannot_be_read(iris, said):
    def link(_):
        card = Path(iris.path, "models/iris/model.yaml")
        card.unlink()
        card.symlink_to("stages.yaml")

    assert said(link).summary == "1 file cannot be read: models/iris/model.yaml"


def test_a_comment_changes_a_file(iris, said):
    assert said(lambda _: hand(iris, "models/iris/stages.yaml", "archived: []", "archived: []  # none")).summary == "registry: 1 file changes"
