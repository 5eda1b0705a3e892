"""A folder that is made from a registry stands apart from the registry's own files, and from git's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitreg.errors import ConflictError
from gitreg.store import layout

if TYPE_CHECKING:
    from gitreg.store.gitrepo import GitRepo


def checked(folder: str, repo: GitRepo, prefix: str, *, hint: str) -> None:
    """Refuse a *folder* whose files would stand among those of the registry at *prefix* of *repo*, or among git's.

    Raises:
        ConflictError: it is one; *hint* is the command that names another.
    """
    own = os.path.join(repo.worktree, prefix.rstrip("/")) if repo.worktree is not None else None
    real, kept = os.path.realpath(folder), [repo.common_dir, *([os.path.join(own, layout.MODELS)] if own else [])]
    if any(_within(real, os.path.realpath(each)) for each in kept) or (own and real == os.path.realpath(own)):
        raise ConflictError("{path!r} has the registry's own files: others would stand among them", path=folder, hint=hint)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
