"""Who names a version as a parent, and who used the same data: found in the bytes of the manifests, and only the hits are decoded.

A link to a version has the model's name before ``@``, or in the path of a manifest, as it stands, unless somebody wrote it with an
escape; so a manifest with a backslash in it is a hit always.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from gitreg.lineage.parents import parents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitreg.lineage.parents import Parent
    from gitreg.records import ModelVersion
    from gitreg.view import View

    Place = tuple[str, int]  # model and number

_NAMED = re.compile(rb"models/([A-Za-z0-9][A-Za-z0-9._/-]*)/versions/|([A-Za-z0-9][A-Za-z0-9._/-]*)@")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")  # what YAML never writes in another way


class Readers:
    """The manifests of a registry, by the models that their links may name, and those in which one of the texts *sought* stands."""

    def __init__(self, view: View, sought: Iterable[str]) -> None:
        self._view = view
        self._naming: dict[str, list[Place]] = defaultdict(list)
        self._unclear: list[Place] = []
        self._holding: list[Place] = []
        self._children: dict[str, dict[str, list[tuple[ModelVersion, Parent]]]] = {}
        self._scan([max(_PLAIN.findall(text), key=len, default="").encode() for text in sought])

    def _scan(self, words: list[bytes]) -> None:
        for model, number, text in self._view.texts():
            place = (model, number)
            if text is None or b"\\" in text:
                self._unclear.append(place)
                continue
            if b"links" in text:
                for name in {path or selector for path, selector in _NAMED.findall(text)}:
                    self._naming[name.decode()].append(place)
            if any(word in text for word in words):
                self._holding.append(place)

    def children(self, version: ModelVersion) -> list[tuple[ModelVersion, Parent]]:
        """Return the versions that name *version* as a parent, by model and number."""
        model = version.model
        if model not in self._children:
            found = self._children[model] = defaultdict(list)
            for child in self._versions(self._naming[model]):
                for parent in parents(self._view, child):
                    if parent.number is not None and parent.model == model:
                        found[f"{model}@{parent.number}"].append((child, parent))
        return self._children[model][version.id]

    def holding(self) -> Iterator[ModelVersion]:
        """Yield the versions in which one of the texts sought may stand, by model and number."""
        return self._versions(self._holding)

    def _versions(self, places: Iterable[Place]) -> Iterator[ModelVersion]:
        yield from (self._view.version(*place) for place in sorted({*places, *self._unclear}))
