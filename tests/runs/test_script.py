"""``with gitreg.run("iris") as model:`` is a run without a pipeline."""

from __future__ import annotations

import contextvars
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gitreg
from gitreg import ConflictError, GitregWarning, Model, NotFoundError, UsageError, step
from gitreg.cli import boundary


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``, which has three versions and six commits."""
    monkeypatch.chdir(iris.path)


@pytest.fixture
def commits(git):
    return lambda: int(git(".", "rev-list", "--count", "HEAD"))


def kept_in(error):
    """Return the file in which a run that could not be written is kept, by the note of its error."""
    return Path(error.__notes__[0].rpartition("gitreg import ")[2])


def test_one_line_makes_a_script_a_run_and_the_run_a_commit(iris, commits):
    with gitreg.run("iris", params={"C": 1.0}, name="train.py") as model:
        model.log_params({"features": ["petal_length"]})
        model.log_metrics({"accuracy": 0.98})
        model.log_metadata({"seed": 3})

    version = iris.get("iris@4")
    assert (version.params, version.metrics, version.metadata) == ({"C": 1.0, "features": ["petal_length"]}, {"accuracy": 0.98}, {"seed": 3})
    assert (version.status, version.run.pipeline, commits()) == ("ready", "train.py", 7)
    assert version.run.started_at <= version.run.finished_at == version.created_at
    assert model.number == 4


def test_a_run_of_nothing_is_a_version_all_the_same(iris):
    with gitreg.run("rose"):
        pass

    assert iris.get("rose@1").status == "ready"


def test_steps_called_in_a_run_are_a_part_of_it(iris):
    @step
    def train(C: float = 0.5):
        gitreg.get_step_context().model.log_metrics({"accuracy": C})

    with gitreg.run("iris"):
        train(C=0.75)

    assert (iris.get("iris@4").params, iris.get("iris@4").run.step) == ({"train.C": 0.75}, "train")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(3), SystemExit("no data")], ids=repr)
def test_an_interrupted_run_has_failed(iris, interruption):
    with pytest.raises(type(interruption)), gitreg.run("iris") as model:
        _ = model.number
        raise interruption

    assert (iris.get("iris@4").status, iris.get("iris@4").run.error) == ("failed", f"{type(interruption).__name__}: {interruption}".removesuffix(": "))


def test_a_registry_elsewhere_can_be_named(iris, tmp_path, monkeypatch):
    folder = iris.path
    (tmp_path / "code").mkdir()
    monkeypatch.chdir(tmp_path / "code")

    with gitreg.run("iris", registry=folder) as model:
        os.chdir(tmp_path)
        model.log_metrics({"auc": 0.5})

    assert iris.get("iris@4").metrics == {"auc": 0.5}


def test_where_there_is_no_registry_that_is_said_before_the_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NotFoundError), gitreg.run("iris"):
        raise AssertionError("it started")


def test_an_artifact_is_hashed_when_it_is_linked_and_recorded_at_the_end(iris, tmp_path, commits):
    file = tmp_path / "model.bin"
    file.write_bytes(b"weights")

    with pytest.warns(GitregWarning), gitreg.run("iris") as model:
        model.link_artifact("model", file)
        assert model.get_model_artifact("model").size == 7
        assert commits() == 6

    assert iris.get("iris@4").artifacts["model"].size == 7


def test_a_link_is_something_that_is_no_file(iris):
    with gitreg.run("iris") as model:
        model.link("ticket", "https://example.org/T-12", title="business case")
        model.link("endpoint", "https://scoring.example.org")

    links = iris.get("iris@4").links
    assert (links["ticket"].uri, links["ticket"].title, links["endpoint"].title) == ("https://example.org/T-12", "business case", "")


def test_a_version_whose_artifact_is_loaded_becomes_a_link_of_the_new_one(iris, tmp_path, monkeypatch):
    file = tmp_path / "registry" / "base.bin"
    file.write_bytes(b"weights")
    iris.register("base", artifacts={"model": {"kind": "model", "uri": "base.bin"}})
    iris.promote("base@1", "production")

    with gitreg.run("iris") as model:
        assert Model("base", version="production").load_artifact("model") == str(file)
        Model("base", version="production").load_artifact("model")
        model.log_metrics({"auc": 0.5})

    assert {name: (link.uri, link.title) for name, link in iris.get("iris@4").links.items()} == {"base": ("base@1", "used by the run")}


def test_a_version_that_was_resolved_before_the_run_is_not_the_runs(iris):
    model = Model("iris", version="production")
    assert model.number == 1

    with gitreg.run("iris"):
        model.log_metadata({"seen": True})

    assert (iris.get("iris@1").metadata, iris.get("iris@4").metadata) == ({"seen": True}, {})


def test_a_model_outside_of_every_run_writes_at_once(iris, commits):
    model = Model("iris")
    model.log_metrics({"auc": 0.5})

    assert commits() == 8
    with pytest.raises(ConflictError, match="params of iris@4 is recorded"):
        model.log_params({"C": 1})


def test_a_run_inside_a_run_of_another_model_is_its_own(iris, commits):
    with gitreg.run("iris") as outer, gitreg.run("rose") as inner:
        inner.log_metrics({"height": 1})
        outer.log_metrics({"auc": 0.5})
        Model("iris").log_metadata({"from": "inside"})

    assert (iris.get("rose@1").metrics, iris.get("iris@4").metrics, iris.get("iris@4").metadata) == ({"height": 1}, {"auc": 0.5}, {"from": "inside"})
    assert commits() == 8


def test_what_cannot_be_written_is_kept_in_a_file_that_the_error_names(iris):
    with pytest.raises(ConflictError) as caught, gitreg.run("iris") as model:
        model.log_metrics({"auc": 0.5})
        Path("models/iris/versions/4.yaml").write_text("a person's file is in the way")

    file = kept_in(caught.value)
    kept = json.loads(file.read_text())
    assert (kept["model"], kept["metrics"], kept["run"]["id"]) == ("iris", {"auc": 0.5}, file.stem)
    assert f"gitreg: what the run recorded is kept in {file}: gitreg import {file}" in caught.value.__notes__


def test_a_forked_process_cannot_log_into_the_void(iris):
    code = """
import os, sys, gitreg
with gitreg.run("iris") as model:
    child = os.fork()
    if not child:
        try:
            model.log_metrics({"auc": 0.5})
        except gitreg.UsageError as error:
            print(error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "this process was forked from the run's" in done.stdout
    assert iris.get("iris@4").metrics == {}


def test_a_forked_process_that_ends_leaves_the_run_to_its_parent(iris):
    code = """
import os, sys, gitreg
with gitreg.run("iris") as model:
    model.number
    child = os.fork()
    if not child:
        sys.exit(0)
    os.waitpid(child, 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)

    assert iris.get("iris@4").status == "ready"


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(("error", "said"), [(ValueError("not \udcff"), "ValueError: not \\udcff"), (MuteError(), "MuteError: <exception str() failed>")])
def test_an_error_that_no_file_can_hold_is_a_reason_all_the_same(iris, error, said):
    with pytest.raises(type(error)), gitreg.run("iris") as model:
        _ = model.number
        raise error

    assert (iris.get("iris@4").status, iris.get("iris@4").run.error) == ("failed", said)


def test_a_run_ends_although_a_child_that_was_forked_lives_on(iris):
    code = """
import os, signal, gitreg
with gitreg.run("iris"):
    child = os.fork()
    if not child:
        signal.pause()
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    assert iris.get("iris@4").status == "ready"


def test_eight_runs_at_once_get_eight_numbers(iris):
    code = """
import sys, gitreg
with gitreg.run("iris") as model:
    print("ready", flush=True)
    sys.stdin.readline()
    model.log_metrics({"number": model.number})
"""
    running = [subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("go\n")
        each.stdin.flush()
    codes = [each.wait() for each in running]
    for each in running:
        each.stdin.close()
        each.stdout.close()

    assert codes == [0] * 8
    made = iris.versions("iris")[3:]
    assert [version.number for version in made] == list(range(4, 12))
    assert all(version.metrics == {"number": version.number} and version.status == "ready" for version in made)
    assert iris.check() == ()


def test_a_name_got_by_two_runs_is_one_version(iris):
    with gitreg.run("iris", "v4") as model:
        model.log_metrics({"auc": 0.5})
    with gitreg.run("iris", "v4") as model:
        model.log_metrics({"auc": 0.5})

    assert (len(iris.versions("iris")), len(iris.get("iris@v4").later_runs)) == (4, 1)


def test_a_version_that_a_killed_run_left_is_nobody_elses(iris):
    code = "import gitreg, os\nwith gitreg.run('iris', 'v4') as model:\n    print(model.number)\n    os._exit(1)"
    subprocess.run([sys.executable, "-c", code], check=False)

    with pytest.raises(ConflictError, match="iris@4 is running: another run makes it, or was killed before it ended"), gitreg.run("iris", "v4"):
        pytest.fail("the training began")


def test_a_later_run_that_measures_otherwise_is_told_where_it_logs(iris):
    with pytest.raises(ConflictError, match=r"metrics\.accuracy of iris@1 is recorded and cannot change"), gitreg.run("iris", "production") as model:
        model.log_metrics({"accuracy": 0.5})


def test_a_wrong_environment_is_told(monkeypatch):
    monkeypatch.setenv("GITREG_RUN", "{")
    monkeypatch.setenv("GITREG_RUN_FOLDER", "nowhere")

    with pytest.raises(UsageError, match="GITREG_RUN in the environment is not what gitreg run sets"), gitreg.run("iris"):
        pass


def test_a_model_that_was_given_to_a_run_is_that_version_afterwards(iris, commits):
    model = Model("iris")
    for number in (4, 5):
        with gitreg.run(model) as handle:
            handle.log_metrics({"auc": 0.5})
            model.log_metadata({"said": "through the other name"})
        assert (model.number, handle.number, model.metadata) == (number, number, {"said": "through the other name"})
    model.set_stage("staging")

    assert (iris.get("iris@staging").number, commits()) == (5, 9)


def test_what_is_logged_after_the_run_is_written_at_once(iris):
    with gitreg.run("iris") as model:
        pass
    model.log_metrics({"auc": 0.5})

    assert iris.get("iris@4").metrics == {"auc": 0.5}


def test_after_a_run_that_left_nothing_its_model_is_none():
    with pytest.raises(ValueError, match="diverged"), gitreg.run("iris") as model:
        raise ValueError("diverged")

    with pytest.raises(NotFoundError, match="the run is over, and it left no version of 'iris'"):
        model.log_metrics({"auc": 0.5})


def test_a_reserved_version_that_could_not_be_completed_is_found_by_doctor(iris):
    with pytest.raises(ConflictError), gitreg.run("iris") as model:
        assert model.number == 4
        Path("models/iris/versions/4.yaml").write_text("a person's edit is in the way")
    Path("models/iris/versions/4.yaml").unlink()
    subprocess.run(["git", "checkout", "--quiet", "HEAD", "--", "models"], check=True)

    assert [(finding.rule, finding.severity) for finding in iris.doctor()] == [("D12", "error")]
    assert iris.doctor(fix=True) == ()
    assert iris.get("iris@4").status == "failed"


@pytest.mark.parametrize("code", [None, 0])
def test_a_script_that_ends_itself_well_has_not_failed(iris, code):
    with pytest.raises(SystemExit), gitreg.run("iris") as model:
        model.log_metrics({"auc": 0.5})
        raise SystemExit(code)

    assert iris.get("iris@4").metrics == {"auc": 0.5}


def test_parameters_after_the_promotion_are_told_to_be_late(iris):
    with gitreg.run("iris", params={"C": 1}) as model:
        model.set_stage("staging")
        model.log_params({"C": 1})
        with pytest.raises(ConflictError, match="parameter 'late' comes too late: iris@4 was promoted"):
            model.log_params({"late": 1})

    assert iris.get("iris@4").params == {"C": 1}


def test_parameters_for_a_version_that_was_there_are_told_not_to_be_recorded():
    with pytest.warns(GitregWarning, match="iris@1 was there before, and its parameters are recorded for good: q not recorded"), gitreg.run("iris", "production", params={"q": 2}):
        pass


@pytest.mark.parametrize("log", [lambda model: model.log_metrics({"flops": 10**20}), lambda model: model.log_metadata({"n": [-(10**20)]})], ids=["metric", "metadata"])
def test_a_number_of_more_than_64_bits_is_refused_where_it_is_logged(iris, log):
    with gitreg.run("iris") as model:
        with pytest.raises(UsageError, match="does not fit into 64 bits"):
            log(model)
        model.log_metrics({"flops": 1e20})

    assert iris.get("iris@4").metrics == {"flops": 1e20}


@pytest.mark.parametrize("given", [0.9, [("auc", 0.9)], None], ids=repr)
def test_what_is_no_map_is_refused_by_name(given):
    with gitreg.run("iris") as model, pytest.raises(UsageError, match="metrics: expected a map of names and values"):
        model.log_metrics(given)


def test_a_run_that_gitreg_itself_ended_is_kept(iris):
    with pytest.raises(UsageError, match="nan is not a finite number") as caught, gitreg.run("iris") as model:
        model.log_metrics({"auc": 0.5})
        model.log_metrics({"loss": float("nan")})

    assert boundary.run(["import", str(kept_in(caught.value)), "--quiet"]) == 0
    assert iris.get("iris@4").metrics == {"auc": 0.5}


def test_packages_are_a_list_of_names():
    with pytest.raises(UsageError, match="packages: expected a list of names, found 'numpy'"), gitreg.run("iris", packages="numpy"):
        pass


def test_what_a_secret_variable_holds_is_not_recorded_anywhere(iris, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")

    with pytest.warns(GitregWarning, match="looks like a secret"), gitreg.run(Model("rose", description="with wJalrXUtnFEMI")) as model:
        model.log_metadata({"api_key": "zzz", "note": "uses wJalrXUtnFEMI"})
        model.link("ticket", "https://me:pw@example.org/T-12", title="wJalrXUtnFEMI")

    texts = "".join(path.read_text() for path in Path("models/rose").rglob("*.yaml"))
    assert not [secret for secret in ("wJalrXUtnFEMI", "zzz", "me:pw") if secret in texts]
    assert (iris.get("rose@1").metadata, iris.get("rose@1").links["ticket"].uri) == ({"api_key": "***", "note": "uses ***"}, "https://example.org/T-12")


def test_what_a_run_learned_of_a_version_that_was_there_is_kept_too(iris):
    with pytest.raises(ConflictError) as caught, gitreg.run("iris", "production") as model:
        model.log_metrics({"drift": 1})
        iris.update("iris@1", metrics={"drift": 2})

    assert boundary.run(["import", str(kept_in(caught.value)), "--quiet"]) == 0
    assert (iris.get("iris@4").metrics, iris.get("iris@4").description) == ({"drift": 1}, "what a run learned of iris@1")


def test_a_handle_speaks_to_the_registry_of_its_run_wherever_the_program_is(iris, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "registry" / "base.bin").write_bytes(b"weights")
    iris.register("base", artifacts={"model": {"kind": "model", "uri": "base.bin", "sha256": hashlib.sha256(b"weights").hexdigest()}})
    monkeypatch.chdir(tmp_path / "elsewhere")

    with gitreg.run("base", 1, registry=iris.path) as model:
        assert model.load_artifact("model") == str(tmp_path / "registry" / "base.bin")
        model.log_metrics({"auc": 0.5})
    model.log_metadata({"later": True})

    assert (model.metrics, model.metadata) == ({"auc": 0.5}, {"later": True})


def test_a_thread_that_is_in_no_run_is_told(iris):
    def work():
        with pytest.warns(GitregWarning, match="a run of 'iris' is under way in another thread, and this is not it"):
            Model("iris").log_metrics({"auc": 0.5})

    with gitreg.run("iris") as model, ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
        pool.submit(model.log_metrics, {"f1": 0.4}).result()
        pool.submit(contextvars.copy_context().run, lambda: Model("iris").log_metadata({"seen": True})).result()

    assert (iris.get("iris@4").metrics, iris.get("iris@5").metrics, iris.get("iris@5").metadata) == ({"auc": 0.5}, {"f1": 0.4}, {"seen": True})
