"""Chromium, with an eye on everything that a calm page does not do."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip
_LEFT = "net::ERR_ABORTED"  # a page that was left while it loaded
_PATIENCE = 10_000  # milliseconds
_HERE = {"127.0.0.1", "localhost"}
_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_FEW = "document.querySelectorAll('tbody tr, .events li, .choices label').forEach(each => each.matches(':nth-child(n + 30)') && each.remove())"
_FOUND = """async (rules) => (await Promise.allSettled(document.getAnimations().map(each => each.finished)), await axe.run(document, {preload: false, resultTypes: ['violations'], ...(rules && {runOnly: rules})})).violations
    .filter(each => each.impact === 'serious' || each.impact === 'critical')
    .flatMap(each => each.nodes.map(node => `${each.id}: ${node.html.slice(0, 200)}: ${node.any.concat(node.all, node.none).map(check => check.message).join('; ')}`))"""
_COLOURS = ["color-contrast", "link-in-text-block"]  # the rules whose answer a colour scheme changes
_WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 200))"""


_SHIFTED = """async () => {
    const found = [];
    const seen = new PerformanceObserver(list => found.push(...list.getEntries()));
    seen.observe({type: 'layout-shift', buffered: true});
    for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
    return [...found, ...seen.takeRecords()].filter(each => each.value > 0.01)
        .flatMap(each => each.sources.map(source => `${each.value}: ${source.node?.outerHTML?.slice(0, 200)}`));
}"""


class Chromium:
    """A browser with one window that runs scripts and one that does not: opening a window is most of what a test costs."""

    def __init__(self, browser: Browser) -> None:
        self._browser, self._kept = browser, {}
        self._wrong: list[str] = []
        self._expected: set[str] = set()

    @contextmanager
    def watched(self) -> Iterator[Callable[..., Page]]:
        """Give what opens a page, and raise at the end for all that pages did and must not."""
        self._wrong.clear()
        self._expected.clear()
        with ExitStack() as fresh:

            def opened(*, width: int = 1280, scheme: str = "light", scripts: bool = True, expected: Sequence[int] = (), fresh_window: bool = False) -> Page:
                self._expected.update(map(str, expected))
                page = fresh.enter_context(self._window(scripts=scripts)).new_page() if fresh_window else self._page(scripts=scripts)
                page.set_viewport_size({"width": width, "height": 800})
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                return page

            yield opened
            for page in self._kept.values():
                page.goto("about:blank")
        assert not self._wrong, "\n".join(self._wrong)

    def _page(self, *, scripts: bool) -> Page:
        if scripts not in self._kept:
            self._kept[scripts] = self._window(scripts=scripts).new_page()
        return self._kept[scripts]

    def _window(self, *, scripts: bool) -> BrowserContext:
        context = self._browser.new_context(java_script_enabled=scripts, service_workers="block")
        context.set_default_timeout(_PATIENCE)
        context.on("console", self._said)
        context.on("request", self._asked)
        context.on("dialog", self._opened)
        context.on("weberror", lambda error: self._wrong.append(f"script: {error.error}"))
        context.on("requestfailed", lambda request: request.failure == _LEFT or self._wrong.append(f"failed: {request.url}: {request.failure}"))
        return context

    def _said(self, message: Any) -> None:
        answered = message.text.partition("the server responded with a status of ")[2].partition(" ")[0]
        if message.type in ("error", "warning") and answered not in self._expected:
            self._wrong.append(f"console: {message.text} at {message.location}")

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("file", "data", "blob", "about") and parts.hostname not in _HERE:
            self._wrong.append(f"left the machine: {request.url}")

    def _opened(self, dialog: Any) -> None:
        self._wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@contextmanager
def started(home: Path) -> Iterator[Chromium]:
    """Run Chromium with a HOME of its own."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip("needs the system package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=os.environ | {"HOME": str(home)})
        yield Chromium(browser)
        browser.close()


def violations(page: Page, *, colours: bool = False) -> list[str]:
    """Return what axe finds that is serious or critical, or only what is of *colours*. Of rows that are alike it is shown the first thirty."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_FEW)
        page.evaluate(_AXE)
    return page.evaluate(_FOUND, _COLOURS if colours else None)


def wider(page: Page) -> list[str]:
    """Return the elements that make the page wider than its window."""
    return page.evaluate(_WIDER)


def shifted(page: Page) -> list[str]:
    """Return the elements that moved while the page was made, by how much; a hundredth is a column that gets narrower by a few pixels."""
    return page.evaluate(_SHIFTED)
