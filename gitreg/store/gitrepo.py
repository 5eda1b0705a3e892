"""The only speaker to git: discovery, refs, objects read through one kept process, config, authors, log.

Reads use ``git cat-file --batch-command``, which runs no filter, no textconv and no hook, whoever made the
repository. Writes switch ``core.fsmonitor`` off and keep the person's ``reference-transaction`` hook on
purpose: it is theirs, not the repository's content. GitPython is imported only where a write or a setup
needs it, because it costs more than a whole cold read.
"""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, ConflictError, InvalidError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SAFE = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
_SYNCED = ("-c", "core.fsync=reference,loose-object,pack", "-c", "core.fsyncMethod=fsync")
_CHUNK = 1 << 16
_AT_ONCE = 400  # requests in flight: their bytes must fit into a pipe, or both sides would wait


class Object(NamedTuple):
    """A git object; ``data`` is None where it is larger than the reader was asked to take."""

    id: str
    type: str
    size: int
    data: bytes | None


class Identity(NamedTuple):
    """Who commits; ``configured`` is False where git knows no name and a fallback stands in."""

    name: str
    email: str
    configured: bool

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


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


class GitRepo:
    """One repository: where it lies, and the processes that speak for it."""

    def __init__(self, git_dir: str, common_dir: str, *, worktree: str | None, prefix: str, algorithm: str) -> None:
        self.git_dir, self.common_dir = git_dir, common_dir
        self.worktree, self.prefix, self.algorithm = worktree, prefix, algorithm
        self.reader = Reader(git_dir)
        self._identity: Identity | None = None
        self._is_bare: bool | None = None

    @classmethod
    def discover(cls, start: str) -> GitRepo:
        """Return the repository that holds the folder *start*.

        Raises:
            NotFoundError: the folder does not exist, or no repository holds it.
        """
        if not os.path.isdir(start):
            raise NotFoundError("there is no folder {folder!r}", folder=start)
        asked = ("--git-dir", "--git-common-dir", "--is-inside-work-tree", "--show-object-format", "--show-prefix")
        code, out, err = _git(("-C", start, "rev-parse", "--path-format=absolute", *asked))
        if code:
            said = err.decode(errors="replace").strip()
            if "dubious ownership" in said:
                raise NotFoundError("git refuses to read {folder!r}: somebody else owns it", folder=start, hint=f"git config --global --add safe.directory {start}")
            raise NotFoundError("there is no git repository in {folder!r} or above it", folder=start, hint="gitreg init")
        answers = os.fsdecode(out).split("\n")[:-1]
        if len(answers) != len(asked):
            raise UsageError("{folder!r} has a line break in its path", folder=os.path.realpath(start))
        git_dir, common_dir, inside, algorithm, prefix = answers
        folder = os.path.realpath(start)
        top = folder[: len(folder) - len(prefix)] if prefix else folder
        return cls(git_dir, common_dir, worktree=top if inside == "true" else None, prefix=prefix, algorithm=algorithm)

    def close(self) -> None:
        """End the kept process; the next read starts another."""
        self.reader.close()

    # -- refs ---------------------------------------------------------------------------------------------

    def head_ref(self) -> str | None:
        """Return the full name of the branch that HEAD is on, or None where it is detached."""
        return _head(self.git_dir)

    def commit(self, rev: str) -> str | None:
        """Return the id of the commit that *rev* (a person's text) names, or None."""
        if not rev.isprintable() or not rev:
            return None
        found = self.reader.info(f"{rev}^{{commit}}")
        return found.id if found else None

    def default_branch(self, remote: str | None) -> str | None:
        """Return the branch that is the truth where ``gitreg.yaml`` names none: the remote's HEAD, if known."""
        head = self.output("symbolic-ref", "-q", f"refs/remotes/{remote or 'origin'}/HEAD", ok=(0, 1, 128))
        return head.split("/", 3)[3] if head.count("/") >= 3 else None

    def update_ref(self, ref: str, new: str, old: str, reason: str, lock: int | None = None) -> bool:
        """Move *ref* from *old* to *new*, durably; False where it is no longer at *old* or another holds its lock."""
        who = self.identity()
        env = {"GIT_COMMITTER_NAME": who.name, "GIT_COMMITTER_EMAIL": who.email}
        args = ("update-ref", "--create-reflog", "-m", reason, ref, new, old)
        code, _, err = self.git(*_SYNCED, *args, env=env, lock=lock)
        if code == 0:
            self._sync_folder_of(ref)
            return True
        said = err.decode(errors="replace")
        if "is at" in said or "but expected" in said or "reference already exists" in said or "unable to resolve reference" in said:
            return False
        if "cannot create" in said and "exists" in said:
            raise ConflictError("git cannot make {ref}: {said}", ref=ref, said=said.strip().removeprefix("fatal: "), hint="choose another branch name")
        if "File exists" in said:
            raise BusyError("another git process holds the lock of {ref}", ref=ref, hint="gitreg doctor")
        if "reference-transaction" in said or "ref updates aborted by hook" in said:
            raise ConflictError("the reference-transaction hook of this repository refused: {said}", said=said.strip())
        raise BusyError("git could not move {ref}: {said}", ref=ref, said=said.strip().removeprefix("fatal: "))

    def _sync_folder_of(self, ref: str) -> None:
        """Make the rename of a loose ref survive a power cut: its folder, and those up to ``refs/heads``, if they are new."""
        folder = os.path.dirname(ref)
        while folder.startswith("refs/"):
            if os.path.isdir(os.path.join(self.common_dir, folder)):  # not with the reftable backend
                sync_folder(os.path.join(self.common_dir, folder))
            folder = os.path.dirname(folder) if folder != "refs/heads" else ""

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

    def git(self, *args: str, input: bytes | None = None, env: dict[str, str] | None = None, lock: int | None = None, folder: str | None = None) -> tuple[int, bytes, bytes]:  # noqa: A002 - subprocess's word
        """Run git here and return its exit code and outputs; *lock* is a descriptor that must outlive us with it."""
        place = ("-C", folder) if folder else ("--git-dir", self.git_dir)
        return _git((*place, *_SAFE, *args), input=input, env=env, lock=lock)

    def output(self, *args: str, ok: Sequence[int] = (0,), folder: str | None = None) -> str:
        """Return what git printed, stripped.

        Raises:
            InvalidError: git ended with a code that is not in *ok*.
        """
        code, out, err = self.git(*args, folder=folder)
        if code not in ok:
            raise InvalidError(f"git {args[0]} failed: {err.decode(errors='replace').strip()}", hint="git fsck")
        return out.decode(errors="surrogateescape").strip()

    # -- many things at once ------------------------------------------------------------------------------

    def files(self, commit: str, prefix: str) -> Iterator[tuple[str, str, str]]:
        """Yield mode, id and path (relative to *prefix*) of every file below *prefix* in *commit*."""
        args = ("ls-tree", "-r", "-z", "--full-tree", commit, *(("--", prefix) if prefix else ()))
        code, out, err = self.git(*args)
        if code:
            raise InvalidError(f"git cannot list {commit}: {err.decode(errors='replace').strip()}", hint="git fsck")
        for entry in out.decode(errors="surrogateescape").split("\0")[:-1]:
            meta, _, path = entry.partition("\t")
            mode, _, object_id = meta.split(" ")
            yield mode, object_id, path[len(prefix) :]

    def log(self, commit: str, paths: Iterable[str]) -> Iterator[LoggedCommit]:
        """Yield the first-parent commits that changed *paths*, newest first, each against its first parent."""
        shape = "--format=%H%x00%ct%x00%an <%ae>%x00%B%x00"
        limits = ("--first-parent", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-color", "--root")
        args = ("log", *limits, "--no-mailmap", "--encoding=UTF-8", "--raw", "-z", "--no-abbrev", shape, "--end-of-options", commit, "--", *paths)
        code, out, err = self.git(*args)
        if code:
            raise InvalidError(f"git log failed: {err.decode(errors='replace').strip()}", hint="git fsck")
        yield from _logged(out.decode(errors="replace").split("\0"))

    def times(self, commit: str) -> Iterator[tuple[int, str]]:
        """Yield committer time (seconds since 1970) and id of the first-parent commits, newest first."""
        for line in self.output("rev-list", "--first-parent", "--timestamp", commit).splitlines():
            at, _, found = line.partition(" ")
            yield int(at), found


def _head(git_dir: str) -> str | None:
    """Return the branch that a HEAD is on, or None where it is detached."""
    file = os.path.join(git_dir, "HEAD")
    if os.path.islink(file):  # core.preferSymlinkRefs
        return os.readlink(file)
    with open(file, encoding="utf-8", errors="surrogateescape") as open_file:
        head = open_file.read().strip()
    if head == "ref: refs/heads/.invalid":  # the reftable backend keeps HEAD elsewhere
        _, out, _ = _git(("--git-dir", git_dir, "symbolic-ref", "-q", "HEAD"))
        return os.fsdecode(out).strip() or None
    return head.removeprefix("ref: ") if head.startswith("ref: ") else None


def _logged(fields: Sequence[str]) -> Iterator[LoggedCommit]:
    """Yield the commits in *fields*, read by position: a message may hold any mark that could stand between them."""
    at = 0
    while at < len(fields):
        if not fields[at].strip("\n"):
            at += 1
            continue
        commit, when, author, message = fields[at : at + 4]
        at, changes = at + 4, []
        while at < len(fields) and not fields[at].strip("\n"):
            at += 1
        while at < len(fields) and (meta := fields[at].lstrip("\n")).startswith(":"):
            _, _, old, new, _ = meta.split(" ")
            changes.append((_present(old), _present(new), fields[at + 1]))
            at += 2
        yield LoggedCommit(commit, int(when), author, message, tuple(changes))


def _present(object_id: str) -> str | None:
    return object_id if object_id.strip("0") else None


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


def _git(args: Sequence[str], *, input: bytes | None = None, env: dict[str, str] | None = None, lock: int | None = None) -> tuple[int, bytes, bytes]:  # noqa: A002 - subprocess's word
    try:
        done = subprocess.run(
            ("git", *args), input=input, stdin=None if input is not None else subprocess.DEVNULL, capture_output=True, check=False,
            env=environment() | (env or {}), pass_fds=() if lock is None else (lock,), process_group=0,
        )  # fmt: skip
    except FileNotFoundError:
        raise BusyError("git is not installed, or not on PATH", hint="apt install git") from None
    return done.returncode, done.stdout, done.stderr


def environment() -> dict[str, str]:
    """Return the environment of git children: plain English, no prompts, no replaced objects."""
    return os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_LITERAL_PATHSPECS": "1"}


def sync_folder(folder: str) -> None:
    """Make the names in *folder* survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
        descriptor = os.open(os.path.join(git_dir, name), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Reader:
    """One kept ``git cat-file --batch-command``: safe between threads, restarted after a fork."""

    def __init__(self, git_dir: str) -> None:
        self._git_dir = git_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._turn = threading.RLock()

    def __del__(self) -> None:
        self.close()

    def info(self, spec: str) -> Object | None:
        """Return id, type and size of what *spec* names (``REF``, ``COMMIT:path``), or None."""
        with self._turn:
            self._ask(f"info {spec}\n")
            return self._header(spec)

    def read(self, spec: str, most: int = 1 << 26) -> Object | None:
        """Return what *spec* names, or None; more than *most* bytes are passed over, not kept."""
        with self._turn:
            self._ask(f"contents {spec}\n")
            return self._object(spec, most)

    def read_many(self, specs: Sequence[str], most: int = 1 << 26) -> Iterator[Object | None]:
        """Yield what each of *specs* names, in order; the requests are sent ahead of the answers."""
        with self._turn:
            for start in range(0, len(specs), _AT_ONCE):
                group = specs[start : start + _AT_ONCE]
                self._ask("".join(f"contents {spec}\n" for spec in group))
                yield from [self._object(spec, most) for spec in group]

    def close(self) -> None:
        """End the process, if it is ours."""
        process, self._process = self._process, None
        if process:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            if self._owner == os.getpid():
                process.wait()
            else:
                process.returncode = 0  # after a fork: it is the parent's, and so is waiting for it

    def _ask(self, requests: str) -> None:
        process = self._running()
        assert process.stdin
        try:
            process.stdin.write(requests.encode("utf-8", "surrogateescape"))
            process.stdin.flush()
        except BrokenPipeError:
            raise self._gone(requests) from None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            self.close()
            try:
                self._process = subprocess.Popen(
                    ("git", "--git-dir", self._git_dir, *_SAFE, "cat-file", "--batch-command"),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), process_group=0,
                )  # fmt: skip
            except FileNotFoundError:
                raise BusyError("git is not installed, or not on PATH", hint="apt install git") from None
            self._owner = os.getpid()
        return self._process

    def _header(self, spec: str) -> Object | None:
        assert self._process
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise self._gone(spec)
        if line.endswith((b" missing\n", b" ambiguous\n")):
            return None
        object_id, kind, size = line.split()
        return Object(object_id.decode(), kind.decode(), int(size), None)

    def _object(self, spec: str, most: int) -> Object | None:
        header = self._header(spec)
        if header is None:
            return None
        assert self._process
        assert self._process.stdout
        pipe = self._process.stdout
        if header.size <= most:
            data = pipe.read(header.size)
            if len(data) != header.size or pipe.read(1) != b"\n":
                raise self._gone(spec)
            return header._replace(data=data)
        left = header.size + 1
        while left:
            passed = len(pipe.read(min(left, _CHUNK)))
            if not passed:
                raise self._gone(spec)
            left -= passed
        return header

    def _gone(self, spec: str) -> InvalidError:
        self.close()
        return InvalidError(f"git stopped while it read {spec.strip()!r}: the repository may be damaged", hint="git fsck")


def checked_branch(name: str) -> str:
    """Return *name* if it may name a branch.

    Raises:
        UsageError: git would not take it.
    """
    code, _, _ = _git(("check-ref-format", "--branch", name)) if name.isprintable() and not name.startswith("-") else (1, b"", b"")
    if code or name.startswith("@"):
        raise UsageError("{name!r} cannot name a branch", name=name)
    return name
