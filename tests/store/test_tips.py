"""What a remote has beside the branch that is exchanged: seen and brought with no ref of the clone moved."""

from __future__ import annotations

import pytest

from gitreg.errors import BusyError
from gitreg.store import tips
from gitreg.store.discovery import discover
from gitreg.store.remote import Remote


@pytest.fixture
def hub(tmp_path, git):
    """Make a repository with a commit, and an empty clone beside it that knows it as origin."""
    git(tmp_path, "init", "-q", "hub")
    git(tmp_path / "hub", "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "init", "-q", "clone")
    git(tmp_path / "clone", "remote", "add", "origin", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def remote(hub, tmp_path):
    repo = discover(str(tmp_path / "clone"))
    yield Remote(repo, "origin", "gitreg/one")
    repo.close()


def made(hub, git, branch):
    """Commit something of its own to a branch of the hub; returns the commit."""
    git(hub, "switch", "-q", "-c", branch, "main")
    git(hub, "commit", "-q", "--allow-empty", "-m", branch)
    git(hub, "switch", "-q", "main")
    return git(hub, "rev-parse", branch)


def test_only_what_is_asked_for_is_seen(hub, remote, git):
    one, below = made(hub, git, "gitreg/one"), made(hub, git, "gitreg/two/three")
    git(hub, "branch", "other/refs/heads/gitreg/one")

    assert tips.seen(remote, ["refs/heads/gitreg/one"]) == {"refs/heads/gitreg/one": one}
    assert tips.seen(remote, ["refs/heads/gitreg/*"]) == {"refs/heads/gitreg/one": one, "refs/heads/gitreg/two/three": below}
    assert tips.seen(remote, ["refs/pull/1/head"]) == {}
    assert tips.seen(remote, []) == {}


def test_what_is_brought_is_there_and_no_ref_moves(hub, remote, git):
    one = made(hub, git, "gitreg/one")
    assert remote.repo.reader.info(one) is None

    assert tips.brought(remote, ["refs/heads/gitreg/one", "refs/heads/none"]) == {"refs/heads/gitreg/one": one}

    assert remote.repo.reader.info(one)
    assert git(hub.parent / "clone", "for-each-ref") == ""
    assert not (hub.parent / "clone" / ".git" / "FETCH_HEAD").exists()


def test_very_many_are_brought_in_parts(hub, remote, git):
    main = git(hub, "rev-parse", "main")
    git(hub, "update-ref", "--stdin", input="".join(f"create refs/pull/{number}/head {main}\n" for number in range(1, 451)))

    found = tips.brought(remote, [f"refs/pull/{number}/head" for number in range(1, 501)])

    assert len(found) == 450


def test_a_branch_is_moved_only_from_where_it_was_seen(hub, remote, git):
    one, two = made(hub, git, "gitreg/one"), made(hub, git, "gitreg/two")
    tips.brought(remote, ["refs/heads/gitreg/*"])

    assert not tips.moved(remote, two, "")
    assert not tips.moved(remote, two, git(hub, "rev-parse", "main"))
    assert git(hub, "rev-parse", "gitreg/one") == one
    assert tips.moved(remote, two, one)
    assert git(hub, "rev-parse", "gitreg/one") == two


def test_a_remote_that_is_gone_says_how_to_look(hub, remote):
    hub.rename(hub.parent / "gone")

    with pytest.raises(BusyError, match="origin cannot be reached") as refused:
        tips.seen(remote, ["refs/heads/gitreg/*"])

    assert refused.value.hint == "git ls-remote origin"
