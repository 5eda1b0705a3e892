"""The command that makes the sparse index, for those who ask over HTTP."""

from __future__ import annotations

import click

from gitreg.cli import options, progress, render


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--etags", type=click.Choice(["nginx", "none"]), help="List the blob id of each file as well, in DIR/etags.nginx. Default: as the last time.")
@click.option("--force", is_flag=True, help="Take models out of DIR that this registry does not have.")
@options.reading
def export(folder: str, etags: str | None, force: bool) -> None:
    """Make the registry's sparse index in DIR: small JSON files for any HTTP server or bucket.

    There is one for each stage of each model, so that ten thousand servers can ask who holds production without git: gitreg get, show and list
    read it with -R and its address, which ends in /index. Run again, it reads and writes only what changed, and removes the files of what is gone;
    files that it did not write are left alone.

    \b
    Example:
      gitreg export public/index
      gitreg get iris@production artifacts.model.uri -R https://models.example.org/index
    """
    asked = options.settings()
    options.refuse(asked, dry_run=True)
    with progress.shown(asked) as tell:
        done = asked.source().export(folder, etags=None if etags is None else etags == "nginx", force=force, watch=lambda done, total: tell("models", done, total))
    columns = ["folder", "models", "files", "written", "removed"]
    render.show(asked, done.as_dict(), columns, [[getattr(done, column) for column in columns]])
