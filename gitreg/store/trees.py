"""git's tree objects: bytes to entries and back. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE, FOLDER, SUBMODULE = b"100644", b"40000", b"160000"
_FEW = 8  # entries: more of them are put in by sorting


class Entry(NamedTuple):
    """A line of a git tree: ``mode`` as the tree has it (no leading zero), ``id`` in hex."""

    mode: bytes
    id: str


Tree = dict[bytes, Entry]  # by name, in git's order


def parse_tree(data: bytes, width: int) -> Tree:
    """Return the entries of a tree object; *width* is the length of a binary id (20 for SHA-1)."""
    tree: Tree = {}
    at, end = 0, len(data)
    while at < end:
        space = data.index(b" ", at)
        zero = data.index(b"\0", space)
        after = zero + 1 + width
        tree[data[space + 1 : zero]] = Entry(data[at:space], data[zero + 1 : after].hex())
        at = after
    return tree


def tree_bytes(tree: Tree) -> bytes:
    """Return the tree object that holds these entries."""
    return b"".join([b"%b %b\0%b" % (entry.mode, name, bytes.fromhex(entry.id)) for name, entry in tree.items()])


def with_entries(tree: Tree, changed: Mapping[bytes, Entry]) -> Tree:
    """Return *tree* with *changed* entries put in at git's place: a folder sorts as if its name ended in ``/``."""
    moved = any(name in tree and (tree[name].mode == FOLDER) != (entry.mode == FOLDER) for name, entry in changed.items())
    if changed.keys() <= tree.keys() and not moved:
        return {**tree, **changed}
    if moved or len(changed) > _FEW:
        return dict(sorted({**tree, **changed}.items(), key=lambda item: _order(*item)))
    from bisect import bisect_left

    items = list(tree.items())
    for name, entry in changed.items():
        if name in tree:
            items[next(i for i, (known, _) in enumerate(items) if known == name)] = (name, entry)
        else:
            at = bisect_left(items, _order(name, entry), key=lambda item: _order(*item))
            items.insert(at, (name, entry))
    return dict(items)


def _order(name: bytes, entry: Entry) -> bytes:
    return name + b"/" if entry.mode == FOLDER else name
