"""Start git's garbage collection when there is reason to: objects written one by one are packed, as after git's own commits.

git decides itself whether anything is to be done (``gc.auto``, of which 0 means never), and waits for nobody. After that it notes for each
commit which paths it changed (a commit-graph with Bloom filters), so that the history of one stage does not look into the trees of all commits.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitreg.store import process
from gitreg.store.gitrepo import SYNCED

if TYPE_CHECKING:
    from gitreg.store.gitrepo import GitRepo

_SAMPLE, _LOOSE = "17", 27  # git's own estimate: one folder of 256, against gc.auto's 6700
_PACKS = 50  # gc.autoPackLimit
_FILTERS, _HEAD = b"BIDX", 200  # a part of the graph, as the table at its start names it, and bytes that hold the table
_GRAPH = ("commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")  # gc keeps the filters of a graph that has them, and adds none of its own


def begin(repo: GitRepo) -> bool:
    """Start ``git gc --auto`` in the background if git would find too many objects; tells whether it did.

    It outlives us, says nothing, and has none of our descriptors.
    """
    if not is_due(repo):
        return False
    gc = (*SYNCED, "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet")
    process.detached(("--git-dir", repo.common_dir), gc, *([] if _tells_paths(repo) else [(*SYNCED, *_GRAPH)]))
    return True


def _tells_paths(repo: GitRepo) -> bool:
    """Tell whether the commit-graph has filters, which gc then keeps up, or is one in pieces, which git's own maintenance keeps."""
    info = os.path.join(repo.common_dir, "objects", "info")
    try:
        with open(os.path.join(info, "commit-graph"), "rb") as graph:
            return _FILTERS in graph.read(_HEAD)
    except OSError:
        return os.path.isdir(os.path.join(info, "commit-graphs"))


def is_due(repo: GitRepo) -> bool:
    """Tell whether git would find too many objects or packs; two folders are looked at, no process is started."""
    objects = os.path.join(repo.common_dir, "objects")
    return _more(os.path.join(objects, _SAMPLE), "", _LOOSE) or _more(os.path.join(objects, "pack"), ".pack", _PACKS)


def _more(folder: str, ending: str, than: int) -> bool:
    try:
        return sum(name.endswith(ending) for name in os.listdir(folder)) > than
    except OSError:
        return False
