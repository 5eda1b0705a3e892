"""Where the pages are: relative to the page that links, for files; below ``/``, on localhost.

Names are checked before a page is made of them, and quoted all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATIC = "static"


class Links(Protocol):
    """The addresses of the pages, as one page links to them."""

    def __hash__(self) -> int: ...

    def overview(self) -> str:
        """All models."""

    def model(self, name: str) -> str:
        """One model."""

    def version(self, model: str, number: int) -> str:
        """One version."""

    def comparison(self, model: str, numbers: Sequence[int] = ()) -> str:
        """Versions side by side; a site's page is told in its query which."""

    def history(self, page: int | None = None, filters: Mapping[str, str] | None = None) -> str:
        """What happened: the newest, or one *page*, counted from the oldest, which is 1; where pages are made when asked, of what *filters* keep."""

    def on(self, date: str | None = None) -> str:
        """Who held what on a date."""

    def problems(self) -> str:
        """What ``check`` finds."""

    def static(self, path: str) -> str:
        """A file of ``static/``."""

    def data(self, page: str) -> str:
        """The JSON beside a *page*, given by its address."""


class SiteLinks:
    """Links between files, from the *page* that stands at this path of the site; they work from ``file://``."""

    def __init__(self, page: str) -> None:
        self._up = "../" * page.count("/")

    def overview(self) -> str:
        """See :class:`Links`."""
        return f"{self._up}index.html"

    def model(self, name: str) -> str:
        """See :class:`Links`."""
        return f"{self._up}models/{quote(name)}/index.html"

    def version(self, model: str, number: int) -> str:
        """See :class:`Links`."""
        return f"{self._up}models/{quote(model)}/{number}.html"

    def comparison(self, model: str, numbers: Sequence[int] = ()) -> str:
        """See :class:`Links`."""
        return f"{self._up}models/{quote(model)}/compare.html{_query('v', numbers)}"

    def history(self, page: int | None = None, filters: Mapping[str, str] | None = None) -> str:  # noqa: ARG002 - a file is filtered by a script
        """See :class:`Links`."""
        return f"{self._up}history/{'index' if page is None else page}.html"

    def on(self, date: str | None = None) -> str:
        """See :class:`Links`."""
        return f"{self._up}on.html{_query('date', [date] if date else [])}"

    def problems(self) -> str:
        """See :class:`Links`."""
        return f"{self._up}problems.html"

    def static(self, path: str) -> str:
        """See :class:`Links`."""
        return f"{self._up}{STATIC}/{path}"

    def data(self, page: str) -> str:
        """See :class:`Links`."""
        path = page.partition("?")[0]
        return path.removesuffix(".html") + ".json"


class LiveLinks:
    """Links of ``gitreg ui``: the same places, below ``/`` and without ``.html``. All of them are the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LiveLinks)

    def __hash__(self) -> int:
        return hash(LiveLinks)

    def overview(self) -> str:
        """See :class:`Links`."""
        return "/"

    def model(self, name: str) -> str:
        """See :class:`Links`."""
        return f"/models/{quote(name)}/"

    def version(self, model: str, number: int) -> str:
        """See :class:`Links`."""
        return f"/models/{quote(model)}/{number}"

    def comparison(self, model: str, numbers: Sequence[int] = ()) -> str:
        """See :class:`Links`."""
        return f"/models/{quote(model)}/compare{_query('v', numbers)}"

    def history(self, page: int | None = None, filters: Mapping[str, str] | None = None) -> str:
        """See :class:`Links`."""
        asked = urlencode({name: text for name, text in (filters or {}).items() if text})
        return f"/history/{'' if page is None else page}{'?' if asked else ''}{asked}"

    def on(self, date: str | None = None) -> str:
        """See :class:`Links`."""
        return f"/on{_query('date', [date] if date else [])}"

    def problems(self) -> str:
        """See :class:`Links`."""
        return "/problems"

    def static(self, path: str) -> str:
        """See :class:`Links`."""
        return f"/{STATIC}/{path}"

    def data(self, page: str) -> str:
        """See :class:`Links`."""
        path, mark, query = page.partition("?")
        return f"{path}{'index' if path.endswith('/') else ''}.json{mark}{query}"


def _query(name: str, values: Sequence[object]) -> str:
    return f"?{urlencode([(name, value) for value in values])}" if values else ""
