"""What requests and answers of a forge must look like: GitHub's published description, and for the others what their pages say.

GitLab and Gitea publish no description as a package. Theirs is written by hand from "Merge requests API", "Merge request
approvals API", "Notes API" and "Users API" of GitLab's documentation, and from the routes and structures of Gitea's API page.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

Json = dict[str, Any]


class Operation(NamedTuple):
    """A path with its verb: what the query and the body may hold, and what each status answers."""

    path: re.Pattern[str]
    verb: str
    query: Json
    body: Json | None
    answers: Json


class Description:
    """An interface; :meth:`wrong` says what is wrong with a request and its answer."""

    def __init__(self, operations: list[Operation], components: Json) -> None:
        self.operations, self.components = operations, components
        self._validators: dict[int, Draft202012Validator] = {}  # making one walks through all components

    def wrong(self, verb: str, path: str, query: dict[str, str], body: Any, status: int, answer: Any) -> list[str]:
        """Return what is against the description, in sentences."""
        found = next((one for one in self.operations if one.verb == verb and one.path.fullmatch(path)), None)
        if found is None:
            return [f"{verb} {path} is not described"]
        problems = [f"{verb} {path} has no parameter {name}" for name in query if name not in found.query]
        problems += [f"{verb} {path} ?{name}: {text}" for name in query.keys() & found.query for text in self._against(found.query[name], _number(query[name]))]
        if found.body is not None:
            problems += [f"{verb} {path} takes no {name}" for name in (body or {}).keys() - found.body["properties"]]
            problems += [f"{verb} {path} body: {text}" for text in self._against(found.body, body)]
        if str(status) not in found.answers:
            return problems if status >= 400 else [*problems, f"{verb} {path} does not answer {status}"]
        return problems + [f"{verb} {path} {status}: {text}" for text in self._against(found.answers[str(status)], answer)]

    def _against(self, schema: Json, value: Any) -> list[str]:
        if id(schema) not in self._validators:
            self._validators[id(schema)] = Draft202012Validator({**schema, "components": self.components})
        return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in self._validators[id(schema)].iter_errors(value)]


def _number(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))


_PUBLISHED = json.loads((Path(__file__).parent / "github-openapi.json").read_text(encoding="utf-8"))


def example(path: str) -> Any:
    """Return a copy of the example of what a GET answers in GitHub's description."""
    return json.loads(json.dumps(_PUBLISHED["paths"][path]["get"]["responses"]["200"]["example"]))


@cache
def github() -> Description:
    """Return the published description."""
    operations = [
        Operation(
            _pattern(path), verb.upper(), {one["name"]: one["schema"] for one in described["parameters"] if one["in"] == "query"},
            described.get("requestBody"), {code: answer["schema"] for code, answer in described["responses"].items()},
        )
        for path, verbs in _PUBLISHED["paths"].items() for verb, described in verbs.items()
    ]  # fmt: skip
    return Description(operations, _PUBLISHED["components"])


_TEXT, _NUMBER, _YES = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_PAGE = {"page": _NUMBER, "per_page": {"type": "integer", "maximum": 100}}
_LIMIT = {"page": _NUMBER, "limit": {"type": "integer", "maximum": 50}}


def _object(needed: Json, more: Json | None = None) -> Json:
    return {"type": "object", "properties": needed | (more or {}), "required": list(needed)}


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


def _none_or(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _by_hand(table: dict[tuple[str, str], tuple[Json, Json | None, Json]]) -> Description:
    return Description([Operation(_pattern(path), verb, query, body, answers) for (verb, path), (query, body, answers) in table.items()], {})


@cache
def gitlab() -> Description:
    """Return GitLab's merge requests as its documentation has them."""
    user = _object({"id": _NUMBER, "username": _TEXT, "name": _TEXT, "state": _TEXT, "web_url": _TEXT})
    request = _object(
        {
            "id": _NUMBER, "iid": _NUMBER, "project_id": _NUMBER, "title": _TEXT, "description": _none_or(_TEXT), "state": {"enum": ["opened", "closed", "locked", "merged"]},
            "created_at": _TEXT, "updated_at": _TEXT, "target_branch": _TEXT, "source_branch": _TEXT, "author": user, "draft": _YES, "sha": _none_or(_TEXT), "web_url": _TEXT,
            "source_project_id": _none_or(_NUMBER), "target_project_id": _NUMBER, "merge_commit_sha": _none_or(_TEXT), "squash_commit_sha": _none_or(_TEXT),
            "detailed_merge_status": _TEXT,
        }
    )  # fmt: skip
    pipelines = ["created", "waiting_for_resource", "preparing", "pending", "running", "success", "failed", "canceled", "skipped", "manual", "scheduled"]
    whole = {**request, "properties": request["properties"] | {"head_pipeline": _none_or(_object({"id": _NUMBER, "sha": _TEXT, "status": {"enum": pipelines}}))}}
    whole["required"] = [*request["required"], "head_pipeline"]
    note = _object({"id": _NUMBER, "body": _TEXT, "author": user, "system": _YES, "created_at": _TEXT, "updated_at": _TEXT, "noteable_iid": _NUMBER})
    reviewer = _object({"user": user, "state": {"enum": ["unreviewed", "reviewed", "requested_changes", "approved", "unapproved", "review_started"]}, "created_at": _TEXT})
    approvals = _object({"approved": _YES, "approved_by": _list(_object({"user": user}))}, {"approvals_required": _NUMBER, "approvals_left": _NUMBER})
    listed = {"state": {"enum": ["opened", "closed", "locked", "merged", "all"]}, "source_branch": _TEXT, "target_branch": _TEXT, "order_by": {"enum": ["created_at", "updated_at", "title"]}, "sort": {"enum": ["asc", "desc"]}, **_PAGE}
    requests = "/projects/{id}/merge_requests"
    text = {"title": _TEXT, "description": {"type": "string", "maxLength": 1048576}}
    return _by_hand(
        {
            ("GET", requests): (listed, None, {"200": _list(request)}),
            ("POST", requests): ({}, _object({"source_branch": _TEXT, "target_branch": _TEXT, "title": _TEXT}, text), {"201": whole}),
            ("GET", f"{requests}/{{iid}}"): ({}, None, {"200": whole}),
            ("PUT", f"{requests}/{{iid}}"): ({}, _object({}, text), {"200": whole}),
            ("GET", f"{requests}/{{iid}}/reviewers"): (_PAGE, None, {"200": _list(reviewer)}),
            ("GET", f"{requests}/{{iid}}/approvals"): ({}, None, {"200": approvals}),
            ("GET", f"{requests}/{{iid}}/notes"): ({"sort": _TEXT, "order_by": _TEXT, **_PAGE}, None, {"200": _list(note)}),
            ("POST", f"{requests}/{{iid}}/notes"): ({}, _object({"body": _TEXT}), {"201": note}),
            ("PUT", f"{requests}/{{iid}}/notes/{{id}}"): ({}, _object({"body": _TEXT}), {"200": note}),
            ("GET", "/user"): ({}, None, {"200": user}),
        }
    )


@cache
def gitea() -> Description:
    """Return Gitea's pull requests as its API page has them; Forgejo's are the same."""
    user = _object({"id": _NUMBER, "login": _TEXT, "full_name": _TEXT})
    end = _object({"label": _TEXT, "ref": _TEXT, "sha": _TEXT, "repo_id": _NUMBER, "repo": _none_or(_object({"id": _NUMBER, "full_name": _TEXT}))})
    pull = _object(
        {
            "id": _NUMBER, "number": _NUMBER, "user": user, "title": _TEXT, "body": _TEXT, "state": {"enum": ["open", "closed"]}, "html_url": _TEXT, "mergeable": _YES, "merged": _YES,
            "merge_commit_sha": _none_or(_TEXT), "base": end, "head": end, "created_at": _TEXT, "updated_at": _TEXT,
        },
        {"draft": _YES},
    )  # fmt: skip
    kinds = ["APPROVED", "PENDING", "COMMENT", "REQUEST_CHANGES", "REQUEST_REVIEW"]
    review = _object({"id": _NUMBER, "user": _none_or(user), "state": {"enum": kinds}, "body": _TEXT, "commit_id": _TEXT, "stale": _YES, "official": _YES, "dismissed": _YES, "submitted_at": _TEXT})
    status = _object({"state": {"enum": ["pending", "success", "error", "failure", "warning", ""]}, "sha": _TEXT, "total_count": _NUMBER, "statuses": _none_or(_list(_object({"id": _NUMBER, "status": _TEXT, "context": _TEXT})))})
    comment = _object({"id": _NUMBER, "html_url": _TEXT, "body": _TEXT, "user": user, "created_at": _TEXT, "updated_at": _TEXT})
    below, words = "/repos/{owner}/{repo}", {"title": _TEXT, "body": _TEXT}
    return _by_hand(
        {
            ("GET", f"{below}/pulls"): ({"state": {"enum": ["open", "closed", "all"]}, "sort": _TEXT, **_LIMIT}, None, {"200": _list(pull)}),
            ("POST", f"{below}/pulls"): ({}, _object({"head": _TEXT, "base": _TEXT, "title": _TEXT}, words), {"201": pull}),
            ("GET", f"{below}/pulls/{{index}}"): ({}, None, {"200": pull}),
            ("PATCH", f"{below}/pulls/{{index}}"): ({}, _object({}, words), {"201": pull}),
            ("GET", f"{below}/pulls/{{index}}/reviews"): (_LIMIT, None, {"200": _list(review)}),
            ("GET", f"{below}/commits/{{ref}}/status"): (_LIMIT, None, {"200": status}),
            ("GET", f"{below}/issues/{{index}}/comments"): ({"since": _TEXT, "before": _TEXT}, None, {"200": _list(comment)}),
            ("POST", f"{below}/issues/{{index}}/comments"): ({}, _object({"body": _TEXT}), {"201": comment}),
            ("PATCH", f"{below}/issues/comments/{{id}}"): ({}, _object({"body": _TEXT}), {"200": comment}),
            ("GET", "/user"): ({}, None, {"200": user}),
        }
    )
