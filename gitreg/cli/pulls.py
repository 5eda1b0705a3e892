"""The commands about pull requests: to propose a change, and to see how those stand that are open."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from gitreg.cli import options, render
from gitreg.errors import UsageError
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.proposals.pulls import Goal
    from gitreg.proposals.records import Proposed, Standing
    from gitreg.transactions import Transaction


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

_VIA = click.option("--via", type=click.Choice(["gh", "glab"]), help="Ask with your own tool, not with a token.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def pr() -> None:
    """See the pull requests that change the registry.

    Whoever made them and however: each is judged as it would land now.

    \b
    Example:
      gitreg pr list
      gitreg pr status 12
    """


@pr.command(name="list")
@_VIA
@options.tending
def list_(via: str | None) -> None:
    """List the open pull requests that change the registry.

    ready: approved, and nothing stands against it. outdated: the holder of a stage that it moves is no longer the one that it was
    made against. Without a token the branches gitreg/... are listed; who approved them, nobody can tell then.

    \b
    Example:
      gitreg pr list
      gitreg pr list --format json
    """
    asked = _asked()
    with asked.open() as registry:
        found = registry.proposals(via=via).open()
    columns = ["number", "what", "author", "review", "checks", "state"]
    rows = [[each.number or each.branch, "; ".join(each.changes) or each.title, each.author, each.review, each.checks, each.state] for each in found]
    render.show(asked, [each.as_dict() for each in found], columns, rows)
    if not found:
        render.remark(asked, "no pull request that changes the registry is open")


@pr.command()
@click.argument("which", metavar="[NUMBER_OR_BRANCH]", required=False)
@_VIA
@options.tending
def status(which: str | None, via: str | None) -> int:
    """Show how one pull request stands.

    What it moves, each reason that it is not ready, and what to do next. Without an argument: that of the branch you are on, else the
    only one. Exit 0 where it is ready or merged, 1 where something stands against it or is open still.

    \b
    Example:
      gitreg pr status 12
      gitreg pr status gitreg/iris/promote-7-production
    """
    asked = _asked()
    with asked.open() as registry:
        found = registry.proposals(via=via).status(which)
    _shown(asked, found)
    return int(found.state not in ("ready", "merged"))


@pr.command()
@click.argument("which", metavar="NUMBER_OR_BRANCH")
@click.option("--for", "until", type=click.Choice(["merged", "ready"]), default="merged", show_default=True, help="What to wait for.")
@click.option("--timeout", default="1h", show_default=True, metavar="DURATION", help="How long: 90, 90s, 15m, 2h or 1d.")
@_VIA
@options.tending
def wait(which: str, until: Goal, timeout: str, via: str | None) -> None:
    """Wait until a pull request is merged, or ready to be.

    It is asked again in growing pauses. Exit 4 where it is out of date, 5 where it was closed or fails, 7 where the time is over.

    \b
    Example:
      gitreg pr wait 12 --timeout 2h
      gitreg pr wait gitreg/iris/promote-7-production --for ready
    """
    asked = _asked()
    seconds = _seconds(timeout)
    with asked.open() as registry:
        found = registry.proposals(via=via).wait(which, until, timeout=seconds, heard=lambda now: render.remark(asked, _line(now)))
    _shown(asked, found) if asked.format != "table" else render.write(f"{found.state}\n")


@pr.command()
@click.argument("number", type=click.IntRange(min=1))
@click.argument("span", required=False, metavar="[BASE..HEAD]")
@_VIA
@options.tending
def comment(number: int, span: str | None, via: str | None) -> None:
    """Write what a change means as a comment on a pull request.

    For CI: the comment is brought up to date in place each time. In a job of GitHub or GitLab the range is the job's.

    \b
    Example:
      gitreg pr comment 12
      gitreg pr comment 12 origin/main..HEAD
    """
    from gitreg.review import ranges

    asked = _asked()
    wanted = span or ranges.of_ci(os.environ)
    if not wanted:
        raise UsageError("which change? give BASE..HEAD", hint=f"gitreg pr comment {number} origin/main..HEAD")
    with asked.open() as registry:
        found = ranges.parsed(registry.location.repo, wanted)
        url = registry.proposals(via=via).comment(number, found.base or ranges.NOTHING, found.head)
    render.show(asked, {"url": url}, ["url"], [[url]]) if asked.format != "table" else render.write(f"{shown(url)}\n")


def _asked() -> options.Settings:
    asked = options.settings()
    options.refuse(asked, at=True, dry_run=True, offline=True, no_fetch=True)
    return asked


def _shown(asked: options.Settings, found: Standing) -> None:
    if asked.format != "table":
        render.show(asked, found.as_dict(), ["number", "branch", "state", "reasons"], [[found.number, found.branch, found.state, "; ".join(found.reasons)]])
        return
    lines = [
        ("state", found.state), *(("why", reason) for reason in found.reasons), *(("changes", change) for change in found.changes), ("title", found.title), ("number", found.number),
        ("address", found.url), ("branch", f"{found.branch} to {found.base}"), ("commit", found.commit), ("author", found.author), ("review", found.review), ("checks", found.checks), ("next", found.next),
    ]  # fmt: skip
    render.table(asked, ["", ""], [[name, value] for name, value in lines if value not in (None, "")])


def _line(now: Standing) -> str:
    return shown(f"{now.state}: {'; '.join(now.reasons)}" if now.reasons else now.state)


def _seconds(text: str) -> float:
    """Return how long a duration is: ``90``, ``90s``, ``15m``, ``2h``, ``1d``."""
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", text)
    if match is None:
        raise UsageError("{text!r} is no duration: write 90s, 15m, 2h or 1d", text=text, hint="gitreg pr wait 12 --timeout 15m")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]
