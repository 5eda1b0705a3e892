from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gitreg import Registry, fix
from gitreg.errors import ConflictError, InvalidError

STAGES, FIRST = "models/iris/stages.yaml", "models/iris/versions/1.yaml"


@pytest.fixture
def edit(iris):
    def edit(path, old, new):
        file = Path(iris.path, path)
        assert old in file.read_text()
        file.write_bytes(file.read_bytes().replace(old.encode(), new.encode(), 1))

    return edit


def fixed(registry, base="HEAD", **options):
    return fix.fixed(registry.at(base).snapshot(), **options)


PRODUCTION = "production:\n  number: 1\n"


def test_one_number_in_a_browser_becomes_a_promotion(iris, edit, git):
    edit(STAGES, PRODUCTION, "production:\n  number: 3\n")

    assert fixed(iris) == (STAGES,)
    git(iris.path, "commit", "-qam", "by hand")
    assert {e.event for e in iris.history() if e.commit == iris.snapshot().commit} == {"promoted", "archived"}
    assert iris.check("HEAD~1") == ()
    assert iris.rollback("iris", "production").version.number == 1


def test_what_is_fixed_stays_as_it_is(iris, edit):
    edit(STAGES, PRODUCTION, "production:\n  number: 3\n")
    fixed(iris)

    assert fixed(iris) == ()


def test_comments_stay_and_the_form_is_gitreg_s(iris, edit):
    edit(STAGES, PRODUCTION, "# since the incident\nproduction:\n  number:    3 # for now\n")
    edit(FIRST, "status: ready", "description:   'first'\nstatus:   ready")

    assert fixed(iris) == (STAGES, FIRST)
    assert "# since the incident\nproduction:\n  number: 3  # for now\n  previous: [1]\n" in Path(iris.path, STAGES).read_text()
    assert "\ndescription: first\n" in Path(iris.path, FIRST).read_text()


def test_files_that_nobody_touched_are_not_formatted(iris, edit, git):
    edit(FIRST, "status: ready", "status:   ready")
    git(iris.path, "commit", "-qam", "odd")

    assert fixed(iris) == ()


def test_a_new_file_is_formatted_too(iris, edit):
    Path(iris.path, "models/rose").mkdir()
    text = Path(iris.path, "models/iris/model.yaml").read_text()
    Path(iris.path, "models/rose/model.yaml").write_text(text.replace("name: iris", "name:   rose"))

    assert fixed(iris) == ("models/rose/model.yaml",)


def test_line_ends_of_windows_stay(iris, edit):
    file = Path(iris.path, STAGES)
    file.write_bytes(file.read_bytes().replace(b"number: 1", b"number: 3").replace(b"\n", b"\r\n"))

    fixed(iris)

    assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n") > 5
    assert b"previous: [1]\r\n" in file.read_bytes()


def test_a_rehearsal_writes_nothing(iris, edit):
    edit(STAGES, PRODUCTION, "production:\n  number: 3\n")
    before = Path(iris.path, STAGES).read_bytes()

    assert fixed(iris, write=False) == (STAGES,)
    assert Path(iris.path, STAGES).read_bytes() == before


def test_nothing_is_written_where_one_file_cannot_be_read(iris, edit):
    edit(STAGES, PRODUCTION, "production:\n  number: 3\n")
    edit(FIRST, "status: ready", "status: [")
    before = Path(iris.path, STAGES).read_bytes()

    with pytest.raises(InvalidError, match=r"versions/1\.yaml:\d+"):
        fixed(iris)
    assert Path(iris.path, STAGES).read_bytes() == before


@pytest.mark.parametrize("path", [STAGES, "models/iris"])
def test_a_link_is_not_followed(iris, tmp_path, path):
    there = tmp_path / "elsewhere"
    os.rename(Path(iris.path, path), there)
    Path(iris.path, path).symlink_to(there)
    target = there / "stages.yaml" if there.is_dir() else there
    target.write_text(target.read_text().replace("number: 1", "number: 3"))
    before = target.read_text()

    with pytest.raises(InvalidError, match="symbolic link"):
        fixed(iris)
    assert target.read_text() == before


def test_a_bare_repository_has_nothing_to_fix(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", iris.path, "bare.git")

    with Registry.open(tmp_path / "bare.git") as bare, pytest.raises(ConflictError, match="no worktree"):
        fixed(bare)


def test_on_a_branch_edits_are_compared_with_where_it_left_the_truth(iris, edit, git):
    edit("gitreg.yaml", "format: 1\n", "format: 1\nbranch: main\n")
    git(iris.path, "commit", "-qam", "branch")
    left = git(iris.path, "rev-parse", "HEAD")
    git(iris.path, "switch", "-qc", "change")
    edit(STAGES, PRODUCTION, "production:\n  number: 3\n")
    git(iris.path, "commit", "-qam", "in a browser")

    with Registry.open(iris.path) as registry:
        base = fix.start(registry.location.repo, registry.location.ref, registry.snapshot().config)
        assert base == left
        assert fixed(registry, base) == (STAGES,)
    assert "previous: [1]" in Path(iris.path, STAGES).read_text()


def test_on_the_truth_itself_edits_are_compared_with_its_head(iris):
    snapshot = iris.snapshot()

    assert fix.start(iris.location.repo, iris.location.ref, snapshot.config) == snapshot.commit


def test_what_a_crash_left_of_a_file_is_swept_up_by_the_next_fix(iris, edit, git):
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid in (ended.pid, os.getpid()):
        Path(iris.path, f"{STAGES}.gitreg-{pid}").write_text("half")

    assert fixed(iris) == ()
    assert git(iris.path, "status", "--porcelain") == f"?? {STAGES}.gitreg-{os.getpid()}"


def test_a_file_that_was_only_touched_is_not_an_edit(iris, edit, git):
    edit(FIRST, "status: ready", "status:   ready")
    git(iris.path, "commit", "-qam", "odd")
    os.utime(Path(iris.path, FIRST), (1, 1))

    assert fixed(iris) == ()


def test_a_number_that_no_version_has_is_an_error_with_its_place_and_nothing_is_written(iris, edit):
    edit(STAGES, PRODUCTION, "production:\n  number: 33\n")
    before = Path(iris.path, STAGES).read_bytes()

    with pytest.raises(InvalidError, match=rf"^{STAGES}:\d+: production\.number: version 33 does not exist$") as caught:
        fixed(iris)

    assert before.decode().splitlines()[caught.value.line - 1] == "  number: 33"
    assert caught.value.hint == "gitreg list iris"
    assert Path(iris.path, STAGES).read_bytes() == before


def test_a_stage_may_be_given_to_a_version_that_is_only_in_the_worktree(iris, edit):
    text = Path(iris.path, FIRST).read_text().replace("number: 1", "number: 4").replace('version: "1"', 'version: "4"')
    Path(iris.path, "models/iris/versions/4.yaml").write_text(text)
    edit(STAGES, PRODUCTION, "production:\n  number: 4\n")

    assert STAGES in fixed(iris)


@pytest.mark.parametrize(("text", "hint"), [("<<<<<<< ours\n  number: 3\n=======\n", "keep one side of each block there, then: gitreg fix"), ("production: [\n", "mend it there, then: gitreg fix")])
def test_what_cannot_be_read_is_mended_where_it_stands_for_check_reads_commits_only(iris, edit, text, hint):
    edit(STAGES, PRODUCTION, text)

    with pytest.raises(InvalidError) as caught:
        fixed(iris)

    assert caught.value.hint == hint
