"""The commands about pull requests: to propose a change, and to see how those stand that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitreg.cli import options, render
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.proposals.records import Proposed
    from gitreg.registry import Transaction


def proposed(asked: options.Settings, write: Callable[[Transaction], Any], reason: str, via: str | None) -> None:
    """Propose what *write* does, and print where: the pull request's address on stdout, the rest on stderr."""
    options.refuse(asked, offline=True)
    with asked.open() as registry:
        with registry.proposal(reason=reason, via=via) as tx:
            write(tx)
        done = tx.proposed
    assert done
    for note in done.notes:
        render.remark(asked, f"note: {shown(note)}")
    if asked.format != "table":
        render.show(asked, done.as_dict(), ["state", "branch", "number", "url"], [[done.state, done.branch, done.number, done.url or done.compare]])
        return
    _told(asked, done)


def _told(asked: options.Settings, done: Proposed) -> None:
    title, branch, base = shown(done.title), shown(done.branch), shown(done.base)
    if done.state == "landed":
        render.remark(asked, f"nothing to do: {base} is so already")
    elif done.state == "rehearsed":
        render.write(done.receipt.diff)
        render.remark(asked, f"dry run: would propose {title!r} to {base} from branch {branch}")
    elif done.url:
        render.write(f"{shown(done.url)}\n")
        render.remark(asked, f"{title}: pull request {done.number} to {base} {_STATES[done.state]} [{(done.commit or '')[:8]}]")
    else:
        render.write(f"{shown(done.compare or done.branch)}\n")
        render.remark(asked, f"pushed {branch} [{(done.commit or '')[:8]}]; now open a pull request to {base} with this text:\n\n{title}\n\n" + "\n".join(map(shown, done.body.splitlines())))


_STATES = {"opened": "opened", "updated": "updated", "unchanged": "is as it was"}
