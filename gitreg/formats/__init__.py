"""What a model's file says of itself in its header: its format, and where a plain header gives them framework, version and shapes.

Nothing is unpickled, run or fetched, and no more than a bounded part of a file is read. Files are strangers': one that lies,
or ends too early, gives less or nothing, never an error.
"""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Header = dict[str, Any]

ENDINGS = (".safetensors", ".onnx", ".pkl", ".pickle", ".joblib", ".pt", ".pth")
_MOST_FILES = 20  # of a folder that are looked into
_MOST_SEEN = 10_000  # names in a folder that are looked at


def header(path: str | os.PathLike[str]) -> Header | None:
    """Return what a model's file says of itself, JSON-like and small, or None where it says nothing that is understood.

    ``format`` is always there: ``safetensors``, ``onnx``, ``pickle`` or ``pytorch``. The others depend on it:
    ``framework`` and ``framework_version``, ``class``, ``parameters`` (how many numbers), ``bytes`` (of them), ``dtypes``, ``tensors``
    (shapes by name), ``inputs`` and ``outputs`` (type and shape by name), ``opset``, ``producer``.

    Raises:
        OSError: the file cannot be read.
    """
    name = os.fspath(path)
    if not stat.S_ISREG(os.stat(name).st_mode):  # a pipe would wait for ever
        return None
    with open(name, "rb") as file:
        return _of(file, os.fstat(file.fileno()).st_size, os.path.splitext(name)[1].lower())


def _of(file: IO[bytes], size: int, ending: str) -> Header | None:
    from gitreg.formats import onnx, pickles, safetensors, torch

    start = file.read(64)
    found = safetensors.header(file, size) if start[8:9] == b"{" else None
    if found is None and torch.is_zip(start):
        return torch.header(file)
    if found is None and ending == ".onnx":
        return onnx.header(file, size)
    if found is None and pickles.is_one(start, ending):
        return pickles.header(file, size)
    return found


def headers(artifacts: Mapping[str, Any]) -> dict[str, Header]:
    """Return the headers of those *artifacts* that are local files of kind ``model``, by the name of the artifact.

    In a folder they are those of its files, by ``<artifact>/<path>``. *artifacts* are as a caller gives them: a path, or a map with
    ``uri``; what cannot be read is left out, since whoever hashes it says why.
    """
    found: dict[str, Header] = {}
    for name, item in artifacts.items() if hasattr(artifacts, "items") else ():
        path = _local(item)
        if path is not None:
            found.update(_below(name, path))
    return found


def _local(item: Any) -> str | None:
    fields = item if isinstance(item, dict) else {"kind": "model", "uri": item}
    uri = fields.get("uri")
    if fields.get("kind") != "model" or not isinstance(uri, (str, os.PathLike)):
        return None
    path = os.fspath(uri)
    return unquote(path.removeprefix("file://")) if isinstance(path, str) and path.startswith("file://") else path


def _below(name: str, path: str) -> Iterator[tuple[str, Header]]:
    try:
        if not os.path.isdir(path):
            read = {name: header(path)}
        else:
            read = {f"{name}/{file}": header(os.path.join(path, file)) for file in _model_files(path)}
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return
    several = len([one for one in read.values() if one]) > 1
    for key, one in read.items():
        if one:
            yield key, {field: value for field, value in one.items() if field != "tensors"} if several else one


def _model_files(folder: str) -> list[str]:
    """Return the paths of a folder's first files that look like a model's, links left out."""
    found, seen = [], 0
    for top, folders, files in os.walk(folder):
        folders.sort()
        seen += len(files) + len(folders)
        if seen > _MOST_SEEN:
            break
        paths = [os.path.join(top, file) for file in sorted(files) if file.lower().endswith(ENDINGS)]
        found += [os.path.relpath(path, folder).replace(os.sep, "/") for path in paths if stat.S_ISREG(os.lstat(path).st_mode)]
    return found[:_MOST_FILES]
