"""Which number a version's name has, without parsing every manifest.

A name stands on a line of its own, so it is found by a byte scan. What a scan found is kept by blob id, a file
a folder of manifests, in the git common dir: it is right for any commit, and may be deleted at any time. A
folder that changed costs a scan of the blobs that changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from gitreg.errors import InvalidError
from gitreg.store import documents, layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.store.gitrepo import Reader
    from gitreg.store.trees import Tree

_WORTH_SAVING = 64  # blobs: fewer are scanned again sooner than a file is written


class Folder(msgspec.Struct):
    """What is known of one folder: the name in each blob, and number by name for the tree last asked."""

    tree: str = ""
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}


class NameIndex:
    """The index of one repository; in memory for a long-lived process, on disk for the next one."""

    def __init__(self, folder: str, reader: Reader) -> None:
        self._folder = folder
        self._reader = reader
        self._known: dict[str, Folder] = {}

    def numbers(self, path: str, tree_id: str, tree: Tree) -> Mapping[str, int]:
        """Return number by name for the folder *path*, whose tree this is.

        Raises:
            InvalidError: two versions have one name, or a manifest is invalid.
        """
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._loaded(path)
        if known.tree != tree_id:
            self._follow(path, tree_id, tree, known)
        return known.numbers

    def _follow(self, path: str, tree_id: str, tree: Tree, known: Folder) -> None:
        manifests = {name: (entry.id, number) for name, entry in tree.items() if (number := layout.numbered(name.decode("utf-8", "replace"))) is not None}
        fresh = {name: blob for name, (blob, _) in manifests.items() if blob not in known.names}
        for (name, blob), found in zip(fresh.items(), self._reader.read_many(list(fresh.values())), strict=True):
            file = f"{path}/{name.decode()}"
            if found is None or found.data is None:
                raise InvalidError("this manifest cannot be read", path=file, rule="R01")
            known.names[blob] = documents.name_in(found.data, file)
        numbers: dict[str, int] = {}
        for blob, number in manifests.values():
            other = numbers.setdefault(known.names[blob], number)
            if other != number:
                raise InvalidError(f"versions {other} and {number} have the same name", path=f"{path}/{number}.yaml", field="version", rule="R06")
        known.tree, known.numbers = tree_id, numbers
        if len(fresh) >= _WORTH_SAVING:
            self._save(path, Folder(tree_id, {blob: known.names[blob] for blob, _ in manifests.values()}, numbers))

    def _file(self, path: str) -> str:
        return os.path.join(self._folder, *path.split("/"), "names.msgpack")

    def _loaded(self, path: str) -> Folder:
        try:
            with open(self._file(path), "rb") as file:
                return msgspec.msgpack.decode(file.read(), type=Folder)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):  # missing, truncated or foreign: a miss
            return Folder()

    def _save(self, path: str, folder: Folder) -> None:
        """Keep *folder* for the next process; a cache that cannot be written is no error."""
        file = self._file(path)
        temporary = f"{file}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(temporary, "wb") as out:
                out.write(msgspec.msgpack.encode(folder))
            os.replace(temporary, file)
        except OSError:
            return
