"""``python -m benchmarks.screenshots [FOLDER]``: the pictures of the dashboard that the README shows, taken of the examples' registry.

The examples run in this process with a clock that goes on by six hours a look, so that the pictures show weeks, and the same
ones each time. Needs Debian's Chromium.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks import machine
from gitreg import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "docs", "screenshots")
PAGES = {"overview": "index.html", "model": "models/wine/index.html", "comparison": "models/wine/compare.html?v=5&v=4&v=2"}
SCHEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 820}
_BEGIN, _STEP = datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(hours=6)
_CHROMIUM = "/usr/bin/chromium"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--font-render-hinting=none")


def main(folder: str = FOLDER) -> None:
    """Take all pictures, and put them into *folder*."""
    with tempfile.TemporaryDirectory(prefix="gitreg-screenshots-") as scratch:
        machine.isolate(scratch)
        with _clock() as now:
            site = _site(scratch)
            taken(site, folder, now())


def taken(site: str, folder: str | Path, now: datetime) -> list[str]:
    """Photograph *site* in both schemes, at the moment *now*; returns the files."""
    from playwright.sync_api import sync_playwright

    os.makedirs(folder, exist_ok=True)
    files = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        for scheme in SCHEMES:
            page = browser.new_page(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
            page.clock.set_fixed_time(now)
            for name, address in PAGES.items():
                page.goto(f"file://{site}/{address}")
                page.evaluate("() => document.fonts.ready")
                files.append(os.path.join(folder, f"{name}-{scheme}.png"))
                page.screenshot(path=files[-1], animations="disabled", caret="hide")
        browser.close()
    return files


@contextlib.contextmanager
def _clock() -> Iterator[object]:
    """Give gitreg a clock that begins in March and goes on whenever it is looked at."""
    ticks = count()
    with mock.patch("gitreg.registry.now", lambda: _BEGIN + next(ticks) * _STEP):
        from gitreg import registry

        yield registry.now


def _site(scratch: str) -> str:
    """Return the site of a registry in which the examples trained, registered and promoted."""
    from gitreg.web.site import built

    registry, site = os.path.join(scratch, "registry"), os.path.join(scratch, "site")
    _ran("iris.py", registry)
    rules = _ran("wine.py", scratch, "rules")["RULES"]
    with open(os.path.join(registry, "gitreg.yaml"), "w", encoding="utf-8") as file:
        file.write(rules)
    _git(registry, "commit", "--quiet", "--all", "--message", "production asks for accuracy")
    _ran("wine.py", scratch)
    with Registry.open(registry) as opened:
        built(opened, site)
    return site


def _ran(example: str, folder: str, name: str = "__main__") -> dict[str, object]:
    """Run an example in *folder* as a person would; what it prints is not of interest."""
    with mock.patch.object(sys, "argv", [example, folder]), contextlib.redirect_stdout(sys.stderr):
        return runpy.run_path(os.path.join(ROOT, "examples", example), run_name=name)


def _git(folder: str, *args: str) -> None:
    from gitreg import registry

    at = registry.now().isoformat()
    subprocess.run(["git", "-C", folder, *args], check=True, env=os.environ | {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at})


if __name__ == "__main__":
    main(*sys.argv[1:])
