"""The command that makes the dashboard."""

from __future__ import annotations

import click

from gitreg.cli import options, progress, render
from gitreg.errors import UsageError
from gitreg.names import shown


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@options.reading
def site(folder: str) -> None:
    """Make the dashboard as files in DIR.

    They open from the disk and from any static host, and ask nothing of the network. Run again, it writes only the pages that changed,
    and removes those of what is gone; files that it did not write are left alone.

    \b
    Example:
      gitreg site public
      gitreg site public --at 2026-11-01
    """
    asked = options.settings()
    options.refuse(asked, dry_run=True)
    try:
        from gitreg.web.site import built
    except ModuleNotFoundError as error:
        raise UsageError("the dashboard needs the Python package {package}", package=error.name, hint="pip install jinja2") from None
    with progress.shown(asked) as tell:
        done = built(asked.open(), folder, at=asked.at, watch=lambda done, total: tell("pages", done, total))
    render.show(asked, done.as_dict(), ["folder", "pages", "written", "removed"], [[done.folder, done.pages, done.written, done.removed]])
    render.remark(asked, f"open {shown(done.folder)}/index.html in a browser")
