"""The commands about a change: what did it do, and is it fit to land."""

from __future__ import annotations

import os

import click

from gitreg.cli import options, read, render
from gitreg.errors import UsageError
from gitreg.names import shown


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


@click.command()
@click.argument("span", required=False, metavar="[BASE..HEAD]")
@click.option("--limit", type=click.IntRange(min=1000), default=65_536, show_default=True, metavar="BYTES", help="How long Markdown may be: detail is left out first, never the verdict.")
@options.comparing
def diff(span: str | None, limit: int) -> None:
    """Show what a change means, for a reviewer.

    Each stage that moves: metrics side by side, parameters, artifacts, gates with the values they saw, risks, and the command
    that takes it back. In a CI job of GitHub or GitLab the range is the job's. --format markdown is for a comment or a summary.

    \b
    Example:
      gitreg diff main..HEAD
      gitreg diff main..HEAD --format markdown > comment.md
    """
    from gitreg.review import markdown, plain, ranges

    asked = options.settings()
    options.refuse(asked, dry_run=True, at=True)
    wanted = span or ranges.of_ci(os.environ)
    if not wanted:
        raise UsageError("which change? give BASE..HEAD", hint="gitreg diff main..HEAD")
    with asked.open(wanted) as registry:
        found = ranges.parsed(registry.location.repo, wanted)
        meaning = registry.diff(found.base or ranges.NOTHING, found.head)
    if asked.format == "markdown":
        render.write(markdown.markdown(meaning, limit))
    elif asked.format == "table":
        render.write(plain.text(meaning))
    else:
        moves = [[move.model, move.stage, move.kind, move.before and move.before.number, move.after and move.after.number, " ".join(move.flags)] for move in meaning.moves]
        render.show(asked, meaning.as_dict(), ["model", "stage", "kind", "before", "after", "risks"], moves)


@click.command()
@click.option("--base", metavar="REV", help="What the edits are compared with. Default: where HEAD left the branch of gitreg.yaml; on it, HEAD.")
@options.fixing
def fix(base: str | None) -> int:
    """Complete and format edits made by hand.

    In stages.yaml one edited number is a promotion: previous and archived follow. It writes files of the worktree that
    differ from the base, and commits nothing. Exit 1 if it changed something, as a pre-commit hook does.

    \b
    Example:
      gitreg fix
      gitreg fix --dry-run
    """
    from gitreg.fix import fixed, start

    asked = options.settings()
    options.refuse(asked, at=True, no_fetch=True, offline=True)
    with asked.open() as registry:
        repo, ref, _ = registry.location[:3]
        since = base if base is not None else start(repo, ref, registry.snapshot().config)
        changed = fixed(registry.at(since).snapshot(), write=not asked.dry_run)
    render.show(asked, list(changed), ["path"], [[path] for path in changed]) if asked.format != "table" else render.write("".join(f"{shown(path)}\n" for path in changed))
    if not changed:
        render.remark(asked, "nothing to fix")
    return int(bool(changed))
