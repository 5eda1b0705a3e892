"""The edge: every exit code, errors for programs, bugs, interrupts, closed pipes. Never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gitreg.cli import boundary, read
from tests.cli.conftest import Said

BUG = "this is a bug in gitreg; please report it with what GITREG_DEBUG=1 prints"


def gitreg(folder, *args, env=None, **options):
    """Run gitreg as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gitreg", *args], cwd=folder, capture_output=True, text=True, check=False, env=os.environ | (env or {}), **options
    )


def ended(error):
    """Return a function that ends in *error*."""

    def end(*args, **kwargs):
        raise error

    return end


@pytest.mark.parametrize(("args", "code"), [
    (("list",), 0), (("promote", "iris@3", "nowhere"), 2), (("show", "rose"), 3), (("promote", "iris@3", "staging", "--expect", "1"), 4),
], ids=str)  # fmt: skip
def test_an_exit_code_says_what_happened(cli, args, code):
    assert cli(*args).code == code


def test_a_finding_is_1_a_rule_5_a_broken_file_6(cli, iris, git):
    with open(f"{iris.path}/gitreg.yaml", "a") as file:
        file.write("  canary:\n    from: [production]\n")
    git(iris.path, "commit", "-am", "a rule")

    assert cli("promote", "iris@3", "canary") == Said(5, "", "gitreg: iris@3 must hold production before canary: it holds no stage\n  try: gitreg promote iris@3 production\n")
    git(iris.path, "mv", "models/iris/versions/3.yaml", "models/iris/versions/5.yaml")
    git(iris.path, "commit", "-am", "a gap")
    assert cli("show", "iris@3").code == 6
    assert cli("check").code == 1


def test_a_repository_that_git_has_lost_an_object_of_is_6(cli, iris, git):
    blob = git(iris.path, "rev-parse", "HEAD:models/iris/stages.yaml")
    os.unlink(f"{iris.path}/.git/objects/{blob[:2]}/{blob[2:]}")

    said = cli("show", "iris@production")

    assert (said.code, said.out) == (6, "")
    assert said.err.endswith("  try: gitreg doctor --fix\n") or said.err.endswith("  try: git fsck\n")


def test_an_unwritable_lock_is_busy(cli, iris):
    os.unlink(f"{iris.path}/.git/gitreg/lock")
    os.mkdir(f"{iris.path}/.git/gitreg/lock")

    said = cli("register", "iris")

    assert said == Said(7, "", "gitreg: the lock in '/tmp/registry/.git' cannot be taken: Is a directory\n")


@pytest.mark.parametrize("args", [("show", "rose", "--format", "json"), ("--format=json", "show", "rose"), ("show", "--format", "jsonl", "rose")], ids=" ".join)
def test_an_error_for_a_program_is_json_on_stderr(cli, args):
    assert cli(*args) == Said(3, "", '{"error": {"code": 3, "message": "no model \'rose\'", "hint": "gitreg list"}}\n')


def test_wrong_usage_for_a_program_is_json_too(cli):
    said = cli("promote", "--format", "json")

    assert (said.code, json.loads(said.err)) == (2, {"error": {"code": 2, "message": "missing argument 'SELECTOR'", "hint": "gitreg promote --help"}})


def test_a_bug_is_one_line_and_where_to_report_it(cli, monkeypatch):
    monkeypatch.setattr(read.list_, "callback", ended(ZeroDivisionError("of\nmine")))

    assert cli("list") == Said(70, "", f"gitreg: ZeroDivisionError: of mine\n  try: {BUG}\n")
    assert json.loads(cli("list", "--format", "json").err) == {"error": {"code": 70, "message": "ZeroDivisionError: of mine", "hint": BUG}}


def test_a_bug_shows_its_traceback_when_asked(cli, monkeypatch):
    monkeypatch.setattr(read.list_, "callback", ended(ZeroDivisionError("of mine")))
    monkeypatch.setenv("GITREG_DEBUG", "1")

    said = cli("list")

    assert said.code == 70
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert said.err.count("Traceback") == 1


def test_an_interrupt_is_130(cli, monkeypatch):
    monkeypatch.setattr(read.list_, "callback", ended(KeyboardInterrupt()))

    assert cli("list") == Said(130, "", "\ngitreg: interrupted\n")
    assert cli("list", "--format", "json") == Said(130, "", "\n")


def test_an_error_of_the_system_is_busy(cli, monkeypatch):
    monkeypatch.setattr(read.list_, "callback", ended(OSError(28, "No space left on device", "/disk")))

    assert cli("list") == Said(7, "", "gitreg: /disk: No space left on device\n")


def test_the_process_ends_with_the_code_and_the_whole_output(iris):
    read_, refused = gitreg(iris.path, "get", "iris@production", "number"), gitreg(iris.path, "get", "rose", "number")

    assert (read_.returncode, read_.stdout, read_.stderr) == (0, "1\n", "")
    assert (refused.returncode, refused.stdout, refused.stderr) == (3, "", "gitreg: no model 'rose'\n  try: gitreg list\n")


@pytest.mark.parametrize("command", ["list", "history", "list iris --format json", "schema manifest", "--help"])
def test_a_reader_that_went_away_is_no_error(iris, command):
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run([sys.executable, "-m", "gitreg", *command.split()], cwd=iris.path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_ends_a_process_with_130_and_no_traceback(iris):
    driver = "import signal, sys\nfrom gitreg.cli import boundary, read\nread.list_.callback = lambda **_: signal.raise_signal(signal.SIGINT)\nsys.exit(boundary.run(['list']))"

    done = subprocess.run([sys.executable, "-c", driver], cwd=iris.path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ngitreg: interrupted\n")


def test_output_is_utf_8_whatever_the_locale(iris, git):
    iris.update("iris@1", description="größer → besser")

    done = gitreg(iris.path, "get", "iris@1", "description", env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}, encoding="utf-8")

    assert (done.returncode, done.stdout) == (0, "größer → besser\n")


def test_a_cold_get_imports_none_of_the_costly(iris):
    costly = ("git", "gitdb", "filelock", "rich", "importlib.metadata", "secrets", "random", "hashlib")
    driver = f"import sys\nfrom gitreg.cli import boundary\ncode = boundary.run(['get', 'iris@production', 'number'])\nprint(*[m for m in {costly!r} if m in sys.modules])\nsys.exit(code)"

    done = subprocess.run([sys.executable, "-c", driver], cwd=iris.path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["1"], "")


def test_gitreg_alone_prints_its_help_and_is_wrong_usage(run):
    alone, asked = run(), run("--help")

    assert (alone.code, alone.out, asked.code, asked.err) == (2, "", 0, "")
    assert alone.err == asked.out


def test_the_version_is_told(run):
    from gitreg import __version__

    assert run("--version") == Said(0, f"gitreg {__version__}\n")


def test_run_takes_no_words_from_elsewhere(run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gitreg", "nonsense"])

    assert boundary.run(["--version"]) == 0
