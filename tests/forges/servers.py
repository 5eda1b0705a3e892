"""Forges on a free loopback port: real HTTP servers with the routes of pull requests, a memory, and faults on demand.

Each request and each answer is held against the forge's description (:mod:`tests.forges.descriptions`); what is against it
stands in ``wrong``. With the ``folder`` of a bare repository, branches and commits are those of git::

    with servers.GitHub("org/models", folder=bare) as forge:
        env = {"GITREG_FORGE": "github", "GITREG_FORGE_API": forge.api, "GH_ENTERPRISE_TOKEN": servers.TOKEN}
        ...
        forge.merge(1)
        assert forge.wrong == []
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.forges import descriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forges.descriptions import Description, Json

TOKEN = "s3cr3t-of-the-tests"
WHEN = "2026-11-22T07:24:31Z"
DATE = "Sun, 22 Nov 2026 07:24:31 GMT"


@dataclass
class Change:
    """A pull request; *fork* is the owner of the repository that its branch is in, where that is another."""

    number: int
    title: str
    body: str
    head: str
    base: str
    commit: str
    author: str = "maker"
    state: str = "open"
    draft: bool = False
    fork: str = ""
    merge_commit: str | None = None


@dataclass
class Comment:
    """A comment on a pull request; *author* 0 is the person of the token."""

    id: int
    body: str
    author: str = "maker"
    kind: str = "User"


class Review(NamedTuple):
    """A review: *verdict* is ``approved``, ``changes``, ``comment`` or ``dismissed``; *trusted* where the reviewer has a say, *commit* another than the newest."""

    author: str
    verdict: str
    trusted: bool = True
    commit: str = ""


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


class Reply(NamedTuple):
    """What is sent back; *raw* in place of JSON. Without a status, the connection is closed."""

    status: int
    content: Any = None
    headers: dict[str, str] = {}
    raw: bytes | None = None


@dataclass
class Fault:
    """What happens to the next requests of *method*, or of every one: *reply*, in place of the answer or *after* it took effect."""

    reply: Reply
    method: str = ""
    after: bool = False
    path: str = ""


class RefusedError(Exception):
    """A request that the forge does not carry out."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.status)


CLOSED = Reply(0)
_ENDS = {"passing": ("completed", "success"), "failing": ("completed", "failure"), "pending": ("in_progress", None), "skipped": ("completed", "skipped")}


def limited(seconds: str) -> Reply:
    """Return what GitHub and others answer who was asked too often."""
    return Reply(429, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": seconds})


@dataclass
class Forge:
    """A forge with one repository; *tokens* are let in, *faults* happen in order, *requests* is what came."""

    repository: str = "org/models"
    folder: str | None = None
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    me: str | None = "maker"
    pulls: dict[int, Change] = field(default_factory=dict)
    reviews: dict[int, list[Review]] = field(default_factory=dict)
    checks: dict[str, list[str]] = field(default_factory=dict)  # by commit: passing, failing, pending
    pipelines: dict[str, str] = field(default_factory=dict)  # by commit: of which commit GitLab's pipeline is, where that is another
    statuses: dict[str, str] = field(default_factory=dict)  # by commit: success, failure, pending
    comments: dict[int, list[Comment]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[Asked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    page: int = 100
    fine_grained: bool = False  # of the token: at GitHub it may not see check runs

    kind: ClassVar[str]
    below: ClassVar[str]  # where the API is
    size: ClassVar[str] = "per_page"

    # the server

    def start(self) -> None:
        """Take connections from now on; ``address`` is for people, ``api`` for programs."""
        self._lock, self._described = threading.Lock(), self.description()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"forge": self}))
        self._server.forge = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def api(self) -> str:
        return f"{self.address}{self.below}"

    def fail(self, *replies: Reply, method: str = "", after: bool = False, path: str = "") -> None:
        """Let the next requests (of *method*, whose path ends in *path*) fail, one *reply* each; *after*: once they took effect."""
        self.faults.extend(Fault(reply, method, after, path) for reply in replies)

    def answer(self, asked: Asked) -> Reply:
        """Return the answer to a request, which may be a fault."""
        with self._lock:
            self.requests.append(asked)
            fault = next((one for one in self.faults if one.method in ("", asked.method) and asked.path.endswith(one.path)), None)
            if fault:
                self.faults.remove(fault)
                if fault.after:
                    self._routed(asked)
                return fault.reply
            return self._routed(asked)

    def _routed(self, asked: Asked) -> Reply:
        if not self._let_in(asked.headers.get("authorization", "")):
            return Reply(401, {"message": "Bad credentials"})
        for method, pattern, act in self.routes():
            match = re.fullmatch(pattern, asked.path.removeprefix(self.below)) if method == asked.method else None
            if match and asked.path.startswith(self.below):
                try:
                    reply = act(asked, *map(unquote, match.groups()))
                except RefusedError as refused:
                    reply = refused.reply
                self.wrong += self._described.wrong(asked.method, asked.path.removeprefix(self.below), asked.query, asked.body, reply.status, reply.content)
                return reply
        return Reply(404, {"message": "Not Found"})

    def _let_in(self, authorization: str) -> bool:
        return authorization.partition(" ")[2] in self.tokens

    # what a test or a person does

    def open(self, head: str, *, title: str = "a title", base: str = "main", body: str = "", **more: Any) -> Change:
        """Open a pull request as a person would."""
        number = len(self.pulls) + 1
        self.pulls[number] = Change(number, title, body, head, base, self.tip(head) or "", **more)
        return self.pulls[number]

    def merge(self, number: int) -> str:
        """Merge a pull request, in git too where there is a folder; returns the merge commit."""
        change = self.refreshed(number)
        change.merge_commit = self._merged(change) if self.folder else sha1(f"merge {number}".encode()).hexdigest()
        change.state = "merged"
        return change.merge_commit

    def _merged(self, change: Change) -> str:
        truth = self.tip(change.base) or ""
        tree = self._git("merge-tree", "--write-tree", truth, change.commit).splitlines()[0]
        person = ("-c", "user.name=Name", "-c", "user.email=name@example.org")
        made = self._git(*person, "commit-tree", tree, "-p", truth, "-p", change.commit, "-m", f"Merge pull request #{change.number} from {change.head}")
        self._git("update-ref", f"refs/heads/{change.base}", made, truth)
        return made

    def tip(self, branch: str) -> str | None:
        """Return the commit of a branch; without git, every branch exists."""
        if self.folder is None:
            return sha1(branch.encode()).hexdigest()
        return self._git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or None

    def _git(self, *args: str) -> str:
        return subprocess.run(["git", "--git-dir", self.folder or "", *args], check=True, capture_output=True, text=True).stdout.strip()

    # what the forges share

    def description(self) -> Description:
        raise NotImplementedError

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        raise NotImplementedError

    def refreshed(self, number: int) -> Change:
        """Return a pull request with its branch's tip; the ref of pull requests follows."""
        if number not in self.pulls:
            raise RefusedError(Reply(404, {"message": "Not Found"}))
        change = self.pulls[number]
        if change.state == "open" and not change.fork:
            change.commit = self.tip(change.head) or change.commit
        if self.folder and change.commit:
            self._git("update-ref", self.ref(number), change.commit)
        return change

    def ref(self, number: int) -> str:
        return f"refs/pull/{number}/head"

    def listed(self, asked: Asked, items: list[Json], status: int = 200, within: str = "") -> Reply:
        """Return one page of *items*, with the address of the next."""
        size = min(int(asked.query.get(self.size, 30)), self.page)
        here = int(asked.query.get("page", 1))
        part = items[(here - 1) * size : here * size]
        following = f"{self.address}{asked.path}?{urlencode(asked.query | {'page': here + 1})}"
        headers = {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'} if here * size < len(items) else {}
        return Reply(status, {"total_count": len(items), within: part} if within else part, headers)

    def opened(self, head: str, base: str, title: str, body: str) -> Change:
        """Open a pull request for a program, or raise ``LookupError`` for one that is there and ``ValueError`` for no such branch."""
        if any((one.head, one.base, one.state, one.fork) == (head, base, "open", "") for one in self.pulls.values()):
            raise LookupError
        if self.tip(head) is None:
            raise ValueError(head)
        change = self.open(head, title=title, base=base, body=body)
        return self.refreshed(change.number)

    def noted(self, number: int, body: str) -> Comment:
        if number not in self.pulls:
            raise RefusedError(Reply(404, {"message": "Not Found"}))
        made = Comment(100 * number + len(self.comments.get(number, [])), body, self.me or "github-actions[bot]", "User" if self.me else "Bot")
        self.comments.setdefault(number, []).append(made)
        return made

    def renoted(self, key: int, body: str) -> Comment:
        found = next(one for many in self.comments.values() for one in many if one.id == key)
        found.body = body
        return found

    def number_of(self, comment: Comment) -> int:
        return next(number for number, many in self.comments.items() if comment in many)


class GitHub(Forge):
    """GitHub, as an enterprise's own server has it."""

    kind, below = "github", "/api/v3"

    def description(self) -> Description:
        return descriptions.github()

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        own = f"/repos/{self.repository}"
        return [
            ("GET", f"{own}/pulls", self._list), ("POST", f"{own}/pulls", self._make), ("GET", rf"{own}/pulls/(\d+)", self._one), ("PATCH", rf"{own}/pulls/(\d+)", self._edit),
            ("GET", rf"{own}/pulls/(\d+)/reviews", self._reviews), ("GET", rf"{own}/commits/([^/]+)/check-runs", self._runs), ("GET", rf"{own}/commits/([^/]+)/status", self._status),
            ("GET", rf"{own}/issues/(\d+)/comments", self._notes), ("POST", rf"{own}/issues/(\d+)/comments", self._note), ("PATCH", rf"{own}/issues/comments/(\d+)", self._renote),
            ("GET", f"{own}/actions/runs", self._workflows), ("GET", "/user", self._user),
        ]  # fmt: skip

    def _list(self, asked: Asked) -> Reply:
        owner, _, head = asked.query.get("head", "").partition(":")
        ours = self.repository.partition("/")[0]
        fit = [one for one in reversed(self.pulls.values()) if one.state == "open" and asked.query.get("base", one.base) == one.base]
        return self.listed(asked, [self._simple(one.number) for one in fit if not head or (head, owner) == (one.head, one.fork or ours)])

    def _make(self, asked: Asked) -> Reply:
        try:
            made = self.opened(asked.body["head"], asked.body["base"], asked.body["title"], asked.body["body"])
        except LookupError:
            return self._invalid({"resource": "PullRequest", "code": "custom", "message": f"A pull request already exists for {self.repository.partition('/')[0]}:{asked.body['head']}."})
        except ValueError:
            return self._invalid({"resource": "PullRequest", "field": "head", "code": "invalid"})
        return Reply(201, self._whole(made.number))

    def _invalid(self, error: Json) -> Reply:
        return Reply(422, {"message": "Validation Failed", "errors": [error], "documentation_url": "https://docs.github.com/rest"})

    def _one(self, asked: Asked, number: str) -> Reply:
        return Reply(200, self._whole(int(number)))

    def _edit(self, asked: Asked, number: str) -> Reply:
        change = self.refreshed(int(number))
        change.title, change.body = asked.body.get("title", change.title), asked.body.get("body", change.body)
        return Reply(200, self._whole(int(number)))

    def _simple(self, number: int) -> Json:
        return self._filled(descriptions.example("/repos/{owner}/{repo}/pulls")[0], self.refreshed(number))

    def _whole(self, number: int) -> Json:
        change = self.refreshed(number)
        return self._filled(descriptions.example("/repos/{owner}/{repo}/pulls/{pull_number}"), change) | {"merged": change.state == "merged"}

    def _filled(self, made: Json, change: Change) -> Json:
        owner, _, name = self.repository.partition("/")
        theirs = change.fork or owner
        made |= {
            "number": change.number, "title": change.title, "body": change.body, "state": "open" if change.state == "open" else "closed", "draft": change.draft, "locked": False,
            "html_url": f"{self.address}/{self.repository}/pull/{change.number}", "merge_commit_sha": change.merge_commit or "0" * 40, "updated_at": WHEN,
            "merged_at": WHEN if change.state == "merged" else None, "requested_teams": [],  # the team of the example lacks what the schema demands
        }  # fmt: skip
        made["user"]["login"] = change.author
        made["head"] |= {"ref": change.head, "sha": change.commit, "label": f"{theirs}:{change.head}"}
        made["head"]["repo"] |= {"full_name": f"{theirs}/{name}", "name": name}
        made["base"] |= {"ref": change.base, "label": f"{owner}:{change.base}"}
        made["base"]["repo"] |= {"full_name": self.repository, "name": name}
        if change.fork == "(gone)":
            made["head"]["repo"] = None
        return made

    def _reviews(self, asked: Asked, number: str) -> Reply:
        head = self.refreshed(int(number)).commit
        states = {"approved": "APPROVED", "changes": "CHANGES_REQUESTED", "comment": "COMMENTED", "dismissed": "DISMISSED"}
        made = []
        for one in self.reviews.get(int(number), ()):
            made.append(descriptions.example("/repos/{owner}/{repo}/pulls/{pull_number}/reviews")[0] | {"state": states[one.verdict], "author_association": "MEMBER" if one.trusted else "NONE"})
            made[-1] |= {"user": made[-1]["user"] | {"login": one.author} if one.author else None, "commit_id": one.commit or head}
        return self.listed(asked, made)

    def _runs(self, asked: Asked, commit: str) -> Reply:
        if self.fine_grained:
            return Reply(403, {"message": "Resource not accessible by personal access token"})
        example = descriptions.example("/repos/{owner}/{repo}/commits/{ref}/check-runs")["check_runs"][0]
        return self.listed(asked, [example | {"head_sha": commit, "status": _ENDS[one][0], "conclusion": _ENDS[one][1]} for one in self.checks.get(commit, ())], within="check_runs")

    def _workflows(self, asked: Asked) -> Reply:
        example, commit = descriptions.example("/repos/{owner}/{repo}/actions/runs")["workflow_runs"][0], asked.query["head_sha"]
        found = [example | {"head_sha": commit, "workflow_id": place, "status": _ENDS[one][0], "conclusion": _ENDS[one][1]} for place, one in enumerate(self.checks.get(commit, ()))]
        earlier = [one | {"status": "completed", "conclusion": "failure"} for one in found]
        return self.listed(asked, found + earlier, within="workflow_runs")

    def _status(self, asked: Asked, commit: str) -> Reply:
        example, state = descriptions.example("/repos/{owner}/{repo}/commits/{ref}/status"), self.statuses.get(commit)
        return Reply(200, example | {"sha": commit, "state": state or "pending", "total_count": int(bool(state)), "statuses": example["statuses"][: int(bool(state))]})

    def _notes(self, asked: Asked, number: str) -> Reply:
        return self.listed(asked, [self._shown(one) for one in self.comments.get(int(number), ())])

    def _note(self, asked: Asked, number: str) -> Reply:
        return Reply(201, self._shown(self.noted(int(number), asked.body["body"])))

    def _renote(self, asked: Asked, key: str) -> Reply:
        return Reply(200, self._shown(self.renoted(int(key), asked.body["body"])))

    def _shown(self, comment: Comment) -> Json:
        made = descriptions.example("/repos/{owner}/{repo}/issues/{issue_number}/comments")[0]
        made["user"] |= {"login": comment.author, "type": comment.kind}
        return made | {"id": comment.id, "body": comment.body, "html_url": f"{self.address}/{self.repository}/pull/{self.number_of(comment)}#issuecomment-{comment.id}"}

    def _user(self, asked: Asked) -> Reply:
        if self.me is None:
            return Reply(403, {"message": "Resource not accessible by integration"})
        return Reply(200, descriptions.example("/user") | {"login": self.me})


class GitLab(Forge):
    """GitLab, where a repository is a project."""

    kind, below = "gitlab", "/api/v4"

    def description(self) -> Description:
        return descriptions.gitlab()

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        own = f"/projects/{self.repository.replace('/', '%2F')}/merge_requests"
        return [
            ("GET", own, self._list), ("POST", own, self._make), ("GET", rf"{own}/(\d+)", self._one), ("PUT", rf"{own}/(\d+)", self._edit),
            ("GET", rf"{own}/(\d+)/reviewers", self._reviewers), ("GET", rf"{own}/(\d+)/approvals", self._approvals),
            ("GET", rf"{own}/(\d+)/notes", self._notes), ("POST", rf"{own}/(\d+)/notes", self._note), ("PUT", rf"{own}/\d+/notes/(\d+)", self._renote), ("GET", "/user", self._user),
        ]  # fmt: skip

    def ref(self, number: int) -> str:
        return f"refs/merge-requests/{number}/head"

    def _list(self, asked: Asked) -> Reply:
        fit = [one for one in reversed(self.pulls.values()) if one.state == "open" and asked.query.get("target_branch", one.base) == one.base]
        return self.listed(asked, [self._simple(one.number) for one in fit if asked.query.get("source_branch", one.head) == one.head])

    def _make(self, asked: Asked) -> Reply:
        try:
            made = self.opened(asked.body["source_branch"], asked.body["target_branch"], asked.body["title"], asked.body["description"])
        except LookupError:
            return Reply(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        except ValueError:
            return Reply(422, {"message": {"source_branch": ["does not exist"]}})
        return Reply(201, self._whole(made.number))

    def _one(self, asked: Asked, number: str) -> Reply:
        return Reply(200, self._whole(int(number)))

    def _edit(self, asked: Asked, number: str) -> Reply:
        change = self.refreshed(int(number))
        change.title, change.body = asked.body.get("title", change.title), asked.body.get("description", change.body)
        return Reply(200, self._whole(int(number)))

    def _simple(self, number: int) -> Json:
        change = self.refreshed(number)
        return {
            "id": 1000 + number, "iid": number, "project_id": 1, "title": change.title, "description": change.body, "state": "opened" if change.state == "open" else change.state,
            "created_at": WHEN, "updated_at": WHEN, "target_branch": change.base, "source_branch": change.head, "author": self._person(change.author), "draft": change.draft,
            "sha": change.commit, "web_url": f"{self.address}/{self.repository}/-/merge_requests/{number}", "source_project_id": None if change.fork == "(gone)" else 2 if change.fork else 1, "target_project_id": 1,
            "merge_commit_sha": change.merge_commit, "squash_commit_sha": None, "detailed_merge_status": "mergeable",
        }  # fmt: skip

    def _whole(self, number: int) -> Json:
        made = self._simple(number)
        words = {"passing": "success", "failing": "failed", "pending": "running", "skipped": "skipped"}
        found = self.checks.get(made["sha"])
        return made | {"head_pipeline": {"id": 1, "sha": self.pipelines.get(made["sha"], made["sha"]), "ref": made["source_branch"], "status": words[found[-1]]} if found else None}

    def _person(self, name: str) -> Json:
        return {"id": len(name), "username": name, "name": name, "state": "active", "web_url": f"{self.address}/{name}"}

    def _reviewers(self, asked: Asked, number: str) -> Reply:
        states = {"approved": "approved", "changes": "requested_changes", "comment": "reviewed", "dismissed": "unapproved"}
        return self.listed(asked, [{"user": self._person(one.author), "state": states[one.verdict], "created_at": WHEN} for one in self.reviews.get(int(number), ())])

    def _approvals(self, asked: Asked, number: str) -> Reply:
        given = [{"user": self._person(one.author)} for one in self.reviews.get(int(number), ()) if one.verdict == "approved" and one.trusted]
        return Reply(200, {"approved": True, "approvals_required": 0, "approvals_left": 0, "approved_by": given})

    def _notes(self, asked: Asked, number: str) -> Reply:
        return self.listed(asked, [self._shown(one) for one in self.comments.get(int(number), ())])

    def _note(self, asked: Asked, number: str) -> Reply:
        return Reply(201, self._shown(self.noted(int(number), asked.body["body"])))

    def _renote(self, asked: Asked, key: str) -> Reply:
        return Reply(200, self._shown(self.renoted(int(key), asked.body["body"])))

    def _shown(self, comment: Comment) -> Json:
        return {"id": comment.id, "body": comment.body, "author": self._person(comment.author), "system": False, "created_at": WHEN, "updated_at": WHEN, "noteable_iid": self.number_of(comment)}

    def _user(self, asked: Asked) -> Reply:
        return Reply(200, self._person(self.me or "robot"))


class Gitea(Forge):
    """Gitea or Forgejo; they page by fifty at most."""

    kind, below, size = "gitea", "/api/v1", "limit"

    def description(self) -> Description:
        return descriptions.gitea()

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        own = f"/repos/{self.repository}"
        return [
            ("GET", f"{own}/pulls", self._list), ("POST", f"{own}/pulls", self._make), ("GET", rf"{own}/pulls/(\d+)", self._one), ("PATCH", rf"{own}/pulls/(\d+)", self._edit),
            ("GET", rf"{own}/pulls/(\d+)/reviews", self._reviews), ("GET", rf"{own}/commits/([^/]+)/status", self._status),
            ("GET", rf"{own}/issues/(\d+)/comments", self._notes), ("POST", rf"{own}/issues/(\d+)/comments", self._note), ("PATCH", rf"{own}/issues/comments/(\d+)", self._renote),
            ("GET", "/user", self._user),
        ]  # fmt: skip

    def _list(self, asked: Asked) -> Reply:
        return self.listed(asked, [self._shown_pull(one.number) for one in self.pulls.values() if one.state == "open"])

    def _make(self, asked: Asked) -> Reply:
        try:
            made = self.opened(asked.body["head"], asked.body["base"], asked.body["title"], asked.body["body"])
        except LookupError:
            return Reply(409, {"message": "pull request already exists for these targets", "url": "https://docs.gitea.com/api"})
        except ValueError:
            return Reply(404, {"message": "could not find the head branch", "errors": [], "url": "https://docs.gitea.com/api"})
        return Reply(201, self._shown_pull(made.number))

    def _one(self, asked: Asked, number: str) -> Reply:
        return Reply(200, self._shown_pull(int(number)))

    def _edit(self, asked: Asked, number: str) -> Reply:
        change = self.refreshed(int(number))
        change.title, change.body = asked.body.get("title", change.title), asked.body.get("body", change.body)
        return Reply(201, self._shown_pull(int(number)))

    def _shown_pull(self, number: int) -> Json:
        change = self.refreshed(number)
        owner, _, name = self.repository.partition("/")
        theirs = {"id": 2 if change.fork else 1, "full_name": f"{change.fork or owner}/{name}"}
        return {
            "id": 1000 + number, "number": number, "user": self._person(change.author), "title": change.title, "body": change.body, "state": "open" if change.state == "open" else "closed",
            "html_url": f"{self.address}/{self.repository}/pulls/{number}", "mergeable": True, "merged": change.state == "merged", "merge_commit_sha": change.merge_commit,
            "head": {"label": change.head, "ref": change.head, "sha": change.commit, "repo_id": theirs["id"], "repo": None if change.fork == "(gone)" else theirs},
            "base": {"label": change.base, "ref": change.base, "sha": "0" * 40, "repo_id": 1, "repo": {"id": 1, "full_name": self.repository}},
            "created_at": WHEN, "updated_at": WHEN, "draft": change.draft,
        }  # fmt: skip

    def _person(self, name: str) -> Json:
        return {"id": -2 if name == "github-actions[bot]" else len(name), "login": name, "full_name": ""}

    def _reviews(self, asked: Asked, number: str) -> Reply:
        head = self.refreshed(int(number)).commit
        states = {"approved": "APPROVED", "changes": "REQUEST_CHANGES", "comment": "COMMENT", "dismissed": "APPROVED"}
        made = [
            {
                "id": place, "user": self._person(one.author), "state": states[one.verdict], "body": "", "commit_id": one.commit or head, "stale": bool(one.commit),
                "official": one.trusted, "dismissed": one.verdict == "dismissed", "submitted_at": WHEN,
            }
            for place, one in enumerate(self.reviews.get(int(number), ()))
        ]  # fmt: skip
        return self.listed(asked, made)

    def _status(self, asked: Asked, commit: str) -> Reply:
        words = {"passing": "success", "failing": "failure", "pending": "pending", "skipped": "success"}
        found = [words[one] for one in self.checks.get(commit, ())]
        state = next((one for one in ("failure", "pending", "success") if one in found), "")
        return Reply(200, {"state": state, "sha": commit, "total_count": len(found), "statuses": [{"id": place, "status": one, "context": "ci"} for place, one in enumerate(found)] or None})

    def _notes(self, asked: Asked, number: str) -> Reply:
        return Reply(200, [self._shown(one) for one in self.comments.get(int(number), ())])

    def _note(self, asked: Asked, number: str) -> Reply:
        return Reply(201, self._shown(self.noted(int(number), asked.body["body"])))

    def _renote(self, asked: Asked, key: str) -> Reply:
        return Reply(200, self._shown(self.renoted(int(key), asked.body["body"])))

    def _shown(self, comment: Comment) -> Json:
        where = f"{self.address}/{self.repository}/pulls/{self.number_of(comment)}#issuecomment-{comment.id}"
        return {"id": comment.id, "html_url": where, "body": comment.body, "user": self._person(comment.author), "created_at": WHEN, "updated_at": WHEN}

    def _user(self, asked: Asked) -> Reply:
        if self.me is None:
            return Reply(403, {"message": "token does not have at least one of required scope(s): [read:user]"})
        return Reply(200, self._person(self.me))


class _Server(ThreadingHTTPServer):
    forge: Forge
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Take a fault of this file for what it is; who has read enough hangs up, and that is none."""
        if not isinstance(sys.exception(), ConnectionError):
            self.forge.wrong.append(repr(sys.exception()))


class _Handler(BaseHTTPRequestHandler):
    forge: ClassVar[Forge]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        reply = self.forge.answer(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), json.loads(data) if data else None, headers))
        self.close_connection = reply.status == 0
        if reply.status:
            with suppress(ConnectionError):  # who has read enough hangs up
                self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _send(self, reply: Reply) -> None:
        data = json.dumps(reply.content).encode() if reply.raw is None else reply.raw
        self.send_response_only(reply.status)
        for key, value in {"Date": DATE, "Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(data)), **reply.headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing: ``requests`` has it all."""
