"""HTTP answers that must come within a time, first line and headers too: the standard library's limits are for each piece alone."""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib import request

if TYPE_CHECKING:
    import socket

PATIENCE = 10.0  # seconds without a sign of life
LONGEST = 30.0  # seconds for an answer, from its first sign to its last


class EndlessError(OSError):
    """An answer takes too long as a whole, although there is a sign of life now and then."""


class _Bounded(io.RawIOBase):
    """What a socket hears, until it is too late: not the status, not a header, not the end of a body is waited for any longer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._heard = sock, sock.makefile("rb", buffering=0)
        self._until = time.monotonic() + LONGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise EndlessError
        self._sock.settimeout(min(PATIENCE, left))
        try:
            return self._heard.readinto(buffer)
        except TimeoutError:
            raise (TimeoutError if left > PATIENCE else EndlessError) from None

    def close(self) -> None:
        self._heard.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that is read within its time."""

    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Bounded(sock))


class _Timed(request.AbstractHTTPHandler):
    """Makes connections whose answers are read within their time."""

    def do_open(self, http_class: Any, req: request.Request, **named: Any) -> HTTPResponse:
        """Ask for *req*; see :class:`urllib.request.AbstractHTTPHandler`."""

        def connection(host: str, **others: Any) -> Any:
            made = http_class(host, **others)
            made.response_class = _Response
            return made

        found: HTTPResponse = super().do_open(connection, req, **named)
        return found


class Plain(_Timed, request.HTTPHandler):
    """Asks over http."""


class Encrypted(_Timed, request.HTTPSHandler):
    """Asks over https."""
