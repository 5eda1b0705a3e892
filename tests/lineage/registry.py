"""A registry in memory whose versions came from somewhere."""

from __future__ import annotations

from gitreg.records import CI, Artifact, Code, Environment, Link, Run
from tests.operations.views import DictView, Model, card, held, manifest

TRAIN, TEST = "a" * 64, "b" * 64
COMMIT = "c" * 40
REPOSITORY = "https://git.example.org/team/iris"


def data(uri: str, sha256: str | None = None, **facts) -> Artifact:
    return Artifact(kind="data", uri=uri, sha256=sha256, **facts)


def run(run_id: str = "42", **facts) -> Run:
    code = Code(repository=REPOSITORY, commit=COMMIT, dirty=False)
    return Run(**{"id": run_id, "pipeline": "training", "step": "fit", "code": code, "ci": CI(url="https://ci.example.org/42"), **facts})


def linked(**uris: str) -> dict[str, Link]:
    return {name: Link(uri=uri) for name, uri in uris.items()}


def registry(**models) -> DictView:
    """Return a registry: a list of a model's manifests' facts by its name; ``stages`` are pointers by model."""
    pointers = models.pop("stages", {})
    made = {
        name.replace("__", "/"): Model(card(name.replace("__", "/")), pointers.get(name, held()), {n: manifest(n, **facts) for n, facts in enumerate(versions, 1)})
        for name, versions in models.items()
    }
    return DictView(made)


def chain(length: int) -> DictView:
    """Return a model each of whose versions was made from the one before."""
    return registry(iris=[{"links": linked(base=f"iris@{n - 1}") if n > 1 else {}} for n in range(1, length + 1)])


__all__ = ["COMMIT", "REPOSITORY", "TEST", "TRAIN", "Code", "Environment", "chain", "data", "linked", "registry", "run"]
