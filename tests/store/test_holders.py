"""A lock file of git's goes only when whoever made it is provably gone; else its holder is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitreg.errors import BusyError
from gitreg.store import holders, lock
from gitreg.store.discovery import discover


@pytest.fixture
def repo(git, tmp_path, monkeypatch):
    """Return a repository with a commit, in which a lock is watched for a short while."""
    monkeypatch.setattr(holders, "_WATCHED", 0.02)
    git(tmp_path, "init", "-q", "repository")
    git(tmp_path / "repository", "commit", "-q", "--allow-empty", "-m", "one")
    found = discover(str(tmp_path / "repository"))
    yield found
    found.close()


@pytest.fixture
def left(repo):
    """Return the index's lock as a killed git leaves it."""
    file = Path(repo.common_dir, "index.lock")
    file.touch()
    return str(file)


@pytest.fixture
def running(tmp_path):
    """Start processes that wait until the test ends."""
    started = []

    def start(*command, **options):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def waiting_git(tmp_path):
    """Return a program that git's name is on and that waits for its input to end, as ``git commit`` does in an editor."""
    program = tmp_path / "bin" / "git-commit"
    program.parent.mkdir()
    program.symlink_to("/bin/cat")
    return str(program)


def drop(repo, file):
    return holders.drop_stale([file], holders.places(repo))


def why(repo, file):
    return holders.judged([file], holders.places(repo))[file].why


def test_a_lock_that_nobody_can_have_is_removed(repo, left):
    assert drop(repo, left) == [left]
    assert not os.path.exists(left)


def test_a_lock_that_a_process_has_open_stays_and_the_process_is_told(repo, left, running):
    holder = running(sys.executable, "-c", "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()", left, cwd="/")
    holder.stdout.readline()

    assert drop(repo, left) == []
    assert why(repo, left).startswith(f"is held by process {holder.pid} ({os.path.basename(sys.executable)})")


def waits_in_the_worktree(repo):
    return {"cwd": repo.worktree}, ()


def waits_in_a_folder_of_the_worktree(repo):
    os.mkdir(f"{repo.worktree}/models")
    return {"cwd": f"{repo.worktree}/models"}, ()


def was_told_the_git_folder(repo):
    return {"cwd": "/", "env": {"GIT_DIR": repo.git_dir}}, ()


def was_given_the_git_folder(repo):
    return {"cwd": os.path.dirname(repo.worktree)}, ("repository/.git/HEAD", "-")


@pytest.mark.parametrize("way", [waits_in_the_worktree, waits_in_a_folder_of_the_worktree, was_told_the_git_folder, was_given_the_git_folder], ids=lambda way: way.__name__.replace("_", " "))
def test_a_lock_stays_while_a_git_is_at_work_in_the_repository(repo, left, running, waiting_git, way):
    options, words = way(repo)
    holder = running(waiting_git, *words, **options)

    assert drop(repo, left) == []
    assert why(repo, left).startswith(f"is held by process {holder.pid} ({os.path.basename(waiting_git)}")


@pytest.mark.parametrize(
    ("words", "subcommand"),
    [
        (("git", "commit", "-a", "-m", "cat-file"), "commit"),
        (("git", "-c", "http.extraheader=secret", "-C", "cat-file", "push"), "push"),
        (("/usr/bin/git", "--git-dir", "/x", "--no-pager", "cat-file", "--batch"), "cat-file"),
        (("python", "commit"), ""),
        (("git",), ""),
    ],
    ids=["a message", "options with values", "one that reads", "no git", "nothing"],
)
def test_which_command_of_git_a_process_is_stands_in_its_first_word_that_is_no_option(words, subcommand):
    process = holders.Process(1, 0, words[0], words, "/", (), frozenset())

    assert process.subcommand == subcommand
    assert "secret" not in process.text


def test_a_git_at_work_elsewhere_holds_nothing_here(repo, left, running, waiting_git, tmp_path):
    running(waiting_git, cwd=tmp_path)

    assert drop(repo, left) == [left]


def test_the_git_that_reads_for_a_gitreg_holds_nothing(repo, left):
    repo.reader.info("HEAD")

    assert drop(repo, left) == [left]


def test_a_git_that_has_ended_and_was_not_waited_for_holds_nothing(repo, left, running):
    process = running("git", "--version", cwd=repo.worktree)
    process.stdout.read()

    assert drop(repo, left) == [left]


def test_a_lock_that_changes_while_it_is_watched_stays(repo, left, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: os.utime(left))

    assert why(repo, left) == "was made just now"
    assert drop(repo, left) == []


def test_a_lock_that_goes_while_it_is_watched_is_no_matter(repo, left, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: os.unlink(left))

    assert holders.judged([left], holders.places(repo)) == {}


def test_where_there_is_no_proc_nothing_is_proven(repo, left, monkeypatch, tmp_path):
    monkeypatch.setattr(holders, "_PROC", str(tmp_path / "nothing"))

    assert drop(repo, left) == []
    assert why(repo, left) == "may be held: this system does not tell by whom"


def proc_of(folder, kind, namespace, at="/"):
    """Make a ``/proc`` of a system without processes, where everything lies on one file system."""
    (folder / "self" / "ns").mkdir(parents=True)
    (folder / "self" / "ns" / "pid").touch()
    (folder / "self" / "mountinfo").write_text(f"1 0 1:1 / / rw - ext4 /dev/x rw\n2 1 1:2 / {at} rw shared:1 - {kind} /dev/y rw\n")
    return (folder / "self" / "ns" / "pid").stat().st_ino if namespace else 1


@pytest.mark.parametrize(
    ("kind", "outermost", "said"),
    [
        ("nfs4", True, "lies on nfs4, which another machine may use too"),
        ("fuse.sshfs", True, "lies on fuse.sshfs, which another machine may use too"),
        ("ext4", False, "may be held from outside of this container"),
        ("ext4", True, ""),
    ],
    ids=["a network's file system", "a program's file system", "a volume of a container", "a disk of this machine"],
)
def test_whom_proc_does_not_show_may_hold_it(repo, left, monkeypatch, tmp_path, kind, outermost, said):
    inode = proc_of(tmp_path / "proc", kind, outermost, str(tmp_path).replace("p", "\\160"))
    monkeypatch.setattr(holders, "_PROC", str(tmp_path / "proc"))
    monkeypatch.setattr(holders, "_FIRST_NAMESPACE", inode)

    assert why(repo, left) == said


def test_a_process_whose_details_are_hidden_may_hold_it(repo, left, monkeypatch, tmp_path):
    proc_of(tmp_path / "proc", "ext4", True)
    (tmp_path / "proc" / "77").mkdir()
    (tmp_path / "proc" / "77" / "stat").write_text("77 (git) S 1 77 77 0")
    readlink = os.readlink

    def hidden(path):
        if str(path).endswith("/77/cwd"):
            raise PermissionError(path)
        return readlink(path)

    monkeypatch.setattr(os, "readlink", hidden)
    monkeypatch.setattr(holders, "_PROC", str(tmp_path / "proc"))

    assert why(repo, left) == "is held by process 77 (git)"


def test_every_kind_of_lock_is_found(repo, git):
    git(repo.worktree, "worktree", "add", "-q", "../linked")
    names = (
        "HEAD.lock", "config.lock", "index.lock", "objects/info/commit-graph.lock", "objects/pack/multi-pack-index.lock", "packed-refs.lock",
        "refs/heads/main.lock", "refs/remotes/origin/main.lock", "shallow.lock", "worktrees/linked/HEAD.lock", "worktrees/linked/index.lock",
    )  # fmt: skip
    for name in names:
        file = Path(repo.common_dir, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    assert [os.path.relpath(file, repo.common_dir) for file in holders.locks(repo)] == sorted(names)


def test_who_has_the_registry_s_lock_is_told(repo, running):
    program = "import sys\nfrom gitreg.store import lock\nwith lock.held(sys.argv[1]):\n    print(flush=True)\n    sys.stdin.read()"
    holder = running(sys.executable, "-c", program, repo.common_dir, "https://name:s3cret@example.org", env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})
    holder.stdout.readline()

    with pytest.raises(BusyError) as caught, lock.held(repo.common_dir, patience=0):
        pass

    assert caught.value.message.startswith(f"another process has been writing to this registry for 0 seconds: process {holder.pid} ({os.path.basename(sys.executable)})")
    assert "s3cret" not in caught.value.message
