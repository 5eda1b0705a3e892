"""Shell completion of models, stages, versions and fields: the protocol, and the three shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def folder(iris):
    """Return the folder of a registry that also has ``team/rose`` and a version named 1.0.5."""
    iris.register("team/rose", "1.0.5", metrics={"accuracy": 0.5, "val.loss": 0.1})
    return iris.path


@pytest.fixture
def program(tmp_path):
    """Return a folder with a ``gitreg`` to put on PATH."""
    file = tmp_path / "bin" / "gitreg"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitreg "$@"\n')
    file.chmod(0o755)
    return str(file.parent)


def environment(program):
    return os.environ | {"PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parents[2])}


def completed(folder, line, shell="bash"):
    """Return what completes the last word of *line*."""
    words = line.split(" ")
    env = os.environ | {"_GITREG_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([sys.executable, "-m", "gitreg"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


WORDS = {
    "gitreg pro": ["promote"],
    "gitreg promote ir": ["iris"],
    "gitreg promote t": ["team/rose"],
    "gitreg promote iris@": ["iris@staging", "iris@production", "iris@latest", "iris@3", "iris@2", "iris@1"],
    "gitreg promote team/rose@": ["team/rose@latest", "team/rose@1.0.5"],
    "gitreg promote iris@p": ["iris@production"],
    "gitreg promote iris@3 ": ["development", "staging", "production", "archived"],
    "gitreg promote iris@3 st": ["staging"],
    "gitreg rollback iris p": ["production"],
    "gitreg history --stage d": ["development"],
    "gitreg list i": ["iris"],
    "gitreg get iris@1 metrics.": ["metrics.accuracy"],
    "gitreg get team/rose metrics.": ["metrics.accuracy", 'metrics."val.loss"'],
    "gitreg model version update iris prod": ["production"],
    "gitreg model version update iris --stage st": ["staging"],
    "gitreg model update t": ["team/rose"],
    "gitreg schema man": ["manifest"],
    "gitreg completion z": ["zsh"],
    "gitreg list --format j": ["json", "jsonl"],
    "gitreg show nothing@": [],
}


@pytest.mark.parametrize("line", WORDS)
def test_a_word_is_completed_from_the_registry(folder, line):
    assert completed(folder, line) == WORDS[line]


def test_a_registry_named_on_the_line_is_the_one_that_completes(folder, tmp_path):
    assert completed(tmp_path, f"gitreg -R {folder} promote ir") == ["iris"]


def test_where_there_is_no_registry_nothing_is_offered(tmp_path):
    assert completed(tmp_path, "gitreg promote ir") == []


def test_an_address_is_completed_from_what_is_known(folder, git, run):
    assert completed(folder, f"gitreg -R file://{folder}/.git promote ir") == []
    run("list", "-R", f"file://{folder}/.git")
    git(folder, "update-ref", "-d", "refs/heads/main")  # nobody asks there

    assert completed(folder, f"gitreg -R file://{folder}/.git promote ir") == ["iris"]


def test_a_deleted_model_and_a_broken_registry_are_not_offered(folder, git, iris):
    iris.delete_model("team/rose")
    assert completed(folder, "gitreg promote t") == []

    Path(folder, "gitreg.yaml").write_text("format: [")
    git(folder, "commit", "-am", "by hand")
    assert completed(folder, "gitreg promote iris@3 st") == []


def test_bash_completes(folder, program):
    script = 'source <(gitreg completion bash); COMP_WORDS=(gitreg promote ir); COMP_CWORD=2; _gitreg_completion gitreg; echo "${COMPREPLY[@]}"'

    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment(program), capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("iris\n", "")


def test_bash_completes_a_selector_with_an_at(folder, program):
    script = 'source <(gitreg completion bash); COMP_WORDS=(gitreg promote iris@pr); COMP_CWORD=2; _gitreg_completion gitreg; echo "${COMPREPLY[@]}"'

    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment(program), capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("iris@production\n", "")


def test_fish_completes(folder, program):
    assert shutil.which("fish"), "the tests need fish"
    script = "gitreg completion fish | source; complete -C 'gitreg promote ir'; complete -C 'gitreg promote iris@pr'; complete -C 'gitreg show nothing@'"

    done = subprocess.run(["fish", "--no-config", "-c", script], cwd=folder, env=environment(program), capture_output=True, text=True, check=False)

    assert (done.stdout.split(), done.stderr) == (["iris", "iris@production"], "")


def test_zsh_completes(folder, program):
    assert shutil.which("zsh"), "the tests need zsh"
    script = (
        "autoload -Uz compinit; compinit -D -u; compadd() { print -l -- ${completions[@]:-$@} }; _describe() { print -l -- ${(P)4} };"
        "source <(gitreg completion zsh); words=(gitreg promote ir); CURRENT=3; _gitreg_completion"
    )

    done = subprocess.run(["zsh", "-f", "-c", script], cwd=folder, env=environment(program), capture_output=True, text=True, check=False)

    assert "iris" in done.stdout.split(), done


def test_a_shell_that_is_not_named_is_asked_for_in_words(cli):
    assert cli("completion").err == "gitreg: missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\n  try: gitreg completion --help\n"


def test_a_version_has_no_history_of_its_own_but_its_model_has(cli):
    said = cli("history", "iris@1")

    assert (said.code, said.err) == (2, "gitreg: history is of a model, and 'iris@1' names a version\n  try: gitreg history iris\n")
