"""What gitreg asks of git: refs, config, authors, worktrees, log. Objects are ``reader.py``'s, and finding the repository is ``discovery.py``'s.

Writes keep the person's ``reference-transaction`` hook on purpose: it is theirs, not the repository's content.
GitPython is imported only where a setup needs it, because it costs more than a whole cold read.
"""

from __future__ import annotations

import contextlib
import os
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, ConflictError, InvalidError, UsageError
from gitreg.store import process, refs
from gitreg.store.disk import sync
from gitreg.store.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from gitreg.records import Occasion

_LONGEST_PATCH = 1 << 22  # bytes
_CHUNK = 1 << 16  # bytes
_FRUGAL = ("-c", "core.deltaBaseCacheLimit=16m", "-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=32m")  # git's own limits let a long walk take hundreds of MB, and make it no faster
SYNCED = ("-c", "core.fsync=reference,loose-object,pack", "-c", "core.fsyncMethod=fsync")
_PATIENT = ("-c", "core.filesRefLockTimeout=1000")  # milliseconds, 100 as git comes: too few where another is busy and the machine too


class Identity(NamedTuple):
    """Who commits; ``configured`` is False where git knows no name and a fallback stands in."""

    name: str
    email: str
    configured: bool

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Changed(NamedTuple):
    """A path that differs between two commits: mode and id before and after, both None where it is absent."""

    old_mode: str | None
    old: str | None
    new_mode: str | None
    new: str | None


class Merge(NamedTuple):
    """The tree that a merge gives, and the paths in it that hold a conflict."""

    tree: str
    conflicts: tuple[str, ...]


class Checkout(NamedTuple):
    """A worktree: its folder, the folder with its HEAD and index, and the branch it is on or is rebasing."""

    folder: str
    git_dir: str
    branch: str | None
    busy: str | None  # "merge", "rebase" … where one is under way


class LoggedCommit(NamedTuple):
    """A commit of ``git log``: ``changes`` is (old id, new id, path) of each file, ids None where absent."""

    id: str
    at: int
    author: str
    message: str
    changes: tuple[tuple[str | None, str | None, str], ...]
    is_merge: bool = False


class GitRepo:
    """One repository: where it lies, and the processes that speak for it."""

    def __init__(self, git_dir: str, common_dir: str, *, worktree: str | None, prefix: str, algorithm: str, reading: process.Kept | None = None) -> None:
        self.git_dir, self.common_dir = git_dir, common_dir
        self.worktree, self.prefix, self.algorithm = worktree, prefix, algorithm
        self.reader = Reader(git_dir, reading)
        self._identity: Identity | None = None
        self._is_bare: bool | None = None
        self._settings: dict[str, str] | None = None

    def close(self) -> None:
        """End the kept process; the next read starts another."""
        self.reader.close()

    # -- refs ---------------------------------------------------------------------------------------------

    def head_ref(self) -> str | None:
        """Return the full name of the branch that HEAD is on, or None where it is detached."""
        return _head(self.git_dir)

    def tip(self, ref: str) -> str | None:
        """Return the id of the commit that *ref* is at now, or None where it is gone; git is asked only where its files leave a doubt."""
        known = refs.commit_at(self.common_dir, ref)
        if known is None:
            found = self.reader.info(f"{ref}^{{commit}}")
            known = found.id if found else None
        return known

    def commit(self, rev: str) -> str | None:
        """Return the id of the commit that *rev* (a person's text) names, or None."""
        if not rev.isprintable() or not rev:
            return None
        found = self.reader.info(f"{rev}^{{commit}}")
        return found.id if found else None

    def default_branch(self, remote: str | None) -> str | None:
        """Return the branch that is the truth where ``gitreg.yaml`` names none: the remote's HEAD, if known."""
        remotes = f"refs/remotes/{remote or 'origin'}/"
        head = self.output("symbolic-ref", "-q", f"{remotes}HEAD", ok=(0, 1, 128))
        return head.removeprefix(remotes) if head.startswith(remotes) else None

    @contextlib.contextmanager
    def ref_update(self, reason: str, lock: int) -> Iterator[RefUpdate]:
        """Give something that can move one ref; git starts here, and is ready by the time it is needed.

        *reason* is for the reflog, *lock* a descriptor that must outlive us with git.
        """
        who = self.identity()
        env = {"GIT_COMMITTER_NAME": who.name, "GIT_COMMITTER_EMAIL": who.email}
        git = process.begun(("--git-dir", self.git_dir), (*SYNCED, *_PATIENT, "update-ref", "--create-reflog", "-m", reason, "--stdin"), env=env, lock=lock)
        with git:  # told nothing, git ends and does nothing
            yield RefUpdate(self, git)

    def sync_folder_of(self, ref: str) -> None:
        """Make the rename of a loose ref survive a power cut: its folder, and those up to ``refs/heads``, if they are new."""
        folder = os.path.dirname(ref)
        while folder.startswith("refs/"):
            if os.path.isdir(os.path.join(self.common_dir, folder)):  # not with the reftable backend
                sync(os.path.join(self.common_dir, folder))
            folder = os.path.dirname(folder) if folder != "refs/heads" else ""

    def drop_stale_locks(self, ref: str, new: str = "") -> bool:
        """Remove the locks of a ref and of HEAD whose maker is gone; tells whether the ref's was one of them.

        One with *new* in it is of an ``update-ref`` of ours that was killed: nobody else writes that id. For the others
        it must be proven, see ``holders.py``: a push leaves an id of gitreg's in the lock as well.
        """
        from gitreg.store import holders

        lock = os.path.join(self.common_dir, f"{ref}.lock")
        ours = bool(new) and _text(lock) == new
        if ours:
            os.unlink(lock)
        folders = {self.common_dir, self.git_dir, *(checkout.git_dir for checkout in self.checkouts())}
        left = [path for path in (lock, *(os.path.join(folder, "HEAD.lock") for folder in sorted(folders))) if os.path.exists(path)]
        dropped = holders.drop_stale(left, holders.places(self)) if left else []
        return ours or lock in dropped

    # -- who and how --------------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return git's own idea of the author; where nothing is configured, the login name and host."""
        if self._identity is None:
            code, out, _ = self.git("var", "GIT_AUTHOR_IDENT")
            name, _, rest = out.decode(errors="replace").strip().rpartition(" <") if code == 0 else ("", "", "")
            self._identity = Identity(name, rest.split(">")[0], configured=True) if name else self._fallback_identity()
        return self._identity

    def _fallback_identity(self) -> Identity:
        from git import Actor

        actor = Actor.author()
        return Identity(_tame(actor.name or "unknown"), _tame(actor.email or "unknown"), configured=False)

    def signs(self) -> bool:
        """Tell whether the person's git signs commits (``commit.gpgsign``); asked once."""
        return _is_true(self._set().get("commit.gpgsign", "false"))

    def is_plain(self) -> bool:
        """Tell whether git's config names no other folder for hooks and nobody to share files with; asked once."""
        return not self._set().keys() & {"core.hookspath", "core.sharedrepository"}

    def _set(self) -> dict[str, str]:
        """Return by name what git's config says of how commits are made, in one question; the last of several counts."""
        if self._settings is None:
            said = self.output("config", "-z", "--get-regexp", r"^(commit\.gpgsign|core\.(hookspath|sharedrepository))$", ok=(0, 1))
            pairs = (each.partition("\n") for each in said.split("\0") if each)
            self._settings = {name: value if equals else "true" for name, equals, value in pairs}
        return self._settings

    def signed_commit(self, tree: str, parent: str | None, message: str, occasion: Occasion, author: str = "") -> str:
        """Write a commit that git signs, durably; returns its id.

        *author* is another's whole line, see :class:`gitreg.store.lineage.Commit`; else who commits is the author.

        Raises:
            BusyError: the signing program refuses, or there is none.
        """
        who = f"{self.identity()} {int(occasion.now.timestamp())} +0000"
        env = _signature("AUTHOR", author or who) | _signature("COMMITTER", who)
        args = ("commit-tree", "-S", tree, *(("-p", parent) if parent else ()), "-F", "-")
        code, out, err = process.run(("--git-dir", self.git_dir), (*SYNCED, *args), data=message.encode(), env=env, asks=True)
        if code:
            raise BusyError("git could not sign the commit: {said}", said=err.decode(errors="replace").strip(), hint="git config commit.gpgSign false")
        return out.decode().strip()

    def config(self, key: str) -> str | None:
        """Return the value of a git config *key*, or None."""
        return self.output("config", "--get", key, ok=(0, 1)) or None

    def set_config(self, key: str, value: str) -> None:
        """Set a git config *key* of this repository; git keeps a person's comments, GitPython's writer drops them."""
        code, _, err = self.git("config", "--replace-all", key, value)
        if code:
            raise BusyError("git cannot set {key} to {value!r}: {said}", key=key, value=value, said=err.decode(errors="replace").strip())

    def checkouts(self) -> list[Checkout]:
        """Return every worktree of this repository, the main one first."""
        found = []
        if not self._bare():
            main = self.worktree if self.git_dir == self.common_dir else None
            found.append(checkout_at(main or self._main_folder(), self.common_dir))
        linked = os.path.join(self.common_dir, "worktrees")
        for name in sorted(os.listdir(linked)) if os.path.isdir(linked) else ():
            pointer = os.path.join(linked, name, "gitdir")
            if os.path.isfile(pointer):
                with open(pointer, encoding="utf-8", errors="surrogateescape") as file:  # absolute, or from the pointer's folder
                    folder = os.path.dirname(os.path.join(linked, name, file.read().rstrip("\n")))
                found.append(checkout_at(os.path.normpath(folder), os.path.join(linked, name)))
        return [checkout for checkout in found if os.path.isdir(checkout.folder)]

    def _bare(self) -> bool:
        """Tell whether there is no main worktree; git is asked once, for it costs a process a write."""
        if self._is_bare is None:
            main = self.git_dir == self.common_dir and self.worktree is not None
            self._is_bare = not main and self.output("--git-dir", self.common_dir, "rev-parse", "--is-bare-repository") == "true"
        return self._is_bare

    def _main_folder(self) -> str:
        configured = self.config("core.worktree")
        return os.path.join(self.common_dir, configured) if configured else os.path.dirname(self.common_dir)

    # -- running git --------------------------------------------------------------------------------------

    def git(self, *args: str, data: bytes | None = None, env: dict[str, str] | None = None, lock: int | None = None, folder: str | None = None) -> tuple[int, bytes, bytes]:
        """Run git here and return its exit code and outputs; *lock* is a descriptor that must outlive us with it."""
        place = ("-C", folder) if folder else ("--git-dir", self.git_dir)
        return process.run(place, args, data=data, env=env, lock=lock)

    def output(self, *args: str, ok: Sequence[int] = (0,), folder: str | None = None) -> str:
        """Return what git printed, stripped.

        Raises:
            InvalidError: git ended with a code that is not in *ok*.
        """
        code, out, err = self.git(*args, folder=folder)
        if code not in ok:
            raise self.reader.damaged(f"git {args[0]} failed: {err.decode(errors='replace').strip()}")
        return out.decode(errors="surrogateescape").strip()

    # -- many things at once ------------------------------------------------------------------------------

    def files(self, commit: str, prefix: str, below: Sequence[str] = ("",)) -> Iterator[tuple[str, str, str]]:
        """Yield mode, id and path (relative to *prefix*) of every file in *commit* that is *below* one of these paths of *prefix*."""
        limits = [prefix + path for path in below if prefix + path]
        args = ("ls-tree", "-r", "-z", "--full-tree", commit, *(("--", *limits) if limits else ()))
        code, out, err = self.git(*args)
        if code:
            raise self.reader.damaged(f"git cannot list {commit}: {err.decode(errors='replace').strip()}")
        for entry in out.decode(errors="surrogateescape").split("\0")[:-1]:
            meta, _, path = entry.partition("\t")
            mode, _, object_id = meta.split(" ")
            yield mode, object_id, path[len(prefix) :]

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries."""
        from hashlib import new as new_hash

        return new_hash(self.algorithm, b"tree 0\0", usedforsecurity=False).hexdigest()

    def changed(self, old: str, new: str, below: str = "") -> dict[str, Changed]:
        """Return by path what differs between two commits or trees, in all or *below* a folder (``a/b/``)."""
        code, out, err = self.git("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-relative", "--ignore-submodules=none", old, new, *(("--", below) if below else ()))
        if code:
            raise self.reader.damaged(f"git cannot compare {old} and {new}: {err.decode(errors='replace').strip()}")
        fields = out.decode(errors="surrogateescape").split("\0")
        found = {}
        for meta, path in zip(fields[::2], fields[1::2], strict=False):
            old_mode, new_mode, before, after, _ = meta.removeprefix(":").split(" ")
            found[path] = Changed(_present(old_mode), _present(before), _present(new_mode), _present(after))
        return found

    def patch(self, old: str, new: str, below: str = "") -> str:
        """Return the difference of two commits or trees as a patch, in all or *below* a folder.

        No filter of the person's runs, no attribute that strangers wrote hides a file, and what is very long is cut.
        """
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative", "--ignore-submodules=none", "--submodule=short")
        args = (*self._unattributed(), "-c", "core.bigFileThreshold=1m", "diff-tree", "-p", *plain, old, new, *(("--", below) if below else ()))
        with process.begun(("--git-dir", self.git_dir), args) as git:
            assert git.stdout
            out = git.stdout.read(_LONGEST_PATCH)
            cut = bool(git.stdout.read(1))
        return out.decode(errors="replace") + ("\n(the rest is left out: it is too long)\n" if cut else "")

    def _unattributed(self) -> tuple[str, ...]:
        """Return options with which no ``.gitattributes`` is read: not of the worktree, not of the person, not of HEAD (git 2.43)."""
        return ("--bare", "-c", "core.attributesFile=/dev/null", "-c", f"attr.tree={self.empty_tree}")

    def merged(self, ours: str, theirs: str) -> Merge:
        """Merge two commits into a tree, without a worktree, and without a merge driver of the person's.

        Raises:
            InvalidError: git cannot: a commit between them is not here.
        """
        plain = (*self._unattributed(), "-c", "merge.renameLimit=1000")  # which costs its square
        code, out, err = self.git(*plain, "merge-tree", "--write-tree", "--allow-unrelated-histories", "--name-only", "--no-messages", "-z", ours, theirs)
        if code not in (0, 1):
            problem = f"git cannot merge {ours[:12]} and {theirs[:12]}: {err.decode(errors='replace').strip()}"
            raise InvalidError(problem, hint="git fetch --unshallow") if self.cut_off() else self.reader.damaged(problem)
        tree, *paths = out.decode(errors="surrogateescape").split("\0")
        return Merge(tree, tuple(path for path in paths if path))

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Tell whether *of* has *commit* in its history."""
        code, _, err = self.git("merge-base", "--is-ancestor", commit, of)
        if code not in (0, 1):
            raise self.reader.damaged(f"git cannot compare {commit} and {of}: {err.decode(errors='replace').strip()}")
        return code == 0

    def follows(self, new: str, old: str) -> bool:
        """Tell whether *old* is a first parent of *new*, or of its first parents, and so on."""
        if new == old:
            return True
        code, out, _ = self.git("rev-list", "--first-parent", "--parents", "--end-of-options", f"{old}..{new}")
        last = out.split(b"\n")[-2:-1]
        return code == 0 and bool(last) and last[0].split(b" ")[1:2] == [old.encode()]

    def log(self, commit: str, paths: Iterable[str], only: str = "") -> Iterator[LoggedCommit]:
        """Yield the first-parent commits that changed *paths*, newest first, each against its first parent.

        *only* limits the kinds of change, as ``--diff-filter`` does: ``D`` is what was removed.
        """
        yield from self._log(commit, paths, "--first-parent", "--diff-merges=first-parent", f"--diff-filter={only}")

    def brought(self, merge: str, paths: Iterable[str]) -> Iterator[LoggedCommit]:
        """Yield the commits that *merge* brought to its first parent and that changed *paths*, the newest first; merges are left out."""
        yield from self._log(f"{merge}^1..{merge}", paths, "--no-merges", "--topo-order")

    def _log(self, commits: str, paths: Iterable[str], *limits: str) -> Iterator[LoggedCommit]:
        shape = "--format=%H%x00%P%x00%ct%x00%an <%ae>%x00%B%x00"
        asked = (*limits, "--no-renames", "--no-ext-diff", "--no-color", "--root", "--no-mailmap", "--encoding=UTF-8", "--raw", "-z", "--no-abbrev")
        cut = self.cut_off()  # their parents are not here, so nobody can tell what they changed
        with process.begun(("--git-dir", self.git_dir), (*_FRUGAL, "log", *asked, shape, "--end-of-options", commits, "--", *paths)) as git, process.aside(git) as said:
            assert git.stdin
            assert git.stdout
            git.stdin.close()
            yield from (found for found in _logged(_fields(git.stdout)) if found.id not in cut)
            why = said().decode(errors="replace").strip()
        if git.returncode:
            raise self.reader.damaged(f"git log failed: {why}")

    def cut_off(self) -> frozenset[str]:
        """Return the commits where a shallow clone ends; none in a whole one."""
        try:
            with open(os.path.join(self.common_dir, "shallow"), encoding="ascii") as file:
                return frozenset(file.read().split())
        except FileNotFoundError:
            return frozenset()

    def times(self, commit: str) -> Iterator[tuple[int, str]]:
        """Yield committer time (seconds since 1970) and id of the first-parent commits, newest first."""
        for line in self.output("rev-list", "--first-parent", "--timestamp", commit).splitlines():
            at, _, found = line.partition(" ")
            yield int(at), found


class RefUpdate:
    """A git that waits to move a ref; it can do so once."""

    def __init__(self, repo: GitRepo, git: process.Kept) -> None:
        self._repo, self._git = repo, git

    def move(self, ref: str, new: str, old: str) -> bool:
        """Move *ref* from *old* (zeros: it must not exist) to *new*, durably; False where it is no longer at *old*.

        Raises:
            BusyError: another git process holds the ref's lock, or the disk is full.
            ConflictError: a hook refuses, or the ref collides with another.
        """
        _, err = self._git.communicate(f"update {ref} {new} {old}\n".encode())
        left = self._git.returncode != 0 or os.path.exists(os.path.join(self._repo.git_dir, "HEAD.lock"))
        freed = left and self._repo.drop_stale_locks(ref, new if self._git.returncode < 0 else "")
        if self._git.returncode == 0:
            self._repo.sync_folder_of(ref)
            return True
        said = err.decode(errors="replace").strip().removeprefix("fatal: ")
        if "is at" in said or "but expected" in said or "reference already exists" in said or "unable to resolve reference" in said:
            return False
        if "cannot create" in said and "exists" in said:
            raise ConflictError("git cannot make {ref}: {said}", ref=ref, said=said, hint="choose another branch name")
        if "File exists" in said:
            if freed:
                return False  # whoever was first is dead
            raise BusyError("another git process holds the lock of {ref}, or died holding it", ref=ref, hint="gitreg doctor")
        if "reference-transaction" in said or "ref updates aborted by hook" in said:
            raise ConflictError("the reference-transaction hook of this repository refused: {said}", said=said)
        raise BusyError("git could not move {ref}: {said}", ref=ref, said=said)


def _is_true(value: str) -> bool:
    """Tell whether git takes a *value* for true."""
    return value.lower() in ("true", "yes", "on") or value.lstrip("+-").lstrip("0").isdecimal()


def _text(lock: str) -> str | None:
    """Return what a lock says, or None where there is none."""
    try:
        with open(lock, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _head(git_dir: str) -> str | None:
    """Return the branch that a HEAD is on, or None where it is detached."""
    file = os.path.join(git_dir, "HEAD")
    if os.path.islink(file):  # core.preferSymlinkRefs
        return os.readlink(file)
    with open(file, encoding="utf-8", errors="surrogateescape") as open_file:
        head = open_file.read().strip()
    if head == "ref: refs/heads/.invalid":  # the reftable backend keeps HEAD elsewhere
        _, out, _ = process.run(("--git-dir", git_dir), ("symbolic-ref", "-q", "HEAD"))
        return os.fsdecode(out).strip() or None
    return head.removeprefix("ref: ") if head.startswith("ref: ") else None


def _fields(stream: IO[bytes]) -> Iterator[str]:
    """Yield what stands between the zero bytes of a stream, while it comes: a history is not in memory as a whole."""
    pieces: list[bytes] = []
    while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        head, *rest = chunk.split(b"\0")
        pieces.append(head)
        if rest:
            yield b"".join(pieces).decode(errors="replace")
            yield from (field.decode(errors="replace") for field in rest[:-1])
            pieces = [rest[-1]]
    yield b"".join(pieces).decode(errors="replace")


def _logged(fields: Iterator[str]) -> Iterator[LoggedCommit]:
    """Yield the commits in *fields*, read by position: a message may hold any mark that could stand between them. What is cut short is left out."""
    field = next(fields, None)
    while field is not None:
        if not field.strip("\n"):
            field = next(fields, None)
            continue
        commit, facts, changes = field, list(islice(fields, 4)), []
        field = next(fields, None)
        while field is not None and not field.strip("\n"):
            field = next(fields, None)
        while field is not None and (meta := field.lstrip("\n")).startswith(":") and (path := next(fields, None)) is not None:
            _, _, old, new, _ = meta.split(" ")
            changes.append((_present(old), _present(new), path))
            field = next(fields, None)
        if len(facts) == 4:
            parents, when, author, message = facts
            yield LoggedCommit(commit, int(when), author, message, tuple(changes), " " in parents)


def _present(object_id: str) -> str | None:
    return object_id if object_id.strip("0") else None


def _signature(role: str, line: str) -> dict[str, str]:
    """Return what tells git who its AUTHOR or COMMITTER is, from a line of a commit."""
    name, _, rest = line.partition(" <")
    address, _, at = rest.rpartition("> ")
    return {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": address, f"GIT_{role}_DATE": f"@{at}"}


def _tame(text: str) -> str:
    """Return *text* as a name or address that a commit can hold."""
    return "".join(c for c in text if c not in "<>\n\r\0").strip()


def checkout_at(folder: str, git_dir: str) -> Checkout:
    """Return what the worktree in *folder* is on and at now."""
    branch = _head(git_dir)
    for state, what in _UNDER_WAY:
        if os.path.exists(os.path.join(git_dir, state)):
            rebased = os.path.join(git_dir, state, "head-name")
            if os.path.isfile(rebased):
                with open(rebased, encoding="utf-8") as file:
                    branch = file.read().strip()
            return Checkout(folder, git_dir, branch, what)
    return Checkout(folder, git_dir, branch, None)


_UNDER_WAY = (("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("rebase-apply", "rebase"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert"))


def create(folder: str, *, bare: bool = False, branch: str = "main") -> None:
    """Make a repository in *folder*, its first branch *branch*."""
    from git import GitCommandError, Repo

    try:
        with Repo.init(folder, bare=bare, initial_branch=branch) as made:
            _sync_new(str(made.git_dir))
    except (GitCommandError, OSError) as error:
        raise BusyError("git cannot make a repository in {folder!r}: {said}", folder=folder, said=getattr(error, "stderr", "") or error) from None


def _sync_new(git_dir: str) -> None:
    """Make a new repository survive a power cut; git itself does not sync these files."""
    for name in ("HEAD", "config", "refs/heads", "refs", "objects", ".", ".."):
        sync(os.path.join(git_dir, name))


def checked_branch(name: str) -> str:
    """Return *name* if it may name a branch.

    Raises:
        UsageError: git would not take it.
    """
    code, _, _ = process.run((), ("check-ref-format", "--branch", name)) if name.isprintable() and not name.startswith("-") else (1, b"", b"")
    if code or name.startswith("@"):
        raise UsageError("{name!r} cannot name a branch", name=name)
    return name
