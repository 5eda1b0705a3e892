"""Find the registry: which repository, which branch, which folder in it. Decided in commits, not on disk."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.store import layout
from gitreg.store.gitrepo import GitRepo, checked_branch

_URL = r"[A-Za-z][A-Za-z0-9+.-]*://|[^/\s]+@[^/\s]+:"


class Location(NamedTuple):
    """A registry's repository, the ref that is read (``HEAD`` where it is detached), and its folder."""

    repo: GitRepo
    ref: str
    prefix: str

    def writable_ref(self) -> str:
        """Return the ref to write to.

        Raises:
            ConflictError: HEAD is detached.
        """
        if self.ref == "HEAD":
            raise ConflictError("HEAD is detached: there is no branch to commit to", hint="git switch BRANCH")
        return self.ref


def locate(path: str | None, branch: str | None) -> Location:
    """Return the registry at *path* and *branch*, else the one the environment names, else the nearest upward.

    Raises:
        NotFoundError: there is no repository, no such branch, or no registry in it.
        UsageError: *path* is a URL, or *branch* cannot be a branch's name.
    """
    for given in (path, branch):
        if given == "":
            raise UsageError("an empty text names no registry and no branch")
    if path is None and branch is None:
        path, branch = os.environ.get("GITREG_REGISTRY") or None, os.environ.get("GITREG_BRANCH") or None
    start = path or "."
    if re.match(_URL, start):
        raise UsageError("{url!r} is an address: this gitreg reads a clone of it", url=start, hint=f"git clone {start}")
    repo = GitRepo.discover(start)
    ref = _branch_ref(repo, branch) if branch else repo.head_ref() or "HEAD"
    prefix = _nearest(repo, ref)
    if prefix is not None:
        return Location(repo, ref, prefix)
    configured = branch or repo.config("gitreg.branch")
    if configured:
        ref = _branch_ref(repo, configured)
        folder = (repo.config("gitreg.path") or "").strip("/")
        folder += "/" if folder else ""
        if _holds(repo, ref, folder):
            return Location(repo, ref, folder)
    what = "has no commits yet" if repo.reader.info(ref) is None else f"holds no registry in {ref.removeprefix('refs/heads/')}"
    raise NotFoundError("the repository of {folder!r} {what}", folder=os.path.abspath(start), what=what, hint="gitreg init")


def _branch_ref(repo: GitRepo, branch: str) -> str:
    ref = f"refs/heads/{checked_branch(branch)}"
    if repo.reader.info(ref) is None:
        raise NotFoundError("there is no branch {branch!r}", branch=branch, hint=f"gitreg init --branch {branch}")
    return ref


def _nearest(repo: GitRepo, ref: str) -> str | None:
    folder = repo.prefix
    while not _holds(repo, ref, folder):
        if not folder:
            return None
        folder = folder.rstrip("/").rpartition("/")[0]
        folder += "/" if folder else ""
    return folder


def _holds(repo: GitRepo, ref: str, folder: str) -> bool:
    if not folder.isprintable():
        return False
    found = repo.reader.info(f"{ref}:{folder}{layout.CONFIG}")
    return found is not None and found.type == "blob"
