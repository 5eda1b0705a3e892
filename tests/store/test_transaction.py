"""One write is one commit, made whole or not at all, and no update is lost (SPEC 8)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, GitregError, UsageError
from gitreg.operations.register import register
from gitreg.records import Occasion
from gitreg.store import lock, transaction

ROOT = Path(__file__).parents[2]
OCCASION = Occasion(datetime(2026, 11, 22, tzinfo=UTC), "Name <name@example.org>")


def commits(git, folder: str | Path, ref: str = "HEAD") -> int:
    return int(git(folder, "rev-list", "--count", ref))


def sound(git, folder: str | Path) -> bool:
    return git(folder, "fsck", "--strict", "--no-dangling") == ""


def hook(folder: str | Path, name: str, script: str) -> Path:
    path = Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(iris, git, tmp_path):
    """Return a bare clone of a registry, opened."""
    git(tmp_path, "clone", "-q", "--bare", iris.path, "bare.git")
    with Registry.open(tmp_path / "bare.git") as made:
        yield made


def test_a_pointer_file_that_is_too_large_with_its_comments_to_be_read_again_is_not_written(iris, git):
    path = Path(iris.path, "models", "iris", "stages.yaml")
    text = path.read_text()
    path.write_text(f"{text}# {'x' * ((1 << 20) - len(text.encode()) - 3)}\n")
    git(iris.path, "commit", "-qam", "a long comment")
    before = git(iris.path, "rev-parse", "HEAD")

    with pytest.raises(UsageError, match=r"^models/iris/stages.yaml would have 1,048,\d\d\d bytes, 1,048,576 are allowed$"):
        iris.promote("iris@1", "staging")

    assert git(iris.path, "rev-parse", "HEAD") == before
    assert iris.get("iris@1").number == 1


# -- one commit -----------------------------------------------------------------------------------------------


def test_a_write_is_one_commit_on_top_of_the_last(iris, git):
    before = git(iris.path, "rev-parse", "HEAD")

    receipt = iris.promote("iris@3", "production", reason="it is better")

    assert receipt.commit == git(iris.path, "rev-parse", "HEAD")
    assert git(iris.path, "rev-parse", "HEAD^") == before
    assert git(iris.path, "diff-tree", "-r", "--name-only", "HEAD^", "HEAD") == "models/iris/stages.yaml"


def test_a_checkout_is_clean_and_the_repository_sound_after_every_write(iris, git):
    iris.register("team/other", "1.0", metrics={"auc": 1})
    iris.archive("iris@1")
    iris.yank("iris@3", reason="wrong")

    assert git(iris.path, "status", "--porcelain", "--ignored") == ""
    assert sound(git, iris.path)


def test_a_bare_repository_is_sound_after_a_write(bare, git):
    bare.register("team/other", "1.0", metrics={"auc": 1})

    assert sound(git, bare.path)
    assert not (Path(bare.path) / "gitreg" / "journal").exists()


def test_an_end_that_is_the_start_makes_no_commit(iris, git):
    before = git(iris.path, "rev-parse", "HEAD")

    receipt = iris.promote("iris@1", "production")

    assert (receipt.changed, receipt.commit) == (False, None)
    assert git(iris.path, "rev-parse", "HEAD") == before


def test_a_transaction_is_one_commit(iris, git):
    before = commits(git, iris.path)

    with iris.transaction("release") as tx:
        made = tx.register("iris", "4.0")
        tx.promote("iris@4.0", "production")

    assert commits(git, iris.path) == before + 1
    assert git(iris.path, "log", "-1", "--format=%s") == "release"
    assert made.commit == tx.receipt.commit == git(iris.path, "rev-parse", "HEAD")


def test_a_transaction_that_raises_leaves_no_trace(iris, git):
    before = git(iris.path, "rev-parse", "HEAD")

    with pytest.raises(KeyError), iris.transaction() as tx:
        tx.register("iris")
        raise KeyError

    assert git(iris.path, "rev-parse", "HEAD") == before


def test_a_transaction_of_many_versions_is_one_clean_commit(registry, git):
    with registry.transaction() as tx:
        for _ in range(150):
            tx.register("iris")

    assert git(registry.path, "status", "--porcelain") == ""
    assert len(registry.versions("iris")) == 150


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "-----BEGIN", "\n\n\n", "é" * 5000, "Gitreg-Op: forged", "# comment\n\x1b[31m"], ids=repr)
def test_a_reason_of_any_text_makes_a_sound_commit(iris, git, text):
    iris.promote("iris@3", "production", reason=text)

    assert sound(git, iris.path)
    assert len(re.findall(r"(?m)^Gitreg-Op: ", git(iris.path, "log", "-1", "--format=%B"))) == 1


def test_the_commit_names_its_author_as_git_does(iris, git, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Other")
    with Registry.open(iris.path) as registry:
        registry.promote("iris@3", "production")

    assert git(iris.path, "log", "-1", "--format=%an <%ae>") == "Other <name@example.org>"
    assert "gitreg: iris: promote 3" in git(iris.path, "reflog", "-1", "main")


# -- the race for the ref -------------------------------------------------------------------------------------


def moving(registry: Registry, git, times: int = 1):
    """Return an operation that is beaten to the ref: another commit lands the first *times* it runs."""
    runs = []

    def operation(view):
        runs.append(view.count("iris"))
        if len(runs) <= times:
            tree = git(registry.path, "rev-parse", "main^{tree}")
            theirs = git(registry.path, "commit-tree", tree, "-p", "main", "-m", "theirs")
            git(registry.path, "update-ref", "refs/heads/main", theirs)
        return register(view, "iris", None, {}, OCCASION)

    return operation, runs


def test_a_lost_race_is_run_again_and_nothing_is_lost(bare, git):
    operation, runs = moving(bare, git)

    receipt = bare._run(operation)

    assert (receipt.version.number, len(runs)) == (4, 2)
    assert git(bare.path, "log", "-2", "--format=%s", "main").splitlines()[1] == "theirs"
    assert sound(git, bare.path)


def test_a_lost_race_in_a_checkout_leaves_it_clean(iris, git):
    git(iris.path, "switch", "-q", "-c", "other")
    git(iris.path, "switch", "-q", "main")
    operation, _ = moving(iris, git)

    receipt = iris._run(operation)

    assert receipt.version.number == 4
    assert git(iris.path, "status", "--porcelain") == ""


def test_a_version_that_another_registered_meanwhile_keeps_its_number(bare, git):
    raced = []

    def operation(view):
        if not raced:
            raced.append(True)
            clone = Path(bare.path).with_name("clone")
            git(clone.parent, "clone", "-q", bare.path, clone)
            with Registry.open(clone) as other:
                other.register("iris", "theirs")
            git(clone, "push", "-q", "origin", "main")
        return register(view, "iris", "ours", {}, OCCASION)

    receipt = bare._run(operation)

    assert receipt.version.number == 5
    assert [version.version for version in bare.versions("iris")] == ["1", "2", "3", "theirs", "ours"]


def test_a_race_lost_too_often_is_busy_and_nothing_is_written(bare, git, monkeypatch):
    monkeypatch.setattr(transaction, "_TRIES", 3)
    operation, runs = moving(bare, git, times=99)

    with pytest.raises(BusyError, match="won the race for refs/heads/main 3 times"):
        bare._run(operation)

    assert len(runs) == 3
    assert bare.model("iris")
    assert len(bare.versions("iris")) == 3


def test_a_transaction_whose_replay_gives_another_number_is_a_conflict(iris, git):
    with Registry.open(iris.path) as other, pytest.raises(ConflictError, match="changed while this transaction was open"), iris.transaction() as tx:
        assert tx.register("iris").number == 4
        other.register("iris", "theirs")

    assert [version.version for version in iris.versions("iris")] == ["1", "2", "3", "theirs"]


def test_a_transaction_whose_replay_gives_the_same_goes_through(iris):
    with Registry.open(iris.path) as other, iris.transaction() as tx:
        tx.register("iris")
        other.register("another")

    assert len(iris.versions("iris")) == 4
    assert len(iris.versions("another")) == 1


def test_a_branch_that_is_gone_is_a_conflict(iris, git):
    git(iris.path, "switch", "-q", "--orphan", "other")
    git(iris.path, "branch", "-q", "-D", "main")

    with pytest.raises(ConflictError, match="branch refs/heads/main is gone"):
        iris._run(lambda view: None)


# -- many writers ---------------------------------------------------------------------------------------------

_REGISTER = """
import sys
from gitreg import Registry
with Registry.open(sys.argv[1]) as registry:
    for _ in range(25):
        print(registry.register("iris").number)
"""
_PROMOTE = """
import sys
from gitreg import Registry
from gitreg.errors import ConflictError
with Registry.open(sys.argv[1]) as registry:
    for _ in range(10):
        holder = registry.snapshot().stages("iris").pointer("production").number
        mine = int(sys.argv[2])
        try:
            if registry.promote(f"iris@{mine}", "production", expect=holder).changed:
                print(holder, mine)
        except ConflictError:
            pass
"""


def together(program: str, *arguments: tuple[str, ...]) -> list[str]:
    """Run *program* once for each of *arguments*, all at the same time; returns the lines they print."""
    running = [
        subprocess.Popen([sys.executable, "-c", program, *given], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
        for given in arguments
    ]
    printed = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return [line for text in printed for line in text.splitlines()]


@pytest.mark.parametrize("kind", ["checkout", "bare"])
def test_four_processes_that_register_get_every_number_once(registry, git, tmp_path, kind):
    path = registry.path
    if kind == "bare":
        git(tmp_path, "clone", "-q", "--bare", registry.path, "bare.git")
        path = str(tmp_path / "bare.git")

    numbers = together(_REGISTER, *[(path,)] * 4)

    assert sorted(map(int, numbers)) == list(range(1, 101))
    assert commits(git, path) == 101
    assert sound(git, path)
    assert kind == "bare" or git(path, "status", "--porcelain") == ""


def test_of_processes_that_expect_a_holder_each_displaces_the_one_it_saw(bare):
    for _ in range(2):
        bare.register("iris")

    moves = together(_PROMOTE, *[(bare.path, str(number)) for number in (2, 3, 4, 5)])

    events = [event for event in bare.history("iris", "production") if event.event == "promoted"]
    chain = [(event.from_number, event.number) for event in reversed(events)][1:]
    assert sorted(moves) == sorted(f"{old} {new}" for old, new in chain)
    assert all(former[1] == latter[0] for former, latter in pairwise(chain))


def test_threads_may_share_a_registry(iris, git):
    numbers = []

    def work():
        for _ in range(5):
            numbers.append(iris.register("iris").number)
            assert iris.get("iris@production").number == 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(4, 24))
    assert git(iris.path, "status", "--porcelain") == ""


def test_plain_commits_beside_gitreg_lose_nothing(iris, git):
    """A person commits to another file of the same checkout: one of the two waits or is told, none is lost."""
    done = []

    def commit():
        for i in range(8):
            code = subprocess.run(["git", "-C", iris.path, "commit", "-q", "--allow-empty", "-m", f"mine {i}"], check=False, capture_output=True).returncode
            done.append(code == 0)

    thread = threading.Thread(target=commit)
    thread.start()
    for _ in range(8):
        iris.register("iris")
    thread.join()

    subjects = git(iris.path, "log", "--format=%s").splitlines()
    assert sum(subject.startswith("mine") for subject in subjects) == sum(done)
    assert len(iris.versions("iris")) == 11
    assert git(iris.path, "status", "--porcelain") == ""


# -- hooks and helpers of git ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["iris", "bare"])
def test_a_reference_transaction_hook_that_refuses_is_heard_and_nothing_changes(request, git, kind):
    registry = request.getfixturevalue(kind)
    hooks = registry.location.repo.common_dir + "/hooks"
    hook(hooks, "reference-transaction", '[ "$1" = prepared ] && exit 1; exit 0')
    before = git(registry.path, "rev-parse", "main")

    with pytest.raises(ConflictError, match="the reference-transaction hook of this repository refused"):
        registry.register("iris")

    assert git(registry.path, "rev-parse", "main") == before
    assert not Path(registry.location.repo.common_dir, "gitreg", "journal").exists()
    assert kind == "bare" or git(registry.path, "status", "--porcelain") == ""


def test_a_reference_transaction_hook_below_core_hooks_path_is_heard(iris, git, tmp_path):
    hook(tmp_path / "hooks", "reference-transaction", '[ "$1" = prepared ] && exit 1; exit 0')
    git(iris.path, "config", "core.hooksPath", str(tmp_path / "hooks"))

    with pytest.raises(ConflictError, match="hook"):
        iris.register("iris")


def test_no_other_program_that_git_knows_is_run(iris, git, tmp_path):
    """fsmonitor, other hooks, external diffs and textconv are not for gitreg to run."""
    touched = tmp_path / "touched"
    spy = hook(tmp_path, "spy", f"touch {touched}")
    for name in ("post-index-change", "pre-commit", "commit-msg", "post-commit", "post-checkout", "post-rewrite"):
        hook(tmp_path / "hooks", name, f"touch {touched}")
    for key in ("core.fsmonitor", "diff.external", "diff.spy.textconv", "diff.spy.command", "core.editor", "core.pager"):
        git(iris.path, "config", key, str(spy))
    git(iris.path, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (Path(iris.path) / ".git" / "info").mkdir(exist_ok=True)
    (Path(iris.path) / ".git" / "info" / "attributes").write_text("*.yaml diff=spy\n")
    os.utime(Path(iris.path) / "models/iris/stages.yaml", (1, 1))

    with Registry.open(iris.path) as registry:
        registry.promote("iris@3", "production")
        registry.register("iris", "1.0")
        registry.get("iris@1.0")
        list(registry.history())

    assert not touched.exists()


# -- kinds of repositories ------------------------------------------------------------------------------------


def test_a_sha256_repository_works(git, tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256", "repository")
    with Registry.init(tmp_path / "repository") as registry:
        registry.register("iris", "1.0")
        receipt = registry.promote("iris@1.0", "production")

    assert len(receipt.commit) == 64
    assert sound(git, tmp_path / "repository")
    assert git(tmp_path / "repository", "status", "--porcelain") == ""


def test_a_shallow_clone_counts_and_commits_right(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{iris.path}", "shallow")

    with Registry.open(tmp_path / "shallow") as registry:
        number = registry.register("iris").number

    assert number == 4
    assert sound(git, tmp_path / "shallow")
    assert git(tmp_path / "shallow", "status", "--porcelain") == ""


def test_a_partial_clone_fetches_what_it_needs(iris, git, tmp_path):
    git(iris.path, "config", "uploadpack.allowFilter", "true")
    git(iris.path, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{iris.path}", "partial.git")

    with Registry.open(tmp_path / "partial.git") as registry:
        receipt = registry.promote("iris@3", "production")

    assert receipt.commit == git(tmp_path / "partial.git", "rev-parse", "main")
    assert sound(git, tmp_path / "partial.git")


def test_a_group_may_share_a_repository_whatever_the_umask(git, tmp_path):
    git(tmp_path, "init", "-q", "--shared=group", "shared")
    before = os.umask(0o077)
    try:
        with Registry.init(tmp_path / "shared") as registry:
            registry.register("iris")
    finally:
        os.umask(before)

    own = tmp_path / "shared" / ".git"
    folders = [folder for folder in (own / "objects").iterdir() if len(folder.name) == 2] + [own / "gitreg"]
    assert all(folder.stat().st_mode & 0o2070 == 0o2070 for folder in folders)
    assert all(file.stat().st_mode & 0o040 for folder in folders for file in folder.iterdir())
    assert (own / "gitreg" / "lock").stat().st_mode & 0o060 == 0o060
    assert (own / "index").stat().st_mode & 0o060 == 0o060


def test_packed_refs_and_a_garbage_collection_under_an_open_registry_change_nothing(iris, git):
    iris.register("iris")
    git(iris.path, "gc", "-q", "--prune=now")

    number = iris.register("iris").number
    git(iris.path, "pack-refs", "--all")

    assert number == 5
    assert iris.get("iris").number == 5
    assert iris.register("iris").number == 6


def test_a_read_sees_what_plain_git_committed_since(iris, git):
    assert iris.get("iris@production").number == 1
    path = Path(iris.path) / "models/iris/stages.yaml"
    path.write_text(path.read_text().replace("number: 2\n", "number: 3\n"))
    git(iris.path, "commit", "-q", "-a", "-m", "by hand")

    assert iris.get("iris@staging").number == 3


def test_a_detached_head_is_read_and_not_written(iris, git):
    git(iris.path, "switch", "-q", "--detach", "HEAD~1")
    before = git(iris.path, "rev-parse", "HEAD", "main")

    with Registry.open(iris.path) as registry:
        assert registry.get("iris@production").number == 1
        with pytest.raises(ConflictError, match="HEAD is detached"):
            registry.register("iris")

    assert git(iris.path, "rev-parse", "HEAD", "main") == before


def test_another_branch_checked_out_is_left_alone(iris, git):
    git(iris.path, "switch", "-q", "-c", "other")

    iris.register("iris")

    assert git(iris.path, "status", "--porcelain") == ""
    assert git(iris.path, "rev-parse", "other") == git(iris.path, "rev-parse", "main^")


# -- no room, no leave ----------------------------------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts a small file system in memory, for a full disk and a read-only one."""
    mounts = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mount{len(mounts)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip("this machine lets nobody mount a disk")
        mounts.append(folder)
        return folder

    yield mount
    for folder in mounts:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("kind", ["checkout", "bare"])
def test_a_full_disk_is_busy_and_leaves_the_state_as_it_was(iris, git, mounted, kind):
    folder = mounted("size=8m") / "registry"
    git(folder.parent, "clone", "-q", *(["--bare"] if kind == "bare" else []), iris.path, folder)
    before = git(folder, "rev-parse", "main")

    with Registry.open(folder) as registry:
        registry.promote("iris@3", "production")
        filler = folder.parent / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with pytest.raises(BusyError):
            registry.promote("iris@2", "production")
        assert registry.get("iris@production").number == 3
        filler.unlink()
        registry.promote("iris@2", "production")

    assert commits(git, folder, f"{before}..main") == 2
    assert sound(git, folder)
    assert kind == "bare" or git(folder, "status", "--porcelain") == ""


def test_a_disk_that_fills_at_any_point_of_a_write_leaves_a_state_that_heals(iris, git, mounted):
    folder = mounted("size=8m") / "registry"
    git(folder.parent, "clone", "-q", iris.path, folder)
    filler, outcomes = folder.parent / "filler", set()
    for room in range(0, 100, 4):  # kilobytes
        free = os.statvfs(folder)
        filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - room * 1024)))
        with Registry.open(folder) as registry:
            try:
                registry.register("iris", tags=["x" * 4000])
                outcomes.add("done")
            except BusyError:
                outcomes.add("busy")
        filler.unlink()
        with Registry.open(folder) as registry:
            assert registry.check() == ()
        assert git(folder, "status", "--porcelain") == ""

    assert outcomes == {"done", "busy"}
    assert sound(git, folder)


def test_a_read_only_disk_can_be_read_and_is_busy_for_a_write(iris, git, mounted):
    folder = mounted("size=8m") / "registry"
    git(folder.parent, "clone", "-q", iris.path, folder)
    subprocess.run(["mount", "-o", "remount,ro", folder.parent], check=True)

    with Registry.open(folder) as registry:
        assert registry.get("iris@production").number == 1
        with pytest.raises(BusyError, match=r"[Rr]ead-only"):
            registry.promote("iris@2", "production")


# -- durable --------------------------------------------------------------------------------------------------


def traced(folder: Path, log: Path, program: str) -> list[str]:
    """Run *program* under strace and return its calls, in order, file descriptors with their paths."""
    names = "openat,fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
    subprocess.run(
        ["strace", "-f", "-y", "-s", "300", "-e", f"trace={names}", "-o", log, sys.executable, "-c", program, folder],
        check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return [line for line in log.read_text().splitlines() if " = -1 " not in line]


def place(calls: list[str], pattern: str) -> int:
    """Return the place of the last call that matches."""
    return max(at for at, call in enumerate(calls) if re.search(pattern, call))


@pytest.mark.parametrize("kind", ["checkout", "bare", "bare, written before"])
def test_everything_is_synced_before_what_names_it(iris, git, tmp_path, kind):
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", *([] if kind == "checkout" else ["--bare"]), iris.path, folder)
    if kind == "bare, written before":
        with Registry.open(folder) as registry:
            registry.register("other")

    calls = traced(folder, tmp_path / "log", _ONE)

    moved = place(calls, r'rename\w*\(.*refs/heads/main\.lock"')
    renames = [at for at, call in enumerate(calls) if re.search(r'rename\(".*/objects/.*tmp_obj_gitreg', call)]
    assert len(renames) >= 5
    for at in renames:
        temporary, final = re.findall(r'"([^"]+)"', calls[at])
        assert place(calls[:at], rf"fsync\(\d+<{re.escape(temporary)}>")
        assert at < place(calls[:moved], rf"fsync\(\d+<{re.escape(os.path.dirname(final))}>")
    assert place(calls[:moved], r"fsync\(\d+<.*(refs/heads/main\.lock|gitreg/moving)>")
    assert moved < place(calls, r"fsync\(\d+<.*/refs/heads>")


def test_in_a_checkout_the_journal_comes_before_the_ref_and_goes_last(iris, tmp_path):
    calls = traced(Path(iris.path), tmp_path / "log", _ONE)

    moved = place(calls, r'rename\w*\(.*refs/heads/main\.lock"')
    journal = place(calls, r'rename\(.*/gitreg/journal"')
    assert place(calls, r"fsync\(\d+<.*/gitreg/journal\.new>") < journal < place(calls, r"fsync\(\d+<.*/\.git/gitreg>") < moved
    placed = place(calls, r'rename\(.*gitreg\.index", .*/index"')
    assert moved < place(calls, r"fsync\(\d+<.*stages\.yaml>") < placed
    assert moved < place(calls, r"fsync\(\d+<.*/versions/4\.yaml>") < placed
    assert place(calls, r"fsync\(\d+<.*/gitreg\.index>") < placed < place(calls, r"fsync\(\d+<.*/\.git>")
    assert max(placed, place(calls, r"fsync\(\d+<.*/\.git>")) < place(calls, r'unlink\(".*/gitreg/journal"')


_ONE = """
import sys
from gitreg import Registry
with Registry.open(sys.argv[1]) as registry, registry.transaction() as tx:
    tx.register("iris")
    tx.promote("iris@4", "production")
"""


# -- Ctrl-C and the lock --------------------------------------------------------------------------------------


def test_another_writer_is_waited_for_and_then_it_is_busy(iris):
    with lock.held(iris.location.repo.common_dir), pytest.raises(BusyError, match="another process has been writing"), lock.held(iris.location.repo.common_dir, patience=0):
        pass


@pytest.mark.parametrize(("selector", "stage"), [("iris@3", "latest"), ("iris@9", "production"), ("new@1", "production")])
def test_what_an_operation_refuses_leaves_no_object_behind(iris, git, selector, stage):
    before = git(iris.path, "count-objects")

    with pytest.raises(GitregError):
        iris.promote(selector, stage)

    assert git(iris.path, "count-objects") == before
