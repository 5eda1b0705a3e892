"""The files of one index, asked for when they are needed: what was heard is kept, revalidated, and used where the server is away.

Nothing but a proper answer displaces one. That a file is gone counts only if the index itself says so too: a server that
answers 404 to everything has lost its files, not its models.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import warned
from gitreg.errors import BusyError, InvalidError, NotFoundError, StaleWarning
from gitreg.index import files, http
from gitreg.index.files import StrangeError
from gitreg.index.http import BrokenError
from gitreg.index.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.errors import GitregError
    from gitreg.index.address import Address

    Decode = Callable[[bytes], Any]

_PAUSE = 5.0  # seconds after a failure in which what is known is used unasked: a service does not hang on a server that is away
_MOST_HELD = 20_000  # files
_TURNS = 64
_FORBIDDEN = 403
_GONE = (_FORBIDDEN, 404, 410)  # a bucket that may be read but not listed says 403 of what is not there
_AGES = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


class GoneError(Exception):
    """The server has no such file, or *forbids* it."""

    def __init__(self, *, forbids: bool) -> None:
        self.forbids = forbids
        super().__init__()


class _Held(NamedTuple):
    """What a file said: *until* which tick it counts without asking, and *at* which second since 1970 it was heard or confirmed."""

    etag: str
    said: Any
    until: float
    at: float


class Asked:
    """The files of the index at *address*; with *fetch* False none is asked for, and what was heard last counts.

    *clock* gives seconds since 1970, *ticks* seconds that only go forward.
    """

    def __init__(self, address: Address, clock: Callable[[], float], *, fetch: bool = True, ticks: Callable[[], float] = time.monotonic) -> None:
        self._address, self._fetch, self._clock, self._ticks = address, fetch, clock, ticks
        self._kept, self._line = Kept(address.base), http.Line(address)
        self._held: dict[str, _Held] = {}
        self._away, self._warned = float("-inf"), False
        self._turns, self._process = _turns(), os.getpid()

    def file(self, path: str, decode: Decode, *, now: bool = False) -> Any:
        """Return what the file at *path* says, as *decode* reads it; with *now* the server is asked whatever it said before.

        Raises:
            GoneError: the server has none.
            NotFoundError: it must not be asked, and nothing was heard before.
            InvalidError: it answers what no index says, and nothing was heard before.
            BusyError: it cannot be reached, and nothing was heard before.
        """
        held = self._held.get(path)
        if held is not None and not now and self._ticks() < held.until:
            return held.said
        with self._turn(path):
            held = self._held.get(path)
            if held is not None and not now and self._ticks() < held.until:
                return held.said  # another thread has asked meanwhile
            return self._said(path, decode, held or self._last(path, decode), now=now)

    def forget(self, path: str) -> None:
        """Keep nothing of the file at *path* any longer."""
        self._held.pop(path, None)
        self._kept.forget(path)

    def certainly(self, path: str, decode: Decode) -> Any:
        """Return what the server says now of the file at *path*; None where it gives no answer that counts, or has no such file."""
        with self._turn(path):
            try:
                return self._hold(path, self._heard(path, decode, self._held.get(path) or self._last(path, decode)))
            except (GoneError, BrokenError):
                return None

    def instead(self, path: str, decode: Decode, why: str, error: GitregError) -> Any:
        """Return what the file at *path* said last, with a warning that says *why*; raise *error* where nothing was heard before."""
        held = self._held.get(path) or self._last(path, decode)
        if held is None:
            raise error
        return self._stale(held, BrokenError(why))

    def _turn(self, path: str) -> threading.Lock:
        """Return the lock of those who ask for *path*; after a fork others than before, for who held one is not here."""
        if self._process != os.getpid():
            self._turns, self._process = _turns(), os.getpid()
        return self._turns[hash(path) % _TURNS]

    def _last(self, path: str, decode: Decode) -> _Held | None:
        """Return what was kept on disk, if it can be read."""
        last = self._kept.last(path)
        try:
            return _Held(last.etag, decode(last.body), 0.0, last.at) if last else None
        except StrangeError:
            return None

    def _said(self, path: str, decode: Decode, held: _Held | None, *, now: bool) -> Any:
        if not self._fetch:
            if held is None:
                raise NotFoundError("nothing of this was fetched from {url} yet", url=self._address.base, hint="leave --no-fetch out")
            return self._hold(path, held._replace(until=float("inf")))
        if held is not None and not now and self._ticks() < self._away:
            return held.said
        try:
            return self._hold(path, self._heard(path, decode, held))
        except BrokenError as broken:
            return self._stale(held, broken)

    def _heard(self, path: str, decode: Decode, held: _Held | None) -> _Held:
        answer = self._line.ask(path, held.etag if held else "", files.LARGEST_BOARD if path == files.BOARD else files.LARGEST)
        until, at = self._ticks() + answer.fresh, self._clock()
        if answer.status == 200:
            heard = _Held(answer.etag, _read(decode, answer.body), until, at)
            self._kept.keep(path, answer.etag, answer.body)
        elif answer.status == 304 and held is not None:
            if not self._kept.confirm(path, held.etag):
                return self._heard(path, decode, None)  # back at what it was: the disk shall have that too, for whoever starts when the server is away
            heard = held._replace(until=until, at=at)
        elif answer.status in _GONE:
            raise GoneError(forbids=answer.status == _FORBIDDEN)
        else:
            raise BrokenError(f"it answers with status {answer.status}")
        self._away, self._warned = float("-inf"), False
        return heard

    def _hold(self, path: str, heard: _Held) -> Any:
        while len(self._held) >= _MOST_HELD and path not in self._held:
            for oldest in list(self._held)[: 1 + _MOST_HELD // 10]:  # a copy: other threads hold and forget meanwhile
                self._held.pop(oldest, None)
        self._held[path] = heard
        return heard.said

    def _stale(self, held: _Held | None, broken: BrokenError) -> Any:
        if held is None:
            if broken.strange:
                raise InvalidError(f"{self._address.base} is no index that can be read: {broken.why}", hint="the address of a folder that gitreg export wrote")
            raise BusyError("{url} gives no answer: {why}", url=self._address.base, why=broken.why, hint="try again later")
        self._away = self._ticks() + _PAUSE
        if not self._warned:
            self._warned = True
            warned.warn(f"{self._address.base} gives no answer ({broken.why}): what it said {_ago(self._clock() - held.at)} is used", StaleWarning)
        return held.said


def _turns() -> tuple[threading.Lock, ...]:
    """Return locks that paths share: as many as there are, whatever is asked for."""
    return tuple(threading.Lock() for _ in range(_TURNS))


def _read(decode: Decode, body: bytes) -> Any:
    try:
        return decode(body)
    except StrangeError:
        raise BrokenError("its answer is not what an index says", strange=True) from None


def _ago(seconds: float) -> str:
    """Return how long ago something was, roughly."""
    name, unit = next((each for each in _AGES if seconds >= each[1]), _AGES[-1])
    count = max(0, int(seconds // unit))
    return f"{count} {name}{'' if count == 1 else 's'} ago"
