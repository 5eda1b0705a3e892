from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import servers
from gitreg.errors import BusyError, ConflictError, NotFoundError, PolicyError
from gitreg.store import remote
from gitreg.store.discovery import discover


@pytest.fixture
def hub(iris, git, tmp_path):
    """Return a bare repository that the registry knows as ``origin``, with its main branch."""
    git(tmp_path, "clone", "--quiet", "--bare", iris.path, "hub.git")
    git(iris.path, "remote", "add", "origin", str(tmp_path / "hub.git"))
    return tmp_path / "hub.git"


@pytest.fixture
def repo(iris):
    repo = discover(iris.path)
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


def test_what_a_fetch_that_was_killed_left_locked_is_fetched_all_the_same(hub, repo, origin, git):
    theirs = commit_on(git, hub, "main", "theirs")
    git(hub, "update-ref", "refs/heads/main", theirs)
    lock = Path(repo.common_dir, f"{origin.tracking}.lock")
    lock.parent.mkdir(parents=True)
    lock.touch()

    assert origin.fetch() == theirs
    assert not lock.exists()


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


# -- what looks like a lost race, or a connection that broke, and is neither -----------------------------------


@pytest.fixture
def pauses(monkeypatch):
    """Ask for a lock at the remote again at once."""
    monkeypatch.setattr(remote, "_HELD", (0, 0, 0, 0))


def test_a_lock_that_a_crash_left_at_the_remote_is_no_lost_race(hub, repo, origin, git, pauses):
    before = git(hub, "rev-parse", "main")
    (hub / "refs/heads/main.lock").touch()

    with pytest.raises(BusyError, match=r"^origin rejected the change 5 times though nobody else moved main, nothing was written: .*main\.lock': File exists"):
        origin.push(commit_on(git, repo.worktree, "main"))

    assert git(hub, "rev-parse", "main") == before


def test_a_lock_at_the_remote_that_somebody_gives_back_is_waited_for(hub, repo, origin, git, pauses):
    lock = hub / "refs/heads/main.lock"
    lock.touch()
    servers.hook(str(hub), "pre-receive", f"test -e {hub}/second && rm -f {lock}; touch {hub}/second\n")
    ours = commit_on(git, repo.worktree, "main")

    assert origin.push(ours)
    assert git(hub, "rev-parse", "main") == ours


def test_whoever_moves_the_branch_while_it_is_locked_was_first(hub, repo, origin, git, pauses):
    theirs = commit_on(git, hub, "main", "theirs")
    servers.hook(str(hub), "pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {theirs}\n")

    assert not origin.push(commit_on(git, repo.worktree, "main"))
    assert git(hub, "rev-parse", "main") == theirs


def test_a_branch_whose_name_is_in_the_way_at_the_remote_is_busy_and_quoted(hub, repo, git, pauses):
    git(hub, "update-ref", "refs/heads/other/one", "main")

    with pytest.raises(BusyError, match=r"nothing was written: .*'refs/heads/other/one' exists"):
        remote.configured(repo, "origin", "other").push(commit_on(git, repo.worktree, "main"))


@pytest.mark.parametrize(("script", "said"), [("echo no secrets here >&2; exit 1\n", "no secrets here"), ("exit 3\n", "it does not say why")], ids=["with words", "without"])
def test_a_pre_push_hook_of_the_person_that_refuses_is_a_rule_and_is_quoted(hub, repo, origin, git, script, said):
    before = git(hub, "rev-parse", "main")
    servers.hook(repo.git_dir, "pre-push", script)

    with pytest.raises(PolicyError, match=f"^the pre-push hook '.*/hooks/pre-push' refused, nothing was written: {said}$"):
        origin.push(commit_on(git, repo.worktree, "main"))

    assert git(hub, "rev-parse", "main") == before


def test_a_pre_push_hook_elsewhere_is_named_where_it_is(hub, repo, origin, git, tmp_path):
    servers.hook(str(tmp_path), "pre-push", "exit 1\n")
    git(repo.worktree, "config", "core.hooksPath", str(tmp_path / "hooks"))

    with pytest.raises(PolicyError, match=f"^the pre-push hook '{tmp_path}/hooks/pre-push' refused"):
        origin.push(commit_on(git, repo.worktree, "main"))


def test_a_pre_push_hook_that_agrees_is_not_accused_of_what_the_remote_does(hub, repo, origin, git):
    servers.hook(repo.git_dir, "pre-push", f"mv {hub}/objects {hub}/gone\n")

    with pytest.raises(BusyError):
        origin.push(commit_on(git, repo.worktree, "main"))


@pytest.mark.parametrize(
    ("key", "hint"),
    [("remote.origin.mirror", "git config --unset remote.origin.mirror"), ("push.gpgSign", "git config --show-origin --get-regexp ^push")],
    ids=["all refs or none", "signed, where the remote takes no signatures"],
)
def test_a_push_that_git_is_configured_to_make_otherwise_says_so(hub, repo, origin, git, key, hint):
    before = git(hub, "rev-parse", "main")
    git(repo.worktree, "config", key, "true")

    with pytest.raises(ConflictError, match=r"^git is configured for pushes to origin that are not of one branch alone, nothing was written: ") as caught:
        origin.push(commit_on(git, repo.worktree, "main"))

    assert caught.value.hint == hint
    assert git(hub, "rev-parse", "main") == before


# -- a person at work while a push runs ------------------------------------------------------------------------


STAGES = "models/iris/stages.yaml"


@pytest.fixture
def amid(iris, hub, git):
    """Run a script in the checkout whenever the remote is being pushed to: it has the commit, and has not answered."""
    git(iris.path, "config", "user.name", "Person")
    config = Path(iris.path) / "gitreg.yaml"
    config.write_text(config.read_text() + "remote: origin\n")
    git(iris.path, "commit", "-q", "-a", "-m", "registry: name the remote")
    git(iris.path, "push", "-q", "origin", "main")
    return lambda script: servers.hook(str(hub), "post-receive", f"cd {iris.path} && env -i PATH=$PATH HOME=$HOME sh -e -c '{script}' >{hub}/said 2>&1\n")


def test_a_person_may_stage_and_commit_on_another_branch_while_a_push_runs(iris, hub, git, amid):
    git(iris.path, "worktree", "add", "-q", "../linked", "-b", "other")
    amid("echo a note >notes.txt; git add notes.txt; git -C ../linked commit -q --allow-empty -m mine")

    receipt = iris.promote("iris@3", "production")

    assert (hub / "said").read_text() == ""
    assert git(iris.path, "status", "--porcelain") == "A  notes.txt"
    assert receipt.notes == ()
    assert git(hub, "rev-parse", "main") == git(iris.path, "rev-parse", "main") == receipt.commit


def test_a_commit_of_a_person_while_a_push_runs_stays_and_a_sync_brings_both_together(iris, hub, git, amid):
    amid("echo a note >notes.txt; git add notes.txt; git commit -q -m mine")

    receipt = iris.promote("iris@3", "production")
    (hub / "hooks/post-receive").unlink()
    mine = git(iris.path, "log", "-1", "--format=%s")
    iris.sync()

    assert any("the remote has this change; the branch here could not follow" in note for note in receipt.notes)
    assert mine == "mine"
    assert git(hub, "rev-parse", "main") == git(iris.path, "rev-parse", "main")
    assert git(iris.path, "status", "--porcelain") == ""
    assert git(iris.path, "show", "HEAD:notes.txt") == "a note"
    assert iris.get("iris@production").number == 3


@pytest.mark.parametrize("staged", ["", f"git add {STAGES}"], ids=["edited", "staged"])
def test_an_edit_that_a_person_makes_while_a_push_runs_is_left_and_the_branch_follows_later(iris, hub, git, amid, staged):
    before = git(iris.path, "rev-parse", "main")
    amid(f"echo \"# mine\" >>{STAGES}; {staged}")

    receipt = iris.promote("iris@3", "production")
    (hub / "hooks/post-receive").unlink()
    between = git(iris.path, "rev-parse", "main"), (Path(iris.path) / STAGES).read_text()
    git(iris.path, "stash", "-q")
    iris.sync()

    assert any("the branch here could not follow" in note for note in receipt.notes)
    assert between[0] == before
    assert between[1].endswith("# mine\n")
    assert git(iris.path, "rev-parse", "main") == git(hub, "rev-parse", "main") == receipt.commit
    assert git(iris.path, "status", "--porcelain") == ""


def test_a_checkout_that_a_person_brings_to_the_branch_while_a_push_runs_follows_too(iris, hub, git, amid):
    git(iris.path, "switch", "-q", "--detach")
    git(iris.path, "worktree", "add", "-q", "../linked", "main")
    with type(iris).open(Path(iris.path).parent / "linked") as registry:
        amid(f"git -C ../linked switch -q --detach; git -C {iris.path} switch -q main")
        receipt = registry.promote("iris@3", "production")

    assert git(iris.path, "rev-parse", "main") == receipt.commit == git(hub, "rev-parse", "main")
    assert git(iris.path, "status", "--porcelain") == ""
    assert "number: 3" in (Path(iris.path) / STAGES).read_text()
