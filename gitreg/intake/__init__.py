"""What a person has already, as facts of a version: a file of metrics, the folder of an MLflow run, a model card of Hugging Face.

What a file is, its content says; what is none of these is refused, and nothing is guessed. Nothing of it is run, no link in
it is followed, and nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what is known of a version from what a person has at *path*: arguments of :meth:`Registry.register`, and ``card``.

    It is the folder of an MLflow run, a model card with YAML between two lines of ``---`` (of Hugging Face), or a file of
    metrics; ``card`` has fields of the model's own card. Files of a run are its artifacts, by their paths.

    Raises:
        NotFoundError: there is nothing at *path*.
        UsageError: it cannot be read.
        InvalidError: it is none of these, or not sound; file, line and field are named.
    """
    from gitreg.intake import documents, files, mlflow, modelcard, numbers

    if files.is_folder(path):
        return files.readable(mlflow.read, path)
    card = modelcard.front(path)
    if card:
        return modelcard.facts(card)
    found = numbers.of(documents.read(path))
    if not found:
        files.refuse("there are no metrics in it", path)
    return {"metrics": found}


def metrics(path: str | os.PathLike[str]) -> dict[str, int | float]:
    """Return the metrics in a JSON or YAML file by their dotted names: ``{"val": {"loss": 0.1}}`` gives ``val.loss``.

    What ``dvc metrics show --json`` prints is understood too. Only numbers are metrics.

    Raises:
        NotFoundError: there is no such file.
        InvalidError: it is no file of metrics; file, line and field are named.
    """
    from gitreg.intake import numbers

    return numbers.read(path)


def merged(paths: Any, given: Mapping[str, Any], *, tags: str = "tags") -> dict[str, Any]:
    """Return the facts in the files or folders at *paths* with *given* ones over them, which win.

    *paths* is one path or several. Maps are merged key by key, tags put together; those of the files are called *tags*, which
    is ``add_tags`` for a version that is there.

    Raises:
        UsageError: *paths* is no path, two of them disagree about what is not *given*, or one cannot be read.
        NotFoundError: there is nothing at one of them.
        InvalidError: one is nothing that is understood, or not sound.
    """
    from gitreg.intake import merge

    found = merge.together([(path, read(path)) for path in merge.listed(paths)], given)
    return merge.over({tags if name == "tags" else name: fact for name, fact in found.items()}, given)
