"""Registries that a dashboard must show well: many models, none, one version, very many, a very long name, no metrics."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gitreg import Registry, setup
from gitreg.records import Occasion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
LONG = "a-model-whose-name-is-as-long-as-a-name-may-be-".ljust(100, "x")
GATES = """\
format: 1
stages:
  development: {}
  staging: {}
  production:
    require:
      - name: accurate enough
        expr: candidate.metrics.accuracy >= 0.8
"""


class Dated(Registry):
    """A registry whose clock begins at :data:`START` and goes on by twelve hours a write; several people write to it."""

    people = ("Ada <ada@example.org>", "Grace <grace@example.org>")
    ticks: Iterator[int]

    def occasion(self) -> Occasion:
        """Return the next moment, and who acts."""
        tick = next(self.ticks)
        return Occasion(START + timedelta(hours=12 * tick), self.people[tick % len(self.people)])


def dated(folder: Path) -> Dated:
    """Return a new registry in *folder*, with a clock of its own."""
    made = Dated(setup.initialised(str(folder), None, START, None, None))
    made.ticks = iter(range(1, 10_000))
    return made


def ruled(registry: Registry, folder: Path, git: Callable[..., str]) -> None:
    """Give the registry in *folder* a gate on production."""
    (folder / "gitreg.yaml").write_text(GATES)
    date = f"--date={START.isoformat()}"
    git(folder, "commit", "--quiet", "--all", date, "--message", "production asks for accuracy", env=os.environ | {"GIT_COMMITTER_DATE": START.isoformat()})


def varied(folder: Path, git: Callable[..., str]) -> None:
    """Make thirty models in varied state. ``churn`` has everything; version 4 of it passes the gate of production, 3 does not."""
    with dated(folder) as registry:
        ruled(registry, folder, git)
        churn(registry)
        with registry.transaction("twenty-nine more models") as tx:
            for n in range(29):
                _model(tx, f"team-{'abc'[n % 3]}/model-{n:02}", n)
        registry.promote("team-a/model-03@1", "production", reason="it is the first that is good enough")


def churn(registry: Registry) -> None:
    """Make a model that has everything: in production is 2, in staging 4, archived 1; 5 failed, and 6 is yanked."""
    registry.create_model("churn", description="Who will leave us.\n\nAsked each night for all customers.", license="Apache-2.0", audience="sales", use_cases="a call before they go", limitations="new customers", ethics="no data on health", tags=["tabular", "nightly"], links={"ticket": {"uri": "https://example.org/tickets/7", "title": "ticket 7"}})
    for n, accuracy in enumerate((0.81, 0.87, 0.79, 0.91), start=1):
        artifacts = {"model": {"kind": "model", "uri": f"s3://bucket/churn/{n}/model.safetensors", "sha256": SHA, "size": 4_600_000 * n}}
        run = {"id": f"run-{n}", "pipeline": "nightly", "step": "train", "code": {"repository": "https://example.org/code", "commit": f"{n}" * 40, "dirty": n == 1}}
        links = {"base": {"uri": f"churn@{n - 1}"}} if n > 1 else {}
        registry.register("churn", f"1.{n}.0", metrics={"accuracy": accuracy, "log_loss": 1 - accuracy}, params={"depth": n + 3, "rate": 0.1 / n, "kind": "tree"}, artifacts=artifacts, run=run, links=links, tags=["tuned"] if n == 4 else [], description=f"Depth {n + 3}, on the data of {n} months.")
    registry.promote("churn@1", "production", reason="the first")
    registry.promote("churn@2", "staging", reason="better on the March data")
    registry.promote("churn@2", "production", reason="a week of shadow traffic")
    registry.promote("churn@4", "staging", reason="waits for the review")
    registry.register("churn", "1.5.0", status="failed", run={"id": "run-5", "error": "MemoryError: no room for the data"})
    registry.register("churn", "1.6.0", metrics={"accuracy": 0.95})
    registry.yank("churn@6", reason="trained on the test data")


def _model(tx, name: str, n: int) -> None:
    tx.create_model(name, description=f"model {n}", tags=["image" if n % 2 else "text"])
    for number in range(1, 2 + n % 4):
        tx.register(name, f"0.{number}", metrics={"accuracy": 0.8 + n / 300 + number / 50}, params={"seed": n})
    if n % 3 == 1:
        tx.promote(f"{name}@1", "production")
    if n % 4 == 2:
        tx.promote(f"{name}@latest", "staging")


def empty(folder: Path, git: Callable[..., str]) -> None:
    """Make a registry with nothing in it."""
    Registry.init(folder).close()


def plain(folder: Path, git: Callable[..., str]) -> None:
    """Make models that lack what others have: one version, no version, no metrics, a very long name, 500 versions."""
    with dated(folder) as registry:
        with registry.transaction("models that lack something") as tx:
            tx.register("one", metrics={"accuracy": 0.9})
            tx.create_model("none")
            for _ in range(3):
                tx.register("unmeasured")
            for n in range(2):
                tx.register(LONG, f"{n}." + "9" * 120, metrics={"m" * 100: 0.5, "accuracy": n}, params={"p" * 100: "v" * 300}, tags=["t" * 200], artifacts={"a" * 100: {"kind": "data", "uri": "s3://bucket/" + "u" * 500, "sha256": SHA}}, description="d" * 1000)
            for n in range(500):
                tx.register("many", metrics={"accuracy": 0.5 + n / 1200, "loss": 1 / (n + 1)}, params={"n": n})
        registry.promote("one@1", "production")
        registry.promote("unmeasured@2", "production")
        registry.promote(f"{LONG}@1", "staging", reason="r" * 400)
        for number in (20, 180, 400):
            registry.promote(f"many@{number}", "production")


MADE = {"varied": varied, "empty": empty, "plain": plain}
