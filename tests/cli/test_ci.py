from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Said

CREATED = "registry created in /tmp/models on branch main; next: gitreg register MODEL\n"
GITHUB = "nothing is locked yet: name owners in .github/CODEOWNERS, then protect the branch and require 'gitreg check' (docs: how-to/review-on-github)\n"
GITLAB = "nothing is locked yet: name owners in .gitlab/CODEOWNERS, then protect the branch and require pipelines to succeed (docs: how-to/review-on-gitlab)\n"
OURS = "gitreg[review] @ git+https://example.org/tools/gitreg@" + "1f" * 20
EMPTY = "PACKAGE is empty in {}: fill in what pip installs there, such as gitreg[review] @ git+https://HOST/PATH@COMMIT\n"
WORKFLOWS = EMPTY.format(".github/workflows/gitreg-review.yml and .github/workflows/gitreg-deploy.yml")
PIPELINE = EMPTY.format(".gitlab/gitreg.yml")


@pytest.mark.parametrize(("host", "lock"), [("github", WORKFLOWS + GITHUB), ("gitlab", PIPELINE + GITLAB)])
def test_init_for_a_host_says_what_is_not_locked_yet(run, host, lock):
    assert run("init", "models", "--ci", host) == Said(0, "", CREATED + lock)


def test_init_for_a_host_adds_to_a_registry_that_is_there_once(cli):
    assert cli("init", "--ci", "github") == Said(0, "", "registry: add what CI at github needs [cccccccc]\n" + WORKFLOWS + GITHUB)
    assert cli("init", "--ci", "github") == Said(0, "", "nothing to do: it is so already\n" + WORKFLOWS + GITHUB)


@pytest.mark.parametrize(("host", "lock"), [("github", GITHUB), ("gitlab", GITLAB)])
def test_init_for_a_host_with_what_to_install_has_nothing_more_to_ask_and_nothing_to_do_again(cli, iris, git, host, lock):
    assert cli("init", "--ci", host, "--package", OURS) == Said(0, "", f"registry: add what CI at {host} needs [cccccccc]\n{lock}")
    assert cli("init", "--ci", host, "--package", OURS) == Said(0, "", f"nothing to do: it is so already\n{lock}")
    assert f'PACKAGE: "{OURS}"' in git(iris.path, "grep", "-h", "PACKAGE:", "HEAD")


def test_init_for_a_host_does_not_remind_of_a_package_that_was_filled_in_since(cli, iris, git):
    cli("init", "--ci", "gitlab")
    file = Path(iris.path) / ".gitlab" / "gitreg.yml"
    file.write_text(file.read_text().replace('PACKAGE: ""', f'PACKAGE: "{OURS}"'))
    git(iris.path, "commit", "-qam", "what to install")

    assert cli("init", "--ci", "gitlab") == Said(0, "", "nothing to do: it is so already\n" + GITLAB)


def test_what_to_install_needs_a_host_and_an_address(run, tmp_path):
    assert run("init", "models", "--package", OURS) == Said(2, "", "gitreg: --package says what CI installs: it needs --ci\n  try: gitreg init --help\n")
    said = run("init", "models", "--ci", "github", "--package", "gitreg[review]")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("gitreg: 'gitreg[review]' has no address: the name gitreg at a public index is not this project\n  try: gitreg init --ci HOST --package ")
    assert not (tmp_path / "models").exists()


def test_init_for_a_host_means_the_registry_that_one_is_in(cli, iris, monkeypatch):
    monkeypatch.chdir(f"{iris.path}/models/iris")

    assert cli("init", "--ci", "github") == Said(0, "", "registry: add what CI at github needs [cccccccc]\n" + WORKFLOWS + GITHUB)


def test_init_for_a_host_names_the_file_that_says_something_else(cli, iris, git, tmp_path):
    (tmp_path / "registry" / ".gitlab-ci.yml").write_text("build: {script: make}\n")
    git(iris.path, "add", ".gitlab-ci.yml")
    git(iris.path, "commit", "-qm", "mine")

    assert cli("init", "--ci", "gitlab") == Said(
        4, "", "gitreg: '.gitlab-ci.yml' is there already, and says something else\n  try: add 'include: [{local: /.gitlab/gitreg.yml}]' to it, commit, and again\n"
    )


def test_init_for_a_host_that_is_unknown_names_those_that_are_known(run):
    said = run("init", "--ci", "jenkins")

    assert (said.code, said.out) == (2, "")
    assert "'github', 'gitlab'" in said.err


def test_init_for_a_host_refuses_a_branch_that_would_be_more_than_a_name_and_makes_nothing(run, tmp_path):
    assert run("init", "models", "--branch", "a+b", "--ci", "github") == Said(
        2, "", "gitreg: branch 'a+b' has a name that is not safe in the files of a CI: only letters, digits and . _ / @ - are\n"
    )
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("more", [(), ("--ci", "github")], ids=["alone", "with CI"])
def test_a_rehearsed_init_prints_the_files_and_makes_nothing(run, tmp_path, more):
    said = run("init", "models", "--dry-run", *more)

    assert (said.code, said.err) == (0, "dry run: would commit 'registry: create it'\n")
    assert "+++ b/gitreg.yaml\n" in said.out
    assert ("+++ b/.github/workflows/gitreg-review.yml\n" in said.out) is bool(more)
    assert list(tmp_path.glob("models")) == []


def test_a_rehearsed_init_refuses_where_there_is_a_registry(cli):
    assert cli("init", "--dry-run") == Said(4, "", "gitreg: there is a registry in '.' already\n  try: gitreg list\n")


def test_a_rehearsal_of_what_ci_needs_prints_it_and_commits_nothing(cli, iris, git):
    before = git(iris.path, "rev-parse", "HEAD")

    said = cli("init", "--ci", "gitlab", "--dry-run")

    assert (said.code, said.err) == (0, "dry run: would commit 'registry: add what CI at gitlab needs'\n")
    assert "+++ b/.gitlab-ci.yml\n" in said.out
    assert git(iris.path, "rev-parse", "HEAD") == before
