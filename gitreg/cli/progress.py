"""How far a long work is: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitreg.cli.options import Settings

    Tell = Callable[[str, int, int | None], None]


def _silent(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def shown(asked: Settings) -> Iterator[Tell]:
    """Give what is told the name of a step, how much of it is done, and of how much (None where nobody knows).

    The bar is on stderr, and gone at the end; there is none with ``--quiet`` or where stderr is no terminal.
    """
    if asked.quiet or not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, no_color=asked.no_color or bool(os.environ.get("NO_COLOR")) or None), transient=True) as bars:
        steps = {}

        def tell(step: str, done: int, total: int | None) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step, total=total)
            bars.update(steps[step], completed=done, total=total)

        yield tell


@contextlib.contextmanager
def lazily(asked: Settings) -> Iterator[Tell]:
    """Give the same as :func:`shown`, for what may be told nothing: the bar is made when it is told something."""
    with contextlib.ExitStack() as stack:
        made: list[Tell] = []

        def tell(step: str, done: int, total: int | None) -> None:
            if not made:
                made.append(stack.enter_context(shown(asked)))
            made[0](step, done, total)

        yield tell
