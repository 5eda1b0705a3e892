"""The change rules T01 to T08: one planted fault each, as a branch that would land on main; and merges that git gets wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import Registry

CONFIG, CARD, STAGES = "gitreg.yaml", "models/iris/model.yaml", "models/iris/stages.yaml"
FIRST, SECOND, THIRD, FOURTH = (f"models/iris/versions/{number}.yaml" for number in (1, 2, 3, 4))
POLICY = "production: {from: [staging], occupied: refuse, require: [{name: good, expr: candidate.metrics.accuracy >= 0.95}]}"


class Bench:
    """A registry on main, a branch ``change`` beside it, and what ``check main..change`` says."""

    def __init__(self, folder, git):
        self.folder, self.git = folder, lambda *args: git(folder, *args)

    def on(self, branch, *does):
        """Do something on a branch, which is made from main where it is new, and commit what is left over."""
        known = self.git("branch", "--list", branch)
        self.git("switch", "-q", *([] if known else ["-c"]), branch)
        with Registry.open(self.folder) as registry:
            for do in does:
                do(registry, Path(self.folder))
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"by hand, on {branch}")
        self.git("switch", "-q", "main")

    def findings(self, base="main", head="change"):
        with Registry.open(self.folder) as registry:
            return registry.check(base, head)

    def says(self, **span):
        return [(f.rule, f.path) for f in self.findings(**span) if f.severity == "error"]

    def warns(self, **span):
        return [(f.rule, f.path) for f in self.findings(**span) if f.severity == "warning"]


@pytest.fixture
def bench(iris, git):
    return Bench(iris.path, git)


def edit(path, old, new):
    def do(_, folder):
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1))

    return do


def remove(path):
    return lambda _, folder: (folder / path).unlink()


def write(path, text):
    def do(_, folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return do


def promote(number, stage, **options):
    return lambda registry, _: registry.promote(f"iris@{number}", stage, **options)


def register(**facts):
    return lambda registry, _: registry.register("iris", **facts)


def metrics(registry, _):
    registry.update("iris@3", metrics={"accuracy": 0.97})


@pytest.mark.parametrize(
    "does",
    [
        [promote(2, "production")],
        [register(metrics={"accuracy": 0.5}), promote(4, "staging")],
        [metrics],
        [lambda registry, _: registry.rollback("iris", "production")],
        [lambda registry, _: registry.yank("iris@1", reason="leaked labels")],
        [lambda registry, _: registry.create_model("rose")],
        [edit(CONFIG, "production: {}", POLICY)],
        [write(".github/workflows/ci.yml", "on: push\n")],
        [write("train.py", "print()\n"), register()],
    ],
    ids=["a promotion", "a version that is staged", "a new metric", "a rollback", "a yank", "a model", "a policy alone", "a workflow alone", "code and a version"],
)
def test_a_sound_change_has_no_findings(bench, does):
    bench.on("main", promote(3, "production"))

    bench.on("change", *does)

    assert bench.findings() == ()


@pytest.mark.parametrize(
    ("does", "rule", "path"),
    [
        ([edit(FIRST, "status: ready", "status: failed")], "T01", FIRST),
        ([edit(FIRST, "created_by:", "description: x\ncreated_by:"), edit(FIRST, "Name", "Nobody")], "T01", FIRST),
        ([edit(CARD, "Name", "Nobody")], "T01", CARD),
        ([remove(THIRD)], "T02", THIRD),
        ([remove(STAGES)], "T02", STAGES),
        ([remove(CARD)], "T02", CARD),
        ([edit(STAGES, "  number: 1\n", "  number: 3\n")], "T05", STAGES),
        ([edit(CONFIG, "production: {}", POLICY), promote(3, "staging")], "T07", CONFIG),
        ([write(".github/workflows/ci.yml", "on: push\n"), promote(3, "staging")], "T07", ".github/workflows/ci.yml"),
        ([write("CODEOWNERS", "* @all\n"), promote(3, "staging")], "T07", "CODEOWNERS"),
    ],
    ids=[
        "a version fails afterwards", "another author", "another author of a model", "a removed version", "removed pointers", "a removed card",
        "a holder that nobody remembers", "a policy beside a promotion", "a workflow beside a promotion", "owners beside a promotion",
    ],
)  # fmt: skip
def test_a_change_that_may_not_land_is_named_with_its_file(bench, does, rule, path):
    bench.on("change", *does)

    assert (rule, path) in bench.says()


def test_a_recorded_metric_that_changed_is_named_with_its_line(bench):
    bench.on("main", register(metrics={"accuracy": 0.9, "loss": 0.1}, params={"C": 1}))
    bench.on("change", edit(FOURTH, "accuracy: 0.9", "accuracy: 0.99"), edit(FOURTH, "  loss: 0.1\n", ""), edit(FOURTH, "C: 1", "C: 2"))

    found = {f.message.partition(":")[0]: f.line for f in bench.findings() if f.rule == "T01"}

    lines = (Path(bench.folder) / FOURTH).read_text().splitlines()
    assert found.keys() == {"metrics.accuracy", "metrics.loss", "params"}
    assert lines[found["metrics.accuracy"] - 1] == "  accuracy: 0.9"


def test_a_running_version_may_change_but_not_its_origin(bench):
    bench.on("main", register(status="running", metrics={"loss": 1.0}))
    bench.on("change", edit(FOURTH, "loss: 1.0", "loss: 0.5"), edit(FOURTH, "status: running", "status: ready"))
    bench.on("other", edit(FOURTH, "Name", "Nobody"))

    assert bench.says() == []
    assert bench.says(head="other") == [("T01", FOURTH)]


@pytest.mark.parametrize("force", [False, True], ids=["by hand", "forced by the author"])
def test_gates_order_and_refusal_are_judged_by_the_base_whatever_the_author_forced(bench, force):
    bench.on("main", edit(CONFIG, "production: {}", POLICY), register(metrics={"accuracy": 0.5}))
    hand = [edit(STAGES, "production:\n  number: 1\n  previous: []", "production:\n  number: 4\n  previous: [1]")]

    bench.on("change", *([promote(4, "production", force=True)] if force else hand))

    found = [f for f in bench.findings() if f.rule == "T04"]
    assert {f.path for f in found} == {STAGES}
    assert sorted(f.message.split()[1] for f in found) == ["gate", "iris@4", "production"]


def test_a_loosened_policy_does_not_judge_the_change_that_brings_it(bench):
    bench.on("main", edit(CONFIG, "production: {}", POLICY))

    bench.on("change", edit(CONFIG, POLICY, "production: {}"), promote(3, "production", force=True))

    assert {rule for rule, _ in bench.says()} == {"T04", "T07"}


def test_a_rollback_by_hand_is_exempt_from_gates(bench):
    bench.on("main", promote(2, "production"), edit(CONFIG, "production: {}", POLICY))

    bench.on("change", lambda registry, _: registry.rollback("iris", "production"))

    assert bench.findings() == ()


def test_a_format_that_goes_down_is_named(bench, git):
    bench.on("change", edit(CONFIG, "format: 1", "format: 0"))

    assert ("R02", CONFIG) in bench.says()


def test_where_there_was_no_registry_only_files_are_judged(bench, git):
    root = git(bench.folder, "commit-tree", "-m", "nothing", git(bench.folder, "hash-object", "-t", "tree", "-w", "/dev/null"))
    bench.on("change", write("models/iris/stray.txt", "x"))

    assert bench.says(base=root, head="change") == [("R08", "models/iris/stray.txt")]
    assert bench.says(base="0" * 40, head="change") == [("R08", "models/iris/stray.txt")]


def test_a_fault_that_was_there_before_is_not_the_change_s(bench):
    bench.on("main", edit(FIRST, "status: ready", "status: unknown"))
    bench.on("change", register())

    assert bench.findings() == ()


# -- merges that plain git gets wrong -------------------------------------------------------------------------


MERGES = {
    "the same number with the same bytes": (write(FOURTH, "number: 4\nversion: \"4\"\nstatus: ready\ncreated_at: \"2026-11-22T07:24:31Z\"\ncreated_by: x\n"),) * 2 + ("T03", FOURTH),
    "two versions of one number": (register(metrics={"a": 1}), register(metrics={"a": 2}), "T08", FOURTH),
    "production to 2 and to 3": (promote(2, "production"), promote(3, "production"), "T08", STAGES),
    "promoted here and yanked there": (promote(3, "development"), lambda registry, _: registry.yank("iris@3", reason="x"), "R05", STAGES),
    "promoted here and its file removed there": (remove(THIRD), promote(3, "development"), "R05", STAGES),
    "one version into two stages": (promote(3, "development"), edit(STAGES, "production:\n  number: 1\n  previous: []", "production:\n  number: 3\n  previous: [1]"), "R09", STAGES),
    "two models that differ in case": (lambda registry, _: registry.create_model("rose"), lambda registry, _: registry.create_model("Rose"), "R06", "models/Rose"),
    "a version name twice": (
        lambda registry, _: registry.register("iris", "1.0.5"),
        lambda registry, folder: (registry.register("iris"), registry.register("iris", "1.0.5"), (folder / FOURTH).unlink()),
        "R06", "models/iris/versions/5.yaml",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MERGES)
def test_what_two_branches_did_is_judged_on_the_merge(bench, case):
    ours, theirs, rule, path = MERGES[case]
    bench.git("branch", "change")
    bench.on("main", ours)
    bench.on("change", theirs)

    assert (rule, path) in bench.says()


def test_moves_of_different_stages_merge_and_are_sound(bench):
    bench.git("branch", "change")
    bench.on("main", promote(3, "development"))
    bench.on("change", lambda registry, _: registry.archive("iris@1"))

    assert bench.findings() == ()
    bench.git("merge", "-q", "change")
    assert {f.rule for f in Registry.open(bench.folder).check()} == set()


def test_the_same_rollback_on_both_sides_happens_once(bench):
    bench.on("main", promote(2, "production"), promote(3, "production"))
    bench.git("branch", "change")
    roll = lambda registry, _: registry.rollback("iris", "production")  # noqa: E731
    bench.on("main", roll)
    bench.on("change", roll)

    assert bench.findings() == ()


def test_a_reverted_promotion_is_a_warning(bench, git):
    bench.on("main", promote(3, "production"), edit(CONFIG, "production: {}", POLICY))
    promotion = git(bench.folder, "rev-parse", "main~1")
    git(bench.folder, "switch", "-qc", "change")
    git(bench.folder, "revert", "--no-edit", promotion)

    assert bench.says() == []
    assert bench.warns() == [("T05", STAGES)]


def test_a_reverted_registration_is_a_removed_version(bench, git):
    bench.on("main", register())
    git(bench.folder, "switch", "-qc", "change")
    git(bench.folder, "revert", "--no-edit", "main~1")

    assert bench.says() == [("T02", FOURTH)]


def test_nothing_of_the_repository_is_run_or_written_to_the_checkout(bench, git, tmp_path):
    trap = tmp_path / "trap"
    bench.git("config", "merge.trap.driver", f"touch {trap}; false")
    bench.git("config", "core.fsmonitor", f"touch {trap}; false")
    bench.on("main", write(".gitattributes", "* merge=trap\n"), promote(2, "production"))
    bench.git("switch", "-qc", "change", "main~1")
    bench.on("change", promote(3, "development"))
    trap.unlink(missing_ok=True)

    bench.says()

    assert not trap.exists()
