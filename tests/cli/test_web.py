"""``gitreg site``: what it says, and what it refuses."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.cli.conftest import Said

FOLDER = "/tmp/registry/public"


def test_a_site_is_made(cli, iris):
    said = cli("site", "public", "--format", "csv")

    assert said == Said(0, f"folder,pages,written,removed\n{FOLDER},10,{_written(iris)},0\n", f"open {FOLDER}/index.html in a browser\n")
    assert os.path.isfile(os.path.join(iris.path, "public", "models", "iris", "3.html"))


def _written(iris) -> int:
    """Return how many files there are: the ledger is written before and after."""
    return sum(len(files) for _, _, files in os.walk(os.path.join(iris.path, "public"))) + 1


def test_a_site_that_is_there_is_brought_up_to_date(cli, iris):
    cli("site", "public")
    before = {entry.name: entry.stat().st_ino for entry in os.scandir(os.path.join(iris.path, "public", "static"))}

    code, out, _ = cli("site", "public", "--format", "json")

    assert (code, json.loads(out)["pages"], json.loads(out)["removed"]) == (0, 10, 0)
    assert {entry.name: entry.stat().st_ino for entry in os.scandir(os.path.join(iris.path, "public", "static"))} == before


def test_a_site_of_a_date_is_the_registry_of_then(cli, iris):
    assert cli("site", "public", "--at", "HEAD~2", "--quiet", "--format", "json").code == 0

    with open(os.path.join(iris.path, "public", "models", "iris", "index.json"), encoding="utf-8") as file:
        assert json.load(file)["stages"] == {"development": None, "staging": None, "production": None}


def test_quiet_says_no_more_than_what_was_done(cli, iris):
    assert cli("site", "public", "--quiet").err == ""


@pytest.mark.usefixtures("iris")
def test_a_file_in_the_way_is_told(cli):
    os.mkdir("public")
    with open("public/index.html", "w") as file:
        file.write("mine")

    assert cli("site", "public") == Said(4, "", f"gitreg: '{FOLDER}/index.html' is there already, and gitreg site did not write it\n  try: gitreg site ANOTHER-FOLDER\n")


@pytest.mark.usefixtures("iris")
def test_a_file_is_no_folder(cli):
    with open("public", "w") as file:
        file.write("mine")

    assert cli("site", "public") == Said(2, "", "gitreg: invalid value for 'DIR': Directory 'public' is a file\n  try: gitreg site --help\n")


@pytest.mark.usefixtures("iris")
def test_a_site_has_no_rehearsal(cli):
    assert cli("--dry-run", "site", "public") == Said(2, "", "gitreg: --dry-run does not go with this command\n  try: gitreg site --help\n")


@pytest.mark.usefixtures("iris")
def test_without_jinja_it_is_said_what_to_install(cli, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("gitreg.web", "jinja2"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)

    assert cli("site", "public") == Said(2, "", "gitreg: the dashboard needs the Python package jinja2\n  try: pip install jinja2\n")
