"""A call of a pipeline is a run: one commit at its end, or nothing; its steps run in the order that their inputs give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gitreg
from gitreg import (
    ConflictError,
    Model,
    NotFoundError,
    PolicyError,
    Registry,
    UsageError,
    get_step_context,
    pipeline,
    step,
)


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``, which has three versions and six commits."""
    monkeypatch.chdir(iris.path)


@pytest.fixture
def commits(git):
    return lambda: int(git(".", "rev-list", "--count", "HEAD"))


@step
def load(rows: int = 3):
    return list(range(rows))


@step
def train(data, C: float = 1.0):
    get_step_context().model.log_metrics({"accuracy": sum(data) * C})
    return "fitted"


@step
def evaluate(fitted):
    return f"{fitted} and evaluated"


def test_outputs_are_passed_as_inputs_and_the_run_is_one_commit(iris, commits):
    @pipeline(model=Model("iris"))
    def training(rows: int):
        return evaluate(train(load(rows), C=0.5))

    done = training(4)

    assert (done.result, done.outputs) == ("fitted and evaluated", {"load": [0, 1, 2, 3], "train": "fitted", "evaluate": "fitted and evaluated"})
    assert commits() == 7
    version = iris.get("iris@4")
    assert version.metrics == {"accuracy": 3.0}
    assert version.params == {"rows": 4, "load.rows": 4, "train.C": 0.5}
    assert (version.run.id, version.run.pipeline, version.run.step) == (done.id, "training", None)
    assert done.model.id == "iris@4"


def test_the_steps_model_takes_precedence_over_the_pipelines(iris):
    @step(model=Model("rose"))
    def grow():
        get_step_context().model.log_metrics({"height": 1})

    @pipeline(model=Model("iris"))
    def training():
        train(load())
        grow()

    done = training()

    assert [model.id for model in done.models] == ["iris@4", "rose@1"]
    assert (iris.get("rose@1").metrics, iris.get("iris@4").metrics) == ({"height": 1}, {"accuracy": 3.0})
    assert iris.get("rose@1").run.step == "grow"


def test_versions_of_one_run_are_one_commit(commits):
    @pipeline
    def both():
        train.with_options(model=Model("rose"))([1])
        train.with_options(model=Model("tulip"), name="again")([1])

    both()

    assert commits() == 7


def test_all_steps_of_a_run_share_its_new_version_and_each_run_makes_one(iris):
    numbers = []

    @step
    def ask():
        numbers.append(get_step_context().model.number)

    @pipeline(model=Model("iris"))
    def training():
        ask()
        ask()

    training()
    training()

    assert numbers == [4, 4, 5, 5]


def test_a_model_that_a_step_makes_by_the_same_name_is_the_runs(iris):
    @step
    def log():
        Model("iris").log_metrics({"auc": 0.9})
        Model("iris", version="v4").log_metadata({"reviewed": True})

    @pipeline(model=Model("iris", version="v4"))
    def training():
        log()

    training()

    assert len(iris.versions("iris")) == 4
    assert (iris.get("iris@v4").metrics, iris.get("iris@v4").metadata) == ({"auc": 0.9}, {"reviewed": True})


def test_a_number_that_is_asked_for_is_reserved_by_a_commit_and_completed_by_a_second(iris, commits):
    states = []

    @step
    def ask():
        states.append(get_step_context().model.number)
        with Registry.open() as other:
            states.append((other.get("iris@4").status, other.get("iris").number, commits()))

    @pipeline(model=Model("iris"))
    def training():
        ask()

    training()

    assert states == [4, ("running", 3, 7)]
    assert (iris.get("iris@4").status, commits()) == ("ready", 8)


def test_looking_at_metrics_and_stage_reserves_nothing(commits):
    @step
    def look():
        model = get_step_context().model
        model.log_metrics({"auc": 0.5})
        return model.metrics, model.stage, commits()

    @pipeline(model=Model("iris"))
    def training():
        return look()

    assert training().result == ({"auc": 0.5}, None, 6)


def test_promoting_the_runs_own_version_completes_it_in_the_same_commit(iris, commits):
    @step
    def promote():
        get_step_context().model.set_stage("staging", reason="good")

    @pipeline(model=Model("iris"))
    def training():
        train([1])
        promote(after=train)

    training()

    version = iris.get("iris@staging")
    assert (version.number, version.status, version.metrics, commits()) == (4, "ready", {"accuracy": 1.0}, 7)
    assert version.run.finished_at
    assert iris.history("iris", "staging")[0].reason == "good"


def test_what_is_logged_after_the_promotion_is_added_at_the_end(iris, commits):
    @step
    def promote():
        get_step_context().model.set_stage("staging")

    @step
    def later():
        get_step_context().model.log_metrics({"latency": 12})
        with pytest.raises(ConflictError, match="recorded and cannot change"):
            get_step_context().model.log_metrics({"accuracy": 2.0})

    @pipeline(model=Model("iris"))
    def training():
        train([1])
        promote(after="train")
        later(after=["promote"])

    training()

    assert (iris.get("iris@4").metrics, commits()) == ({"accuracy": 1.0, "latency": 12}, 8)


def test_a_gate_judges_what_the_run_logged_and_its_refusal_reaches_the_step(iris, git, commits):
    config = Path("gitreg.yaml")
    config.write_text("format: 1\nstages:\n  development: {}\n  staging: {}\n  production:\n    require:\n      - name: good enough\n        expr: candidate.metrics.accuracy >= 2.0\n")
    git(".", "commit", "--quiet", "--all", "--message", "a gate")

    @step
    def promote():
        get_step_context().model.set_stage("production")

    @pipeline(model=Model("iris"))
    def training(rows):
        train(load(rows))
        promote(after=["train"])

    with pytest.raises(PolicyError, match="good enough"):
        training(2)
    assert commits() == 7
    training(3)

    assert iris.get("iris@production").number == 4


@pytest.mark.parametrize(("version", "words"), [("development", "development of 'iris' is vacant"), (9, "has no version 9"), ("latest", None)])
def test_a_stage_or_number_must_exist_before_the_first_step_starts(version, words):
    started = []

    @step
    def begin():
        started.append(1)

    @step(model=Model("iris" if words else "rose", version=version))
    def last():
        pass

    @pipeline
    def training():
        begin()
        last()

    with pytest.raises(NotFoundError, match=words):
        training()
    assert started == []


def test_reading_only_creates_no_version(monkeypatch, commits):
    monkeypatch.setenv("GITREG_READONLY", "1")

    @pipeline(model=Model("iris"))
    def training():
        train([1])

    with pytest.raises(NotFoundError, match="would have to be created"):
        training()
    assert commits() == 6


def test_reading_only_a_run_on_a_version_that_exists_leaves_no_trace(monkeypatch, commits):
    monkeypatch.setenv("GITREG_READONLY", "1")

    @pipeline(model=Model("iris", version="production"))
    def predicting():
        load()

    assert predicting().model.number == 1
    assert commits() == 6


def test_a_version_that_failed_is_not_trained_into(iris):
    iris.register("iris", "v4", status="running")
    iris.update("iris@v4", status="failed")

    @pipeline(model=Model("iris", version="v4"))
    def training():
        train([1])

    with pytest.raises(ConflictError, match="failed, and a version that failed stays so"):
        training()


def test_a_run_on_a_version_that_exists_adds_to_its_later_runs(iris, commits):
    @pipeline(model=Model("iris", version="production"), name="nightly")
    def evaluating():
        train.with_options(name="measure")([2], C=2.0)

    with pytest.raises(ConflictError, match="recorded and cannot change"):
        evaluating()

    @step
    def measure():
        get_step_context().model.log_metrics({"drift": 0.1})

    @pipeline(model=Model("iris", version="production"))
    def monitoring():
        measure()

    monitoring()

    version = iris.get("iris@1")
    assert (version.metrics, [run.pipeline for run in version.later_runs], commits()) == ({"accuracy": 0.91, "drift": 0.1}, ["monitoring"], 7)


def test_a_failed_run_leaves_nothing_where_nobody_asked_for_a_number(commits):
    @step
    def diverge():
        get_step_context().model.log_metrics({"loss": 1.0})
        raise ValueError("loss is not going down")

    @pipeline(model=Model("iris"))
    def training():
        diverge()

    with pytest.raises(ValueError, match="loss is not going down"):
        training()
    assert commits() == 6


def test_a_failed_run_leaves_failed_and_the_reason_where_its_number_was_asked_for(iris, commits):
    @step
    def diverge():
        get_step_context().model.log_metrics({"loss": get_step_context().model.number})
        raise ValueError("loss is\nnot going down")

    @pipeline(model=Model("iris"))
    def training():
        diverge()

    with pytest.raises(ValueError, match="loss is") as caught:
        training()

    version = iris.get("iris@4")
    assert (version.status, version.run.error, version.metrics) == ("failed", "ValueError: loss is not going down", {"loss": 4})
    assert version.run.finished_at
    assert caught.value.__notes__ == ["gitreg: marked as failed: iris@4"]
    assert (iris.get("iris").number, commits()) == (3, 8)


def test_a_failure_after_the_promotion_says_what_was_promoted():
    @step
    def promote():
        get_step_context().model.set_stage("staging")

    @step
    def fall():
        raise RuntimeError("too late")

    @pipeline(model=Model("iris"))
    def training():
        promote()
        fall(after=["promote"])

    with pytest.raises(RuntimeError) as caught:
        training()

    assert caught.value.__notes__ == ["gitreg: promoted before, and so ready: iris@4"]


def test_the_reason_of_a_failure_shows_no_secret(iris, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")

    @step
    def connect():
        _ = get_step_context().model.number
        raise OSError("cannot connect to https://me:hunter2@example.org with correct-horse")

    @pipeline(model=Model("iris"))
    def training():
        connect()

    with pytest.raises(OSError, match="cannot connect"):
        training()

    assert iris.get("iris@4").run.error == "OSError: cannot connect to https://example.org with ***"


def test_a_circle_in_after_is_told_before_anything_runs(commits):
    @pipeline(model=Model("iris"))
    def training():
        load(after=["evaluate"])
        evaluate("x", after=["load"])

    with pytest.raises(UsageError, match=r"in a circle: (load after evaluate after load|evaluate after load after evaluate)"):
        training()
    assert commits() == 6


def test_after_names_steps_that_are_called():
    @pipeline
    def training():
        load(after=["trian"])

    with pytest.raises(UsageError, match="'load' is to run after 'trian', which this pipeline does not call: it calls load"):
        training()


@pytest.mark.parametrize("after", [3, [3], [None], [""]], ids=str)
def test_after_takes_names_outputs_and_steps(after):
    @pipeline
    def training():
        load(after=after)

    with pytest.raises(UsageError, match="after is to name steps"):
        training()


def test_after_orders_steps_that_do_not_pass_anything():
    order = []

    @step
    def note(text):
        order.append(text)

    @pipeline
    def training():
        last = note("third", after=["note_3"])
        note("fourth", after=last)
        note("second", after="note_4")
        note("first")

    training()

    assert order == ["first", "second", "third", "fourth"]


def test_steps_run_as_they_are_called_where_nothing_else_says_so():
    order = []

    @step
    def note(text):
        order.append(text)

    @pipeline
    def training():
        for text in "abcdefgh":
            note(text)

    training()

    assert order == list("abcdefgh")


def test_a_tuple_is_unpacked_and_an_output_is_indexed():
    @step
    def split() -> tuple[int, str]:
        return 1, "one"

    @step
    def show(number, text, both, nested):
        return f"{number} {text} {both[1]} {nested['deep'][0]}"

    @pipeline
    def training():
        number, text = split()
        pair = split()
        return {"said": show(number, pair[1], pair, {"deep": [text]})}

    assert training().result == {"said": "1 one one one"}


def test_an_output_whose_length_is_unknown_is_not_unpacked():
    @pipeline
    def training():
        _, _ = load()

    with pytest.raises(TypeError, match="how many values step 'load' returns is not known"):
        training()


def test_an_output_is_neither_true_nor_false_before_its_step_ran():
    @pipeline
    def training(ask):
        if ask(load()):
            pass

    for ask in (bool, lambda output: output == 3, lambda output: output != [0]):
        with pytest.raises(TypeError, match=r"has not run yet: \.load\(\)"):
            training(ask)


def test_a_pipeline_can_look_at_a_value_and_decide(iris):
    @pipeline(model=Model("iris"))
    def training(rows):
        data = load(rows)
        if len(data.load()) > 2:
            train(data)

    training(2)
    training(3)

    assert [version.metrics for version in iris.versions("iris")[3:]] == [{}, {"accuracy": 3.0}]


def test_steps_are_plain_functions_without_a_registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    @step(model=Model("iris"))
    def double(number, *, after_all=True):
        return number * 2

    assert (double(4), double(4, after=["load"]), double.__name__, double.__wrapped__(4)) == (8, 8, "double", 8)


def test_a_pipeline_without_a_model_needs_no_registry(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @pipeline
    def counting():
        return load(2)

    assert counting().result == [0, 1]
    with pytest.raises(UsageError, match="had no model"):
        _ = counting().model


def test_a_step_that_asks_for_a_context_outside_a_run_is_told():
    with pytest.raises(UsageError, match="no run is under way here"):
        train([1])
    with pytest.raises(UsageError, match="no run is under way here"):
        get_step_context()


def test_a_step_without_a_model_is_told_how_to_give_one():
    @pipeline
    def training():
        train([1])

    with pytest.raises(UsageError, match=r"step 'train' has no model: neither it nor its pipeline was given one"):
        training()


def test_the_context_says_where_a_step_is():
    @step
    def where():
        context = get_step_context()
        return context.step_name, context.pipeline_name, context.run_id

    @pipeline(model=Model("iris"))
    def training():
        return where(), where()

    done = training()

    assert done.result == (("where", "training", done.id), ("where_2", "training", done.id))


def test_the_body_of_a_pipeline_has_a_context_too(iris):
    @pipeline(model=Model("iris"))
    def training():
        get_step_context().model.log_metrics({"auc": 0.5})

    training()

    assert iris.get("iris@4").metrics == {"auc": 0.5}


def test_a_step_that_calls_a_step_runs_it_at_once(iris):
    @step
    def outer():
        return train([5]) + "!"

    @pipeline(model=Model("iris"))
    def training():
        return outer()

    assert training().result == "fitted!"
    assert iris.get("iris@4").metrics == {"accuracy": 5.0}


def test_a_pipeline_in_a_pipeline_is_a_part_of_it(iris):
    @pipeline
    def inner():
        return train(load())

    @pipeline(model=Model("iris"))
    def outer():
        evaluate(inner())

    assert outer().outputs["evaluate"] == "fitted and evaluated"
    assert iris.get("iris@4").metrics == {"accuracy": 3.0}


def test_date_and_time_in_a_name_are_those_of_the_start(iris):
    @step
    def ask():
        return get_step_context().model.version

    @pipeline(model=Model("iris", version="nightly-{date}-{time}"))
    def training():
        return ask()

    name = training().result

    assert iris.get(f"iris@{name}").number == 4


def test_a_name_that_another_took_meanwhile_is_a_conflict_and_nothing_is_lost(iris, git):
    @step
    def slow():
        get_step_context().model.log_metrics({"auc": 0.75})
        iris.register("iris", "v4")

    @pipeline(model=Model("iris", version="v4"))
    def training():
        slow()

    with pytest.raises(ConflictError, match="version 'v4' of 'iris' exists already") as caught:
        training()

    file = Path(caught.value.__notes__[0].rpartition("gitreg import ")[2])
    file.write_text(file.read_text().replace('"v4"', '"v4-again"'))
    from gitreg.cli import boundary

    assert boundary.run(["import", str(file), "--quiet"]) == 0
    assert iris.get("iris@v4-again").metrics == {"auc": 0.75}
    assert iris.get("iris@v4-again").run.pipeline == "training"


def test_the_card_of_the_model_is_set_with_the_run(iris):
    @pipeline(model=Model("rose", license="MIT", tags=["garden"]))
    def training():
        load()

    training()

    assert (iris.model("rose").license, iris.model("rose").tags) == ("MIT", ("garden",))


@pytest.mark.parametrize("name", ["1.0 beta", "-1", "none", "a/b"])
def test_a_name_that_no_version_can_have_is_told_before_the_first_step(name, commits):
    @pipeline(model=Model("iris", version=name))
    def training():
        raise AssertionError("it started")

    with pytest.raises(UsageError):
        training()
    assert commits() == 6


def test_a_model_that_was_deleted_is_told_before_the_first_step(iris):
    iris.delete_model("iris", force=True)

    @pipeline(model=Model("iris"))
    def training():
        raise AssertionError("it started")

    with pytest.raises(ConflictError, match="was deleted"):
        training()


def test_a_pipeline_takes_only_options_that_it_has():
    with pytest.raises(UsageError, match="has no option 'modle'"):
        pipeline(modle=Model("iris"))(load)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "high", True, None, [1]], ids=str)
def test_a_metric_that_is_no_finite_number_is_refused_where_it_is_logged(value, commits):
    @step
    def log():
        with pytest.raises(UsageError, match=r"metrics\.auc|metrics"):
            get_step_context().model.log_metrics({"auc": value})
        get_step_context().model.log_metrics({"auc": 0.5})

    @pipeline(model=Model("iris"))
    def training():
        log()

    training()

    assert commits() == 7


def test_numpy_scalars_are_numbers(iris):
    @step
    def log():
        get_step_context().model.log_metrics({"a": np.float32(0.5), "b": np.int64(3)})
        with pytest.raises(UsageError, match="nan is not a finite number"):
            get_step_context().model.log_metrics({"c": np.float64("nan")})

    @pipeline(model=Model("iris"))
    def training():
        log()

    training()

    assert iris.get("iris@4").metrics == {"a": 0.5, "b": 3}


def test_an_error_in_the_body_of_a_pipeline_is_a_failed_run(commits):
    @pipeline(model=Model("iris"))
    def training():
        raise KeyError("no such column")

    with pytest.raises(KeyError):
        training()
    assert commits() == 6


def test_a_nested_run_of_the_same_model_is_the_same_run(iris, commits):
    @step
    def script():
        with gitreg.run("iris") as model:
            model.log_metrics({"auc": 0.5})

    @pipeline(model=Model("iris"))
    def training():
        script()

    training()

    assert (iris.get("iris@4").metrics, commits()) == ({"auc": 0.5}, 7)


def test_a_name_stands_for_its_model(iris):
    @step(model="rose")
    def grow():
        get_step_context().model.log_metrics({"height": 1})

    @pipeline(model="iris")
    def training():
        grow()
        train([1])

    training()

    assert (iris.get("rose@1").metrics, iris.get("iris@4").metrics) == ({"height": 1}, {"accuracy": 1})


@pytest.mark.parametrize(("given", "words"), [({"model": 3}, "model of load: expected a Model or a name, found 3"), ({"executor": 4}, "executor: expected a concurrent.futures.Executor, found 4")])
def test_what_a_pipeline_cannot_be_given_is_told_when_it_is_made(given, words):
    with pytest.raises(UsageError, match=words):
        pipeline(**given)(load)


def test_a_version_by_its_stage_and_by_its_number_is_one_version_of_the_run(iris):
    @step
    def measure(name):
        get_step_context().model.log_metrics({name: 1})

    @pipeline
    def measuring():
        measure.with_options(model=Model("iris", "production"))("a")
        measure.with_options(model=Model("iris", 1))("b")

    measuring()

    version = iris.get("iris@1")
    assert (version.metrics, len(version.later_runs)) == ({"accuracy": 0.91, "a": 1, "b": 1}, 1)
