"""What a manifest records of the files a person gives: hashed, and copied to the store where there is one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import warned
from gitreg.artifacts import dvc, places, sources
from gitreg.artifacts.digest import fingerprint
from gitreg.artifacts.landing import Wanted
from gitreg.artifacts.meter import meter
from gitreg.errors import OnlyHereWarning, UsageError
from gitreg.records import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitreg.artifacts.digest import Fingerprint
    from gitreg.artifacts.meter import Watch
    from gitreg.artifacts.store import Store
    from gitreg.store.snapshot import Snapshot


class Home(NamedTuple):
    """Where a registry lies: its repository's folder on disk, if any, and the snapshot whose commits may have a file."""

    root: str | None
    snapshot: Snapshot | None = None


class _Local(NamedTuple):
    """A file or folder of this machine, hashed."""

    name: str
    fields: dict[str, Any]
    path: str
    print: Fingerprint


def described(given: Mapping[str, Any], home: Home, store: Callable[[], Store | None], *, keep: bool = True, watch: Watch | None = None) -> dict[str, Any]:
    """Return *given* artifacts as the manifest records them; who reads warnings is told of those that only this machine has.

    Everything is hashed before anything is copied to the *store*. Without *keep* nothing is copied, and what is
    returned is what it would be.

    Raises:
        UsageError: a local file does not exist, a folder holds a link, or an address holds a secret.
        ConflictError: a file changed while it was hashed or copied.
        BusyError: the store refuses, is full, or cannot be reached.
    """
    if not isinstance(given, Mapping):
        return given  # refused later, with its field
    found = {name: _looked_at(name, item, watch) for name, item in given.items()}
    local = [item for item in found.values() if isinstance(item, _Local)]
    place = store() if local else None
    if place and keep:
        wanted = [each for item in local for each in _pieces(item)]
        place.keep(wanted, meter(watch, "copying", sum(each.size for each in wanted)))
    recorded = {name: _recorded(item, home.root, place) if isinstance(item, _Local) else _pointed(name, item, home.root) for name, item in found.items()}
    if local and place is None:
        _warned(local, recorded, home.snapshot)
    return recorded


def _looked_at(name: str, item: Any, watch: Watch | None) -> Any:
    fields = {"kind": "model", "uri": os.fspath(item)} if isinstance(item, (str, os.PathLike)) else item
    uri = fields.get("uri") if isinstance(fields, dict) else None
    if not isinstance(uri, (str, os.PathLike)):
        return fields
    path = places.without_secret(name, os.fspath(uri))
    if fields.get("sha256") or fields.get("md5") or fields.get("kind") == "service":
        return fields
    if places.protocol_of(path) is not None:
        local = places.local_path(path, None)
        if local is None:
            return fields
        path = local
    if not os.path.exists(path):
        raise UsageError("artifact {name!r}: there is no file {path!r}", name=name, path=path, hint="give an address (s3://…) or the path of a file")
    pointed = dvc.pointer(path)
    if pointed and dvc.is_there(pointed):
        path = pointed.path
    elif pointed:
        return fields | {"uri": _Path(path), "md5": pointed.md5} | ({"size": pointed.size} if pointed.size is not None else {})
    return _Local(name, fields, path, fingerprint(path, watch))


class _Path(str):
    """A local path that is not hashed, but whose address is still to be made."""

    __slots__ = ()


def _pointed(name: str, fields: Any, root: str | None) -> Any:
    if isinstance(fields, dict) and isinstance(fields.get("uri"), _Path):
        warned.warn(f"artifact {name!r}: the output that {str(fields['uri'])!r} names is not here, so no sha256 is recorded: dvc pull")
        return fields | {"uri": places.address(fields["uri"], root)}
    return fields


def _pieces(item: _Local) -> Iterator[Wanted]:
    """Yield what the store must keep of an artifact: its files, and the listing of a folder.

    Raises:
        UsageError: Git LFS has not fetched a file of the folder.
    """
    absent = item.print.absent
    if absent is not None and item.print.listing is None:
        return  # a pointer's file that is not here: recorded where it stands
    if absent is not None:
        raise UsageError("artifact {name!r}: {path!r} is a pointer of Git LFS whose file is not here", name=item.name, path=absent, hint="git lfs pull")
    for file in item.print.files:
        assert file.source is not None
        yield Wanted(sources.File(file.source), file.sha256, file.size, repr(os.path.join(item.path, file.path) if file.path else item.path))
    if item.print.listing is not None:
        yield Wanted(sources.Text(item.print.listing), item.print.sha256, len(item.print.listing), f"the listing of {item.path!r}")


def _recorded(item: _Local, root: str | None, store: Store | None) -> dict[str, Any]:
    if store is not None and (item.print.absent is None or item.print.listing is not None):
        name = os.path.basename(os.path.abspath(item.path))  # a link's own name has the ending
        called = {"file": name} if re.search(FILE_NAME, name) else {}
        return item.fields | {"uri": store.uri(item.print.sha256)} | item.print.fields | called
    uri = places.address(item.path, root)
    if store is not None:
        warned.warn(f"artifact {item.name!r}: {item.path!r} is a pointer of Git LFS whose file is not here, and was not copied: git lfs pull")
    return item.fields | {"uri": uri} | item.print.fields


def _warned(local: list[_Local], recorded: Mapping[str, Any], snapshot: Snapshot | None) -> None:
    """Tell of those artifacts that lie outside the repository, or that none of its commits has."""
    from gitreg.store import committed

    known = committed.Committed(snapshot) if snapshot else None
    advice = committed.advice(snapshot) if snapshot else committed.ADVICE
    for item in local:
        uri, found = recorded[item.name]["uri"], item.print
        if uri.startswith("file://"):
            warned.warn(f"artifact {item.name!r}: only this machine has {item.path!r}; {advice}", OnlyHereWarning)
        elif known and not known.has(uri, found.sha256, found.size, folder=found.listing is not None):
            warned.warn(f"artifact {item.name!r}: {uri!r} is not committed: only this folder has it, and only until it changes; {advice}", OnlyHereWarning)
