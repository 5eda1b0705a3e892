"""Files that belong to a version: found, hashed, described. Nothing is opened but to be hashed."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from gitreg.errors import ConflictError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Artifact

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def described(given: Mapping[str, Any], root: str | None) -> dict[str, Any]:
    """Return *given* artifacts as the manifest records them; *root* is the registry's folder on disk, if any.

    Raises:
        UsageError: a local file does not exist, or a folder holds a link.
    """
    if not isinstance(given, Mapping):
        return given  # refused later, with its field
    return {name: _described(name, item, root) for name, item in given.items()}


def _described(name: str, item: Any, root: str | None) -> Any:
    fields = {"kind": "model", "uri": os.fspath(item)} if isinstance(item, (str, os.PathLike)) else item
    if not isinstance(fields, dict):
        return fields
    uri = fields.get("uri")
    if not isinstance(uri, (str, os.PathLike)) or fields.get("sha256") or fields.get("kind") == "service":
        return fields
    path = os.fspath(uri)
    if path.startswith("file://"):
        path = unquote(path.removeprefix("file://"))
    elif _ADDRESS.match(path):
        return fields
    if not os.path.exists(path):
        raise UsageError("artifact {name!r}: there is no file {path!r}", name=name, path=path, hint="give an address (s3://…) or the path of a file")
    return fields | {"uri": address(path, root)} | fingerprint(path)


def address(path: str, root: str | None) -> str:
    """Return how a manifest names a local file: relative to the registry's *root* inside it, else ``file://``."""
    full = os.path.realpath(path)
    if root and full.startswith(os.path.realpath(root) + os.sep):
        return os.path.relpath(full, os.path.realpath(root)).replace(os.sep, "/")
    return "file://" + quote(full)


def verified(name: str, artifact: Artifact, root: str | None) -> str:
    """Return the path of a recorded artifact on this machine, after comparing its digest with the record.

    Raises:
        UsageError: it is not a file here, but an address elsewhere.
        NotFoundError: the file is gone.
        ConflictError: the file is not the one that was registered.
    """
    path = local_path(artifact.uri, root)
    if path is None:
        raise UsageError("artifact {name!r} is not a file here: {uri}", name=name, uri=artifact.uri)
    if not os.path.exists(path):
        raise NotFoundError("the file of artifact {name!r} is gone: {path}", name=name, path=path)
    if artifact.sha256 is None:
        raise ConflictError("artifact {name!r} has no digest in the record, so that nobody can tell whether this is it: {path}", name=name, path=path)
    if fingerprint(path)["sha256"] != artifact.sha256:
        raise ConflictError("the file of artifact {name!r} is not the one that was registered: {path}", name=name, path=path)
    return path


def local_path(uri: str, root: str | None) -> str | None:
    """Return where *uri* lies on this machine, or None for an address elsewhere or a path out of *root*."""
    if uri.startswith("file://"):
        return unquote(uri.removeprefix("file://"))
    if _ADDRESS.match(uri) or root is None:
        return None
    path = os.path.realpath(os.path.join(root, uri))
    return path if path.startswith(os.path.realpath(root) + os.sep) else None


def fingerprint(path: str) -> dict[str, Any]:
    """Return ``sha256`` (hex) and ``size`` (bytes) of a file; of a folder those of its listing and ``folder``.

    A folder's listing has a line ``<sha256>  <size>  <path>`` a file, sorted bytewise, ``/`` between.

    Raises:
        UsageError: the folder holds a link, which is never followed, or something cannot be read.
    """
    try:
        if not os.path.isdir(path):
            if not os.path.isfile(path):  # a pipe would wait for ever
                raise UsageError("{path!r} is no regular file", path=path)
            return {"sha256": _digest(path), "size": os.path.getsize(path)}
        files = sorted(_files(path, ""), key=os.fsencode)
        sizes = [os.path.getsize(os.path.join(path, name)) for name in files]
        lines = [f"{_digest(os.path.join(path, name))}  {size}  {name}\n" for name, size in zip(files, sizes, strict=True)]
    except OSError as error:
        raise UsageError("{path!r} cannot be read: {reason}", path=error.filename or path, reason=error.strerror) from None
    listing = "".join(sorted(lines, key=os.fsencode))
    return {"sha256": hashlib.sha256(os.fsencode(listing)).hexdigest(), "size": sum(sizes), "folder": True}


def _files(top: str, below: str) -> Iterator[str]:
    with os.scandir(os.path.join(top, below)) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_symlink():
                raise UsageError("{path!r} is a link: a folder that is registered holds files only", path=os.path.join(top, name))
            if entry.is_dir():
                yield from _files(top, name)
            elif entry.is_file() and "\n" not in entry.name:
                yield name
            else:
                raise UsageError("{path!r} cannot be registered: a folder holds regular files, without line ends in their names", path=os.path.join(top, name))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
