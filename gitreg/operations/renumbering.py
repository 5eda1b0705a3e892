"""What versions are called on another base: each registered there gets its next number. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from gitreg import names
from gitreg.records import Pointer, Stages
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gitreg.records import Manifest
    from gitreg.view import View


class Work(NamedTuple):
    """What one commit did: the registry before and after it, and by model the numbers of the manifests that differ."""

    before: View
    after: View
    touched: Mapping[str, frozenset[int]]

    def registered(self) -> Iterator[tuple[str, list[int]]]:
        """Yield each model with the numbers of the versions that are new in it."""
        for model, numbers in self.touched.items():
            count = self.before.count(model)
            yield model, sorted(n for n in numbers if n > count)


class Renumbering:
    """What the versions of a chain of commits are called on its new base; those not named keep their number.

    *names* are the new versions that get another name there, by model and the name they have.
    """

    def __init__(self, numbers: Mapping[str, Mapping[int, int]] | None = None, names: Mapping[tuple[str, str], str] | None = None) -> None:
        self._numbers = {model: dict(pairs) for model, pairs in (numbers or {}).items()}
        self._names = dict(names or {})

    def name(self, model: str, name: str) -> str:
        """Return what a new version that is called *name* in the chain is called on the new base."""
        return self._names.get((model, name), name)

    def named(self, work: Work) -> frozenset[tuple[str, str]]:
        """Return those of the names for which *work* registered a version."""
        found = ((model, work.after.manifest(model, number).version) for model, new in work.registered() for number in new) if self._names else ()
        return frozenset(found) & self._names.keys()

    def number(self, model: str, number: int) -> int:
        """Return what version *number* of the chain is called on the new base."""
        return self._numbers.get(model, {}).get(number, number)

    def old(self, model: str, number: int) -> int:
        """Return what version *number* of the new base is called in the chain."""
        return next((old for old, new in self._numbers.get(model, {}).items() if new == number), number)

    def moved(self) -> Iterator[tuple[str, int, int]]:
        """Yield model, old and new number of each version that is called otherwise."""
        for model, pairs in sorted(self._numbers.items()):
            yield from ((model, old, new) for old, new in sorted(pairs.items()) if old != new)

    def grown(self, work: Work, base: View) -> Renumbering:
        """Return this with the next numbers of *base* for the versions that *work* registered."""
        pairs = {model: zip(new, range(base.count(model) + 1, base.count(model) + 1 + len(new)), strict=True) for model, new in work.registered()}
        return self._with(pairs)

    def paired(self, work: Work, landed: Work) -> Renumbering | None:
        """Return this with the numbers that *work* got when it *landed* on the new base; None where a version of it is not there."""
        there = dict(landed.registered())
        pairs: dict[str, list[tuple[int, int]]] = {}
        for model, new in work.registered():
            left = list(there.get(model, ()))
            for number in new:
                found = next((other for other in left if self._is_same(model, work.after.find_manifest(model, number), landed.after.find_manifest(model, other))), None)
                if found is None:
                    return None
                left.remove(found)
                pairs.setdefault(model, []).append((number, found))
        return self._with(pairs)

    def _with(self, more: Mapping[str, Iterable[tuple[int, int]]]) -> Renumbering:
        return Renumbering({model: self._numbers.get(model, {}) | dict(more.get(model, ())) for model in {*self._numbers, *more}}, self._names)

    def of_stages(self, model: str, was: Stages | None) -> Stages:
        """Return a pointer file in the numbers of the new base."""
        old = was or Stages()
        pointers = {
            stage: Pointer(number=p.number and self.number(model, p.number), previous=tuple(self.number(model, n) for n in p.previous))
            for stage, p in old.pointers.items()
        }
        return Stages(pointers=pointers, archived=tuple(sorted(self.number(model, n) for n in old.archived)))

    def followed(self, uri: str) -> str:
        """Return *uri*, changed where it is exactly the selector or the path of a version that is called otherwise."""
        model, _, what = uri.rpartition("@")
        number = names.number(what)
        if self.name(model, what) != what:
            return f"{model}@{self.name(model, what)}"
        if number is not None and self.number(model, number) != number:
            return f"{model}@{self.number(model, number)}"
        place = layout.place(uri)
        return layout.manifest(place.model, self.number(place.model, place.number)) if place.kind == "manifest" else uri

    def _is_same(self, model: str, one: Manifest | None, other: Manifest | None) -> bool:
        """Tell whether two manifests are one version under two numbers; links follow the numbers."""
        if one is None or other is None:
            return False
        automatic = one.version == str(one.number) and other.version == str(other.number)
        version = other.version if automatic else self.name(model, one.version)
        return replace(one, number=other.number, version=version, links=other.links) == other
