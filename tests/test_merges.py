"""What two branches did, merged by git: different things merge cleanly, the same thing collides, and check finds the rest.

Everything is merged twice: as a clone does that knows no driver, by the layout of the files alone, and with gitreg's merge driver.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import InvalidError

STAGES = "models/iris/stages.yaml"


@pytest.fixture(params=["by git alone", "with the driver"])
def driver(request, monkeypatch):
    """Tell whether the merge driver is to be installed, and let git find the command."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    return request.param == "with the driver"


@pytest.fixture
def merged(tmp_path, git, driver):
    """Do one thing on a branch and another on main, and merge; return the folder and the files in conflict."""

    def merge(prepare, ours, theirs):
        folder = tmp_path / "registry"
        with Registry.init(folder) as registry:
            prepare(registry)
        if not driver:
            git(folder, "config", "--remove-section", "merge.gitreg")
        git(folder, "branch", "topic")
        for branch, work in (("main", ours), ("topic", theirs)):
            git(folder, "switch", "-q", branch)
            with Registry.open(folder) as registry:
                work(registry)
        git(folder, "switch", "-q", "main")
        git(folder, "merge", "-q", "--no-ff", "--no-edit", "topic", check=False)
        return folder, git(folder, "diff", "--name-only", "--diff-filter=U").splitlines()

    return merge


def seven(registry):
    """Register seven versions of iris and two of churn: 5, 6 and 7 hold the stages in order."""
    with registry.transaction() as tx:
        for _ in range(7):
            tx.register("iris", metrics={"accuracy": 0.9})
        for _ in range(2):
            tx.register("churn")
        for number, stage in ((5, "development"), (6, "staging"), (7, "production")):
            tx.promote(f"iris@{number}", stage)


def promote(number, stage):
    return lambda registry: registry.promote(f"iris@{number}", stage)


def vacate(number):
    return lambda registry: registry.archive(f"iris@{number}")


def roll_back(stage):
    return lambda registry: registry.rollback("iris", stage)


PAIRS = [("development", "staging"), ("staging", "production"), ("development", "production")]


@pytest.mark.parametrize(("one", "other"), PAIRS + [pair[::-1] for pair in PAIRS])
def test_promotions_to_different_stages_merge(merged, one, other):
    folder, conflicts = merged(seven, promote(1, one), promote(2, other))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert registry.get(f"iris@{one}").number == 1
        assert registry.get(f"iris@{other}").number == 2
        assert {version.number for version in registry.versions("iris") if version.stage == "archived"} == {5, 6, 7} - {registry.get(f"iris@{rest(one, other)}").number}
        assert registry.check() == ()


def rest(one, other):
    return ({"development", "staging", "production"} - {one, other}).pop()


def test_a_promotion_and_a_rollback_of_another_stage_merge(merged):
    def prepare(registry):
        seven(registry)
        registry.promote("iris@4", "production")

    folder, conflicts = merged(prepare, promote(1, "development"), roll_back("production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert [registry.get(f"iris@{stage}").number for stage in ("development", "production")] == [1, 7]
        assert registry.check() == ()


def test_a_vacated_stage_and_a_promotion_to_another_merge(merged):
    folder, conflicts = merged(seven, vacate(5), promote(1, "production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert registry.at("HEAD").snapshot().stages("iris").pointer("development").number is None
        assert registry.get("iris@production").number == 1
        assert registry.check() == ()


def test_promotions_of_different_models_merge(merged):
    folder, conflicts = merged(seven, promote(1, "production"), lambda registry: registry.promote("churn@2", "production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert (registry.get("iris@production").number, registry.get("churn@production").number) == (1, 2)


def test_the_first_stages_of_a_model_that_has_none_merge(merged):
    folder, conflicts = merged(lambda registry: [registry.register("iris") for _ in range(2)], promote(1, "staging"), promote(2, "production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert (registry.get("iris@staging").number, registry.get("iris@production").number) == (1, 2)


def test_promotions_to_the_same_stage_conflict(merged):
    _, conflicts = merged(seven, promote(1, "production"), promote(2, "production"))

    assert conflicts == ["models/iris/stages.yaml"]


def test_a_file_left_in_conflict_is_named_with_its_line(merged, git):
    folder, _ = merged(seven, promote(1, "production"), promote(2, "production"))
    git(folder, "commit", "-qam", "conflict committed unseen")

    with Registry.open(folder) as registry, pytest.raises(InvalidError, match=r"^models/iris/stages\.yaml:\d+: an unresolved merge conflict stands here$"):
        registry.get("iris@production")


def test_two_new_versions_of_one_number_collide(merged):
    def register(name):
        return lambda registry: registry.register("iris", name)

    _, conflicts = merged(seven, register("ours"), register("theirs"))

    assert conflicts == ["models/iris/versions/8.yaml"]


def test_new_versions_of_different_models_merge(merged):
    folder, conflicts = merged(seven, lambda registry: registry.register("iris"), lambda registry: registry.register("churn"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert {model.name: model.versions for model in registry.models()} == {"iris": 8, "churn": 3}
        assert registry.check() == ()


def test_a_new_version_and_a_promotion_merge(merged):
    folder, conflicts = merged(seven, lambda registry: registry.register("iris"), promote(1, "production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert (registry.get("iris@latest").number, registry.get("iris@production").number) == (8, 1)


def update(**facts):
    return lambda registry: registry.update("iris@2", **facts)


FIVE = {"accuracy": 0.9, "auc": 0.8, "f1": 0.7, "loss": 0.3, "recall": 0.6}


def five_metrics(registry):
    registry.register("iris", metrics=FIVE)
    registry.register("iris", metrics=FIVE, metadata={"a": 1}, tags=["x"], links={"ticket": "https://example.org/1"})


def test_a_metric_and_a_link_added_to_one_manifest_merge(merged):
    folder, conflicts = merged(five_metrics, update(metrics={"brier": 0.1}), update(links={"report": "https://example.org/2"}))

    assert conflicts == []
    with Registry.open(folder) as registry:
        version = registry.get("iris@2")
    assert version.metrics == {**FIVE, "brier": 0.1}
    assert set(version.links) == {"ticket", "report"}


def test_metrics_that_two_branches_add_between_others_merge(merged):
    folder, conflicts = merged(five_metrics, update(metrics={"brier": 0.1}), update(metrics={"mcc": 0.5}))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert registry.get("iris@2").metrics == {**FIVE, "brier": 0.1, "mcc": 0.5}


def test_the_same_metric_added_with_two_values_conflicts(merged):
    _, conflicts = merged(five_metrics, update(metrics={"brier": 0.1}), update(metrics={"brier": 0.2}))

    assert conflicts == ["models/iris/versions/2.yaml"]


def test_a_persons_comment_and_a_promotion_of_another_stage_merge(merged, git):
    def comment(registry):
        path = f"{registry.path}/models/iris/stages.yaml"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("development:\n", "# nightly\ndevelopment:\n"))
        git(registry.path, "commit", "-qam", "a comment")

    folder, conflicts = merged(seven, comment, promote(1, "production"))

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert registry.snapshot().bytes_of("models/iris/stages.yaml").count(b"# nightly") == 1
        assert registry.get("iris@production").number == 1


# -- the table of merges that plain git gets wrong --------------------------------------------------------------


def by_hand(git, registry, path, text, message="by hand"):
    """Commit a file as a person would, or its removal where *text* is None."""
    file = Path(registry.path, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink() if text is None else file.write_text(text)
    git(registry.path, "add", "-A")
    git(registry.path, "commit", "-qm", message)


def register(model):
    return lambda registry: registry.register(model)


def yank(number):
    return lambda registry: registry.yank(f"iris@{number}", reason="leaks its labels")


def in_turn(*works):
    return lambda registry: [work(registry) for work in works]


def with_history(registry):
    """Let production have been 7, then 4, then 3."""
    seven(registry)
    in_turn(promote(4, "production"), promote(3, "production"))(registry)


CONFLICT = [STAGES]
# what main did, what the branch did, the files in conflict for git alone and with the driver, what check says of a clean merge
TABLE = {
    "production -> 1 and production -> 2": (promote(1, "production"), promote(2, "production"), CONFLICT, CONFLICT, []),
    "production and staging both move": (promote(1, "production"), promote(2, "staging"), [], [], []),
    "the same promotion on both sides": (promote(1, "production"), promote(1, "production"), [], [], []),
    "promote 2 and yank 2": (promote(2, "production"), yank(2), [], [], ["R05 error"]),
    "yank 2 and promote 2": (yank(2), promote(2, "production"), [], [], ["R05 error"]),
    "promote 2 and archive 2": (promote(2, "production"), vacate(2), [], CONFLICT, ["R09 error"]),
    "1 -> staging and 1 -> production": (promote(1, "staging"), promote(1, "production"), [], CONFLICT, ["R09 error"]),
    "5 -> staging and 5 -> production, from development": (promote(5, "staging"), promote(5, "production"), [], CONFLICT, ["R09 error"]),
    "5 leaves development, which 1 takes": (promote(5, "staging"), promote(1, "development"), CONFLICT, [], []),
    "6 and 7 swap their stages": (promote(6, "production"), promote(7, "staging"), CONFLICT, [], []),
    "two rollbacks of one stage": (roll_back("production"), roll_back("production"), [], [], []),
    "two rollbacks and one": (in_turn(roll_back("production"), roll_back("production")), roll_back("production"), CONFLICT, CONFLICT, []),
    "a rollback and a promotion of another stage": (roll_back("production"), promote(1, "staging"), [], [], []),
    "a rollback and a promotion of the one that goes": (roll_back("production"), promote(3, "staging"), CONFLICT, CONFLICT, []),
    "two models whose names differ in case": (register("Rose"), register("rose"), [], [], ["R06 error"]),
    "a model below another's folder": (register("team"), register("team/rose"), [], [], ["R06 error"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLE)
def test_a_merge_is_clean_and_sound_or_a_conflict_or_found_by_check(merged, driver, what):
    ours, theirs, by_layout, by_driver, wrong = TABLE[what]

    folder, conflicts = merged(with_history, ours, theirs)

    assert conflicts == (by_driver if driver else by_layout)
    assert landing(folder, made=not conflicts) == (["T08 error"] if by_layout else wrong)
    if not conflicts:
        assert said(folder) == wrong
        assert sorted({f"{rule} error" for rule in state(folder)}) == wrong


def said(folder, base="HEAD^1"):
    with Registry.open(folder) as registry:
        return sorted({f"{finding.rule} {finding.severity}" for finding in registry.check(base, "HEAD")})


def state(folder):
    with Registry.open(folder) as registry:
        return [finding.rule for finding in registry.check()]


def landing(folder, *, made):
    """Return what check says of the branch before it is merged; it knows no driver, as a host does not."""
    with Registry.open(folder) as registry:
        return sorted({f"{finding.rule} {finding.severity}" for finding in registry.check("main^1" if made else "main", "topic")})


def test_one_version_that_both_sides_registered_in_the_same_bytes_is_found(merged, git):
    def register_by_hand(registry):
        branch = git(registry.path, "branch", "--show-current")  # else it is the same commit
        text = Path(registry.path, "models/iris/versions/7.yaml").read_text()
        by_hand(git, registry, "models/iris/versions/8.yaml", text.replace("number: 7", "number: 8").replace('version: "7"', 'version: "8"'), f"by hand on {branch}")

    folder, conflicts = merged(seven, register_by_hand, register_by_hand)

    assert conflicts == []
    with Registry.open(folder) as registry:
        assert [(f.rule, f.path) for f in registry.check("main^1", "topic")] == [("T03", "models/iris/versions/8.yaml")]
    assert said(folder) == ["T03 error"]


@pytest.mark.parametrize("exchanged", [False, True], ids=["delete there", "delete here"])
def test_a_version_that_one_side_promotes_and_the_other_removes_is_found(merged, git, exchanged):
    def remove(registry):
        by_hand(git, registry, "models/iris/versions/3.yaml", None)

    folder, conflicts = merged(seven, *((remove, promote(3, "production")) if exchanged else (promote(3, "production"), remove)))

    assert conflicts == []
    assert said(folder) == (["R05 error"] if exchanged else ["R04 error", "R05 error", "T02 error"])
    assert {"R04", "R05"} <= set(state(folder))


GATED = """\
format: 1
stages:
  development: {}
  staging: {}
  production:
    from: [staging]
    require:
      - {name: never, expr: candidate.number > 100}
"""


def test_a_promotion_that_a_host_reverts_is_a_warning_and_asks_no_gate(merged, git):
    def prepare(registry):
        in_turn(seven, promote(1, "production"))(registry)
        by_hand(git, registry, "gitreg.yaml", GATED)

    def revert(registry):
        git(registry.path, "revert", "--no-edit", "HEAD^")

    folder, conflicts = merged(prepare, register("churn"), revert)

    assert conflicts == []
    assert said(folder) == ["T05 warning"]
    assert state(folder) == []


def test_a_registration_that_a_host_reverts_is_a_removed_version(merged, git):
    folder, conflicts = merged(in_turn(seven, register("iris")), register("churn"), lambda registry: git(registry.path, "revert", "--no-edit", "HEAD"))

    assert conflicts == []
    assert said(folder) == ["T02 error"]


# -- what a person sees -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["with the driver"], indirect=True)
def test_a_conflict_stands_in_the_blocks_that_are_contested_and_reads_as_two_choices(merged):
    folder, _ = merged(with_history, promote(1, "production"), in_turn(promote(2, "production"), promote(5, "staging")))

    text = (folder / STAGES).read_text()

    marks = re.sub("([<>]{7}) .*", r"\1", text)
    assert marks.partition("development:")[2] == (
        "\n  number: null\n  previous: [5]\n\nstaging:\n  number: 5\n  previous: [6]\n\n"
        "production:\n<<<<<<<\n  number: 1\n  previous: [2, 3, 4, 7]\n=======\n  number: 2\n  previous: [1, 3, 4, 7]\n>>>>>>>\n\narchived: []\n"
    )


@pytest.mark.parametrize("side", ["ours", "theirs"])
@pytest.mark.parametrize("what", [what for what, row in TABLE.items() if row[3]])
@pytest.mark.parametrize("driver", ["with the driver"], indirect=True)
def test_each_choice_of_a_conflict_is_sound(merged, git, what, side):
    folder, conflicts = merged(with_history, *TABLE[what][:2])

    text = (folder / STAGES).read_text()
    kept = r"\1" if side == "ours" else r"\2"
    (folder / STAGES).write_text(re.sub(r"(?ms)^<{7} [^\n]*\n(.*?)^={7}\n(.*?)^>{7} [^\n]*\n", kept, text))
    git(folder, "commit", "-qam", "solved by hand")

    assert conflicts == CONFLICT
    assert state(folder) == []
    assert said(folder) == []


def test_a_driver_whose_command_is_gone_leaves_the_merge_to_git(merged, git, driver, monkeypatch):
    monkeypatch.setenv("PATH", os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "gitreg").exists()))

    folder, conflicts = merged(with_history, promote(1, "production"), promote(2, "production"))

    assert conflicts == CONFLICT
    assert "<<<<<<<" in (folder / STAGES).read_text()


BROKEN = {
    "its interpreter lacks a module": "#!/bin/sh\nexec python3 -c 'import gitreg_that_is_gone'\n",
    "its interpreter is gone": "#!/nowhere/python3\n",
    "an empty file": "",
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "without the option": "#!/bin/sh\nexit 2\n",
}


@pytest.mark.parametrize("driver", ["with the driver"], indirect=True)
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_driver_whose_command_is_broken_leaves_the_merge_to_git(merged, git, driver, monkeypatch, tmp_path, script):
    (tmp_path / "gitreg").write_text(script)
    (tmp_path / "gitreg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    folder, conflicts = merged(with_history, promote(1, "production"), promote(2, "production"))

    assert conflicts == CONFLICT
    assert re.findall("(?m)^[<=>]{7}", (folder / STAGES).read_text()) == ["<<<<<<<", "=======", ">>>>>>>"]


def test_what_a_person_wrote_on_either_side_survives(merged, git):
    def comment(text, above, then):
        def work(registry):
            file = Path(registry.path, STAGES)
            by_hand(git, registry, STAGES, file.read_text().replace(f"\n{above}:", f"\n{text}\n{above}:"))
            then(registry)

        return work

    folder, conflicts = merged(in_turn(seven, comment("# base", "staging", lambda _: None)), comment("# ours", "production", promote(5, "staging")), comment("# theirs", "archived", promote(1, "production")))

    text = (folder / STAGES).read_text()
    assert conflicts == []
    assert [line for line in text.splitlines() if line.startswith("# ") and "yaml-language" not in line] == ["# base", "# ours", "# theirs"]
    with Registry.open(folder) as registry:
        assert (registry.get("iris@staging").number, registry.get("iris@production").number) == (5, 1)
