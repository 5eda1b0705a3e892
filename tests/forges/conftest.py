"""Forges for a test: one that runs, and the way to it as a person's environment gives it."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from gitreg.forges.connect import connected
from gitreg.forges.places import located
from tests.forges import servers

KINDS = {"github": servers.GitHub, "gitlab": servers.GitLab, "gitea": servers.Gitea}
VARIABLES = {"github": "GH_ENTERPRISE_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}


def environment(host, *, patience="0.3"):
    """Return the environment in which a token belongs to *host*."""
    return {"GITREG_FORGE": host.kind, "GITREG_FORGE_API": host.api, VARIABLES[host.kind]: servers.TOKEN, "GITREG_FORGE_PATIENCE": patience}


def way(host, **more):
    """Return the forge as gitreg speaks to it."""
    env = environment(host) | more
    found = connected(located(f"{host.address}/{host.repository}.git", env), env)
    assert found
    return found


@pytest.fixture
def start():
    """Start a forge of a kind; at the end, everything that was said must have been as described."""
    with ExitStack() as running:
        started = []

        def run(kind, **options):
            started.append(running.enter_context(KINDS[kind](**options)))
            return started[-1]

        yield run
        assert [wrong for one in started for wrong in one.wrong] == []


@pytest.fixture(params=KINDS)
def host(request, start):
    """Return a running forge of each kind in turn."""
    return start(request.param)
