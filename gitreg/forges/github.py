"""GitHub, github.com or one's own: its pull requests over REST, interface 2022-11-28."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct, structs

from gitreg.errors import PolicyError
from gitreg.forges import answers
from gitreg.forges.answers import Commit, Number, Url  # noqa: TC001 - msgspec reads them when it decodes
from gitreg.forges.base import Pull
from gitreg.forges.making import once, title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.forges.answers import Line
    from gitreg.forges.base import Proposal

    Checks = Literal["passing", "failing", "pending", "none"]
    Review = Literal["approved", "changes-requested", "waiting"]

_OF_THE_HOUSE = ("OWNER", "MEMBER", "COLLABORATOR")  # anybody may approve a public pull request; a stranger's word counts for nothing
_GOOD = ("success", "neutral", "skipped")
_ACTIONS = "github-actions[bot]"  # as whom the token of a job writes


class _User(Struct):
    login: str


class _Repository(Struct):
    full_name: str


class _End(Struct):
    ref: str
    sha: Commit
    repo: _Repository | None = None
    label: str | None = None


class _Pull(Struct):
    number: Number
    html_url: Url
    title: str
    state: Literal["open", "closed"]
    head: _End
    base: _End
    user: _User | None = None
    draft: bool = False
    merged_at: str | None = None
    merge_commit_sha: Commit | None = None
    updated_at: str | None = None


class _Review(Struct):
    state: str
    user: _User | None = None
    author_association: str = "NONE"
    commit_id: str | None = None


class _Run(Struct):
    status: str
    conclusion: str | None = None


class _Runs(Struct):
    check_runs: list[_Run]


class _Workflow(Struct):
    status: str
    workflow_id: int
    event: str
    conclusion: str | None = None


class _Workflows(Struct):
    workflow_runs: list[_Workflow]


class _Status(Struct):
    state: str
    total_count: int


class _Comment(Struct):
    id: int
    html_url: Url
    body: str = ""
    user: _User | None = None


class GitHub:
    """A repository at GitHub; see :class:`~gitreg.forges.base.Forge`."""

    def __init__(self, line: Line) -> None:
        self.line, self.place = line, line.place
        self._repository = f"repos/{quote(self.place.path)}"

    def pulls(self, base: str, prefix: str = "") -> Iterator[Pull]:
        """See :meth:`Forge.pulls`."""
        asked = answers.query(f"{self._repository}/pulls", state="open", base=base, sort="created", direction="desc", per_page=100)
        for page in answers.each(self.line, asked, list[_Pull]):
            yield from (self._judged(one) for one in page if one.head.ref.startswith(prefix))

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
            return answers.ask(self.line, "POST", f"{self._repository}/pulls", _Pull, {"head": proposal.head, "base": proposal.base, **text}, duplicate=(422,))

        def update(old: _Pull) -> _Pull:
            return answers.ask(self.line, "PATCH", f"{self._repository}/pulls/{old.number}", _Pull, text)

        return self._pull(once(self.line, "pull request", find=lambda: self._found(proposal.head, proposal.base), make=make, update=update))

    def comment(self, number: int, body: str, marker: str) -> str:
        """See :meth:`Forge.comment`."""
        ours, asked = self._myself(), f"{self._repository}/issues/{number:d}/comments"

        def find() -> _Comment | None:
            pages = answers.each(self.line, answers.query(asked, per_page=100), list[_Comment])
            return next((one for page in pages for one in page if one.body.startswith(marker) and one.user and one.user.login == ours), None)

        def make() -> _Comment:
            return answers.ask(self.line, "POST", asked, _Comment, {"body": body})

        def update(old: _Comment) -> _Comment:
            return answers.ask(self.line, "PATCH", f"{self._repository}/issues/comments/{old.id}", _Comment, {"body": body})

        return once(self.line, "comment", find=find, make=make, update=update).html_url

    def ref(self, number: int) -> str:
        """See :meth:`Forge.ref`."""
        return f"refs/pull/{number:d}/head"

    def _found(self, head: str, base: str) -> _Pull | None:
        owner = self.place.path.partition("/")[0]
        asked = answers.query(f"{self._repository}/pulls", state="open", head=f"{owner}:{head}", base=base, per_page=100)
        pages = answers.each(self.line, asked, list[_Pull])
        return next((one for page in pages for one in page if one.head.ref == head and one.base.ref == base and self._own(one)), None)

    def _own(self, pull: _Pull) -> bool:
        return pull.head.repo is not None and pull.base.repo is not None and pull.head.repo.full_name == pull.base.repo.full_name

    def _pull(self, raw: _Pull) -> Pull:
        owner = (raw.head.label or "").partition(":")[0] or "unknown"
        return Pull(
            number=raw.number, url=raw.html_url, title=raw.title, state="merged" if raw.merged_at else raw.state,
            head=raw.head.ref if self._own(raw) else f"{owner}:{raw.head.ref}", commit=raw.head.sha, base=raw.base.ref, author=raw.user.login if raw.user else "",
            draft=raw.draft, merge_commit=raw.merge_commit_sha if raw.merged_at else None, updated_at=raw.updated_at,
        )  # fmt: skip

    def _judged(self, raw: _Pull) -> Pull:
        return structs.replace(self._pull(raw), review=self._review(raw.number, raw.head.sha), checks=self._checks(raw.head.sha))

    def _review(self, number: int, head: str) -> Review:
        """Return what the latest reviews of those with a say come to; a mere comment takes none back.

        One that was dismissed does not count, nor an approval of another commit than *head*; whoever wants changes wants them of every commit.
        """
        latest: dict[str, str] = {}
        for page in answers.each(self.line, answers.query(f"{self._repository}/pulls/{number}/reviews", per_page=100), list[_Review]):
            for one in page:
                if one.user and one.author_association in _OF_THE_HOUSE and one.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                    latest[one.user.login] = "OUTDATED" if one.state == "APPROVED" and one.commit_id != head else one.state
        if "CHANGES_REQUESTED" in latest.values():
            return "changes-requested"
        return "approved" if "APPROVED" in latest.values() else "waiting"

    def _checks(self, commit: str) -> Checks:
        """Return what check runs and the older statuses of a commit come to."""
        status = answers.ask(self.line, "GET", answers.query(f"{self._repository}/commits/{quote(commit, safe='')}/status", per_page=1), _Status)
        found = self._runs(commit)
        if status.total_count:
            found.append("passing" if status.state == "success" else "pending" if status.state == "pending" else "failing")
        return worst(found)

    def _runs(self, commit: str) -> list[Checks]:
        """Return how each check run ended; a fine-grained token may not see them, but the runs of Actions, the newest of each workflow and event."""
        try:
            pages = answers.each(self.line, answers.query(f"{self._repository}/commits/{quote(commit, safe='')}/check-runs", filter="latest", per_page=100), _Runs)
            return [_ended(run.status, run.conclusion) for page in pages for run in page.check_runs]
        except PolicyError as error:
            if error.facts.get("status") != 403:
                raise
        newest: dict[tuple[int, str], _Workflow] = {}
        for page in answers.each(self.line, answers.query(f"{self._repository}/actions/runs", head_sha=commit, per_page=100), _Workflows):
            for one in page.workflow_runs:
                newest.setdefault((one.workflow_id, one.event), one)
        return [_ended(one.status, one.conclusion) for one in newest.values()]

    def _myself(self) -> str:
        """Return our login, which for a token of Actions is known: it may not ask for it."""
        try:
            return answers.ask(self.line, "GET", "user", _User).login
        except PolicyError as error:
            if error.facts.get("status") != 403:
                raise
        return _ACTIONS


def _ended(status: str, conclusion: str | None) -> Checks:
    if status != "completed":
        return "pending"
    return "passing" if conclusion in _GOOD else "failing"


def worst(found: Iterable[Checks]) -> Checks:
    """Return what several checks come to: one that fails decides, then one that is still at work."""
    seen = set(found)
    order: tuple[Checks, ...] = ("failing", "pending", "passing")
    return next((one for one in order if one in seen), "none")
