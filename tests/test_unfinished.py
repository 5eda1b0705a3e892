"""Versions that are running are found without decoding the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import unfinished
from gitreg.store import documents


def found(registry):
    return [(each.model, each.manifest.number) for each in unfinished.found(registry.snapshot())]


@pytest.mark.parametrize("status", ["running", '"running"', "'running'", '"runn\\u0069ng"', '"run\\\n  ning"'], ids=["plain", "quoted", "quoted once", "with an escape", "over two lines"])
def test_a_running_version_is_found_however_its_status_is_written(iris, git, status):
    file = Path(iris.path, "models/iris/versions/2.yaml")
    file.write_text(file.read_text().replace("status: ready", f"status: {status}"))
    git(iris.path, "commit", "-q", "-a", "-m", "by hand")

    assert found(iris) == [("iris", 2)]


def test_a_version_that_only_speaks_of_running_is_not_one(iris):
    iris.update("iris@3", description="a running joke")

    assert found(iris) == []


def test_a_file_that_is_invalid_or_missing_is_passed_over(iris, git):
    Path(iris.path, "models/iris/versions/1.yaml").unlink()
    Path(iris.path, "models/iris/versions/2.yaml").write_text("status: running\n")
    git(iris.path, "commit", "-q", "-a", "-m", "by hand")
    iris.register("other", status="running")

    assert found(iris) == [("other", 1)]


def test_of_many_versions_only_those_that_may_be_running_are_decoded(registry, monkeypatch):
    monkeypatch.setenv("GITREG_CACHE", "0")
    with registry.transaction() as tx:
        for number in range(50):
            tx.register("iris", status="running" if number == 30 else None)
    decoded = []
    decode = documents.DECODERS["manifest"]
    monkeypatch.setitem(documents.DECODERS, "manifest", lambda data, path: decoded.append(path) or decode(data, path))

    with type(registry).open(registry.path) as opened:
        assert found(opened) == [("iris", 31)]

    assert decoded == ["models/iris/versions/31.yaml"]
