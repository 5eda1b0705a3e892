"""Every row of ``python -m benchmarks.faults`` in its short form, and each harness with a fault that it must find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import report
from benchmarks.faults.commands import SCENES
from benchmarks.faults.rows import ROWS
from benchmarks.faults.trial import SHORT
from gitreg.cli.app import HOMES

ROOT = Path(__file__).parents[2]
READ = {"list", "show", "get", "history", "compare", "lineage", "diff", "changes", "check", "schema", "completion", "pull", "verify", "site", "export"}  # commands that change nothing
ELSEWHERE = {"pr", "merge-file", "ui"}  # what they write is a host's, git's, or what a person presses
LEAST = {
    "calls": 350, "errors": 500, "steps": 250, "interrupts": 80, "full": 1, "power": 25, "kills": 50,
    "histories": 200, "clocks": 45, "person": 35,
}  # fmt: skip


def outcome(row: str, *options: str) -> dict:
    """Return what a row found, in a process of its own: it forks, mounts and kills."""
    command = [sys.executable, "-m", "benchmarks.faults", "--json", "--only", row, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    found = json.loads(done.stdout)
    if found["skipped"]:
        pytest.skip(found["skipped"])
    assert done.returncode == (1 if found["violations"] else 0), done.stderr
    return found


@pytest.mark.parametrize("row", LEAST)
def test_no_promise_is_broken(row):
    found = outcome(row)

    assert found["violations"] == []
    assert found["done"] >= LEAST[row]


@pytest.mark.parametrize(
    ("row", "fault", "finding"),
    [
        ("calls", "refresh before the ref", "git status"),
        ("calls", "no refresh", "git status"),
        ("errors", "refusals end with 0", "exit code 0, and nothing was done"),
        ("steps", "no journal", "left after a read"),
        ("steps", "refresh before the ref", "git status"),
        ("steps", "no refresh", "git status"),
        ("steps", "objects in place", "git fsck"),
        ("full", "refusals end with 0", "nothing was done"),
        ("power", "no sync of the ref's folder", "lost: "),
        ("power", "no sync of objects", "lost: "),
        ("power", "no sync of packs", "lost: "),
        ("kills", "no refresh", "git status"),
        ("histories", "no old value", "lost: "),
        ("person", "edits are overlooked", "git diff"),
    ],
)
def test_a_harness_finds_a_planted_fault(row, fault, finding):
    found = outcome(row, "--plant", fault)

    assert any(finding in violation for violation in found["violations"]), found


@pytest.mark.parametrize(
    ("row", "scene", "fault", "finding"),
    [
        ("calls", "import, many, bare", "packs in place", "git fsck"),
        ("steps", "import, many, bare", "packs in place", "git fsck"),
        ("steps", "promote, remote", "the branch before the remote", "git status"),
        ("steps", "sync", "the branch before the remote", "git status"),
    ],
)
def test_a_scene_finds_a_planted_fault(row, scene, fault, finding):
    found = outcome(row, "--plant", fault, "--scene", scene)

    assert any(finding in violation for violation in found["violations"]), found


@pytest.mark.parametrize("scene", ["sync", "promote, remote", "import, many, bare"])
def test_what_is_swept_whole_in_the_long_form_only_is_looked_at_in_the_short_one(scene):
    assert scene in SHORT.glimpses


def test_every_command_that_writes_has_a_scene():
    assert {scene.words[0] for scene in SCENES.values()} == set(HOMES) - READ - ELSEWHERE


def test_every_row_is_tried():
    assert set(ROWS) == {*LEAST, "clones"}  # test_clones.py


def test_the_page_shows_every_row_that_was_written():
    rows = json.loads(report.DATA.read_text())["rows"]

    assert report.markdown(rows) in report.PAGE.read_text()
