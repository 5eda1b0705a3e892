"""doctor finds what a crash or a hand left, and heals it without touching a person's work."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.store import holders, journal

THIRD, STAGES = "models/iris/versions/3.yaml", "models/iris/stages.yaml"


@pytest.fixture
def briefly(monkeypatch):
    """Watch a lock for a short while."""
    monkeypatch.setattr(holders, "_WATCHED", 0.02)


def rules(registry, *, fix=False):
    with Registry.open(registry.path) as fresh:
        return [finding.rule for finding in fresh.doctor(fix=fix)]


def by_hand(git, iris, *args):
    git(iris.path, *args)
    git(iris.path, "commit", "-m", "by hand")


def test_a_healthy_repository_has_no_findings(iris):
    assert rules(iris) == []
    assert rules(iris, fix=True) == []


def interrupted(iris, git):
    """Leave what a crash between the branch's move and the checkout's refresh leaves."""
    old = git(iris.path, "rev-parse", "HEAD")
    iris.promote("iris@3", "production")
    new = git(iris.path, "rev-parse", "HEAD")
    git(iris.path, "checkout", old, "--", STAGES)
    journal.write(f"{iris.path}/.git", journal.Entry("refs/heads/main", old, new, (iris.path,)))


def test_an_interrupted_write_is_found(iris, git):
    interrupted(iris, git)

    found = iris.doctor()

    assert [f.rule for f in found] == ["D01"]
    assert iris.location.repo.common_dir in found[0].path


def test_an_interrupted_write_is_finished(iris, git):
    interrupted(iris, git)

    assert rules(iris, fix=True) == []
    assert git(iris.path, "status", "--short") == ""
    assert not os.path.exists(f"{iris.path}/.git/gitreg/journal")


def test_the_next_command_heals_without_being_asked(iris, git):
    interrupted(iris, git)

    with Registry.open(iris.path) as fresh:
        assert fresh.get("iris@production").number == 3
    assert git(iris.path, "status", "--short") == ""


def test_a_stale_index_lock_of_our_own_is_removed(iris, git):
    owner = Path(iris.path, ".git/gitreg.owner")
    owner.touch()
    os.link(owner, f"{iris.path}/.git/index.lock")

    assert rules(iris) == ["D02"]
    assert rules(iris, fix=True) == []
    assert not os.path.exists(f"{iris.path}/.git/index.lock")


LOCKS = {"index.lock": "D02", "HEAD.lock": "D08", "refs/heads/main.lock": "D08", "packed-refs.lock": "D10", "config.lock": "D10", "shallow.lock": "D10"}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_a_killed_git_left_is_found_and_removed(iris, name, briefly):
    Path(iris.path, ".git", name).touch()

    assert rules(iris) == [LOCKS[name]]
    assert rules(iris, fix=True) == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_a_git_may_hold_is_left_and_its_holder_told(iris, name, briefly, tmp_path):
    (tmp_path / "git").symlink_to("/bin/cat")
    lock = Path(iris.path, ".git", name)
    lock.touch()

    with subprocess.Popen([tmp_path / "git"], cwd=iris.path, stdin=subprocess.PIPE) as holder, Registry.open(iris.path) as fresh:
        left = fresh.doctor(fix=True)

    assert [(f.rule, f.path, f.fix) for f in left] == [(LOCKS[name], str(lock), f"if nothing has it: rm {lock}")]
    assert f"is held by process {holder.pid} (git)" in left[0].message
    assert lock.exists()


def moved_alone(iris, git, *paths):
    """Move the branch without its checkout, as a push into it does; the files are older than the move."""
    old = git(iris.path, "rev-parse", "HEAD")
    iris.promote("iris@3", "production")
    iris.register("iris")
    new = git(iris.path, "rev-parse", "HEAD")
    git(iris.path, "reset", "-q", "--hard", old)
    git(iris.path, "update-ref", "refs/heads/main", new)
    return old


def test_a_checkout_that_did_not_follow_its_branch_is_found(iris, git):
    old = moved_alone(iris, git)

    (found,) = iris.doctor()

    assert (found.rule, found.severity, found.path, found.fix) == ("D09", "error", iris.path, "gitreg doctor --fix")
    assert found.message == f"{STAGES} and 1 more did not follow the branch: a commit here would undo what came since {old[:8]}"


def test_a_checkout_that_did_not_follow_its_branch_is_brought_there(iris, git):
    moved_alone(iris, git)
    Path(iris.path, "notes.txt").write_text("mine")

    assert rules(iris, fix=True) == []
    assert git(iris.path, "status", "--short") == "?? notes.txt"
    assert Path(iris.path, "models/iris/versions/4.yaml").exists()


def test_an_old_version_that_a_person_staged_is_left(iris, git):
    iris.promote("iris@3", "production")
    _later(iris, git)
    git(iris.path, "checkout", "-q", "HEAD~1", "--", STAGES)

    with Registry.open(iris.path) as fresh:
        (found,) = fresh.doctor(fix=True)

    assert (found.rule, found.severity, found.fix) == ("D09", "warning", f"git -C {iris.path} checkout HEAD -- {STAGES}")
    assert git(iris.path, "status", "--short") == f"M  {STAGES}"


def _later(iris, git):
    """Make the branch's log say that it moved a minute ago."""
    log = Path(iris.path, ".git/logs/refs/heads/main")
    log.write_text(re.sub(r"> (\d+) ", lambda at: f"> {int(at[1]) - 60} ", log.read_text()))


def test_an_edit_in_a_checkout_that_did_not_follow_is_left(iris, git):
    moved_alone(iris, git)
    _later(iris, git)
    text = Path(iris.path, STAGES).read_text() + "# mine\n"
    Path(iris.path, STAGES).write_text(text)

    assert rules(iris, fix=True) == ["D09"]
    assert Path(iris.path, STAGES).read_text() == text


def test_a_staged_change_that_was_never_committed_is_no_finding(iris, git):
    Path(iris.path, STAGES).write_text("# mine\n")
    git(iris.path, "add", STAGES)

    assert rules(iris) == []


def test_old_scraps_are_swept_and_young_ones_left(iris):
    folder = next(Path(iris.path, ".git/objects").glob("??"))
    old, young = folder / "tmp_obj_gitreg_old", folder / "tmp_obj_gitreg_young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))

    assert rules(iris) == ["D03"]
    assert rules(iris, fix=True) == []
    assert (old.exists(), young.exists()) == (False, True)


def test_a_removed_manifest_is_restored_as_yanked(iris, git):
    before = iris.get("iris@3")
    by_hand(git, iris, "rm", THIRD)

    assert rules(iris) == ["D07"]
    assert rules(iris, fix=True) == []
    with Registry.open(iris.path) as fresh:
        restored = fresh.get("iris@3")
        assert restored.yanked
        assert (restored.metrics, restored.created_at) == (before.metrics, before.created_at)
        assert fresh.check() == ()
        assert fresh.register("iris").number == 4
    assert git(iris.path, "status", "--short") == ""


def test_a_reverted_registration_is_restored_as_yanked(iris, git):
    iris.register("iris", metrics={"accuracy": 1.0})
    git(iris.path, "revert", "--no-edit", "HEAD")

    assert rules(iris, fix=True) == []
    with Registry.open(iris.path) as fresh:
        assert fresh.get("iris@4").yanked
        assert fresh.get("iris").number == 3


def test_a_removed_pointer_file_is_restored_as_it_was(iris, git):
    text = Path(iris.path, STAGES).read_text()
    by_hand(git, iris, "rm", STAGES)

    assert rules(iris) == ["D07"]
    assert rules(iris, fix=True) == []
    assert Path(iris.path, STAGES).read_text() == text


def test_a_changed_schema_is_told(iris, git):
    Path(iris.path, ".gitreg/schema/1/manifest.json").write_text("{}\n")
    git(iris.path, "commit", "-am", "by hand")

    assert rules(iris) == ["D06"]


def test_a_missing_identity_is_told(iris, hermetic):
    (hermetic / ".gitconfig").unlink()

    assert rules(iris) == ["D04"]


def test_fixing_leaves_a_persons_edits_alone(iris, git):
    by_hand(git, iris, "rm", THIRD)
    edited = Path(iris.path, "gitreg.yaml")
    edited.write_text(edited.read_text() + "# mine\n")
    Path(iris.path, "notes.txt").write_text("mine")

    rules(iris, fix=True)

    assert git(iris.path, "status", "--short") == "M gitreg.yaml\n?? notes.txt"


def test_doctor_works_in_a_bare_repository(iris, git, tmp_path):
    by_hand(git, iris, "rm", THIRD)
    git(tmp_path, "clone", "--bare", iris.path, "bare.git")

    with Registry.open(tmp_path / "bare.git") as bare:
        assert [f.rule for f in bare.doctor(fix=True)] == []
        assert bare.get("iris@3").yanked


def driver(git, folder):
    return git(folder, "config", "--get", "merge.gitreg.driver", check=False).partition(" --")[0]


def test_a_clone_that_does_not_know_the_merge_driver_is_told_and_given_it(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", iris.path, "clone")

    with Registry.open(tmp_path / "clone") as clone:
        (found,) = clone.doctor()
        assert driver(git, clone.path) == ""
        healed = clone.doctor(fix=True)

    assert (found.rule, found.severity, found.path, found.fix) == ("D11", "warning", ".gitattributes", "gitreg doctor --fix")
    assert healed == ()
    assert driver(git, tmp_path / "clone") == driver(git, iris.path) == "gitreg merge-file"


def test_the_line_of_an_older_gitreg_is_told_and_renewed(iris, git):
    new = git(iris.path, "config", "--get", "merge.gitreg.driver")
    git(iris.path, "config", "merge.gitreg.driver", "gitreg merge-file --marker-size %L --path %P %O %A %B; code=$?; test $code -le 1 && exit $code")

    (found,) = iris.doctor()
    healed = iris.doctor(fix=True)

    assert (found.rule, found.message) == ("D11", "it names the merge driver of gitreg, which an older gitreg installed here: where gitreg is broken, a merge loses their side")
    assert healed == ()
    assert git(iris.path, "config", "--get", "merge.gitreg.driver") == new


def test_a_registry_that_names_no_merge_driver_needs_none(iris, git, tmp_path):
    by_hand(git, iris, "rm", ".gitattributes")
    git(tmp_path, "clone", "-q", iris.path, "clone")

    with Registry.open(tmp_path / "clone") as clone:
        assert clone.doctor(fix=True) == ()

    assert driver(git, tmp_path / "clone") == ""


def test_a_merge_driver_of_the_persons_own_configuration_is_enough(iris, git, tmp_path, hermetic):
    git(tmp_path, "clone", "-q", iris.path, "clone")
    git(tmp_path, "config", "--global", "merge.gitreg.driver", "mine %A")

    assert rules(iris) == []
    with Registry.open(tmp_path / "clone") as clone:
        assert clone.doctor() == ()
