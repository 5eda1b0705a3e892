"""What the figures were measured on, in general words, and an environment that no person's settings reach."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GIT_CONFIG = """\
[user]
name = Name
email = name@example.org
[init]
defaultBranch = main
[core]
fsync = all
fsyncMethod = fsync
[gc]
auto = 0
"""


def isolate(folder: str) -> None:
    """Give this process and its children a git configuration of their own, which syncs what git writes."""
    config = os.path.join(folder, ".gitconfig")
    with open(config, "w", encoding="utf-8") as file:
        file.write(_GIT_CONFIG)
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITREG_"))]:
        del os.environ[name]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    os.environ.update(GIT_CONFIG_NOSYSTEM="1", HOME=folder, PYTHONPATH=root, MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")


def described(folder: str, peers: Sequence[str] = ("pygit2", "gto", "mlflow")) -> dict[str, str]:
    """Return the machine, the file system of *folder*, and the versions of everything compared."""
    return {
        "cores": str(os.cpu_count()),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "file system": _said("stat", "--file-system", "--format=%T", folder),
        "python": platform.python_version(),
        "git": _said("git", "--version").removeprefix("git version "),
        **{name: _version(name) for name in peers},
    }


def line(machine: Mapping[str, str]) -> str:
    """Return what :func:`described` told, in one line."""
    return ", ".join(f"{value} {name}" if name == "cores" else f"{name} {value}" for name, value in machine.items())


def bare_python() -> list[str]:
    """Return the command that does nothing: what a cold figure is measured against."""
    return [sys.executable, "-c", "pass"]


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
