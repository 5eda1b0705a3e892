"""Whether a repository's commits have the very files that a manifest names: then a clone has them too, and they cannot be overwritten."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from gitreg.artifacts import lfs, listing
from gitreg.errors import GitregError
from gitreg.store import codec, layout
from gitreg.store.cache import Cache
from gitreg.store.trees import FOLDER, SUBMODULE, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.snapshot import Snapshot

_MOST = 8 << 20  # bytes that are read and hashed; of what is larger the size has to do
_MOST_FILES = 2000  # of a folder with more, it has to do that it is there
_LINK = b"120000"
ADVICE = "artifacts: in gitreg.yaml names a store that files are copied to"


class _Named(NamedTuple):
    """A file or folder as a manifest names it."""

    uri: str
    sha256: str
    size: int | None
    folder: bool


class Committed:
    """What HEAD and the commit of a registry's snapshot have."""

    def __init__(self, snapshot: Snapshot) -> None:
        repo = snapshot.repo
        self._reader, self._cache = repo.reader, Cache(repo)
        head = repo.commit("HEAD") if repo.worktree else None
        self._commits = [each for each in dict.fromkeys((head, snapshot.commit)) if each]

    def has(self, uri: str, sha256: str, size: int | None, *, folder: bool) -> bool:
        """Tell whether one of them has what a manifest names so, *uri* being a path from the repository's top; as far as that is cheap to see; true where nobody can tell now."""
        named = _Named(uri, sha256, size, folder)
        try:
            return any(self._is_at(commit, named) for commit in self._commits)
        except GitregError:  # of a partial clone whose remote does not answer: no reason to fail
            return True

    def _is_at(self, commit: str, named: _Named) -> bool:
        entry = Entry(FOLDER, self._cache.root(commit))
        for step in os.fsencode(named.uri).split(b"/"):
            if entry.mode == SUBMODULE:
                return True  # another repository's commit
            found = self._cache.tree(entry.id).get(step) if entry.mode == FOLDER else None
            if found is None:
                return False
            entry = found
        if entry.mode == SUBMODULE or (entry.mode == FOLDER) != named.folder:
            return entry.mode == SUBMODULE
        return self._is_folder(entry.id, named) if named.folder else self._is_file(entry, named)

    def _is_file(self, entry: Entry, named: _Named) -> bool:
        sha256, size = self._content(entry.id, _MOST)
        return entry.mode != _LINK and sha256 in (None, named.sha256) and named.size in (None, size)

    def _is_folder(self, tree: str, named: _Named) -> bool:
        large = named.size is None or named.size > _MOST
        lines, total = [], 0
        for number, (name, entry) in enumerate(self._below(tree, b"")):
            if entry.mode == SUBMODULE or number >= _MOST_FILES:
                return True
            sha256, size = self._content(entry.id, 0 if large else _MOST)
            total += size
            if entry.mode == _LINK or (named.size is not None and total > named.size):
                return False
            lines.append(listing.line(sha256 or "", size, os.fsdecode(name)))
        return named.size in (None, total) if large else listing.digest(lines) == named.sha256

    def _below(self, tree: str, prefix: bytes) -> Iterator[tuple[bytes, Entry]]:
        for name, entry in self._cache.tree(tree).items():
            if entry.mode == FOLDER:
                yield from self._below(entry.id, prefix + name + b"/")
            else:
                yield prefix + name, entry

    def _content(self, blob: str, most: int) -> tuple[str | None, int]:
        """Return digest and size of what a blob is, or stands for as a pointer of Git LFS; no digest where it has more bytes than *most*."""
        size = getattr(self._reader.info(blob), "size", 0)
        found = self._reader.read(blob) if size <= max(most, lfs.LONGEST) else None
        if found is None or found.data is None:
            return None, size
        pointer = lfs.pointer(found.data)
        if pointer:
            return pointer.sha256, pointer.size
        if size > most:
            return None, size
        from hashlib import sha256

        return sha256(found.data).hexdigest(), size


def advice(snapshot: Snapshot) -> str:
    """Return what to do about files that only one folder has, or why what was done about it is not in force."""
    root = snapshot.repo.worktree
    if root and not snapshot.config.artifacts and _names_store(os.path.join(root, snapshot.prefix, layout.CONFIG)):
        return "as committed, gitreg.yaml names no store"
    return ADVICE


def _names_store(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            read = codec.load(file.read(layout.LARGEST), path)
    except (OSError, GitregError):
        return False
    return isinstance(read, dict) and bool(read.get("artifacts"))
