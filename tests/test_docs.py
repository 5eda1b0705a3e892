"""The pages tell the truth: each code block runs and shows what it says, and nothing of the interface is left out."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
import sys
from pathlib import Path

import click
import pytest
import yaml

import gitreg
from gitreg import errors, transactions
from gitreg.cli.app import app
from gitreg.errors import InvalidError
from gitreg.store import documents, layout
from tests import pages

_DECODERS = {"config": documents.decode_config, "card": documents.decode_card, "stages": documents.decode_stages, "manifest": documents.decode_manifest}
_LANGUAGES = {"console", "python", "yaml", "json", "text", "sh"}
_DOCS = pages.ROOT / "docs"


def _name(page: Path) -> str:
    return str(page.relative_to(pages.ROOT))


@pytest.fixture
def terminal(tmp_path, monkeypatch, hermetic):
    config = hermetic / ".gitconfig"  # whoever follows a page has not told git what a first branch is called
    config.write_text(config.read_text().replace("[init]\n\tdefaultBranch = main\n", ""))
    folder = tmp_path.resolve() / "name"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    keep = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM")}
    with pages.Terminal(folder, {**keep, "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC"}) as opened:
        yield opened


def _runs_python(block: pages.Block, where: str, names: dict) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * (block.line - 1) + block.text, where, "exec"), names)
    assert pages.settled(printed.getvalue()) == pages.settled(pages.promised_prints(block.text)), f"{where}:{block.line}"


def _reads_yaml(block: pages.Block) -> None:
    kind = layout.place(block.words).kind
    if kind in _DECODERS:
        _DECODERS[kind](block.text.encode(), block.words)
    else:
        yaml.safe_load(block.text)


def _runs_console(block: pages.Block, where: str, terminal: pages.Terminal, folder: Path) -> None:
    for command, shown in pages.typed(block):
        assert pages.settled(terminal.shows(command), folder) == pages.settled(shown), f"{where}:{block.line}: {command}"


def _runs_page(text: str, where: str, terminal: pages.Terminal, monkeypatch) -> None:
    folder = Path.cwd()
    names: dict = {"__name__": "__main__"}
    for block in pages.blocks(text):
        if block.mark.startswith(("not run: ", "run: ")):
            continue
        if block.language == "console":
            _runs_console(block, where, terminal, folder)
            monkeypatch.chdir(terminal.folder)
        elif block.language == "python" and block.words:
            Path(block.words).write_text(block.text)
        elif block.language == "python":
            _runs_python(block, where, names)
        elif block.language == "yaml":
            _reads_yaml(block)
        elif block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", [page for page in pages.pages() if pages.blocks(page.read_text())], ids=_name)
def test_every_code_block_does_what_the_page_says(page, terminal, monkeypatch):
    _runs_page(page.read_text(), _name(page), terminal, monkeypatch)


LIES = {
    "another output": ("console", "$ echo one\ntwo\n"),
    "an output left out": ("console", "$ echo one\n"),
    "another exit code": ("console", "$ false\n$ echo $?\n0\n"),
    "another print": ("python", "print(1)  # 2\n"),
    "a name that is not there": ("python", "from gitreg import Registr\n"),
    "a key that stages.yaml does not have": ("yaml models/iris/stages.yaml", "production:\n  holder: 7\n"),
    "YAML that is none": ("yaml", "a: [\n"),
    "JSON that is none": ("json", "{a: 1}\n"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_page_that_lies_is_noticed(lie, terminal, monkeypatch):
    info, text = LIES[lie]

    with pytest.raises((AssertionError, ImportError, InvalidError, yaml.YAMLError, ValueError)):
        _runs_page(f"```{info}\n{text}```\n", "page", terminal, monkeypatch)


@pytest.mark.parametrize("page", pages.pages(), ids=_name)
def test_every_code_block_has_a_language_and_one_that_is_not_run_gives_a_reason(page):
    for block in pages.blocks(page.read_text()):
        assert block.language in _LANGUAGES, f"line {block.line}"
        assert block.language != "sh" or block.mark.startswith(("not run: ", "run: ")), f"line {block.line}"


def test_few_blocks_are_not_run():
    skipped = [block for page in pages.pages() for block in pages.blocks(page.read_text()) if block.mark.startswith("not run: ")]

    assert len(skipped) <= 6


@pytest.mark.parametrize("page", [*pages.pages(), pages.ROOT / "CONTRIBUTING.md", pages.ROOT / "CHANGELOG.md"], ids=_name)
def test_every_link_leads_to_a_file_and_a_heading_of_it(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page

        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index():
    index = (_DOCS / "README.md").read_text()
    listed = {(_DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)\)", index)}

    missing = [_name(page) for page in _DOCS.rglob("*.md") if page.parent.name != "adr" and page.resolve() not in listed and page.name != "README.md"]

    assert missing == []


def _commands(group: click.Group, path: str):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


@pytest.mark.parametrize(("name", "command"), [pytest.param(*found, id=found[0]) for found in _commands(app, "gitreg")])
def test_the_reference_has_every_command_with_each_of_its_options(name, command):
    reference = (_DOCS / "reference" / "cli.md").read_text()
    section = reference.partition(f"\n### {name}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    everywhere = reference.partition("\n## Options that every command takes\n")[2].partition("\n## ")[0]

    missing = [option for parameter in command.params for option in parameter.opts if option.startswith("--") and f"`{option}" not in section + everywhere]

    assert section, f"no section for {name}"
    assert missing == []


def _public(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]


@pytest.mark.parametrize("kind", ["Registry", "Model", "Client", "Transaction"])
def test_the_reference_has_every_method(kind):
    reference = (_DOCS / "reference" / "python.md").read_text()
    section = reference.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    made = transactions.Transaction if kind == "Transaction" else getattr(gitreg, kind)
    inherited = set(_public(transactions.Verbs)) if kind == "Transaction" else set()

    missing = [name for name in _public(made) if name not in inherited and f"`{name}" not in section]

    assert missing == []


def test_the_reference_has_every_public_name_and_error():
    reference = (_DOCS / "reference" / "python.md").read_text()

    missing = [name for name in gitreg.__all__ if f"`{name}`" not in reference]
    codes = [kind.__name__ for kind in errors.GitregError.__subclasses__() if kind.__module__ == errors.__name__ and not re.search(rf"\| `{kind.__name__}` .*\| {kind.code} \|", reference)]

    assert missing == []
    assert codes == []


def test_the_reference_explains_every_rule_that_a_finding_can_name():
    source = "".join(path.read_text() for path in (pages.ROOT / "gitreg").rglob("*.py"))
    reference = (_DOCS / "reference" / "check-rules.md").read_text()

    missing = [rule for rule in sorted(set(re.findall(r'"([RDT]\d\d)"', source))) if f"\n### {rule} " not in reference]

    assert missing == []


def test_the_reference_has_every_exit_code():
    reference = (_DOCS / "reference" / "cli.md").read_text()

    missing = [code for code in (0, 1, 2, 3, 4, 5, 6, 7, 70, 130) if f"\n| {code} |" not in reference]

    assert missing == []


def test_the_reference_has_all_that_is_kept_beside_git_s_files(registry, git):
    with registry.transaction() as tx:
        for number in range(70):
            tx.register("iris", f"v{number}")
    registry.get("iris@v3")
    registry.check()
    registry.doctor()
    registry.close()
    bare = f"{registry.path}.git"
    git(registry.path, "clone", "-q", "--bare", ".", bare)
    with gitreg.Registry.open(bare) as other:
        other.promote("iris@3", "production")
    section = (_DOCS / "reference" / "files.md").read_text().partition("\n## What is kept beside git's files\n")[2]

    found = {entry.name for place in (f"{registry.path}/.git", bare) for entry in os.scandir(f"{place}/gitreg")}

    assert {"lock", "names", "proven", "removed"} <= found
    assert [name for name in sorted(found) if f"`{re.sub('-[0-9]+', '-N', name)}" not in section] == []
