"""A checkout that did not follow its branch is told from one in which a person staged an old version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitreg.store import behind, lock
from gitreg.store.discovery import discover

STAGES = "models/iris/stages.yaml"


@pytest.fixture
def repo(iris):
    """Return the repository of a registry whose last commit promotes version 3."""
    iris.promote("iris@3", "production")
    found = discover(iris.path)
    yield found
    found.close()


@pytest.fixture
def late(repo, git, tmp_path):
    """Return the repository when its checkout is as it was two commits ago, and nobody has written there since."""
    folder = Path(repo.worktree)
    tip = git(folder, "rev-parse", "main")
    git(folder, "reset", "-q", "--hard", "main~2")
    moved_later(repo, git, tip)
    return repo


def moved_later(repo, git, to, seconds=10):
    """Move the branch alone, and let its log say that this was a while after the files were written."""
    git(repo.worktree, "update-ref", "refs/heads/main", to)
    dated(repo, seconds)


def dated(repo, seconds):
    """Let the branch's log say that its last move was so much later."""
    log = Path(repo.common_dir, "logs/refs/heads/main")
    *older, last = log.read_text().splitlines(keepends=True)
    head, at, zone = last.partition("\t")[0].strip().rsplit(" ", 2)
    log.write_text("".join(older) + f"{head} {int(at) + seconds} {zone}\tmoved\n")


def healed(repo):
    with lock.held(repo.common_dir) as descriptor:
        return [behind.heal(repo, late, descriptor) for late in behind.found(repo, "")]


def test_a_checkout_that_followed_is_not_behind(repo):
    assert list(behind.found(repo, "")) == []


def test_a_checkout_that_did_not_follow_is_found_with_what_it_is_at(late, git):
    (found,) = behind.found(late, "")

    assert found.old == git(late.worktree, "rev-parse", "main~2")
    assert found.new == git(late.worktree, "rev-parse", "main")
    assert found.paths == (STAGES,)
    assert found.checkout.folder == late.worktree
    assert found.untouched


def test_of_a_registry_in_a_folder_only_that_folder_counts(late):
    assert list(behind.found(late, "registry/")) == []
    assert [found.paths for found in behind.found(late, "models/")] == [(STAGES,)]


def test_an_untouched_checkout_is_brought_to_its_branch(late, git):
    notes = healed(late)

    assert notes == [(f"finished an interrupted write in {late.worktree!r}",)]
    assert git(late.worktree, "status", "--porcelain") == ""
    assert "number: 3" in Path(late.worktree, STAGES).read_text()
    assert list(behind.found(late, "")) == []


def test_files_that_came_and_files_that_went_follow_too(repo, git):
    folder = Path(repo.worktree)
    (folder / "new").mkdir()
    (folder / "new/notes.txt").write_text("a note\n")
    git(folder, "add", "new")
    git(folder, "rm", "-q", "models/iris/versions/2.yaml")
    git(folder, "commit", "-q", "-m", "come and gone")
    tip = git(folder, "rev-parse", "main")
    git(folder, "reset", "-q", "--hard", "main~1")
    moved_later(repo, git, tip)

    healed(repo)

    assert git(folder, "status", "--porcelain") == ""
    assert (folder / "new/notes.txt").read_text() == "a note\n"
    assert not (folder / "models/iris/versions/2.yaml").exists()


def test_an_old_version_that_a_person_stages_on_purpose_is_left(repo, git):
    git(repo.worktree, "checkout", "-q", "HEAD~1", "--", STAGES)
    dated(repo, -10)
    before = git(repo.worktree, "status", "--porcelain"), Path(repo.worktree, STAGES).read_text()

    notes = healed(repo)

    assert notes == [()]
    assert (git(repo.worktree, "status", "--porcelain"), Path(repo.worktree, STAGES).read_text()) == before


def test_a_file_that_was_written_since_the_branch_moved_is_left(repo, git):
    tip = git(repo.worktree, "rev-parse", "main")
    git(repo.worktree, "reset", "-q", "--hard", "main~1")
    moved_later(repo, git, tip, seconds=-10)

    assert [found.untouched for found in behind.found(repo, "")] == [False]
    assert healed(repo) == [()]
    assert git(repo.worktree, "status", "--porcelain") == f"M  {STAGES}"


def test_what_a_person_staged_besides_stays_staged(late, git):
    Path(late.worktree, "notes.txt").write_text("mine\n")
    git(late.worktree, "add", "notes.txt")

    healed(late)

    assert git(late.worktree, "status", "--porcelain") == "A  notes.txt"


def test_a_staged_change_that_no_place_of_the_branch_explains_is_nobody_s_business(repo, git):
    with Path(repo.worktree, STAGES).open("a") as file:
        file.write("# mine\n")
    git(repo.worktree, "add", STAGES)

    assert list(behind.found(repo, "")) == []


@pytest.mark.parametrize("state", ["MERGE_HEAD", "CHERRY_PICK_HEAD"])
def test_a_checkout_in_which_something_is_under_way_is_left(late, git, state):
    git(late.worktree, "update-ref", state, "main~1")

    assert list(behind.found(late, "")) == []


def test_a_branch_without_a_log_explains_nothing(late):
    os.unlink(os.path.join(late.common_dir, "logs/refs/heads/main"))

    assert list(behind.found(late, "")) == []


@pytest.mark.parametrize("damage", ["", "\0" * 100, "no move\n", "0 0 Name <name@example.org> x +0000\n"], ids=["an empty line", "zeros of a power cut", "words", "no time"])
def test_what_is_no_move_in_the_log_is_passed_over(late, damage):
    with Path(late.common_dir, "logs/refs/heads/main").open("a") as file:
        file.write(f"{damage}\n")

    assert [found.paths for found in behind.found(late, "")] == [(STAGES,)]


def test_a_message_with_other_ends_of_lines_is_one_line_of_the_log(late, git):
    git(late.worktree, "update-ref", "-m", "one\x0btwo\N{LINE SEPARATOR}three", "--create-reflog", "refs/heads/main", git(late.worktree, "commit-tree", "-p", "main", "-m", "next", "main^{tree}"))

    assert [found.paths for found in behind.found(late, "")] == [(STAGES,)]


def test_a_linked_worktree_is_found_by_its_own_index(late, git):
    git(late.worktree, "switch", "-q", "--discard-changes", "--detach")
    git(late.worktree, "worktree", "add", "-q", "../linked", "main~2")
    git(late.worktree, "-C", "../linked", "symbolic-ref", "HEAD", "refs/heads/main")
    tip = git(late.worktree, "rev-parse", "main")
    git(late.worktree, "update-ref", "refs/heads/main", "main~2")
    moved_later(late, git, tip)

    assert [os.path.basename(found.checkout.folder) for found in behind.found(late, "")] == ["linked"]
    healed(late)
    assert git(late.worktree, "-C", "../linked", "status", "--porcelain") == ""


def test_a_bare_repository_has_nothing_that_could_be_behind(repo, git, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", repo.worktree, "bare.git")
    bare = discover(str(tmp_path / "bare.git"))

    assert list(behind.found(bare, "")) == []
    bare.close()
