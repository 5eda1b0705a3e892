"""``gitreg run``: a program that nobody edits is a training run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import Said

TRAIN = """
import json, pathlib, sys
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": 0.98, "val": {"loss": 0.1}}))
pathlib.Path("model.bin").write_bytes(b"weights")
print("trained")
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""

ONLY_HERE = "is not committed: only this folder has it, and only until it changes; artifacts: in gitreg.yaml names a store that files are copied to"


@pytest.fixture
def train(iris):
    with open(os.path.join(iris.path, "train.py"), "w") as file:
        file.write(TRAIN)
    return [sys.executable, "train.py"]


def commits(git):
    return int(git(".", "rev-list", "--count", "HEAD"))


def test_what_a_program_leaves_is_recorded_in_one_commit(cli, iris, git, train):
    said = cli("run", "--model", "iris", "--metrics", "metrics.json", "--artifact", "model=model.bin", "--param", "C=1.0", "--package", "click", "--", *train)

    assert said == Said(0, "", f"note: artifact 'model': 'model.bin' {ONLY_HERE}\nrecorded iris@4\n")
    version = iris.get("iris@4")
    assert (version.metrics, version.params, version.artifacts["model"].size) == ({"accuracy": 0.98, "val.loss": 0.1}, {"C": 1.0}, 7)
    assert (version.run.pipeline, list(version.run.environment.packages), commits(git)) == ("train.py", ["click"], 7)


def test_the_output_of_the_program_is_its_own(cli, train):
    done = subprocess.run([sys.executable, "-m", "gitreg", "run", "--model", "iris", "--", *train], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "trained\n", "recorded iris@4\n")


def test_the_exit_code_of_the_program_is_passed_on_and_nothing_is_left(cli, git, train):
    said = cli("run", "--model", "iris", "--metrics", "metrics.json", "--", *train, "3")

    assert said == Said(3, "", f"gitreg: {sys.executable.replace(os.getcwd(), '/tmp')} ended with 3\n")
    assert commits(git) == 6


def test_a_reserved_version_has_failed_with_the_program(cli, iris, git):
    said = cli("run", "--model", "iris", "--reserve", "--", "sh", "-c", "exit 3")

    assert said == Said(3, "", "reserved iris@4\ngitreg: sh ended with 3\ngitreg: marked as failed: iris@4\n")
    assert (iris.get("iris@4").status, iris.get("iris@4").run.error) == ("failed", "ProgramError: sh ended with 3")


@pytest.mark.parametrize(("options", "seen"), [
    ((), "iris "), (("--reserve",), "iris iris@4"), (("--version", "v4"), "iris iris@v4"), (("--version", "production"), "iris iris@1"),
])  # fmt: skip
def test_the_program_finds_its_version_in_the_environment(cli, iris, options, seen):
    said = cli("run", "--quiet", "--model", "iris", *options, "--", "sh", "-c", 'echo "$GITREG_MODEL $GITREG_VERSION" > seen')

    assert said == Said(0, "", "")
    with open(os.path.join(iris.path, "seen")) as file:
        assert file.read().strip() == seen.strip()


CHILD = """
import gitreg
gitreg.Model("iris").log_metrics({"a": 1})
with gitreg.run("iris") as model:
    model.log_metrics({"b": 2})
@gitreg.step
def train():
    gitreg.get_step_context().model.log_metrics({"c": 3})
@gitreg.pipeline(model=gitreg.Model("iris"))
def training():
    train()
training()
"""


def test_what_a_program_does_with_the_library_is_the_same_run(cli, iris, git):
    said = cli("run", "--model", "iris", "--", sys.executable, "-c", CHILD)

    assert said == Said(0, "", "recorded iris@4\n")
    assert (iris.get("iris@4").metrics, commits(git)) == ({"a": 1, "b": 2, "c": 3}, 7)


def test_a_program_may_ask_for_its_number_and_promote_itself(cli, iris, git):
    code = "import gitreg; m = gitreg.Model('iris'); m.log_metrics({'n': m.number}); m.set_stage('staging'); m.log_metrics({'later': 1})"

    said = cli("run", "--model", "iris", "--", sys.executable, "-c", code)

    assert said == Said(0, "", "recorded iris@4\n")
    assert (iris.get("iris@staging").number, iris.get("iris@4").metrics, commits(git)) == (4, {"n": 4, "later": 1}, 9)


def test_a_version_that_the_program_promotes_has_the_parameters_of_the_command(cli, iris):
    said = cli("run", "--model", "iris", "--param", "C=1.0", "--", sys.executable, "-c", "import gitreg; gitreg.Model('iris').set_stage('staging')")

    assert said == Said(0, "", "recorded iris@4\n")
    assert iris.get("iris@staging").params == {"C": 1.0}


def test_another_model_in_the_program_is_a_run_of_its_own(cli, iris):
    cli("run", "--model", "iris", "--", sys.executable, "-c", "import gitreg\nwith gitreg.run('rose') as m: m.log_metrics({'a': 1})")

    assert (iris.get("rose@1").metrics, iris.get("iris@4").metrics) == ({"a": 1}, {})


def test_a_run_that_the_gates_hold_for_is_not_more_than_a_version(cli, iris):
    cli("run", "--model", "iris", "--version", "production", "--metrics", "m.json", "--", sys.executable, "-c", "open('m.json', 'w').write('{\"drift\": 1}')")

    version = iris.get("iris@1")
    assert (version.metrics, len(version.later_runs)) == ({"accuracy": 0.91, "drift": 1}, 1)


def test_a_masked_parameter_is_told(cli):
    said = cli("run", "--model", "iris", "--param", "api_key=sk-123", "--", "true")

    assert said == Said(0, "", "note: not recorded, for it looks like a secret: api_key\nrecorded iris@4\n")


@pytest.mark.parametrize(("words", "said"), [
    (("--", "no-such-program"), Said(2, "", "gitreg: 'no-such-program' cannot be run: No such file or directory\n")),
    (("--metrics", "m.json", "--", "true"), Said(3, "", "gitreg: the program was to write 'm.json', and there is no such file\n  try: gitreg run --help\n")),
    (("--metrics", "old.json", "--", "true"), Said(2, "", "gitreg: the program was to write 'old.json', and it is as it was before\n  try: rm old.json\n")),
    (("--version", "9", "--", "touch", "started"), Said(3, "", "gitreg: model 'iris' has no version 9, it has 3\n  try: gitreg list iris\n")),
    (("--version", "development", "--", "touch", "started"), Said(3, "", "gitreg: development of 'iris' is vacant\n  try: gitreg promote iris@VERSION development\n")),
    (("--package", "nope", "--", "touch", "started"), Said(3, "", "gitreg: package 'nope' is not installed here, so that its version cannot be recorded\n  try: pip install nope\n")),
    (("--param", "C", "--", "touch", "started"), Said(2, "", "gitreg: 'C' is not KEY=VALUE\n")),
    (("--data", "x=none.csv", "--", "touch", "started"), Said(3, "", "gitreg: there is no file 'none.csv' that the program could read\n  try: gitreg run --help\n")),
    (("--metric", "m.json", "--", "touch", "started"), Said(2, "", "gitreg: no such option '--metric', did you mean '--metrics'?\n  try: gitreg run --help\n")),
    (("--dry-run", "--", "touch", "started"), Said(2, "", "gitreg: no such option '--dry-run': the program comes after '--'\n  try: gitreg run --help\n")),
    ((), Said(2, "", "gitreg: missing argument '-- COMMAND [ARG]…'\n  try: gitreg run --help\n")),
], ids=["no program", "no file", "an old file", "no version", "vacant", "no package", "no parameter", "no data", "a typing mistake", "no option", "no command"])  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_recorded(cli, iris, git, words, said):
    with open(os.path.join(iris.path, "old.json"), "w") as file:
        file.write('{"a": 1}')

    assert cli("run", "--model", "iris", *words) == said
    assert commits(git) == 6
    assert not os.path.exists(os.path.join(iris.path, "started"))


def test_metrics_that_are_none_are_named_by_file_and_field(cli, git):
    said = cli("run", "--model", "iris", "--metrics", "m.json", "--", sys.executable, "-c", "open('m.json', 'w').write('{\\n\"auc\": \"high\"}')")

    assert said.code == 6
    assert "gitreg: m.json:2: auc: expected a number, found 'high'" in said.err
    assert commits(git) == 6


def test_what_is_wrong_in_the_metrics_costs_no_artifact(cli, iris, train, git):
    said = cli("run", "--model", "iris", "--reserve", "--artifact", "model=model.bin", "--metrics", "m.json", "--", "sh", "-c", f"{sys.executable} train.py; echo '{{\"auc\": NaN}}' > m.json")

    assert said.code == 6
    assert "gitreg: marked as failed: iris@4\n" in said.err
    file = re.search("gitreg import (.*)", said.err)[1].replace("/tmp/", f"{os.path.dirname(iris.path)}/")
    assert cli("import", file, "--quiet").code == 0
    assert iris.get("iris@5").artifacts["model"].size == 7


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_program_that_a_signal_ends_is_told_as_a_shell_tells_it(cli, sent, code):
    said = cli("run", "--model", "iris", "--", "sh", "-c", f"kill -{int(sent)} $$")

    assert said == Said(code, "", f"gitreg: sh was ended by {sent.name}\n")


def test_ctrl_c_reaches_the_program_and_the_version_has_failed(cli, iris):
    command = [sys.executable, "-m", "gitreg", "run", "--model", "iris", "--reserve", "--", sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout.readline() == "begun\n"
        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=60)

    assert running.returncode == 130
    assert iris.get("iris@4").status == "failed"


def test_sigterm_is_passed_on_to_the_program_and_the_version_has_failed(cli, iris):
    command = [sys.executable, "-m", "gitreg", "run", "--model", "iris", "--reserve", "--", sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "begun\n"
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)

    assert running.returncode == 143
    assert iris.get("iris@4").status == "failed"


def test_under_nohup_a_program_outlives_its_terminal(cli, iris):
    code = "import sys; print('begun', flush=True); sys.stdin.read()"
    command = ["nohup", sys.executable, "-m", "gitreg", "run", "--model", "iris", "--", sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout.readline() == "begun\n"
        os.killpg(running.pid, signal.SIGHUP)
        running.communicate(timeout=60)

    assert running.returncode == 0
    assert iris.get("iris@4").status == "ready"


def test_a_run_that_was_killed_is_told_from_one_that_lives(cli, iris):
    code = "import gitreg, sys\nwith gitreg.run('iris') as m:\n    print(m.number, flush=True)\n    sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "4\n"
        assert cli("doctor") == Said(0, "", "nothing was left behind; whether the files are sound: gitreg check\n")
        running.kill()
    said = cli("doctor", "--format", "json")
    (finding,) = json.loads(said.out)["findings"]
    assert (said.code, finding["rule"], finding["path"], finding["fix"]) == (1, "D12", "models/iris/versions/4.yaml", "gitreg doctor --fix")
    assert finding["message"] == "iris@4 is running since 2026-11-22T07:24:31.123456Z, and its process is gone"

    assert cli("doctor", "--fix").code == 0

    version = iris.get("iris@4")
    assert (version.status, version.run.error, iris.get("iris").number) == ("failed", "its process ended without a word", 3)
    assert cli("doctor").code == 0


def test_a_run_of_another_clone_is_a_warning(cli, iris, git, tmp_path, monkeypatch):
    cli("run", "--model", "iris", "--reserve", "--", "git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")

    said = cli("doctor")

    assert said.code == 0
    assert "iris@4 is running since 2026-11-22T07:24:31.123456Z, in another clone or on another machine" in said.out
