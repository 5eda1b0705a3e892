"""Write git objects, durably: blobs, trees, commits, that nobody sees until a ref names them.

A few are loose objects: each is written to a temporary file beside its final place, synced, and renamed; then the
folders are synced. git's own tools either do not sync (``git mktree``) or cost a process an object. Many go into
one pack, written while they are added.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import new as new_hash
from itertools import groupby
from typing import TYPE_CHECKING
from zlib import compress

from gitreg.errors import BusyError, InvalidError
from gitreg.store.disk import sync
from gitreg.store.packs import PackWriter
from gitreg.store.trees import FILE, FOLDER, Entry, Tree, tree_bytes, with_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gitreg.store.cache import Cache

_TOGETHER = 100  # objects that are open at once
_TRIES = 10  # one after another, while another process takes folders away
_WIDE = 1 << 14  # bytes of a tree: the ids of some four hundred entries, most of it, cannot be made smaller, and trying costs more than the digest and the write
_MANY = 100  # objects: so many are cheaper as one pack; git draws the line there too (transfer.unpackLimit)


class ObjectWriter:
    """Collects objects; :meth:`flush` returns when they would survive a power cut, :meth:`drop` gives them up."""

    def __init__(self, common_dir: str, algorithm: str) -> None:
        self._folder = os.path.join(common_dir, "objects")
        self._mode = os.stat(self._folder).st_mode & 0o7777
        self._algorithm = algorithm
        self._pending: dict[str, bytes] = {}
        self._pack: PackWriter | None = None

    @property
    def packs(self) -> bool:
        """Tell whether there are so many objects that they are written as they come."""
        return self._pack is not None

    def add(self, kind: str, data: bytes) -> str:
        """Return the id of the object, which :meth:`flush` will have written.

        Raises:
            BusyError: the disk is full or the folder is read-only; nothing is left of what was added.
        """
        whole = b"%b %d\0%b" % (kind.encode(), len(data), data)
        object_id = new_hash(self._algorithm, whole, usedforsecurity=False).hexdigest()
        if self._pack:
            self._put(object_id, kind, len(data), (data,))
        else:
            self._pending[object_id] = whole
            if len(self._pending) >= _MANY:
                self._begin_pack()
        return object_id

    def add_parts(self, kind: str, parts: Callable[[], Iterable[bytes]]) -> str:
        """Return the id of an object that is better not in memory as a whole; *parts* is asked for it several times."""
        if not self._pack:
            return self.add(kind, b"".join(parts()))
        size = sum(map(len, parts()))
        digest = new_hash(self._algorithm, b"%b %d\0" % (kind.encode(), size), usedforsecurity=False)
        for part in parts():
            digest.update(part)
        self._put(digest.hexdigest(), kind, size, parts())
        return digest.hexdigest()

    def _begin_pack(self) -> None:
        pending, self._pending = self._pending, {}
        try:
            self._pack = PackWriter(self._folder, self._algorithm, self._mode)
        except OSError as error:
            raise _unwritable(self._folder, error) from None
        for object_id, whole in pending.items():
            head, _, data = whole.partition(b"\0")
            kind, _, size = head.decode().partition(" ")
            self._put(object_id, kind, int(size), (data,))

    def _put(self, object_id: str, kind: str, size: int, parts: Iterable[bytes]) -> None:
        assert self._pack
        try:
            self._pack.add(object_id, kind, size, parts)
        except OSError as error:
            self.drop()
            raise _unwritable(self._folder, error) from None

    def drop(self) -> None:
        """Give up what was added and is not written yet."""
        self._pending.clear()
        if self._pack:
            self._pack.drop()

    def flush(self) -> None:
        """Write what was added.

        Raises:
            BusyError: the disk is full or the folder is read-only; nothing that was there before is harmed.
        """
        if self._pack:
            self._finish_pack(self._pack)
        else:
            self._write_loose()

    def _finish_pack(self, pack: PackWriter) -> None:
        try:
            pack.finish()
        except OSError as error:
            pack.drop()
            raise _unwritable(self._folder, error) from None
        self._pack = None

    def _write_loose(self) -> None:
        pending, self._pending = self._pending, {}
        for left in reversed(range(_TRIES)):
            try:
                self._write_each(pending)
            except FileNotFoundError as error:  # git gc takes folders away that are empty just now
                if not left:
                    raise _unwritable(self._folder, error) from None
            except OSError as error:
                raise _unwritable(self._folder, error) from None
            else:
                return

    def _write_each(self, pending: dict[str, bytes]) -> None:
        made = [object_id for object_id in pending if self._fan_out(object_id)]
        folders = {os.path.join(self._folder, object_id[:2]) for object_id in pending} | ({self._folder} if made else set())
        objects = list(pending.items())
        for start in range(0, len(objects), _TOGETHER):
            self._write(objects[start : start + _TOGETHER])
        for folder in sorted(folders):
            sync(folder)

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
                _write_all(descriptor, compress(whole, 0 if len(whole) > _WIDE and whole.startswith(b"tree ") else 1))
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


def write_tree(writer: ObjectWriter, cache: Cache, root: str | None, files: Iterable[tuple[str, str]]) -> str:
    """Return the id of the tree *root* with *files* (path and blob id) put in; only touched trees are made anew.

    The files of a folder come one after another, as sorted paths do: one folder at a time is in memory. *cache* reads
    trees by id, and is given those that are made, unless they are very many.

    Raises:
        InvalidError: a path leads through something that is not a folder, or something that is not a file stands there.
    """
    return _folder(writer, cache, root, ((path.split("/"), blob) for path, blob in files), 0)


def _folder(writer: ObjectWriter, cache: Cache, tree_id: str | None, files: Iterable[tuple[list[str], str]], depth: int) -> str:
    tree = cache.tree(tree_id) if tree_id else Tree()
    changed: dict[bytes, Entry] = {}
    for is_file, group in groupby(files, key=lambda file: len(file[0]) == depth + 1):
        if is_file:
            changed.update((_checked(tree, parts[depth]), Entry(FILE, blob)) for parts, blob in group)
            continue
        for head, inner in groupby(group, key=lambda file: file[0][depth]):
            old = changed.get(head.encode()) or tree.get(head.encode())
            if old is not None and old.mode != FOLDER:
                raise InvalidError("this is not a folder", path=head, rule="R07")
            changed[head.encode()] = Entry(FOLDER, _folder(writer, cache, old.id if old else None, inner, depth + 1))
    made = with_entries(tree, changed)
    made.origin, made.put = tree_id, changed
    object_id = writer.add("tree", tree_bytes(made))
    if not writer.packs:
        cache.keep_tree(object_id, made)
    return object_id


def _checked(tree: Tree, name: str) -> bytes:
    stands = tree.get(name.encode())
    if stands is not None and not stands.mode.startswith(b"100"):
        raise InvalidError("this is not a regular file", path=name, rule="R07")
    return name.encode()
