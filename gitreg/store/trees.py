"""git's tree objects: bytes to entries and back. No I/O."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE, FOLDER, SUBMODULE = b"100644", b"40000", b"160000"
_FEW = 8  # entries: more of them are put in by sorting
_MODE = itemgetter(0)


class Entry(NamedTuple):
    """A line of a git tree: ``mode`` as the tree has it (no leading zero), ``id`` in hex."""

    mode: bytes
    id: str


class Tree(dict[bytes, Entry]):
    """Entries by name, in git's order; nobody changes one once it is made.

    A tree that was made from another also knows its bytes, and which tree it was made from with what put in: so that the next one costs what differs.
    """

    __slots__ = ("data", "origin", "put")

    data: bytes | None
    origin: str | None
    put: Mapping[bytes, Entry]

    def __init__(self, entries: Mapping[bytes, Entry] | None = None) -> None:
        super().__init__(entries or {})
        self.data, self.origin, self.put = None, None, {}


def parse_tree(data: bytes, width: int) -> Tree:
    """Return the entries of a tree object; *width* is the length of a binary id (20 for SHA-1)."""
    tree = Tree()
    at, end = 0, len(data)
    while at < end:
        space = data.index(b" ", at)
        zero = data.index(b"\0", space)
        after = zero + 1 + width
        tree[data[space + 1 : zero]] = Entry(data[at:space], data[zero + 1 : after].hex())
        at = after
    return tree


def tree_bytes(tree: Tree) -> bytes:
    """Return the tree object that holds these entries; it is made once."""
    data = tree.data
    if data is None:
        data = tree.data = b"".join([_line(name, entry) for name, entry in tree.items()])
    return data


def _line(name: bytes, entry: Entry) -> bytes:
    return b"%b %b\0%b" % (entry.mode, name, bytes.fromhex(entry.id))


def with_entries(tree: Tree, changed: Mapping[bytes, Entry]) -> Tree:
    """Return *tree* with *changed* entries put in at git's place: a folder sorts as if its name ended in ``/``.

    The bytes of *tree*, if it knows them, become those of the new one, and are no longer kept twice.
    """
    moved = any(name in tree and (tree[name].mode == FOLDER) != (entry.mode == FOLDER) for name, entry in changed.items())
    if moved or len(changed) > _FEW:
        return Tree(dict(sorted({**tree, **changed}.items(), key=lambda item: _order(*item))))
    made, data = tree, tree.data
    for name, entry in changed.items():
        made, data = _with_entry(made, data, name, entry)
    tree.data = None
    result = made if made is not tree else Tree(tree)
    result.data = data
    return result


def _with_entry(tree: Tree, data: bytes | None, name: bytes, entry: Entry) -> tuple[Tree, bytes | None]:
    """Return *tree* with one entry put in or replaced, and its bytes, if those of *tree* are known."""
    old, names = tree.get(name), list(tree)
    if old is not None:
        at = names.index(name)
        made = Tree(tree)
        made[name] = entry
    else:
        at = _place(tree, names, _order(name, entry))
        items = list(tree.items())
        items.insert(at, (name, entry))
        made = Tree(dict(items))
    if data is None:
        return made, None
    start = len(data) if at == len(names) else _length(tree, at, len(entry.id) // 2)
    end = start + (len(_line(name, old)) if old is not None else 0)
    return made, data[:start] + _line(name, entry) + data[end:]


def _length(tree: Tree, count: int, width: int) -> int:
    """Return how many bytes the first *count* entries take; the loops are Python's own, for a folder may hold a thousand."""
    return sum(map(len, islice(tree, count))) + sum(map(len, islice(map(_MODE, tree.values()), count))) + count * (width + 2)


def _place(tree: Tree, names: list[bytes], order: bytes) -> int:
    """Return where an entry of this *order* goes; the newest version, of most writes, goes last."""
    if not names or _order(names[-1], tree[names[-1]]) < order:
        return len(names)
    return bisect_left(names, order, key=lambda name: _order(name, tree[name]))


def _order(name: bytes, entry: Entry) -> bytes:
    return name + b"/" if entry.mode == FOLDER else name
