"""``gitreg get``: one value, bare. In a file of its own because scripts run it most: it imports the least."""

from __future__ import annotations

import sys

import click

from gitreg import names
from gitreg.cli import completion, options, values


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@click.argument("field", shell_complete=completion.fields)
@options.reading
def get(selector: str, field: str) -> None:
    """Print one value of a version, bare, for scripts.

    SELECTOR is MODEL, MODEL@NUMBER, MODEL@NAME or MODEL@STAGE. FIELD is dotted; a name with a dot is quoted.

    \b
    Example:
      gitreg get iris@production artifacts.model.uri
      gitreg get iris 'metrics."val.loss"'
    """
    asked = options.settings()
    options.refuse(asked, dry_run=True)
    value = values.picked(asked.source().get(selector).as_dict(), field)
    from gitreg.cli.render import write

    if asked.format in ("json", "jsonl") or isinstance(value, (dict, list)):
        from gitreg.cli.render import json_text

        write(json_text(value) + "\n")
    else:
        write(f"{_bare(value)}\n")


def _bare(value: object) -> str:
    """Return a scalar as a script wants it; on a terminal what it could obey is escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if not sys.stdout.isatty() else "\n".join(names.shown(line) for line in text.split("\n"))
