"""Which links name a version: those whose uri is exactly a selector ``MODEL@WHAT``, or the path of a manifest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg import names
from gitreg.errors import NotFoundError, UsageError
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Manifest
    from gitreg.view import View


class Parent(NamedTuple):
    """A link that names a version: *number* is None where there is none, and *problem* says why; *moves* if it is a stage or ``latest``."""

    name: str
    uri: str
    model: str
    number: int | None
    moves: bool = False
    problem: str = ""


def named(uri: str) -> names.Selector | None:
    """Return the version that *uri* names, or None: it is an address of something else."""
    place = layout.place(uri)
    if place.kind == "manifest":
        return names.Selector(place.model, str(place.number))
    if "@" not in uri:
        return None
    try:
        return names.selector(uri)
    except UsageError:
        return None


def parents(view: View, manifest: Manifest) -> Iterator[Parent]:
    """Yield the versions that *manifest* links to, as they are found in *view*, by the order of its links."""
    for name, link in manifest.links.items():
        selector = named(link.uri)
        if selector is not None:
            moves = selector.what == names.LATEST or selector.what in view.config.stages
            try:
                yield Parent(name, link.uri, selector.model, view.number(selector), moves)
            except (NotFoundError, UsageError) as error:
                yield Parent(name, link.uri, selector.model, None, moves, error.message)
