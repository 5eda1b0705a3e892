"""``gitreg check BASE..HEAD``: is a change sound, and fit to land? State rules and change rules in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitreg.review.check import Since, check_state, told
from gitreg.review.landing import landing
from gitreg.review.meaning import meaning
from gitreg.review.rules import check_change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gitreg.records import Finding
    from gitreg.review.landing import Landing
    from gitreg.review.meaning import Meaning
    from gitreg.review.ranges import Range
    from gitreg.store.cache import Cache
    from gitreg.store.gitrepo import GitRepo


def check_range(repo: GitRepo, prefix: str, cache: Cache, span: Range) -> Iterator[Finding]:
    """Yield every finding on *span* as it would land on its base, by path.

    Only what changed is read, and what it can spoil: the base is taken to be sound, as ``gitreg check`` tells. Where it holds no
    registry yet, there are only state rules.

    Raises:
        InvalidError: the base's ``gitreg.yaml`` is invalid, or git cannot merge the two.
    """
    yield from judged(landing(repo, prefix, cache, span))


def judged(lands: Landing) -> list[Finding]:
    """Return every finding on a change that would land so, by path."""
    return told([*check_state(lands.end, Since(lands.base, lands.landed)), *check_change(lands)])


def explained(repo: GitRepo, prefix: str, cache: Cache, span: Range, at: datetime) -> Meaning:
    """Return what *span* means for a reviewer, as of the moment *at*.

    Raises:
        InvalidError: the base's ``gitreg.yaml`` is invalid, or git cannot merge the two.
    """
    lands = landing(repo, prefix, cache, span)
    start = lands.base.commit if lands.base else repo.empty_tree
    return meaning(lands, span.head, judged(lands), at, repo.patch(start, lands.end.commit, prefix))
