"""Keep a checkout in step with its branch, and never harm what a person is doing there.

A write that moves a checked-out branch must refresh the files it changed, or the person's next
``git commit -a`` would revert it. Before the branch moves, :class:`Refresh` takes the index's lock, looks at
the paths that will change, and refuses if an edit, a staged or an untracked file is in the way. Only those
paths are touched afterwards. ``index.lock`` is a hard link to a file of our own: the inode proves ownership.
"""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from gitreg.errors import BusyError, ConflictError
from gitreg.store import journal
from gitreg.store.gitrepo import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    from gitreg.store.gitrepo import Checkout, GitRepo

_OWNER, _COPY = "gitreg.owner", "gitreg.index"
_PATIENCE, _POLL = 10.0, 0.02  # seconds to wait for a git command that holds index.lock
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


class Refresh:
    """A refresh of one checkout from *old* to *new*, in three steps: take and check, apply, release."""

    def __init__(self, repo: GitRepo, checkout: Checkout, old: str, new: str, lock: int) -> None:
        self.repo, self.checkout, self.old, self.new, self.lock = repo, checkout, old, new, lock
        self._index = os.path.join(checkout.git_dir, "index")
        self._copy = os.path.join(checkout.git_dir, _COPY)

    def __enter__(self) -> Refresh:
        take_index(self.checkout)
        try:
            if os.path.exists(self._index):
                shutil.copy2(self._index, self._copy)  # with its time: git tells racy entries by it
            elif os.path.exists(self._copy):
                os.unlink(self._copy)
        except OSError as error:
            release_index(self.checkout)
            raise BusyError("cannot write to {folder!r}: {reason}", folder=self.checkout.git_dir, reason=error.strerror or str(error)) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        release_index(self.checkout)

    def check(self, before: dict[str, str | None]) -> None:
        """Refuse if a person's work is in the way of the paths in *before* (path to blob id, None for a new file).

        Raises:
            ConflictError: an edit, a staged or an untracked file stands there, or a merge or rebase is under way.
        """
        if self.checkout.busy:
            raise ConflictError("a {what} is under way in {folder!r}", what=self.checkout.busy, folder=self.checkout.folder, hint=f"finish or abort the {self.checkout.busy} first")
        staged = self._staged(before)
        for path, blob in before.items():
            if staged.get(path) != blob:
                raise self._in_the_way(path, "staged changes")
            if blob is None:
                self._nothing_at(path)
        known = [path for path, blob in before.items() if blob is not None]
        if known and self._edited(known):
            edited = next((path for path in known if self._edited([path])), known[0])
            raise self._in_the_way(edited, "edits that are not committed")

    def _in_the_way(self, path: str, what: str) -> ConflictError:
        return ConflictError("{path} in {folder!r} has {what}: this write would touch them", path=path, folder=self.checkout.folder, what=what, hint=f"git stash push -- {path}")

    def _staged(self, paths: Iterable[str]) -> dict[str, str]:
        code, out, err = self._git("ls-files", "-s", "-z", "--", *paths)
        if code:
            raise BusyError("git cannot read the index: {said}", said=err.decode(errors="replace").strip())
        found = {}
        for line in out.decode(errors="surrogateescape").split("\0")[:-1]:
            meta, _, path = line.partition("\t")
            _, blob, stage = meta.split(" ")
            found[path] = blob if stage == "0" else "unmerged"
        return found

    def _edited(self, paths: Sequence[str]) -> bool:
        """Ask git whether a file differs from the index by content; a touched or copied file is not an edit."""
        code, _, _ = self._git("diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules", "--quiet", "--", *paths, env={"GIT_OPTIONAL_LOCKS": "1"})
        return code != 0

    def _nothing_at(self, path: str) -> None:
        at = self.checkout.folder
        *folders, name = path.split("/")
        for part in folders:
            at = os.path.join(at, part)
            if not os.path.lexists(at):
                return
            if os.path.islink(at) or not os.path.isdir(at):
                raise self._in_the_way(os.path.relpath(at, self.checkout.folder), "a file or link that git does not track")
        if os.path.lexists(os.path.join(at, name)):
            raise self._in_the_way(path, "a file that git does not track")

    def apply(self, paths: Sequence[str]) -> bool:
        """Bring index and files to the new commit, durably; False where git would not, for the journal to heal."""
        code, _, _ = self._git("read-tree", "-m", "-u", "--no-recurse-submodules", self.old, self.new)
        if code:
            return False
        self.settle(paths)
        return True

    def settle(self, paths: Iterable[str]) -> None:
        """Sync the refreshed files and put the new index in place."""
        folders = set()
        for path in paths:
            file = os.path.join(self.checkout.folder, path)
            if os.path.isfile(file):  # a sparse checkout leaves it out
                sync_path(file)
                folders.add(os.path.dirname(file))
        for folder in sorted(folders):
            sync_folder(folder)
        sync_path(self._copy)
        os.replace(self._copy, self._index)
        sync_folder(self.checkout.git_dir)

    def heal(self, paths: Sequence[str]) -> list[str]:
        """Finish a refresh that a crash cut short; returns the paths where a person's edit was left standing."""
        before = {path: self._blob(self.old, path) for path in paths}
        after = {path: self._blob(self.new, path) for path in paths}
        staged = self._staged(paths)
        if any(staged.get(path) != before[path] for path in paths):
            return [] if all(staged.get(path) == after[path] for path in paths) else list(paths)
        ours = [path for path in paths if self._is_ours(path, before[path], after[path])]
        code, _, _ = self._git("read-tree", "-m", "--no-recurse-submodules", self.old, self.new)
        if code:
            return list(paths)
        if ours:
            self._git("checkout-index", "-f", "-u", "-q", "--", *ours)
        self.settle(ours)
        return [path for path in paths if path not in ours]

    def _blob(self, commit: str, path: str) -> str | None:
        found = self.repo.reader.info(f"{commit}:{path}")
        return found.id if found else None

    def _is_ours(self, path: str, old: str | None, new: str | None) -> bool:
        """Tell whether the file is missing, old, new, or a piece of the new: else a person wrote it since."""
        try:
            with open(os.path.join(self.checkout.folder, path), "rb") as file:
                seen = file.read().replace(b"\r\n", b"\n")
        except FileNotFoundError:
            return True
        except OSError:
            return False
        blobs = [self.repo.reader.read(blob) for blob in (old, new) if blob]
        texts = [blob.data.replace(b"\r\n", b"\n") for blob in blobs if blob and blob.data is not None]
        return seen in texts or (new is not None and texts[-1].startswith(seen))

    def _git(self, *args: str, env: dict[str, str] | None = None) -> tuple[int, bytes, bytes]:
        place = ("--git-dir", self.checkout.git_dir, "--work-tree", self.checkout.folder)
        return self.repo.git(*place, *_NO_HOOKS, *args, env={"GIT_INDEX_FILE": self._copy} | (env or {}), lock=self.lock, folder=self.checkout.folder)


def sync_path(path: str) -> None:
    """Make the content of a file survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_index(checkout: Checkout) -> None:
    """Take the lock of the checkout's index, waiting a while for a git command that has it.

    Raises:
        BusyError: another git command keeps it, or the folder cannot be written.
    """
    owner, lock = os.path.join(checkout.git_dir, _OWNER), os.path.join(checkout.git_dir, "index.lock")
    drop_stale_index_lock(checkout)
    deadline = time.monotonic() + _PATIENCE
    try:
        with open(owner, "wb"):
            pass
        while True:
            try:
                os.link(owner, lock)
            except FileExistsError:
                if time.monotonic() > deadline:
                    os.unlink(owner)
                    raise BusyError("another git command holds {lock!r}", lock=lock, hint=f"if none is running: rm {lock}") from None
                time.sleep(_POLL)
            else:
                return
    except OSError as error:
        raise BusyError("cannot write to {folder!r}: {reason}", folder=checkout.git_dir, reason=error.strerror or str(error)) from None


def release_index(checkout: Checkout) -> None:
    """Give the index's lock back, and remove what the refresh used."""
    for name in ("index.lock", _COPY, _OWNER):
        try:
            os.unlink(os.path.join(checkout.git_dir, name))
        except FileNotFoundError:
            continue


def drop_stale_index_lock(checkout: Checkout) -> bool:
    """Remove an ``index.lock`` that a gitreg that is gone left; the caller holds the registry's lock."""
    owner, lock = os.path.join(checkout.git_dir, _OWNER), os.path.join(checkout.git_dir, "index.lock")
    try:
        ours = os.stat(owner).st_ino == os.stat(lock).st_ino
    except FileNotFoundError:
        return False
    if ours:
        os.unlink(lock)
    return ours


def heal(repo: GitRepo, lock: int) -> tuple[str, ...]:
    """Finish or forget what a crashed write left; the caller holds the registry's lock. Returns notes for a person."""
    entry = journal.read(repo.common_dir)
    if entry is None:
        return ()
    tip = repo.reader.info(entry.ref)
    notes = []
    for checkout in repo.checkouts():
        if checkout.folder in entry.checkouts:
            notes += _healed(repo, checkout, entry, lock, moved=tip is not None and tip.id == entry.new)
    journal.drop(repo.common_dir)
    return tuple(notes)


def _healed(repo: GitRepo, checkout: Checkout, entry: journal.Entry, lock: int, *, moved: bool) -> list[str]:
    drop_stale_index_lock(checkout)
    if not moved:
        return []
    with Refresh(repo, checkout, entry.old, entry.new, lock) as refresh:
        left = refresh.heal(entry.paths)
    done = f"finished an interrupted write in {checkout.folder!r}"
    return [done, *(f"{path} was edited since: it is left as it is, git diff shows the difference" for path in left)]
