"""Ask an HTTP server for one small file: with the standard library, over http and https alone.

With ``timed.py`` the only importer of ``urllib.request``, ``http.client`` and ``ssl``. Redirects are few and never leave encryption, a password goes to the
host that it was given for, an answer has a largest size and a time in which it must come, and no text of a server is passed on.
"""

from __future__ import annotations

import re
import ssl
from base64 import b64encode
from hashlib import new as new_hash
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple
from urllib import request
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit

from gitreg.index import timed

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from gitreg.index.address import Address

_PIECE = 1 << 16  # bytes
_HOPS = 3
_MOVED = (301, 302, 303, 307, 308)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,200}"')
_BLOB = re.compile(r'(?:W/)?"([0-9a-f]{40}|[0-9a-f]{64})"')
_ALGORITHMS = {40: "sha1", 64: "sha256"}  # of git ids, by length
_AGE = re.compile(r"(?:^|[ ,])max-age=\"?(\d{1,9})")
_NEVER = re.compile(r"(?:^|[ ,])no-(?:cache|store)\b")
_MOST_AGE = 86_400  # seconds: whoever says a year has not thought of a promotion
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BrokenError(Exception):
    """There is no answer that counts, for a reason in words; *strange* where one came that no index gives."""

    def __init__(self, why: str, *, strange: bool = False) -> None:
        self.why, self.strange = why, strange
        super().__init__(why)


class Answer(NamedTuple):
    """A server's answer: *body* is empty unless the status is 200, *fresh* is how many seconds it may be used without asking again."""

    status: int
    etag: str
    fresh: float
    body: bytes = b""


class Line:
    """What asks the server of one index. It keeps nothing open, and may be used by several threads at once, and after a fork."""

    def __init__(self, address: Address) -> None:
        self._address = address
        opener = request.OpenerDirector()
        handlers: list[request.BaseHandler] = [timed.Plain(), timed.Encrypted(context=ssl.create_default_context() if address.secure else None)]
        if urlsplit(address.base).hostname not in _LOOPBACK:
            handlers.insert(0, request.ProxyHandler())
        for handler in handlers:
            opener.add_handler(handler)
        self._opener = opener

    def ask(self, path: str, etag: str, most: int) -> Answer:
        """Return the answer for a file of the index, 304 where it is still the one with *etag* (empty for none), of *most* bytes.

        Raises:
            BrokenError: the server cannot be reached, or its answer does not count.
        """
        url = self._address.of(path)
        try:
            for _ in range(_HOPS):
                with self._asked(url, etag) as heard:
                    if heard.status not in _MOVED:
                        return _answer(heard, etag, most)
                    url = self._followed(url, heard.headers.get("Location", ""))
        except (OSError, HTTPException, ValueError) as error:
            raise BrokenError(_why(error)) from None
        raise BrokenError("it sends from one address to the next", strange=True)

    def _asked(self, url: str, etag: str) -> HTTPResponse:
        headers = {"User-Agent": "gitreg", "Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        if self._address.credentials and urlsplit(url)[:2] == urlsplit(self._address.base)[:2]:
            headers["Authorization"] = "Basic " + b64encode(self._address.credentials.encode()).decode()
        found: HTTPResponse = self._opener.open(request.Request(url, headers=headers), timeout=timed.PATIENCE)  # noqa: S310 - the opener knows http and https alone
        return found

    def _followed(self, url: str, location: str) -> str:
        """Return where a redirect leads, if that is a place to follow it to."""
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
        if not location or not target.isascii() or not target.isprintable() or scheme not in ("http", "https") or (scheme == "http" and urlsplit(url).scheme == "https"):
            raise BrokenError("it sends to an address that is not followed", strange=True)
        return target


def _answer(heard: HTTPResponse, etag: str, most: int) -> Answer:
    tag = heard.headers.get("ETag", "")
    answer = Answer(heard.status, tag if _ETAG.fullmatch(tag) else "", _fresh(heard))
    if answer.status == 304 and not etag:
        raise BrokenError("it answers 304 to who has nothing yet", strange=True)
    if answer.status != 200:
        return answer
    body = _body(heard, most)
    return answer._replace(body=body, etag="" if _is_of_another(answer.etag, body) else answer.etag)


def _is_of_another(etag: str, body: bytes) -> bool:
    """Tell whether an ETag is the id of a blob, and not of *body*: of a list that is not read yet, and asked with it a server would take one file for the other."""
    said = _BLOB.fullmatch(etag)
    return said is not None and said[1] != new_hash(_ALGORITHMS[len(said[1])], b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def _body(heard: HTTPResponse, most: int) -> bytes:
    data, told = bytearray(), heard.length or 0
    while piece := heard.read1(_PIECE):
        data += piece
        if len(data) > most:
            raise BrokenError(f"it answers with more than {most >> 20} MiB", strange=True)
    if len(data) < told:
        raise BrokenError("its answer broke off")
    return bytes(data)


def _fresh(heard: HTTPResponse) -> float:
    """Return for how many seconds an answer counts as new, by its ``Cache-Control`` and how long a cache has had it."""
    said = ",".join(heard.headers.get_all("Cache-Control", [])).lower()
    found = _AGE.search(said)
    if found is None or _NEVER.search(said):
        return 0.0
    age = heard.headers.get("Age", "").strip()
    return float(max(0, min(int(found[1]), _MOST_AGE) - (int(age) if re.fullmatch(r"[0-9]{1,9}", age) else 0)))


def _why(error: Exception) -> str:
    """Return an error of the standard library in words of our own: its text may hold the server's."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(cause, timed.EndlessError):
        return f"its answer does not end within {timed.LONGEST:.0f} s"
    if isinstance(cause, TimeoutError):
        return f"nothing was heard for {timed.PATIENCE:.0f} s"
    if isinstance(cause, ConnectionRefusedError):
        return "no connection can be made"
    return "the connection broke off" if isinstance(cause, (ConnectionError, HTTPException, ssl.SSLError)) else "it cannot be found" if isinstance(cause, OSError) else "its answer is no HTTP"
