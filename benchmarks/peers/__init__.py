"""Each contender in a module of its own, behind one face."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers.base import Peer

MODULES = {"gitreg": "ours", "git": "plain_git", "pygit2": "libgit2", "GTO": "tags", "MLflow": "mlflow_sqlite"}


def peer(name: str) -> type[Peer]:
    """Return the contender of this *name*.

    Raises:
        ImportError: it is not installed.
    """
    found: type[Peer] = import_module(f"benchmarks.peers.{MODULES[name]}").PEER
    return found
