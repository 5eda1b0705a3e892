"""The README's two commands are what a fresh machine and CI run, to the letter."""

from __future__ import annotations

import re
import subprocess
import tomllib

from tests import pages

README = (pages.ROOT / "README.md").read_text()
CI = (pages.ROOT / ".ci" / "run").read_text()


def _marked(mark: str) -> str:
    (block,) = [block for block in pages.blocks(README) if block.mark == f"run: {mark}"]
    return block.text


def test_there_are_exactly_two_commands_for_a_fresh_machine():
    marked = [block for block in pages.blocks(README) if block.mark.startswith("run: ")]

    assert [block.mark for block in marked] == ["run: example", "run: tests"]
    assert [block.text.count("\n") for block in marked] == [1, 1]


def test_the_commands_name_files_and_extras_that_exist():
    extras = tomllib.loads((pages.ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    named = re.findall(r"\.\[(\w+)\]", _marked("example") + _marked("tests"))

    assert named == ["examples", "test"]
    assert set(named) <= set(extras)
    assert all((pages.ROOT / path).is_file() for path in re.findall(r"examples/\w+\.py", _marked("example")))


def test_ci_runs_the_readmes_test_command_to_the_letter():
    extraction = re.search(r"^command=(.*)$", CI, re.MULTILINE)

    shown = subprocess.run(["bash", "-c", f"{extraction[0]}; printf '%s\\n' \"$command\""], cwd=pages.ROOT, capture_output=True, text=True, check=True)

    assert shown.stdout == _marked("tests")
    assert 'eval "$command"' in CI
    assert "pytest" not in CI.replace("PYTEST_ADDOPTS", "").split("# after the tests")[0]


def test_the_readme_names_the_system_packages_that_ci_installs():
    installed = re.search(r"^packages=\((.*)\)$", CI, re.MULTILINE)[1].split()

    assert [package for package in installed if f"`{package}`" not in README] == []


def test_the_readme_says_what_it_is_in_ten_lines():
    opening = README.partition("\n## ")[0].strip().splitlines()[1:]

    assert len([line for line in opening if line.strip()]) <= 10
