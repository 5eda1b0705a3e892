"""Keep a checkout in step with its branch, and never harm what a person is doing there.

A write that moves a checked-out branch must refresh the files it changed, or the person's next
``git commit -a`` would revert it. Before the branch moves, :class:`Refresh` takes the index's lock, looks at
the paths that will change, and refuses if an edit, a staged or an untracked file is in the way. Only those
paths are touched afterwards. ``index.lock`` is a hard link to a file of our own: the inode proves ownership.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, ConflictError
from gitreg.store import holders, journal, looseref, process
from gitreg.store.disk import sync, sync_all
from gitreg.store.gitrepo import checkout_at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from types import TracebackType

    from gitreg.store.gitrepo import Changed, Checkout, GitRepo

    Look = tuple[int, ...] | None

_OWNER, _COPY = "gitreg.owner", "gitreg.index"
_PATIENCE, _POLL = 10.0, 0.02  # seconds to wait for a git command that holds index.lock
_DOUBT = 1.0  # seconds after which we look whether that git command lives
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_FEW = 100  # paths to name in a command: with more of them the whole index is listed, which is linear


class Staged(NamedTuple):
    """What the index has at a path; *overlooked* where git was told not to look at the file (``assume-unchanged``)."""

    blob: str
    overlooked: bool


class Refresh:
    """A refresh of one checkout from *old* to *new*, in three steps: take and check, apply, release."""

    def __init__(self, repo: GitRepo, checkout: Checkout, old: str, new: str, lock: int, patience: float = _PATIENCE) -> None:
        self.repo, self.checkout, self.old, self.new, self.lock, self.patience = repo, checkout, old, new, lock, patience
        self._index = os.path.join(checkout.git_dir, "index")
        self._copy = os.path.join(checkout.git_dir, _COPY)
        self._seen: dict[str, Look] = {}

    def __enter__(self) -> Refresh:
        take_index(self.checkout, self.patience)
        try:
            if os.path.exists(self._index):
                os.link(self._index, self._copy)  # git never writes an index in place, so this stays as it is now
        except OSError as error:
            release_index(self.checkout)
            raise BusyError("cannot write to {folder!r}: {reason}", folder=self.checkout.git_dir, reason=error.strerror or str(error)) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        release_index(self.checkout)

    @contextlib.contextmanager
    def checked(self, before: dict[str, str | None]) -> Iterator[None]:
        """Refuse if a person's work is in the way of the paths in *before* (path to blob id, None for a new file).

        git looks while the body runs; the verdict falls at its end.

        Raises:
            ConflictError: an edit, a staged or an untracked file stands there, or a merge or rebase is under way.
            BusyError: the person switched to another branch just now.
        """
        now = checkout_at(self.checkout.folder, self.checkout.git_dir)
        if now.branch != self.checkout.branch:
            raise BusyError("{folder!r} was switched to another branch just now", folder=now.folder)
        if now.busy:
            raise ConflictError("a {what} is under way in {folder!r}", what=now.busy, folder=now.folder, hint=f"finish or abort the {now.busy} first")
        self._seen = {path: self._look(path) for path in before}
        new = {path for path, blob in before.items() if blob is None}
        roots = self._new_folders(new)
        index, edits = self._index_at({*before, *roots}), self._edits([path for path, blob in before.items() if blob is not None])
        try:
            yield
        finally:
            answers = index(), edits()
        staged, edited = _staged(answers[0]), answers[1]
        for path, entry in staged.items():
            if path in roots or (path not in before and not new.isdisjoint(_above(path))):
                raise self._in_the_way(path, "staged changes")
            if entry.overlooked and self._differs(path, entry.blob):
                raise self._in_the_way(path, "edits that git was told to overlook")
        for path, blob in before.items():
            if (staged[path].blob if path in staged else None) != blob:
                raise self._in_the_way(path, "staged changes")
            if blob is None:
                self._nothing_at(path, before)
        if edited:
            raise self._in_the_way(edited[0], "edits that are not committed")

    def _new_folders(self, paths: Iterable[str]) -> set[str]:
        """Return the folders above *paths* that the old commit does not have: a file may be staged under their name."""
        new, there = set[str](), set[str]()
        for path in paths:
            for folder in _above(path):
                if folder in new or folder in there:
                    break
                (new if self._blob(self.old, folder) is None else there).add(folder)
        return new

    def _in_the_way(self, path: str, what: str, option: str = "") -> ConflictError:
        return ConflictError("{path} in {folder!r} has {what}: this write would touch them", path=path, folder=self.checkout.folder, what=what, hint=f"git stash push {option}-- {path}")

    def _index_at(self, paths: Collection[str]) -> Callable[[], list[str]]:
        """Start to ask git what the index has at and below *paths*; :func:`_staged` reads the answer."""
        return self._listing("ls-files", "-s", "-v", "-z", paths=paths)

    def _edits(self, paths: Collection[str]) -> Callable[[], list[str]]:
        """Start to ask git which files differ from the index by content; a touched or copied file is not an edit."""
        if not paths:
            return list
        plain = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules", "-O/dev/null", "--no-relative")
        env = {"GIT_OPTIONAL_LOCKS": "1"}  # it may note new times in our copy of the index
        listing = self._listing("-c", "diff.autoRefreshIndex=true", "diff", *plain, "--name-only", "-z", paths=paths, env=env)
        asked = set(paths)
        return lambda: [path for path in listing() if path in asked]

    def _listing(self, *args: str, paths: Collection[str], env: dict[str, str] | None = None) -> Callable[[], list[str]]:
        """Start a git command that lists paths, and return what waits for its answer: two can run side by side."""
        limits = ("--", *paths) if len(paths) <= _FEW else ()
        git = process.begun(("-C", self.checkout.folder), (*self._place(), *args, *limits), env={"GIT_INDEX_FILE": self._copy} | (env or {}), lock=self.lock)

        def answer() -> list[str]:
            with git:
                out, err = git.communicate()
            if git.returncode:
                raise BusyError("git cannot compare {folder!r} with its index: {said}", folder=self.checkout.folder, said=err.decode(errors="replace").strip())
            return out.decode(errors="surrogateescape").split("\0")[:-1]

        return answer

    def _differs(self, path: str, blob: str) -> bool:
        """Tell whether a file that git does not look at is there and has other content than *blob*."""
        file = os.path.join(self.checkout.folder, path)
        if not os.path.lexists(file):
            return False
        code, out, _ = self._git("hash-object", f"--path={path}", "--", file)
        return os.path.islink(file) or code != 0 or out.decode().strip() != blob

    def _nothing_at(self, path: str, before: dict[str, str | None]) -> None:
        """Refuse if anything is at or in the way of a new *path*, but for files of *before* that make room for it."""
        at = self.checkout.folder
        for part in path.split("/"):
            at = os.path.join(at, part)
            if not os.path.lexists(at):
                return
            if os.path.islink(at) or not os.path.isdir(at):
                self._refuse_untracked(at, before)
                return
        if not os.listdir(at):
            raise ConflictError("{path} in {folder!r} is an empty folder: this write would make a file of it", path=path, folder=self.checkout.folder, hint=f"rmdir {path}")
        for folder, folders, files in os.walk(at):
            for name in (*files, *(each for each in folders if os.path.islink(os.path.join(folder, each)))):
                self._refuse_untracked(os.path.join(folder, name), before)

    def _refuse_untracked(self, file: str, before: dict[str, str | None]) -> None:
        path = os.path.relpath(file, self.checkout.folder)
        if before.get(path) is None:
            raise self._in_the_way(path, "a file or link that git does not track", "--all ")

    def apply(self, paths: Sequence[str]) -> bool:
        """Bring index and files to the new commit, durably; False where git would not, for the journal to heal."""
        if any(self._look(path) != seen for path, seen in self._seen.items()):
            return False  # edited since git looked
        if not (self._by_path(paths) or self._whole()):
            return False
        try:
            self.settle(paths)
        except OSError:
            return False
        return True

    def _by_path(self, paths: Sequence[str]) -> bool:
        """Refresh a few paths, at half the cost of all; False, and nothing done, where one was removed, or some may be hidden."""
        if len(paths) > _FEW or os.path.exists(os.path.join(self.checkout.git_dir, "info", "sparse-checkout")):
            return False
        return self._git("--literal-pathspecs", "checkout", "-q", "--no-recurse-submodules", "--overlay", self.new, "--", *paths)[0] == 0

    def _whole(self) -> bool:
        return self._git("read-tree", "-m", "-u", "--no-recurse-submodules", self.old, self.new)[0] == 0

    def _look(self, path: str) -> Look:
        """Return what tells a file apart from what is written there later; None where there is none."""
        try:
            seen = os.lstat(os.path.join(self.checkout.folder, path))
        except OSError:
            return None
        return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns

    def settle(self, paths: Iterable[str]) -> None:
        """Sync the refreshed files and put the new index in place."""
        there = [path for path in paths if os.path.isfile(os.path.join(self.checkout.folder, path))]  # a sparse checkout leaves some out
        folders = {folder for path in there for folder in _above(path)} | {""}  # the ones above may be new as well
        sync_all([os.path.join(self.checkout.folder, path) for path in (*there, *sorted(folders))])
        sync(self._copy)
        os.replace(self._copy, self._index)
        sync(self.checkout.git_dir)

    def heal(self) -> list[str]:
        """Finish a refresh that a crash cut short; returns the paths where a person's edit was left standing.

        Raises:
            BusyError: git cannot write the files now; the journal must stay.
        """
        changes = self.repo.changed(self.old, self.new)
        staged = {path: entry.blob for path, entry in _staged(self._index_at(changes)()).items()}
        if all(staged.get(path) == change.new for path, change in changes.items()):
            return []
        behind = {path: change for path, change in changes.items() if staged.get(path) == change.old}
        ours = [path for path, change in behind.items() if self._is_ours(path, change)]
        if len(ours) < len(changes) or not self._whole():
            self._finish(behind, ours)
        try:
            self.settle(ours)
        except OSError as error:
            raise BusyError("cannot write to {folder!r}: {reason}", folder=self.checkout.folder, reason=error.strerror or str(error)) from None
        return [path for path, change in changes.items() if path not in ours and staged.get(path) != change.new]

    def _finish(self, behind: dict[str, Changed], ours: list[str]) -> None:
        """Bring the index entries of *behind* to the new commit, and of them the files in *ours*."""
        gone = {path for path, change in behind.items() if change.new is None}
        entries = [(path, change.new_mode or "0", change.new or "0" * len(change.old or "")) for path, change in sorted(behind.items(), key=lambda item: item[1].new is not None)]
        self._must("update-index", "-z", "--index-info", data="".join(f"{mode} {blob}\t{path}\0" for path, mode, blob in entries))
        for path in gone.intersection(ours):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.checkout.folder, path))
            with contextlib.suppress(OSError):  # not empty
                os.removedirs(os.path.dirname(os.path.join(self.checkout.folder, path)))
        self._must("checkout-index", "-f", "-u", "-q", "-z", "--stdin", data="".join(f"{path}\0" for path in ours if path not in gone))

    def _must(self, *args: str, data: str) -> None:
        code, _, err = self._git(*args, data=data.encode("utf-8", "surrogateescape"))
        if code:
            raise BusyError("git cannot refresh {folder!r}: {said}", folder=self.checkout.folder, said=err.decode(errors="replace").strip())

    def _blob(self, commit: str, path: str) -> str | None:
        found = self.repo.reader.info(f"{commit}:{path}")
        return found.id if found else None

    def _is_ours(self, path: str, change: Changed) -> bool:
        """Tell whether the file is missing, old, new, or a piece of the new: else a person wrote it since.

        Raises:
            BusyError: it cannot be read now, though it may be.
        """
        try:
            seen = self._content(path)
        except FileNotFoundError:
            return True
        except (IsADirectoryError, NotADirectoryError):
            return False
        except OSError as error:
            if os.access(os.path.join(self.checkout.folder, path), os.R_OK):
                raise BusyError("cannot read {path} in {folder!r}: {reason}", path=path, folder=self.checkout.folder, reason=error.strerror or str(error)) from None
            return False
        old, new = (self._text(blob) if blob else None for blob in (change.old, change.new))
        return seen in (old, new) or (new is not None and new.startswith(seen))

    def _text(self, blob: str) -> bytes:
        found = self.repo.reader.read(blob)
        if found is None or found.data is None:  # who edited what cannot be told without it
            raise BusyError("git cannot read {blob}, which an interrupted write has made", blob=blob, hint="git fsck")
        return found.data.replace(b"\r\n", b"\n")

    def _content(self, path: str) -> bytes:
        """Return a file's text, or where a link leads; what lies behind a linked folder is nobody's of ours."""
        *folders, name = path.split("/")
        at = self.checkout.folder
        for part in folders:
            at = os.path.join(at, part)
            if os.path.islink(at):
                raise NotADirectoryError(at)
        file_path = os.path.join(at, name)
        if os.path.islink(file_path):
            return os.fsencode(os.readlink(file_path))
        with open(file_path, "rb") as file:
            return file.read().replace(b"\r\n", b"\n")

    def _place(self) -> tuple[str, ...]:
        return ("--git-dir", self.checkout.git_dir, "--work-tree", self.checkout.folder, *_NO_HOOKS)

    def _git(self, *args: str, env: dict[str, str] | None = None, data: bytes | None = None) -> tuple[int, bytes, bytes]:
        return self.repo.git(*self._place(), *args, env={"GIT_INDEX_FILE": self._copy} | (env or {}), lock=self.lock, folder=self.checkout.folder, data=data)


def _above(path: str) -> Iterator[str]:
    """Yield the folders above *path*, the nearest first, but for the top."""
    while path := os.path.dirname(path):
        yield path


def _staged(lines: Iterable[str]) -> dict[str, Staged]:
    """Return by path what ``ls-files -s -v`` says of the index."""
    found = {}
    for line in lines:
        meta, _, path = line.partition("\t")
        tag, _, blob, stage = meta.split(" ")
        found[path] = Staged(blob if stage == "0" else "unmerged", overlooked=tag.islower() or tag == "S")
    return found


def take_index(checkout: Checkout, patience: float = _PATIENCE) -> None:
    """Take the lock of the checkout's index, waiting a while for a git command that has it.

    Raises:
        BusyError: another git command keeps it, or the folder cannot be written.
    """
    owner, lock = os.path.join(checkout.git_dir, _OWNER), os.path.join(checkout.git_dir, "index.lock")
    places = (os.path.realpath(checkout.folder), os.path.realpath(checkout.git_dir))
    deadline, doubt = time.monotonic() + patience, time.monotonic() + _DOUBT
    try:
        release_index(checkout)  # what a crash left
        os.close(os.open(owner, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        while True:
            try:
                os.link(owner, lock)
            except FileExistsError:
                if time.monotonic() > deadline:
                    os.unlink(owner)
                    who = holders.holding(lock, places)
                    raise BusyError("another git command holds {lock!r}{who}", lock=lock, who=f": {who}" if who else "", hint="gitreg doctor --fix") from None
                if time.monotonic() > doubt:
                    doubt = deadline
                    holders.drop_stale([lock], places)
                time.sleep(_POLL)
            else:
                return
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(owner)
        raise BusyError("cannot write to {folder!r}: {reason}", folder=checkout.git_dir, reason=error.strerror or str(error)) from None


def release_index(checkout: Checkout) -> None:
    """Give the index's lock back, and remove what the refresh used."""
    for name in (_COPY, _COPY + ".lock"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(checkout.git_dir, name))
    drop_stale_index_lock(checkout)


def drop_stale_index_lock(checkout: Checkout) -> bool:
    """Remove the ``index.lock`` that we made, or a gitreg that is gone; the caller holds the registry's lock."""
    owner, lock = os.path.join(checkout.git_dir, _OWNER), os.path.join(checkout.git_dir, "index.lock")
    if not os.path.exists(owner):
        return False
    ours = os.path.exists(lock) and os.path.samefile(owner, lock)
    if ours:
        os.unlink(lock)
    os.unlink(owner)
    return ours


def heal(repo: GitRepo, lock: int, patience: float = _PATIENCE) -> tuple[str, ...]:
    """Finish or forget what a crashed write left; the caller holds the registry's lock. Returns notes for a person.

    Raises:
        BusyError: a checkout cannot be written now; the journal stays for the next command.
    """
    looseref.heal(repo.common_dir)
    entry = journal.read(repo.common_dir)
    if entry is None:
        return ()
    notes: list[str] = []
    repo.drop_stale_locks(entry.ref, entry.new)
    tip = repo.reader.info(entry.ref)
    for checkout in repo.checkouts():
        if journal.named(checkout.folder) in entry.checkouts:
            release_index(checkout)
            if _head(repo, checkout, entry.ref) == entry.new:
                notes += finished(Refresh(repo, checkout, entry.old, entry.new, lock, patience))
    if tip is not None and tip.id not in (entry.old, entry.new):
        notes.append(f"a write to {entry.ref} was interrupted, and the branch has moved on since: git log -p shows what became of it")
    journal.drop(repo.common_dir)
    return tuple(notes)


def _head(repo: GitRepo, checkout: Checkout, ref: str) -> str:
    """Return the commit that a checkout is at, nothing where its branch has none.

    Raises:
        BusyError: it is on *ref*, which is there and which git cannot read now.
    """
    head = repo.output("--git-dir", checkout.git_dir, "rev-parse", "-q", "--verify", "HEAD", ok=(0, 1))
    if not head and checkout.branch == ref and os.path.exists(os.path.join(repo.common_dir, ref)):
        raise BusyError("git cannot read {ref}, which an interrupted write has moved", ref=ref, hint="git fsck")
    return head


def finished(refresh: Refresh) -> list[str]:
    """Finish a refresh that a crash cut short, or that never was; returns notes for a person.

    Raises:
        BusyError: the checkout cannot be written now.
    """
    with refresh:
        left = refresh.heal()
    done = f"finished an interrupted write in {refresh.checkout.folder!r}"
    return [done, *(f"{path} was edited since: it is left as it is, git diff shows the difference" for path in left)]
