"""What the commands that are run most must not import: each module is time that every call takes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gitreg import Registry

HEAVY = {
    "git", "filelock", "rich", "importlib.metadata", "secrets", "random", "hashlib", "fsspec", "platformdirs", "requests", "sqlite3.dump", "concurrent.futures",
    "asyncio", "email", "http", "urllib.request", "ssl", "socket", "shutil", "tempfile", "logging", "jinja2", "starlette", "cel_expr_python",
}  # fmt: skip
# gitreg's own modules and all others that Python has not loaded at its start; a little above what was counted, for Pythons differ
MOST = {"get": (33, 105), "show": (37, 110), "list": (33, 110), "promote": (60, 180)}
COMMANDS = {"get": ("get", "iris@production", "number"), "show": ("show", "iris@production"), "list": ("list", "--format", "json"), "promote": ("promote", "iris@2", "production")}


def imported(path, command, **environment):
    """Return the modules that a command imports, beyond those of a Python that does nothing."""
    bare = _imports([sys.executable, "-X", "importtime", "-c", "pass"], environment)
    return _imports([sys.executable, "-X", "importtime", "-m", "gitreg", "-R", path, *command], environment) - bare


def _imports(command, environment):
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | environment)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.fixture
def warm(iris):
    """Return a registry whose records are known from an earlier command."""
    with Registry.open(iris.path) as earlier:
        earlier.get("iris@production")
        earlier.models()
    return iris.path


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_no_more_than_it_needs(warm, name):
    found = imported(warm, COMMANDS[name])
    own, other = {module for module in found if module.startswith("gitreg")}, {module for module in found if not module.startswith("gitreg")}

    assert (len(own) <= MOST[name][0], len(other) <= MOST[name][1]) == (True, True), (len(own), len(other))


@pytest.mark.parametrize("name", ["get", "show", "list"])
def test_a_read_imports_nothing_heavy(warm, name):
    assert imported(warm, COMMANDS[name]) & HEAVY == set()


@pytest.mark.parametrize("name", ["get", "show", "list"])
def test_what_was_decoded_before_needs_no_yaml(warm, name):
    assert imported(warm, COMMANDS[name]) & {"yaml", "gitreg.store.codec", "gitreg.store.documents"} == set()


def test_without_the_cache_no_database_is_opened(warm):
    assert imported(warm, COMMANDS["get"], GITREG_CACHE="0") & {"sqlite3", "gitreg.store.diskcache"} == set()
