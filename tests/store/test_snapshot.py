"""A snapshot says what one commit says, from git's objects alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import ConflictError, GitregError, InvalidError, NotFoundError


def committed(registry: Registry, git, path: str, text: str) -> None:
    """Commit *text* as the file *path* by plain git."""
    file = Path(registry.path, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    git(registry.path, "add", "-f", path)
    git(registry.path, "commit", "-q", "-m", "by hand")


def lost(registry: Registry, git, spec: str) -> None:
    """Lose the object that *spec* names, as a damaged disk or a partial clone that cannot fetch does."""
    name = git(registry.path, "rev-parse", spec)
    Path(registry.path, ".git", "objects", name[:2], name[2:]).unlink()
    registry.close()


def test_a_snapshot_stays_what_it_was(iris):
    before = iris.snapshot()
    iris.promote("iris@3", "production")

    assert before.get("iris@production").number == 1
    assert iris.snapshot().get("iris@production").number == 3


def test_the_worktree_is_never_read(iris):
    Path(iris.path, "models/iris/stages.yaml").write_text("production: {number: 3}\n")

    assert iris.get("iris@production").number == 1


def test_the_same_commit_is_the_same_snapshot(iris):
    assert iris.snapshot() is iris.snapshot()


def test_count_reads_the_highest_folder_alone(registry, git):
    with registry.transaction() as tx:
        for _ in range(1001):
            tx.register("iris")

    assert registry.snapshot().count("iris") == 1001
    assert git(registry.path, "ls-tree", "--name-only", "HEAD", "models/iris/versions/1000/").splitlines()[0].endswith("versions/1000/1000.yaml")
    assert registry.register("iris").number == 1002


@pytest.mark.parametrize("spec", ["HEAD:models/iris/model.yaml", "HEAD:models/iris/stages.yaml", "HEAD:models/iris/versions", "HEAD:models/iris", "HEAD:models", "HEAD^{tree}"])
def test_a_lost_object_is_damage_and_never_an_absent_model(iris, git, spec):
    """Else the next register would make the model anew, over what it has."""
    tip = git(iris.path, "rev-parse", "HEAD")
    with Registry(iris.location) as registry:  # with nothing in its cache
        lost(iris, git, spec)

        with pytest.raises(InvalidError, match="the repository is damaged"):
            registry.register("iris")

    assert git(iris.path, "rev-parse", "HEAD") == tip


HOSTILE = {
    "a bomb of aliases": ("gitreg.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nformat: 1\n"),
    "deep nesting": ("gitreg.yaml", "[" * 100_000),
    "a tag": ("gitreg.yaml", "format: !!python/object/apply:os.system ['touch /tmp/x']\n"),
    "a newer format": ("gitreg.yaml", "format: 2\nstages: {a: {}}\n"),
    "no text": ("gitreg.yaml", "\0"),
    "an unknown key": ("gitreg.yaml", "format: 1\nhook: touch /tmp/x\nstages: {a: {}}\n"),
    "large pointers": ("models/iris/stages.yaml", "# " + "x" * (1 << 21)),
    "conflict markers": ("models/iris/stages.yaml", "<<<<<<< HEAD\nproduction:\n=======\n>>>>>>> theirs\n"),
    "a stage nobody knows": ("models/iris/stages.yaml", "canary:\n  number: 1\n  previous: []\n"),
    "another model's card": ("models/iris/model.yaml", "name: other\n"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_file_is_invalid_and_nothing_is_written(iris, git, hostile):
    committed(iris, git, *HOSTILE[hostile])
    tip = git(iris.path, "rev-parse", "HEAD")

    with pytest.raises(InvalidError):
        iris.promote("iris@3", "production")

    assert git(iris.path, "rev-parse", "HEAD") == tip
    assert git(iris.path, "status", "--porcelain") == ""


def strange_entry(registry: Registry, git, mode: str, path: str) -> None:
    """Commit *path* as something that is no regular file: its mode in the tree says what."""
    blob = git(registry.path, "hash-object", "-w", "--stdin", input="../../../secret")
    object_id = git(registry.path, "rev-parse", "HEAD") if mode == "160000" else blob
    git(registry.path, "rm", "-q", "-r", "--cached", "--ignore-unmatch", path)
    git(registry.path, "update-index", "--add", "--cacheinfo", f"{mode},{object_id},{path}")
    git(registry.path, "commit", "-q", "-m", "strange")
    git(registry.path, "switch", "-q", "--detach")


@pytest.mark.parametrize("mode", ["120000", "160000"], ids=["a link", "a submodule"])
@pytest.mark.parametrize("path", ["models/iris/stages.yaml", "models/iris", "models"])
def test_what_is_no_regular_file_is_not_followed_and_not_written_over(iris, git, mode, path):
    strange_entry(iris, git, mode, path)
    tip = git(iris.path, "rev-parse", "main")

    with pytest.raises((InvalidError, NotFoundError, ConflictError)):
        iris.register("iris")
        iris.promote("iris@3", "production")

    assert git(iris.path, "rev-parse", "main") == tip


def test_an_odd_registry_never_ends_in_anything_but_an_error_of_ours(iris, git):
    committed(iris, git, "models/iris/versions/4.yaml", "number: 9\n")

    for use in (lambda: iris.get("iris@4"), lambda: iris.versions("iris"), lambda: iris.register("iris", "name"), iris.models):
        with pytest.raises(GitregError):
            use()
