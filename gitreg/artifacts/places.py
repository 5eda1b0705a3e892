"""Addresses of artifacts: which are local paths, which are followed at all, and what may stand in a manifest."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from gitreg.errors import InvalidError, UsageError
from gitreg.secrets import QUERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.store.snapshot import Snapshot

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_CHAIN = "::"  # fsspec would open one address through another
_KEPT = re.compile(r"(.+)/sha256/([0-9a-f]{2})/(\2[0-9a-f]{62})\Z", re.DOTALL)

# what is followed, and the package that speaks it; others run programs, open other addresses or make up what they read
PROTOCOLS = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "hdfs": "pyarrow", "webhdfs": "requests", "memory": "fsspec",
}  # fmt: skip
LOCAL = ("file", "local")
READ_ONLY = ("http", "https")
SHELF = "sha256"  # a store's folder of what it keeps by digest
_UNNAMED = ("memory",)  # for tests: it ends with the process


class Around(NamedTuple):
    """What addresses of a registry are relative to: the repository's folder, and that of ``gitreg.yaml`` in it; None where there are none on disk.

    ``by_address`` is true of a registry that was opened by its address: a path in it names a file of somebody else's machine.
    ``committed`` returns a file of the commit that was read, if it is there and no larger than this many bytes.
    """

    root: str | None
    base: str | None
    by_address: bool = False
    committed: Callable[[str, int], bytes | None] = lambda path, most: None  # noqa: ARG005


def around(snapshot: Snapshot) -> Around:
    """Return what addresses in *snapshot* are relative to."""
    repo = snapshot.repo
    root = repo.worktree

    def committed(path: str, most: int) -> bytes | None:
        if not path.isprintable():
            return None
        found = repo.reader.read(f"{snapshot.commit}:{path}", most)
        return found.data if found and found.type == "blob" else None

    return Around(root, os.path.join(root, snapshot.prefix) if root else None, repo.reader.disposable, committed)


def address(path: str, root: str | None) -> str:
    """Return how a manifest names a local file: relative to the registry's *root* inside it, else ``file://``."""
    full = os.path.realpath(path)
    if root and _inside(full, root):
        return os.path.relpath(full, os.path.realpath(root)).replace(os.sep, "/")
    return "file://" + quote(os.fsencode(full))


def local_path(uri: str, root: str | None) -> str | None:
    """Return where *uri* lies on this machine, or None for an address elsewhere or a path out of *root*."""
    protocol = protocol_of(uri)
    if protocol in LOCAL:
        return os.fsdecode(unquote_to_bytes(uri.partition("://")[2]))
    if protocol or root is None:
        return None
    path = os.path.realpath(os.path.join(root, uri))
    return path if _inside(path, root) else None


def _inside(path: str, root: str) -> bool:
    """Tell whether a real path lies in the repository, and not in its git folder, which no clone shares."""
    top = os.path.realpath(root) + os.sep
    return path.startswith(top) and path[len(top) :].split(os.sep)[0] != ".git"


def protocol_of(uri: str) -> str | None:
    """Return the protocol of an address, in small letters, or None for a path."""
    match = _ADDRESS.match(uri)
    return match[1].lower() if match else None


def problem(uri: str, but: tuple[str, ...] = ()) -> str | None:
    """Return why an address is not followed, or None if it is; the reason names what is, *but* for some."""
    match = _ADDRESS.match(uri)
    if _CHAIN in uri:
        return "it opens one address through another"
    if match and match[1].lower() not in (*PROTOCOLS, *LOCAL):
        return f"{match[1]!r} is none of {', '.join(name for name in (*LOCAL, *PROTOCOLS) if name not in (*_UNNAMED, *but))}"
    return None


def secret(uri: str) -> bool:
    """Tell whether an address holds what would let anybody in who reads it."""
    match = _ADDRESS.match(uri)
    if not match:
        return False
    user, at, _ = match[2].partition("/")[0].rpartition("@")
    named = match[1].lower() in ("sftp", "ssh", "hdfs", "abfs", "abfss")  # a user or a container, which is no secret
    return bool(at and (":" in user or not named)) or QUERY.search(uri) is not None


def without_secret(name: str, uri: str) -> str:
    """Return *uri* if it may be recorded for everybody to read.

    Raises:
        UsageError: it holds a password, a key or a signature.
    """
    if secret(uri):
        raise UsageError("artifact {name!r}: its address holds a password, key or signature, which would be recorded for ever", name=name, hint="give the address without it, and the key through the environment")
    return uri


def store_of(snapshot: Snapshot, near: Around) -> str | None:
    """Return the address that ``artifacts:`` of ``gitreg.yaml`` names, an absolute path where it is a local folder, or None where it is not set.

    Raises:
        InvalidError: it is not followed, holds a secret, or is relative where there is no folder on disk.
    """
    given = snapshot.config.artifacts
    if not given:
        return None
    found = _store_problem(given, near)
    if found:
        raise InvalidError(found, path="gitreg.yaml", line=snapshot.line_of("gitreg.yaml", ("artifacts",)), field="artifacts", rule="R02", hint="edit gitreg.yaml: artifacts is a folder or an address such as s3://bucket/prefix")
    path = local_path(given, None) if protocol_of(given) else os.path.join(near.base or "", given)
    return os.path.normpath(path) if path is not None else given.rstrip("/")


def _store_problem(given: str, near: Around) -> str | None:
    protocol = protocol_of(given)
    local = not protocol or protocol in LOCAL
    if near.by_address and local:
        return f"{given!r} is a folder of another machine: this registry was opened by its address"
    if not protocol and not os.path.isabs(given) and near.base is None:
        return f"{given!r} is relative to a folder, and this registry has none on this machine"
    return fault(given)


def fault(given: str) -> str | None:
    """Return why nothing can be kept at an address, whatever machine asks, or None."""
    protocol = protocol_of(given)
    if secret(given):
        return "this address holds a password, key or signature, which everybody can read here"
    if not given or "?" in given or "#" in given or not given.isprintable():
        return f"{given!r} is not the address of a folder"
    if protocol in READ_ONLY:
        return f"nothing can be written to {protocol}"
    why = problem(given, but=READ_ONLY)
    return f"{given!r} is not followed: {why}" if why else None


def key(sha256: str) -> str:
    """Return where a store keeps what has this digest: ``sha256/ab/ab12…``."""
    return f"{SHELF}/{sha256[:2]}/{sha256}"


def kept(uri: str, sha256: str | None) -> str | None:
    """Return the address of the store that keeps *uri* by this digest, or None where it stands elsewhere."""
    match = _KEPT.match(uri)
    return match[1] if match and match[3] == sha256 else None
