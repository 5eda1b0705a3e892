"""Artifacts of a version brought into a folder, each under its name, none of them outside."""

from __future__ import annotations

import contextlib
import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from gitreg.artifacts import bringing, places
from gitreg.artifacts.meter import meter
from gitreg.artifacts.outcomes import Pulled
from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitreg.artifacts.meter import Told, Watch
    from gitreg.artifacts.outcomes import State
    from gitreg.artifacts.reach import Reach
    from gitreg.records import Artifact, ModelVersion

_LONGEST = 200  # bytes: file systems take 255, and a part of a file has a longer name
_ENDING = re.compile(r"(?:\.tar)?\.[A-Za-z0-9_-]{1,16}\Z")


def folder_of(version: ModelVersion) -> str:
    """Return the folder that a version is pulled to where none is given: ``team-iris-7``."""
    return version.id.replace("/", "-").replace("@", "-")


def pulled(version: ModelVersion, folder: str, only: Sequence[str] | None, reach: Reach, *, force: bool, watch: Watch | None) -> tuple[Pulled, ...]:
    """Bring the artifacts of *version* into *folder*, those named by *only* where that is given; services are passed over.

    Raises:
        NotFoundError: the version has no artifact of that name, or it is not where it was registered.
        ConflictError: something else is there, here or where it was registered, or one has no digest: ``pulled`` is then what was pulled.
        BusyError: where it lies cannot be reached, or the folder cannot be written.
    """
    wanted = _chosen(version, only)
    _check_names(version, wanted)
    told = meter(watch, "pulling", sum(artifact.size or 0 for artifact in wanted.values()))
    with _made(folder):
        return _pulled(version, folder, wanted, (reach, told), force=force)


def _pulled(version: ModelVersion, folder: str, wanted: dict[str, Artifact], way: tuple[Reach, Told], *, force: bool) -> tuple[Pulled, ...]:
    reach, told = way
    there = _there(folder, wanted, force=force)
    done = tuple(_one(name, artifact, folder, told, None if name in there else reach) for name, artifact in wanted.items())
    unproven = [each.name for each in done if each.state == "unproven"]
    if unproven:
        raise ConflictError("{names} of {id}: no digest is recorded, so that nobody can tell whether it is what was registered", names=", ".join(map(repr, unproven)), id=version.id, pulled=done)
    return done


@contextlib.contextmanager
def _made(folder: str) -> Iterator[None]:
    """Make *folder*; where what is done in it fails, and nothing is in it, whatever was made of it is removed."""
    new, above = [], os.path.abspath(folder)
    while not os.path.lexists(above):
        new.append(above)
        above = os.path.dirname(above)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BusyError("{path}: {reason}", path=error.filename or folder, reason=error.strerror or str(error)) from None
    try:
        yield
    except (GitregError, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            for made in new:
                os.rmdir(made)
        raise


def _chosen(version: ModelVersion, only: Sequence[str] | None) -> dict[str, Artifact]:
    for name in only or ():
        if name not in version.artifacts:
            known = ", ".join(version.artifacts) or "none"
            raise NotFoundError("{id} has no artifact {name!r}: it has {known}", id=version.id, name=name, known=known)
    chosen = {name: artifact for name, artifact in version.artifacts.items() if only is None or name in only}
    return {name: artifact for name, artifact in chosen.items() if artifact.kind != "service"}


def _check_names(version: ModelVersion, wanted: dict[str, Artifact]) -> None:
    """Refuse where two artifacts would land in one file, also on a disk that takes small letters for capitals."""
    landed: dict[str, str] = {}
    for name, artifact in wanted.items():
        other = landed.setdefault(landing_name(name, artifact).casefold(), name)
        if other != name:
            raise ConflictError("artifacts {other!r} and {name!r} of {id} would be one file: {file!r}", other=other, name=name, id=version.id, file=landing_name(name, artifact), hint=f"gitreg pull {version.id} --artifact NAME -o DIR, each into a folder of its own")


def _there(folder: str, wanted: dict[str, Artifact], *, force: bool) -> set[str]:
    """Return the artifacts that are there; before anything is brought, see that nothing else is in the way."""
    there = set()
    for name, artifact in wanted.items():
        path = os.path.join(folder, landing_name(name, artifact))
        if not os.path.lexists(path) or artifact.sha256 is None:
            continue
        if bringing.is_there(artifact, path):
            there.add(name)
        elif not force:
            raise ConflictError("{path!r} is something else than artifact {name!r}", path=path, name=name, hint="add --force to replace it, or choose another folder with -o")
    return there


def _one(name: str, artifact: Artifact, folder: str, told: Told, reach: Reach | None) -> Pulled:
    """Bring an artifact by way of *reach*; without, it is there."""
    if artifact.sha256 is None:
        return _said(name, artifact, "unproven")
    path = os.path.join(folder, landing_name(name, artifact))
    if reach is None:
        told(artifact.size or 0)
        return _said(name, artifact, "there", path)
    bringing.brought(name, artifact, path, reach, told)
    return _said(name, artifact, "pulled", path)


def _said(name: str, artifact: Artifact, state: State, path: str | None = None) -> Pulled:
    return Pulled(name=name, kind=artifact.kind, state=state, path=path, sha256=artifact.sha256, size=artifact.size)


def landing_name(name: str, artifact: Artifact) -> str:
    """Return the file name that an artifact is pulled to: its own name, with the ending that the file had where it was registered.

    What could leave the folder, or be hidden in it, is written as in an address: ``../x`` becomes ``%2E.%2Fx``.
    """
    safe = "".join(sign if sign.isalnum() or (sign.isprintable() and sign not in "/\\%") else quote(sign, safe="") for sign in name)
    safe = f"%2E{safe[1:]}" if safe.startswith(".") else safe
    if len(os.fsencode(safe)) > _LONGEST:
        safe = safe.encode("utf-8", "surrogateescape")[: _LONGEST - 20].decode("utf-8", "ignore") + "-" + sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    ending = "" if artifact.folder else ending_of(called(artifact))
    return safe if safe.lower().endswith(ending.lower()) else safe + ending


def ending_of(file: str) -> str:
    """Return how a file's name ends, ``.tar.gz`` too, or nothing."""
    match = _ENDING.search(file)
    return match[0] if match and match.start() else ""


def called(artifact: Artifact) -> str:
    """Return what an artifact's file was called where it was registered, as far as is known."""
    if artifact.file:
        return artifact.file
    if places.kept(artifact.uri, artifact.sha256):
        return ""
    last = artifact.uri.partition("?")[0].rstrip("/").rpartition("/")[2]
    return unquote(last) if places.protocol_of(artifact.uri) else last
