"""MLflow's model registry on SQLite: the client on a database file. Its history is not kept, so that job is missing.

It has no command for its registry; a cold job is a script over the client. Stages are aliases, as its
documentation recommends.
"""

# ruff: noqa: ARG002, D102 - base.py says what each job is, and not every job needs its counter
from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from mlflow import MlflowClient

from benchmarks.peers.base import Peer
from benchmarks.texts import facts, version_name

if TYPE_CHECKING:
    from benchmarks.shapes import Shape

logging.getLogger("mlflow").setLevel(logging.ERROR)
logging.getLogger("alembic").setLevel(logging.ERROR)


class MLflow(Peer):
    """A kept client."""

    name = "MLflow"
    durable = "SQLite, synchronous=FULL, rollback journal (its defaults)"
    lacks = ("history",)

    def __init__(self, place: str, shape: Shape) -> None:
        super().__init__(place, shape)
        self.client = _client(place)

    @classmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        template = os.path.join(folder, "mlflow-empty.db")
        if not os.path.exists(template):
            client = _client(template)
            client.create_registered_model("seed")
            client.create_model_version("seed", "file:///models/seed", tags=_tags(1))
        place = os.path.join(folder, f"mlflow-{use}-{shape.models}x{shape.versions}.db")
        shutil.copy(template, place)
        _fill(place, shape)
        return place

    def register(self, tick: int) -> object:
        tags = {"name": f"2.{tick}", **_tags(tick)}
        return self.client.create_model_version(self.model, f"file:///models/{tick}", tags=tags)

    def promote(self, tick: int) -> object:
        return self.client.set_registered_model_alias(self.model, "production", str(self.other(tick)))

    def resolve(self, tick: int) -> object:
        return self.client.get_model_version_by_alias(self.model, "production")

    def list(self, tick: int) -> object:
        if self.shape.models == 1:
            return self._pages(lambda token: self.client.search_model_versions(f"name='{self.model}'", max_results=10_000, page_token=token))
        return self._pages(lambda token: self.client.search_registered_models(max_results=1_000, page_token=token))

    def _pages(self, page) -> list[object]:
        found: list[object] = []
        token = None
        while True:
            result = page(token)
            found += result
            token = result.token
            if not token:
                return found

    def history(self, tick: int) -> object:
        raise NotImplementedError


def _client(place: str) -> MlflowClient:
    uri = f"sqlite:///{place}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _tags(number: int) -> dict[str, str]:
    return {key: str(value) for group in facts(number).values() for key, value in group.items()}


def _fill(place: str, shape: Shape) -> None:
    """Put the versions in as rows like the ones that the client made: ten thousand calls would take minutes."""
    with sqlite3.connect(place) as db:
        for model in shape.names:
            _rows(db, "registered_models", [{"name": model}])
            _rows(db, "model_versions", [{"name": model, "version": n} for n in range(1, shape.versions + 1)])
            tags = [{"name": model, "version": n, "key": k, "value": v} for n in range(1, shape.versions + 1) for k, v in {"name": version_name(n), **_tags(n)}.items()]
            _rows(db, "model_version_tags", tags)
            db.execute("insert into registered_model_aliases (alias, version, name) values ('production', 1, ?)", (model,))
    db.close()


def _rows(db: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    found = db.execute(f"select * from {table} where name = 'seed'")
    columns = [column[0] for column in found.description]
    pattern = dict(zip(columns, found.fetchone(), strict=True))
    marks = ", ".join("?" * len(columns))
    db.executemany(f"insert into {table} ({', '.join(columns)}) values ({marks})", [tuple((pattern | row).values()) for row in rows])


PEER = MLflow
