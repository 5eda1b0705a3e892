"""Promote, archive, roll back: the rules of who holds a stage. Pure; gates are ``policy.py``'s.

A stage has at most one holder and a version holds at most one stage. ``previous`` keeps who left a stage
because of another, newest first; ``archived`` keeps who was taken out by hand, by a rollback or by a yank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gitreg import names
from gitreg.errors import ConflictError, NotFoundError, UsageError
from gitreg.records import Change, Move, Pointer, Stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitreg.records import Manifest
    from gitreg.view import View

Expected = int | Literal["none"] | None


def promote(view: View, selector: names.Selector, stage: str, *, force: bool = False, expect: Expected = None) -> Change:
    """Return the change that points *stage* at one version; its former holder becomes archived.

    Raises:
        UsageError: the stage is ``latest`` or unknown.
        NotFoundError: there is no such model or version.
        ConflictError: the version is not ready or is yanked, or the holder is not *expect*.
    """
    model = selector.model
    if stage == names.LATEST:
        raise UsageError("nothing can be promoted to 'latest': it is always the newest ready version", hint=f"gitreg get {model} number")
    if stage == names.ARCHIVED:
        if expect is not None:
            raise UsageError("'archived' has no holder that could be expected", hint=f"gitreg archive {selector}")
        return archive(view, selector, force=force)
    view.known_stage(stage)
    view.live_card(model)
    number, pointers = view.number(selector), view.stages(model)
    holder = pointers.pointer(stage).number
    if holder == number:
        return Change(model=model, number=number)
    checked_holder(model, stage, holder, expect)
    _usable(model, view.manifest(model, number))
    move = Move(stage=stage, number=number, from_number=holder, force=force)
    if holder is not None and view.find_manifest(model, holder) is None:  # a hand wrote a number that is none
        pointers = Stages(pointers={**pointers.pointers, stage: Pointer(previous=pointers.pointer(stage).previous)}, archived=pointers.archived)
    return Change(model=model, number=number, stages=promoted(pointers, number, stage), moves=(move,))


def promoted(pointers: Stages, number: int, stage: str) -> Stages:
    """Return *pointers* with *number* in *stage*: who was there leaves to ``previous``, as it does where it was."""
    result = dict(pointers.pointers)
    origin = pointers.held_by(number)
    if origin is not None:
        result[origin] = _left(result[origin])
    target = _left(pointers.pointer(stage))
    result[stage] = Pointer(number=number, previous=tuple(n for n in target.previous if n != number))
    return Stages(pointers=result, archived=tuple(n for n in pointers.archived if n != number))


def _left(pointer: Pointer) -> Pointer:
    """Return *pointer* vacated, its holder first in ``previous``."""
    if pointer.number is None:
        return pointer
    return Pointer(previous=(pointer.number, *(n for n in pointer.previous if n != pointer.number)))


def without_fleeting(base: Stages | None, end: Stages) -> Stages:
    """Return *end*, in which a version that only passed through a stage is archived and not in its ``previous``.

    The operations of one transaction see each other, but only what was committed held a stage: a holder that no
    gate ever judged must not be where a rollback goes.
    """
    was = base or Stages()
    fleeting = set[int]()
    result = {}
    for stage, pointer in end.pointers.items():
        known = {was.pointer(stage).number, *was.pointer(stage).previous}
        fleeting.update(n for n in pointer.previous if n not in known)
        result[stage] = Pointer(number=pointer.number, previous=tuple(n for n in pointer.previous if n in known))
    out = [n for n in fleeting if end.held_by(n) is None]
    return Stages(pointers=result, archived=_with(end.archived, *out)) if fleeting else end


def archive(view: View, selector: names.Selector, *, force: bool = False) -> Change:
    """Return the change that archives a version by hand; a stage it holds becomes vacant.

    Raises:
        NotFoundError: there is no such model or version.
    """
    view.live_card(selector.model)
    number, pointers = view.number(selector), view.stages(selector.model)
    if number in pointers.archived and pointers.held_by(number) is None:
        return Change(model=selector.model, number=number)
    return vacated(selector.model, pointers, number, force=force)


def archive_all(view: View, model: str, numbers: Sequence[int], *, force: bool = False) -> Change:
    """Return the change that archives many versions of *model* by hand; stages they hold become vacant.

    Raises:
        NotFoundError: there is no such model or version.
    """
    view.live_card(model)
    for number in numbers:
        view.manifest(model, number)
    pointers, wanted = view.stages(model), set(numbers)
    held = {stage: p.number for stage, p in pointers.pointers.items() if p.number in wanted}
    if not held and wanted.issubset(pointers.archived):
        return Change(model=model)
    result = {**pointers.pointers, **{stage: Pointer(previous=pointers.pointer(stage).previous) for stage in held}}
    moves = tuple(Move(stage=stage, number=None, from_number=number, force=force) for stage, number in held.items())
    return Change(model=model, stages=Stages(pointers=result, archived=_with(pointers.archived, *wanted)), moves=moves)


def vacated(model: str, pointers: Stages, number: int, *, force: bool) -> Change:
    """Return the change that puts *number* into ``archived`` and out of the stage it may hold."""
    held = pointers.held_by(number)
    result = dict(pointers.pointers)
    if held is not None:
        result[held] = Pointer(previous=result[held].previous)
    moves = (Move(stage=held, number=None, from_number=number, force=force),) if held is not None else ()
    return Change(model=model, number=number, stages=Stages(pointers=result, archived=_with(pointers.archived, number)), moves=moves)


def all_vacated(pointers: Stages) -> Stages:
    """Return *pointers* with every holder archived."""
    holders = [p.number for p in pointers.pointers.values() if p.number is not None]
    empty = {stage: Pointer(previous=p.previous) for stage, p in pointers.pointers.items()}
    return Stages(pointers=empty, archived=_with(pointers.archived, *holders))


def rollback(view: View, model: str, stage: str, *, expect: Expected = None, force: bool = False) -> Change:
    """Return the change that gives *stage* back to its previous holder; the former one becomes archived.

    A second rollback goes one further back, never forth.

    Raises:
        UsageError: the stage is unknown.
        NotFoundError: there is no such model, or nobody is left to go back to.
        ConflictError: the holder is not *expect*.
    """
    view.known_stage(stage)
    view.live_card(model)
    pointers = view.stages(model)
    pointer = pointers.pointer(stage)
    checked_holder(model, stage, pointer.number, expect)
    target = rollback_target(view, model, stage)
    if target is None:
        raise NotFoundError("{stage} of {model!r} has no previous version to go back to", stage=stage, model=model, hint=f"gitreg list {model}")
    former = () if pointer.number is None else (pointer.number,)
    back = Pointer(number=target, previous=tuple(n for n in pointer.previous if n != target))
    move = Move(stage=stage, number=target, from_number=pointer.number, force=force, rollback=True)
    changed = Stages(pointers={**pointers.pointers, stage: back}, archived=_with(pointers.archived, *former))
    return Change(model=model, number=target, stages=changed, moves=(move,))


def rollback_target(view: View, model: str, stage: str) -> int | None:
    """Return the first of ``previous`` that is ready, not yanked, holds no stage and is not in ``archived``."""
    pointers = view.stages(model)
    free = (n for n in pointers.pointer(stage).previous if n not in pointers.archived and pointers.held_by(n) is None)
    manifests = ((n, view.find_manifest(model, n)) for n in free)
    return next((n for n, manifest in manifests if manifest and manifest.usable), None)


def checked_holder(model: str, stage: str, holder: int | None, expect: Expected) -> None:
    """Refuse if the holder is not the one the caller believes in (compare-and-swap).

    Raises:
        ConflictError: *expect* is given and is not the holder.
        UsageError: *expect* is neither a number nor ``"none"``.
    """
    if expect is None or (holder is None if expect == "none" else holder == expect):
        return
    if expect != "none" and type(expect) is not int:
        raise UsageError("a stage is expected to be held by a number or by 'none', not by {expect!r}", expect=expect)
    now = "vacant" if holder is None else f"held by {holder}"
    raise ConflictError("{stage} of {model!r} is {now}, expected {expect}", stage=stage, model=model, now=now, expect=expect, holder=holder, hint=f"gitreg list {model}")


def _usable(model: str, manifest: Manifest) -> None:
    if manifest.usable:
        return
    why = f"was yanked: {names.shown(manifest.yanked.reason)}" if manifest.yanked else f"is {manifest.status}, not ready"
    raise ConflictError("{model}@{number} {why}", model=model, number=manifest.number, why=why, hint=f"gitreg list {model}")


def _with(archived: tuple[int, ...], *numbers: int) -> tuple[int, ...]:
    return tuple(sorted({*archived, *numbers}))
