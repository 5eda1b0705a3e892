"""Everything that is recorded, read again and compared with its digest: each address once, several at a time."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from gitreg.artifacts import digest, origins, parallel
from gitreg.artifacts.meter import meter
from gitreg.artifacts.outcomes import Verified
from gitreg.errors import BusyError, ConflictError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitreg.artifacts.meter import Told, Watch
    from gitreg.artifacts.origins import Part
    from gitreg.artifacts.outcomes import Verdict
    from gitreg.artifacts.reach import Reach
    from gitreg.records import Artifact, ModelVersion


def verified(versions: Iterable[ModelVersion], reach: Reach, watch: Watch | None) -> tuple[Verified, ...]:
    """Return what became of the artifacts of *versions*; services have no bytes and are passed over.

    Raises:
        UsageError: ``GITREG_STORE_PATIENCE`` is no number of seconds.
    """
    found: dict[tuple[str, str | None, bool], tuple[Artifact, list[str]]] = {}
    for version in versions:
        for name, artifact in version.artifacts.items():
            if artifact.kind != "service":
                found.setdefault((artifact.uri, artifact.sha256, artifact.folder), (artifact, []))[1].append(f"{version.id} {name}")
    told = meter(watch, "verifying", sum(artifact.size or 0 for artifact, _ in found.values()))
    return tuple(parallel.mapped(lambda each: _one(*each, reach, told), list(found.values()), parallel.WAITING))


def _one(artifact: Artifact, of: list[str], reach: Reach, told: Told) -> Verified:
    verdict, reason = _judged(artifact, reach, told)
    return Verified(uri=artifact.uri, verdict=verdict, sha256=artifact.sha256, size=artifact.size, of=tuple(of), reason=reason)


def _judged(artifact: Artifact, reach: Reach, told: Told) -> tuple[Verdict, str]:
    if artifact.sha256 is None:
        return "unproven", "no digest is recorded" + (", only an md5 of DVC" if artifact.md5 else "")
    try:
        return _compared(artifact, reach, told)
    except NotFoundError as error:
        return "missing", error.message
    except ConflictError as error:
        return "changed", error.message
    except (BusyError, UsageError) as error:
        return "unreachable", error.message


def _compared(artifact: Artifact, reach: Reach, told: Told) -> tuple[Verdict, str]:
    path = origins.local(artifact.uri, reach)
    if path is not None and os.path.exists(path) and not os.access(path, os.R_OK):
        raise BusyError("{path!r} cannot be read: permission denied", path=path)
    files = [_hashed(part, told) for part in origins.parts(artifact, reach)]
    found = digest.of_files(files) if artifact.folder else files[0]
    if found.sha256 == artifact.sha256 and artifact.size in (None, found.size):
        return "ok", ""
    return "changed", f"its digest is {found.sha256}" if found.sha256 != artifact.sha256 else f"it has {found.size} bytes"


def _hashed(part: Part, told: Told) -> digest.Hashed:
    found, length = hashlib.sha256(), 0
    for block in part.source.blocks():
        found.update(block)
        length += len(block)
        told(len(block))
        if part.size != -1 and length > part.size:
            raise ConflictError("it is larger than what was registered")
    return digest.Hashed(part.path, found.hexdigest(), length, "")
