"""The commands that read: the board, versions, history. Comparison and lineage are ``lineage.py``'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gitreg.cli import completion, options, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.records import Event, ModelVersion


def _asked() -> options.Settings:
    asked = options.settings()
    options.refuse(asked, dry_run=True)
    return asked


@click.command("list")
@click.argument("model", required=False, shell_complete=completion.models)
@options.reading
def list_(model: str | None) -> None:
    """List the models, or the versions of MODEL.

    \b
    Example:
      gitreg list
      gitreg list iris --format json
    """
    asked = _asked()
    source = asked.source()
    if model is not None:
        versions(asked, source.versions(model))
        return
    stages = source.stages()
    count = render.listed(asked, source.models(), ["model", "latest", "versions", *stages], lambda row: [row.name, row.latest, row.versions, *(row.stages[stage] for stage in stages)])
    if not count:
        render.remark(asked, "no models yet: gitreg register MODEL")


def versions(asked: options.Settings, found: tuple[ModelVersion, ...]) -> None:
    """Print versions, the newest first in a table; in data they stand by number."""
    metrics = list(dict.fromkeys(name for version in found for name in version.metrics))
    if asked.format == "csv":
        columns = ["number", "version", "stage", "status", "created_at", "created_by", "description", *(f"metrics.{name}" for name in metrics)]
        rows: list[list[Any]] = [[*(getattr(v, name) for name in columns[:7]), *(v.metrics.get(name) for name in metrics)] for v in found]
    else:
        columns = ["number", "version", "stage", "status", "created", "metrics", "description"]
        rows = [[v.number, v.version, v.stage, _status(v), _day(v.created_at), _metrics(v), _first_line(v.description)] for v in reversed(found)]
    render.show(asked, [version.as_dict() for version in found], columns, rows)


def _status(version: ModelVersion) -> str:
    return "yanked" if version.yanked else version.status


def _day(at: str) -> str:
    return at[:16].replace("T", " ")


def _metrics(version: ModelVersion) -> str:
    shown = [f"{name}={_short(value)}" for name, value in version.metrics.items()]
    return " ".join(shown[:4]) + (" …" if len(shown) > 4 else "")


def _short(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@options.reading
def show(selector: str) -> None:
    """Show one version.

    Everything its manifest says, the stage it holds, the commit that was read; in a table also where it came from, in a few lines.

    \b
    Example:
      gitreg show iris@production
      gitreg show iris@7 --at 2026-11-01 --format json
    """
    asked = _asked()
    one(asked, asked.source().get(selector))


def one(asked: options.Settings, version: ModelVersion) -> None:
    """Print one version."""
    data = version.as_dict()
    if asked.format == "table":
        data = {name: value for name, value in data.items() if value not in (None, "", [], {})}
        render.show(asked, data, ["", ""], [[name, value] for name, value in _flat(data, "")])
        render.write(_origin(version))
    else:
        render.show(asked, data, ["field", "value"], list(_flat(data, "")))


def _origin(version: ModelVersion) -> str:
    from gitreg.lineage.text import origin

    said = origin(version)
    return f"\n{said}" if said else ""


def _flat(value: dict[str, Any], before: str) -> Iterator[list[Any]]:
    for name, item in value.items():
        if isinstance(item, dict) and item:
            yield from _flat(item, f"{before}{name}.")
        else:
            yield [f"{before}{name}", item]


@click.command()
@click.argument("model", required=False, shell_complete=completion.models)
@click.option("--stage", shell_complete=completion.stages, help="Only what happened to this stage.")
@options.reading
def history(model: str | None, stage: str | None) -> None:
    """Show who changed what, when and why; newest first.

    \b
    Example:
      gitreg history iris --stage production
      gitreg history --format jsonl
    """
    from gitreg.errors import UsageError
    from gitreg.history import history as read

    if model and "@" in model:
        raise UsageError("history is of a model, and {given!r} names a version", given=model, hint=f"gitreg history {model.partition('@')[0]}")
    asked = _asked()
    snapshot = asked.snapshot()
    printed(asked, read(snapshot, model, stage))
    if snapshot.repo.cut_off():
        render.remark(asked, "note: this clone is shallow, earlier history is not here: git fetch --unshallow")


def printed(asked: options.Settings, events: Iterable[Event]) -> None:
    """Print events."""
    render.listed(asked, events, ["when", "commit", "model", "what", "who", "why"], _event)


def _event(e: Event) -> list[Any]:
    return [(e.at or "")[:16].replace("T", " "), (e.commit or "")[:8], e.model, _what(e), _who(e), _first_line(e.reason)]


def _what(event: Event) -> str:
    from gitreg.operations.events import sentence

    return sentence(event) + (f" (forced {', '.join(event.forced)})" if event.forced else "")


def _who(event: Event) -> str:
    return (event.by or "").partition(" <")[0]
