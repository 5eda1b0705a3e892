"""Write git objects, durably: blobs, trees, commits, as loose objects that nobody sees until a ref names them.

An object is written to a temporary file beside its final place, synced, and renamed; then the folders are
synced. git's own tools either do not sync (``git mktree``) or cost a process an object.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import new as new_hash
from typing import TYPE_CHECKING
from zlib import compress

from gitreg.errors import BusyError, InvalidError
from gitreg.store.disk import sync
from gitreg.store.trees import FILE, FOLDER, Entry, tree_bytes, with_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitreg.store.cache import Cache

_TOGETHER = 100  # objects that are open at once


class ObjectWriter:
    """Collects objects and writes them at once; :meth:`flush` returns when they would survive a power cut."""

    def __init__(self, common_dir: str, algorithm: str) -> None:
        self._folder = os.path.join(common_dir, "objects")
        self._mode = os.stat(self._folder).st_mode & 0o7777
        self._algorithm = algorithm
        self._pending: dict[str, bytes] = {}

    def add(self, kind: str, data: bytes) -> str:
        """Return the id of the object, which :meth:`flush` will write."""
        whole = b"%b %d\0%b" % (kind.encode(), len(data), data)
        object_id = new_hash(self._algorithm, whole, usedforsecurity=False).hexdigest()
        self._pending[object_id] = whole
        return object_id

    def flush(self) -> None:
        """Write what was added.

        Raises:
            BusyError: the disk is full or the folder is read-only; nothing that was there before is harmed.
        """
        pending, self._pending = self._pending, {}
        made = [object_id for object_id in pending if self._fan_out(object_id)]
        folders = {os.path.join(self._folder, object_id[:2]) for object_id in pending} | ({self._folder} if made else set())
        try:
            objects = list(pending.items())
            for start in range(0, len(objects), _TOGETHER):
                self._write(objects[start : start + _TOGETHER])
            for folder in sorted(folders):
                sync(folder)
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    def _fan_out(self, object_id: str) -> bool:
        """Make the folder of *object_id* with the mode of ``objects`` itself (shared repositories set it)."""
        folder = os.path.join(self._folder, object_id[:2])
        if os.path.isdir(folder):
            return False
        try:
            os.mkdir(folder)
            os.chmod(folder, self._mode)
        except FileExistsError:
            return False
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        return True

    def _write(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Write objects, over others of their names too: those may be pieces that a power cut left, or about to be pruned.

        All are written before the first is synced: a disk takes them together more cheaply than one by one.
        """
        open_files: dict[str, tuple[int, str]] = {}  # final path: descriptor, temporary path
        try:
            for object_id, whole in objects:
                folder = os.path.join(self._folder, object_id[:2])
                temporary = os.path.join(folder, f"tmp_obj_gitreg_{os.getpid()}_{os.urandom(6).hex()}")  # git gc removes old ones
                descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
                open_files[os.path.join(folder, object_id[2:])] = descriptor, temporary
                _write_all(descriptor, compress(whole, 1))
                if self._mode & 0o020:  # shared with a group, whatever this person's umask is
                    os.fchmod(descriptor, self._mode & 0o444)
            for descriptor, _ in open_files.values():
                os.fsync(descriptor)
            for final, (_, temporary) in open_files.items():
                os.rename(temporary, final)
        except OSError:
            for _, temporary in open_files.values():
                with contextlib.suppress(FileNotFoundError):  # renamed already
                    os.unlink(temporary)
            raise
        finally:
            for descriptor, _ in open_files.values():
                os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _unwritable(folder: str, error: OSError) -> BusyError:
    return BusyError("cannot write to {folder!r}: {reason}", folder=folder, reason=error.strerror or str(error))


def write_tree(writer: ObjectWriter, cache: Cache, root: str | None, files: Mapping[str, str | None]) -> str:
    """Return the id of the tree *root* with *files* (path to blob id) put in; only touched trees are made anew.

    *cache* reads trees by id, and is given those that are made.

    Raises:
        InvalidError: a path leads through something that is not a folder, or something that is not a file stands there.
    """
    tree = cache.tree(root) if root else {}
    changed: dict[bytes, Entry] = {}
    below: dict[str, dict[str, str | None]] = {}
    for path, blob in files.items():
        head, slash, tail = path.partition("/")
        if slash:
            below.setdefault(head, {})[tail] = blob
        elif blob is not None:
            stands = tree.get(head.encode())
            if stands is not None and not stands.mode.startswith(b"100"):
                raise InvalidError("this is not a regular file", path=head, rule="R07")
            changed[head.encode()] = Entry(FILE, blob)
    for head, inner in below.items():
        old = tree.get(head.encode())
        if old is not None and old.mode != FOLDER:
            raise InvalidError("this is not a folder", path=head, rule="R07")
        changed[head.encode()] = Entry(FOLDER, write_tree(writer, cache, old.id if old else None, inner))
    made = with_entries(tree, changed)
    object_id = writer.add("tree", tree_bytes(made))
    cache.keep_tree(object_id, made)
    return object_id
