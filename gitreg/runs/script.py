"""``with gitreg.run("iris") as model:`` a run of a script or a notebook, without a pipeline."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from gitreg import warned
from gitreg.runs import current, surroundings
from gitreg.runs.current import Here
from gitreg.runs.model import Model, bound_in, bound_to, known_in
from gitreg.runs.params import recorded
from gitreg.runs.run import Place, Run, under_way

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence


@contextlib.contextmanager
def run(
    model: str | Model, version: str | int | None = None, *, params: Mapping[str, Any] | None = None, name: str | None = None,
    packages: Sequence[str] = (), lock_file: str | os.PathLike[str] | None = None, registry: str | os.PathLike[str] | None = None,
) -> Iterator[Model]:  # fmt: skip
    """Give the model that a script or notebook trains: what is logged on it becomes one version, in one commit at the end.

    Without *version* it is a new one; a name is got or created; a number or stage must exist. If the block raises, nothing
    is left, or ``status: failed`` where the number was asked for before. *packages* are those whose versions are
    recorded; without them the digest of *lock_file*, or of a lock file that lies beside the code. Inside a run of the
    same model this is that run.

    Raises:
        NotFoundError: a stage is vacant, a number or a package does not exist.
        ConflictError: the version failed, or its name cannot be taken.
        BusyError: the registry cannot be written; what was recorded is kept in a file, which the error names.
    """
    given = model if isinstance(model, Model) else Model(model, version)
    around = current.current()
    if around and known_in(around.run, given):
        with _entered(around.run, given, params or {}) as handle:
            yield handle
        return
    begun = Run(Place.found(registry), name, surroundings.seen(surroundings.main_file(), packages, lock_file))
    begun.outer = around.run if around else None
    with under_way(begun), _entered(begun, given, params or {}) as handle:
        yield handle


@contextlib.contextmanager
def _entered(run: Run, model: Model, params: Mapping[str, Any]) -> Iterator[Model]:
    tracked = bound_in(run, model)
    if params and tracked.found:
        warned.warn(f"{tracked.found.id} was there before, and its parameters are recorded for good: {', '.join(params)} not recorded")
    run.note(tracked, None, recorded(params))
    with current.entered(Here(run, tracked)):
        yield bound_to(tracked)
