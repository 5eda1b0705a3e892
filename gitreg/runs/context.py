"""``get_step_context()``: what a step may ask of the run that it is in."""

from __future__ import annotations

from gitreg.errors import UsageError
from gitreg.runs.current import Here, current
from gitreg.runs.model import Model, bound_to


class StepContext:
    """The context of a step: its model, its name, its pipeline's name and the id of the run."""

    def __init__(self, here: Here) -> None:
        self._here = here

    def __repr__(self) -> str:
        return f"StepContext(step_name={self.step_name!r}, pipeline_name={self.pipeline_name!r}, run_id={self.run_id!r})"

    @property
    def model(self) -> Model:
        """The model that this step works on: its own if it was given one, else the pipeline's.

        Raises:
            UsageError: neither was given one.
        """
        if self._here.tracked is None:
            where = f"step {self.step_name!r}" if self.step_name else "this run"
            raise UsageError("{where} has no model: neither it nor its pipeline was given one", where=where, hint="@step(model=Model(NAME)) or @pipeline(model=Model(NAME))")
        return bound_to(self._here.tracked)

    @property
    def step_name(self) -> str | None:
        """The name of the step in this run, None in a pipeline's body or a script."""
        return self._here.step

    @property
    def pipeline_name(self) -> str | None:
        """The name of the pipeline, None in a run without one."""
        return self._here.run.pipeline

    @property
    def run_id(self) -> str:
        """The id of the run, which its versions record."""
        return self._here.run.id


def get_step_context() -> StepContext:
    """Return the context of the step that runs: its ``model``, ``step_name``, ``pipeline_name`` and ``run_id``.

    Raises:
        UsageError: no run is under way here.
    """
    here = current()
    if here is None:
        raise UsageError(
            "no run is under way here: a step has a context while a pipeline or gitreg.run(…) runs it", hint='with gitreg.run("MODEL") as model: ...'
        )
    return StepContext(here)
