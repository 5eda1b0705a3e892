"""A Chromium for all tests of this folder, and what it looks at: sites as files, and ``gitreg ui`` on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gitreg import Registry
from gitreg.web.links import LiveLinks, SiteLinks
from gitreg.web.site import built
from tests.browser import watching
from tests.browser.hostile import FOLDER, hostile
from tests.browser.registries import MADE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from gitreg.web.links import Links

REGISTRIES = {**MADE, "hostile": hostile}


class Place(NamedTuple):
    """Where pages are: the address that their links are relative to, what makes them, and the token that lets a browser in."""

    base: str
    links: Links
    token: str = ""
    folder: Path | None = None

    def opened(self, page: Page, address: str) -> Page:
        """Go to *address*, with the token if *page* was nowhere yet."""
        let_in = f"{'&' if '?' in address else '?'}{self.token}" if self.token and page.url == "about:blank" else ""
        page.goto(self.base + address + let_in)
        return page


def _git(folder: object, *args: str, **options) -> str:
    return subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True, text=True, **options).stdout.strip()


@pytest.fixture(scope="package")
def home(tmp_path_factory) -> Iterator[Path]:
    """Give git a HOME for what is made once for all tests."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n")
    return folder


@contextmanager
def _at_home(home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GIT_", "GITREG_"))]:
            patch.delenv(name)
        for name, value in {"HOME": home, "XDG_CONFIG_HOME": home / ".config", "XDG_CACHE_HOME": home / ".cache", "GIT_CONFIG_NOSYSTEM": "1"}.items():
            patch.setenv(name, str(value))
        yield


@pytest.fixture(scope="package")
def made(tmp_path_factory, home) -> Callable[[str], Path]:
    """Return the folder of a registry by its name; each is made once, and only read."""
    folders: dict[str, Path] = {}

    def made(name: str) -> Path:
        if name not in folders:
            folder = tmp_path_factory.mktemp(name) / (FOLDER if name == "hostile" else "registry")
            with _at_home(home):
                REGISTRIES[name](folder, _git)
            folders[name] = folder
        return folders[name]

    return made


@pytest.fixture(scope="package")
def site(made, tmp_path_factory, home) -> Callable[[str], Place]:
    """Return the site of a registry by its name; each is built once."""
    places: dict[str, Place] = {}

    def site(name: str) -> Place:
        if name not in places:
            folder = tmp_path_factory.mktemp("site") / "a folder with ünusual # signs %20"
            with _at_home(home), Registry.open(made(name)) as registry:
                built(registry, folder)
            places[name] = Place(f"{folder.as_uri()}/", SiteLinks("index.html"), folder=folder)
        return places[name]

    return site


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Place]:
    """Run ``gitreg ui`` in *folder* on a free port."""
    command = [sys.executable, "-m", "gitreg", "-R", str(folder), "ui", "--no-browser", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as server:
        try:
            said = server.stdout.readline()
            entrance = next((word for word in said.split() if word.startswith("http://")), "")
            assert entrance, said + server.stderr.read()
            base, _, token = entrance.partition("/?")
            yield Place(base, LiveLinks(), token, folder)
        finally:
            server.terminate()


@pytest.fixture(scope="package")
def ui(made, home) -> Iterator[Callable[[str], Place]]:
    """Return where ``gitreg ui`` shows a registry, by its name; nothing may be written to it."""
    places: dict[str, Place] = {}
    with ExitStack() as running:

        def ui(name: str) -> Place:
            if name not in places:
                with _at_home(home):
                    places[name] = running.enter_context(served(made(name)))
            return places[name]

        yield ui


@pytest.fixture
def own(made, tmp_path) -> Iterator[Place]:
    """Show a copy of the registry ``varied`` of this test alone; :attr:`Place.folder` is where it is."""
    with served(shutil.copytree(made("varied"), tmp_path / "registry")) as place:
        yield place


@pytest.fixture(scope="package")
def chromium(home) -> Iterator[watching.Chromium]:
    """Start Debian's Chromium, once for a worker; the loop that it brings along ends before the tests of other folders."""
    with watching.started(home) as browser:
        yield browser


@pytest.fixture
def browse(chromium) -> Iterator[Callable[..., Page]]:
    """Return what opens a watched page: ``browse(width=360, scheme="dark", scripts=False, expected=(409,), fresh_window=True)``.

    At the end the test fails for each error in a console, each dialog, each request that failed or left this machine.
    """
    with chromium.watched() as opened:
        yield opened
