"""Who may look and who may write: the token of the first address, a browser's cookie, and what it was shown.

All of it is in memory, and gone when the process ends. Secrets are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import Any

_MOST = 50  # browsers at once, and what one of them has open to be confirmed, or was told; the oldest goes
_BYTES = 32


class Session:
    """One browser: what it was shown and may confirm once, and what it was told of what was done."""

    def __init__(self) -> None:
        self.offers: dict[str, Any] = {}
        self.results: dict[str, Any] = {}


class Sessions:
    """The browsers that came with the token. It may be used by several threads at once.

    ``invitation`` is good for one browser: the one that we open is told by its arguments, which all people of a machine can read.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(_BYTES)
        self.invitation = secrets.token_urlsafe(_BYTES)
        self._key = secrets.token_bytes(_BYTES)
        self._sessions: dict[str, Session] = {}
        self._turn = threading.Lock()

    def is_token(self, given: str) -> bool:
        """Tell whether *given* is the token of the first address, or the invitation, which is void then."""
        with self._turn:
            invited = bool(self.invitation) and _same(given, self.invitation)
            self.invitation = "" if invited else self.invitation
        return invited or _same(given, self.token)

    def begin(self) -> str:
        """Return the cookie of a new browser."""
        cookie = secrets.token_urlsafe(_BYTES)
        with self._turn:
            _put(self._sessions, _digest(cookie), Session())
        return cookie

    def known(self, cookie: str) -> bool:
        """Tell whether a browser came with the token before; cookies are looked up by digest, which tells nothing by its time."""
        with self._turn:
            return _digest(cookie) in self._sessions

    def form_token(self, cookie: str) -> str:
        """Return what a form of this browser's pages carries: it asks what a change would be, and changes nothing."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, cookie: str, given: str) -> bool:
        """Tell whether *given* is what the forms of this browser carry."""
        return _same(given, self.form_token(cookie))

    def offered(self, cookie: str, what: Any) -> str:
        """Return a ticket with which this browser, and no other, may confirm *what* it was shown, once."""
        return self._kept(cookie, "offers", what)

    def taken(self, cookie: str, ticket: str) -> Any:
        """Return what a ticket stands for, and make it void; None where this browser has no such ticket, or no longer."""
        with self._turn:
            session = self._sessions.get(_digest(cookie))
            return session.offers.pop(ticket, None) if session else None

    def told(self, cookie: str, result: Any) -> str:
        """Return the name under which this browser is told what was done."""
        return self._kept(cookie, "results", result)

    def result(self, cookie: str, name: str) -> Any:
        """Return what was done under that name, or None."""
        with self._turn:
            session = self._sessions.get(_digest(cookie))
            return session.results.get(name) if session else None

    def _kept(self, cookie: str, kind: str, what: Any) -> str:
        name = secrets.token_urlsafe(_BYTES)
        with self._turn:
            session = self._sessions.get(_digest(cookie))
            if session:
                _put(getattr(session, kind), name, what)
        return name


def _put(kept: dict[str, Any], key: str, value: Any) -> None:
    if len(kept) >= _MOST:
        kept.pop(next(iter(kept)))
    kept[key] = value


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
