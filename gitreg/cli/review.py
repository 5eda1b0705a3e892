"""The commands about a change: what did it do, and is it fit to land."""

from __future__ import annotations

import click

from gitreg.cli import options, read, render


@click.command()
@click.argument("span", metavar="BASE..HEAD")
@options.comparing
def changes(span: str) -> None:
    """Print what a range of commits changed, as events.

    The trigger of a deployment: the two ends are compared as they are, so it is right after a merge, a squash, a
    rebase and a force-push. A BASE of zeros, which a first push has, is the empty tree.

    \b
    Example:
      gitreg changes HEAD~1..HEAD
      gitreg changes "$BEFORE..$AFTER" --format jsonl
    """
    from gitreg.review import changes as review
    from gitreg.review import ranges

    asked = options.settings()
    options.refuse(asked, dry_run=True, at=True)
    with asked.open() as registry:
        wanted = ranges.parsed(registry.location.repo, span)
        found = tuple(review.changes(registry.at(wanted.head).snapshot(), wanted))
    read.printed(asked, found)
    if not found:
        render.remark(asked, "nothing of the registry changed")
