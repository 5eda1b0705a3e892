"""A registry as it would be, were some files of it other: read like any commit, and nothing of it is written.

Its objects, blobs and the touched trees, are in memory only; what is not among them is the repository's.
"""

from __future__ import annotations

import copy
from hashlib import new as new_hash
from typing import TYPE_CHECKING

from gitreg.store.cache import Cache
from gitreg.store.objects import ObjectWriter, write_tree
from gitreg.store.reader import Object, Reader
from gitreg.store.snapshot import Snapshot
from gitreg.store.trees import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitreg.store.damage import DamagedError

_MOST = 1 << 26  # bytes


def laid(base: Snapshot, files: Mapping[str, bytes]) -> tuple[Snapshot, dict[str, str]]:
    """Return *base* with *files*, by path in the registry, put in; and the id that each of them would have.

    The snapshot has no commit: what stands for it is the id of its tree.
    """
    repo = copy.copy(base.repo)
    reader = repo.reader = _Reader(base.repo.reader)
    cache, writer = Cache(repo), _Memory(base.repo.common_dir, base.repo.algorithm, reader.objects)
    blobs = {path: writer.add("blob", data) for path, data in sorted(files.items())}
    cache.leave_no_trace()
    root = write_tree(writer, cache, cache.root(base.commit), ((base.prefix + path, blob) for path, blob in blobs.items()))
    cache.keep_root(root, root)
    reader.look_in(root, cache)
    return Snapshot(repo, root, base.prefix, cache), blobs


class _Memory(ObjectWriter):
    """Keeps objects where a reader finds them, and never writes one."""

    def __init__(self, common_dir: str, algorithm: str, objects: dict[str, Object]) -> None:
        super().__init__(common_dir, algorithm)
        self._hash, self._objects = algorithm, objects

    def add(self, kind: str, data: bytes) -> str:
        """Return the id of the object, which stays in memory."""
        object_id = new_hash(self._hash, b"%b %d\0%b" % (kind.encode(), len(data), data), usedforsecurity=False).hexdigest()
        self._objects[object_id] = Object(object_id, kind, len(data), data)
        return object_id


class _Reader(Reader):
    """Reads objects in memory, and all others through the reader *under* it; it has no process of its own."""

    def __init__(self, under: Reader) -> None:
        super().__init__("")
        self.objects: dict[str, Object] = {}
        self._under = under
        self._root, self._cache = "", None  # type: str, Cache | None

    def look_in(self, root: str, cache: Cache) -> None:
        """Find what is named by its path in the tree *root*."""
        self._root, self._cache = root, cache

    def info(self, spec: str) -> Object | None:
        """See :meth:`Reader.info`."""
        wanted = self._id(spec)
        found = self.objects.get(wanted or "")
        return found._replace(data=None) if found else self._under.info(wanted) if wanted else None

    def read(self, spec: str, most: int = _MOST) -> Object | None:
        """See :meth:`Reader.read`."""
        wanted = self._id(spec)
        found = self.objects.get(wanted or "")
        if found is None:
            return self._under.read(wanted, most) if wanted else None
        return found if found.size <= most else found._replace(data=None)

    def read_many(self, specs: Sequence[str], most: int = _MOST) -> Iterator[Object | None]:
        """See :meth:`Reader.read_many`."""
        self.ahead(specs)
        return (self.read(spec, most) for spec in specs)

    def ahead(self, ids: Sequence[str]) -> None:
        """See :meth:`Reader.ahead`."""
        self._under.ahead([each for each in ids if each not in self.objects])

    def is_partial(self) -> bool:
        """See :meth:`Reader.is_partial`."""
        return self._under.is_partial()

    def damaged(self, problem: str, path: str = "") -> DamagedError:
        """See :meth:`Reader.damaged`."""
        return self._under.damaged(problem, path)

    def _id(self, spec: str) -> str | None:
        """Return the id of what *spec* names in the tree, None where nothing is; another *spec* is the repository's."""
        root, colon, path = spec.partition(":")
        if self._cache is None or root != self._root or not colon:
            return spec
        at = root
        *folders, name = path.split("/")
        for folder in folders:
            entry = self._cache.tree(at).get(folder.encode("utf-8", "surrogateescape"))
            if entry is None or entry.mode != FOLDER:
                return None
            at = entry.id
        found = self._cache.tree(at).get(name.encode("utf-8", "surrogateescape"))
        return found.id if found else None
