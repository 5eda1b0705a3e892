"""Every command has help with an example, and is documented."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from gitreg.cli.app import HOMES, app

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def commands(group=app, before=()):
    """Yield the words and the object of every command, groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield " ".join((*before, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))


COMMANDS = dict(commands())


def test_every_command_of_the_contract_is_there():
    core = "init register promote rollback archive yank unyank update list show get history compare check doctor schema completion model"
    model = "list register update delete version"
    version = "list show update delete"

    assert {*core.split(), *(f"model {c}" for c in model.split()), *(f"model version {c}" for c in version.split())} <= COMMANDS.keys()
    assert HOMES.keys() <= COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_help_with_an_example_of_itself(run, command):
    said = run(*command.split(), "--help")

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: gitreg {command} ")
    assert re.search(rf"\n  Example:\n(    gitreg .*\n)*    gitreg {command}\b", said.out), said.out


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_says_what_it_does(command):
    silent = [p.name for p in COMMANDS[command].params if isinstance(p, click.Option) and not p.help]

    assert silent == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_named_in_the_reference(command):
    assert f"gitreg {command}" in REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_names_every_option(command):
    text = REFERENCE.read_text(encoding="utf-8")

    options = [max(p.opts, key=len) for p in COMMANDS[command].params if isinstance(p, click.Option)]
    assert [option for option in options if option not in text] == []
