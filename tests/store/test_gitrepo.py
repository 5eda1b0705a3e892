"""The only speaker to git: what it reads is right in every kind of repository, and it runs nothing it should not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest

from gitreg.errors import BusyError, ConflictError, InvalidError, NotFoundError, UsageError
from gitreg.store import lock
from gitreg.store.discovery import discover
from gitreg.store.gitrepo import checkout_at


@pytest.fixture
def repository(git, tmp_path):
    """Return a repository with two commits of a file, opened."""
    folder = tmp_path / "repository"
    git(tmp_path, "init", "-q", folder)
    for text in ("one\n", "two\n"):
        (folder / "file").write_text(text)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", text.strip())
    repo = discover(str(folder))
    yield repo
    repo.close()


# -- the kept process -----------------------------------------------------------------------------------------


def test_the_reader_gives_what_git_has(repository, git):
    found = repository.reader.read("HEAD:file")

    assert (found.id, found.type, found.size, found.data) == (git(repository.worktree, "rev-parse", "HEAD:file"), "blob", 4, b"two\n")


@pytest.mark.parametrize("spec", ["HEAD:nothing", "nothing", "0" * 40, "HEAD~9", "refs/heads/nothing"])
def test_the_reader_gives_none_for_what_is_not_there(repository, spec):
    assert repository.reader.info(spec) is None
    assert repository.reader.read(spec) is None


def test_the_reader_passes_over_what_is_larger_than_asked(repository):
    found = repository.reader.read("HEAD:file", most=3)

    assert (found.size, found.data) == (4, None)
    assert repository.reader.read("HEAD~1:file").data == b"one\n"


def test_the_reader_reads_many_in_order(repository):
    specs = ["HEAD:file", "nothing", "HEAD~1:file"] * 500

    found = [each.data if each else None for each in repository.reader.read_many(specs)]

    assert found == [b"two\n", None, b"one\n"] * 500


def test_the_reader_sees_a_ref_move_and_refs_being_packed(repository, git):
    first = repository.reader.info("refs/heads/main").id
    git(repository.worktree, "commit", "-q", "--allow-empty", "-m", "three")
    second = repository.reader.info("refs/heads/main").id
    git(repository.worktree, "pack-refs", "--all", "--prune")
    git(repository.worktree, "gc", "-q", "--prune=now")

    assert first != second == repository.reader.info("refs/heads/main").id
    assert repository.reader.read("HEAD~2:file").data == b"one\n"


def test_the_reader_works_again_after_close(repository):
    repository.reader.info("HEAD")
    repository.close()

    assert repository.reader.read("HEAD:file").data == b"two\n"


def test_threads_do_not_mix_their_answers_up(repository):
    wrong = []

    def work(spec, data):
        wrong.extend(1 for _ in range(200) if repository.reader.read(spec).data != data)

    threads = [threading.Thread(target=work, args=given) for given in [("HEAD:file", b"two\n"), ("HEAD~1:file", b"one\n")] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


_FORK = """
import os, sys, warnings
from gitreg.store.discovery import discover
warnings.simplefilter("error")
repo = discover(sys.argv[1])
repo.reader.read("HEAD:file")
hear, tell = os.pipe()
child = os.fork()
for _ in range(100):
    assert repo.reader.read("HEAD:file").data == b"two\\n"
    assert repo.reader.read("HEAD~1:file").data == b"one\\n"
repo.close()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_parent_and_child_of_a_fork_each_read_for_themselves(repository):
    done = subprocess.run([sys.executable, "-c", _FORK, repository.worktree], check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})

    assert (done.returncode, done.stderr) == (0, "")


_FORK_WITH_THREADS = """
import os, sys, threading
from gitreg.store.discovery import discover
sys.setswitchinterval(1e-6)
reader = discover(sys.argv[1]).reader
expected = {spec: reader.read(spec) for spec in ("HEAD:file", "HEAD~1:file")}

def work(wrong, together):
    together.wait()
    try:
        wrong.extend(spec for spec in list(expected) * 5 if reader.read(spec) != expected[spec])
    except BaseException as error:
        wrong.append(error)

for _ in range(40):
    child = os.fork()
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        continue
    wrong, together = [], threading.Barrier(8)
    threads = [threading.Thread(target=work, args=(wrong, together), daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    os._exit(len(wrong) or sum(thread.is_alive() for thread in threads))
"""


def test_the_threads_of_a_forked_child_may_all_be_the_first(repository):
    done = subprocess.run([sys.executable, "-c", _FORK_WITH_THREADS, repository.worktree], check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})

    assert (done.returncode, done.stderr) == (0, "")


_FORK_WHILE_ASKED = """
import os, signal, sys, threading
from gitreg.store.discovery import discover
reader = discover(sys.argv[1]).reader
reader.read("HEAD:file")
hear, tell = os.pipe()

def wait():
    os.write(tell, b"x")
    reader._process.stdout.readline()  # an answer that is not there yet: the buffer is this thread's until it comes

waiting = threading.Thread(target=wait, daemon=True)
waiting.start()
os.read(hear, 1)
while waiting.native_id is None or any(os.stat(sys.argv[1]) is None for _ in range(20_000)):  # each lets the thread go on
    pass
child = os.fork()
if not child:
    signal.alarm(20)
    assert reader.read("HEAD:file").data == b"two\\n"
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) and 1)
"""


def test_a_child_that_is_forked_while_a_thread_waits_for_an_answer_does_not_wait_for_it(repository):
    done = subprocess.run([sys.executable, "-c", _FORK_WHILE_ASKED, repository.worktree], check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})

    assert (done.returncode, done.stderr) == (0, "")


# -- discovery ------------------------------------------------------------------------------------------------


def test_a_repository_is_found_from_a_subfolder(repository, tmp_path):
    (tmp_path / "repository" / "a" / "b").mkdir(parents=True)

    found = discover(str(tmp_path / "repository" / "a" / "b"))

    assert (found.worktree, found.prefix) == (str(tmp_path / "repository"), "a/b/")
    assert (found.git_dir, found.common_dir) == (repository.git_dir, repository.git_dir)


def test_a_linked_worktree_has_the_common_folder_of_the_main_one(repository, git, tmp_path):
    git(repository.worktree, "worktree", "add", "-q", tmp_path / "linked")

    found = discover(str(tmp_path / "linked"))

    assert found.common_dir == repository.common_dir != found.git_dir
    assert [Path(checkout.folder).name for checkout in found.checkouts()] == ["repository", "linked"]


def test_a_submodule_is_a_repository_of_its_own(repository, git, tmp_path):
    git(tmp_path, "init", "-q", "outer")
    git(tmp_path / "outer", "-c", "protocol.file.allow=always", "submodule", "add", "-q", repository.worktree, "inner")

    found = discover(str(tmp_path / "outer" / "inner"))

    assert found.worktree == str(tmp_path / "outer" / "inner")
    assert [checkout.folder for checkout in found.checkouts()] == [str(tmp_path / "outer" / "inner")]


def test_a_bare_repository_has_no_checkouts(git, tmp_path):
    git(tmp_path, "init", "-q", "--bare", "bare.git")

    assert discover(str(tmp_path / "bare.git")).checkouts() == []


@pytest.mark.parametrize("where", ["", "nowhere"])
def test_no_repository_is_not_found(tmp_path, where):
    with pytest.raises(NotFoundError):
        discover(str(tmp_path / where))


def test_a_path_with_a_line_break_is_wrong_usage(git, tmp_path):
    git(tmp_path, "init", "-q", "a\nb")

    with pytest.raises(UsageError, match="line break"):
        discover(str(tmp_path / "a\nb"))


# -- what a checkout is on ------------------------------------------------------------------------------------


def test_a_checkout_is_on_its_branch(repository):
    checkout = checkout_at(repository.worktree, repository.git_dir)

    assert (checkout.branch, checkout.busy) == ("refs/heads/main", None)


def test_a_head_that_is_a_symbolic_link_is_on_its_branch(repository):
    head = Path(repository.git_dir, "HEAD")
    head.unlink()
    head.symlink_to("refs/heads/main")

    assert repository.head_ref() == "refs/heads/main"


def test_a_detached_checkout_is_on_no_branch(repository, git):
    git(repository.worktree, "switch", "-q", "--detach")

    assert repository.head_ref() is None


# -- moving a ref ---------------------------------------------------------------------------------------------


def moved(repository, ref, new, old):
    with lock.held(repository.common_dir) as descriptor, repository.ref_update("reason", descriptor) as update:
        return update.move(ref, new, old)


def test_a_ref_moves_from_where_it_is_said_to_be(repository, git):
    old, new = git(repository.worktree, "rev-parse", "HEAD", "HEAD~1").split()

    assert moved(repository, "refs/heads/main", new, old)

    assert git(repository.worktree, "rev-parse", "main") == new
    assert git(repository.worktree, "reflog", "-1", "--format=%gs", "main") == "reason"


@pytest.mark.parametrize(("ref", "old"), [("refs/heads/main", "HEAD~1"), ("refs/heads/main", "0" * 40), ("refs/heads/gone", "HEAD")], ids=["moved", "exists", "gone"])
def test_a_ref_that_is_elsewhere_does_not_move(repository, git, ref, old):
    new, old = git(repository.worktree, "rev-parse", "HEAD~1"), git(repository.worktree, "rev-parse", old)

    assert not moved(repository, ref, new, old)

    assert git(repository.worktree, "rev-parse", "main") == git(repository.worktree, "rev-parse", "HEAD")


def test_a_ref_that_another_git_holds_is_busy(repository, git):
    old, new = git(repository.worktree, "rev-parse", "HEAD", "HEAD~1").split()
    lock = Path(repository.git_dir, "refs/heads/main.lock")
    with subprocess.Popen(["sh", "-c", "git update-ref --stdin; true"], cwd=repository.worktree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        holder.stdin.write(f"start\nupdate refs/heads/main {new} {old}\nprepare\n")
        holder.stdin.flush()
        assert [holder.stdout.readline() for _ in range(2)] == ["start: ok\n", "prepare: ok\n"]

        with pytest.raises(BusyError, match="another git process holds the lock"):
            moved(repository, "refs/heads/main", new, old)
        assert lock.exists()

        holder.stdin.write("commit\n")
        holder.stdin.close()
    assert git(repository.worktree, "rev-parse", "main") == new


@pytest.mark.parametrize("text", ["", "a commit of gitreg's"])
def test_a_lock_that_a_killed_update_of_ours_left_is_taken_back(registry, text):
    registry.register("iris")
    repo = registry.location.repo
    left = [Path(repo.git_dir, "refs/heads/main.lock"), Path(repo.git_dir, "HEAD.lock")]
    left[0].write_text(f"{registry.snapshot().commit}\n" if text else "")
    left[1].touch()

    assert registry.register("iris").number == 2

    assert not any(lock.exists() for lock in left)


def test_a_ref_below_a_branch_is_a_conflict(repository, git):
    new = git(repository.worktree, "rev-parse", "HEAD")

    with pytest.raises(ConflictError, match="exists"):
        moved(repository, "refs/heads/main/below", new, "0" * 40)


# -- who ------------------------------------------------------------------------------------------------------


def test_the_identity_is_git_s(repository):
    assert str(repository.identity()) == "Name <name@example.org>"


def test_without_a_configured_name_there_is_a_fallback_that_a_commit_can_hold(repository, hermetic, monkeypatch):
    (hermetic / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")

    who = repository.identity()

    assert not who.configured
    assert who.name and not set("<>\n") & set(who.name + who.email)


def test_setting_a_config_value_keeps_what_a_person_wrote(repository, git):
    config = Path(repository.git_dir, "config")
    config.write_text(config.read_text() + '# why\n[remote "o"]\n\tfetch = a ; first\n\tfetch = b\n')

    repository.set_config("gitreg.branch", "models")
    repository.set_config("gitreg.branch", "other")

    assert '# why\n[remote "o"]\n\tfetch = a ; first\n\tfetch = b\n' in config.read_text()
    assert repository.config("gitreg.branch") == "other"
    assert repository.config("gitreg.nothing") is None


# -- the log --------------------------------------------------------------------------------------------------


@pytest.fixture
def wordy(registry, git):
    """Return a registry with twenty commits whose messages are half a megabyte each, which touch a model."""
    for number in range(20):
        Path(registry.path, "models", "iris").mkdir(parents=True, exist_ok=True)
        Path(registry.path, "models", "iris", f"{number}.txt").write_text("")
        git(registry.path, "add", "models")
        git(registry.path, "commit", "-q", "-F", "-", input=f"{number}\n\n" + "word " * 100_000)
    return registry


def test_a_log_is_not_in_memory_as_a_whole(wordy):
    repo, commit = wordy.location.repo, wordy.snapshot().commit
    tracemalloc.start()

    found = [(each.id, len(each.message), each.changes[0][2]) for each in repo.log(commit, ["models"])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [path for _, _, path in found] == [f"models/iris/{number}.txt" for number in reversed(range(20))]
    assert min(size for _, size, _ in found) > 499_000
    assert peak < 5_000_000


def test_a_log_that_is_left_early_leaves_no_process(wordy):
    before = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

    with contextlib.closing(wordy.location.repo.log(wordy.snapshot().commit, ["models"])) as log:
        assert next(log).message.startswith("19\n")

    assert Path(f"/proc/self/task/{os.getpid()}/children").read_text().split() == before


@pytest.fixture
def chatty(registry, git, monkeypatch):
    """Return a registry whose git says more on its standard error, at each object, than a pipe holds."""
    lines = []
    for number in range(1, 1001):
        path = f"models/iris/{number}.txt"
        lines.append(f"commit refs/heads/main\ncommitter a <a@example.org> {number} +0000\ndata 0\n{'from refs/heads/main^0' if number == 1 else ''}\nM 644 inline {path}\ndata 0\n\n")
    git(registry.path, "fast-import", "--quiet", input="".join(lines))
    git(registry.path, "gc", "-q")
    monkeypatch.setenv("GIT_TRACE_PACK_ACCESS", "2")
    return registry


def test_a_git_that_says_much_beside_its_log_does_not_wait_for_us(chatty):
    found = list(chatty.location.repo.log(chatty.snapshot().commit, ["models"]))

    assert len(found) == 1000


def test_a_log_that_is_left_early_is_not_waited_for_either_where_git_says_much(chatty):
    before = threading.active_count()

    with contextlib.closing(chatty.location.repo.log(chatty.snapshot().commit, ["models"])) as log:
        first = next(log)

    assert first.changes[0][2] == "models/iris/1000.txt"
    assert threading.active_count() == before


def test_a_log_that_git_cannot_finish_says_so(wordy, git):
    lost = git(wordy.path, "rev-parse", "HEAD~10")
    Path(wordy.path, ".git", "objects", lost[:2], lost[2:]).unlink()

    with pytest.raises(InvalidError, match="git log failed"):
        list(wordy.location.repo.log(wordy.snapshot().commit, ["models"]))
