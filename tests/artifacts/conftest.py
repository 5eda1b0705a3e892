"""Stores of every kind, on this machine: a folder, memory, and S3 by moto's server on a loopback port, which says what it was asked."""

from __future__ import annotations

import pytest

from tests.artifacts.buckets import Bucket


@pytest.fixture(scope="session")
def moto():
    """Start one S3 for all tests of this process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://{server.get_host_and_port()[0]}:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def bucket(moto, monkeypatch, request):
    """Return an empty bucket of S3, reached through a proxy that counts and can be told to misbehave."""
    with Bucket(moto) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield made


@pytest.fixture
def kept(registry, git):
    """Give a function that names the store in ``gitreg.yaml``, and returns the registry."""

    def keep(address):
        with open(f"{registry.path}/gitreg.yaml", "a", encoding="utf-8") as file:
            file.write(f"artifacts: {address}\n")
        git(registry.path, "commit", "--quiet", "--all", "--message", "registry: a store")
        return registry

    return keep


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two files, one of them further in."""
    top = tmp_path / "bundle"
    (top / "sub").mkdir(parents=True)
    (top / "weights.bin").write_bytes(b"w" * 1000)
    (top / "sub" / "config.json").write_bytes(b"{}")
    return top
