"""Trees are read and made as git has them."""

from __future__ import annotations

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from gitreg.store.trees import FILE, FOLDER, SUBMODULE, Entry, Tree, parse_tree, tree_bytes, with_entries

BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
NAMES = [b"a", b"a-b", b"a.b", b"a0", b"1.yaml", b"10.yaml", b"2.yaml", b"1000", b"stages.yaml"]


def test_new_entries_stand_where_git_sorts_them(git, tmp_path):
    git(tmp_path, "init", "-q", "--bare", ".")
    folders, files = {b"a", b"1000"}, Tree()
    for name in NAMES:
        files = with_entries(files, {name: Entry(FOLDER, git(tmp_path, "mktree", input="")) if name in folders else Entry(FILE, BLOB)})
    listing = "".join(f"{'040000 tree' if e.mode == FOLDER else '100644 blob'} {e.id}\t{name.decode()}\n" for name, e in files.items())

    made = git(tmp_path, "mktree", "--missing", input=listing)

    assert tree_bytes(files) == subprocess.run(["git", "-C", tmp_path, "cat-file", "tree", made], check=True, capture_output=True).stdout


def test_a_tree_is_the_same_after_parsing_and_printing():
    tree = Tree({b"a": Entry(FILE, BLOB), b"b": Entry(FOLDER, BLOB), b"c d\xff": Entry(b"160000", BLOB)})

    assert parse_tree(tree_bytes(tree), 20) == tree


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([FILE, FOLDER, SUBMODULE]), st.integers(0, 1 << 160)), max_size=30))
def test_bytes_that_are_put_together_are_those_of_the_whole_tree(puts):
    tree = Tree()

    for name, mode, number in puts:
        tree_bytes(tree)
        tree = with_entries(tree, {name: Entry(mode, f"{number % (1 << 160):040x}")})

    assert tree_bytes(tree) == tree_bytes(Tree(tree))
    assert list(tree) == sorted(tree, key=lambda name: name + b"/" * (tree[name].mode == FOLDER))


def test_a_tree_that_many_entries_are_put_into_is_in_order():
    tree = with_entries(Tree(), {b"%d.yaml" % number: Entry(FILE, BLOB) for number in range(30, 0, -1)})

    assert list(tree) == sorted(tree)
    assert parse_tree(tree_bytes(tree), 20) == tree
