"""Where faults happen: a folder in memory where there is one, and an environment that no person's settings reach."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_GIT_CONFIG = "[user]\n\tname = Name\n\temail = name@example.org\n[init]\n\tdefaultBranch = main\n"


def isolate(folder: Path) -> None:
    """Give this process and its children a HOME of their own, where git is as it comes: what syncs is gitreg's doing."""
    (folder / ".gitconfig").write_text(_GIT_CONFIG)
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITREG_"))]:
        del os.environ[name]
    root = str(Path(__file__).parents[2])
    os.environ.update(GIT_CONFIG_NOSYSTEM="1", HOME=str(folder), XDG_CONFIG_HOME=str(folder / ".config"), PYTHONPATH=root)


def cache(folder: Path) -> None:
    """Let gitreg keep what it has of registries by address inside *folder*."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")


def memory() -> str:
    """Return a folder in memory where there is one: a kill does not need a disk, and syncing one takes its time."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
