"""From a version to what it was made of: its run, code and data, and its parents, and theirs. Pure: a view in, a graph out."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from gitreg.errors import UsageError
from gitreg.lineage.graph import Edge, Graph, Node
from gitreg.lineage.parents import parents
from gitreg.lineage.readers import Readers
from gitreg.records import json_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.lineage.graph import Role
    from gitreg.lineage.parents import Parent
    from gitreg.records import Artifact, ModelVersion, Run
    from gitreg.view import View

DEPTH = 10  # generations
MOST = 1000  # things; a picture of more of them tells nobody anything


def lineage(view: View, selector: str, *, depth: int = DEPTH, downstream: bool = False) -> Graph:
    """Return what the version that *selector* names was made of, and its parents, *depth* generations back.

    With *downstream* also the versions of this registry that name it as a parent, as many generations on, and those that used
    the same data; the bytes of every manifest are looked through for that.

    Raises:
        NotFoundError: there is no such version. A parent that is not there is a node, and no error.
        UsageError: the selector is malformed, or *depth* is negative.
        InvalidError: a file on the way is invalid.
    """
    if depth < 0:
        raise UsageError("depth: expected a number of generations, found {depth}", depth=depth)
    version = view.get(selector)
    walk = _Walk(view, depth)
    walk.back(version)
    if downstream:
        walk.on(version)
    return walk.graph(version.id, downstream=downstream)


class _Walk:
    """What was found so far. Each version is walked once, so a circle ends."""

    def __init__(self, view: View, depth: int) -> None:
        self._view, self._depth = view, depth
        self._nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}
        self._cut: dict[str, None] = {}

    def graph(self, root: str, *, downstream: bool) -> Graph:
        nodes, edges, cut = tuple(self._nodes.values()), tuple(self._edges), tuple(self._cut)
        return Graph(root=root, commit=self._view.commit, nodes=nodes, edges=edges, cut=cut, downstream=downstream)

    def back(self, root: ModelVersion) -> None:
        """Walk to the parents, the nearest first."""
        self._version(root)
        row = [root]
        for generation in range(self._depth + 1):
            row = [parent for version in row for parent in self._made_of(version, last=generation == self._depth)]

    def _made_of(self, version: ModelVersion, *, last: bool) -> Iterator[ModelVersion]:
        """Take down what *version* was made of; yield its parents that are new here."""
        self._runs(version)
        for name, artifact in version.artifacts.items():
            if artifact.kind == "data":
                self._edge(self._data(artifact), version.id, "data", name, artifact.uri)
        for parent in parents(self._view, version):
            if parent.number is None:
                self._edge(self._missing(parent), version.id, "parent", parent.name, parent.uri)
                continue
            found = self._view.version(parent.model, parent.number)
            known = found.id in self._nodes
            if not known and (last or self._full(found)):
                self._cut[version.id] = None
                continue
            self._version(found)
            self._edge(found.id, version.id, "parent", parent.name, parent.uri, found.id if parent.moves else None)
            if not known:
                yield found

    def on(self, root: ModelVersion) -> None:
        """Walk to the children, and theirs, and to those that used the same data as *root*."""
        data = [artifact for artifact in root.artifacts.values() if artifact.kind == "data"]
        readers = Readers(self._view, [artifact.sha256 or artifact.md5 or artifact.uri for artifact in data])
        row, seen = [root], {root.id}
        for generation in range(self._depth + 1):
            row = [child for version in row for child in self._made_from(version, readers.children(version), seen, last=generation == self._depth)]
        users = self._users(readers)
        for artifact in data:
            for user, name, uri in users[_data_id(artifact)]:
                if self._full(user):
                    self._cut[root.id] = None
                    break
                self._version(user)
                self._edge(_data_id(artifact), user.id, "data", name, uri)

    def _made_from(self, version: ModelVersion, children: list[tuple[ModelVersion, Parent]], seen: set[str], *, last: bool) -> Iterator[ModelVersion]:
        """Take down which of *children* name *version* as a parent; yield those that were not *seen*."""
        for child, parent in children:
            if child.id not in seen and (last or self._full(child)):
                self._cut[version.id] = None
                continue
            self._version(child)
            self._edge(version.id, child.id, "parent", parent.name, parent.uri, version.id if parent.moves else None)
            if child.id not in seen:
                seen.add(child.id)
                yield child

    def _full(self, version: ModelVersion) -> bool:
        """Tell whether there is no room for *version*."""
        return version.id not in self._nodes and len(self._nodes) >= MOST

    def _users(self, readers: Readers) -> dict[str, list[tuple[ModelVersion, str, str]]]:
        """Return who used which data, of those who may have used what is sought."""
        users: dict[str, list[tuple[ModelVersion, str, str]]] = defaultdict(list)
        for version in readers.holding():
            for name, artifact in version.artifacts.items():
                if artifact.kind == "data":
                    users[_data_id(artifact)].append((version, name, artifact.uri))
        return users

    # -- things -------------------------------------------------------------------------------------------

    def _node(self, node: Node) -> str:
        self._nodes.setdefault(node.id, node)
        return node.id

    def _edge(self, source: str, target: str, kind: Role, name: str | None = None, uri: str | None = None, resolved: str | None = None) -> None:
        self._edges[Edge(source=source, target=target, kind=kind, name=name, uri=uri, resolved=resolved)] = None

    def _version(self, version: ModelVersion) -> str:
        facts = {name: getattr(version, name) for name in ("model", "number", "version", "stage", "status", "created_at", "created_by")}
        return self._node(Node(id=version.id, kind="version", facts=facts | {"yanked": version.yanked is not None}))

    def _data(self, artifact: Artifact) -> str:
        facts = {name: getattr(artifact, name) for name in ("uri", "sha256", "md5", "size", "folder")}
        return self._node(Node(id=_data_id(artifact), kind="data", facts=facts))

    def _missing(self, parent: Parent) -> str:
        return self._node(Node(id=f"missing:{parent.uri}", kind="missing", facts={"uri": parent.uri, "problem": parent.problem}))

    def _runs(self, manifest: ModelVersion) -> None:
        if manifest.run:
            self._edge(self._run(manifest.run, manifest), manifest.id, "run")
        for run in manifest.later_runs:
            self._edge(manifest.id, self._run(run, manifest), "used")

    def _run(self, run: Run, manifest: ModelVersion) -> str:
        facts = {name: value for name, value in _complete(run).items() if name not in ("id", "code")}
        run_id = self._node(Node(id=f"run:{run.id}" + (f"/{run.step}" if run.step else ""), kind="run", facts={"run": run.id, **facts}))
        code = run.code
        if code and (code.commit or code.repository):
            name = f"code:{code.repository or ''}@{code.commit or ''}"
            if code.dirty:  # what was not committed is nowhere, and no two of it are the same
                name += f"+{manifest.id}"
            self._edge(self._node(Node(id=name, kind="code", facts={"repository": code.repository, "commit": code.commit, "dirty": code.dirty})), run_id, "code")
        return run_id


def _data_id(artifact: Artifact) -> str:
    """Return what the data are known by: their sha256, else their md5, else their address, which says nothing of the bytes."""
    digest = f"sha256:{artifact.sha256}" if artifact.sha256 else f"md5:{artifact.md5}" if artifact.md5 else artifact.uri
    return f"data:{digest}"


def _complete(run: Run) -> dict[str, Any]:
    """Return the fields of *run*, each present."""
    known: dict[str, Any] = json_of(run)
    return {name: known.get(name) for name in run.__struct_fields__}
