"""What a forge answers, made into records or into one clear sentence. Pure: how it was asked is ``http.py`` and ``tools.py``.

An answer may come from anybody: it is cut, its control characters are escaped, and the token does not stand in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from gitreg.errors import BusyError, GitregError, NotFoundError, PolicyError
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitreg.forges.base import Place

T = TypeVar("T")
Number = Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
Commit = Annotated[str, msgspec.Meta(pattern=r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")]
Url = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://[!-~]{1,2000}\Z")]
_WORDS = 300
_PAGES = 100
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')
_SCOPES = {
    "github": "a classic token needs the scope repo; a fine-grained one Pull requests: write, and Contents, Actions and Commit statuses: read; a job of Actions also checks: read",
    "gitlab": "the token needs the scope api and the role Developer",
    "gitea": "the token needs write:repository and write:issue, and read:user",
}


class Answer(NamedTuple):
    """What came back: a status, headers with names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class UnsureError(BusyError):
    """A request broke off after it was sent: it may have taken effect."""


class Line(Protocol):
    """A way to ask a forge: over HTTP with a token, or through the person's own tool. *secret* is what must never be said; *patience* is in seconds."""

    place: Place
    credential: str
    secret: str
    patience: float

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """Return the answer to one request for *path* below the API address; waits and tries again where that is safe.

        Raises:
            UnsureError: it broke off, and a change may have been made.
            BusyError: the forge cannot be reached, or asks to wait longer than we do.
        """


class DuplicateError(Exception):
    """The forge refused with a status that may mean that there is one already."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


def ask(line: Line, method: str, path: str, shape: type[T], sent: Mapping[str, Any] | None = None, *, duplicate: tuple[int, ...] = ()) -> T:
    """Return what the forge answers to a request, as *shape*; a status of *duplicate* is a :class:`DuplicateError` for the caller to settle.

    Raises:
        PolicyError: the token, or what was asked, is refused.
        NotFoundError: it is not there, or the token may not see it.
        BusyError: out of order, or the answer is not what such a forge answers.
    """
    return decoded(line, method, path, _asked(line, method, path, sent, duplicate), shape)


def each(line: Line, path: str, shape: type[T]) -> Iterator[T]:
    """Yield every page of a list; a list that does not end is an error, not a short list.

    Raises:
        BusyError, PolicyError, NotFoundError: see :func:`ask`.
    """
    here = path
    for _ in range(_PAGES):
        answer = _asked(line, "GET", here, None, ())
        yield decoded(line, "GET", path, answer, shape)
        following = _following(path, answer)
        if following is None:
            return
        here = following
    raise BusyError("{host} has more than {pages} pages of {path}", host=name(line), pages=_PAGES, path=_bare(path))


def decoded(line: Line, method: str, path: str, answer: Answer, shape: type[T]) -> T:
    """Return the body of *answer* as *shape*.

    Raises:
        BusyError: it is something else.
    """
    try:
        return msgspec.json.decode(answer.data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = "text, not JSON" if answer.headers.get("content-type", "").startswith("text/") else tamed(line, str(error))
        raise BusyError(
            "{host} does not answer {method} {path} as {kind} does: {what}",
            host=name(line), method=method, path=_bare(path), kind=line.place.kind, what=what, hint="git config gitreg.forge",
        ) from None  # fmt: skip


def refused(line: Line, method: str, path: str, answer: Answer) -> GitregError:
    """Return the error that a status of 300 or more becomes."""
    facts: dict[str, Any] = {"host": name(line), "credential": line.credential, "said": said(line, answer), "asked": f"{method} {_bare(path)}", "status": answer.status}
    if answer.status == 401:
        return PolicyError("{host} refuses {credential}: {said}", hint="a token that has expired or was revoked must be made anew", **facts)
    if answer.status == 403:
        return PolicyError("{host} does not allow {asked} with {credential}: {said}", hint=_SCOPES[line.place.kind], **facts)
    if answer.status in (404, 410):
        return NotFoundError("{host} has no {path}, or {credential} may not see it: {said}", path=_bare(path), hint=_SCOPES[line.place.kind], **facts)
    if answer.status < 400:
        return PolicyError("{host} sends {asked} to {other}, and {credential} is not taken there", other=_other(line, answer), hint="git remote set-url", **facts)
    if answer.status < 500:
        return PolicyError("{host} refuses {asked} ({status}): {said}", **facts)
    return BusyError("{host} is out of order, it answers {asked} with {status}: {said}", hint="try again later", **facts)


def said(line: Line, answer: Answer) -> str:
    """Return the forge's own words for a refusal, in one short line."""
    try:
        words = msgspec.json.decode(answer.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "no reason is given"
    return tamed(line, "; ".join(_texts(words))) or "no reason is given"


def tamed(line: Line, text: str) -> str:
    """Return strangers' *text* as one short line without the token."""
    text = text.replace(line.secret, "***") if line.secret else text
    one = " ".join(text[: 4 * _WORDS].split())
    return shown(one if len(one) <= _WORDS else f"{one[:_WORDS]}…")


def query(path: str, **asked: str | int) -> str:
    """Return *path* with a query."""
    return f"{path}?{urlencode(asked)}"


def name(line: Line) -> str:
    """Return the host that is spoken to."""
    return urlsplit(line.place.api).netloc


def _asked(line: Line, method: str, path: str, sent: Mapping[str, Any] | None, duplicate: tuple[int, ...]) -> Answer:
    answer = line.send(method, path, None if sent is None else msgspec.json.encode(sent))
    if answer.status in duplicate:
        raise DuplicateError(answer)
    if not 200 <= answer.status < 300:
        raise refused(line, method, path, answer)
    return answer


def _texts(words: Any, depth: int = 0) -> Iterator[str]:
    """Yield what a refusal says: ``message``, and of ``errors`` the texts that are there."""
    if isinstance(words, str):
        yield words
    elif isinstance(words, list) and depth < 4:
        for one in words[:5]:
            yield from _texts(one, depth + 1)
    elif isinstance(words, dict) and depth < 4:
        known = [words[key] for key in ("message", "error", "error_description", "errors") if words.get(key)]
        for one in known or ([f"{words.get('field', '')} {words['code']}"] if isinstance(words.get("code"), str) else list(words.values())[:5]):
            yield from _texts(one, depth + 1)


def _following(path: str, answer: Answer) -> str | None:
    """Return *path* at the next page: of the link only its query is taken, so that it leads nowhere else."""
    found = _NEXT.search(answer.headers.get("link", ""))
    return f"{path.partition('?')[0]}?{found[1].partition('?')[2]}" if found else None


def _other(line: Line, answer: Answer) -> str:
    try:
        return tamed(line, urlsplit(answer.headers.get("location", "")).netloc) or "another address"
    except ValueError:
        return "another address"


def _bare(path: str) -> str:
    return shown(path.partition("?")[0])
