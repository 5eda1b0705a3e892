"""Fetch from and push to the remote that shares a branch.

``gitreg.yaml`` comes from strangers, so its ``remote`` is only a name: address and transport are what the person
configured under it, and credentials are git's own. A push is never forced, so the server judges each race.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, ConflictError, NotFoundError, PolicyError
from gitreg.store import network
from gitreg.store.gitrepo import SYNCED
from gitreg.store.network import said

if TYPE_CHECKING:
    from gitreg.store.gitrepo import GitRepo

_RACE = re.compile(r"fetch first|non-fast-forward|stale info|already exists|cannot lock ref|failed to update ref|failed to lock|incorrect old value|is at [0-9a-f]+ but expected")
_HEAD = re.compile(r"ref: refs/heads/(\S+)\tHEAD\n")
_UNSENT = re.compile(r"unable to access|unable to connect|unable to look up|Authentication failed|could not read (?:Username|Password)|Could not read from remote repository|initial contact")
_NO_ROOM = re.compile(r"unpacker error|failed to write|unable to migrate objects|No space left")
_TAKEN = (" \t", "*\t", "+\t", "=\t")  # a ref that a remote took, in git's porcelain
_STILL_AT_WORK = (0.2, 0.8)  # seconds: a server with hooks goes on when the connection is gone
_TRIES = 5
_HELD = (0.2, 0.4, 0.8, 1.6)  # seconds until who has the branch's lock at the remote is asked for it again
_MISFIT = re.compile(r"--mirror\b.* refspec|receiving end does not support")  # a push that the person's git is configured for
_BROKEN = re.compile(r"^(?:fatal:|error: RPC failed|send-pack:)", re.MULTILINE)
OFFLINE = "--offline writes here only, and gitreg sync sends it later"
_NO_BRANCH = "couldn't find remote ref"


class Remote(NamedTuple):
    """A remote of *repo*, by its configured *name*, and the one *branch* of it (``main``) that is exchanged."""

    repo: GitRepo
    name: str
    branch: str

    @property
    def tracking(self) -> str:
        """The ref that remembers where the remote's branch was last seen."""
        return f"refs/remotes/{self.name}/{self.branch}"

    def fetch(self) -> str | None:
        """Return the commit that the remote's branch is at now, its objects durably here; None where it has no such branch.

        Raises:
            BusyError: the remote cannot be reached, or refuses to be read.
        """
        spec = f"+refs/heads/{self.branch}:{self.tracking}"
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--end-of-options")
        for _ in range(_TRIES):
            code, _, err = self.ask("fetch", *options, self.name, spec)
            if "cannot lock ref" not in err:  # another fetches too, an editor of the person perhaps
                break
            self.repo.drop_stale_locks(self.tracking)  # or did, and was killed
        if code:
            if _NO_BRANCH in err:
                return None
            if "cannot lock ref" in err:
                raise BusyError("where {remote} is cannot be noted here: {said}", remote=self.name, said=said(err), hint="gitreg doctor --fix")
            raise self.unreachable(err)
        found = self.repo.reader.info(self.tracking)
        return found.id if found else None

    def push(self, commit: str) -> bool:
        """Move the remote's branch forward to *commit*; False where another was first, so that it is no step forward.

        A connection that breaks before the answer leaves open whether the remote has taken it: it is asked again, for as
        long as it may still be at work on that. A remote that rejects a step forward, as if another were first, is tried
        a few times more: whoever has its lock may be about to move the branch, or be dead.

        Raises:
            PolicyError: the remote's rules refuse, as a protected branch does, or the person's ``pre-push`` hook.
            ConflictError: the person's git is configured for another push than this.
            BusyError: the remote cannot be reached, has no room or stays locked; or it broke off, and the sentence says that it may have taken it.
        """
        for pause in (0, *_HELD):
            time.sleep(pause)
            code, out, err = self._sent(commit)
            if code == 0:
                return True
            refused = next((line for line in out.splitlines() if line.startswith("!\t")), "")
            if "[rejected]" in refused:  # git saw it before it sent anything, but to another of several addresses maybe
                return any(line.startswith(_TAKEN) for line in out.splitlines()) and self._has(commit, said(err))
            self._judge(refused, out, err)
            if not refused:
                return self._arrived(commit, out, err)
            theirs = self._seen(commit, said(err))
            if theirs and (self.repo.is_ancestor(commit, theirs) or not self.repo.is_ancestor(theirs, commit)):
                return self.repo.is_ancestor(commit, theirs)
        raise BusyError(
            "{remote} rejected the change {tries} times though nobody else moved {branch}, nothing was written: {said}",
            remote=self.name, branch=self.branch, tries=len(_HELD) + 1, said=said(err), hint="where the remote repository is: gitreg doctor --fix",
        )  # fmt: skip

    def _sent(self, commit: str) -> tuple[int, str, str]:
        options = ("--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--end-of-options")
        return self.ask("push", *options, self.name, f"{commit}:refs/heads/{self.branch}")

    def _judge(self, refused: str, out: str, err: str) -> None:
        """Raise what git said of a push, if that is neither a race nor a connection that broke."""
        if _NO_ROOM.search(out + err):
            raise BusyError("{remote} has no room for the change, nothing was written: {said}", remote=self.name, said=said(err))
        if "[remote rejected]" in refused and not _RACE.search(refused):
            raise PolicyError("{remote} refuses this change of {branch}: {said}", remote=self.name, branch=self.branch, said=said(err) or refused.rpartition("\t")[2])
        if not refused and _MISFIT.search(err):
            hint = f"git config --unset remote.{self.name}.mirror" if "--mirror" in err else "git config --show-origin --get-regexp ^push"
            raise ConflictError("git is configured for pushes to {remote} that are not of one branch alone, nothing was written: {said}", remote=self.name, said=said(err), hint=hint)
        if not refused and _UNSENT.search(err):
            raise self.unreachable(err)

    def _arrived(self, commit: str, out: str, err: str) -> bool:
        """Tell whether the remote has a commit of which git did not say what became of it.

        Raises:
            PolicyError: a hook of the person's refused before anything was sent.
            BusyError: it has not, but may still take it.
        """
        taken = self._has(commit, said(err))  # where a connection broke, curl may have sent it twice, and we hear of the second
        if not taken and not out and not _BROKEN.search(err):
            self._let_hook_speak(err)
        for pause in _STILL_AT_WORK:
            if not taken:
                time.sleep(pause)
                taken = self._has(commit, said(err))
        if not taken:
            raise BusyError("{remote} broke off: it has not taken {commit} so far, but may still: {said}", remote=self.name, commit=commit[:12], said=said(err), hint="gitreg sync")
        return True

    def _let_hook_speak(self, err: str) -> None:
        """Raise what the ``pre-push`` hook said, where there is one: git says nothing of its own when that refuses."""
        hook = self.repo.output("rev-parse", "--git-path", "hooks/pre-push")
        if os.access(hook, os.X_OK):
            raise PolicyError("the pre-push hook {hook!r} refused, nothing was written: {said}", hook=hook, said=said(err) or "it does not say why")

    def unreachable(self, err: str) -> BusyError:
        """Return the error for what git complained of."""
        return BusyError("{remote} cannot be reached: {said}", remote=self.name, said=said(err), hint=OFFLINE)

    def _has(self, commit: str, broke: str) -> bool:
        theirs = self._seen(commit, broke)
        return theirs is not None and self.repo.is_ancestor(commit, theirs)

    def _seen(self, commit: str, broke: str) -> str | None:
        """Return where the remote is after a push that did not end well."""
        try:
            return self.fetch()
        except BusyError:
            raise BusyError("{remote} did not answer, and may have taken {commit}: {said}", remote=self.name, commit=commit[:12], said=broke, hint="gitreg sync") from None

    def ask(self, *args: str) -> tuple[int, str, str]:
        """Run a git command that speaks to the remote, and return its exit code and what it said; see :func:`network.ask`."""
        return network.ask(("--git-dir", self.repo.git_dir), (*SYNCED, *args))


def configured(repo: GitRepo, name: str, branch: str) -> Remote:
    """Return the remote *name* of *repo*.

    Raises:
        NotFoundError: the person's git knows none of that name.
    """
    if repo.config(f"remote.{name}.url") is None:
        raise NotFoundError("gitreg.yaml names the remote {remote!r}, and this repository has none of that name", remote=name, hint=f"git remote add {name} URL")
    return Remote(repo, name, branch)


def head(repo: GitRepo, name: str) -> str | None:
    """Return the branch that is the HEAD of the remote *name*, asked once and then remembered as git does; None where it says none.

    Raises:
        BusyError: the remote cannot be reached.
    """
    known = repo.default_branch(name)
    if known:
        return known
    asked = Remote(repo, name, "")
    code, out, err = asked.ask("ls-remote", "--symref", "--end-of-options", name, "HEAD")
    if code:
        raise asked.unreachable(err)
    found = _HEAD.match(out)
    if found:
        repo.git("symbolic-ref", f"refs/remotes/{name}/HEAD", f"refs/remotes/{name}/{found[1]}")
    return found[1] if found else None
