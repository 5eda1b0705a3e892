"""The name gitreg at a public index is not ours: nothing here may tell a person, or a job, to install what is there (ADR 27)."""

from __future__ import annotations

import re

import pytest

from tests.pages import ROOT

BY_NAME = re.compile(r"""\b(?:pip3?|pipx|uv)\b.*? (?:install|add|run)\b(?: +-\S+)* +['"]?gitreg(?![\w/.-])(?! ?\[?\w*\]? @ )|gitreg(?:\[[\w,]*\])?==""")
TOLD = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "action.yml", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.py"), *(ROOT / "templates").iterdir(),
        *(path for path in (ROOT / "gitreg").rglob("*") if path.suffix in (".py", ".yml"))]  # fmt: skip


def test_nothing_installs_gitreg_by_its_name_alone():
    found = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in TOLD for line in path.read_text().splitlines() if BY_NAME.search(line)]

    assert found == []


@pytest.mark.parametrize("line", ["pip install gitreg", "pip install --upgrade gitreg", "pip install 'gitreg[review]'", 'PACKAGE: "gitreg[review]==0.1.0"', "pipx install gitreg"])
def test_an_install_by_name_would_be_found(line):
    assert BY_NAME.search(line)


@pytest.mark.parametrize("line", ["pip install '.[review]'", "install a newer gitreg", "pip install 'gitreg[review] @ git+https://example.org/gitreg@ID'", "gitreg/bin/pip install"])
def test_an_install_from_an_address_is_no_install_by_name(line):
    assert not BY_NAME.search(line)
