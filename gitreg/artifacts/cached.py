"""A recorded artifact as a path of this machine: where it lies, or a copy in the cache folder that is compared with the record each time."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gitreg.artifacts import bringing, origins, places, pull, sources
from gitreg.artifacts.meter import meter
from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.records import FILE_NAME

if TYPE_CHECKING:
    from gitreg.artifacts.meter import Watch
    from gitreg.artifacts.reach import Reach
    from gitreg.records import Artifact


def fetched(name: str, artifact: Artifact, reach: Reach, watch: Watch | None = None) -> str:
    """Return the path of an artifact on this machine, compared with its digest now.

    A file here is where it lies, if it is called what it was called when it was registered. All else is a copy in the cache folder.

    Raises:
        UsageError: it is a service, or its address is not followed.
        NotFoundError: it is not where it was registered.
        ConflictError: it is something else, or no digest is recorded.
        BusyError: where it lies cannot be reached.
    """
    if artifact.kind == "service":
        raise UsageError("artifact {name!r} is a service, not a file: {uri}", name=name, uri=artifact.uri)
    if artifact.sha256 is None:
        raise ConflictError("artifact {name!r} has no digest in the record, so that nobody can tell whether this is it: {uri}", name=name, uri=artifact.uri)
    path = _in_place(artifact, reach)
    if path is not None:
        if bringing.is_there(artifact, path):
            return path
        if not os.path.lexists(path) and places.protocol_of(artifact.uri) is not None:
            raise NotFoundError("the file of artifact {name!r} is gone: {path}", name=name, path=path)
        if places.protocol_of(artifact.uri) is not None and not _is_pointer(artifact, reach):
            raise ConflictError("the file of artifact {name!r} is not the one that was registered: {path}", name=name, path=path)
    return _copy(name, artifact, reach, watch)


def _in_place(artifact: Artifact, reach: Reach) -> str | None:
    """Return where an artifact lies under the name it had, or None."""
    path = origins.local(artifact.uri, reach)
    if path is None or places.kept(artifact.uri, artifact.sha256) or (artifact.file and os.path.basename(path) != artifact.file):
        return None
    return path


def _is_pointer(artifact: Artifact, reach: Reach) -> bool:
    if artifact.folder:
        return False
    found = origins.source(artifact, reach)
    return isinstance(found, sources.File) and found.path != origins.local(artifact.uri, reach)


def _copy(name: str, artifact: Artifact, reach: Reach, watch: Watch | None) -> str:
    from platformdirs import user_cache_dir

    called = pull.called(artifact)
    folder = os.path.join(user_cache_dir("gitreg"), "artifacts", artifact.sha256 or "")
    path = os.path.join(folder, called if re.search(FILE_NAME, called) and not called.startswith(".") else "artifact")
    if bringing.is_there(artifact, path):
        return path
    os.makedirs(folder, mode=0o700, exist_ok=True)
    bringing.brought(name, artifact, path, reach, meter(watch, "fetching", artifact.size))
    return path
