"""A registry is made in one commit, wherever there may be one, and nothing of a person's is harmed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_init_makes_the_folder_the_repository_and_one_commit(git, tmp_path):
    Registry.init(tmp_path / "a" / "b").close()

    assert git(tmp_path / "a" / "b", "log", "--format=%s") == "registry: create it"
    assert git(tmp_path / "a" / "b", "ls-files").splitlines()[-1] == "gitreg.yaml"
    assert git(tmp_path / "a" / "b", "status", "--porcelain") == ""
    assert git(tmp_path / "a" / "b", "fsck", "--strict") == ""


def test_init_in_a_repository_without_commits_keeps_what_is_staged(git, tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "mine.txt").write_text("mine\n")
    git(tmp_path, "add", ".")

    Registry.init(tmp_path).close()

    assert git(tmp_path, "status", "--porcelain") == "A  mine.txt"
    assert git(tmp_path, "rev-list", "--count", "HEAD") == "1"


def test_init_in_a_repository_with_work_in_it_leaves_the_work_alone(git, tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "mine.txt").write_text("mine\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "mine")
    (tmp_path / "mine.txt").write_text("edited\n")
    (tmp_path / "staged.txt").write_text("staged\n")
    git(tmp_path, "add", "staged.txt")

    Registry.init(tmp_path).close()

    assert git(tmp_path, "status", "--porcelain").splitlines() == ["M mine.txt", "A  staged.txt"]  # the helper strips
    assert git(tmp_path, "log", "--format=%s").splitlines() == ["registry: create it", "mine"]


def test_init_in_a_subfolder_of_a_larger_repository(git, tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "code")

    with Registry.init(tmp_path / "ml" / "registry") as registry:
        registry.register("iris")

    assert registry.location.prefix == "ml/registry/"
    assert git(tmp_path, "ls-files", "ml").splitlines()[-1] == "ml/registry/models/iris/versions/1.yaml"
    assert git(tmp_path, "status", "--porcelain") == ""


def test_init_in_a_bare_repository(git, tmp_path):
    git(tmp_path, "init", "-q", "--bare")

    with Registry.init(tmp_path) as registry:
        assert registry.register("iris").number == 1


def test_init_on_a_branch_of_its_own_keeps_it_out_of_every_worktree(git, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "code")

    with Registry.init(tmp_path, branch="models/registry") as registry:
        registry.register("iris")

    assert [path.name for path in tmp_path.iterdir()] == [".git"]
    assert git(tmp_path, "status", "--porcelain") == ""
    with Registry.open(tmp_path) as found:
        assert found.get("iris").number == 1


def test_init_on_a_branch_keeps_the_comments_of_the_git_config(git, tmp_path):
    git(tmp_path, "init", "-q")
    config = tmp_path / ".git" / "config"
    config.write_text(config.read_text() + "# why\n[alias]\n\tco = checkout ; short\n")

    Registry.init(tmp_path, branch="models").close()

    assert "# why\n[alias]\n\tco = checkout ; short\n" in config.read_text()
    assert git(tmp_path, "config", "gitreg.branch") == "models"


@pytest.mark.parametrize("branch", [None, "models"])
def test_init_twice_is_a_conflict_and_changes_nothing(git, tmp_path, branch):
    Registry.init(tmp_path, branch=branch).close()
    before = everything(tmp_path)

    with pytest.raises(ConflictError, match=r"there is a registry in .* already"):
        Registry.init(tmp_path, branch=branch)

    assert everything(tmp_path) == before


def test_init_again_finds_a_branch_that_a_crash_left_without_its_config(git, tmp_path):
    Registry.init(tmp_path, branch="models").close()
    git(tmp_path, "config", "--unset", "gitreg.branch")

    with pytest.raises(ConflictError, match="already"):
        Registry.init(tmp_path, branch="models")

    Registry.open(tmp_path).close()


@pytest.mark.parametrize("file", ["gitreg.yaml", ".gitreg/schema/1/model.json", ".gitreg"])
@pytest.mark.parametrize("repository", [True, False], ids=["in a repository", "in no repository"])
def test_a_file_in_the_way_is_a_conflict_and_changes_nothing(git, tmp_path, file, repository):
    if repository:
        git(tmp_path, "init", "-q")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "mine")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("mine\n")
    refs = git(tmp_path, "show-ref", check=False)

    with pytest.raises(ConflictError):
        Registry.init(tmp_path)

    assert (tmp_path / file).read_text() == "mine\n"
    assert git(tmp_path, "show-ref", check=False) == refs
    assert (tmp_path / ".git").exists() == repository


def test_a_detached_head_is_a_conflict(git, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "mine")
    git(tmp_path, "switch", "-q", "--detach")

    with pytest.raises(ConflictError, match="HEAD is detached"):
        Registry.init(tmp_path)


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "@", "a\nb", "a.lock", "HEAD~1", "refs/../x", "@{-1}"])
def test_a_branch_that_git_would_not_take_is_wrong_usage(tmp_path, branch):
    with pytest.raises(UsageError, match="cannot name a branch"):
        Registry.init(tmp_path / "new", branch=branch)

    assert not (tmp_path / "new").exists()


def test_a_branch_below_another_is_a_conflict(git, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "mine")

    with pytest.raises(ConflictError, match=r"main.* exists; cannot create"):
        Registry.init(tmp_path, branch="main/models")


def test_a_file_where_the_folder_should_be_is_busy(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(BusyError, match="cannot make the folder"):
        Registry.init(tmp_path / "file" / "registry")


def test_a_folder_whose_name_is_no_text_is_wrong_usage(git, tmp_path):
    git(tmp_path, "init", "-q")

    with pytest.raises(UsageError, match="has a name that a registry cannot have"):
        Registry.init(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))


def test_a_repository_whose_path_is_no_text_can_be_written(git, tmp_path):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")

    with Registry.init(folder) as registry:
        assert registry.register("iris").number == 1

    assert git(folder, "status", "--porcelain") == ""


NAMED = "models/**/stages.yaml merge=gitreg"


@pytest.mark.parametrize("folder", ["", "ml/registry"])
def test_init_names_the_merge_driver_of_the_pointer_files_and_tells_git_what_it_is(git, tmp_path, folder):
    git(tmp_path, "init", "-q")

    with Registry.init(tmp_path / folder) as registry:
        registry.register("team/iris")

    pointers = f"{folder}/models/team/iris/stages.yaml".lstrip("/")
    assert git(tmp_path, "check-attr", "merge", pointers, "models/stages.md") == f"{pointers}: merge: gitreg\nmodels/stages.md: merge: unspecified"
    assert git(tmp_path, "config", "--get", "merge.gitreg.driver").startswith("gitreg merge-file ")
    assert registry.check() == ()


def test_init_on_a_branch_of_its_own_names_the_merge_driver_there(git, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "code")
    (tmp_path / ".gitattributes").write_text("*.bin -text\n")

    Registry.init(tmp_path, branch="models").close()

    assert git(tmp_path, "show", "models:.gitattributes") == NAMED
    assert (tmp_path / ".gitattributes").read_text() == "*.bin -text\n"


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not committed"])
def test_init_leaves_the_attributes_alone_that_a_person_has(git, tmp_path, committed):
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text("*.bin -text\n")
    if committed:
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", "mine")

    with Registry.init(tmp_path) as registry:
        assert registry.doctor() == ()

    assert (tmp_path / ".gitattributes").read_text() == "*.bin -text\n"
    assert git(tmp_path, "status", "--porcelain") == ("" if committed else "?? .gitattributes")


def test_a_file_where_the_registry_is_to_be_is_in_the_way(tmp_path):
    (tmp_path / "file").write_text("mine\n")

    with pytest.raises(ConflictError, match="is in the way: it is no folder"):
        Registry.init(tmp_path / "file")

    assert (tmp_path / "file").read_text() == "mine\n"
