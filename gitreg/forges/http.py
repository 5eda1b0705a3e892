"""Ask a forge over HTTP, with patience and without leaks: the only importer of requests, late."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from gitreg.errors import BusyError, UsageError
from gitreg.forges.answers import Answer, UnsureError, name, said
from gitreg.forges.places import loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    from gitreg.forges.base import Place
    from gitreg.forges.tokens import Token

PATIENCE = 60.0  # seconds for one question, waits and all
_CONNECT, _READ = 10.0, 30.0  # seconds without a sign of life
_LEAST = 2.0  # seconds that an answer may take which was asked for while there was patience
_LARGEST = 16 << 20  # bytes of an answer; a hundred pull requests with bodies of 64 KiB are less than half of that
_PIECE = 1 << 14
_TRIES, _FIRST, _SLOWEST = 8, 0.5, 10.0  # urllib3 tries the first time at once, then waits twice as long each time
_HOPS = 3
_MOVED = (301, 302, 303, 307, 308)
_ACCEPT = {"github": "application/vnd.github+json", "gitlab": "application/json", "gitea": "application/json"}


class Http:
    """A :class:`~gitreg.forges.answers.Line` over HTTP; *patience* is how many seconds one question may take."""

    def __init__(self, place: Place, token: Token, patience: float = PATIENCE) -> None:
        self.place, self.patience = place, patience
        self.credential, self.secret = f"the token of {token.variable}", token.secret
        self._watch = _Watch()
        self._session = _session(place, token, self._watch)

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """See :meth:`~gitreg.forges.answers.Line.send`. What only reads or sets is tried again; a POST never was, once it may have been heard."""
        left, until = _retry(), time.monotonic() + self.patience
        while True:
            try:
                answer = self._followed(method, path, body, until)
            except _BrokenError as broken:
                if (method == "POST" and broken.sent) or not self._waits(left.get_backoff_time(), left, until):
                    raise self._gone(method, broken) from None
            else:
                if method == "POST" and answer.status >= 500:
                    raise UnsureError("{host} broke off with {status}: {said}", host=name(self), status=answer.status, said=said(self, answer))
                pause = _asked_to_wait(answer)
                if pause is None and answer.status < 500:
                    return answer
                if not self._waits(left.get_backoff_time() if pause is None else pause, left, until):
                    return self._given_up(answer, pause)
            left = left.increment(method, path)

    def _waits(self, seconds: float, left: Retry, until: float) -> bool:
        """Wait, and tell whether another try is due; False at once where the wait or the tries would be too many."""
        if left.is_exhausted() or left.total == 0 or time.monotonic() + seconds > until:
            return False
        time.sleep(seconds)
        return True

    def _given_up(self, answer: Answer, pause: float | None) -> Answer:
        if pause is None or answer.status >= 500:
            return answer
        raise BusyError(
            "{host} asks to wait {seconds:.0f} s before the next question, {credential} has asked too often: {said}",
            host=name(self), seconds=pause, credential=self.credential, said=said(self, answer), hint="try again then",
        )  # fmt: skip

    def _gone(self, method: str, broken: _BrokenError) -> BusyError:
        facts = {"host": name(self), "why": broken.why}
        if method == "POST" and broken.sent:
            return UnsureError("{host} broke off, {why}", **facts)
        return BusyError("{host} cannot be reached: {why}", hint="try again later", **facts)

    def _followed(self, method: str, path: str, body: bytes | None, until: float) -> Answer:
        """Return the answer, after redirects that stay at the same host: a repository that was renamed has one."""
        url = f"{self.place.api}/{path}"
        for _ in range(_HOPS):
            answer = self._once(method, url, body, until)
            target = urljoin(url, answer.headers.get("location", "")) if answer.status in _MOVED else ""
            same = urlsplit(target)[:2] == urlsplit(self.place.api)[:2] and "location" in answer.headers
            if not same or (method != "GET" and answer.status not in (307, 308)):
                return answer
            url = target
        return answer

    def _once(self, method: str, url: str, body: bytes | None, until: float) -> Answer:
        left = max(until - time.monotonic(), _LEAST)
        waits = (min(_CONNECT, left), min(_READ, left))
        with self._watch.within(left), _broken_off(*waits), self._session.request(method, url, data=body, stream=True, allow_redirects=False, timeout=waits) as heard:
            data = bytearray()
            for piece in heard.iter_content(_PIECE):
                data += piece
                if len(data) > _LARGEST:
                    raise BusyError("{host} answers with more than {most} MiB", host=name(self), most=_LARGEST >> 20)
            return Answer(heard.status_code, {key.lower(): value for key, value in heard.headers.items()}, bytes(data))


class _BrokenError(Exception):
    """The connection ended, for a reason in words; *sent* where the forge may have heard the question."""

    def __init__(self, why: str, *, sent: bool) -> None:
        self.why, self.sent = why, sent
        super().__init__(why)


class _Watch:
    """The connections of a session, which it shuts when a question has taken too long: timeouts of sockets end only where nothing at all comes.

    Each socket is held a second time, for the first one is urllib3's, and is another object once it is encrypted.
    """

    def __init__(self) -> None:
        self._held: list[tuple[weakref.ref[Any], socket.socket]] = []
        weakref.finalize(self, _let_go, self._held)

    def hold(self, connection: Any, sock: socket.socket) -> None:
        """Let *sock* of a *connection* be shut by :meth:`within`."""
        self._held.append((weakref.ref(connection), sock.dup()))

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shut every connection once *seconds* are over; that is a :class:`_BrokenError` then, however far the answer came."""
        over = threading.Event()
        timer = threading.Timer(seconds, self._shut, (over,))
        timer.daemon = True
        timer.start()
        try:
            yield
        except _BrokenError as broken:
            raise (_BrokenError(_endless(seconds), sent=True) if over.is_set() and broken.sent else broken) from None
        finally:
            timer.cancel()
            timer.join()
            _let_go(self._held, closed=True)
        if over.is_set():
            raise _BrokenError(_endless(seconds), sent=True)

    def _shut(self, over: threading.Event) -> None:
        over.set()
        for _, sock in tuple(self._held):
            with contextlib.suppress(OSError):  # it is closed already
                sock.shutdown(socket.SHUT_RDWR)


def _let_go(held: list[tuple[weakref.ref[Any], socket.socket]], *, closed: bool = False) -> None:
    """Close what is held of all connections, or of those that are *closed*."""
    for each in tuple(held):
        connection = each[0]()
        if not closed or connection is None or connection.sock is None:
            each[1].close()
            held.remove(each)


def _endless(seconds: float) -> str:
    return f"the answer does not end within {seconds:.0f} s"


def _watched(watch: _Watch) -> HTTPAdapter:
    """Return requests' way to connect, with sockets that *watch* holds."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

    def pool(plain: Any) -> Any:
        class Connection(plain.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                sock: socket.socket = super()._new_conn()
                watch.hold(self, sock)
                return sock

        return type(plain.__name__, (plain,), {"ConnectionCls": Connection})

    pools = {"http": pool(HTTPConnectionPool), "https": pool(HTTPSConnectionPool)}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **facts: Any) -> None:
            super().init_poolmanager(*args, **facts)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **facts: Any) -> Any:
            made = super().proxy_manager_for(*args, **facts)
            made.pool_classes_by_scheme = pools
            return made

    return Adapter()


@contextlib.contextmanager
def _broken_off(connect: float, read: float) -> Iterator[None]:
    """Make requests' many errors into one; their texts hold addresses and Python, so they are not passed on."""
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError

    try:
        yield
    except exceptions.SSLError as error:
        unknown = "certificate verify failed" in str(error).lower()
        raise _BrokenError("its certificate is not trusted" if unknown else "the encrypted connection broke", sent=not unknown) from None
    except exceptions.ConnectTimeout:
        raise _BrokenError(f"no connection within {connect:.0f} s", sent=False) from None
    except exceptions.ProxyError:
        raise _BrokenError("the proxy does not let it through", sent=False) from None
    except exceptions.Timeout:
        raise _BrokenError(f"nothing was heard for {read:.0f} s", sent=True) from None
    except exceptions.ConnectionError as error:
        unheard = isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)
        raise _BrokenError("no connection can be made" if unheard else "the connection was closed", sent=not unheard) from None
    except exceptions.RequestException:
        raise _BrokenError("the answer broke off", sent=True) from None


def _asked_to_wait(answer: Answer) -> float | None:
    """Return how many seconds the forge asks to wait, by any of the ways that they say it; None where it does not.

    "Rate limits for the REST API" of GitHub: 403 or 429, with ``retry-after``, or ``x-ratelimit-reset`` once nothing remains. GitLab and Gitea say 429.
    """
    spent = answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining")) == "0"
    secondary = answer.status == 403 and b"secondary rate limit" in answer.data[:4096]
    if answer.status not in (403, 429, 503) or (answer.status == 403 and not (spent or secondary or "retry-after" in answer.headers)):
        return None
    after = answer.headers.get("retry-after", "")
    if after.strip().isascii() and after.strip().isdigit():
        return float(after.strip()[:9])
    until_reset = _until(answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", "")), answer) if spent else None
    return until_reset if until_reset is not None else None if answer.status == 503 else PATIENCE if secondary else 1.0


def _until(moment: str, answer: Answer) -> float | None:
    """Return how long it is until a *moment* in seconds since 1970, by the forge's own clock."""
    try:
        return max(0.0, float(int(moment[:12])) - parsedate_to_datetime(answer.headers["date"]).timestamp())
    except (ValueError, KeyError, TypeError):
        return None


def _retry() -> Retry:
    from urllib3.util import Retry

    return Retry(total=_TRIES, allowed_methods=None, backoff_factor=_FIRST, backoff_max=_SLOWEST, backoff_jitter=0.1)


def _session(place: Place, token: Token, watch: _Watch) -> requests.Session:
    """Return a session that says the token to this place alone: no netrc, no proxy on the way to this machine.

    Raises:
        UsageError: requests is not installed.
    """
    try:
        import requests
    except ModuleNotFoundError:
        raise UsageError("speaking to {host} needs the Python package requests", host=urlsplit(place.api).netloc, hint="pip install requests") from None
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _watched(watch))
    session.trust_env = not loopback(place.api)
    session.headers.update({"User-Agent": "gitreg", "Accept": _ACCEPT[place.kind], "Content-Type": "application/json"})
    if place.kind == "github":
        session.headers["X-GitHub-Api-Version"] = "2022-11-28"

    def signed(request: Any) -> Any:  # given as auth, so that requests looks into no netrc
        request.headers["Authorization"] = f"{'token' if place.kind == 'gitea' else 'Bearer'} {token.secret}"
        return request

    session.auth = signed
    return session
