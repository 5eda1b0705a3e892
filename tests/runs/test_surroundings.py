"""What a run records by itself: code, CI job, Python and packages; no variable's value as such."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import gitreg
from gitreg import NotFoundError, Registry, pipeline, step
from gitreg.runs.surroundings import seen


@pytest.fixture
def code(tmp_path, git):
    """Return a folder of code in a repository of its own."""
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "train.py").write_text("print(1)\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "code")
    return folder


def test_the_commit_of_the_code_is_recorded_and_whether_it_was_dirty(code, git):
    clean = seen(str(code / 'train.py')).code
    (code / "train.py").write_text("print(2)\n")
    (code / "untracked.txt").write_text("x")
    dirty = seen(str(code / 'train.py')).code

    head = git(code, "rev-parse", "HEAD")
    assert (clean, dirty) == ({"commit": head, "dirty": False}, {"commit": head, "dirty": True})


def test_a_script_that_is_in_no_commit_is_dirty(code):
    (code / "new.py").write_text("print(1)\n")

    assert (seen(str(code / "new.py")).code["dirty"], seen(str(code / "train.py")).code["dirty"]) == (True, False)


def test_the_address_of_the_code_is_recorded_without_credentials(code, git):
    git(code, "remote", "add", "origin", "https://me:hunter2@example.org/team/iris.git")

    assert seen(str(code / 'train.py')).code["repository"] == "https://example.org/team/iris.git"


@pytest.mark.parametrize("prepare", ["nothing", "empty repository"])
def test_code_in_no_commit_is_not_recorded(tmp_path, git, prepare):
    if prepare == "empty repository":
        git(tmp_path, "init", "--quiet")

    assert seen(str(tmp_path / "none.py")).code is None


def test_a_programs_hooks_of_git_are_not_run(code, git, tmp_path):
    (tmp_path / "trap").write_text("#!/bin/sh\ntouch %s\n" % (tmp_path / "sprung"))
    (tmp_path / "trap").chmod(0o755)
    git(code, "config", "core.fsmonitor", str(tmp_path / "trap"))

    assert seen(str(code / 'train.py')).code["dirty"] is False
    assert not (tmp_path / "sprung").exists()


CI = {
    "GitHub": ({"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "team/iris", "GITHUB_RUN_ID": "7", "GITHUB_JOB": "train"}, "https://github.com/team/iris/actions/runs/7", "train"),
    "GitLab": ({"GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.example.org/team/iris/-/jobs/7", "CI_JOB_NAME": "train"}, "https://gitlab.example.org/team/iris/-/jobs/7", "train"),
    "Jenkins": ({"JENKINS_URL": "https://ci.example.org/", "BUILD_URL": "https://ci.example.org/job/iris/7/", "JOB_NAME": "iris"}, "https://ci.example.org/job/iris/7/", "iris"),
    "Azure": ({"TF_BUILD": "True", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/team/", "SYSTEM_TEAMPROJECT": "iris", "BUILD_BUILDID": "7", "SYSTEM_JOBDISPLAYNAME": "train"}, "https://dev.azure.com/team/iris/_build/results?buildId=7", "train"),
    "without an address": ({"BUILDKITE": "true", "BUILDKITE_LABEL": "train"}, None, "train"),
    "what is no address": ({"GITLAB_CI": "true", "CI_JOB_URL": "javascript:alert(1)"}, None, None),
}


@pytest.mark.parametrize("host", CI)
def test_the_ci_job_and_its_address_are_recorded(monkeypatch, tmp_path, host):
    variables, url, job = CI[host]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert seen(str(tmp_path / "none.py")).ci == ({key: value for key, value in (("url", url), ("job", job)) if value} or None)


def test_outside_of_ci_there_is_no_job(tmp_path, monkeypatch):
    for name in ("TF_BUILD", "JENKINS_URL", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)

    assert seen(str(tmp_path / "none.py")).ci is None


def test_listed_packages_are_recorded_by_version(tmp_path):
    environment = seen(str(tmp_path / "none.py"), ["click", "PyYAML"]).environment

    assert environment == {"python": platform.python_version(), "packages": {"click": version("click"), "PyYAML": version("PyYAML")}}


def test_a_package_that_is_not_installed_is_told_before_the_first_step(iris, monkeypatch):
    monkeypatch.chdir(iris.path)

    @step
    def begin():
        raise AssertionError("it started")

    @pipeline(packages=["scikit-lern"])
    def training():
        begin()

    with pytest.raises(NotFoundError, match="package 'scikit-lern' is not installed here"):
        training()


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "requirements.txt"])
def test_a_lock_file_beside_the_code_is_recorded_by_digest(code, name):
    (code / name).write_text("click==8.1\n")
    (code / "src").mkdir()

    lock = seen(str(code / "src" / "train.py")).environment["lock"]

    assert lock == {"path": name, "sha256": hashlib.sha256(b"click==8.1\n").hexdigest()}


def test_a_lock_file_can_be_named(tmp_path):
    (tmp_path / "my.lock").write_text("x")

    assert seen(str(tmp_path / "none.py"), lock_file=tmp_path / "my.lock").environment["lock"]["path"] == "my.lock"
    with pytest.raises(NotFoundError, match=r"no\.lock"):
        seen(str(tmp_path / "none.py"), lock_file=tmp_path / "no.lock")


def test_a_run_records_where_its_script_lies_and_no_variable(code, iris, git, monkeypatch):
    monkeypatch.setenv("SOME_SETTING", "some-value-of-a-variable")
    (code / "train.py").write_text("import gitreg\nwith gitreg.run('iris', packages=['click']) as model:\n    model.log_metrics({'auc': 0.5})\n")
    git(code, "commit", "--quiet", "--all", "--message", "train")

    subprocess.run([sys.executable, str(code / "train.py")], cwd=iris.path, check=True)

    run = iris.get("iris@4").run
    assert (run.code.commit, run.code.dirty) == (git(code, "rev-parse", "HEAD"), False)
    assert (run.environment.python, run.environment.packages) == (platform.python_version(), {"click": version("click")})
    manifest = Path(iris.path, "models/iris/versions/4.yaml").read_text()
    assert not [name for name, value in os.environ.items() if len(value) > 12 and value in manifest and name not in ("PWD", "OLDPWD", "GIT_CONFIG_NOSYSTEM")]


def test_a_run_in_the_registrys_own_repository_records_its_commit(registry, git, monkeypatch):
    monkeypatch.chdir(registry.path)
    head = git(".", "rev-parse", "HEAD")

    subprocess.run([sys.executable, "-c", "import gitreg\nwith gitreg.run('iris'): pass"], check=True)

    with Registry.open() as fresh:
        assert fresh.get("iris@1").run.code.commit == head


def test_gitreg_run_without_code_is_a_run_all_the_same(iris, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with gitreg.run("iris", registry=iris.path):
        pass

    assert iris.get("iris@4").run.environment.python == platform.python_version()
