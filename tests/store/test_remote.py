from __future__ import annotations

import pytest

from gitreg.errors import BusyError, NotFoundError, PolicyError
from gitreg.store import remote
from gitreg.store.gitrepo import GitRepo


@pytest.fixture
def hub(iris, git, tmp_path):
    """Return a bare repository that the registry knows as ``origin``, with its main branch."""
    git(tmp_path, "clone", "--quiet", "--bare", iris.path, "hub.git")
    git(iris.path, "remote", "add", "origin", str(tmp_path / "hub.git"))
    return tmp_path / "hub.git"


@pytest.fixture
def repo(iris):
    repo = GitRepo.discover(iris.path)
    yield repo
    repo.close()


@pytest.fixture
def origin(hub, repo):
    return remote.configured(repo, "origin", "main")


def commit_on(git, folder, parent, message="ours"):
    return git(folder, "commit-tree", "-p", parent, "-m", message, f"{parent}^{{tree}}")


def test_a_fetch_returns_where_the_remote_is_and_remembers_it(hub, repo, origin, git):
    theirs = commit_on(git, hub, "main", "theirs")
    git(hub, "update-ref", "refs/heads/main", theirs)

    assert origin.fetch() == theirs
    assert repo.commit(origin.tracking) == theirs


def test_a_branch_that_the_remote_does_not_have_is_none(hub, repo):
    assert remote.configured(repo, "origin", "other").fetch() is None


def test_a_push_moves_the_remote_forward(hub, repo, origin, git):
    ours = commit_on(git, repo.worktree, "main")

    assert origin.push(ours)
    assert git(hub, "rev-parse", "main") == ours


def test_a_push_that_is_no_step_forward_is_false_and_moves_nothing(hub, repo, origin, git):
    theirs = commit_on(git, hub, "main", "theirs")
    git(hub, "update-ref", "refs/heads/main", theirs)

    assert not origin.push(commit_on(git, repo.worktree, "main"))
    assert git(hub, "rev-parse", "main") == theirs


def test_a_hook_of_the_remote_that_refuses_is_a_rule_and_is_quoted(hub, repo, origin, git):
    hook = hub / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(PolicyError, match=r"^origin refuses this change of main: main is protected$"):
        origin.push(commit_on(git, repo.worktree, "main"))


def test_a_remote_that_is_gone_is_busy(hub, origin):
    hub.rename(hub.parent / "gone.git")

    with pytest.raises(BusyError, match=r"^origin cannot be reached: "):
        origin.fetch()


@pytest.mark.parametrize("name", ["upstream", "ext::sh", "../hub.git", "-u"])
def test_only_a_name_that_git_knows_is_a_remote(hub, repo, name):
    with pytest.raises(NotFoundError, match="none of that name"):
        remote.configured(repo, name, "main")


def test_the_head_of_a_remote_is_asked_for_and_remembered(hub, repo, git):
    assert remote.head(repo, "origin") == "main"
    hub.rename(hub.parent / "gone.git")
    assert remote.head(repo, "origin") == "main"


def test_the_head_of_a_remote_that_is_gone_is_not_guessed(hub, repo):
    hub.rename(hub.parent / "gone.git")

    with pytest.raises(BusyError, match=r"^origin cannot be reached: "):
        remote.head(repo, "origin")


def test_of_several_addresses_one_that_took_it_is_enough(hub, repo, origin, git, tmp_path):
    git(tmp_path, "clone", "--quiet", "--bare", str(hub), "other.git")
    git(tmp_path / "other.git", "update-ref", "refs/heads/main", commit_on(git, tmp_path / "other.git", "main", "theirs"))
    for place in (hub, tmp_path / "other.git"):
        git(repo.worktree, "remote", "set-url", "--add", "--push", "origin", str(place))
    ours = commit_on(git, repo.worktree, "main")

    assert origin.push(ours)
    assert git(hub, "rev-parse", "main") == ours


@pytest.mark.parametrize(
    ("err", "line"),
    [
        ("fatal: unable to access 'https://name:secret@example.org/x.git/': 403\n", "unable to access 'https://example.org/x.git/': 403"),
        ("remote: no\nTo /somewhere\nerror: failed to push some refs to '/somewhere'\n", "no"),
        ("hint: try again\n\nfatal: one\nfatal: two\n", "one; two"),
    ],
    ids=["a password", "an address and git's summary", "advice"],
)
def test_of_what_git_says_the_complaint_is_kept(err, line):
    assert remote.said(err) == line
