"""Processes work on the same models at once; what each was told, and when, must fit one order of events."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

from benchmarks.faults import linear, look, processes, scenes
from benchmarks.faults.linear import Call
from benchmarks.faults.planted import plant
from benchmarks.faults.scenes import git
from benchmarks.faults.trial import Trial
from gitreg import Registry
from gitreg.errors import ConflictError, GitregError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.trial import Effort

MODELS = ("lily", "rose")
STAGES = ("development", "staging", "production")
_FIRST = 12  # versions of each model before the processes begin
_BETWEEN = 0.1  # seconds between two commits that somebody makes with git alone


def told(folder: Path, effort: Effort, fault: str | None) -> Iterator[Trial]:
    """Let processes register, promote, roll back and read; with each seed another way. A bare repository and a checkout in turn."""
    for seed in range(effort.seeds):
        registry = folder / "registry"
        (scenes.bare if seed % 2 else scenes.plain)(registry)
        with Registry.open(registry) as opened, opened.transaction("registry: its versions") as tx:
            for model in MODELS:
                for _ in range(_FIRST):
                    tx.register(model)
        before = {key: _holder(registry, *key) for key in _keys()}
        calls, plain = _worked(registry, folder, effort, seed, fault)
        found = [*_disorder(calls, before), *_lost(registry, plain), *_miscounted(registry, calls), *look.damage(registry)]
        if not seed % 2 and git(registry, "status", "--porcelain"):
            found.append(f"git status: {git(registry, 'status', '--porcelain')}")
        yield Trial(f"seed {seed}", tuple(found), counts=sum(len(those) for those in calls.values()))
        shutil.rmtree(registry)


def _keys() -> list[tuple[str, str]]:
    return [(model, stage) for model in MODELS for stage in STAGES]


def _holder(registry: Path, model: str, stage: str) -> int | None:
    with Registry.open(registry) as opened:
        return opened.snapshot().stages(model).pointer(stage).number


def _worked(registry: Path, folder: Path, effort: Effort, seed: int, fault: str | None) -> tuple[dict[tuple[str, str], list[Call]], list[str]]:
    """Return the calls by model and stage (or "" for registrations), and the commits that were made with git alone."""
    logs = [folder / f"calls-{number}" for number in range(effort.processes)]
    beginning = time.monotonic() + 0.2
    pids = [processes.forked(lambda n=n, log=log: _work(registry, log, effort.operations, seed * 100 + n, (beginning, fault))) for n, log in enumerate(logs)]
    commits = folder / "commits"
    beside = processes.forked(lambda: _commit(registry, commits), leader=True)
    codes = [processes.ended(pid) for pid in pids]
    processes.kill_session(beside)
    processes.ended(beside)
    calls: dict[tuple[str, str], list[Call]] = {}
    for log in logs:
        for line in log.read_text().splitlines():
            model, stage, call = json.loads(line)
            calls.setdefault((model, stage), []).extend([Call(*call)] if call else [])
        log.unlink()
    made = commits.read_text().split() if commits.exists() else []
    commits.unlink(missing_ok=True)
    for number, code in enumerate(codes):
        if code:
            calls.setdefault(("", f"process {number} ended with {code}"), [])
    return calls, made


def _work(registry: Path, log: Path, operations: int, seed: int, how: tuple[float, str | None]) -> None:
    """Be one process: ask, and write down what was asked and answered, from when until when."""
    beginning, fault = how
    plant(fault)
    chance = random.Random(seed)
    with Registry.open(registry) as opened, log.open("w") as file:
        time.sleep(max(0, beginning - time.monotonic()))
        for _ in range(operations):
            model, stage = chance.choice(MODELS), chance.choice(STAGES)
            start = time.monotonic()
            try:
                key, kind, argument, answer = _asked(opened, chance, model, stage)
            except (GitregError, OSError) as error:
                print(json.dumps(["", f"{stage} of {model}: {error!r}", None]), file=file, flush=True)
                return
            print(json.dumps([model, key, [start, time.monotonic(), kind, argument, answer]]), file=file, flush=True)


def _asked(opened: Registry, chance: random.Random, model: str, stage: str) -> tuple[str, str, Any, Any]:
    """Do one thing by chance; returns what it is about, its kind, its argument and its answer, as linear.py takes them."""
    what = chance.choice(("register", "count", "read", "promote", "promote", "expect", "rollback"))
    if what == "register":
        return "", "register", None, opened.register(model).number
    if what == "count":
        return "", "count", None, len(opened.versions(model))
    if what == "read":
        return stage, "read", None, opened.snapshot().stages(model).pointer(stage).number
    if what == "rollback":
        return _rolled_back(opened, model, stage)
    number = chance.randrange(STAGES.index(stage) + 1, _FIRST + 1, len(STAGES))  # a version that moved would vacate another stage
    if what == "promote":
        return stage, "swap", (None, number), _former(opened.promote(f"{model}@{number}", stage), number)
    expected = opened.snapshot().stages(model).pointer(stage).number
    try:
        receipt = opened.promote(f"{model}@{number}", stage, expect="none" if expected is None else expected)
    except ConflictError:
        return stage, "cas", (expected, number), "refused"
    return (stage, "cas", (expected, number), "done") if receipt.changed else (stage, "read", None, number)  # it was so: the retry of a robot


def _former(receipt: Any, number: int) -> int | None:
    return next((event.from_number for event in receipt.events if event.event == "promoted"), number)


def _rolled_back(opened: Registry, model: str, stage: str) -> tuple[str, str, Any, Any]:
    try:
        receipt = opened.rollback(model, stage)
    except (NotFoundError, ConflictError):  # there is nobody to go back to: that says nothing about the holder
        return stage, "read", None, opened.snapshot().stages(model).pointer(stage).number
    return stage, "swap", (None, receipt.version.number), _former(receipt, receipt.version.number)


def _commit(registry: Path, commits: Path) -> None:
    """Be a person who commits with git alone, to the same branch, without asking gitreg: each commit that git took is noted."""
    number, chance = 0, random.Random(4)
    with commits.open("a") as file:
        while True:
            time.sleep(chance.uniform(0, _BETWEEN))
            number += 1
            old = git(registry, "rev-parse", "main")
            new = git(registry, "commit-tree", "-p", old, "-m", f"note {number}", f"{old}^{{tree}}")
            done = subprocess.run(["git", "-C", str(registry), "update-ref", "refs/heads/main", new, old], check=False, capture_output=True)
            if done.returncode == 0:
                print(new, file=file, flush=True)


def _disorder(calls: dict[tuple[str, str], list[Call]], before: dict[tuple[str, str], int | None]) -> Iterator[str]:
    for (model, stage), those in calls.items():
        if not model:
            yield stage
        elif stage and not linear.linearizable(those, before[model, stage], linear.stage):
            yield f"no order explains what was told of {stage} of {model}"
        elif not stage and not linear.linearizable(those, _FIRST, linear.counter):
            yield f"no order explains what was told of the numbers of {model}"


def _lost(registry: Path, plain: list[str]) -> Iterator[str]:
    there = set(git(registry, "rev-list", "main").split())
    yield from (f"lost: {commit}, which git took" for commit in plain if commit not in there)


def _miscounted(registry: Path, calls: dict[tuple[str, str], list[Call]]) -> Iterator[str]:
    with Registry.open(registry) as opened:
        for model in MODELS:
            numbers = sorted(call.answer for call in calls.get((model, ""), ()) if call.kind == "register")
            if numbers != list(range(_FIRST + 1, _FIRST + 1 + len(numbers))):
                yield f"the numbers of {model} are not unique and without gaps: {numbers}"
            if len(opened.versions(model)) != _FIRST + len(numbers):
                yield f"{model} has {len(opened.versions(model))} versions"
        yield from (str(finding) for finding in opened.check())


