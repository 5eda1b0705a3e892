"""What proposals stand on: the repository, the remote that takes them, the branch that they go to, and its forge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, NotFoundError
from gitreg.proposals import naming
from gitreg.store import remote as remotes
from gitreg.store import tips
from gitreg.store.gitrepo import checked_branch
from gitreg.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from gitreg.records import Config, Occasion
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.remote import Remote
    from gitreg.where import Location


class Ground(NamedTuple):
    """A registry as proposals see it: where it is, what was read of it, who acts when, and whose *turn* it is, where threads share it.

    Of its branch here only the rules are read.
    """

    location: Location
    cache: Cache
    config: Callable[[], Config]
    occasion: Callable[[], Occasion]
    turn: AbstractContextManager[object]

    @property
    def repo(self) -> GitRepo:
        """The repository."""
        return self.location.repo

    def at(self, commit: str) -> Snapshot:
        """Return the registry as *commit* has it."""
        return Snapshot(self.repo, commit, self.location.prefix, self.cache)

    def remote(self) -> Remote:
        """Return the remote that takes proposals, no branch of it.

        Raises:
            NotFoundError: this repository has none.
        """
        name = self.location.remote or self.config().remote or _usual(self.repo)
        return remotes.configured(self.repo, name, "")

    def truth(self) -> Remote:
        """Return the branch that proposals go to, at the remote that takes them.

        Raises:
            NotFoundError: this repository has no remote, or nothing says which branch is the truth.
            BusyError: the remote cannot be reached.
        """
        remote = self.remote()
        own = self.location.ref.removeprefix("refs/heads/") if self.location.remote else None
        branch = self.config().branch or own or remotes.head(self.repo, remote.name)
        if branch is None:
            raise NotFoundError("{remote} does not say which branch is the truth", remote=remote.name, hint=self._named(remote))
        return remote._replace(branch=checked_branch(branch))

    def base(self, truth: Remote) -> Snapshot:
        """Return the registry as the branch *truth* has it now, its objects here.

        Raises:
            NotFoundError: there is no such branch, or no registry in it.
            BusyError: the remote cannot be reached.
        """
        try:
            commit = truth.fetch()
        except BusyError as error:
            error.hint = f"git ls-remote {truth.name}"  # offline is no way out
            raise
        if commit is None:
            raise NotFoundError("{remote} has no branch {branch!r}", remote=truth.name, branch=truth.branch, hint=self._sent(truth))
        found = self.at(commit)
        if found.blob_id("gitreg.yaml") is None:
            raise NotFoundError(
                "branch {branch!r} of {remote} holds no registry in {folder!r}", branch=truth.branch, remote=truth.name, folder=self.location.prefix or ".",
                hint="add a line to gitreg.yaml: branch: BRANCH",
            )  # fmt: skip
        return found


    def _named(self, remote: Remote) -> str:
        """Return what to do where *remote* has no HEAD that is a branch: to name one that it has, or to send it one."""
        there = _branches(remote)
        here = self._here()
        known = next((name for name in (here, "main", "master", *there) if name in there), "")
        return f"add a line to gitreg.yaml: branch: {known}" if known else f"git push {remote.name} {here or 'HEAD:main'}"

    def _sent(self, truth: Remote) -> str:
        """Return what to do where a remote has not the branch *truth*: to send what is here, or to name one that it has."""
        if self.repo.commit(f"refs/heads/{truth.branch}"):
            return f"git push {truth.name} {truth.branch}"
        there = _branches(truth)
        if there:
            return f"name a branch that {truth.name} has in gitreg.yaml: branch: {there[0]}"
        return f"git push {truth.name} {self._here() or 'HEAD'}:refs/heads/{truth.branch}"

    def _here(self) -> str:
        """Return the branch that is read here, empty where HEAD is detached."""
        return self.location.ref.removeprefix("refs/heads/") if self.location.ref != "HEAD" else ""


def _branches(remote: Remote) -> list[str]:
    """Return the branches of *remote* that may be the truth, as a person would guess it."""
    found = (ref.removeprefix("refs/heads/") for ref in tips.seen(remote, ["refs/heads/*"]))
    return sorted((name for name in found if not name.startswith(naming.FOLDER)), key=lambda name: (name not in ("main", "master"), name))


def _usual(repo: GitRepo) -> str:
    """Return the remote that is meant where ``gitreg.yaml`` names none: ``origin``, else the only one."""
    found = repo.output("remote").split("\n")
    if "origin" in found:
        return "origin"
    if len(found) == 1 and found[0]:
        return found[0]
    what = "has more than one remote, and none is called origin" if found[0] else "has no remote: there is nobody to propose to"
    hint = "add a line to gitreg.yaml: remote: NAME" if found[0] else "git remote add origin URL"
    raise NotFoundError("this repository {what}", what=what, hint=hint)
