"""What was found sound before, by git id, kept in the git common dir for the next ``check``.

A model by its folder's tree; the manifests of a large one by blob too, so that a version more does not cost reading all of them. All
of it counts only under one key, which says by what policy and by what code it was judged. It may be deleted at any time; a file
that is damaged, truncated or foreign is a miss. ``GITREG_CACHE=0`` turns it off. It lies where no pull request can write.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from gitreg.store import decoded, disk

if TYPE_CHECKING:
    from collections.abc import Mapping

    Known = Mapping[str, tuple[int, str, str | None]]  # number, name, and why it can hold no stage, by blob

LARGE = 64  # manifests: of a model with fewer they are read sooner than looked up
_MOST = 4  # keys that are kept: branches may differ in their policy
_MODELS = "models"
_SUM = 16  # bytes


class Proven:
    """What is known under one *key*, a name for a folder; it is written where it *saves*."""

    def __init__(self, common_dir: str, key: str, *, saves: bool) -> None:
        self._common_dir, self._key = common_dir, key
        self._used = decoded.wanted()
        self.saves = saves and self._used
        self.models: dict[str, str] = self._read(_MODELS, dict[str, str]) or {}

    def manifests(self, model: str) -> Known:
        """Return what is known of the manifests of a large *model*."""
        return self._read(_name(model), dict[str, tuple[int, str, str | None]]) or {}

    def keep(self, models: Mapping[str, str], manifests: Mapping[str, Known]) -> None:
        """Keep which *models* are sound, by the tree of their folder, and what is known of the *manifests* of large ones; what cannot be written is no error."""
        if not self.saves:
            return
        with contextlib.suppress(OSError):
            os.makedirs(self._folder(self._key), exist_ok=True)
            for model, known in manifests.items():
                self._write(_name(model), known)
            if models != self.models:
                self._write(_MODELS, models)
            self._forget()

    def _folder(self, *names: str) -> str:
        return os.path.join(disk.own_folder(self._common_dir), "proven", *names)

    def _read(self, name: str, kind: Any) -> Any:
        if not self._used:
            return None
        try:
            with open(os.path.join(self._common_dir, "gitreg", "proven", self._key, name), "rb") as file:
                data = file.read()
            return msgspec.msgpack.decode(data[_SUM:], type=kind) if _sum(name, data[_SUM:]) == data[:_SUM] else None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _write(self, name: str, what: Any) -> None:
        data, final = msgspec.msgpack.encode(what), self._folder(self._key, name)
        temporary = f"{final}.{os.getpid()}"
        with open(temporary, "wb") as file:
            file.write(_sum(name, data) + data)
        os.replace(temporary, final)

    def _forget(self) -> None:
        """Remove what is known under other keys than the newest."""
        folders = [entry for entry in os.scandir(self._folder()) if entry.name != self._key]
        for entry in sorted(folders, key=lambda entry: entry.stat().st_mtime, reverse=True)[_MOST - 1 :]:
            shutil.rmtree(entry.path, ignore_errors=True)


def _name(model: str) -> str:
    return blake2b(model.encode("utf-8", "surrogateescape"), digest_size=_SUM).hexdigest()


def _sum(name: str, data: bytes) -> bytes:
    return blake2b(data, key=name.encode(), digest_size=_SUM).digest()
