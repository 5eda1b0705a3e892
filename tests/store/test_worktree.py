"""What a person is doing in a checkout is never touched, and a write that would have to is refused (SPEC 8)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError
from gitreg.store import holders, lock, worktree
from gitreg.store.discovery import discover
from gitreg.store.gitrepo import checkout_at

STAGES = "models/iris/stages.yaml"
FOURTH = "models/iris/versions/4.yaml"


def everything(folder: str | Path) -> dict[str, object]:
    """Return all that a write may touch or must not: every file, link and folder, the index, and the refs."""
    found = {}
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("objects", "gitreg")]
        for name in (*files, *folders):
            path = Path(at, name)
            found[str(path)] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


def promote(registry: Registry) -> None:
    registry.promote("iris@3", "production")


def register(registry: Registry) -> None:
    registry.register("iris", "1.0")


def edit(folder: Path, git) -> None:
    (folder / STAGES).write_text("mine\n")


def edit_and_restore_size(folder: Path, git) -> None:
    text = (folder / STAGES).read_text()
    (folder / STAGES).write_text(text.replace("number: 1\n", "number: 3\n"))


def stage(folder: Path, git) -> None:
    edit(folder, git)
    git(folder, "add", STAGES)


def stage_and_undo_in_the_file(folder: Path, git) -> None:
    before = (folder / STAGES).read_bytes()
    stage(folder, git)
    (folder / STAGES).write_bytes(before)


def delete(folder: Path, git) -> None:
    (folder / STAGES).unlink()


def stage_deletion(folder: Path, git) -> None:
    git(folder, "rm", "-q", STAGES)


def make_a_link(folder: Path, git) -> None:
    (folder / STAGES).rename(folder / "moved.yaml")
    (folder / STAGES).symlink_to(folder / "moved.yaml")


def make_a_folder(folder: Path, git) -> None:
    (folder / STAGES).unlink()
    (folder / STAGES).mkdir()


def link_the_folder(folder: Path, git) -> None:
    (folder / "models").rename(folder / "elsewhere")
    (folder / "models").symlink_to("elsewhere")


def assume_unchanged(folder: Path, git) -> None:
    git(folder, "update-index", "--assume-unchanged", STAGES)
    edit(folder, git)


def skip_worktree(folder: Path, git) -> None:
    git(folder, "update-index", "--skip-worktree", STAGES)
    edit(folder, git)


def conflict(folder: Path, git) -> None:
    blob = git(folder, "rev-parse", f"HEAD:{STAGES}")
    lines = "".join(f"100644 {blob} {stage}\t{STAGES}\n" for stage in (1, 2, 3))
    git(folder, "rm", "-q", "--cached", STAGES)
    git(folder, "update-index", "--index-info", input=lines)


@pytest.mark.parametrize(
    "hinder",
    [edit, edit_and_restore_size, stage, stage_and_undo_in_the_file, delete, stage_deletion, make_a_link, make_a_folder, link_the_folder, assume_unchanged, skip_worktree, conflict],
    ids=lambda hinder: hinder.__name__.replace("_", " "),
)
def test_work_in_the_way_of_a_changed_file_refuses_the_write_and_nothing_changes(iris, git, hinder):
    hinder(Path(iris.path), git)
    before = everything(iris.path)

    with pytest.raises(ConflictError, match=r"models.* in .* has .*: this write would touch them"):
        promote(iris)

    assert everything(iris.path) == before


def untracked(folder: Path, git) -> None:
    (folder / FOURTH).write_text("mine\n")


def ignored(folder: Path, git) -> None:
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("4.yaml\n")
    untracked(folder, git)


def staged(folder: Path, git) -> None:
    untracked(folder, git)
    git(folder, "add", FOURTH)


def intended(folder: Path, git) -> None:
    untracked(folder, git)
    git(folder, "add", "-N", FOURTH)


def staged_and_deleted(folder: Path, git) -> None:
    staged(folder, git)
    (folder / FOURTH).unlink()


def staged_below_and_deleted(folder: Path, git) -> None:
    (folder / FOURTH).mkdir()
    (folder / FOURTH / "inner").write_text("mine\n")
    git(folder, "add", FOURTH)
    shutil.rmtree(folder / FOURTH)


def dangling_link(folder: Path, git) -> None:
    (folder / FOURTH).symlink_to("nowhere")


def own_folder(folder: Path, git) -> None:
    (folder / FOURTH).mkdir()


@pytest.mark.parametrize(
    "hinder",
    [untracked, ignored, staged, intended, staged_and_deleted, staged_below_and_deleted, dangling_link, own_folder],
    ids=lambda hinder: hinder.__name__.replace("_", " "),
)
def test_work_in_the_way_of_a_new_file_refuses_the_write_and_nothing_changes(iris, git, hinder):
    hinder(Path(iris.path), git)
    before = everything(iris.path)

    with pytest.raises(ConflictError, match="this write would "):
        register(iris)

    assert everything(iris.path) == before


def a_file_for_a_folder(folder: Path, git) -> None:
    (folder / "models" / "new").write_text("mine\n")


def a_staged_file_for_a_folder(folder: Path, git) -> None:
    a_file_for_a_folder(folder, git)
    git(folder, "add", "models/new")
    (folder / "models" / "new").unlink()


def a_link_for_a_folder(folder: Path, git) -> None:
    (folder / "models" / "new").symlink_to("iris")


@pytest.mark.parametrize("hinder", [a_file_for_a_folder, a_staged_file_for_a_folder, a_link_for_a_folder], ids=lambda hinder: hinder.__name__.replace("_", " "))
def test_work_in_the_way_of_a_new_folder_refuses_the_write_and_nothing_changes(iris, git, hinder):
    hinder(Path(iris.path), git)
    before = everything(iris.path)

    with pytest.raises(ConflictError, match=r"models/new in .* this write would touch them"):
        iris.register("new")

    assert everything(iris.path) == before


def test_work_elsewhere_stays_as_it_is_and_the_write_succeeds(iris, git):
    folder = Path(iris.path)
    (folder / "tracked.txt").write_text("old\n")
    (folder / "stashed.txt").write_text("old\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "files")
    (folder / "stashed.txt").write_text("stashed\n")
    git(folder, "stash")
    (folder / "tracked.txt").write_text("edited\n")
    (folder / "models" / "iris" / "model.yaml").write_text("edited\n")
    (folder / "staged.txt").write_text("staged\n")
    git(folder, "add", "staged.txt")
    (folder / "staged.txt").write_text("and edited\n")
    (folder / "models" / "iris" / "versions" / "notes.txt").write_text("untracked\n")
    before = git(folder, "status", "--porcelain"), git(folder, "diff"), git(folder, "diff", "--cached"), git(folder, "stash", "list", "-p")

    promote(iris)
    register(iris)

    assert (git(folder, "status", "--porcelain"), git(folder, "diff"), git(folder, "diff", "--cached"), git(folder, "stash", "list", "-p")) == before
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("key", ["", "diff.autoRefreshIndex=false", "core.trustctime=false", "core.splitIndex=true", "core.untrackedCache=true", "diff.orderFile=nowhere", "status.relativePaths=false", "diff.noprefix=true"])
def test_a_touched_file_is_no_edit(iris, git, key):
    if key:
        git(iris.path, "config", *key.split("="))
        git(iris.path, "update-index", "--refresh")
    for path in (Path(iris.path) / STAGES, Path(iris.path) / "models/iris/model.yaml"):
        os.utime(path, (1_000_000_000, 1_000_000_000))

    promote(iris)

    assert git(iris.path, "status", "--porcelain") == ""


def test_a_copied_checkout_can_be_written(iris, git, tmp_path):
    shutil.copytree(iris.path, tmp_path / "copy")

    with Registry.open(tmp_path / "copy") as registry:
        promote(registry)
        register(registry)

    assert git(tmp_path / "copy", "status", "--porcelain") == ""
    assert git(tmp_path / "copy", "fsck", "--strict", "--no-dangling") == ""


# -- merges and the like --------------------------------------------------------------------------------------


def diverged(folder: str, git) -> None:
    """Make a branch ``theirs`` that conflicts with the one checked out, in a file that is not gitreg's."""
    for branch in ("theirs", "main"):
        git(folder, "switch", "-q", *(["-c"] if branch == "theirs" else []), branch)
        Path(folder, "file.txt").write_text(branch)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", branch)


STATES = {"merge": ("merge", "theirs"), "cherry-pick": ("cherry-pick", "theirs"), "revert": ("revert", "--no-edit", "theirs~0"), "rebase": ("rebase", "theirs")}


@pytest.mark.parametrize("state", STATES)
def test_a_write_is_refused_while_something_is_under_way_on_the_branch(iris, git, state):
    diverged(iris.path, git)
    git(iris.path, *STATES[state], check=False)
    before = everything(iris.path)

    with Registry.open(iris.path, branch="main") as registry, pytest.raises(ConflictError, match=f"a {state} is under way"):
        promote(registry)

    assert everything(iris.path) == before


@pytest.mark.parametrize("state", STATES)
def test_what_is_under_way_on_another_branch_is_nobodys_business(iris, git, tmp_path, state):
    diverged(iris.path, git)
    git(iris.path, "worktree", "add", "-q", "-b", "other", tmp_path / "linked")
    git(tmp_path / "linked", *STATES[state], check=False)
    before = everything(tmp_path / "linked")

    promote(iris)

    assert everything(tmp_path / "linked") == before
    assert git(iris.path, "status", "--porcelain") == ""


# -- other worktrees ------------------------------------------------------------------------------------------


def test_a_linked_worktree_on_the_branch_is_refreshed_from_the_main_one(iris, git, tmp_path):
    git(iris.path, "switch", "-q", "-c", "other")
    git(iris.path, "worktree", "add", "-q", tmp_path / "linked", "main")

    with Registry.open(iris.path, branch="main") as registry:
        promote(registry)

    assert git(tmp_path / "linked", "status", "--porcelain") == ""
    assert git(iris.path, "status", "--porcelain") == ""
    assert "number: 3" in (tmp_path / "linked" / STAGES).read_text()
    assert "number: 3" not in (Path(iris.path) / STAGES).read_text()


def test_the_main_worktree_on_the_branch_is_refreshed_from_a_linked_one(iris, git, tmp_path):
    git(iris.path, "worktree", "add", "-q", "-b", "other", tmp_path / "linked")

    with Registry.open(tmp_path / "linked", branch="main") as registry:
        promote(registry)

    assert git(iris.path, "status", "--porcelain") == git(tmp_path / "linked", "status", "--porcelain") == ""
    assert "number: 3" in (Path(iris.path) / STAGES).read_text()


def test_two_worktrees_on_one_branch_are_both_refreshed(iris, git, tmp_path):
    git(iris.path, "worktree", "add", "-q", "-f", tmp_path / "linked", "main")

    promote(iris)

    assert git(iris.path, "status", "--porcelain") == git(tmp_path / "linked", "status", "--porcelain") == ""


def test_an_edit_in_any_worktree_on_the_branch_refuses_the_write(iris, git, tmp_path):
    git(iris.path, "worktree", "add", "-q", "-f", tmp_path / "linked", "main")
    edit(tmp_path / "linked", git)
    before = everything(iris.path), everything(tmp_path / "linked")

    with pytest.raises(ConflictError, match="linked"):
        promote(iris)

    assert (everything(iris.path), everything(tmp_path / "linked")) == before


def test_a_linked_worktree_with_a_relative_pointer_is_refreshed(iris, git, tmp_path):
    git(iris.path, "switch", "-q", "-c", "other")
    git(iris.path, "worktree", "add", "-q", tmp_path / "linked", "main")
    pointer = Path(iris.path) / ".git" / "worktrees" / "linked"
    (pointer / "gitdir").write_text(os.path.relpath(tmp_path / "linked" / ".git", pointer) + "\n")

    with Registry.open(iris.path, branch="main") as registry:
        promote(registry)

    assert "number: 3" in (tmp_path / "linked" / STAGES).read_text()


def test_a_worktree_whose_folder_is_gone_does_not_hinder(iris, git, tmp_path):
    git(iris.path, "worktree", "add", "-q", "-f", tmp_path / "linked", "main")
    shutil.rmtree(tmp_path / "linked")

    promote(iris)

    assert git(iris.path, "status", "--porcelain") == ""


# -- kinds of checkouts ---------------------------------------------------------------------------------------


def test_autocrlf_gets_its_line_ends_and_a_clean_status(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", iris.path, "clone")

    with Registry.open(tmp_path / "clone") as registry:
        promote(registry)
        register(registry)

    assert git(tmp_path / "clone", "status", "--porcelain") == ""
    assert b"\r\n" in (tmp_path / "clone" / FOURTH).read_bytes()
    assert "\r" not in git(tmp_path / "clone", "show", f"HEAD:{FOURTH}")


@pytest.mark.parametrize("sparse_index", ["--no-sparse-index", "--sparse-index"])
def test_a_sparse_checkout_keeps_out_what_it_keeps_out(iris, git, sparse_index):
    folder = Path(iris.path)
    (folder / "src").mkdir()
    (folder / "src" / "main.py").write_text("")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "code")
    git(folder, "sparse-checkout", "set", "--cone", sparse_index, "src")

    promote(iris)
    register(iris)

    assert git(folder, "status", "--porcelain") == ""
    assert not (folder / "models").exists()
    assert git(folder, "ls-tree", "-r", "--name-only", "HEAD", FOURTH) == FOURTH


def test_an_index_lock_of_another_git_command_is_left_alone(iris, git):
    lock = Path(iris.path) / ".git" / "index.lock"
    lock.write_bytes(b"theirs")
    checkout = checkout_at(iris.path, str(lock.parent))

    with pytest.raises(BusyError, match="another git command holds"):
        worktree.take_index(checkout, patience=0)

    assert lock.read_bytes() == b"theirs"
    assert not (lock.parent / "gitreg.owner").exists()


def test_an_index_lock_that_a_killed_git_left_is_removed_by_the_next_write(iris, git, monkeypatch):
    monkeypatch.setattr(worktree, "_DOUBT", 0.0)
    monkeypatch.setattr(holders, "_WATCHED", 0.02)
    (Path(iris.path) / ".git" / "index.lock").touch()

    promote(iris)

    assert git(iris.path, "status", "--porcelain") == ""


def test_release_gives_back_only_a_lock_of_its_own(iris):
    git_dir = Path(iris.path) / ".git"
    checkout = checkout_at(iris.path, str(git_dir))
    worktree.take_index(checkout)
    (git_dir / "index.lock").unlink()
    (git_dir / "index.lock").write_bytes(b"theirs")

    worktree.release_index(checkout)

    assert (git_dir / "index.lock").read_bytes() == b"theirs"


# -- healing --------------------------------------------------------------------------------------------------


@pytest.fixture
def crashed(iris, git):
    """Return a registry whose last promotion moved the branch, and then died before the checkout followed."""
    folder = Path(iris.path)
    old, index, text = git(folder, "rev-parse", "HEAD"), (folder / ".git/index").read_bytes(), (folder / STAGES).read_bytes()
    promote(iris)
    register(iris)
    git(folder, "reset", "-q", "--soft", "HEAD")
    new = git(folder, "rev-parse", "HEAD")
    (folder / FOURTH).unlink()
    (folder / STAGES).write_bytes(text)
    (folder / ".git/index").write_bytes(index)
    entry = worktree.journal.Entry("refs/heads/main", old, new, (str(folder),))
    worktree.journal.write(str(folder / ".git"), entry)
    return iris


def reopened(registry: Registry) -> None:
    Registry.open(registry.path).close()


def test_the_next_command_finishes_what_a_crash_left(crashed, git):
    reopened(crashed)

    assert git(crashed.path, "status", "--porcelain") == ""
    assert "number: 3" in (Path(crashed.path) / STAGES).read_text()


@pytest.mark.parametrize("what", ["the branch", "a blob"])
def test_healing_gives_nothing_up_while_git_cannot_read(crashed, git, what):
    folder = Path(crashed.path)
    blob = git(folder, "rev-parse", f"HEAD:{STAGES}")
    place = folder / ".git" / ("refs/heads/main" if what == "the branch" else f"objects/{blob[:2]}/{blob[2:]}")
    (folder / ".git/aside").mkdir()
    place.rename(folder / ".git/aside/file")
    if what == "the branch":
        place.mkdir()
    repo = discover(str(folder))
    with lock.held(repo.common_dir) as descriptor, pytest.raises(BusyError, match="git cannot read"):
        worktree.heal(repo, descriptor)
    repo.close()
    if what == "the branch":
        place.rmdir()
    (folder / ".git/aside/file").rename(place)

    reopened(crashed)

    assert git(crashed.path, "status", "--porcelain") == ""
    assert "number: 3" in (folder / STAGES).read_text()


def test_healing_writes_over_a_piece_of_the_new_file(crashed, git):
    (Path(crashed.path) / FOURTH).write_text(git(crashed.path, "show", f"HEAD:{FOURTH}")[:20])

    reopened(crashed)

    assert git(crashed.path, "status", "--porcelain") == ""


def test_healing_leaves_what_a_person_wrote_since_and_says_so(crashed, git):
    (Path(crashed.path) / STAGES).write_text("mine\n")

    receipt = crashed.update("iris@2", description="second")

    assert "stages.yaml was edited since" in " ".join(receipt.notes)
    assert (Path(crashed.path) / STAGES).read_text() == "mine\n"


def test_healing_leaves_a_link_that_a_person_made_since(crashed, git):
    path = Path(crashed.path) / STAGES
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")

    reopened(crashed)

    assert path.is_symlink()
    assert git(crashed.path, "diff", "--cached", "--name-only") == ""


def test_healing_leaves_what_a_person_staged_since(crashed, git):
    (Path(crashed.path) / STAGES).write_text("mine\n")
    git(crashed.path, "add", STAGES)

    reopened(crashed)

    assert git(crashed.path, "status", "--porcelain") == f"M  {STAGES}"


def test_healing_does_not_touch_a_checkout_that_is_on_another_commit_now(crashed, git):
    git(crashed.path, "branch", "other", "HEAD~2")
    git(crashed.path, "symbolic-ref", "HEAD", "refs/heads/other")
    before = git(crashed.path, "status", "--porcelain"), (Path(crashed.path) / ".git/index").read_bytes()

    reopened(crashed)

    assert (git(crashed.path, "status", "--porcelain"), (Path(crashed.path) / ".git/index").read_bytes()) == before


def test_healing_works_in_a_merge_and_keeps_it(crashed, git):
    git(crashed.path, "update-ref", "MERGE_HEAD", "HEAD~1")

    reopened(crashed)

    assert git(crashed.path, "status", "--porcelain") == ""
    assert git(crashed.path, "rev-parse", "MERGE_HEAD")


def test_a_journal_whose_branch_has_moved_on_is_dropped_and_that_is_said(crashed, git):
    git(crashed.path, "commit", "-q", "--allow-empty", "-m", "moved on", "-a")

    receipt = crashed.promote("iris@2", "development")

    assert "the branch has moved on since" in " ".join(receipt.notes)
    assert git(crashed.path, "status", "--porcelain") == ""


def test_a_read_does_not_wait_for_a_person_who_holds_the_index(crashed):
    (Path(crashed.path) / ".git" / "index.lock").write_bytes(b"theirs")

    with Registry.open(crashed.path) as registry:
        assert registry.get("iris@production").number == 3

    assert (Path(crashed.path) / ".git" / "gitreg" / "journal").exists()
