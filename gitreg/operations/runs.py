"""What a training run writes: a version of its own, once or reserved and completed, or a line in one that was there. Pure.

The version that a run made is known by the run's id, so that whoever asks first (the run, a worker on another machine, a
program that it started) registers it, and all the others find it. Numbers are never given twice, so it is looked for
among those that came after the run began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg import names
from gitreg.errors import NotFoundError
from gitreg.operations import amend, stages
from gitreg.operations.found import beside
from gitreg.operations.register import register
from gitreg.records import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.operations.stages import Expected
    from gitreg.records import Manifest, Occasion
    from gitreg.view import View


class Claim(NamedTuple):
    """What a version of a run is found by: the *run*'s id, the *name* it was to get, and the count of versions when the run began."""

    model: str
    name: str | None
    run: str
    floor: int


def own(view: View, claim: Claim) -> Manifest | None:
    """Return the version that the run of *claim* made, or None where there is none yet."""
    for number in range(view.count(claim.model), claim.floor, -1):
        manifest = view.find_manifest(claim.model, number)
        if manifest and manifest.run and manifest.run.id == claim.run and manifest.version == (claim.name or str(number)):
            return manifest
    return None


def written(view: View, claim: list[Any], facts: Mapping[str, Any], occasion: Occasion) -> Change:
    """Return the change that lays *facts* over the run's own version, which is registered if it is not there.

    Raises:
        ConflictError: another run took the name meanwhile, or something recorded for good would change.
        UsageError: a fact is not what its field allows.
    """
    mine = Claim(*claim)
    found = own(view, mine)
    if found is None:
        return register(view, mine.model, mine.name, facts, occasion)
    return amend.update(view, names.Selector(mine.model, str(found.number)), beside(found, _still_free(found, facts)))


def _still_free(found: Manifest, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts* without what is frozen since the version became ready: the run itself, which was recorded then."""
    if found.status == "running":
        return dict(facts)
    return {name: fact for name, fact in facts.items() if name not in ("status", "run", "params")}


def promoted(view: View, claim: list[Any], stage: str, force: bool = False, expect: Expected = None) -> Change:
    """Return the change that points *stage* at the run's own version; see :func:`stages.promote`.

    Raises:
        NotFoundError: the run has made none.
    """
    mine = Claim(*claim)
    found = own(view, mine)
    if found is None:
        raise NotFoundError("this run has no version of {model!r}", model=mine.model)
    return stages.promote(view, names.Selector(mine.model, str(found.number)), stage, force=force, expect=expect)


def failed(view: View, claim: list[Any], facts: Mapping[str, Any]) -> Change:
    """Return the change that marks the run's own version as failed; nothing where it made none, or where it is complete."""
    mine = Claim(*claim)
    found = own(view, mine)
    if found is None or found.status != "running":
        return Change(model=mine.model)
    return amend.update(view, names.Selector(mine.model, str(found.number)), {**beside(found, facts), "status": "failed"})


def given_up(view: View, selector: names.Selector, reason: str, occasion: Occasion) -> Change:
    """Return the change that marks a running version as failed, whose run is gone without a word.

    Raises:
        NotFoundError: there is no such version.
    """
    manifest = view.manifest(selector.model, view.number(selector))
    if manifest.status != "running":
        return Change(model=selector.model, number=manifest.number)
    run = {**amend.fields_of(manifest.run), "finished_at": occasion.at, "error": reason} if manifest.run else {"id": "unknown", "finished_at": occasion.at, "error": reason}
    return amend.update(view, selector, {"status": "failed", "run": run})


def attached(view: View, selector: names.Selector, facts: Mapping[str, Any], run: Mapping[str, Any]) -> Change:
    """Return the change that lays *facts* over a version that was there, and adds *run* to its later runs.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: something recorded for good would change.
    """
    manifest = view.manifest(selector.model, view.number(selector))
    runs = [each for each in manifest.later_runs if each.id != run["id"]]
    return amend.update(view, selector, {**beside(manifest, facts), "later_runs": [*runs, dict(run)]})
