"""The commands that make the dashboard: as files, and on localhost."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

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


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port to listen on. Default: one that is free.")
@click.option("--read-only", is_flag=True, help="Show pages only: no buttons, nothing can be changed.")
@click.option("--no-browser", is_flag=True, help="Do not open the browser; the address is printed either way.")
@options.running
def ui(port: int, read_only: bool, no_browser: bool) -> None:
    """Show the dashboard in the browser.

    It listens on 127.0.0.1 alone, until Ctrl-C. The address has a token: whoever does not come by it is turned away. What a button
    does is shown first, as gitreg diff tells it, and is then a commit, or a pull request, by your git identity.

    \b
    Example:
      gitreg ui
      gitreg ui --read-only --port 8080 --no-browser
    """
    asked = options.settings()
    options.refuse(asked, at=True, dry_run=True, no_fetch=True)
    try:
        from gitreg.web import serve
    except ModuleNotFoundError as error:
        raise UsageError("the dashboard needs the Python package {package}", package=error.name, hint="pip install jinja2 starlette uvicorn") from None

    def ready(address: str, once: str) -> None:
        render.write(f"{address}\n")
        render.remark(asked, "Ctrl-C ends it")
        if not no_browser:
            _opened(once)

    with asked.open() as registry:
        serve.served(registry, port=port, read_only=read_only, ready=ready)
    render.remark(asked, "ended")


def _opened(address: str) -> None:
    """Open *address* in the person's browser, if there is a screen for one: a browser of the terminal would take it over."""
    if sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")):
        threading.Thread(target=_browse, args=(address,), daemon=True).start()  # some wait until the page is there


def _browse(address: str) -> None:
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(address)
