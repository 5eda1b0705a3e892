"""Commands run in this process; what differs from run to run is frozen in one place."""

from __future__ import annotations

import re
import shutil
from typing import NamedTuple

import pytest

from gitreg import Registry
from gitreg.cli import boundary

_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "2026-11-22T07:24:31.123456Z"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-11-22T07:24:31Z"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "2026-11-22 07:24"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "c" * 40),
    (re.compile(r"\b(?=[0-9]*[a-f])[0-9a-f]{8}\b|(?<=\[)[0-9a-f]{8}(?=\])|(?<=07:24  )[0-9a-f]{8}(?=  )"), "cccccccc"),
)


class Said(NamedTuple):
    """Everything a command told: its exit code, stdout and stderr."""

    code: int
    out: str = ""
    err: str = ""


def frozen(text: str, folder: object) -> str:
    """Return *text* with times, commits and the temporary folder replaced by fixed ones of the same length."""
    for pattern, fixed in _VARYING:
        text = pattern.sub(fixed, text)
    return text.replace(str(folder), "/tmp")


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Make the registry ``iris`` once: copying it is ten times as fast as making it."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("template") / "registry"
    (home / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        with Registry.init(folder) as made:
            for accuracy in (0.91, 0.95, 0.97):
                made.register("iris", metrics={"accuracy": accuracy})
            made.promote("iris@1", "production")
            made.promote("iris@2", "staging")
    return folder


@pytest.fixture
def iris(template, tmp_path):
    """Return a registry with three versions of ``iris``: 1 in production, 2 in staging, 3 in no stage."""
    folder = shutil.copytree(template, tmp_path / "registry")
    with Registry.open(folder) as opened:
        yield opened


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> Said:
        capsys.readouterr()
        code = boundary.run(args)
        out, err = capsys.readouterr()
        return Said(code, frozen(out, tmp_path), frozen(err, tmp_path))

    return run


@pytest.fixture
def cli(iris, run, monkeypatch):
    """Run a command line in the registry ``iris``: 1 is in production, 2 in staging, 3 in no stage."""
    monkeypatch.chdir(iris.path)
    return run
