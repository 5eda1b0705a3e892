"""pygit2 on gitreg's own files: the same blobs, trees, commit and ref, read with PyYAML's CSafeLoader.

It is the same job with nothing around it: no lock, no rules, no compare-and-swap, no names to keep unique.
"""

# ruff: noqa: ARG002, D102 - base.py says what each job is, and not every job needs its counter
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pygit2
import yaml
from pygit2.enums import FileMode, Option

from benchmarks import texts
from benchmarks.peers.base import Peer
from benchmarks.registries import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.shapes import Shape

pygit2.option(Option.ENABLE_FSYNC_GITDIR, True)


class Pygit2(Peer):
    """A kept :class:`pygit2.Repository`."""

    name = "pygit2"
    durable = "objects, ref and their folders synced (ENABLE_FSYNC_GITDIR)"

    def __init__(self, place: str, shape: Shape) -> None:
        super().__init__(place, shape)
        self.repo = pygit2.Repository(place)

    @classmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        return copied(shape, folder, f"pygit2-{use}")

    def register(self, tick: int) -> object:
        number = self.shape.versions + 1 + tick
        return self.write(texts.manifest_path(self.model, number), texts.manifest(self.model, number, f"2.{tick}").encode())

    def promote(self, tick: int) -> object:
        """Write a pointer file that was never there: libgit2 writes no object twice, gitreg does, for a power cut may have left a piece of it."""
        return self.write(texts.stages_path(self.model), texts.stages(self.model, self.other(tick), f"[{tick}]").encode())

    def write(self, path: str, data: bytes) -> pygit2.Oid:
        """Commit one file."""
        tip: Any = self.repo.references["refs/heads/main"].peel(pygit2.Commit)
        blob = self.repo.create_blob(data)
        tree = self._put(tip.tree, path.split("/"), blob)
        who = pygit2.Signature("Name", "name@example.org")
        return self.repo.create_commit("refs/heads/main", who, who, "change\n", tree, [tip.id])

    def _put(self, tree: Any, parts: list[str], blob: pygit2.Oid) -> pygit2.Oid:
        builder = self.repo.TreeBuilder(tree) if tree is not None else self.repo.TreeBuilder()
        name, *rest = parts
        if rest:
            inner = tree[name] if tree is not None and name in tree else None
            builder.insert(name, self._put(inner, rest, blob), FileMode.TREE)
        else:
            builder.insert(name, blob, FileMode.BLOB)
        return builder.write()

    def resolve(self, tick: int) -> object:
        tree: Any = self._tree()
        stages = _parsed(tree[texts.stages_path(self.model)])
        return _parsed(tree[texts.manifest_path(self.model, stages["production"]["number"])])

    def list(self, tick: int) -> object:
        tree: Any = self._tree()
        if self.shape.models == 1:
            return [_parsed(blob) for blob in _blobs(tree[f"models/{self.model}/versions"])]
        return [(model.name, _parsed(model["stages.yaml"]), _parsed(_newest(model))) for model in tree["models"]]

    def history(self, tick: int) -> object:
        """Walk first parents; each commit's changes below the folder, if it has any."""
        path = f"models/{self.model}" if self.shape.models == 1 else "models"
        walker = self.repo.walk(self.repo.references["refs/heads/main"].target)
        walker.simplify_first_parent()
        return [change for commit in walker if commit.parents for change in self._changes(commit, path)]

    def _changes(self, commit: Any, path: str) -> list[tuple[str, str]]:
        old, new = commit.parents[0].tree, commit.tree
        before, after = (tree[path] if path in tree else None for tree in (old, new))  # noqa: SIM401 - a Tree has no get
        if after is None or (before is not None and before.id == after.id):
            return []
        diff = after.diff_to_tree(before) if before is not None else after.diff_to_tree()
        return [(str(commit.id), delta.new_file.path) for delta in diff.deltas]

    def _tree(self) -> pygit2.Tree:
        return self.repo.references["refs/heads/main"].peel(pygit2.Commit).tree


def _parsed(blob: Any) -> Any:
    return yaml.load(blob.data, yaml.CSafeLoader)


def _blobs(tree: Any) -> Iterator[Any]:
    for entry in tree:
        if entry.type_str == "tree":
            yield from _blobs(entry)
        else:
            yield entry


def _newest(model: Any) -> Any:
    return max(model["versions"], key=lambda blob: int(blob.name.removesuffix(".yaml")))


PEER = Pygit2
