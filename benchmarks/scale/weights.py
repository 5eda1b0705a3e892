"""What a repository weighs: its loose objects, its packs, and the trees that each write makes anew."""

from __future__ import annotations

import os
import subprocess
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512  # bytes in which a file system counts what a file takes


class Weight(NamedTuple):
    """How many loose objects there are, their bytes, what they take on the disk, and the bytes of packs with their indexes."""

    loose: int
    loose_bytes: int
    loose_disk: int
    pack_bytes: int

    @property
    def disk(self) -> int:
        """Bytes that all objects take on the disk."""
        return self.loose_disk + self.pack_bytes


def weighed(place: str) -> Weight:
    """Return the weight of the bare repository in *place*."""
    objects = os.path.join(place, "objects")
    loose = [found for name in os.listdir(objects) if len(name) == 2 for found in _sizes(os.path.join(objects, name))]
    packs = _sizes(os.path.join(objects, "pack"))
    return Weight(len(loose), sum(found.st_size for found in loose), sum(found.st_blocks * _BLOCK for found in loose), sum(found.st_size for found in packs))


def _sizes(folder: str) -> Iterator[os.stat_result]:
    """Yield the facts of each file in *folder*; what goes meanwhile is passed over."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        try:
            yield os.stat(os.path.join(folder, name))
        except FileNotFoundError:
            continue


def under(folder: str) -> int:
    """Return the bytes of all files below *folder*."""
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(folder) for name in names)


def tree_bytes(place: str, path: str) -> int:
    """Return the size of the tree of the folder *path*, before git compresses it; 0 where there is none."""
    done = subprocess.run(["git", "-C", place, "cat-file", "-s", f"main:{path}"], capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else 0


def flat_tree(place: str, model: str) -> int:
    """Return the bytes that one folder of all manifests of *model* would take as a loose object; the tree is made in *place*."""
    listed = subprocess.run(["git", "-C", place, "ls-tree", "-r", f"main:models/{model}/versions"], check=True, capture_output=True, text=True).stdout
    entries = (line.partition("\t") for line in listed.splitlines())
    flat = "".join(f"{facts}\t{os.path.basename(path)}\n" for facts, _, path in entries)
    return loose_tree(place, subprocess.run(["git", "-C", place, "mktree"], input=flat, check=True, capture_output=True, text=True).stdout.strip())


def loose_tree(place: str, name: str) -> int:
    """Return the bytes that a tree takes as a loose object, compressed as git does it."""
    data = subprocess.run(["git", "-C", place, "cat-file", "tree", name], check=True, capture_output=True).stdout
    return len(zlib.compress(b"tree %d\0%b" % (len(data), data), 1))
