"""What was found out about a registry's commits and folders, by git id, kept in the git common dir for the next process.

``check`` keeps what it found sound: a model by its folder's tree; the manifests of a large one by blob too, so that a version more does not
cost reading all of them. All of it counts only under one key, which says by what policy and by what code it was judged. It lies where no
pull request can write.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import TYPE_CHECKING

from gitreg.store.kept import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    Known = Mapping[str, tuple[int, str, str | None]]  # number, name, and why it can hold no stage, by blob

LARGE = 64  # manifests: of a model with fewer they are read sooner than looked up
_MOST = 4  # keys that are kept: branches may differ in their policy
_FOLDER = "proven"
_KEY = re.compile(r"[0-9a-f]{32}\Z")


class Proven:
    """What is known under one *key*, a name for a folder; it is written where it *saves*."""

    def __init__(self, common_dir: str, key: str, *, saves: bool) -> None:
        self._common_dir, self._key = common_dir, key
        self._kept = Kept(common_dir, _FOLDER, key, saves=saves)
        self.saves = self._kept.saves
        self.models: dict[str, str] = self._kept.read("", dict[str, str]) or {}

    def manifests(self, model: str) -> Known:
        """Return what is known of the manifests of a large *model*."""
        return self._kept.read(model, dict[str, tuple[int, str, str | None]]) or {}

    def keep(self, models: Mapping[str, str], manifests: Mapping[str, Known]) -> None:
        """Keep which *models* are sound, by the tree of their folder, and what is known of the *manifests* of large ones."""
        self._kept.write({**manifests, **({"": models} if models != self.models else {})})
        if self.saves:
            self._forget()

    def _forget(self) -> None:
        """Remove what is known under other keys than the newest, and nothing that is not called as a key is: the folder may be a link to somebody's."""
        with contextlib.suppress(OSError):
            folders = [entry for entry in os.scandir(os.path.join(self._common_dir, "gitreg", _FOLDER)) if _KEY.match(entry.name) and entry.name != self._key]
            for entry in sorted(folders, key=lambda entry: entry.stat().st_mtime, reverse=True)[_MOST - 1 :]:
                shutil.rmtree(entry.path, ignore_errors=True)
