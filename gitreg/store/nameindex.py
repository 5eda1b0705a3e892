"""Which number a version's name has, without parsing every manifest.

A name stands on a line of its own, so it is found by a byte scan. What a scan found is kept by blob id, a file
a folder of manifests, in the git common dir: it is right for any commit, and may be deleted at any time. A
folder that changed costs a scan of the blobs that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gitreg.errors import InvalidError
from gitreg.store import documents, layout
from gitreg.store.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitreg.store.reader import Reader
    from gitreg.store.trees import Entry, Tree

_WORTH_SAVING = 64  # blobs: fewer are scanned again sooner than a file is written


class Folder(msgspec.Struct):
    """What is known of one folder: the name in each blob, and number by name for the tree last asked."""

    tree: str = ""
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}


class Seen(NamedTuple):
    """A folder as it was last asked for, with its entries, so that the next one costs only what differs."""

    folder: Folder
    entries: Mapping[bytes, Entry]


class NameIndex:
    """The index of one repository; in memory for a long-lived process, on disk for the next one, where it *saves*."""

    def __init__(self, common_dir: str, reader: Reader, *, saves: bool = True) -> None:
        self._kept = Kept(common_dir, "names", saves=saves)
        self._reader = reader
        self._seen: dict[str, Seen] = {}

    def numbers(self, path: str, tree_id: str, read: Callable[[str], Tree]) -> Mapping[str, int]:
        """Return number by name for the folder *path*, whose tree this is; it is only *read* where it is not the one last asked.

        Raises:
            InvalidError: two versions have one name, or a manifest is invalid.
        """
        seen = self._seen.get(path)
        if seen is None:
            seen = self._seen[path] = Seen(self._kept.read(path, Folder) or Folder(), {})
        if seen.folder.tree != tree_id:
            tree = read(tree_id)
            seen = self._seen[path] = Seen(self._followed(path, tree_id, tree, seen), tree)
        return seen.folder.numbers

    def _followed(self, path: str, tree_id: str, tree: Tree, seen: Seen) -> Folder:
        names, before = seen.folder.names, seen.entries
        gone, come = _between(seen, tree)
        fresh = {number: blob for number, blob in come.items() if blob not in names}
        for (number, blob), found in zip(fresh.items(), self._reader.read_many(list(fresh.values())), strict=True):
            file = f"{path}/{number}.yaml"
            if found is None or found.data is None:
                raise InvalidError("this manifest cannot be read", path=file, rule="R01")
            names[blob] = documents.name_in(found.data, file)
        numbers = dict(seen.folder.numbers) if before else {}
        for blob in gone.values():
            numbers.pop(names.get(blob, ""), None)
        for number, blob in come.items():
            other = numbers.setdefault(names[blob], number)
            if other != number:
                raise InvalidError(f"versions {other} and {number} have the same name", path=f"{path}/{number}.yaml", field="version", rule="R06")
        folder = Folder(tree_id, names, numbers)
        if len(fresh) >= _WORTH_SAVING:
            self._kept.write({path: Folder(tree_id, {blob: names[blob] for blob in _manifests(tree, {}).values()}, numbers)})
        return folder


def _between(seen: Seen, tree: Tree) -> tuple[dict[int, str], dict[int, str]]:
    """Return the manifests that are gone from the folder last seen, and those that came; a tree that was made from that one says what was put in."""
    before = seen.entries
    if before and tree.origin == seen.folder.tree:
        return _manifests({name: before[name] for name in tree.put if name in before}, tree), _manifests(tree.put, before)
    return _manifests(before, tree), _manifests(tree, before)


def _manifests(tree: Mapping[bytes, Entry], other: Mapping[bytes, Entry]) -> dict[int, str]:
    """Return blob by number of those manifests in *tree* that *other* has not."""
    entries = ((name, entry.id) for name, entry in tree.items() if other.get(name) != entry)
    return {number: blob for name, blob in entries if (number := layout.numbered(name.decode("utf-8", "replace"))) is not None}
