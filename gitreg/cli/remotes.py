"""The commands that bring two histories together: with the remote, and with the branch that is the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitreg.cli import options, render
from gitreg.names import shown

if TYPE_CHECKING:
    from gitreg.operations.replay import Choice
    from gitreg.records import Rebased, Synced

_STAGES = click.option("--stages", type=click.Choice(["ours", "theirs"]), help="Who wins a stage that both sides moved (default: nobody, it is refused).")

_RENAME = click.option("--rename", "renames", multiple=True, metavar="MODEL@OLD=NEW", help="Give a version that is new on this side another name; may be given many times.")


@click.command()
@_STAGES
@_RENAME
@options.fixing
def sync(stages: Choice | None, renames: tuple[str, ...]) -> None:
    """Bring this clone and its remote together.

    What one side has and the other has not is exchanged: what was written with --offline is replayed as operations, on top of what the
    others wrote, and pushed. A number that is taken there becomes the next one.

    \b
    Example:
      gitreg sync
      gitreg sync --dry-run
      gitreg sync --stages ours
    """
    asked = options.settings()
    options.refuse(asked, at=True, offline=True)
    with asked.open() as registry:
        done = registry.sync(stages=stages, renames=_named(renames))
    told = _joined((done.pulled, "pulled {}"), (done.pushed, "pushed {}"))
    _printed(asked, done, f"{told} [{done.commit[:8]}]" if done.changed else f"nothing to do: {shown(done.branch)} is as {shown(done.remote)} has it", ["branch", "pulled", "pushed", "commit"])


@click.command()
@click.argument("onto", required=False, metavar="[ONTO]")
@_STAGES
@_RENAME
@options.fixing
def rebase(onto: str | None, stages: Choice | None, renames: tuple[str, ...]) -> None:
    """Renumber this branch's new versions onto a moved base.

    Its commits are replayed as operations on ONTO (default: the branch that is the truth, as it was fetched last), and its stages and
    links follow the versions. Nothing is fetched: git fetch comes before.

    \b
    Example:
      gitreg rebase
      gitreg rebase origin/main --dry-run
    """
    asked = options.settings()
    options.refuse(asked, at=True, offline=True)
    with asked.open() as registry:
        done = registry.rebase(onto, stages=stages, renames=_named(renames))
    landed = f", {done.landed} had landed" if done.landed else ""
    told = f"replayed {_commits(done.replayed)} onto {shown(done.onto)}{landed} [{done.commit[:8]}]"
    _printed(asked, done, told if done.changed else f"nothing to do: {shown(done.branch)} has all of {shown(done.onto)} (as last fetched)", ["branch", "onto", "replayed", "commit"])


def _named(renames: tuple[str, ...]) -> dict[str, str]:
    """Return the new names by version."""
    return {old: new for old, _, new in (text.partition("=") for text in renames)}


def _printed(asked: options.Settings, done: Rebased | Synced, told: str, columns: list[str]) -> None:
    """Print what was renumbered on stdout, and the rest as a remark."""
    for note in done.notes:
        render.remark(asked, f"note: {shown(note)}")
    for contest in done.contested:
        render.remark(asked, shown(contest))
    if asked.format != "table":
        data = done.as_dict()
        render.show(asked, data, columns, [[data[name] for name in columns]])
    else:
        render.write("".join(f"{shown(each.model)}@{each.from_number} is {shown(each.model)}@{each.number} now\n" for each in done.renumbered))
    render.remark(asked, f"dry run: would have {told}" if asked.dry_run and done.changed else told)


def _joined(*counted: tuple[int, str]) -> str:
    return ", ".join(text.format(_commits(number)) for number, text in counted if number)


def _commits(number: int) -> str:
    return f"{number} commit" if number == 1 else f"{number} commits"
