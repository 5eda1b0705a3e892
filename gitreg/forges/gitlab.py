"""GitLab, gitlab.com or one's own: its merge requests over REST, interface v4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from msgspec import Struct, field, structs

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

_COMMAND = re.compile(r"^([ \t>]*)/(?=[a-z])", re.MULTILINE)
_MERGED = re.compile(r"refs/merge-requests/\d+/(?:merge|train)")  # a pipeline of what a merge would come to; its commit is the merge
_STATES: dict[str, Literal["open", "merged", "closed"]] = {"opened": "open", "locked": "open", "merged": "merged", "closed": "closed"}
_GOOD, _BAD = ("success", "skipped"), ("failed", "canceled")


class _User(Struct):
    username: str
    id: int = 0


class _Pipeline(Struct):
    status: str
    sha: str = ""
    ref: str = ""


class _Pull(Struct):
    iid: Number
    web_url: Url
    title: str
    state: Literal["opened", "locked", "merged", "closed"]
    source_branch: str
    target_branch: str
    source_project_id: int | None
    target_project_id: int
    sha: Commit | None = None
    author: _User | None = None
    draft: bool = False
    head_pipeline: _Pipeline | None = None
    merge_commit_sha: Commit | None = None
    squash_commit_sha: Commit | None = None
    updated_at: str | None = None


class _Approver(Struct):
    user: _User


class _Approvals(Struct):
    approved: bool = True
    approvals_left: int | None = None
    approved_by: list[_Approver] = field(default_factory=list)


class _Reviewer(Struct):
    user: _User
    state: str = "unreviewed"


class _Note(Struct):
    id: int
    body: str
    author: _User | None = None
    system: bool = False


class GitLab:
    """A repository at GitLab; see :class:`~gitreg.forges.base.Forge`."""

    def __init__(self, line: Line) -> None:
        self.line, self.place = line, line.place
        self._requests = f"projects/{quote(self.place.path, safe='')}/merge_requests"

    def pulls(self, base: str, prefix: str = "") -> Iterator[Pull]:
        """See :meth:`Forge.pulls`. The list of GitLab says nothing of pipelines, so each one is asked for."""
        asked = answers.query(self._requests, state="opened", target_branch=base, order_by="created_at", sort="desc", per_page=100)
        for page in answers.each(self.line, asked, list[_Pull]):
            yield from (self.pull(one.iid) for one in page if one.source_branch.startswith(prefix))

    def pull(self, number: int) -> Pull:
        """See :meth:`Forge.pull`."""
        raw = answers.ask(self.line, "GET", f"{self._requests}/{number:d}", _Pull)
        return structs.replace(_pull(raw), review=self._review(number), checks=_checks(raw.head_pipeline, raw.sha))

    def find(self, head: str, base: str) -> Pull | None:
        """See :meth:`Forge.find`."""
        found = self._found(head, base)
        return None if found is None else self.pull(found.iid)

    def propose(self, proposal: Proposal) -> Pull:
        """See :meth:`Forge.propose`."""
        text = {"title": title(proposal.title), "description": _quiet(proposal.body)}

        def make() -> _Pull:
            return answers.ask(self.line, "POST", self._requests, _Pull, {"source_branch": proposal.head, "target_branch": proposal.base, **text}, duplicate=(409, 422))

        def update(old: _Pull) -> _Pull:
            return answers.ask(self.line, "PUT", f"{self._requests}/{old.iid}", _Pull, text)

        return _pull(once(self.line, "merge request", find=lambda: self._found(proposal.head, proposal.base), make=make, update=update))

    def comment(self, number: int, body: str, marker: str) -> str:
        """See :meth:`Forge.comment`."""
        notes, ours, text = f"{self._requests}/{number:d}/notes", answers.ask(self.line, "GET", "user", _User), {"body": _quiet(body)}

        def find() -> _Note | None:
            pages = answers.each(self.line, answers.query(notes, sort="asc", per_page=100), list[_Note])
            return next((one for page in pages for one in page if one.body.startswith(marker) and not one.system and one.author and one.author.username == ours.username), None)

        def make() -> _Note:
            return answers.ask(self.line, "POST", notes, _Note, text)

        def update(old: _Note) -> _Note:
            return answers.ask(self.line, "PUT", f"{notes}/{old.id}", _Note, text)

        return f"{self.place.web}/{self.place.path}/-/merge_requests/{number:d}#note_{once(self.line, 'comment', find=find, make=make, update=update).id}"

    def ref(self, number: int) -> str:
        """See :meth:`Forge.ref`."""
        return f"refs/merge-requests/{number:d}/head"

    def _found(self, head: str, base: str) -> _Pull | None:
        asked = answers.query(self._requests, state="opened", source_branch=head, target_branch=base, per_page=100)
        pages = answers.each(self.line, asked, list[_Pull])
        return next((one for page in pages for one in page if (one.source_branch, one.target_branch) == (head, base) and one.source_project_id == one.target_project_id), None)

    def _review(self, number: int) -> Review:
        """Return what reviewers and approvals come to; as many approvals are needed as the project demands, and one at least."""
        pages = answers.each(self.line, answers.query(f"{self._requests}/{number}/reviewers", per_page=100), list[_Reviewer])
        if any(one.state == "requested_changes" for page in pages for one in page):
            return "changes-requested"
        found = answers.ask(self.line, "GET", f"{self._requests}/{number}/approvals", _Approvals)
        return "approved" if found.approved and found.approved_by and not found.approvals_left else "waiting"


def _pull(raw: _Pull) -> Pull:
    merged = raw.merge_commit_sha or raw.squash_commit_sha or raw.sha  # the last where it was fast-forwarded
    return Pull(
        number=raw.iid, url=raw.web_url, title=raw.title, state=_STATES[raw.state], commit=raw.sha or "", base=raw.target_branch,
        head=raw.source_branch if raw.source_project_id == raw.target_project_id else f"{raw.source_project_id or 'unknown'}:{raw.source_branch}",
        author=raw.author.username if raw.author else "", draft=raw.draft, merge_commit=merged if raw.state == "merged" else None, updated_at=raw.updated_at,
    )  # fmt: skip


def _checks(pipeline: _Pipeline | None, head: str | None) -> Checks:
    """Return what the pipeline comes to; while it is that of an earlier commit, the one of *head* is to come."""
    if pipeline is None:
        return "none"
    if pipeline.sha != head and not _MERGED.fullmatch(pipeline.ref):
        return "pending"
    return "passing" if pipeline.status in _GOOD else "failing" if pipeline.status in _BAD else "pending"


def _quiet(body: str) -> str:
    """Return *body* without lines that GitLab would obey: ``/merge`` at the start of one is a command of whoever owns the token."""
    return _COMMAND.sub(r"\1&#47;", body)
