"""What a step returns under a name: a number is a metric, anything else an artifact of the version.

A return value has a name by its annotation: ``-> Annotated[Path, "report"]``, or ``Annotated[DataFrame, ArtifactConfig("train",
kind="data")]``; in a tuple each value may have one. A path is the file or folder it names. Other values are written to a file:
text and JSON-like values, NumPy arrays, and what is neither as a pickle, which gitreg itself never loads.
"""

from __future__ import annotations

import inspect
import json
import os
import pickle
import re
import shutil
import tempfile
import typing
from functools import lru_cache
from numbers import Real
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from gitreg import warned
from gitreg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.records import Kind
    from gitreg.runs.tracked import Tracked


class ArtifactConfig(NamedTuple):
    """The name of a return value, and what it is: of the ``model``, or the ``data`` that the version is made of."""

    name: str
    kind: Kind = "model"


@lru_cache(maxsize=1024)
def named(function: Callable[..., Any]) -> tuple[tuple[ArtifactConfig | None, ...], bool]:
    """Return the names of what *function* returns, None where there is none, and whether it returns a tuple of them."""
    hint = _return_hint(function)
    if typing.get_origin(hint) is tuple and Ellipsis not in typing.get_args(hint):
        return tuple(_config(each) for each in typing.get_args(hint)), True
    return (_config(hint),), False


def _return_hint(function: Callable[..., Any]) -> Any:
    """Return the annotation of what *function* returns; a name in it that is only there for types stands for anything."""
    holder = SimpleNamespace(__annotations__={"return": inspect.get_annotations(function).get("return")})
    known: dict[str, Any] = {}
    while True:
        try:
            return typing.get_type_hints(holder, getattr(function, "__globals__", {}), known, include_extras=True)["return"]
        except NameError as error:
            if error.name is None or error.name in known:
                return None
            if error.name in ("Annotated", "ArtifactConfig"):
                warned.warn(f"step {function.__name__}: what it returns has no name, for {error.name} is only there for types: import it outside of TYPE_CHECKING")
                return None
            known[error.name] = Any
        except (TypeError, AttributeError, SyntaxError):
            return None


def _config(hint: Any) -> ArtifactConfig | None:
    if typing.get_origin(hint) is not Annotated:
        return None
    found = (each for each in hint.__metadata__ if isinstance(each, (str, ArtifactConfig)))
    first = next(found, None)
    return ArtifactConfig(first) if isinstance(first, str) else first


def recorded(function: Callable[..., Any], value: Any, tracked: Tracked | None, step: str | None) -> None:
    """Log what *function* returned under names on the version *tracked*, as *step* of the run.

    Raises:
        UsageError: a value cannot be written to a file, or a number is not finite.
    """
    configs, many = named(function)
    if tracked is None or not any(configs):
        return
    values = value if many else (value,)
    if many and (not isinstance(value, (tuple, list)) or len(value) != len(configs)):
        raise UsageError("{name} is to return {count} values, as its annotation says", name=function.__name__, count=len(configs))
    for config, each in zip(configs, values, strict=True):
        if config and each is not None:
            before = tracked.returned.setdefault(config.name, step)
            if before != step:
                warned.warn(f"steps {before} and {step} both return {config.name!r}: the last one counts")
            _log(tracked, config, each)


def _log(tracked: Tracked, config: ArtifactConfig, value: Any) -> None:
    if isinstance(value, Real) and not isinstance(value, bool):
        tracked.log(metrics={config.name: value})
    elif isinstance(value, os.PathLike):
        tracked.log(artifacts=tracked.described({config.name: {"kind": config.kind, "uri": os.fspath(value)}}))
    else:
        with tempfile.TemporaryDirectory(prefix="gitreg-") as folder:
            file = _file(os.path.join(folder, _base(config.name)), config.name, value)
            tracked.log(artifacts=tracked.kept({config.name: {"kind": config.kind, "uri": file}}))


def _base(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) else "value"


def _file(base: str, name: str, value: Any) -> str:
    """Write *value* to a file that begins with *base*; returns the file."""
    ending, write = _writer(value)
    try:
        with open(base + ending, "wb") as file:
            write(file)
    except (TypeError, ValueError, AttributeError, RecursionError, pickle.PicklingError) as error:
        raise UsageError("{name!r} cannot be written to a file: {error}", name=name, error=error, hint="return the path of a file that the step wrote") from None
    return base + ending


def _writer(value: Any) -> tuple[str, Callable[[Any], object]]:
    if isinstance(value, (bytes, bytearray)):
        return ".bin", lambda file: file.write(value)
    if isinstance(value, str):
        return ".txt", lambda file: file.write(value.encode())
    if isinstance(value, (bool, dict, list)) and (text := _json(value)) is not None:
        return ".json", lambda file: file.write(text.encode())
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "dtype") and not value.dtype.hasobject:
        import numpy as np

        return ".npy", lambda file: np.save(file, value, allow_pickle=False)
    return ".pkl", lambda file: pickle.dump(value, file, protocol=5)


def _json(value: Any) -> str | None:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False) + "\n"
    except (TypeError, ValueError, RecursionError):
        return None


def set_aside(file: str, folder: str, digest: str) -> str:
    """Copy *file* into *folder*, below its *digest*; returns where it is now. What is there already is the same."""
    place = os.path.join(folder, "sha256", digest[:2], digest, os.path.basename(file))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if not os.path.exists(place):
        part = f"{place}.{os.getpid()}"
        with open(file, "rb") as source, open(part, "wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())  # a commit will name it
        os.replace(part, place)
    return place
