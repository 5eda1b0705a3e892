"""Do again, on another base, what one commit did to the registry. Pure.

A commit is read as operations, not as text: new versions get the next numbers there, what was recorded is merged
key by key, and a stage moves only where it is held as it was.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from msgspec.structs import replace

from gitreg import names
from gitreg.errors import ConflictError, InvalidError
from gitreg.operations import amend, stages
from gitreg.operations.contest import Sides
from gitreg.operations.renumbering import Renumbering, Work
from gitreg.records import VACANT, Change, ModelCard, Move, Stages, Yanked, alike
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import msgspec

    from gitreg.operations.contest import Contest
    from gitreg.records import Artifact, Link, Manifest
    from gitreg.view import View

    Operation = Callable[[View], Change]

R = TypeVar("R", bound="msgspec.Struct")
Choice = Literal["ours", "theirs"]
_ABSENT = object()


class Terms(NamedTuple):
    """On what terms it is replayed.

    ``numbers`` know the commit's new versions already; ``stages`` says who wins a stage that both sides moved, or
    that nobody does; ``forced`` are the (model, stage) whose rules the commit overrode; ``by`` is its author, and
    ``mover`` names who moved a stage of a model on the new base, where that is known.
    """

    numbers: Renumbering = Renumbering()
    stages: Choice | None = None
    forced: frozenset[tuple[str, str]] = frozenset()
    by: str = ""
    mover: Callable[[str, str], str] = lambda _model, _stage: ""


def operations(work: Work, terms: Terms) -> list[Operation]:
    """Return what does the same as *work* on another view: an operation a model.

    Each raises:
        ConflictError: the other side changed the same thing, took the name, deleted the model or moved the stage.
        InvalidError: a file that the commit touched is none of a registry's.
    """
    return [partial(_replayed, work=work, model=model, terms=terms) for model in sorted(work.touched)]


def disputes(view: View, work: Work, terms: Terms) -> tuple[ConflictError, ...]:
    """Return an error for each stage and version that *work* and the other side both moved, not to the same end."""
    boards = {model: _sides(view, work, model, terms) for model in sorted(work.touched)}
    return tuple(_contested(view, work, contest, model, terms) for model, sides in boards.items() for contest in sides.contests())


def _replayed(view: View, work: Work, model: str, terms: Terms) -> Change:
    was, now, there = work.before.find_card(model), work.after.card(model), view.find_card(model)
    if was and not was.deleted and now.deleted:
        return _deletion(view, work, model, terms)
    if there is not None:
        view.live_card(model)
    card = _card(view, was, now, terms.numbers)
    made = tuple(_manifests(view, work, model, terms.numbers))
    end, moves = _moves(view, work, model, terms)
    if there is None and end is None:
        end = Stages(pointers=dict.fromkeys(view.config.stages, VACANT))
    _can_hold(view, model, end or view.stages(model), {m.number: m for m in made}, frozenset(move.number for move in moves))
    return Change(model=model, card=card, stages=end, manifests=made, moves=moves)


# -- cards and manifests ----------------------------------------------------------------------------------


def _card(view: View, was: ModelCard | None, now: ModelCard, numbers: Renumbering) -> ModelCard | None:
    """Return the card as it is to be, or None where nothing of it changes."""
    if was == now:
        return None
    now = replace(now, links=_links(was.links if was else {}, now.links, numbers))
    there = view.find_card(now.name)
    if there is None:
        other = names.collision(now.name, view.model_names())
        if other:
            raise ConflictError("model {model!r} collides with {other!r}, which the new base has", model=now.name, other=other)
        return now
    if was is None:  # both sides made it: the fields that were set are laid over
        was = ModelCard(name=there.name, created_at=there.created_at, created_by=there.created_by)
        now = replace(now, created_at=there.created_at, created_by=there.created_by)
    merged = three_way(was, now, there, f"model {now.name!r}")
    return None if merged == there else merged


def _manifests(view: View, work: Work, model: str, numbers: Renumbering) -> Iterator[Manifest]:
    count = work.before.count(model)
    for number in sorted(work.touched[model]):
        now = work.after.manifest(model, number)
        if number > count:
            yield _registered(view, model, now, numbers)
            continue
        was, there = work.before.manifest(model, number), view.manifest(model, numbers.number(model, number))
        now = replace(now, links=_links(was.links, now.links, numbers), artifacts=_artifacts(was.artifacts, now.artifacts, numbers))
        merged = three_way(was, now, there, f"{model}@{there.number}")
        amend.only_grew(there, merged, model)
        if merged != there:
            yield merged


def _registered(view: View, model: str, manifest: Manifest, numbers: Renumbering) -> Manifest:
    """Return a new version with its number and name on the new base; all else is as it was recorded."""
    number, name = numbers.number(model, manifest.number), numbers.name(model, manifest.version)
    if view.find_manifest(model, number) is not None:
        raise InvalidError(f"version {number} exists, but the model has only {view.count(model)} manifests", path=layout.manifest(model, number), rule="R04", hint="gitreg check")
    if name == str(manifest.number):
        name = str(number)
    else:
        names.version_name(name, view.config.stages)
        taken = view.number_named(model, name) if view.find_card(model) else None
        if taken is not None:
            raise ConflictError(
                "both sides have a version {name!r} of {model!r}: it is {taken} on the new base, and {number} here",
                name=name, model=model, taken=taken, number=manifest.number, hint=f"add --rename {model}@{manifest.version}={name}-b to give yours another name",
            )  # fmt: skip
    links, artifacts = _links({}, manifest.links, numbers), _artifacts({}, manifest.artifacts, numbers)
    return replace(manifest, number=number, version=name, links=links, artifacts=artifacts)


def _links(was: Mapping[str, Link], now: Mapping[str, Link], numbers: Renumbering) -> dict[str, Link]:
    """Return *now*, where the links that are new follow what they name."""
    return {key: link if was.get(key) == link else replace(link, uri=numbers.followed(link.uri)) for key, link in now.items()}


def _artifacts(was: Mapping[str, Artifact], now: Mapping[str, Artifact], numbers: Renumbering) -> dict[str, Artifact]:
    """Return *now*, where the new ones follow what they name; a digest binds an artifact to its bytes, so it stays."""
    return {key: each if was.get(key) == each or each.sha256 else replace(each, uri=numbers.followed(each.uri)) for key, each in now.items()}


def three_way(was: R, now: R, there: R, what: str) -> R:
    """Return *there* with what differs between *was* and *now*, field by field and key by key.

    Raises:
        ConflictError: both sides changed the same key, and differently; the sentence names it.
    """
    merged = {name: _merged(getattr(was, name), getattr(now, name), getattr(there, name), (what, name)) for name in there.__struct_fields__}
    return replace(there, **merged)


def _merged(was: Any, now: Any, there: Any, place: tuple[str, str]) -> Any:
    if alike(was, now) or alike(now, there):
        return there
    if alike(was, there):
        return now
    if isinstance(now, dict) and isinstance(there, dict) and "." not in place[1]:
        old = was if isinstance(was, dict) else {}
        keys = {key: _merged(old.get(key, _ABSENT), now.get(key, _ABSENT), there.get(key, _ABSENT), (place[0], f"{place[1]}.{key}")) for key in {**there, **now}}
        return {key: value for key, value in keys.items() if value is not _ABSENT}
    if isinstance(now, tuple) and isinstance(there, tuple):
        return (*(each for each in there if each in now or each not in was), *(each for each in now if each not in was and each not in there))
    if isinstance(now, Yanked) and isinstance(there, Yanked):
        return there
    raise ConflictError("{field} of {what} was changed on both sides, here and on the new base", what=place[0], field=place[1])


# -- stages and deletion ----------------------------------------------------------------------------------


def _moves(view: View, work: Work, model: str, terms: Terms) -> tuple[Stages | None, tuple[Move, ...]]:
    """Return the pointers as they are to be, None where nothing of them changes, and what is asked of each stage."""
    sides = _sides(view, work, model, terms)
    contests = sides.contests()
    if contests and terms.stages is None:
        raise _contested(view, work, contests[0], model, terms)
    for stage in sides.moved():
        view.known_stage(stage)
    end = sides.laid(sides.tied(contests) if terms.stages == "theirs" else frozenset())
    changed = [(stage, sides.there.pointer(stage).number, p.number) for stage, p in end.pointers.items() if p.number != sides.there.pointer(stage).number]
    moves = tuple(
        Move(stage=stage, number=number, from_number=holder, force=(model, stage) in terms.forced, rollback=sides.rolled_back(stage))
        for stage, holder, number in changed
    )
    return (None if end == sides.there else end), moves


def _sides(view: View, work: Work, model: str, terms: Terms) -> Sides:
    was, now = (terms.numbers.of_stages(model, side.find_stages(model)) for side in (work.before, work.after))
    there = view.find_stages(model) if view.find_card(model) else None
    return Sides(was, now, there or Stages(pointers=dict.fromkeys(view.config.stages, VACANT)))


def _contested(view: View, work: Work, contest: Contest, model: str, terms: Terms) -> ConflictError:
    """Return the error that names both sides of what both moved: here in our numbers, there in theirs."""
    stage, number = contest
    if number is None:
        what, told = f"{stage} of {model!r}", [_holder(side, model, stage) for side in (work.before, work.after, view)]
    else:
        here = terms.numbers.old(model, number)
        what = f"{model}@{here}"
        told = [_holds(side, model, n) for side, n in ((work.before, here), (work.after, here), (view, number))]
    by, mover = terms.by, terms.mover(model, stage)
    return ConflictError(
        "both sides moved {what}: from {was} to {ours} here{by}, to {theirs} on the new base{mover}",
        what=what, model=model, stage=stage, was=told[0], ours=told[1], theirs=told[2], by=by and f" (by {by})", mover=mover and f" (by {mover})",
        hint="add --stages ours to replay your moves on top, or --stages theirs to leave them out",
    )  # fmt: skip


def _holder(view: View, model: str, stage: str) -> str:
    """Return who holds a stage, as a sentence says it."""
    found = view.find_stages(model) if view.find_card(model) else None
    number = found.pointer(stage).number if found else None
    manifest = view.find_manifest(model, number) if number else None
    return manifest.label if manifest else "vacant"


def _holds(view: View, model: str, number: int) -> str:
    """Return what a version holds, as a sentence says it."""
    found = view.find_stages(model) if view.find_card(model) else None
    return (found and found.state_of(number)) or "no stage"


def _can_hold(view: View, model: str, end: Stages, made: Mapping[int, Manifest], moved: frozenset[int | None]) -> None:
    """Refuse where a version that got a stage, or holds one and was changed, is not to be used.

    Raises:
        ConflictError: it is yanked, running or failed by now, here or on the new base.
    """
    for stage, pointer in end.pointers.items():
        number = pointer.number
        if number is None or not (number in made or number in moved):
            continue
        manifest = made.get(number) or view.manifest(model, number)
        if not manifest.usable:
            state = "yanked" if manifest.yanked else manifest.status
            raise ConflictError("{model}@{number} would hold {stage}, but it is {state}: one side did the one, the other the other", model=model, number=number, stage=stage, state=state, hint=f"gitreg show {model}@{number}")


def _deletion(view: View, work: Work, model: str, terms: Terms) -> Change:
    """Return the change that deletes *model* with all that the new base has of it; deleted there too, it changes nothing.

    Raises:
        ConflictError: a stage moved there, and our moves do not win.
    """
    there, gone = view.card(model), work.after.card(model).deleted
    if there.deleted or gone is None:
        return Change(model=model)
    contests = _sides(view, work, model, terms).contests()
    if contests and terms.stages != "ours":
        error = _contested(view, work, contests[0], model, terms)
        error.hint = "a deletion is not left out in part: add --stages ours to delete the model all the same"
        raise error
    made = {m.number: m for m in _manifests(view, work, model, terms.numbers)}
    mark = Yanked(at=gone.at, by=gone.by, reason=gone.reason or f"model {model} was deleted")
    made |= {m.number: replace(m, yanked=mark) for m in view.manifests(model) if m.yanked is None and (m.number not in made or made[m.number].yanked is None)}
    held = [stage for stage, pointer in view.stages(model).pointers.items() if pointer.number is not None]
    moves = tuple(Move(stage=stage, number=None, from_number=None, force=(model, stage) in terms.forced) for stage in held)
    card = _card(view, work.before.card(model), work.after.card(model), terms.numbers)
    return Change(model=model, card=card, stages=stages.all_vacated(view.stages(model)), manifests=tuple(made.values()), moves=moves)
