"""Make, describe and delete models. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from gitreg import names
from gitreg.errors import ConflictError, InvalidError, UsageError
from gitreg.operations import amend, stages
from gitreg.records import VACANT, Change, Deleted, ModelCard, Move, Occasion, Stages, Yanked
from gitreg.store import layout

if TYPE_CHECKING:
    from gitreg.view import View

_FIXED = ("name", "created_at", "created_by", "deleted")


def create(view: View, model: str, facts: Mapping[str, Any], occasion: Occasion) -> Change:
    """Return the change that makes *model*, described by *facts* (fields of ``model.yaml``).

    Raises:
        UsageError: the name is malformed, or a fact is not a field of ``model.yaml``.
        ConflictError: the name is taken, or collides with another in case or as a folder.
        InvalidError: the model is there, but its card is not: nothing of it is overwritten.
    """
    names.model_name(model)
    card = view.find_card(model)
    if card is not None:
        was = "was deleted, and its name is not reused" if card.deleted else "exists already"
        raise ConflictError("model {model!r} {was}", model=model, was=was)
    if view.find_stages(model) is not None or view.count(model):
        raise InvalidError("the model has other files, but its card is missing", path=layout.card(model), rule="R02", hint="gitreg doctor --fix")
    other = names.collision(model, view.model_names())
    if other:
        raise ConflictError("model {model!r} collides with {other!r}: names must differ in more than case, and none may be a folder of another", model=model, other=other)
    made = amend.built(ModelCard, _allowed(facts) | {"name": model, "created_at": occasion.at, "created_by": occasion.by})
    return Change(model=model, card=made, stages=Stages(pointers=dict.fromkeys(view.config.stages, VACANT)))


def update(view: View, model: str, facts: Mapping[str, Any]) -> Change:
    """Return the change that sets *facts* on the card of *model*; what is set already changes nothing.

    ``add_tags`` and ``remove_tags`` change the tags that are there. ``links`` are merged by key; one whose value is None goes away.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it was deleted.
        UsageError: a fact is not a field of ``model.yaml`` that can be changed.
    """
    card = view.live_card(model)
    given = _allowed(amend.with_tags(card.tags, facts))
    if isinstance(given.get("links"), Mapping):
        given["links"] = {name: link for name, link in {**card.links, **given["links"]}.items() if link is not None}
    changed = amend.built(ModelCard, amend.fields_of(card) | given)
    return Change(model=model, card=None if changed == card else changed)


def _allowed(facts: Mapping[str, Any]) -> dict[str, Any]:
    for name in facts:
        if name in _FIXED or name not in ModelCard.__struct_fields__:
            raise UsageError("{name!r} is not a field of a model that can be set", name=name, hint="gitreg schema model")
    return {name: fact for name, fact in facts.items() if fact is not None}


def describe(view: View, model: str, facts: Mapping[str, Any], occasion: Occasion) -> Change:
    """Return the change that makes *model* with these *facts*, or sets them where it is there already.

    Raises:
        ConflictError: the model was deleted, or its name collides with another.
        UsageError: the name is malformed, or a fact is not a field that can be set.
    """
    return create(view, model, facts, occasion) if view.find_card(model) is None else update(view, model, facts)


def delete(view: View, model: str, reason: str, occasion: Occasion, *, force: bool = False) -> Change:
    """Return the change that marks *model* deleted, yanks all its versions and vacates all its stages.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: it was deleted before, or it still holds a stage and *force* is not given.
    """
    card = view.live_card(model)
    held = [stage for stage, pointer in view.stages(model).pointers.items() if pointer.number is not None]
    if held and not force:
        raise ConflictError("model {model!r} still holds {held}", model=model, held=", ".join(held), hint=f"gitreg archive {model}@{held[0]}")
    mark = Yanked(at=occasion.at, by=occasion.by, reason=reason or f"model {model} was deleted")
    yanked = tuple(msgspec.structs.replace(m, yanked=mark) for m in view.manifests(model) if m.yanked is None)
    deleted = msgspec.structs.replace(card, deleted=Deleted(at=occasion.at, by=occasion.by, reason=reason))
    moves = tuple(Move(stage=stage, number=None, from_number=None, force=force) for stage in held)
    return Change(model=model, card=deleted, stages=stages.all_vacated(view.stages(model)), manifests=yanked, moves=moves)
