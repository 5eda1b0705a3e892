"""A registry behind ``gitreg ui``, and a browser that came with its token; forms are sent as a browser sends them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gitreg.web.app import application
from gitreg.web.security import Place
from gitreg.web.sessions import Sessions
from tests.cli.conftest import iris, template

__all__ = ["iris", "template"]  # fixtures: a registry is copied ten times as fast as it is made

PLACE = Place(8000)
ORIGIN = "http://127.0.0.1:8000"


class Browser(TestClient):
    """A browser at a gitreg ui; it never follows a redirect unseen."""

    def __init__(self, registry, **options):
        self.sessions = Sessions()
        registry.leave_no_trace()
        super().__init__(application(registry, self.sessions, PLACE, **options), base_url=ORIGIN, follow_redirects=False)

    def enter(self):
        """Come by the first address."""
        self.get(f"/?token={self.sessions.token}")
        return self

    def post_form(self, path, fields, **headers):
        """Send a form from one of our own pages."""
        return self.post(path, data=fields, headers={"Origin": ORIGIN, **headers})

    def csrf(self, path):
        """Return what the form of a page carries."""
        return hidden(self.get(path).text)["csrf"]

    def show(self, action, **fields):
        """Ask what a change would be, as its form does."""
        about = {name: fields[name] for name in ("model", "number") if name in fields}
        query = "&".join(f"{name}={value}" for name, value in about.items())
        return self.post_form(f"/change/{action}", {"csrf": self.csrf(f"/change/{action}?{query}"), **fields})

    def confirm(self, page):
        """Agree to what a page shows."""
        return self.post_form("/confirm", {"csrf": ticket(page)})


def hidden(html):
    """Return the hidden fields of the forms of a page."""
    return {unescape(name): unescape(value) for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html)}


def ticket(page):
    """Return what the confirmation of a page carries, None where it offers none."""
    found = re.search(r'action="/confirm">\s*<input type="hidden" name="csrf" value="([^"]*)">', page.text)
    return found and found[1]


def said(page):
    """Return the text of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page.text.partition("<main")[2])))


def diff(page):
    """Return what a page says that ``gitreg diff`` says."""
    return unescape(re.search(r'<pre class="said"[^>]*>\n?(.*?)</pre>', page.text, re.DOTALL)[1])


@pytest.fixture
def browse():
    """Start a gitreg ui for a registry, and a browser that came with its token."""
    opened = []

    def browse(registry, **options):
        opened.append(Browser(registry, **options))
        return opened[-1].enter()

    yield browse
    for browser in opened:
        browser.close()


@pytest.fixture
def browser(iris, browse):
    """A browser at the registry ``iris``: 1 is in production, 2 in staging, 3 in no stage."""
    return browse(iris)


@pytest.fixture
def files():
    """Return the state of every file of a folder: when it was written, its inode, its size."""

    def seen(folder):
        found = {}
        for path in [Path(folder), *Path(folder).rglob("*")]:
            stat = path.lstat()
            found[str(path)] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size)
        return found

    return seen
