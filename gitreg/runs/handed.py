"""A run that ``gitreg run`` began, as the programs it started find it: through the environment, and a folder for what they log."""

from __future__ import annotations

import functools
import json
import os
from typing import TYPE_CHECKING, Any

from gitreg.errors import UsageError
from gitreg.operations.runs import Claim
from gitreg.runs.run import Place, Run
from gitreg.runs.tracked import Tracked, checked_maps
from gitreg.runs.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator


VARIABLE = "GITREG_RUN"
MODEL, VERSION, FOLDER = "GITREG_MODEL", "GITREG_VERSION", "GITREG_RUN_FOLDER"
_ENDING = ".facts.json"


class Folder:
    """A folder in which the processes of one run hand over what they log."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, model: str, facts: dict[str, Any]) -> None:
        """Hand over *facts*; whoever reads sees them whole or not at all."""
        from gitreg.operations.amend import plain_scalar

        file = os.path.join(self.path, os.urandom(16).hex())  # a process may have the number of an earlier one
        with open(file, "w", encoding="utf-8") as opened:
            json.dump({"model": model, "facts": facts}, opened, default=plain_scalar)
        os.rename(file, file + _ENDING)

    def read(self, model: str) -> Iterator[dict[str, Any]]:
        """Yield what was handed over of *model*, the first thing first.

        Raises:
            UsageError: a file there is not of this form.
        """
        with os.scandir(self.path) as entries:
            files = sorted((entry.stat().st_mtime_ns, entry.name) for entry in entries if entry.name.endswith(_ENDING))
        for _, name in files:
            try:
                with open(os.path.join(self.path, name), encoding="utf-8") as opened:
                    found = json.load(opened)
                if found["model"] == model:
                    yield checked_maps(found["facts"])
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError("{name!r} is not what a run hands over: {error}", name=name, error=error) from None


def environment(run: Run, folder: str) -> dict[str, str]:
    """Return the environment in which a program finds *run* and its one version, and *folder* to hand over what it logs."""
    ((_, tracked),) = run.tracked.items()
    known = tracked.found.id if tracked.found else f"{tracked.wanted.model}@{tracked.number or tracked.wanted.asked}" if tracked.number or tracked.wanted.asked else ""
    about = {
        "id": run.id, "pipeline": run.pipeline, "started_at": run.started_at, "facts": run.facts, "place": list(run.place),
        "model": tracked.wanted.model, "wanted": tracked.wanted.asked, "floor": None if tracked.found else tracked.claim.floor, "found": tracked.found and tracked.found.number,
    }  # fmt: skip
    return {VARIABLE: json.dumps(about), FOLDER: folder, MODEL: tracked.wanted.model, **({VERSION: known} if known else {})}


def taken_up() -> tuple[Run, Tracked] | None:
    """Return the run that the environment names, and its version; or None."""
    text, folder = os.environ.get(VARIABLE), os.environ.get(FOLDER)
    return _taken_up(text, folder, os.getpid()) if text and folder else None


@functools.lru_cache(maxsize=1)
def _taken_up(text: str, folder: str, process: int) -> tuple[Run, Tracked]:  # noqa: ARG001 - a forked process takes it up for itself
    try:
        about = json.loads(text)
        run = Run(Place(*about["place"]), about["pipeline"], None, Folder(folder))
        run.id, run.started_at, run.facts = about["id"], about["started_at"], about["facts"]
        tracked = Tracked(run, Wanted(about["model"], about["wanted"]))
        if about["found"]:
            with run.opened() as registry:
                tracked.found = registry.get(f"{about['model']}@{about['found']}")
        else:
            tracked.claim = Claim(about["model"], about["wanted"], about["id"], about["floor"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("{variable} in the environment is not what gitreg run sets: {error}", variable=VARIABLE, error=error, hint=f"unset {VARIABLE}") from None
    run.tracked[about["model"], about["wanted"]] = tracked
    return run, tracked
