"""One clone to thirty-two that push to one branch: writes a second in all, shares, and how often a push was tried."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from benchmarks import crowds, servers
from benchmarks.clock import Effort
from benchmarks.scale import sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale.plan import Plan

_PUSH = "service=git-receive-pack"  # what every push asks for first


def rows(plan: Plan, folder: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each number of clones, and beside it as many that commit and push with git alone."""
    place = os.path.join(folder, "push")
    with servers.Http(place, logs=True) as server:
        ours, theirs = (crowds.cloned(place, server, use, max(plan.clones)) for use in ("gitreg", "git"))
        alone: dict[str, float] = {}
        for clones in plan.clones:
            row = {"clones": clones, "gitreg": _pushed("gitreg", ours[:clones], server, plan.seconds), "git": _pushed("git", theirs[:clones], server, plan.seconds)}
            for kind in ("gitreg", "git"):
                row[kind]["times"] = round(row[kind]["a_second"] / alone.setdefault(kind, row[kind]["a_second"]), 3)
            yield row
        yield {"clones": 1, "bulk": _bulk(plan, place, server)}


def _pushed(kind: str, clones: list[str], server: servers.Http, seconds: float) -> dict[str, Any]:
    """Return what a crowd got done; the tries are counted by the server, those of the writers' first write with them."""
    before, begun = server.asked(_PUSH), _commits(server, f"{kind}.git")
    shares = crowds.crowd(kind, clones, seconds)
    tries, commits = server.asked(_PUSH) - before, _commits(server, f"{kind}.git") - begun
    return {
        "a_second": round(1 / crowds.pace(shares), 2), "tries": round(tries / commits, 2),
        "slowest": round(max(share.a_write for share in shares) / min(share.a_write for share in shares), 2), "slowest_ms": round(1000 * max(share.a_write for share in shares)),
        "least": min(share.writes for share in shares),
    }  # fmt: skip


def _commits(server: servers.Server, name: str) -> int:
    place = os.path.join(server.root, name)
    return int(subprocess.run(["git", "-C", place, "rev-list", "--count", "main"], check=True, capture_output=True, text=True).stdout)


def _bulk(plan: Plan, folder: str, server: servers.Server) -> dict[str, Any]:
    """Return how many times one version a transaction of many takes, pushed."""
    bar = crowds.many_at_once(Effort(max(1, plan.cold.rounds // 3), 1e9, 1), folder, server)
    return sizes.paired(bar.top, bar.bottom) | {"versions": crowds.MANY}
