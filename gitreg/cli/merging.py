"""The command that git calls to merge a pointer file."""

from __future__ import annotations

import click

from gitreg.cli import options, render
from gitreg.errors import BusyError
from gitreg.names import shown

_FILE = click.Path(exists=True, dir_okay=False)


def _label(default: str) -> object:
    """Return what names a side by *default*: a git that knows no names leaves the placeholder as it is."""
    return lambda _context, _parameter, value: default if value in (None, "", "%X", "%Y") else shown(value)


@click.command("merge-file")
@click.argument("base", type=_FILE)
@click.argument("ours", type=_FILE)
@click.argument("theirs", type=_FILE)
@click.option("--path", metavar="PATH", help="What the file is called in the repository, for messages.")
@click.option("--ours", "our_name", metavar="NAME", callback=_label("ours"), help="What conflict markers call OURS.")
@click.option("--theirs", "their_name", metavar="NAME", callback=_label("theirs"), help="What conflict markers call THEIRS.")
@click.option("--marker-size", type=click.IntRange(1, 1000), default=7, show_default=True, metavar="N", help="How long conflict markers are.")
@click.option("--driver", "as_driver", is_flag=True, help="Exit 80 for 0 and 81 for 1, which no program that fails does by itself.")
@options.plain
def merge_file(base: str, ours: str, theirs: str, path: str | None, our_name: str, their_name: str, marker_size: int, as_driver: bool) -> int:
    """Merge a stages.yaml, as git's merge driver.

    OURS becomes the merge of three versions. BASE is what OURS and THEIRS were made of. Who holds which stage is merged, not lines of text; exit 1 if the two sides
    disagree, and OURS has conflict markers then. gitreg init sets it up; in another clone gitreg doctor --fix does.

    \b
    Example:
      gitreg merge-file base.yaml ours.yaml theirs.yaml
    """
    from gitreg.driver import CONTESTED, MERGED, Labels, merged

    asked = options.settings()
    found = merged(base, ours, theirs, Labels(our_name, their_name, marker_size))
    try:
        with open(ours, "wb") as file:
            file.write(found.data)
    except OSError as error:
        raise BusyError("cannot write {path!r}: {reason}", path=ours, reason=error.strerror or str(error)) from None
    for contest in found.contests:
        render.remark(asked, f"{shown(path or ours)}: {contest}")
    answers = (MERGED, CONTESTED) if as_driver else (0, 1)
    return answers[not found.clean]
