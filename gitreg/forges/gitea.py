"""Gitea and Forgejo, Codeberg among them: their pull requests over REST, interface v1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct, structs

from gitreg.errors import NotFoundError, PolicyError
from gitreg.forges import answers
from gitreg.forges.answers import Commit, Number, Url  # noqa: TC001 - msgspec reads them when it decodes
from gitreg.forges.base import Pull
from gitreg.forges.making import once, title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.forges.answers import Line
    from gitreg.forges.base import Proposal

    Checks = Literal["passing", "failing", "pending", "none"]
    Review = Literal["approved", "changes-requested", "waiting"]

_ACTIONS = -2  # the user that a token of Actions acts as, in Gitea and Forgejo
_MOST = 50  # items a page, the usual limit of a server


class _User(Struct):
    login: str
    id: int = 0


class _Repository(Struct):
    full_name: str


class _End(Struct):
    ref: str
    sha: Commit
    repo: _Repository | None = None


class _Pull(Struct):
    number: Number
    html_url: Url
    title: str
    state: Literal["open", "closed"]
    head: _End
    base: _End
    user: _User | None = None
    draft: bool = False
    merged: bool = False
    merge_commit_sha: Commit | None = None
    updated_at: str | None = None


class _Review(Struct):
    state: str
    user: _User | None = None
    dismissed: bool = False
    official: bool = False
    stale: bool = False
    commit_id: str = ""


class _Status(Struct):
    state: str = ""
    total_count: int = 0


class _Comment(Struct):
    id: int
    html_url: Url
    body: str = ""
    user: _User | None = None


class Gitea:
    """A repository at Gitea or Forgejo; see :class:`~gitreg.forges.base.Forge`."""

    def __init__(self, line: Line) -> None:
        self.line, self.place = line, line.place
        self._repository = f"repos/{quote(self.place.path)}"

    def pulls(self, base: str, prefix: str = "") -> Iterator[Pull]:
        """See :meth:`Forge.pulls`. Not every server filters and sorts, so that is done here."""
        fit = (one for one in self._open() if one.base.ref == base and one.head.ref.startswith(prefix))
        yield from map(self._judged, sorted(fit, key=lambda one: -one.number))

    def pull(self, number: int) -> Pull:
        """See :meth:`Forge.pull`."""
        return self._judged(answers.ask(self.line, "GET", f"{self._repository}/pulls/{number:d}", _Pull))

    def find(self, head: str, base: str) -> Pull | None:
        """See :meth:`Forge.find`."""
        found = self._found(head, base)
        return None if found is None else self._judged(found)

    def propose(self, proposal: Proposal) -> Pull:
        """See :meth:`Forge.propose`."""
        text = {"title": title(proposal.title), "body": proposal.body}

        def make() -> _Pull:
            return answers.ask(self.line, "POST", f"{self._repository}/pulls", _Pull, {"head": proposal.head, "base": proposal.base, **text}, duplicate=(409, 422))

        def update(old: _Pull) -> _Pull:
            return answers.ask(self.line, "PATCH", f"{self._repository}/pulls/{old.number}", _Pull, text)

        return _pull(once(self.line, "pull request", find=lambda: self._found(proposal.head, proposal.base), make=make, update=update))

    def comment(self, number: int, body: str, marker: str) -> str:
        """See :meth:`Forge.comment`."""
        ours, asked = self._myself(), f"{self._repository}/issues/{number:d}/comments"

        def find() -> _Comment | None:
            pages = answers.each(self.line, asked, list[_Comment])
            return next((one for page in pages for one in page if one.body.startswith(marker) and one.user and one.user.id == ours), None)

        def make() -> _Comment:
            return answers.ask(self.line, "POST", asked, _Comment, {"body": body})

        def update(old: _Comment) -> _Comment:
            return answers.ask(self.line, "PATCH", f"{self._repository}/issues/comments/{old.id}", _Comment, {"body": body})

        return once(self.line, "comment", find=find, make=make, update=update).html_url

    def ref(self, number: int) -> str:
        """See :meth:`Forge.ref`."""
        return f"refs/pull/{number:d}/head"

    def _open(self) -> Iterator[_Pull]:
        for page in answers.each(self.line, answers.query(f"{self._repository}/pulls", state="open", limit=_MOST, page=1), list[_Pull]):
            yield from page

    def _found(self, head: str, base: str) -> _Pull | None:
        return next((one for one in self._open() if (one.head.ref, one.base.ref) == (head, base) and _own(one)), None)

    def _judged(self, raw: _Pull) -> Pull:
        return structs.replace(_pull(raw), review=self._review(raw.number, raw.head.sha), checks=self._checks(raw.head.sha))

    def _review(self, number: int, head: str) -> Review:
        """Return what the latest reviews come to; the forge itself says which are official, that is, of people with a say.

        An approval of another commit than *head* does not count; whoever wants changes wants them of every commit.
        """
        latest: dict[str, str] = {}
        for page in answers.each(self.line, answers.query(f"{self._repository}/pulls/{number}/reviews", limit=_MOST, page=1), list[_Review]):
            for one in page:
                if one.user and one.official and one.state in ("APPROVED", "REQUEST_CHANGES"):
                    void = one.dismissed or (one.state == "APPROVED" and (one.stale or one.commit_id != head))
                    latest[one.user.login] = "VOID" if void else one.state
        if "REQUEST_CHANGES" in latest.values():
            return "changes-requested"
        return "approved" if "APPROVED" in latest.values() else "waiting"

    def _checks(self, commit: str) -> Checks:
        status = answers.ask(self.line, "GET", f"{self._repository}/commits/{quote(commit, safe='')}/status", _Status)
        if not status.total_count or not status.state:
            return "none"
        return "passing" if status.state == "success" else "pending" if status.state == "pending" else "failing"

    def _myself(self) -> int:
        """Return our number, which for a token of Actions is known: it may not ask for it."""
        try:
            return answers.ask(self.line, "GET", "user", _User).id
        except PolicyError as error:
            if error.facts.get("status") != 403:
                raise
        except NotFoundError:
            pass
        return _ACTIONS


def _own(raw: _Pull) -> bool:
    return raw.head.repo is not None and raw.base.repo is not None and raw.head.repo.full_name == raw.base.repo.full_name


def _pull(raw: _Pull) -> Pull:
    owner = raw.head.repo.full_name.partition("/")[0] if raw.head.repo else "unknown"
    return Pull(
        number=raw.number, url=raw.html_url, title=raw.title, state="merged" if raw.merged else raw.state, commit=raw.head.sha, base=raw.base.ref,
        head=raw.head.ref if _own(raw) else f"{owner}:{raw.head.ref}", author=raw.user.login if raw.user else "",
        draft=raw.draft, merge_commit=raw.merge_commit_sha if raw.merged else None, updated_at=raw.updated_at,
    )  # fmt: skip
