"""doctor finds what a crash or a hand left, and heals it without touching a person's work."""

from __future__ import annotations

import os
from pathlib import Path

from gitreg import Registry
from gitreg.store import journal

THIRD, STAGES = "models/iris/versions/3.yaml", "models/iris/stages.yaml"


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


def test_an_index_lock_of_somebody_else_is_left(iris):
    Path(iris.path, ".git/index.lock").touch()

    assert rules(iris, fix=True) == ["D02"]
    assert os.path.exists(f"{iris.path}/.git/index.lock")


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
