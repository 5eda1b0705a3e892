"""A branch that is plain moves without a git, and as git would move it; what is not plain is git's."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from gitreg import ConflictError, Registry
from gitreg.store import lock, looseref
from gitreg.store.reader import Reader
from gitreg.where import locate


@pytest.fixture
def bare(iris, git, tmp_path):
    """Return a registry in a bare repository that was written before."""
    git(tmp_path, "clone", "-q", "--bare", iris.path, "bare.git")
    with Registry.open(tmp_path / "bare.git") as registry:
        registry.register("other")
        yield registry


@pytest.fixture
def moves(hermetic, monkeypatch):
    """Return a function that counts how often git was started to move a ref."""
    trace = hermetic / "trace"
    trace.touch()
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    return lambda: sum('"event":"start"' in line and '"update-ref"' in line for line in trace.read_text().splitlines())


def test_a_write_to_a_branch_that_is_checked_out_nowhere_starts_no_git_to_move_it(bare, git, moves):
    made = bare.promote("iris@3", "production")

    assert moves() == 0
    assert git(bare.path, "rev-parse", "main") == made.commit
    assert bare.get("iris@production").number == 3


def test_the_first_write_and_one_to_a_checkout_leave_it_to_git(iris, git, tmp_path, moves):
    git(tmp_path, "clone", "-q", "--bare", iris.path, "bare.git")
    with Registry.open(tmp_path / "bare.git") as registry:
        registry.register("other")
    iris.register("other")

    assert moves() == 2


def test_the_reflogs_say_what_git_would_say(bare, git):
    before = git(bare.path, "rev-parse", "main")

    bare.promote("iris@3", "production")

    for log in ("main", "HEAD"):
        lines = git(bare.path, "reflog", "-2", "--format=%gs|%gn|%ge", log).splitlines()
        assert lines == ["gitreg: iris: promote 3 to production, archiving 1|Name|name@example.org", "gitreg: other: register 1|Name|name@example.org"]
    assert git(bare.path, "rev-parse", "main@{1}") == before
    last, _, rest = Path(bare.path, "logs/refs/heads/main").read_text().splitlines()[-1].rpartition(" +0000\t")
    assert re.fullmatch(rf"{before} [0-9a-f]{{40}} Name <name@example.org> [0-9]+", last)
    assert rest == "gitreg: iris: promote 3 to production, archiving 1"
    assert git(bare.path, "fsck", "--strict") == ""


def test_a_hook_is_asked(bare, git, moves):
    hook = Path(bare.path, "hooks/reference-transaction")
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)

    with pytest.raises(ConflictError, match="the reference-transaction hook of this repository refused"):
        bare.promote("iris@3", "production")

    assert moves() == 1
    assert bare.get("iris@production").number == 1


@pytest.mark.parametrize("setting", [("core.hooksPath", "elsewhere"), ("core.sharedRepository", "group")], ids=["hooks elsewhere", "shared"])
def test_what_config_says_of_refs_is_left_to_git(bare, git, moves, setting):
    git(bare.path, "config", *setting)

    with Registry.open(bare.path) as registry:
        registry.promote("iris@3", "production")

    assert moves() == 1
    assert git(bare.path, "log", "-1", "--format=%s", "main") == "iris: promote 3 to production, archiving 1"


def test_a_packed_branch_is_left_to_git(bare, git, moves):
    git(bare.path, "pack-refs", "--all")

    bare.promote("iris@3", "production")

    assert moves() == 1
    assert bare.get("iris@production").number == 3


def test_a_branch_that_another_moved_does_not_move(bare, git):
    old, new, other = git(bare.path, "rev-parse", "main~1", "main~2", "main").split()

    with lock.held(bare.location.repo.common_dir) as descriptor, looseref.update(bare.location.repo, "refs/heads/main", "reason", descriptor) as update:
        assert isinstance(update, looseref.LooseRef)
        assert not update.move("refs/heads/main", new, old)

    assert git(bare.path, "rev-parse", "main") == other
    assert not Path(bare.path, "refs/heads/main.lock").exists()


def test_a_branch_that_is_packed_while_a_commit_is_written_moves_all_the_same(bare, git):
    old, new = git(bare.path, "rev-parse", "main", "main~1").split()

    with lock.held(bare.location.repo.common_dir) as descriptor, looseref.update(bare.location.repo, "refs/heads/main", "reason", descriptor) as update:
        git(bare.path, "pack-refs", "--all")
        assert update.move("refs/heads/main", new, old)

    assert git(bare.path, "rev-parse", "main") == new
    assert git(bare.path, "reflog", "-1", "--format=%gs", "main") == "reason"


@pytest.mark.parametrize("text", ["", "a commit of gitreg's"])
def test_a_lock_that_a_killed_write_left_is_taken_back(bare, text):
    left = Path(bare.path, "refs/heads/main.lock")
    left.write_text(f"{bare.snapshot().commit}\n" if text else "")

    bare.promote("iris@3", "production")

    assert bare.get("iris@production").number == 3
    assert not left.exists()


@pytest.mark.parametrize("when", ["before the lock", "with the lock", "after the move"])
@pytest.mark.parametrize("what", ["a read", "a write"])
def test_what_a_killed_write_left_is_taken_back_by_the_next_command(bare, git, when, what):
    own, ref = Path(looseref.place(bare.path)), Path(bare.path, "refs/heads/main")
    own.write_text(git(bare.path, "rev-parse", "main") + "\n")
    if when == "with the lock":
        ref.with_name("main.lock").hardlink_to(own)
    elif when == "after the move":
        ref.unlink()
        ref.hardlink_to(own)

    with Registry.open(bare.path) as registry:
        assert registry.get("iris@production").number == 1
        if what == "a write":
            registry.promote("iris@3", "production")

    assert not own.exists()
    assert not ref.with_name("main.lock").exists()
    assert bare.get("iris@production").number == (3 if what == "a write" else 1)


def test_a_lock_of_another_s_is_left_alone_by_healing(bare):
    Path(looseref.place(bare.path)).write_text("")
    other = Path(bare.path, "refs/heads/main.lock")
    other.write_text("another's\n")

    Registry.open(bare.path).close()

    assert other.read_text() == "another's\n"


def test_a_reason_with_line_breaks_is_one_line_of_the_reflog(bare, git):
    old, new = git(bare.path, "rev-parse", "main", "main~1").split()

    with lock.held(bare.location.repo.common_dir) as descriptor, looseref.update(bare.location.repo, "refs/heads/main", " one\n\ttwo ", descriptor) as update:
        assert update.move("refs/heads/main", new, old)

    assert git(bare.path, "reflog", "-1", "--format=%gs", "main") == "one two"


class Counting(Reader):
    """A reader that counts what git is asked through it."""

    count = 0

    def _one(self, *given):
        self.count += 1
        return super()._one(*given)


def test_a_write_after_another_asks_git_nothing(bare):
    location = locate(bare.path, None)
    reader = location.repo.reader = Counting(location.repo.git_dir)
    with Registry(location) as registry:
        for number in (1, 2, 3):
            registry.promote(f"iris@{number}", "development")
            registry.register("iris", f"warm-{number}")
        before = reader.count

        registry.promote("iris@1", "development")
        registry.register("iris", "named")

        assert (before > 0, reader.count) == (True, before)
        assert registry.get("iris@development").number == 1
