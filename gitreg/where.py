"""Find the registry: which repository, which branch, which folder in it. Decided in commits, not on disk."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.store import layout
from gitreg.store.discovery import Discovery
from gitreg.store.gitrepo import GitRepo, checked_branch

_URL = r"[A-Za-z][A-Za-z0-9+.-]*:(?://|:)|[^/\s:@]+@[^/\s:]+:"
_USUAL = ("main", "master")
_MOST_BRANCHES = 200  # that are looked at for a hint
_PLAIN_REF = re.compile(r"refs/(?:heads|remotes/[A-Za-z0-9._-]+)/([A-Za-z0-9][A-Za-z0-9._/-]*)\Z")  # a hint is typed into a shell
_SSH_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*:"  # git takes this for a host as well, unless a folder is called so


class Location(NamedTuple):
    """A registry's repository, the ref that is read (``HEAD`` where it is detached), and its folder.

    *remote* is the remote that it was reached by, where that was an address.
    """

    repo: GitRepo
    ref: str
    prefix: str
    remote: str | None = None

    def writable_ref(self) -> str:
        """Return the ref to write to.

        Raises:
            ConflictError: HEAD is detached.
        """
        if self.ref == "HEAD":
            raise ConflictError("HEAD is detached: there is no branch to commit to", hint="git switch BRANCH")
        return self.ref


def begin(path: str | None, branch: str | None) -> Discovery | None:
    """Let git look for the repository of what :func:`locate` will be asked for, if that is a folder; what is wrong with it is told then."""
    start = _asked(path, branch)[0] or "."
    return None if "" in (path, branch) or _is_address(start) or not os.path.isdir(start) else Discovery(start, reading=True)


def _asked(path: str | None, branch: str | None) -> tuple[str | None, str | None]:
    """Return what was asked for, or, where that is nothing, what the environment says."""
    if path is None and branch is None:
        return os.environ.get("GITREG_REGISTRY") or None, os.environ.get("GITREG_BRANCH") or None
    return path, branch


def _is_address(start: str) -> bool:
    return bool(re.match(_URL, start) or (re.match(_SSH_HOST, start) and not os.path.exists(start)))


def index_address(path: str | None, branch: str | None) -> str | None:
    """Return the address of the index that *path*, else the environment, names; None where that is no index.

    It is told by the address alone: http or https, and a last segment ``index`` or ``index.json``.

    Raises:
        UsageError: a *branch* of it is asked for.
    """
    path, branch = _asked(path, branch)
    if path is None or path[:4].lower() != "http":
        return None
    scheme, _, rest = path.partition("://")
    _, inside, last = rest.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")
    if scheme.lower() not in ("http", "https") or not inside or last not in ("index", "index.json"):
        return None
    if branch:
        raise UsageError("an index has no branches: it was made from one", hint="leave --branch out")
    return path


def locate(path: str | None, branch: str | None, *, fetch: bool = True, since: str | None = None, begun: Discovery | None = None) -> Location:
    """Return the registry at *path* and *branch*, else the one the environment names, else the nearest upward.

    *path* may be an address; without *fetch* its remote is not asked, and the last known state is read. Where a change *since* a
    revision is looked at, the folder is the one of that revision: a change cannot remove the registry, or move it, out of sight.
    What git was asked before for the same, in :func:`begin`, is not asked again.

    Raises:
        NotFoundError: there is no repository, no such branch, or no registry in it.
        UsageError: *path* is an address that is not followed, or *branch* cannot be a branch's name.
        BusyError: the remote cannot be reached.
    """
    for given in (path, branch):
        if given == "":
            raise UsageError("an empty text names no registry and no branch")
    path, branch = _asked(path, branch)
    start = path or "."
    if _is_address(start):
        return _at_address(start, branch, fetch=fetch)
    repo = (begun or Discovery(start)).repo()
    ref = _branch_ref(repo, branch) if branch else repo.head_ref() or "HEAD"
    start_of_change = repo.commit(since) if since else None
    prefix = _nearest(repo, start_of_change) if start_of_change else None
    prefix = _nearest(repo, ref) if prefix is None else prefix
    if prefix is not None:
        return Location(repo, ref, prefix)
    configured = branch or repo.config("gitreg.branch")
    if configured:
        ref = _branch_ref(repo, configured)
        folder = (repo.config("gitreg.path") or "").strip("/")
        folder += "/" if folder else ""
        if _holds(repo, ref, folder):
            return Location(repo, ref, folder)
    unborn = repo.reader.info(ref) is None
    what = "has no commits yet" if unborn else f"holds no registry in {ref.removeprefix('refs/heads/')}"
    raise NotFoundError("the repository of {folder!r} {what}", folder=os.path.abspath(start), what=what, hint=(unborn and _elsewhere(repo)) or "gitreg init")


def _elsewhere(repo: GitRepo) -> str:
    """Return the command that goes to a branch of *repo* that holds a registry, a remote's where it has a worktree; empty where none is known."""
    places = ("refs/heads", "refs/remotes") if repo.worktree else ("refs/heads",)
    refs = repo.output("for-each-ref", "--format=%(refname)", *places).split("\n")[:_MOST_BRANCHES]
    found = [match[1] for ref in refs if (match := _PLAIN_REF.match(ref)) and _holds(repo, ref, repo.prefix)]
    names = [name for name in found if name != "HEAD" and not name.startswith("gitreg/")]
    name = next((name for name in names if name in _USUAL), names[0] if names else "")
    if not name:
        return ""
    return f"git switch {name}" if repo.worktree else f"git symbolic-ref HEAD refs/heads/{name}"


def _at_address(url: str, branch: str | None, *, fetch: bool) -> Location:
    """Return the registry at *url*: in the root of its repository, else in the one folder that holds one."""
    from gitreg.store import mirror

    repo, ref = mirror.opened(url, branch, fetch=fetch)
    if _holds(repo, ref, ""):
        return Location(repo, ref, "", mirror.NAME)
    found = [path.removesuffix(layout.CONFIG) for mode, _, path in repo.files(ref, "") if mode == "100644" and f"/{path}".endswith(f"/{layout.CONFIG}")]
    if len(found) == 1 and found[0].isprintable():
        return Location(repo, ref, found[0], mirror.NAME)
    repo.close()
    what = "holds more than one registry" if found else "holds no registry"
    raise NotFoundError("the repository at {url} {what} in {branch}", url=mirror.shown(url), what=what, branch=ref.removeprefix("refs/heads/"), hint="git clone, then gitreg -R FOLDER" if found else "gitreg init")


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
