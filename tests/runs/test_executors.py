"""Steps that do not wait for each other run at once, in the threads or processes of an executor that was handed in."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import dask
import distributed
import pytest

from gitreg import Model, UsageError, get_step_context, pipeline, step


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``, which has three versions and six commits."""
    monkeypatch.chdir(iris.path)


@step
def process(number: int):
    get_step_context().model.log_metrics({f"seen.{number}": number})
    return os.getpid()


@step
def add(*numbers):
    return sum(numbers)


@step
def ask():
    return get_step_context().model.number


@step
def promote():
    model = get_step_context().model
    model.set_stage("staging")
    return model.stage, sorted(model.metrics)


@step
def fail():
    _ = get_step_context().model.number
    raise ValueError("diverged")


def test_steps_that_wait_for_nothing_run_at_the_same_time():
    both = threading.Barrier(2, timeout=30)

    @step
    def meet(name):
        both.wait()
        return name

    @pipeline
    def training():
        return meet("a"), meet("b")

    with ThreadPoolExecutor(2) as pool:
        assert training.with_options(executor=pool)().result == ("a", "b")


def test_threads_log_on_the_same_version(iris, git):
    @pipeline(model=Model("iris"))
    def training():
        for number in range(6):
            process(number)

    with ThreadPoolExecutor(6) as pool:
        training.with_options(executor=pool)()

    assert iris.get("iris@4").metrics == {f"seen.{number}": number for number in range(6)}
    assert git(".", "rev-list", "--count", "HEAD") == "7"


def test_a_step_that_fails_ends_the_run_when_the_others_have_ended(iris):
    ended = []
    begun = threading.Event()

    @step
    def slow():
        begun.set()
        ended.append(get_step_context().model.number)

    @step
    def fall():
        begun.wait(30)
        raise ValueError("diverged")

    @step
    def never():
        ended.append("never")

    @pipeline(model=Model("iris"))
    def training():
        slow()
        fall()
        never(after=["fall"])

    with ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="diverged"):
        training.with_options(executor=pool)()

    assert ended == [4]
    assert iris.get("iris@4").status == "failed"


@pipeline(model=Model("iris"))
def measured():
    first, second = process(1), process(2)
    asked = ask(after=[first, second])
    return first, second, asked


@pipeline(model=Model("iris"))
def promoted():
    process(1)
    return promote(after=["process"])


@pipeline(model=Model("iris"))
def failing():
    fail()


def check_processes(iris, git, executor):
    """Hold what is promised of any executor whose workers are other processes."""
    first, second, asked = measured.with_options(executor=executor)().result
    assert os.getpid() not in (first, second)
    assert asked == 4
    version = iris.get("iris@4")
    assert (version.status, version.metrics, version.params) == ("ready", {"seen.1": 1, "seen.2": 2}, {"process.number": 1, "process_2.number": 2})

    stage, metrics = promoted.with_options(executor=executor)().result
    assert (stage, metrics) == ("staging", ["seen.1"])
    assert (iris.get("iris@staging").number, iris.get("iris@staging").status) == (5, "ready")

    with pytest.raises(ValueError, match="diverged"):
        failing.with_options(executor=executor)()
    assert (iris.get("iris@6").status, iris.get("iris@6").run.error) == ("failed", "ValueError: diverged")
    assert len(iris.versions("iris")) == 6
    assert iris.check() == ()


@pytest.mark.parametrize("way", ["spawn", "fork", "forkserver"])
def test_processes_of_a_pool_work_on_the_same_version(iris, git, way):
    with ProcessPoolExecutor(2, mp_context=get_context(way)) as pool:
        check_processes(iris, git, pool)


class Sending(ThreadPoolExecutor):
    """Sends what it is handed as to another process, and stays in this one: numbers of processes are the same on two machines too."""

    def submit(self, function, /, *args, **kwargs):
        return super().submit(*pickle.loads(pickle.dumps((function, *args))), **kwargs)


def test_what_a_copied_step_logs_comes_back_from_a_process_of_the_same_number(iris):
    with Sending(1) as pool:
        measured.with_options(executor=pool)()

    assert iris.get("iris@4").metrics == {"seen.1": 1, "seen.2": 2}


def test_two_workers_of_dask_work_on_the_same_version(iris, git, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1") as cluster,
        distributed.Client(cluster) as client,
    ):
        check_processes(iris, git, client.get_executor())


@step
def nest():
    return process.with_options(model=Model("rose"))(1)


@pipeline(model=Model("iris"))
def nesting():
    nest()


def test_a_step_in_another_process_cannot_begin_with_another_model(iris):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(UsageError, match="cannot begin with model 'rose'"):
        nesting.with_options(executor=pool)()

    assert [model.name for model in iris.models()] == ["iris"]
