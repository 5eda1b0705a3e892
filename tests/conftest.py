"""Every test runs hermetic: its own HOME, its own git config, no environment of the person who runs it."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import servers
from gitreg import Registry

if TYPE_CHECKING:
    from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job: tests of Ctrl-C need it heard
    signal.signal(signal.SIGINT, signal.default_int_handler)

AUTHOR = "Name <name@example.org>"


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory, monkeypatch):
    """Give git a HOME of its own, with a name and nothing else."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITREG_", "GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return home


@pytest.fixture
def git():
    """Run git in a folder and return what it printed."""

    def run(folder: str | Path, *args: str, check: bool = True, **options) -> str:
        done = subprocess.run(["git", "-C", str(folder), *args], check=False, capture_output=True, text=True, **options)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def registry(tmp_path):
    """Return an empty registry in a fresh repository with a worktree."""
    with Registry.init(tmp_path / "registry") as made:
        yield made


@pytest.fixture
def iris(registry):
    """Return a registry with three versions of ``iris``: 1 in production, 2 in staging, 3 in no stage."""
    for accuracy in (0.91, 0.95, 0.97):
        registry.register("iris", metrics={"accuracy": accuracy})
    registry.promote("iris@1", "production")
    registry.promote("iris@2", "staging")
    return registry


@pytest.fixture
def serve(hermetic, tmp_path_factory):
    """Start servers for this test: ``serve(servers.Http, authenticated=True)``."""
    with ExitStack() as running:

        def start(kind: type[servers.Server], **options: Any) -> servers.Server:
            try:
                return running.enter_context(kind(tmp_path_factory.mktemp("server"), **options))
            except servers.MissingError as missing:
                pytest.skip(str(missing))

        yield start
