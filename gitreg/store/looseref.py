"""Move a branch without a process of git's, where that is the same: a loose ref that no hook watches.

A write in a long-lived process otherwise waits for a git to start, to lock a file, and to end. What is written is what ``git
update-ref`` writes, in its order: the lock, the reflog, the rename. The lock is taken by a hard link of a file of gitreg's own. Whatever is not plain is left to git: another ref format, a packed or
symbolic ref, a ``reference-transaction`` hook, a shared repository, a lock that is taken.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.gitrepo import GitRepo, RefUpdate

_HOOK = os.path.join("hooks", "reference-transaction")


@contextlib.contextmanager
def update(repo: GitRepo, ref: str, reason: str, lock: int) -> Iterator[RefUpdate | LooseRef]:
    """Give something that can move *ref* once: this module's where it would be the same as git's, else git's; see :meth:`GitRepo.ref_update`."""
    if _is_plain(repo, ref):
        yield LooseRef(repo, reason, lock)
        return
    with repo.ref_update(reason, lock) as git:
        yield git


def _is_plain(repo: GitRepo, ref: str) -> bool:
    """Tell whether a ref is a file that no hook watches, that one person writes, with reflogs that are there already, checked out nowhere."""
    if not repo.is_plain() or os.path.exists(os.path.join(repo.common_dir, _HOOK)) or any(checkout.branch == ref for checkout in repo.checkouts()):
        return False
    return os.path.isfile(os.path.join(repo.common_dir, ref)) and all(map(os.path.isfile, _logs(repo, ref)))


def _logs(repo: GitRepo, ref: str) -> list[str]:
    """Return the reflogs that tell of a move: the ref's, and that of a HEAD which is on it."""
    heads = [os.path.join(repo.git_dir, "logs", "HEAD")] if repo.head_ref() == ref else []
    return [os.path.join(repo.common_dir, "logs", ref), *heads]


class LooseRef:
    """What moves one ref, as :class:`RefUpdate` does."""

    def __init__(self, repo: GitRepo, reason: str, lock: int) -> None:
        self._repo, self._reason, self._lock = repo, reason, lock

    def move(self, ref: str, new: str, old: str) -> bool:
        """Move *ref* from *old* to *new*, durably; False where it is no longer at *old*. See :meth:`RefUpdate.move`."""
        if self._moved(ref, new, old):
            self._repo.sync_folder_of(ref)
            return True
        with self._repo.ref_update(self._reason, self._lock) as git:  # which waits for the lock, and has words for what is in the way
            return git.move(ref, new, old)

    def _moved(self, ref: str, new: str, old: str) -> bool:
        """Tell whether the ref was moved; if not, nothing was changed."""
        path, own = os.path.join(self._repo.common_dir, ref), place(self._repo.common_dir)
        lock, moved = f"{path}.lock", False
        try:
            _write(own, f"{new}\n".encode())
            os.link(own, lock)  # fails where another has it; a crash leaves a lock that is known as ours, for it is a second name of our own file
            if _content(path) == old:
                self._log(ref, new, old, int(os.stat(own).st_mtime))
                os.replace(lock, path)
                moved = True
        except OSError:
            return False
        finally:
            _give_back(own, lock)
        return moved

    def _log(self, ref: str, new: str, old: str, at: int) -> None:
        """Add to the reflogs that the ref moved, *at* seconds since 1970: when its lock was written."""
        line = f"{old} {new} {self._repo.identity()} {at} +0000\t{' '.join(self._reason.split())}\n"
        for path in _logs(self._repo, ref):
            with open(path, "ab") as log:
                log.write(line.encode("utf-8", "replace"))


def place(common_dir: str) -> str:
    """Return where the file lies that becomes a ref; it is there only while a write is about to move one, or was killed then."""
    return os.path.join(common_dir, "gitreg", "moving")


def heal(common_dir: str) -> None:
    """Take back the lock of a write that was killed; the caller holds the registry's lock, so no other is at work."""
    own = place(common_dir)
    if not os.path.lexists(own):
        return
    locks = (os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(common_dir, "refs")) for name in names if name.endswith(".lock"))
    _give_back(own, next((lock for lock in locks if _is_same(own, lock)), ""))


def _give_back(own: str, lock: str) -> None:
    """Remove our file, and the *lock* if it is another name of it."""
    with contextlib.suppress(FileNotFoundError):
        if lock and _is_same(own, lock):
            os.unlink(lock)
        os.unlink(own)


def _is_same(own: str, lock: str) -> bool:
    try:
        return os.path.samestat(os.lstat(own), os.lstat(lock))
    except FileNotFoundError:
        return False


def _write(own: str, data: bytes) -> None:
    """Write our file anew, durably: what is left of one may be another name of the ref itself by now."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(own)
    with open(own, "xb", buffering=0) as file:
        file.write(data)
        os.fsync(file.fileno())


def _content(path: str) -> str:
    """Return the id that a loose ref holds, or whatever else is in the file."""
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read().removesuffix("\n")
