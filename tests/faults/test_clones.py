"""Clones that race to push to one remote: nothing is lost, nothing is there twice."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from benchmarks import servers
from benchmarks.faults import clones


@pytest.fixture
def memory():
    """Return a folder in memory where there is one: a race needs no disk, and syncing one takes its time."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    yield folder
    shutil.rmtree(folder)


def test_of_what_six_clones_push_at_once_nothing_is_lost_and_nothing_is_doubled(memory, serve):
    trial = clones.raced(memory, serve(servers.Http), writes=12)

    assert trial.wrong == ()
    assert trial.counts == 72


@pytest.mark.parametrize(
    ("fault", "finding"),
    [("forced pushes", "lost: "), ("rejections taken for success", "lost: "), ("no operation id", "doubled: ")],
)
def test_the_race_finds_a_planted_fault(memory, serve, fault, finding):
    trial = clones.raced(memory, serve(servers.Http), writes=6, fault=fault)

    assert any(wrong.startswith(finding) for wrong in trial.wrong)
