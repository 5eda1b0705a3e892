"""Change what is recorded of a version, within the rule that the record only grows. Pure.

While a version is running everything but its number, name and origin may change. After that, ``metrics`` and
``artifacts`` take new keys, ``later_runs`` new entries, and ``description tags metadata links yanked`` stay free.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from gitreg.errors import ConflictError, UsageError
from gitreg.operations import stages
from gitreg.records import Change, Manifest, Occasion, Yanked, alike

if TYPE_CHECKING:
    from gitreg import names
    from gitreg.view import View

R = TypeVar("R", bound=msgspec.Struct)

_BYTES = (bytes, bytearray, memoryview)  # msgspec would write them as base64 text
_FREE_MAPS = ("metadata", "links")
_GROWING_MAPS = ("metrics", "artifacts")
_ORIGIN = ("number", "version", "created_at", "created_by", "yanked")


def fields_of(record: msgspec.Struct) -> dict[str, Any]:
    """Return the fields of *record*, one level deep, by name."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def built(kind: type[R], facts: Mapping[str, Any]) -> R:
    """Return a *kind* record of these *facts*, checked field by field.

    Raises:
        UsageError: a fact is not what the field allows; the sentence names it.
    """
    plain = {name: _plain(name, fact) for name, fact in facts.items()}
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError:
        from gitreg.store.explain import problems

        problem = next(problems(kind, plain))
        raise UsageError("{field}: {problem}", field=problem.field, problem=problem.sentence) from None


def _plain(name: str, fact: Any) -> Any:
    try:
        return _listed(name, msgspec.to_builtins(fact, enc_hook=plain_scalar, builtin_types=_BYTES))
    except (TypeError, RecursionError) as error:
        raise UsageError("{name}: a value must be JSON-like: {error}", name=name, error=error) from None


def _listed(field: str, value: Any) -> Any:
    """Return *value* with lists for tuples, as it will read back: what is the same must compare the same."""
    if isinstance(value, dict):
        return {key: _listed(f"{field}.{key}", item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(f"{field}.{index}", item) for index, item in enumerate(value)]
    if isinstance(value, _BYTES):
        raise UsageError("{field}: a value must be JSON-like, found {kind}", field=field, kind=type(value).__name__)
    if isinstance(value, float) and value - value != 0:
        raise UsageError("{field}: {value} is not a finite number", field=field, value=value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise UsageError("{field}: {value} does not fit into 64 bits: give it as a real number, or as text", field=field, value=value)
    return value


def plain_scalar(value: Any) -> Any:
    """Return the plain number in a NumPy scalar, or in anything else that is one."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not text, a number, a boolean, null, a list or a map")


def update(view: View, selector: names.Selector, facts: Mapping[str, Any]) -> Change:
    """Return the change that lays *facts* over a version; what is recorded already changes nothing.

    ``add_tags`` and ``remove_tags`` change the tags that are there;
    ``metrics artifacts metadata links params`` are merged by key (in ``metadata`` and ``links``, a key whose
    value is None goes away); the others replace what was.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: something recorded would change or go, or the model was deleted.
        UsageError: a fact is not what its field allows.
    """
    view.live_card(selector.model)
    manifest = view.manifest(selector.model, view.number(selector))
    facts = with_tags(manifest.tags, facts)
    changed = built(Manifest, fields_of(manifest) | {name: _merged(manifest, name, fact) for name, fact in facts.items()})
    only_grew(manifest, changed, selector.model)
    return Change(model=selector.model, number=manifest.number, manifests=() if changed == manifest else (changed,))


def with_tags(tags: tuple[str, ...], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts* with ``add_tags`` and ``remove_tags`` turned into the ``tags`` that come out of *tags*.

    Raises:
        UsageError: one of them is no list of texts.
    """
    left = dict(facts)
    add, remove = (_texts(name, left.pop(name, None)) for name in ("add_tags", "remove_tags"))
    if add or remove:
        start = _texts("tags", left.get("tags", tags))
        left["tags"] = list(dict.fromkeys(tag for tag in (*start, *add) if tag not in remove))
    return left


def _texts(name: str, given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
        raise UsageError("{name}: expected a list of texts, found {given!r}", name=name, given=given)
    return tuple(given)


def _merged(manifest: Manifest, name: str, fact: Any) -> Any:
    if name in _ORIGIN or name not in Manifest.__struct_fields__:
        raise UsageError("{name!r} is not a field of a version that can be updated", name=name, hint="gitreg update --help")
    if name not in (*_FREE_MAPS, *_GROWING_MAPS, "params") or not isinstance(fact, Mapping):
        return fact
    merged = {**getattr(manifest, name), **fact}
    free = name in _FREE_MAPS or (manifest.status == "running" and name != "params")
    return {key: value for key, value in merged.items() if value is not None} if free else merged


def only_grew(old: Manifest, new: Manifest, model: str) -> None:
    """Refuse where *new* lacks or changes what *old* has recorded for good.

    Raises:
        ConflictError: it does; the sentence names the field.
    """
    if old.status == "running":
        return
    for name in _GROWING_MAPS:
        for key, value in getattr(old, name).items():
            if getattr(new, name).get(key) != value:
                raise _frozen(model, old, f"{name}.{key}")
    if new.later_runs[: len(old.later_runs)] != old.later_runs:
        raise _frozen(model, old, "later_runs")
    for name in ("status", "params", "run"):
        if not alike(getattr(old, name), getattr(new, name)):
            raise _frozen(model, old, name)


def _frozen(model: str, manifest: Manifest, field: str) -> ConflictError:
    return ConflictError(
        "{field} of {model}@{number} is recorded and cannot change: the version is {status}",
        field=field, model=model, number=manifest.number, status=manifest.status, hint=f"gitreg register {model}",
    )  # fmt: skip


def yank(view: View, selector: names.Selector, reason: str, occasion: Occasion, *, force: bool = False) -> Change:
    """Return the change that marks a version as not to be used; yanking a yanked one changes nothing.

    Raises:
        UsageError: there is no reason given.
        ConflictError: the version holds a stage and *force* is not given.
    """
    model, number = selector.model, view.number(selector)
    view.live_card(model)
    manifest, pointers = view.manifest(model, number), view.stages(model)
    if manifest.yanked:
        return Change(model=model, number=number)
    if not reason.strip():
        raise UsageError("a yank needs a reason", hint=f"gitreg yank {model}@{number} --reason TEXT")
    held = pointers.held_by(number)
    if held and not force:
        raise ConflictError("{model}@{number} holds {stage}: a holder is not yanked", model=model, number=number, stage=held, hint=f"gitreg rollback {model} {held}")
    marked = msgspec.structs.replace(manifest, yanked=Yanked(at=occasion.at, by=occasion.by, reason=reason))
    out = stages.vacated(model, pointers, number, force=force) if held else Change(model=model)
    return msgspec.structs.replace(out, number=number, manifests=(marked,))


def unyank(view: View, selector: names.Selector) -> Change:
    """Return the change that takes a yank back; it does not restore a stage."""
    model = selector.model
    view.live_card(model)
    manifest = view.manifest(model, view.number(selector))
    back = (msgspec.structs.replace(manifest, yanked=None),) if manifest.yanked else ()
    return Change(model=model, number=manifest.number, manifests=back)


