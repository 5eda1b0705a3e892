"""Add a version to a model. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gitreg import names
from gitreg.errors import ConflictError, InvalidError, UsageError
from gitreg.operations import amend, cards
from gitreg.records import Change, Manifest, Occasion
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.view import View


def register(view: View, model: str, name: str | None, facts: Mapping[str, Any], occasion: Occasion) -> Change:
    """Return the change that adds a version to *model*, which is made if it is new.

    The number is the count of the model's manifests plus one; without a *name* the version is called by it.
    ``{date}`` and ``{time}`` in a name are filled in. *facts* are fields of the manifest.

    Raises:
        UsageError: a name is malformed or reserved, or a fact is not what its field allows.
        ConflictError: the model was deleted, or has a version of that name.
        InvalidError: the file of the new number exists all the same.
    """
    return _added(view, model, name, {"status": "ready", **facts, "created_at": occasion.at, "created_by": occasion.by}, occasion)


def record(view: View, model: str, facts: Mapping[str, Any], occasion: Occasion) -> Change:
    """Return the change that adds a version with a past: who made it and when, runs and a yank may be *facts* too.

    It gets the next number. ``version`` may be its name; digits, which were a number elsewhere, are none.

    Raises:
        UsageError: a name is malformed or reserved, or a fact is not what its field allows.
        ConflictError: the model was deleted, or has a version of that name.
    """
    given = dict(facts)
    name = given.pop("version", None)
    if "number" in given:
        raise UsageError("'number' is not a field of a version that can be given: it gets the next one")
    return _added(view, model, None if isinstance(name, str) and names.number(name) is not None else name, {"status": "ready", **given}, occasion)


def _added(view: View, model: str, name: str | None, facts: Mapping[str, Any], occasion: Occasion) -> Change:
    names.model_name(model)
    new = cards.create(view, model, {}, occasion) if view.find_card(model) is None else None
    if new is None:
        view.live_card(model)
    number = 1 if new else view.count(model) + 1
    version = str(number) if name is None else free_name(view, model, names.filled(name, occasion.now))
    if view.find_manifest(model, number) is not None:
        raise InvalidError(f"version {number} exists, but the model has only {number - 1} manifests", path=layout.manifest(model, number), rule="R04", hint="gitreg check")
    manifest = amend.built(Manifest, {"created_at": occasion.at, "created_by": occasion.by, **facts, "number": number, "version": version})
    made = new or Change(model=model)
    return replace(made, number=number, manifests=(manifest,))


def free_name(view: View, model: str, name: str) -> str:
    """Return *name* if a new version of *model* may have it.

    Raises:
        UsageError: the name is malformed or reserved.
        ConflictError: a version has it.
    """
    names.version_name(name, view.config.stages)
    taken = view.number_named(model, name) if view.find_card(model) else None
    if taken is not None:
        raise ConflictError("version {name!r} of {model!r} exists already: it is number {number}", name=name, model=model, number=taken, hint=f"gitreg show {model}@{name}")
    return name
