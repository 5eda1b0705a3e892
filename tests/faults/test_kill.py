"""After any crash the next command works, with nothing done by hand (SPEC 8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__)


@pytest.fixture
def memory(tmp_path):
    """Return a folder in memory where there is one: a kill does not need a disk, and syncing one takes its time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def swept(folder: Path, scene: str, *fault: str) -> list[dict]:
    done = subprocess.run(
        [sys.executable, HERE.with_name("sweep.py"), folder, scene, *fault],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(HERE.parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("scene", ["release in a checkout", "release in a bare repository", "init in an empty repository"])
def test_a_write_that_is_killed_at_any_step_leaves_the_old_or_the_new_state_and_the_next_command_heals_it(memory, scene):
    steps = swept(memory, scene)

    assert [step for step in steps if step["wrong"]] == []
    assert len(steps) > 40
    assert steps[-1]["step"] == ""  # the last one lived


@pytest.mark.parametrize("fault", ["no journal", "refresh before the ref", "no refresh", "objects in place"])
def test_the_sweep_finds_a_planted_fault(memory, fault):
    steps = swept(memory, "promote in a checkout", fault)

    assert any(finding.startswith("git ") for finding in steps[-1]["wrong"])


def test_ctrl_c_at_any_step_leaves_a_write_done_or_not_begun_and_nothing_to_heal(memory):
    steps = swept(memory, "promote in a checkout", "interrupt")

    assert [step for step in steps if step["wrong"]] == []
    assert len(steps) > 40
