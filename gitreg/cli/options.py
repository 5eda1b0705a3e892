"""The options that every command takes, before or after its name, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gitreg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.reads import Reads
    from gitreg.registry import Registry
    from gitreg.store.snapshot import Snapshot

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FORMATS = ("table", "json", "jsonl", "yaml", "csv", "markdown")
REPORTS = ("github", "sarif", "junit", "gitlab")
DRAWINGS = ("mermaid", "dot")


class Settings(NamedTuple):
    """What the person asked for beside the command itself."""

    registry: str | None = None
    branch: str | None = None
    format: str = "table"
    at: str | None = None
    dry_run: bool = False
    quiet: bool = False
    no_color: bool = False
    offline: bool = False
    no_fetch: bool = False

    def open(self, since: str = "") -> Registry:
        """Return the registry, where a range is given the one of its base; a write command with ``--at`` is refused before this."""
        from gitreg import where

        begun = where.begin(self.registry, self.branch)  # git looks while Python imports the rest
        from gitreg.registry import Registry

        if where.index_address(self.registry, self.branch) is not None:
            return Registry.open(self.registry, branch=self.branch, fetch=not self.no_fetch)
        location = where.locate(self.registry, self.branch, fetch=not self.no_fetch, since=since.partition("..")[0] or None, begun=begun)
        registry = Registry.located(location, dry_run=self.dry_run, offline=self.offline)
        context = click.get_current_context(silent=True)
        if context:
            context.call_on_close(registry.close)
        return registry

    def source(self) -> Reads:
        """Return what answers ``get``, ``show`` and ``list``: the registry as it is or as it was ``--at``, an index too."""
        registry = self.open()
        return registry if self.at is None else registry.at(self.at)

    def snapshot(self) -> Snapshot:
        """Return the registry as it is, or as it was ``--at``."""
        registry = self.open()
        return registry.snapshot() if self.at is None else registry.at(self.at).snapshot()


def settings(context: click.Context | None = None) -> Settings:
    """Return what was asked for so far, on the group and on the command."""
    context = context or click.get_current_context()
    asked = Settings(**context.ensure_object(dict))
    known = next((option.type.choices for option in context.command.params if option.name == "format" and isinstance(option.type, click.Choice)), FORMATS)
    if asked.format not in known:
        raise UsageError("--format {format} does not go with this command", format=asked.format, hint=f"{context.command_path} --help")
    return asked


def _kept(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value not in (None, False):
        context.ensure_object(dict)[parameter.name] = value


def _option(*names: str, **attributes: Any) -> Decorator:
    return click.option(*names, expose_value=False, callback=_kept, **attributes)


_REGISTRY = _option("-R", "--registry", metavar="PATH_OR_URL", help="The registry's folder, bare repository or address.")
_BRANCH = _option("--branch", metavar="BRANCH", help="The branch to read or write.")
_QUIET = _option("--quiet", "-q", is_flag=True, help="Print data only, no remarks.")
_COLOR = _option("--no-color", is_flag=True, help="Print without colours (also: NO_COLOR).")
_FORMAT = _option("--format", type=click.Choice(FORMATS), help="How to print (default: table).")
_REPORT = _option("--format", type=click.Choice(FORMATS + REPORTS), help="How to print (default: table); the last four are for CI systems.")
_DRAWING = _option("--format", type=click.Choice(FORMATS + DRAWINGS), help="How to print (default: table); the last two are drawings.")
_ANY = _option("--format", type=click.Choice(FORMATS + REPORTS + DRAWINGS), help="How to print (default: table); the last six go with check and lineage alone.")
_AT = _option("--at", metavar="REV_OR_DATE", help="Read the registry as it was at a revision or date.")
_DRY_RUN = _option("--dry-run", is_flag=True, help="Print the diff, commit nothing.")
_OFFLINE = _option("--offline", is_flag=True, help="Write here only; gitreg sync sends it to the remote later.")

_NO_FETCH = _option("--no-fetch", is_flag=True, help="Of a registry by URL, read what was fetched last.")


def _all(*decorators: Decorator) -> Decorator:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


everywhere = _all(_REGISTRY, _BRANCH, _ANY, _AT, _NO_FETCH, _DRY_RUN, _OFFLINE, _QUIET, _COLOR)
reading = _all(_REGISTRY, _BRANCH, _FORMAT, _AT, _NO_FETCH, _QUIET, _COLOR)
drawing = _all(_REGISTRY, _BRANCH, _DRAWING, _AT, _NO_FETCH, _QUIET, _COLOR)
judging = _all(_REGISTRY, _BRANCH, _REPORT, _AT, _NO_FETCH, _QUIET, _COLOR)
writing = _all(_REGISTRY, _BRANCH, _FORMAT, _DRY_RUN, _OFFLINE, _QUIET, _COLOR)
comparing = _all(_REGISTRY, _BRANCH, _FORMAT, _NO_FETCH, _QUIET, _COLOR)
running = _all(_REGISTRY, _BRANCH, _OFFLINE, _QUIET, _COLOR)
fixing = _all(_REGISTRY, _BRANCH, _FORMAT, _DRY_RUN, _QUIET, _COLOR)
tending = _all(_REGISTRY, _BRANCH, _FORMAT, _QUIET, _COLOR)
making = _all(_FORMAT, _DRY_RUN, _QUIET, _COLOR)
plain = _all(_FORMAT, _QUIET, _COLOR)


def refuse(asked: Settings, **flags: bool) -> None:
    """Refuse options that were given before a command that does not take them.

    Raises:
        UsageError: one of *flags* was given.
    """
    for name in flags:
        if getattr(asked, name):
            option = f"--{name.replace('_', '-')}"
            raise UsageError("{option} does not go with this command", option=option, hint=f"{click.get_current_context().command_path} --help")


class Lazy(click.Group):
    """A group that imports a command when it is named: a cold ``get`` must not pay for the others."""

    def __init__(self, *args: Any, homes: dict[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.homes = homes or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the contract's table."""
        return [*self.homes, *sorted(super().list_commands(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in self.homes:
            return super().get_command(ctx, cmd_name)
        from importlib import import_module

        module, _, attribute = self.homes[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            raise UsageError("no command {name!r}" + (", did you mean {near!r}?" if near else ""), name=name, near=near[0] if near else None, hint=f"{ctx.command_path} --help")
        return super().resolve_command(ctx, args)
