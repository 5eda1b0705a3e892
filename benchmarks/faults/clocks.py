"""Clocks lie: ten years off, one that stands still, one that runs backwards. gitreg and its git processes see it by libfaketime."""

# ruff: noqa: ARG001, ARG005 - a harness is called like the others
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.faults import look, scenes
from benchmarks.faults.scenes import git
from benchmarks.faults.trial import MissingError, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

_STAMP = "2026-11-22 07:24:{:02d}"
CLOCKS = {  # what the n-th command sees
    "ten years behind": lambda n: ("-f", "-10y"),
    "ten years ahead": lambda n: ("-f", "+10y"),
    "ten years ahead, then ten behind": lambda n: ("-f", "+10y" if n < 4 else "-10y"),
    "one that stands still": lambda n: ("-f", _STAMP.format(0)),
    "one that runs backwards": lambda n: ("-f", _STAMP.format(59 - n)),
}
_COMMANDS = (
    ("register", "rose"), ("register", "rose"), ("register", "rose"), ("promote", "rose@1", "production"), ("promote", "rose@2", "production"),
    ("promote", "rose@3", "production"), ("rollback", "rose", "production"), ("promote", "iris@3", "staging"), ("register", "rose", "--version", "last"),
)  # fmt: skip
_STORY = [1, 2, 3, 2]  # who held rose's production, one after the other


def lying(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Carry out the same commands under each clock; what they lead to must not depend on it."""
    faketime = shutil.which("faketime")
    if not faketime:
        raise MissingError("faketime is not installed: apt-get install faketime")
    for name, clock in CLOCKS.items():
        registry = folder / name.replace(" ", "-").replace(",", "")
        scenes.checkout(registry)
        was = look.before(registry)
        found = []
        for number, command in enumerate(_COMMANDS):
            done = _run(faketime, clock(number), fault, registry, *command)
            if done.returncode:
                found.append(f"{command}: exit code {done.returncode}: {done.stderr.strip()}")
        found += [*_story(registry), *look.damage(registry), *look.unlike(registry, was, "in the end")]
        yield Trial(name, tuple(found), counts=len(_COMMANDS))


def _run(faketime: str, clock: tuple[str, ...], fault: str | None, registry: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
    words = [faketime, *clock, sys.executable, "-m", "benchmarks.faults.planted", fault or "", "-R", str(registry), *command]
    return subprocess.run(words, check=False, capture_output=True, text=True, env=env)


def _story(registry: Path) -> Iterator[str]:
    def asked(*args: str) -> str:
        return subprocess.run([sys.executable, "-m", "gitreg", "-R", str(registry), *args], check=False, capture_output=True, text=True).stdout

    history = [event["number"] for event in json.loads(asked("history", "rose", "--stage", "production", "--format", "json") or "[]") if event["event"] == "promoted"]
    if history[::-1] != _STORY:
        yield f"the history of production is {history[::-1]}, not {_STORY}"
    if asked("get", "rose@production", "number").strip() != "2" or asked("get", "rose@last", "number").strip() != "4":
        yield f"production is {asked('get', 'rose@production', 'number').strip()!r}, the last {asked('get', 'rose@last', 'number').strip()!r}"
    if not json.loads(asked("check", "--format", "json") or '{"ok": false}')["ok"]:
        yield asked("check")
    commits = git(registry, "log", "--format=%H", "--first-parent").split()
    if len(commits) != len(set(commits)) or len(commits) < len(_COMMANDS):
        yield f"there are {len(commits)} commits"
