"""An artifact brought to a path of this machine: verified before it has its name, resumed where it broke off."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from gitreg.artifacts import digest, landing, origins, parallel
from gitreg.errors import ConflictError, GitregError, UsageError

if TYPE_CHECKING:
    from gitreg.artifacts.meter import Told
    from gitreg.artifacts.origins import Part
    from gitreg.artifacts.reach import Reach
    from gitreg.records import Artifact


def is_there(artifact: Artifact, path: str) -> bool:
    """Tell whether *path* is what was registered; it is read."""
    if not artifact.folder:
        return artifact.sha256 is not None and landing.right(path, artifact.sha256)
    if os.path.islink(path) or not os.path.isdir(path):
        return False
    try:
        found = digest.fingerprint(path)
    except GitregError:
        return False
    return found.sha256 == artifact.sha256 and found.absent is None


def brought(name: str, artifact: Artifact, path: str, reach: Reach, told: Told) -> None:
    """Bring an artifact to *path*; what stands there is replaced when all of it has arrived.

    Raises:
        NotFoundError: it is not where it was registered.
        ConflictError: what is there is something else.
        BusyError: where it lies cannot be reached, or *path* cannot be written.
    """
    part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.part")
    try:
        _brought(name, artifact, (part, path), reach, told)
    except (GitregError, KeyboardInterrupt):
        for top in (part, f"{part}s"):
            _without_empty(top)
        raise


def _brought(name: str, artifact: Artifact, way: tuple[str, str], reach: Reach, told: Told) -> None:
    part, path = way
    found = origins.parts(artifact, reach)
    if not artifact.folder:
        wanted = _wanted(name, found[0])
        if os.path.isdir(path) and not os.path.islink(path):
            landing.landed(wanted, f"{part}s", part, told=told)
            removed(path)
            os.rename(part, path)
        else:
            landing.landed(wanted, part, path, told=told)
        return
    _filled(name, found, part, told)
    if digest.fingerprint(part).sha256 != artifact.sha256:
        shutil.rmtree(part)  # an earlier try, of something else
        _filled(name, found, part, told)
        if digest.fingerprint(part).sha256 != artifact.sha256:
            shutil.rmtree(part)
            raise ConflictError("artifact {name!r} is not what was registered: {uri}", name=name, uri=artifact.uri)
    if os.path.lexists(path):
        removed(path)
    os.rename(part, path)


def _without_empty(top: str) -> None:
    """Remove the folders in which nothing has arrived yet."""
    for folder, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def removed(path: str) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _wanted(name: str, part: Part) -> landing.Wanted:
    assert part.sha256 is not None
    return landing.Wanted(part.source, part.sha256, part.size, f"artifact {name!r}")


def _filled(name: str, found: list[Part], top: str, told: Told) -> None:
    """Write the files of a folder below *top*; those that are on their way lie beside it."""
    if os.path.islink(top):
        raise ConflictError("{path!r} is a link", path=top)
    os.makedirs(top, exist_ok=True)

    def one(part: Part) -> None:
        target = os.path.join(top, part.path)
        _no_links(top, part.path)
        if part.sha256 is None:
            _copied(part, target, told)
        elif not landing.right(target, part.sha256, part.size):
            landing.landed(_wanted(name, part), os.path.join(f"{top}s", part.sha256), target, told=told)

    parallel.mapped(one, found, parallel.WAITING)
    shutil.rmtree(f"{top}s", ignore_errors=True)


def _no_links(top: str, path: str) -> None:
    """Refuse to write through a link that somebody put there."""
    folder = top
    for step in path.split("/"):
        folder = os.path.join(folder, step)
        if os.path.islink(folder):
            raise ConflictError("{path!r} is a link", path=folder)


def _copied(part: Part, target: str, told: Told) -> None:
    """Write a file whose digest only its folder's tells."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        with open(target, "wb") as file:
            for block in part.source.blocks():
                file.write(block)
                told(len(block))
    except OSError as error:
        raise UsageError("{path!r} cannot be written: {reason}", path=target, reason=error.strerror) from None
