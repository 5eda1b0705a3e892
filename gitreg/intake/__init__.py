"""What a person has already, as facts of a version: a file of metrics, the folder of an MLflow run, a model card of Hugging Face.

What a file is, its content says; what is none of these is refused, and nothing is guessed. Nothing of it is run, no link in
it is followed, and nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


def metrics(path: str | os.PathLike[str]) -> dict[str, int | float]:
    """Return the metrics in a JSON or YAML file by their dotted names: ``{"val": {"loss": 0.1}}`` gives ``val.loss``.

    What ``dvc metrics show --json`` prints is understood too. Only numbers are metrics.

    Raises:
        NotFoundError: there is no such file.
        InvalidError: it is no file of metrics; file, line and field are named.
    """
    from gitreg.intake import numbers

    return numbers.read(path)
