"""The facts of several files as one: what two of them say differently is refused, what a caller says himself wins."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from gitreg.errors import UsageError
from gitreg.intake.files import HINT
from gitreg.records import alike
from gitreg.store.explain import dotted

MAPS = ("metrics", "params", "metadata", "artifacts", "links", "card")
_LISTS = ("tags", "add_tags")

_Path = str | os.PathLike[str]


def listed(paths: Any) -> list[_Path]:
    """Return *paths* as a list: one path, or several.

    Raises:
        UsageError: something in it is no path.
    """
    several = list(paths) if isinstance(paths, Sequence) and not isinstance(paths, (str, bytes)) else [paths]
    for path in several:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise UsageError("from_file: expected a path, or a list of paths, found {path!r}", path=path, hint=HINT)
    return several


def together(read: Sequence[tuple[_Path, Mapping[str, Any]]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what several files say, each fact once.

    Raises:
        UsageError: two of them disagree about a fact that is not *given*; both are named.
    """
    found: dict[str, Any] = {}
    says: dict[tuple[str, ...], _Path] = {}
    for path, facts in read:
        for name, fact in facts.items():
            if name in _LISTS:
                found[name] = list(dict.fromkeys([*found.get(name, ()), *fact]))
                continue
            items = fact if name in MAPS else {None: fact}
            into = found.setdefault(name, {}) if name in MAPS else found
            for key, value in items.items():
                place = (name,) if key is None else (name, key)
                if place in says and not alike(into[place[-1]], value) and not _is_given(given, place):
                    raise UsageError("{one!r} and {other!r} disagree about {field}", one=os.fspath(says[place]), other=os.fspath(path), field=dotted(place), hint=HINT)
                says.setdefault(place, path)
                into[place[-1]] = value
    return found


def _is_given(given: Mapping[str, Any], place: tuple[str, ...]) -> bool:
    fact = given.get(place[0])
    return fact is not None and (len(place) == 1 or (isinstance(fact, Mapping) and place[1] in fact))


def over(found: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that were *found* with those *given* over them: maps key by key, tags together."""
    laid = dict(found)
    for name, fact in given.items():
        if name in MAPS and isinstance(fact, Mapping):
            laid[name] = {**found.get(name, {}), **fact}
        elif name in _LISTS and isinstance(fact, (list, tuple)):
            laid[name] = [*dict.fromkeys([*found.get(name, ()), *fact])]
        else:
            laid[name] = fact
    return {name: fact for name, fact in laid.items() if fact not in ({}, []) or name in given}
