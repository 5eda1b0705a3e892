"""``gitreg export``, and the commands that read an index: what they say, and what they refuse."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks import servers
from tests.cli.conftest import Said

FOLDER = "/tmp/registry/public"


@pytest.fixture
def nginx(serve):
    return serve(servers.Nginx)


@pytest.fixture
def url(nginx, iris):
    """Return the address of the index of ``iris``."""
    iris.export(os.path.join(nginx.root, "index"))
    return nginx.url("index")


def test_an_index_is_made(cli, iris):
    said = cli("export", "public", "--format", "csv")

    assert said == Said(0, f"folder,models,files,written,removed\n{FOLDER},1,8,9,0\n", "")
    assert os.path.isfile(os.path.join(iris.path, "public", "models", "iris@production.json"))


def test_an_index_is_brought_up_to_date(cli, iris):
    cli("export", "public")
    iris.promote("iris@3", "production")

    code, out, err = cli("export", "public", "--format", "json")

    assert (code, err) == (0, "")
    assert json.loads(out) == {"folder": FOLDER, "commit": "c" * 40, "models": 1, "files": 8, "written": 6, "removed": 0}


def test_ids_are_listed_where_they_are_asked_for(cli, iris):
    assert cli("export", "public", "--etags", "nginx", "--quiet").code == 0
    assert os.path.isfile(os.path.join(iris.path, "public", "etags.nginx"))


def test_an_index_of_a_date_is_the_registry_of_then(cli, iris):
    assert cli("export", "public", "--at", "HEAD~2", "--quiet").code == 0

    with open(os.path.join(iris.path, "public", "models", "iris@production.json"), encoding="utf-8") as file:
        assert json.load(file)["number"] is None


@pytest.mark.usefixtures("iris")
def test_a_file_in_the_way_is_told(cli):
    os.mkdir("public")
    with open("public/index.json", "w") as file:
        file.write("mine")

    assert cli("export", "public") == Said(4, "", f"gitreg: '{FOLDER}/index.json' is there already, and gitreg export did not write it\n  try: gitreg export ANOTHER-FOLDER\n")


@pytest.mark.usefixtures("iris")
def test_the_registrys_own_folder_is_refused(cli):
    assert cli("export", ".") == Said(4, "", "gitreg: '/tmp/registry' has the registry's own files: others would stand among them\n  try: gitreg export index\n")


@pytest.mark.usefixtures("iris")
def test_a_model_that_is_invalid_is_named_and_the_others_are_exported(cli, iris, git):
    iris.register("other")
    with open(os.path.join(iris.root, "models/iris/stages.yaml"), "a") as file:
        file.write("production: [\n")
    git(iris.root, "commit", "-qam", "broken")

    code, out, err = cli("export", "public")

    assert (code, out) == (6, "")
    assert err.startswith("gitreg: models/iris/stages.yaml:")
    assert err.endswith("(the model keeps the files that it had; all others were exported)\n  try: gitreg check\n")
    assert sorted(os.listdir(os.path.join(iris.path, "public", "models"))) == [f"other@{what}.json" for what in ("", "development", "latest", "production", "staging")]


@pytest.mark.usefixtures("iris")
def test_an_export_has_no_rehearsal(cli):
    assert cli("--dry-run", "export", "public") == Said(2, "", "gitreg: --dry-run does not go with this command\n  try: gitreg export --help\n")


def test_a_value_is_read_from_an_index(run, url):
    assert run("get", "iris@production", "metrics.accuracy", "-R", url) == Said(0, "0.91\n")
    assert run("get", "iris", "number", "-R", url) == Said(0, "3\n")


def test_a_version_is_shown_from_an_index_as_from_the_registry(run, url, iris):
    code, out, err = run("show", "iris@production", "--format", "json", "-R", url)

    assert (code, err) == (0, "")
    assert json.loads(out) == json.loads(run("show", "iris@production", "--format", "json", "-R", iris.path).out) | {"commit": None}


def test_a_version_is_shown_as_a_table(run, url):
    table = """\

id                iris@1
model             iris
number            1
version           1
stage             production
status            ready
created_at        2026-11-22T07:24:31.123456Z
created_by        Name <name@example.org>
metrics.accuracy  0.91
"""
    code, out, err = run("show", "iris@1", "-R", url)

    assert (code, err) == (0, "")
    assert out.strip("\n").startswith(table.strip("\n"))


def test_the_board_is_that_of_the_registry(run, url, iris):
    assert run("list", "-R", url) == run("list", "-R", iris.path)
    assert run("list", "--format", "json", "-R", url) == run("list", "--format", "json", "-R", iris.path)


def test_an_empty_board_has_the_stages(run, nginx, registry):
    registry.export(os.path.join(nginx.root, "index"))

    assert run("list", "-R", nginx.url("index"), "--format", "csv") == Said(0, "model,latest,versions,development,staging,production\n", "no models yet: gitreg register MODEL\n")


REFUSED = (
    ("list", "iris"), ("history",), ("compare", "iris@1", "iris@2"), ("lineage", "iris"), ("check",), ("diff", "HEAD~1..HEAD"), ("changes", "HEAD~1..HEAD"), ("pull", "iris"), ("verify",),
    ("site", "public"), ("export", "public"), ("doctor",), ("register", "iris"), ("promote", "iris@3", "production"), ("rollback", "iris", "production"), ("archive", "iris@1"),
    ("yank", "iris@3", "--reason", "bad"), ("unyank", "iris@3"), ("update", "iris@3", "--description", "x"), ("sync",), ("rebase",), ("fix",), ("show", "iris", "--at", "HEAD"),
    ("model", "version", "list", "iris"), ("pr", "list"), ("run", "--model", "iris", "--", "true"),
)  # fmt: skip


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_all_other_commands_say_that_they_need_the_repository(words, run, url):
    command, *rest = words
    said = run(command, "-R", url, *rest) if command != "model" and command != "pr" else run("-R", url, *words)

    assert said == Said(
        2, "", f"gitreg: {url}/ is an index: get, show and list read the latest versions and those that hold a stage, and all else needs the repository\n"
        "  try: the same command with -R and the repository's address\n",
    )  # fmt: skip


@pytest.mark.usefixtures("iris")
def test_an_index_has_no_branch(run, url):
    assert run("get", "iris", "number", "-R", url, "--branch", "main") == Said(2, "", "gitreg: an index has no branches: it was made from one\n  try: leave --branch out\n")


def test_what_is_not_there_is_exit_3(run, url):
    assert run("get", "iris@development", "number", "-R", url) == Said(3, "", "gitreg: development of 'iris' is vacant\n  try: gitreg list\n")
    assert run("get", "iriss", "number", "-R", url) == Said(3, "", "gitreg: no model 'iriss', did you mean 'iris'?\n  try: gitreg list\n")


def test_when_the_server_is_away_the_last_answer_is_printed_with_a_note(run, url, nginx):
    run("get", "iris@production", "number", "-R", url)
    nginx.stop()

    code, out, err = run("get", "iris@production", "number", "-R", url)

    assert (code, out) == (0, "1\n")
    assert err.startswith(f"note: {url}/ gives no answer (no connection can be made): what it said ")
    assert run("get", "iris@production", "number", "-R", url, "--quiet") == Said(0, "1\n")
    assert run("get", "iris@production", "number", "-R", url, "--no-fetch") == Said(0, "1\n")


def test_when_the_server_is_away_and_nothing_is_known_it_is_exit_7(run, url, nginx):
    nginx.stop()

    assert run("get", "iris", "number", "-R", url) == Said(7, "", f"gitreg: {url}/ gives no answer: no connection can be made\n  try: try again later\n")
    assert run("get", "iris", "number", "-R", url, "--no-fetch") == Said(3, "", f"gitreg: nothing of this was fetched from {url}/ yet\n  try: leave --no-fetch out\n")


def test_a_word_is_not_completed_from_an_index(run, url):
    """Nobody waits for a network at a tab."""
    from click.shell_completion import ShellComplete

    from gitreg.cli.app import app

    found = ShellComplete(app, {}, "gitreg", "_GITREG_COMPLETE").get_completions(["-R", url, "show"], "ir")

    assert found == []
