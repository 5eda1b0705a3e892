"""Where a recorded artifact lies, and the files it is made of. Its digest decides what it is; its address only says where to look."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from gitreg.artifacts import landing, lfs, places, sources
from gitreg.artifacts.digest import fingerprint
from gitreg.errors import BusyError, ConflictError, NotFoundError, UsageError

if TYPE_CHECKING:
    from gitreg.artifacts.reach import Reach
    from gitreg.artifacts.sources import Source
    from gitreg.records import Artifact

_LARGEST_LISTING = 1 << 28  # bytes: some two million files
_LARGEST_COMMITTED = 1 << 28
_LINE = re.compile(rb"([0-9a-f]{64})  (0|[1-9][0-9]{0,17})  ([^\n]+)")


class Part(NamedTuple):
    """A file of an artifact: its path in a folder (empty of a single file), and its digest and size if they are known."""

    path: str
    source: Source
    sha256: str | None
    size: int


def parts(artifact: Artifact, reach: Reach) -> list[Part]:
    """Return the files that an artifact is made of, where they lie now.

    Raises:
        NotFoundError: it is not there.
        ConflictError: it is there, but something else.
        BusyError: where it lies cannot be reached.
        UsageError: its address is not followed.
    """
    store = places.kept(artifact.uri, artifact.sha256)
    if store and artifact.folder:
        return _listed(artifact, store, reach)
    if not artifact.folder:
        return [Part("", source(artifact, reach), artifact.sha256, -1 if artifact.size is None else artifact.size)]
    path = local(artifact.uri, reach)
    if path is None:
        system = reach.systems.of(artifact.uri)
        top = artifact.uri.rstrip("/")
        found = system.files(system.path(top))
        if not found:
            raise NotFoundError("there is no folder {uri}", uri=artifact.uri)
        return [Part(safe(name), sources.Stored(system, f"{top}/{name}"), None, size) for name, size in found]
    return _folder(artifact, path)


def _folder(artifact: Artifact, path: str) -> list[Part]:
    if not os.path.isdir(path):
        raise (ConflictError if os.path.exists(path) else NotFoundError)("there is no folder {path!r}", path=path)
    found = fingerprint(path)
    if found.sha256 != artifact.sha256:
        raise ConflictError("the folder {path!r} is not what was registered", path=path)
    if found.absent:
        raise NotFoundError("{path!r} is a pointer of Git LFS whose file is not here", path=os.path.join(path, found.absent), hint="git lfs pull")
    return [Part(file.path, sources.File(file.source or ""), file.sha256, file.size) for file in found.files]


def source(artifact: Artifact, reach: Reach) -> Source:
    """Return what the file of an artifact is read from; the same errors as :func:`parts`."""
    path = local(artifact.uri, reach)
    if path is None and places.protocol_of(artifact.uri) is None:
        found = _committed(artifact, reach)
        if found is None:
            raise NotFoundError("there is no file {uri!r} in this repository", uri=artifact.uri)
        return found
    if path is None:
        return sources.Stored(reach.systems.of(artifact.uri), artifact.uri)
    if places.protocol_of(artifact.uri) is None and artifact.sha256 and not landing.right(path, artifact.sha256):
        return _pointed(artifact, path) or _committed(artifact, reach) or _file(artifact, path, reach)
    return _pointed(artifact, path) or _file(artifact, path, reach)


def _file(artifact: Artifact, path: str, reach: Reach) -> sources.File:
    """Return the file at *path*; where it is not in its store, the store itself is looked for: its disk may not be mounted."""
    store = places.kept(artifact.uri, artifact.sha256)
    top = local(store, reach) if store else None
    if top and not os.path.exists(path) and not os.path.isdir(os.path.join(top, places.SHELF)):
        raise BusyError("the store {store!r} is not here", store=top, hint="see that its disk is mounted, and try again")
    return sources.File(path)


def local(uri: str, reach: Reach) -> str | None:
    """Return the path of what lies on this machine, or None for what lies elsewhere.

    Raises:
        BusyError: it names a file of the machine that registered it, and this registry was opened by its address.
        UsageError: it leads out of the repository.
    """
    protocol = places.protocol_of(uri)
    if protocol in places.LOCAL and reach.near.by_address:
        raise BusyError("{uri} is a file of the machine that registered it, and this registry was opened by its address", uri=uri, hint="git clone, and gitreg -R FOLDER, where you trust it")
    path = places.local_path(uri, reach.near.root)
    if path is None and protocol is None and reach.near.root is not None:
        raise UsageError("{uri!r} leads out of the repository", uri=uri)
    return path


def _pointed(artifact: Artifact, path: str) -> Source | None:
    """Return the file that a pointer of Git LFS at *path* stands for, or None where there is no such pointer."""
    try:
        with open(path, "rb") as file:
            pointer = lfs.pointer(file.read(4096)) if os.path.isfile(path) else None
    except OSError:
        return None
    if pointer is None or pointer.sha256 != artifact.sha256:
        return None
    place = lfs.object_of(path, pointer)
    if place is None:
        raise NotFoundError("{path!r} is a pointer of Git LFS whose file is not here", path=path, hint="git lfs pull")
    return sources.File(place)


def _committed(artifact: Artifact, reach: Reach) -> Source | None:
    data = reach.near.committed(artifact.uri, _LARGEST_COMMITTED)
    same = data is not None and hashlib.sha256(data).hexdigest() == artifact.sha256
    return sources.Text(data) if data is not None and same else None


def _listed(artifact: Artifact, store: str, reach: Reach) -> list[Part]:
    """Return the files of a folder as the listing in the store names them."""
    listing = source(artifact, reach)
    data = bytearray()
    for block in listing.blocks():
        data += block
        if len(data) > _LARGEST_LISTING:
            raise ConflictError("{uri} is no listing of a folder: it is too large", uri=artifact.uri)
    if hashlib.sha256(data).hexdigest() != artifact.sha256:
        raise ConflictError("{uri} is not what was registered: its digest is another", uri=artifact.uri)
    return [_of_line(line, store, reach) for line in bytes(data).split(b"\n")[:-1]]


def _of_line(line: bytes, store: str, reach: Reach) -> Part:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ConflictError("a listing has a line that names no file: {line!r}", line=line[:100])
    sha256, uri = match[1].decode(), f"{store}/{places.key(match[1].decode())}"
    path = local(uri, reach)
    found = sources.File(path) if path is not None else sources.Stored(reach.systems.of(uri), uri)
    return Part(safe(os.fsdecode(match[3])), found, sha256, int(match[2]))


def safe(path: str) -> str:
    """Return the path of a file in a folder, as strangers name it.

    Raises:
        ConflictError: it would lead out of the folder.
    """
    if any(step in ("", ".", "..") for step in path.split("/")) or "\0" in path or os.path.isabs(path):
        raise ConflictError("{path!r} would lead out of its folder", path=path)
    return path
