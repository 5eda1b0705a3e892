"""Where a branch stands, as git's own files say it: the same as git says, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.store.refs import commit_at


@pytest.fixture
def place(iris, git):
    git(iris.path, "branch", "side/track")
    return Path(iris.location.repo.common_dir)


def said(git, place, ref):
    return git(place, "rev-parse", "--verify", "--quiet", ref, check=False) or None


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/side/track", "refs/heads/none", "refs/heads/side"])
@pytest.mark.parametrize("packed", [False, True])
def test_it_is_what_git_says(place, git, ref, packed):
    if packed:
        git(place, "pack-refs", "--all")

    assert commit_at(str(place), ref) == said(git, place, ref)


def test_a_loose_ref_wins_over_a_packed_one(place, git):
    git(place, "pack-refs", "--all")
    git(place.parent, "commit", "--allow-empty", "-m", "newer")

    assert commit_at(str(place), "refs/heads/main") == git(place, "rev-parse", "main")


def test_a_name_that_ends_like_another_is_not_taken_for_it(place, git):
    git(place.parent, "commit", "--allow-empty", "-m", "newer")
    git(place, "update-ref", "refs/heads/a/refs/heads/main", "main~1")
    git(place, "pack-refs", "--all")

    assert commit_at(str(place), "refs/heads/main") == git(place, "rev-parse", "main")


@pytest.mark.parametrize("text", ["ref: refs/heads/main\n", "", "0123\n", "x" * 40, "0" * 40 + "\nmore"])
def test_what_is_no_id_is_git_s_to_judge(place, text):
    (place / "refs/heads/main").write_text(text)

    assert commit_at(str(place), "refs/heads/main") is None


def test_a_branch_that_is_a_link_to_another_is_where_the_other_is(place, git):
    git(place, "pack-refs", "--all")
    git(place.parent, "update-ref", "refs/heads/side/track", git(place, "commit-tree", "-p", "main", "-m", "newer", "main^{tree}"))
    (place / "refs/heads/main").symlink_to("refs/heads/side/track")

    with Registry.open(place.parent) as registry:
        assert registry.snapshot().commit == git(place, "rev-parse", "main") == git(place, "rev-parse", "side/track")


def test_very_many_packed_refs_are_git_s_to_search(place, git):
    commit = git(place, "rev-parse", "main")
    git(place, "update-ref", "--stdin", input="".join(f"create refs/heads/many/{number:05} {commit}\n" for number in range(1500)))
    git(place, "pack-refs", "--all", "--prune")

    assert commit_at(str(place), "refs/heads/main") is None
    with Registry.open(place.parent) as registry:
        assert registry.snapshot().commit == commit


@pytest.mark.parametrize("ref", ["HEAD", "refs/tags/v1", "main"])
def test_only_branches_are_looked_at(place, ref):
    assert commit_at(str(place), ref) is None


def test_a_registry_sees_every_kind_of_move(iris, git):
    seen = []
    for step in (("commit", "--allow-empty", "-m", "one"), ("pack-refs", "--all"), ("commit", "--allow-empty", "-m", "two"), ("reset", "--quiet", "--hard", "HEAD~1")):
        git(iris.path, *step)
        seen.append((iris.snapshot().commit, git(iris.path, "rev-parse", "HEAD")))

    assert all(found == true for found, true in seen)


def test_a_branch_that_is_a_symbolic_ref_is_followed_by_git(iris, git):
    git(iris.path, "symbolic-ref", "refs/heads/alias", "refs/heads/main")

    with Registry.open(iris.path, branch="alias") as alias:
        assert alias.snapshot().commit == iris.snapshot().commit
