"""The registry is found as SPEC 5 says: given, then the environment, then upward in HEAD, then git's config."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitreg import Registry
from gitreg.errors import NotFoundError, UsageError
from gitreg.where import locate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def found():
    """Return a function that locates a registry, as ref and prefix."""
    repositories = []

    def locate_and_close(path=None, branch=None):
        location = locate(None if path is None else str(path), branch)
        repositories.append(location.repo)
        return location.ref, location.prefix

    yield locate_and_close
    for repo in repositories:
        repo.close()


@pytest.fixture
def nested(git, tmp_path):
    """Return a repository with a registry in its root and another in ``ml``."""
    Registry.init(tmp_path).close()
    Registry.init(tmp_path / "ml").close()
    (tmp_path / "ml" / "src").mkdir()
    return tmp_path


@pytest.mark.parametrize(("folder", "prefix"), [(".", ""), ("ml", "ml/"), ("ml/src", "ml/"), (".gitreg", "")])
def test_the_nearest_registry_upward_is_found(nested, found, monkeypatch, folder, prefix):
    monkeypatch.chdir(nested / folder)

    assert found() == ("refs/heads/main", prefix)


def test_the_commit_decides_and_not_the_disk(nested, found):
    (nested / "ml" / "src" / "gitreg.yaml").write_text("format: 1\n")
    (nested / "ml" / "gitreg.yaml").unlink()

    assert found(nested / "ml" / "src") == ("refs/heads/main", "ml/")


def test_what_is_given_comes_before_the_environment_and_that_before_the_folder(nested, found, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("GITREG_REGISTRY", str(nested))

    assert found() == ("refs/heads/main", "")
    assert found(nested / "ml") == ("refs/heads/main", "ml/")


def test_the_environment_may_name_the_branch(nested, found, git, monkeypatch):
    git(nested, "branch", "other")
    monkeypatch.setenv("GITREG_REGISTRY", str(nested))
    monkeypatch.setenv("GITREG_BRANCH", "other")

    assert found() == ("refs/heads/other", "")
    assert found(nested) == ("refs/heads/main", "")  # a branch of another registry's is not looked for here


def test_git_s_config_names_a_branch_that_no_worktree_has(git, tmp_path, found):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "code")
    Registry.init(tmp_path / "ml", branch="models").close()

    assert found(tmp_path) == found(tmp_path / "ml") == ("refs/heads/models", "ml/")


def test_a_detached_head_is_read_where_it_is(nested, found, git):
    git(nested, "switch", "-q", "--detach")

    assert found(nested) == ("HEAD", "")


def test_a_linked_worktree_is_read_at_its_own_branch(nested, found, git, tmp_path_factory):
    linked = tmp_path_factory.mktemp("elsewhere") / "linked"
    git(nested, "worktree", "add", "-q", "-b", "other", linked)

    assert found(linked / "ml") == ("refs/heads/other", "ml/")


def test_a_link_to_a_folder_of_the_repository_leads_there(nested, found, tmp_path_factory):
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(nested / "ml" / "src")

    assert found(link) == ("refs/heads/main", "ml/")


def test_the_git_folder_itself_leads_to_the_registry_in_the_root(nested, found):
    assert found(nested / ".git") == ("refs/heads/main", "")


def missing_folder(path: Path, git) -> Path:
    return path / "nowhere"


def no_repository(path: Path, git) -> Path:
    return path


def no_commits(path: Path, git) -> Path:
    git(path, "init", "-q")
    return path


def no_registry(path: Path, git) -> Path:
    git(path, "init", "-q")
    git(path, "commit", "-q", "--allow-empty", "-m", "code")
    return path


def uncommitted_registry(path: Path, git) -> Path:
    no_registry(path, git)
    (path / "gitreg.yaml").write_text("format: 1\n")
    return path


def a_folder_of_that_name(path: Path, git) -> Path:
    git(path, "init", "-q")
    (path / "gitreg.yaml").mkdir()
    (path / "gitreg.yaml" / "file").write_text("")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "strange")
    return path


def a_config_that_names_no_branch(path: Path, git) -> Path:
    no_registry(path, git)
    git(path, "config", "gitreg.branch", "gone")
    return path


@pytest.mark.parametrize(
    "make",
    [missing_folder, no_repository, no_commits, no_registry, uncommitted_registry, a_folder_of_that_name, a_config_that_names_no_branch],
    ids=lambda make: make.__name__.replace("_", " "),
)
def test_where_there_is_no_registry_none_is_found(tmp_path, git, make):
    path = make(tmp_path, git)

    with pytest.raises(NotFoundError) as caught:
        locate(str(path), None)

    assert caught.value.code == 3
    assert caught.value.message.startswith(("there is no", "the repository of"))


def test_an_unknown_branch_is_not_found(nested):
    with pytest.raises(NotFoundError, match="there is no branch 'gone'"):
        locate(str(nested), "gone")


@pytest.mark.parametrize("branch", ["-x", "a..b", "main\n", "main^{tree}", "@{upstream}"])
def test_a_malformed_branch_is_wrong_usage(nested, branch):
    with pytest.raises(UsageError, match="cannot name a branch"):
        locate(str(nested), branch)


@pytest.fixture
def address(nested, git, tmp_path_factory):
    """Return the address of a bare repository with a registry in its root, and a branch with one in ``ml`` only."""
    git(nested, "switch", "-q", "-c", "models")
    git(nested, "rm", "-q", "gitreg.yaml")
    git(nested, "commit", "-q", "-m", "move it")
    folder = tmp_path_factory.mktemp("server") / "models.git"
    git(nested, "clone", "-q", "--bare", nested, folder)
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    return f"file://{folder}"


def test_an_address_is_read_at_its_default_branch(address, found):
    assert found(address) == ("refs/heads/main", "")


def test_the_only_registry_of_an_address_is_found_in_its_folder(address, found):
    assert found(address, "models") == ("refs/heads/models", "ml/")


def test_the_environment_may_name_an_address(address, found, monkeypatch):
    monkeypatch.setenv("GITREG_REGISTRY", address)

    assert found() == ("refs/heads/main", "")


def test_a_location_by_address_names_its_remote_and_one_on_disk_does_not(address, nested):
    by_address, on_disk = locate(address, None), locate(str(nested / "ml"), None)

    assert (by_address.remote, on_disk.remote) == ("origin", None)
    by_address.repo.close()
    on_disk.repo.close()


def test_a_repository_without_a_registry_at_an_address_is_not_found(tmp_path, git):
    no_registry(tmp_path, git)

    with pytest.raises(NotFoundError, match="holds no registry in main"):
        locate(f"file://{tmp_path}", None)


def test_of_two_registries_below_the_root_none_is_guessed(nested, git):
    Registry.init(nested / "second").close()
    git(nested, "rm", "-q", "gitreg.yaml")
    git(nested, "commit", "-q", "-m", "remove it")

    with pytest.raises(NotFoundError, match="holds more than one registry in main"):
        locate(f"file://{nested}", None)


def test_a_folder_whose_name_could_be_a_host_is_a_folder(nested, found, monkeypatch):
    (nested / "host:path").mkdir()
    monkeypatch.chdir(nested)

    assert found("host:path") == ("refs/heads/main", "")


PROGRAMS = {
    "a helper's transport": "ext::sh -c 'touch ran'",
    "a helper's transport like a scheme": "ext://sh",
    "a file descriptor": "fd::0",
    "a store that git has a helper for": "s3://bucket/models",
    "an option like a user": "--upload-pack=x@host:path",
    "a line break": "https://example.org/x\ny",
}


@pytest.mark.parametrize("url", PROGRAMS.values(), ids=PROGRAMS)
def test_an_address_that_would_run_a_program_is_wrong_usage(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match=r"cannot be followed|is no address"):
        locate(url, None)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unborn", ["master", "main"])
def test_a_clone_whose_branch_has_no_commit_is_told_the_branch_that_has_the_registry(git, found, iris, tmp_path, unborn):
    git(tmp_path, "init", "-q", "--bare", "--initial-branch", unborn, "hub.git")
    git(iris.path, "push", "-q", str(tmp_path / "hub.git"), "HEAD:refs/heads/trunk")
    git(tmp_path, "clone", "-q", "hub.git", "clone")

    with pytest.raises(NotFoundError, match="has no commits yet") as caught:
        found(tmp_path / "clone")

    assert caught.value.hint == "git switch trunk"
    git(tmp_path / "clone", *caught.value.hint.split()[1:])
    assert found(tmp_path / "clone") == ("refs/heads/trunk", "")


def test_a_branch_whose_name_a_shell_would_run_is_not_advised(git, found, iris, tmp_path):
    git(tmp_path, "init", "-q", "--initial-branch", "main", "clone")
    git(tmp_path / "clone", "fetch", "-q", iris.path, "HEAD:refs/remotes/origin/$(reboot)")

    with pytest.raises(NotFoundError) as caught:
        found(tmp_path / "clone")

    assert caught.value.hint == "gitreg init"
