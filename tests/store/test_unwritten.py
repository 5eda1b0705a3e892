"""A registry as it would be: read like a commit, and nothing of it is on disk."""

from __future__ import annotations

import pytest

from gitreg import Registry
from gitreg.errors import NotFoundError
from gitreg.store import unwritten

STAGES = "models/iris/stages.yaml"
MANIFEST = "models/iris/versions/3.yaml"


def changed(snapshot, path, old, new):
    """Return a file of *snapshot* with a text replaced."""
    data = snapshot.bytes_of(path)
    assert old in data
    return {path: data.replace(old, new)}


@pytest.fixture(params=["", "a/b"])
def placed(request, tmp_path):
    """A registry in the root of its repository, or in a folder."""
    with Registry.init(tmp_path / request.param) as made:
        for accuracy in (0.91, 0.95, 0.97):
            made.register("iris", metrics={"accuracy": accuracy})
        made.promote("iris@1", "production")
        yield made


def test_what_was_laid_over_it_is_read_and_the_rest_is_as_it_was(placed):
    base = placed.snapshot()

    end, _ = unwritten.laid(base, changed(base, STAGES, b"number: 1", b"number: 3"))

    assert (base.stages("iris").pointer("production").number, end.stages("iris").pointer("production").number) == (1, 3)
    assert end.get("iris@production").metrics == {"accuracy": 0.97}
    assert [version.number for version in end.versions("iris")] == [1, 2, 3]
    assert [summary.stages["production"] for summary in end.summaries()] == [3]
    assert end.config == base.config
    assert end.bytes_of(STAGES) != base.bytes_of(STAGES)
    assert end.line_of(STAGES, ("production", "number")) == base.line_of(STAGES, ("production", "number"))


def test_new_files_are_there_and_what_is_not_there_is_not(placed):
    base = placed.snapshot()
    fourth = base.bytes_of(MANIFEST).replace(b"number: 3", b"number: 4").replace(b'version: "3"', b'version: "4"')

    end, blobs = unwritten.laid(base, {"models/iris/versions/4.yaml": fourth})

    assert (base.count("iris"), end.count("iris")) == (3, 4)
    assert end.get("iris").number == 4
    assert end.number_named("iris", "nothing") is None
    assert end.blob_id("models/iris/versions/4.yaml") == blobs["models/iris/versions/4.yaml"]
    assert end.bytes_of("models/iris/versions/5.yaml") is None
    assert end.bytes_of("models/iris/versions/5/6/7.yaml") is None
    assert end.bytes_of("nowhere\nelse") is None
    with pytest.raises(NotFoundError):
        end.get("iris@5")


def test_a_file_that_is_too_large_is_refused_as_in_a_commit(placed):
    base = placed.snapshot()

    end, _ = unwritten.laid(base, {STAGES: b"#" * (1 << 20) + b"\n"})

    with pytest.raises(Exception, match=r"models/iris/stages\.yaml"):
        end.find_stages("iris")


def test_its_ids_are_those_that_git_would_give(placed, git):
    base = placed.snapshot()
    files = changed(base, STAGES, b"number: 1", b"number: 3")
    end, blobs = unwritten.laid(base, files)

    written = placed.location.repo.git("hash-object", "-w", "--stdin", data=files[STAGES])[1].decode().strip()
    git(placed.path, "update-index", "--cacheinfo", f"100644,{written},{placed.location.prefix}{STAGES}")

    assert blobs == {STAGES: written}
    assert git(placed.path, "write-tree") == end.commit


def test_nothing_of_it_is_on_disk(placed, git):
    base = placed.snapshot()
    before = git(placed.path, "count-objects", "-v")

    end, blobs = unwritten.laid(base, changed(base, STAGES, b"number: 1", b"number: 3"))

    assert git(placed.path, "count-objects", "-v") == before
    for each in (end.commit, *blobs.values()):
        assert placed.location.repo.reader.info(each) is None
