"""A registry, its index, and servers that give it away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import servers
from gitreg import Registry
from tests.index.servers import Liar

if TYPE_CHECKING:
    import os


@pytest.fixture
def nginx(serve):
    """Return a real nginx, as it comes; the index belongs into ``nginx.index``."""
    server = serve(servers.Nginx)
    server.index = Path(server.root) / "index"
    return server


@pytest.fixture
def address(nginx, iris):
    """Return the address at which nginx gives away the index of ``iris``."""
    iris.export(nginx.index)
    return nginx.url("index")


@pytest.fixture
def index(address):
    """Return the reader of the index of ``iris``."""
    with Registry.open(address) as opened:
        yield opened


@pytest.fixture
def liar():
    """Return a server that answers what a test wants."""
    with Liar() as server:
        yield server


def files(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    """Return every file below *folder* by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
