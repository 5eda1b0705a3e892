"""git's garbage collection is started now and then, by itself and without a trace in the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from hashlib import sha1
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.store import lock, upkeep


@pytest.fixture
def objects(registry):
    return Path(registry.path, ".git", "objects")


@pytest.fixture
def due(registry, objects, git):
    """Return a registry that has as many loose objects as git lets lie, in the folder that it samples."""
    git(registry.path, "config", "gc.auto", "1")
    texts = [text for text in map(str, range(10_000)) if sha1(f"blob {len(text)}\0{text}".encode()).hexdigest().startswith("17")]
    for text in texts[:28]:
        Path(registry.path, text).write_text(text)
    git(registry.path, "hash-object", "-w", *texts[:28])
    assert len(os.listdir(objects / "17")) > 27
    return registry


def until(true):
    """Wait for what a process in the background does."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children():
    """Return the processes that have this one for a parent, the dead ones too."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_it_is_due_where_git_would_find_too_many_loose_objects(registry, objects):
    (objects / "17").mkdir(exist_ok=True)
    for number in range(27 - len(os.listdir(objects / "17"))):
        (objects / "17" / f"{number:038d}").touch()
    before = upkeep.is_due(registry.location.repo)
    (objects / "17" / f"{99:038d}").touch()

    assert (before, upkeep.is_due(registry.location.repo)) == (False, True)


def test_it_is_due_where_there_are_too_many_packs(registry, objects):
    for number in range(51):
        (objects / "pack" / f"pack-{number:040d}.pack").touch()

    assert upkeep.is_due(registry.location.repo)


def test_a_write_packs_what_was_written_one_by_one(due, objects):
    due.register("iris")

    until(lambda: list(objects.glob("pack/*.pack")) and not (objects.parent / "gc.pid").exists())
    assert due.get("iris").number == 1


def test_a_registry_that_is_small_starts_nothing(registry):
    registry.register("iris")

    assert not upkeep.begin(registry.location.repo)


def test_git_may_be_told_not_to(due, objects, git):
    git(due.path, "config", "gc.auto", "0")

    assert upkeep.begin(due.location.repo)

    assert list(objects.glob("pack/*.pack")) == []


def test_it_is_nobody_s_child_and_has_no_lock(due):
    before = children()

    with lock.held(due.location.repo.common_dir):
        assert upkeep.begin(due.location.repo)
    with lock.held(due.location.repo.common_dir, patience=0):
        pass

    assert children() == before


def test_it_says_nothing_and_is_not_waited_for(due):
    done = subprocess.run([sys.executable, "-m", "gitreg", "-R", due.path, "register", "iris", "-q"], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("iris@1\n", "")


def test_a_write_after_it_finds_all_that_was_packed(due, objects):
    due.register("iris")
    until(lambda: list(objects.glob("pack/*.pack")) and not (objects.parent / "gc.pid").exists())

    due.promote("iris@1", "production")

    with Registry.open(due.path) as fresh:
        assert fresh.get("iris@production").number == 1
        assert fresh.check() == ()


def test_the_commit_graph_then_tells_which_paths_a_commit_changed(due, objects, git):
    due.register("iris")
    graph = objects / "info" / "commit-graph"
    until(lambda: graph.exists() and b"BIDX" in graph.read_bytes()[:200])

    assert git(due.path, "commit-graph", "verify", "--no-progress") == ""
    assert {event.event for event in due.history("iris")} == {"registered", "model_created"}
