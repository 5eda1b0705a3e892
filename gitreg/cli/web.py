"""The dashboard: on localhost, for a person."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

import click

from gitreg.cli import options, render


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
    from gitreg.web import serve

    def ready(address: str) -> None:
        render.write(f"{address}\n")
        render.remark(asked, "Ctrl-C ends it")
        if not no_browser:
            _opened(address)

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
