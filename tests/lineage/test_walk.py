"""From a version to its run, code, data and parents: what is found, where it ends, what is missing."""

from __future__ import annotations

import pytest

from gitreg.errors import NotFoundError, UsageError
from gitreg.lineage.walk import MOST, lineage
from gitreg.records import Artifact
from tests.lineage.registry import (
    COMMIT,
    REPOSITORY,
    TEST,
    TRAIN,
    Code,
    Environment,
    chain,
    data,
    linked,
    registry,
    run,
)
from tests.operations.views import AT, BASE, BY, YANKED, held


def edges(graph, kind=None):
    return [(edge.source, edge.target) for edge in graph.edges if kind in (None, edge.kind)]


def ids(graph, kind):
    return [node.id for node in graph.nodes if node.kind == kind]


def test_a_version_leads_to_its_run_its_code_its_data_and_its_parents():
    view = registry(base=[{}], iris=[{"run": run(), "artifacts": {"train": data("train.csv", TRAIN)}, "links": linked(base="base@1")}])

    graph = lineage(view, "iris")

    code = f"code:{REPOSITORY}@{COMMIT}"
    assert (graph.root, graph.commit) == ("iris@1", BASE)
    assert edges(graph) == [(code, "run:42/fit"), ("run:42/fit", "iris@1"), (f"data:sha256:{TRAIN}", "iris@1"), ("base@1", "iris@1")]
    assert [edge.kind for edge in graph.edges] == ["code", "run", "data", "parent"]
    assert [(edge.name, edge.uri) for edge in graph.edges[2:]] == [("train", "train.csv"), ("base", "base@1")]


def test_a_thing_says_what_is_known_of_it():
    view = registry(iris=[{"run": run(environment=Environment(python="3.12.1")), "artifacts": {"train": data("t.csv", TRAIN, size=7)}, "yanked": YANKED}])

    facts = {node.kind: node.as_dict() for node in lineage(view, "iris@1").nodes}

    assert facts["version"] == {
        "id": "iris@1", "kind": "version", "model": "iris", "number": 1, "version": "1", "stage": None, "status": "ready", "created_at": AT, "created_by": BY, "yanked": True,
    }  # fmt: skip
    assert facts["data"] == {"id": f"data:sha256:{TRAIN}", "kind": "data", "uri": "t.csv", "sha256": TRAIN, "md5": None, "size": 7, "folder": False}
    assert facts["code"] == {"id": f"code:{REPOSITORY}@{COMMIT}", "kind": "code", "repository": REPOSITORY, "commit": COMMIT, "dirty": False}
    assert facts["run"] == {
        "id": "run:42/fit", "kind": "run", "run": "42", "pipeline": "training", "step": "fit", "started_at": None, "finished_at": None,
        "ci": {"url": "https://ci.example.org/42"}, "environment": {"python": "3.12.1"}, "error": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("artifact", "known"),
    [(data("s3://b/t.csv", TRAIN, md5="d" * 32), f"sha256:{TRAIN}"), (data("s3://b/t.csv", md5="d" * 32), f"md5:{'d' * 32}"), (data("s3://b/t.csv"), "s3://b/t.csv")],
    ids=["by sha256", "by md5", "by address"],
)
def test_data_are_known_by_their_digest_else_by_their_address(artifact, known):
    graph = lineage(registry(iris=[{"artifacts": {"train": artifact}}]), "iris")

    assert ids(graph, "data") == [f"data:{known}"]


def test_a_model_file_and_a_service_are_no_data():
    artifacts = {"model": Artifact(kind="model", uri="m.bin", sha256=TRAIN), "endpoint": Artifact(kind="service", uri="https://example.org")}

    assert ids(lineage(registry(iris=[{"artifacts": artifacts}]), "iris"), "data") == []


def test_two_versions_that_used_the_same_bytes_share_one_thing():
    view = registry(base=[{"artifacts": {"all": data("old/t.csv", TRAIN)}}], iris=[{"artifacts": {"train": data("t.csv", TRAIN)}, "links": linked(base="base@1")}])

    graph = lineage(view, "iris")

    assert edges(graph, "data") == [(f"data:sha256:{TRAIN}", "iris@1"), (f"data:sha256:{TRAIN}", "base@1")]


def test_two_runs_with_uncommitted_changes_never_ran_the_same_code():
    dirty = Code(repository=REPOSITORY, commit=COMMIT, dirty=True)
    view = registry(base=[{"run": run("1", code=dirty)}], iris=[{"run": run("2", code=dirty), "links": linked(base="base@1")}])

    assert ids(lineage(view, "iris"), "code") == [f"code:{REPOSITORY}@{COMMIT}+iris@1", f"code:{REPOSITORY}@{COMMIT}+base@1"]


def test_later_runs_used_the_version():
    view = registry(iris=[{"later_runs": (run("43", code=None, step=None), run("44", code=None, step=None))}])

    assert edges(lineage(view, "iris")) == [("iris@1", "run:43"), ("iris@1", "run:44")]


@pytest.mark.parametrize("uri", ["base@2", "base@1.0.5", "models/base/versions/2.yaml", "base@production", "base@latest"])
def test_a_link_names_a_parent_by_selector_or_by_the_path_of_its_manifest(uri):
    view = registry(base=[{}, {"version": "1.0.5"}], iris=[{"links": linked(base=uri)}], stages={"base": held(production=2)})

    assert edges(lineage(view, "iris")) == [("base@2", "iris@1")]


@pytest.mark.parametrize(("uri", "resolved"), [("base@1", None), ("base@1.0.5", None), ("base@production", "base@1"), ("base@latest", "base@1")])
def test_a_link_to_what_moves_on_says_what_it_stands_for_now(uri, resolved):
    view = registry(base=[{"version": "1.0.5"}], iris=[{"links": linked(base=uri)}], stages={"base": held(production=1)})

    (edge,) = lineage(view, "iris").edges

    assert (edge.uri, edge.resolved) == (uri, resolved)


@pytest.mark.parametrize("uri", ["base", "https://example.org/base@1", "stage:labelling", "mailto:a@b", "git@host:org/base.git", "models/base/model.yaml", "base@", "@1", "base@1 ", "a b@1"])
def test_a_link_to_anything_else_is_no_parent(uri):
    assert lineage(registry(base=[{}], iris=[{"links": linked(x=uri)}]), "iris").edges == ()


@pytest.mark.parametrize(("uri", "problem"), [
    ("base@9", "model 'base' has no version 9, it has 1"), ("base@2.0", "model 'base' has no version and no stage '2.0'"), ("rose@1", "no model 'rose'"),
    ("base@production", "production of 'base' is vacant"), ("base@archived", "'archived' names no single version of 'base': give a number"),
    ("models/base/versions/9.yaml", "model 'base' has no version 9, it has 1"),
])  # fmt: skip
def test_a_parent_that_is_not_there_is_told(uri, problem):
    graph = lineage(registry(base=[{}], iris=[{"links": linked(base=uri)}]), "iris")

    assert [node.as_dict() for node in graph.missing()] == [{"id": f"missing:{uri}", "kind": "missing", "uri": uri, "problem": problem}]
    assert edges(graph) == [(f"missing:{uri}", "iris@1")]


def test_a_circle_of_parents_is_walked_once():
    view = registry(a=[{"links": linked(b="b@1", self="a@1")}], b=[{"links": linked(a="a@1")}])

    graph = lineage(view, "a")

    assert edges(graph) == [("b@1", "a@1"), ("a@1", "a@1"), ("a@1", "b@1")]
    assert graph.cut == ()


def test_a_parent_of_two_versions_stands_once():
    view = registry(base=[{}], left=[{"links": linked(base="base@1")}], right=[{"links": linked(base="base@1")}], iris=[{"links": linked(a="left@1", b="right@1")}])

    graph = lineage(view, "iris")

    assert ids(graph, "version") == ["iris@1", "left@1", "right@1", "base@1"]
    assert edges(graph) == [("left@1", "iris@1"), ("right@1", "iris@1"), ("base@1", "left@1"), ("base@1", "right@1")]


@pytest.mark.parametrize(("depth", "found", "cut"), [(0, [5], ["iris@5"]), (1, [5, 4], ["iris@4"]), (3, [5, 4, 3, 2], ["iris@2"]), (4, [5, 4, 3, 2, 1], []), (9, [5, 4, 3, 2, 1], [])])
def test_the_walk_ends_after_so_many_generations_and_says_where_it_stopped(depth, found, cut):
    graph = lineage(chain(5), "iris@5", depth=depth)

    assert (ids(graph, "version"), list(graph.cut)) == ([f"iris@{n}" for n in found], cut)


def test_the_walk_ends_after_so_many_things():
    graph = lineage(chain(MOST + 50), "iris", depth=10**6)

    assert len(graph.nodes) == MOST
    assert graph.cut == (graph.nodes[-1].id,)


def test_downstream_are_the_versions_that_name_it_as_a_parent_and_those_of_these():
    view = registry(base=[{}, {}], iris=[{"links": linked(base="base@1")}, {"links": linked(base="base@2")}], rose=[{"links": linked(seed="iris@1")}])

    graph = lineage(view, "base@1", downstream=True)

    assert edges(graph) == [("base@1", "iris@1"), ("iris@1", "rose@1")]
    assert graph.downstream
    assert lineage(view, "base@1").edges == ()


def test_downstream_ends_after_so_many_generations_too():
    graph = lineage(chain(5), "iris@1", depth=2, downstream=True)

    assert (ids(graph, "version"), graph.cut) == (["iris@1", "iris@2", "iris@3"], ("iris@3",))


def test_downstream_are_the_versions_that_used_the_same_bytes():
    same, other = {"artifacts": {"x": data("elsewhere.csv", TRAIN)}}, {"artifacts": {"train": data("t.csv", TEST)}}
    view = registry(iris=[{"artifacts": {"train": data("t.csv", TRAIN)}}, same, other])

    graph = lineage(view, "iris@1", downstream=True)

    assert edges(graph) == [(f"data:sha256:{TRAIN}", "iris@1"), (f"data:sha256:{TRAIN}", "iris@2")]
    assert graph.edges[1].name == "x"


def test_downstream_tells_the_children_before_it_is_full_of_those_that_used_the_same_data():
    same = {"artifacts": {"x": data("t.csv", TRAIN)}}
    view = registry(iris=[same] * (MOST + 10), rose=[{"links": linked(base="iris@1")}])

    graph = lineage(view, "iris@1", downstream=True)

    assert edges(graph, "parent") == [("iris@1", "rose@1")]
    assert (len(graph.nodes), graph.cut) == (MOST, ("iris@1",))


def test_downstream_of_a_circle_ends():
    view = registry(a=[{"links": linked(b="b@1")}], b=[{"links": linked(a="a@1")}])

    assert edges(lineage(view, "a", downstream=True)) == [("b@1", "a@1"), ("a@1", "b@1")]


def test_a_version_that_is_not_there_and_a_depth_below_zero_are_errors():
    with pytest.raises(NotFoundError, match="no version 9"):
        lineage(chain(1), "iris@9")
    with pytest.raises(UsageError, match="depth: expected a number of generations, found -1"):
        lineage(chain(1), "iris", depth=-1)


def test_a_graph_as_json_has_every_field():
    graph = lineage(registry(iris=[{"links": linked(base="base@1")}]), "iris").as_dict()

    assert list(graph) == ["root", "commit", "downstream", "nodes", "edges", "cut"]
    assert graph["edges"] == [{"from": "missing:base@1", "to": "iris@1", "kind": "parent", "name": "base", "uri": "base@1", "resolved": None}]
