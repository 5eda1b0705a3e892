"""What two branches did, merged by plain git: different things merge cleanly, the same thing collides."""

from __future__ import annotations

import pytest

from gitreg import Registry
from gitreg.errors import InvalidError


@pytest.fixture
def merged(tmp_path, git):
    """Do one thing on a branch and another on main, merge with plain git; return the files in conflict."""

    def merge(prepare, ours, theirs):
        folder = tmp_path / "registry"
        with Registry.init(folder) as registry:
            prepare(registry)
        git(folder, "branch", "topic")
        for branch, work in (("main", ours), ("topic", theirs)):
            git(folder, "switch", "-q", branch)
            with Registry.open(folder) as registry:
                work(registry)
        git(folder, "switch", "-q", "main")
        git(folder, "merge", "-q", "--no-edit", "topic", check=False)
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


def test_the_same_version_promoted_to_different_stages_is_not_silent(merged):
    folder, conflicts = merged(seven, promote(1, "staging"), promote(1, "production"))

    with Registry.open(folder) as registry:
        assert conflicts or [finding.rule for finding in registry.check()] == ["R09"]


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
