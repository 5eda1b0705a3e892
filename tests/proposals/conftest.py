"""A registry that is shared through a bare repository, and those who propose changes to it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import servers
from gitreg import Registry
from tests.forges.conftest import KINDS, environment

PROMOTION = "gitreg/iris/promote-3-production"


class Shared(NamedTuple):
    """A bare repository that is shared, and two clones of it; ``iris`` has three versions, 1 in production and 2 in staging."""

    hub: Path
    ann: Path
    bob: Path


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("history")
    (home / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n[init]\n\tdefaultBranch = main\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        with Registry.init(folder / "made") as made:
            for accuracy in (0.91, 0.95, 0.97):
                made.register("iris", metrics={"accuracy": accuracy})
            made.promote("iris@1", "production")
            made.promote("iris@2", "staging")
        subprocess.run(["git", "clone", "-q", "--bare", folder / "made", folder / "bare"], check=True)
    return folder / "bare"


@pytest.fixture
def shared(history, tmp_path, git):
    shutil.copytree(history, tmp_path / "hub.git")
    for person in ("ann", "bob"):
        git(tmp_path, "clone", "-q", "hub.git", person)
    return Shared(tmp_path / "hub.git", tmp_path / "ann", tmp_path / "bob")


@pytest.fixture
def ann(shared):
    with Registry.open(shared.ann) as opened:
        yield opened


@pytest.fixture
def bob(shared):
    with Registry.open(shared.bob) as opened:
        yield opened


def proposed(registry, write, **options):
    """Propose what *write* does in a transaction."""
    with registry.proposal(**options) as tx:
        write(tx)
    return tx.proposed


def promotion(tx):
    tx.promote("iris@3", "production")


def branches(hub, git):
    """Return the branches of a bare repository with their commits."""
    return dict(line.split(" ") for line in git(hub, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").splitlines())


def put(git, folder, path, text, message):
    """Commit a file in a clone."""
    Path(folder, path).write_text(text)
    git(folder, "add", path)
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def hosted(serve, history, tmp_path, git, monkeypatch):
    """Put the registry on a git server with a forge of a kind beside it, its token in the environment; returns the forge and two clones."""

    def start(kind="github"):
        server = serve(servers.Http)
        hub = Path(server.create("org/models.git"))
        git(history, "push", "-q", str(hub), "main")
        for person in ("ann", "bob"):
            git(tmp_path, "clone", "-q", server.url("org/models.git"), person)
        forge = KINDS[kind](folder=str(hub))
        forge.start()
        started.append(forge)
        for name, value in environment(forge).items():
            monkeypatch.setenv(name, value)
        return forge, Shared(hub, tmp_path / "ann", tmp_path / "bob")

    started = []
    yield start
    for forge in started:
        forge.stop()
    assert [wrong for forge in started for wrong in forge.wrong] == []
