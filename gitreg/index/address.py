"""Addresses of indexes: told from those of repositories by their last segment, and never by asking."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from gitreg.errors import UsageError


class Address(NamedTuple):
    """Where an index lies: *base* ends in ``/`` and holds no password; *credentials* are what stood before the ``@``, empty where nothing did."""

    base: str
    credentials: str
    secure: bool

    def of(self, path: str) -> str:
        """Return the address of the file at *path* of the index."""
        return self.base + quote(path, safe="/@")


def parsed(url: str) -> Address:
    """Return the address that *url* is: of a folder ``index``, or of ``index.json`` in any.

    Raises:
        UsageError: it is none.
    """
    plain = url.isascii() and url.isprintable() and " " not in url and '"' not in url and "\\" not in url
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, plain = None, False
    if not plain or not host or parts.query or parts.fragment:
        raise UsageError("{url!r} is no address of an index: it is like https://example.org/index", url=_shown(url))
    folder = parts.path.removesuffix("/index.json").rstrip("/") if parts.path.endswith("/index.json") else parts.path.rstrip("/")
    user, _, _ = parts.netloc.rpartition("@")
    scheme = parts.scheme.lower()
    return Address(f"{scheme}://{parts.netloc.rpartition('@')[2].lower()}{folder}/", unquote(user), scheme == "https")


def _shown(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
