"""Make a registry: its first commit, and the repository where there is none."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from gitreg import ci, driver
from gitreg.draft import Draft
from gitreg.errors import BusyError, ConflictError, NotFoundError, UsageError
from gitreg.operations import message
from gitreg.records import Occasion, Receipt
from gitreg.store import commits, documents, gitrepo, layout, lock, transaction, worktree
from gitreg.store.cache import Cache
from gitreg.store.discovery import discover
from gitreg.store.gitrepo import GitRepo, checked_branch
from gitreg.store.snapshot import Snapshot
from gitreg.where import Location, locate

if TYPE_CHECKING:
    from datetime import datetime

    from gitreg.records import Config
    from gitreg.store.transaction import Target

_SUBJECT = "registry: create it"
_CONFIG = """\
# This folder is a model registry: gitreg list, gitreg register MODEL, gitreg promote MODEL@VERSION STAGE.
format: 1

# In order. A stage may say what it asks of a version, for example
#   production:
#     from: [staging]              # the version must hold staging first
#     occupied: refuse             # displacing a holder needs --force
#     require:                     # gates, CEL over candidate, current and model
#       - name: accurate enough
#         expr: candidate.metrics.accuracy >= 0.9
#     review: true                 # only through a reviewed pull request
stages:
  development: {}
  staging: {}
  production: {}
"""


def first_files() -> dict[str, bytes]:
    """Return the files of an empty registry, by path: its configuration and the schemas for editors."""
    schemas = {f"{layout.SCHEMA_FOLDER}/{kind}.json": schema_text(schema) for kind, schema in documents.schemas().items()}
    config = layout.schema_line(layout.CONFIG, "gitreg") + _CONFIG
    return {path: text.encode() for path, text in {layout.CONFIG: config, **schemas}.items()}


def schema_text(schema: dict[str, object]) -> str:
    """Return a JSON Schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class Site(NamedTuple):
    """Where a registry is about to be made: the repository, the ref and the commit that it is at, the folder."""

    repo: GitRepo
    ref: str
    tip: str | None
    prefix: str

    def files(self, host: str | None, package: str | None) -> dict[str, bytes]:
        """Return what the first commit holds, by path from the repository's top: the registry, and what CI at *host* needs."""
        folder = os.path.join(self.repo.worktree, self.prefix) if self.repo.worktree and self.ref == self.repo.head_ref() else None
        files = {self.prefix + path: data for path, data in first_files().items()} | driver.attributes(self.repo, self.tip, self.prefix, folder)
        if host is None:
            return files
        wanted = ci.files(host, ci.Site(self.ref.removeprefix("refs/heads/"), self.prefix, package))
        return ci.missing(self.repo, self.tip, wanted, package=package is not None) | files


def initialised(path: str, branch: str | None, now: datetime, host: str | None = None, package: str | None = None) -> Location:
    """Return the location of a new registry in the folder *path*, on *branch* if one is given, with what CI at *host* needs to install *package*.

    Raises:
        ConflictError: there is one already, HEAD is detached, or a file is in the way.
        BusyError: the folder cannot be made or written.
    """
    if branch:
        checked_branch(branch)
    if host:
        ci.files(host, ci.Site(branch or "", "", package))  # a name that does not do is told before anything is made
    site = _site(_repository(path), path, branch)
    files = site.files(host, package)
    if branch and site.tip is None and site.ref == site.repo.head_ref():
        branch = None
    _commit(site, files, now)
    if branch:
        _remember(site.repo, branch, site.prefix)
    driver.install(site.repo)
    return Location(site.repo, site.ref, site.prefix)


def rehearsed(path: str, branch: str | None, host: str | None = None, package: str | None = None) -> Receipt:
    """Return what :func:`initialised` would commit; nothing is made, neither folder nor repository.

    Raises:
        ConflictError: as there.
    """
    if branch:
        checked_branch(branch)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            repo = discover(path)
        except NotFoundError:
            gitrepo.create(scratch)
            repo = discover(scratch)
        files = _site(repo, path, branch, rehearsal=True).files(host, package)
        repo.close()
    new = (difflib.unified_diff([], data.decode().splitlines(keepends=True), "/dev/null", f"b/{name}") for name, data in sorted(files.items()))
    return Receipt(changed=True, message=_SUBJECT, diff="".join(line for diff in new for line in diff))


def equipped(target: Target, location: Location, host: str, occasion: Occasion, *, package: str | None = None, rehearsal: bool = False) -> Receipt:
    """Commit what CI at *host* needs beside the registry at *location* to install *package*, as far as it is not there; a *rehearsal* only tells.

    Raises:
        ConflictError: a file of that name says something else; nothing is changed.
    """
    repo, prefix, inner = location.repo, location.prefix, target.snapshot
    top = target._replace(snapshot=lambda commit: Snapshot(repo, commit, "", target.cache), remote=lambda view: target.remote(inner(str(view.commit))))

    def planned(base: Snapshot) -> transaction.Plan:
        there = inner(base.commit)
        site = ci.Site(_truth(location, there.config), prefix, package)
        missing = ci.missing(repo, base.commit, ci.files(host, site), package=package is not None)
        files = {path: (None, data.decode()) for path, data in missing.items()}
        text = message.written(f"registry: add what CI at {host} needs", "", os.urandom(16).hex(), ())
        return transaction.Plan(base, Draft(there), None, files, (), text)

    if rehearsal:
        return transaction.receipt(planned(top.snapshot(transaction.start(top).base)), None, occasion)
    return transaction.commit_plan(top, planned, occasion)


def _truth(location: Location, config: Config) -> str:
    """Return the branch that reviews guard: a registry's own, else the one that ``gitreg.yaml`` or the remote names."""
    own = location.ref != location.repo.head_ref()
    named = None if own else location.repo.default_branch(config.remote)
    return config.branch or named or location.ref.removeprefix("refs/heads/")


def existing(path: str, branch: str | None) -> Location | None:
    """Return the registry that is in the folder *path* already, or on *branch*, if there is one; for ``.`` the nearest upward."""
    try:
        found = locate(path, branch) if os.path.isdir(path) else None
    except NotFoundError:
        return None
    within = found and (path == "." or found.prefix == found.repo.prefix or found.ref != found.repo.head_ref())
    return found if within else None


def _site(repo: GitRepo, path: str, branch: str | None, *, rehearsal: bool = False) -> Site:
    prefix = repo.prefix if repo.worktree else ""
    if not prefix.isprintable():
        raise UsageError("{folder!r} has a name that a registry cannot have", folder=prefix)
    ref = f"refs/heads/{branch}" if branch else repo.head_ref()
    if ref is None:
        raise ConflictError("HEAD is detached: there is no branch to make a registry on", hint="git switch -c BRANCH")
    tip = repo.reader.info(f"{ref}^{{commit}}")
    if tip and repo.reader.info(f"{tip.id}:{prefix}{layout.CONFIG}"):
        if branch and not rehearsal and repo.config("gitreg.branch") is None and ref != repo.head_ref():
            _remember(repo, branch, prefix)  # a crash came in between, or this is a clone
        raise ConflictError("there is a registry in {path!r} already", path=path, hint="gitreg list")
    outer = _outer(repo, tip.id, prefix) if tip else None
    if outer is not None:
        raise ConflictError("{path!r} lies among the models of the registry in {outer!r}", path=path, outer=outer or ".", hint="gitreg list")
    return Site(repo, ref, tip.id if tip else None, prefix)


def _outer(repo: GitRepo, tip: str, prefix: str) -> str | None:
    """Return the folder of a registry whose models' folder *prefix* lies in, or None: there it would be a stray."""
    inner = prefix
    while prefix:
        prefix = "".join(f"{part}/" for part in prefix.strip("/").split("/")[:-1])
        if repo.reader.info(f"{tip}:{prefix}{layout.CONFIG}") and inner.startswith(f"{prefix}{layout.MODELS}/"):
            return prefix.rstrip("/")
    return None


def _remember(repo: GitRepo, branch: str, prefix: str) -> None:
    if prefix:
        repo.set_config("gitreg.path", prefix)
    repo.set_config("gitreg.branch", branch)


def _repository(path: str) -> GitRepo:
    if os.path.lexists(path) and not os.path.isdir(path):
        raise ConflictError("{path!r} is in the way: it is no folder", path=path)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise BusyError("cannot make the folder {path!r}: {reason}", path=path, reason=error.strerror) from None
    try:
        return discover(path)
    except NotFoundError as error:
        if "somebody else" in error.message:
            raise
    standing = next((file for file in first_files() if _stands(path, file)), None)
    if standing:
        raise ConflictError("{file!r} is in the way", file=os.path.join(path, standing), hint=f"git -C {path} init, and commit it" if standing == layout.CONFIG else "")
    gitrepo.create(path)
    return discover(path)


def _stands(folder: str, file: str) -> bool:
    """Tell whether something is in the way of *file* in a folder that is no repository yet."""
    for part in file.split("/"):
        folder = os.path.join(folder, part)
        if os.path.islink(folder) or not os.path.isdir(folder):
            return os.path.lexists(folder)
    return True


def _commit(site: Site, files: dict[str, bytes], now: datetime) -> None:
    repo, ref, tip, _ = site
    nothing = repo.empty_tree
    zeros = "0" * len(nothing)
    occasion = Occasion(now, str(repo.identity()))
    with lock.held(repo.common_dir) as descriptor:
        worktree.heal(repo, descriptor)
        now_at = repo.reader.info(f"{ref}^{{commit}}")
        if (now_at.id if now_at else None) != tip:
            raise ConflictError("branch {ref} moved meanwhile", ref=ref, hint="gitreg list")
        with repo.ref_update("gitreg: registry: create it", descriptor) as update:
            new = commits.prepared(repo, Cache(repo), tip, commits.Content(sorted(files.items()), f"{_SUBJECT}\n", occasion))
            outcome = commits.move(repo, commits.Step(ref, tip or zeros, tip or nothing, new), lambda: _before(repo, tip, files), update, descriptor)
        if outcome is commits.Outcome.LOST:
            raise ConflictError("branch {ref} moved meanwhile", ref=ref, hint="gitreg init")


def _before(repo: GitRepo, tip: str | None, files: dict[str, bytes]) -> dict[str, str | None]:
    found = {path: repo.reader.info(f"{tip}:{path}") if tip else None for path in files}
    return {path: blob.id if blob else None for path, blob in found.items()}
