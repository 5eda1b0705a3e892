"""What was read from git, by git id: content-addressed, so never stale. Trees for this process, records for the next one too.

One for a registry, shared by its snapshots and by the writer, which puts in the trees that it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gitreg.store import decoded
from gitreg.store.decoded import Decoded, Passing
from gitreg.store.reader import Object
from gitreg.store.trees import FOLDER, Entry, Tree, parse_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.store.gitrepo import GitRepo
    from gitreg.store.nameindex import NameIndex

K = TypeVar("K")
V = TypeVar("V")
MOST_TREES = 2_000
MOST_ENTRIES = 200_000  # of all trees together, some 60 MB: one of ten thousand models differs with each commit
_MOST_BLOBS, _LONGEST = 32, 1 << 16  # blobs, and bytes of one
MOST_MODELS = 1_000  # of which is known what was read below their folders


class Cache:
    """Trees and decoded records; the oldest goes where there are too many."""

    def __init__(self, repo: GitRepo) -> None:
        self._reader = repo.reader
        self._width = 32 if repo.algorithm == "sha256" else 20
        self._trees = _Trees()
        self._roots: dict[str, str] = {}
        self._blobs: dict[str, bytes] = {}
        self._below: dict[str, tuple[str, dict[str, Any]]] = {}
        self.decoded: Decoded | Passing = Decoded(repo.common_dir)
        self.index: NameIndex | None = None

    def aside(self) -> Cache:
        """Return a cache for one pass over very many records: it knows the same trees, and its records are kept by nobody."""
        other = Cache.__new__(Cache)
        other.__dict__.update(self.__dict__, decoded=self.decoded.aside())
        return other

    @property
    def saves(self) -> bool:
        """Whether what was found out is kept on disk for the next process."""
        return self.decoded.saves

    def leave_no_trace(self) -> None:
        """Keep what is found out in memory alone from now on."""
        self.decoded.saves, self.index = False, None

    def close(self) -> None:
        """Write what the next process is to know; what is asked next is answered all the same."""
        self.decoded.close()

    def keep_blob(self, object_id: str, data: bytes) -> None:
        """Keep what this process has just written: the next write begins with reading it."""
        if len(data) <= _LONGEST:
            _put(self._blobs, object_id, data, _MOST_BLOBS)

    def blob(self, object_id: str) -> Object | None:
        """Return a blob that this process wrote lately, or None: git has to be asked."""
        data = self._blobs.get(object_id)
        return None if data is None else Object(object_id, "blob", len(data), data)

    def keep_root(self, commit: str, tree: str) -> None:
        """Keep the id of a commit's tree."""
        _put(self._roots, commit, tree, MOST_TREES)

    def root(self, commit: str) -> str:
        """Return the id of a commit's tree.

        Raises:
            InvalidError: git has no such commit, or cannot read it now.
        """
        known = self._roots.get(commit)
        if known is None:
            found = self._reader.info(f"{commit}^{{tree}}")
            if found is None:
                raise self._reader.damaged(f"git has no commit {commit}: the repository is damaged")
            known = found.id
            self.keep_root(commit, known)
        return known

    def known(self, commit: str, path: str) -> Entry | None:
        """Return what is at *path* in *commit*, or None where nothing is, without asking git.

        Raises:
            LookupError: not all the trees on the way were read before.
        """
        entry = Entry(FOLDER, self._roots[commit])
        for part in path.split("/"):
            found = self._trees.kept[entry.id].get(part.encode()) if entry.mode == FOLDER else None
            if found is None:
                return None
            entry = found
        return entry

    def keep_tree(self, object_id: str, tree: Tree) -> None:
        """Keep *tree* by its id."""
        self._trees.put(object_id, tree)

    def taken(self, object_id: str, data: bytes) -> Tree:
        """Return the tree whose *data* was read, and keep it."""
        tree = self._trees.kept.get(object_id)
        if tree is None:
            tree = parse_tree(data, self._width)
            self.keep_tree(object_id, tree)
        return tree

    def has_seen(self, model: str) -> bool:
        """Tell whether something below a folder of *model* was read before."""
        return model in self._below

    def below(self, model: str, tree: str) -> dict[str, Any]:
        """Return the records by path that were read below *model*'s folder when it was this *tree*; what is put in is kept."""
        known = self._below.get(model)
        if known is None or known[0] != tree:
            known = (tree, {})
            self._below.pop(model, None)
            _put(self._below, model, known, MOST_MODELS)
        return known[1]

    def tree(self, object_id: str) -> Tree:
        """Return the entries of a tree by its id.

        Raises:
            InvalidError: git has no such tree.
        """
        tree = self._trees.kept.get(object_id)
        if tree is None:
            found = self._reader.read(object_id)
            if found is None or found.data is None:
                raise self._reader.damaged(f"git has no tree {object_id}: the repository is damaged")
            tree = self.taken(object_id, found.data)
        return tree

    def trees_ahead(self, ids: Sequence[str]) -> None:
        """Read those trees in one go that are not known yet."""
        wanted = [each for each in dict.fromkeys(ids) if each not in self._trees.kept][: MOST_TREES // 2]
        for object_id, found in zip(wanted, self._reader.read_many(wanted), strict=True):
            if found and found.data is not None:
                self.taken(object_id, found.data)


class _Trees:
    """Trees by id: so many that they, and the entries in them, are not too many. What other threads count at once is put right when some go."""

    def __init__(self) -> None:
        self.kept: dict[str, Tree] = {}
        self._entries = 0

    def put(self, object_id: str, tree: Tree) -> None:
        """Keep a *tree*; where there are too many the oldest go."""
        self.kept[object_id] = tree
        self._entries += len(tree)
        if len(self.kept) > MOST_TREES or self._entries > MOST_ENTRIES:
            self._entries = sum(map(len, list(self.kept.values())))
            for oldest in list(self.kept)[:-1]:
                if len(self.kept) <= MOST_TREES * 3 // 4 and self._entries <= MOST_ENTRIES * 3 // 4:
                    break
                self._entries -= len(self.kept.pop(oldest, ()))


def _put(kept: dict[K, V], key: K, value: V, most: int) -> None:
    """Keep a *value*; where there are too many the oldest go."""
    decoded.make_room(kept, most)
    kept[key] = value
