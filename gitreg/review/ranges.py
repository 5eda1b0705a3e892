"""``BASE..HEAD``: two commits whose difference is looked at. An all-zero BASE is the empty tree, as a first push has it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.store.gitrepo import Changed, GitRepo, LoggedCommit

NOTHING = "0" * 40  # the BASE of a first push
_ZEROS = re.compile(r"0{40}(0{24})?")


class Range(NamedTuple):
    """Two commits by id; *base* is None where there was nothing before."""

    base: str | None
    head: str

    def changed(self, repo: GitRepo, prefix: str) -> dict[str, Changed]:
        """Return what differs below *prefix* between the two trees as they are, by path from the repository's top."""
        return repo.changed(self.base or repo.empty_tree, self.head, prefix)

    def last_touched(self, repo: GitRepo, prefix: str) -> dict[str, LoggedCommit]:
        """Return by path the last first-parent commit of the range that changed it.

        A path is missing where none did: the branch was moved back, or a shallow clone does not have that commit.
        """
        span = f"{self.base}..{self.head}" if self.base else self.head
        found: dict[str, LoggedCommit] = {}
        for commit in repo.log(span, [prefix] if prefix else []):
            for _, _, path in commit.changes:
                found.setdefault(path, commit)
        return found


def parsed(repo: GitRepo, text: str) -> Range:
    """Return the range that *text* names.

    Raises:
        UsageError: it is not written ``BASE..HEAD``.
        NotFoundError: one of the two is not here.
    """
    base, dots, head = text.partition("..")
    if not dots or not base or head.startswith(".") or ".." in head:
        raise UsageError("{text!r} is not a range: write BASE..HEAD, as in main..HEAD", text=text, hint="git log --oneline")
    return Range(None if _ZEROS.fullmatch(base) else _commit(repo, base), _commit(repo, head or "HEAD"))


def _commit(repo: GitRepo, rev: str) -> str:
    found = repo.commit(rev)
    if found is None:
        hint = "git fetch --unshallow" if repo.cut_off() else "git log --oneline --all"
        raise NotFoundError("there is no revision {rev!r} here", rev=rev, hint=hint)
    return found


def of_ci(environment: Mapping[str, str]) -> str:
    """Return the range that a CI job is about, from what GitHub or GitLab tell it; empty where neither does.

    Pull requests and pushes, merge queues and merge trains. Sources: "Events that trigger workflows" and "Predefined CI/CD
    variables" of their documentations.
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return _of_github(environment)
    if environment.get("GITLAB_CI") == "true":
        target = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") or environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
        source = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environment.get("CI_COMMIT_SHA", "")
        if target:
            return f"{target}..{source}"
        return _span(environment.get("CI_COMMIT_BEFORE_SHA"), environment.get("CI_COMMIT_SHA"))
    return ""


def _of_github(environment: Mapping[str, str]) -> str:
    try:
        with open(environment.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            event = json.load(file)
        pull, queue = event.get("pull_request"), event.get("merge_group")
        if pull:
            return _span(pull["base"]["sha"], pull["head"]["sha"])
        if queue:
            return _span(queue["base_sha"], queue["head_sha"])
        return _span(event.get("before"), event.get("after"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ""


def _span(base: object, head: object) -> str:
    return f"{base}..{head}" if isinstance(base, str) and isinstance(head, str) and base and head else ""
