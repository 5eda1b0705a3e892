"""Registries of a given shape, each version a commit of its own, made in one go with ``git fast-import``."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from benchmarks import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.shapes import Shape

_START = 1_750_000_000  # seconds since 1970


def made(shape: Shape, folder: str) -> str:
    """Return the folder of a bare registry of this *shape*; it is made once and then only copied."""
    final = os.path.join(folder, f"{shape.label}.git")
    if not os.path.isdir(final):
        temporary = final + ".part"
        subprocess.run(["git", "init", "--quiet", "--bare", temporary], check=True)
        subprocess.run(["git", "-C", temporary, "fast-import", "--quiet"], input=b"".join(_stream(shape)), check=True)
        os.rename(temporary, final)
    return final


def copied(shape: Shape, folder: str, name: str) -> str:
    """Return a copy of the registry of *shape* for *name* alone to write to."""
    copy = os.path.join(folder, f"{name}-{shape.label}.git")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made(shape, folder), copy)
    return copy


def worn(shape: Shape, folder: str, name: str) -> str:
    """Return a copy of the registry of *shape* for *name*, of whose model every version but the first has left production."""
    copy = copied(shape, folder, f"{name}-worn")
    before = ", ".join(map(str, range(shape.versions, 1, -1)))
    text = texts.stages(shape.target, 1).replace("number: 1\n  previous: []", f"number: 1\n  previous: [{before}]")
    commit = _commit(shape.models * shape.versions + 1, f"{shape.target}: promote 1 to production", {texts.stages_path(shape.target): text}, "refs/heads/main^0")
    subprocess.run(["git", "-C", copy, "fast-import", "--quiet"], input=commit, check=True)
    return copy


def _stream(shape: Shape) -> Iterator[bytes]:
    """Yield the commits: the registry, then each model with its first version, then each further version."""
    from gitreg.setup import first_files

    yield _commit(0, "registry: create it", {path: data.decode() for path, data in first_files().items()})
    at = 0
    for model in shape.names:
        for number in range(1, shape.versions + 1):
            at += 1
            files = {texts.manifest_path(model, number): texts.manifest(model, number, texts.version_name(number))}
            if number == 1:
                files |= {f"models/{model}/model.yaml": texts.card(model), texts.stages_path(model): texts.stages(model, 1)}
            yield _commit(at, f"{model}: register {number} ({texts.version_name(number)})", files)


def _commit(at: int, subject: str, files: dict[str, str], parent: str = "") -> bytes:
    """Return a commit on the one before it, else on *parent*."""
    head = f"commit refs/heads/main\ncommitter {texts.WHO} {_START + 60 * at} +0000\n".encode() + _data(subject + "\n")
    head += f"from {parent}\n".encode() if parent else b""
    return head + b"".join(b"M 100644 inline %b\n%b" % (path.encode(), _data(text)) for path, text in files.items())


def _data(text: str) -> bytes:
    return b"data %d\n%b\n" % (len(text.encode()), text.encode())


HISTORY = "iris"
_OTHERS, _MOVES = 100, 20


def storied(folder: str, commits: int) -> str:
    """Return the folder of a bare registry where *commits* touched other models, and a few moves of a stage of ``iris`` lie among them."""
    final = os.path.join(folder, f"storied-{commits}.git")
    if not os.path.isdir(final):
        temporary = final + ".part"
        subprocess.run(["git", "init", "--quiet", "--bare", temporary], check=True)
        subprocess.run(["git", "-C", temporary, "fast-import", "--quiet"], input=b"".join(_story(commits)), check=True)
        os.rename(temporary, final)
    return final


def _story(commits: int) -> Iterator[bytes]:
    from gitreg.setup import first_files

    yield _commit(0, "registry: create it", {path: data.decode() for path, data in first_files().items()})
    facts = {texts.manifest_path(HISTORY, number): texts.manifest(HISTORY, number, texts.version_name(number)) for number in (1, 2)}
    yield _commit(1, f"{HISTORY}: register 1 and 2", {f"models/{HISTORY}/model.yaml": texts.card(HISTORY), texts.stages_path(HISTORY): texts.stages(HISTORY, 1)} | facts)
    for at in range(commits):
        model, number = f"other-{at % _OTHERS:03}", at // _OTHERS + 1
        files = {texts.manifest_path(model, number): texts.manifest(model, number, texts.version_name(number))}
        if number == 1:
            files |= {f"models/{model}/model.yaml": texts.card(model), texts.stages_path(model): texts.stages(model, 1)}
        yield _commit(2 * at + 2, f"{model}: register {number}", files)
        if at % (commits // _MOVES or 1) == 0:
            yield _commit(2 * at + 3, f"{HISTORY}: move production", {texts.stages_path(HISTORY): texts.stages(HISTORY, at // (commits // _MOVES or 1) % 2 + 1)})
