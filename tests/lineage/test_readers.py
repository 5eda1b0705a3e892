"""Readers of a version are found in the bytes of the manifests, however somebody wrote them; what is not meant is not decoded."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg.errors import InvalidError

TRAIN = "ab" * 32


@pytest.fixture
def family(registry, git):
    """Return a registry with ``base``, and four versions of others that have nothing to do with it."""
    registry.register("base", artifacts={"train": {"kind": "data", "uri": "https://data.example.org/it's train.csv"}, "test": {"kind": "data", "uri": "test.csv", "sha256": TRAIN, "size": 1}})
    for model in ("one", "two", "three", "team/four"):
        registry.register(model)
    return registry


def written(registry, git, path, text):
    """Commit *text* at the end of a file, by hand."""
    file = Path(registry.path, path)
    file.write_text(file.read_text() + text)
    git(registry.path, "commit", "-q", "-a", "-m", "by hand")


def onward(registry):
    graph = registry.lineage("base", downstream=True)
    return [(edge.source, edge.target, edge.kind) for edge in graph.edges if edge.target != "base@1"]


LINKS = {
    "a selector": "links:\n  from: {uri: base@1}\n",
    "the latest": "links:\n  from: {uri: base@latest}\n",
    "quoted": "links:\n  from:\n    uri: 'base@1'\n",
    "the path of a manifest": "links: {from: {uri: models/base/versions/1.yaml}}\n",
    "with an escape": 'links: {from: {uri: "b\\u0061se@1"}}\n',
    "with a key that has an escape": '"l\\u0069nks": {from: {uri: base@1}}\n',
    "over two lines": 'links: {from: {uri: "ba\\\n    se@1"}}\n',
}


@pytest.mark.parametrize("text", LINKS.values(), ids=LINKS)
def test_a_link_to_a_version_is_found_however_it_is_written(family, git, text):
    written(family, git, "models/team/four/versions/1.yaml", text)

    assert onward(family) == [("base@1", "team/four@1", "parent")]


DATA = {
    "the digest": f'artifacts:\n  mine: {{kind: data, uri: elsewhere.csv, sha256: "{TRAIN}", size: 1}}\n',
    "the address, its quote doubled": "artifacts:\n  mine: {kind: data, uri: 'https://data.example.org/it''s train.csv'}\n",
    "the address over two lines": "artifacts:\n  mine: {kind: data, uri: 'https://data.example.org/it''s\n      train.csv'}\n",
    "the address with an escape": 'artifacts:\n  mine: {kind: data, uri: "https://d\\u0061ta.example.org/it\'s train.csv"}\n',
}


@pytest.mark.parametrize("text", DATA.values(), ids=DATA)
def test_who_used_the_same_data_is_found_however_it_is_written(family, git, text):
    written(family, git, "models/two/versions/1.yaml", text)

    assert [(target, kind) for _, target, kind in onward(family)] == [("two@1", "data")]


def test_a_child_of_a_child_is_found(family):
    family.update("one@1", links={"from": "base@1"})
    family.update("two@1", links={"from": "one@1"})

    assert onward(family) == [("base@1", "one@1", "parent"), ("one@1", "two@1", "parent")]


def test_a_manifest_that_has_nothing_to_do_with_it_may_be_invalid(family, git):
    family.update("one@1", links={"from": "base@1"})
    written(family, git, "models/two/versions/1.yaml", "what: is this\n")

    assert onward(family) == [("base@1", "one@1", "parent")]
    with pytest.raises(InvalidError, match="what"):
        family.lineage("two")


def test_a_manifest_that_may_name_it_may_not(family, git):
    written(family, git, "models/two/versions/1.yaml", "links: {from: {uri: base@1}}\nwhat: is this\n")

    with pytest.raises(InvalidError, match="what"):
        onward(family)
