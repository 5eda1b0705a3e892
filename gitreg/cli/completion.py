"""Shell completion of models, stages, versions and fields, for bash, zsh and fish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gitreg.errors import GitregError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gitreg.store.snapshot import Snapshot

SHELLS = ("bash", "zsh", "fish")
_MOST_VERSIONS = 50  # the newest: a list that is longer helps nobody


def _completer(find: Callable[[Snapshot, click.Context, str], Iterable[str]]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a completer that reads the registry, and offers nothing where there is none."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
        from gitreg.cli import options

        try:
            known = options.settings(context)._replace(no_fetch=True)  # nobody waits for a network, or is asked for a password, at a tab
            return [found for found in find(known.snapshot(), context, incomplete) if found.startswith(incomplete)]
        except GitregError:
            return []

    return complete


def _models(snapshot: Snapshot, context: click.Context, incomplete: str) -> Iterable[str]:  # noqa: ARG001 - one signature
    return [model for model in snapshot.model_names() if not snapshot.card(model).deleted]


def _stages(snapshot: Snapshot, context: click.Context, incomplete: str) -> Iterable[str]:  # noqa: ARG001 - one signature
    archived = ["archived"] if context.info_name in ("promote", "update") else []
    return [*snapshot.config.stages, *archived]


def _selectors(snapshot: Snapshot, context: click.Context, incomplete: str) -> Iterable[str]:
    model, at, _ = incomplete.partition("@")
    if not at:
        return _models(snapshot, context, incomplete)
    return [f"{model}@{what}" for what in _what(snapshot, model)]


def _versions(snapshot: Snapshot, context: click.Context, incomplete: str) -> Iterable[str]:  # noqa: ARG001 - one signature
    return _what(snapshot, str(context.params.get("model_name") or ""))


def _what(snapshot: Snapshot, model: str) -> list[str]:
    if snapshot.find_card(model) is None:
        return []
    newest = range(snapshot.count(model), max(0, snapshot.count(model) - _MOST_VERSIONS), -1)
    named = [snapshot.manifest(model, number).version for number in newest]
    held = snapshot.stages(model).pointers
    return [*(stage for stage in snapshot.config.stages if stage in held and held[stage].number), "latest", *named]


def _fields(snapshot: Snapshot, context: click.Context, incomplete: str) -> Iterable[str]:  # noqa: ARG001 - one signature
    from gitreg.store.explain import dotted

    def below(value: Any, path: tuple[str, ...]) -> Iterable[str]:
        for key, item in value.items():
            yield dotted((*path, key))
            if isinstance(item, dict):
                yield from below(item, (*path, key))

    return below(snapshot.get(str(context.params["selector"])).as_dict(), ())


models = _completer(_models)
stages = _completer(_stages)
selectors = _completer(_selectors)
versions = _completer(_versions)
fields = _completer(_fields)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Example:
      gitreg completion bash > ~/.local/share/bash-completion/completions/gitreg
      gitreg completion zsh > "${fpath[1]}/_gitreg"
      gitreg completion fish > ~/.config/fish/completions/gitreg.fish
    """
    from click.shell_completion import get_completion_class

    from gitreg.cli.app import app
    from gitreg.cli.render import write

    kind = get_completion_class(shell)
    assert kind is not None
    write(kind(app, {}, "gitreg", "_GITREG_COMPLETE").source() + "\n")
