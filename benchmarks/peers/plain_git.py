"""Raw git, the same job by hand: plumbing on gitreg's own files, which it neither parses nor checks.

It has no library, so that a warm write is the same processes as a cold one; warm reads go through a kept
``git cat-file --batch``.
"""

# ruff: noqa: ARG002, D102 - base.py says what each job is, and not every job needs its counter
from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from benchmarks import texts
from benchmarks.peers.base import Peer
from benchmarks.registries import copied

if TYPE_CHECKING:
    from benchmarks.shapes import Shape

# $1 repository, $2 path, $3 message; the file's new text comes on stdin
_WRITE = """
set -e; cd "$1"; export GIT_INDEX_FILE="$1/scratch-index"; old=$(git rev-parse refs/heads/main)
blob=$(git hash-object -w --stdin); git read-tree "$old"
git update-index --add --cacheinfo "100644,$blob,$2"; tree=$(git write-tree)
new=$(git commit-tree "$tree" -p "$old" -m "$3"); git update-ref refs/heads/main "$new" "$old"
"""
_RESOLVE = """
set -e; cd "$1"; number=$(git cat-file blob "main:$2/stages.yaml" | sed -n '/^production:/,/number:/s/.*number: //p')
git cat-file blob "main:$2/versions/$number.yaml"
"""
_LIST = 'git -C "$1" ls-tree -r --object-only main "$2" | git -C "$1" cat-file --batch'
_HISTORY = 'git -C "$1" log --first-parent --raw main -- "$2"'


class Git(Peer):
    """git's own commands."""

    name = "git"
    durable = "core.fsync=all; the ref's folder is not synced"

    def __init__(self, place: str, shape: Shape) -> None:
        super().__init__(place, shape)
        self.folder = f"models/{self.model}"
        command = ["git", "-C", place, "cat-file", "--batch"]
        self.batch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @classmethod
    def prepare(cls, shape: Shape, folder: str, use: str) -> str:
        return copied(shape, folder, f"git-{use}")

    def register(self, tick: int) -> object:
        number = self.shape.versions + 1 + tick
        return self._write(texts.manifest_path(self.model, number), texts.manifest(self.model, number, f"2.{tick}"))

    def promote(self, tick: int) -> object:
        return self._write(texts.stages_path(self.model), texts.stages(self.model, self.other(tick)))

    def _write(self, path: str, text: str) -> object:
        return subprocess.run(["sh", "-c", _WRITE, "sh", self.place, path, "change"], input=text.encode(), check=True, capture_output=True)

    def resolve(self, tick: int) -> object:
        self.read(f"main:{self.folder}/stages.yaml")
        return self.read(f"main:{self.folder}/versions/1.yaml")

    def read(self, spec: str) -> bytes:
        """Return the object that *spec* names, through the kept process."""
        assert self.batch.stdin
        assert self.batch.stdout
        self.batch.stdin.write(spec.encode() + b"\n")
        self.batch.stdin.flush()
        size = int(self.batch.stdout.readline().split()[2])
        return self.batch.stdout.read(size + 1)[:-1]

    def list(self, tick: int) -> object:
        return subprocess.run(self.cold("list", tick), check=True, capture_output=True)

    def history(self, tick: int) -> object:
        return subprocess.run(self.cold("history", tick), check=True, capture_output=True)

    def cold(self, job: str, tick: int) -> list[str]:
        one = self.shape.models == 1
        if job in ("register", "promote"):
            return self._cold_write(job, tick)
        script = {"resolve": _RESOLVE, "list": _LIST, "history": _HISTORY}[job]
        folder = self.folder if one or job == "resolve" else "models"
        return ["sh", "-c", script, "sh", self.place, folder]

    def _cold_write(self, job: str, tick: int) -> list[str]:
        number = self.shape.versions + 1 + tick
        path = texts.manifest_path(self.model, number) if job == "register" else texts.stages_path(self.model)
        text = texts.manifest(self.model, number, f"2.{tick}") if job == "register" else texts.stages(self.model, self.other(tick))
        return ["sh", "-c", f'printf %s "$4" | {{ {_WRITE} }}', "sh", self.place, path, "change", text]

    def close(self) -> None:
        assert self.batch.stdin
        assert self.batch.stdout
        self.batch.stdin.close()
        self.batch.stdout.close()
        self.batch.wait()


PEER = Git
