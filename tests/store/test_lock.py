"""One writer at a time, in every worktree of a repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitreg.errors import BusyError
from gitreg.store import disk, lock

_HOLD = "import sys\nfrom gitreg.store import lock\nwith lock.held(sys.argv[1]):\n    print('held', flush=True)\n    sys.stdin.read()\n"


@pytest.fixture
def common_dir(git, tmp_path):
    """Return the git folder of an empty repository."""
    git(tmp_path, "init", "-q", "repository")
    return str(tmp_path / "repository" / ".git")


@pytest.fixture
def holder(common_dir):
    """Return a process that holds the lock."""
    program = [sys.executable, "-c", _HOLD, common_dir]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}) as process:
        assert process.stdout.readline() == b"held\n"
        yield process


def test_a_lock_that_another_process_holds_is_busy(common_dir, holder):
    with pytest.raises(BusyError, match="another process has been writing") as caught, lock.held(common_dir, patience=0):
        pass

    assert (caught.value.code, caught.value.hint) == (7, "gitreg doctor")


def test_a_lock_is_free_when_its_holder_was_killed(common_dir, holder):
    holder.kill()
    holder.wait()

    with lock.held(common_dir, patience=0) as descriptor:
        assert os.fstat(descriptor)


def test_a_git_child_keeps_the_lock_of_a_writer_that_was_killed(common_dir):
    """Else the next writer would begin while git still writes for the last one."""
    program = _HOLD.replace("held(sys.argv[1]):", "held(sys.argv[1]) as d:").replace("sys.stdin.read()", "subprocess.Popen(['cat'], pass_fds=(d,)); os.kill(os.getpid(), 9)")
    writer = subprocess.Popen(
        [sys.executable, "-c", "import os, subprocess\n" + program, common_dir],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    with writer:
        assert writer.stdout.readline() == b"held\n"
        writer.wait()
        with pytest.raises(BusyError), lock.held(common_dir, patience=0):
            pass
        writer.stdin.close()
        assert writer.stdout.read() == b""  # cat has ended

    with lock.held(common_dir):
        pass


def test_the_lock_file_stays_and_is_empty(common_dir):
    with lock.held(common_dir):
        pass

    assert Path(common_dir, "gitreg", "lock").read_bytes() == b""


def test_a_file_where_the_folder_should_be_is_busy(common_dir):
    Path(common_dir, "gitreg").write_text("")

    with pytest.raises(BusyError, match="cannot be taken"), lock.held(common_dir):
        pass


def test_the_folder_is_made_with_the_repository_s_own_mode(common_dir):
    Path(common_dir, "objects").chmod(0o2770)

    folder = Path(disk.own_folder(common_dir))

    assert folder.stat().st_mode & 0o7777 == 0o2770


def test_a_repository_whose_objects_are_read_only_for_its_owner_too_can_be_locked(common_dir):
    disk.own_folder(common_dir)
    Path(common_dir, "objects").chmod(0o555)  # the lock file must be writable all the same

    with lock.held(common_dir):
        pass

    assert Path(common_dir, "gitreg", "lock").exists()
