"""What a request must be before anything of ours looks at it, and what each answer carries.

Only this machine can connect. Other pages in the person's browser can connect too, and so can other people of this machine:
the first are kept out by Host, Origin and the cookie, the others by the token of the first address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from gitreg.errors import GitregError, PolicyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from gitreg.web.sessions import Sessions

    Said = Callable[[Scope, int, GitregError], Response]

METHODS = ("GET", "HEAD", "POST")
FORM = "application/x-www-form-urlencoded"
STATIC = "/static/"
_MOST_BODY = 256 * 1024  # bytes
_MOST_ADDRESS = 4096  # bytes, path and query
TOO_LARGE = f"a form of more than {_MOST_BODY} bytes is not read"
_SAME = {"same-origin", "none"}  # none: the person typed it

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would hide the Origin of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


class _RefusedError(Exception):
    """A request that goes no further: the answer's status, and the sentence."""

    def __init__(self, status: int, error: GitregError) -> None:
        super().__init__(str(error))
        self.status, self.error = status, error


class Place(NamedTuple):
    """Where we listen: the port, and under which names a browser may ask for it."""

    port: int

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a Host header may say."""
        bare = ("127.0.0.1", "localhost") if self.port == 80 else ()
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}", *bare)

    @property
    def cookie(self) -> str:
        """The name of the cookie; a browser keeps the cookies of all ports of a host together."""
        return f"gitreg-{self.port}"


class Guard:
    """Lets requests through to *app* that are a person's, in the browser that came with the token."""

    def __init__(self, app: ASGIApp, place: Place, sessions: Sessions, said: Said) -> None:
        self._app, self._place, self._sessions, self._said = app, place, sessions, said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._otherwise(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = self._judged(scope)
        except _RefusedError as refused:
            answer = self._said(scope, refused.status, refused.error)
        if answer is not None:
            await answer(scope, receive, sent)
            return
        await self._app(scope, _limited(receive), sent)

    async def _otherwise(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    def _judged(self, scope: Scope) -> Response | None:
        """Return the answer that makes a browser known, None where it is known.

        Raises:
            _RefusedError: the request is none that we answer.
        """
        headers = Headers(scope=scope)
        if scope["method"] not in METHODS:
            raise _refused(405, "{method} is not answered here", method=scope["method"])
        if len(scope["raw_path"]) + len(scope["query_string"]) > _MOST_ADDRESS:
            raise _refused(414, "the address is longer than {most} bytes", most=_MOST_ADDRESS)
        self._from_us(scope["method"], headers)
        if scope["method"] == "POST":
            _sent_as_form(headers)
        if scope["path"].startswith(STATIC):  # our own files: they tell nothing of the registry
            return None
        query = parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
        token = dict(query).get("token")
        if token is not None and scope["method"] == "GET":
            return self._let_in(scope["path"], query, token)
        scope["cookie"] = cookie = _cookie(headers, self._place.cookie)
        if not self._sessions.known(cookie):
            raise _RefusedError(403, PolicyError("this browser did not come by the address that gitreg ui printed", hint="open the address that gitreg ui printed"))
        return None

    def _from_us(self, method: str, headers: Headers) -> None:
        """Raise unless a request is for us, and no page of others made it."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._place.hosts:
            raise _refused(421, "Host {host!r} is not where gitreg ui listens", host=", ".join(hosts)[:200])
        origins = headers.getlist("origin")
        if any(origin != f"http://{hosts[0].lower()}" for origin in origins) or (method == "POST" and not origins):
            raise _refused(403, "a page of {origin!r} may not ask this", origin=", ".join(origins)[:200] or "nobody")
        site = headers.get("sec-fetch-site", "same-origin")
        if method == "POST" and site not in _SAME:
            raise _refused(403, "a page of another site may not ask this")

    def _let_in(self, path: str, query: list[tuple[str, str]], token: str) -> Response:
        if not self._sessions.is_token(token):
            raise _RefusedError(403, PolicyError("this is not the token of this gitreg ui", hint="open the address that gitreg ui printed last"))
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        answer = RedirectResponse(_path(path) + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self._place.cookie, self._sessions.begin(), path="/", httponly=True, samesite="strict")
        return answer


def _refused(status: int, sentence: str, **facts: Any) -> _RefusedError:
    return _RefusedError(status, UsageError(sentence, **facts))


def _path(path: str) -> str:
    """Return *path* as a place on this host, whatever it begins with."""
    return "/" + path.lstrip("/\\")


def _sent_as_form(headers: Headers) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise _refused(415, "a form is sent as {wanted}, not as {kind!r}", wanted=FORM, kind=kind[:100])
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 12 or int(length) > _MOST_BODY:
        raise _refused(413, TOO_LARGE)


def _limited(receive: Receive) -> Receive:
    """Return *receive*, which gives up where a body that did not say its length is too long."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > _MOST_BODY:
            raise HTTPException(413, TOO_LARGE)
        return message

    return limited


def _cookie(headers: Headers, name: str) -> str:
    """Return the cookie *name*. Whatever else listens on this host has its own beside it, in whatever form: they spoil nothing."""
    pairs = (each.partition("=") for each in headers.get("cookie", "").split(";"))
    return next((value.strip() for found, _, value in pairs if found.strip() == name), "")
