"""Chromium, with an eye on everything that a calm page does not do."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip
_LEFT = "net::ERR_ABORTED"  # a page that was left while it loaded
_HERE = {"127.0.0.1", "localhost"}
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_FEW = "document.querySelectorAll('tbody tr, .events li, .choices label').forEach(each => each.matches(':nth-child(n + 30)') && each.remove())"
_FOUND = """async (rules) => (await Promise.allSettled(document.getAnimations().map(each => each.finished)), await axe.run(document, {preload: false, resultTypes: ['violations'], ...(rules && {runOnly: rules})})).violations
    .filter(each => each.impact === 'serious' || each.impact === 'critical')
    .flatMap(each => each.nodes.map(node => `${each.id}: ${node.html.slice(0, 200)}: ${node.any.concat(node.all, node.none).map(check => check.message).join('; ')}`))"""
_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules whose answer a colour scheme changes
_WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 200))"""


@contextmanager
def started(home: Path) -> Iterator[Chromium]:
    """Run Chromium with a HOME of its own."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip("needs the system package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=os.environ | {"HOME": str(home)})
        yield browser
        browser.close()


@contextmanager
def watched(browser: Chromium, wrong: list[str], *, width: int = 1280, scheme: str = "light", scripts: bool = True, expected: Sequence[int] = ()) -> Iterator[Page]:
    """Give a page of a fresh browser, and put into *wrong* what its pages do that they must not; statuses that are *expected* are none."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scripts, service_workers="block")
    context.set_default_timeout(5_000)
    _watch(context, wrong, {str(status) for status in expected})
    yield context.new_page()
    context.close()


def _watch(context: BrowserContext, wrong: list[str], expected: set[str]) -> None:
    def said(message: Any) -> None:
        answered = message.text.partition("the server responded with a status of ")[2].partition(" ")[0]
        if message.type in ("error", "warning") and answered not in expected:
            wrong.append(f"console: {message.text} at {message.location}")

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in _HERE:
            wrong.append(f"left the machine: {request.url}")

    def opened(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    context.on("console", said)
    context.on("request", asked)
    context.on("dialog", opened)
    context.on("weberror", lambda error: wrong.append(f"script: {error.error}"))
    context.on("requestfailed", lambda request: request.failure == _LEFT or wrong.append(f"failed: {request.url}: {request.failure}"))


def violations(page: Page, *, colours: bool = False) -> list[str]:
    """Return what axe finds that is serious or critical, or only what is of *colours*. Of rows that are alike it is shown the first thirty."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_FEW)
        page.evaluate(_AXE)
    return page.evaluate(_FOUND, _COLOURS if colours else None)


def wider(page: Page) -> list[str]:
    """Return the elements that make the page wider than its window."""
    return page.evaluate(_WIDER)
