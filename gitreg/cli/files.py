"""The commands about files that belong to versions: bring them here, and see whether they are still what was registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitreg.cli import completion, options, progress, render
from gitreg.errors import ConflictError
from gitreg.names import shown

if TYPE_CHECKING:
    from gitreg.artifacts.outcomes import Pulled, Verified
    from gitreg.reads import Reads


def _opened(asked: options.Settings) -> Reads:
    options.refuse(asked, dry_run=True)
    registry = asked.open()
    return registry if asked.at is None else registry.at(asked.at)


@click.command()
@click.argument("selector", shell_complete=completion.selectors)
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help="The folder to pull into. Default: MODEL-NUMBER.")
@click.option("--artifact", "artifacts", multiple=True, metavar="NAME", help="Only this one; may be given many times.")
@click.option("--force", is_flag=True, help="Replace what stands in the way and is something else.")
@options.reading
def pull(selector: str, output: str | None, artifacts: tuple[str, ...], force: bool) -> None:
    """Bring the files of a version here, each compared with its digest.

    Each lands in DIR under the name of its artifact, with the ending that the file had. What is there and right stays;
    what broke off is resumed. Prints where they are.

    \b
    Example:
      gitreg pull iris@production
      gitreg pull iris@7 -o model --artifact model
    """
    asked = options.settings()
    try:
        with progress.shown(asked) as tell:
            done = _opened(asked).pull(selector, output, artifacts=artifacts or None, force=force, watch=tell)
    except ConflictError as error:
        if "pulled" in error.facts:
            _pulled(asked, error.facts["pulled"])
        raise
    _pulled(asked, done)
    if not done:
        render.remark(asked, "nothing to pull: no files are recorded")


def _pulled(asked: options.Settings, done: tuple[Pulled, ...]) -> None:
    if asked.format == "table":
        render.write("".join(f"{shown(each.path)}\n" for each in done if each.path))
    else:
        rows = [[each.name, each.kind, each.state, each.path, each.sha256, each.size] for each in done]
        render.show(asked, [each.as_dict() for each in done], ["name", "kind", "state", "path", "sha256", "size"], rows)


@click.command()
@click.argument("selector", required=False, shell_complete=completion.selectors)
@options.reading
def verify(selector: str | None) -> int:
    """Read everything recorded again, and compare it with its digest.

    Of one version, or of all models. Each address is ok, missing, changed or unreachable; unproven is what was
    registered without a digest, which nobody can tell. Exit 1 if anything is missing, changed or unreachable.

    \b
    Example:
      gitreg verify
      gitreg verify iris@production --format json
    """
    asked = options.settings()
    with progress.shown(asked) as tell:
        found = _opened(asked).verify(selector, watch=tell)
    render.show(asked, [each.as_dict() for each in found], ["verdict", "uri", "of", "reason"], [[each.verdict, each.uri, ", ".join(each.of), each.reason] for each in found]) if found or asked.format != "table" else None
    _summed(asked, found)
    return int(any(each.verdict not in ("ok", "unproven") for each in found))


def _summed(asked: options.Settings, found: tuple[Verified, ...]) -> None:
    counts = {verdict: sum(each.verdict == verdict for each in found) for verdict in ("ok", "missing", "changed", "unreachable", "unproven")}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    render.remark(asked, said or "nothing to verify: no files are recorded")
