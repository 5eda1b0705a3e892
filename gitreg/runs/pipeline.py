"""``@pipeline``: a function that calls steps; a call of it is a run."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypedDict, TypeVar, Unpack, cast, overload

from gitreg.errors import UsageError
from gitreg.runs import current, graph, surroundings, tracing
from gitreg.runs.current import Here
from gitreg.runs.model import Model, as_model, bound_in, bound_to
from gitreg.runs.params import recorded
from gitreg.runs.run import Place, Run, under_way

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

P = ParamSpec("P")
P_co = ParamSpec("P_co")
R = TypeVar("R")


class Given(TypedDict, total=False):
    """What a pipeline can be given: see :func:`pipeline`."""

    name: str | None
    model: Model | str | None
    executor: Executor | None
    packages: Sequence[str]
    lock_file: str | os.PathLike[str] | None


class PipelineRun(NamedTuple):
    """A run that is over: its id, its models (the pipeline's first), what the body returned, and what each step did."""

    id: str
    models: tuple[Model, ...]
    result: Any
    outputs: Mapping[str, Any]

    @property
    def model(self) -> Model:
        """The pipeline's model, else that of its first step that has one.

        Raises:
            UsageError: no model was given.
        """
        if not self.models:
            raise UsageError("this run had no model", hint="@pipeline(model=Model(NAME))")
        return self.models[0]


class Pipeline(Protocol[P_co]):
    """A pipeline: called, it runs its steps, and returns when they are done."""

    __name__: str
    __wrapped__: Callable[..., Any]

    def __call__(self, *args: P_co.args, **kwargs: P_co.kwargs) -> PipelineRun:
        """Run it."""
        ...

    def with_options(self, **given: Unpack[Given]) -> Pipeline[P_co]:
        """Return the same pipeline, given something else."""
        ...


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P]: ...
@overload
def pipeline(**given: Unpack[Given]) -> Callable[[Callable[P, R]], Pipeline[P]]: ...
def pipeline(function: Callable[..., Any] | None = None, /, **given: Unpack[Given]) -> Any:
    """Make a function that calls steps a pipeline. *model* is that of all steps which have none of their own.

    A model without a version makes one new version a run; a name is got or created; a number or a stage must exist
    before the first step starts. A run is one commit at its end, or nothing. Through an *executor*
    (:class:`concurrent.futures.Executor`) steps that do not wait for each other run at once, in its threads or processes.
    *packages* are those whose versions are recorded; without them the digest of *lock_file*, or of one beside the code.

    Calling it raises:
        UsageError: steps wait for each other in a circle, or for one that is not called.
        NotFoundError: a stage is vacant, a number or package does not exist.
        ConflictError: a version failed before, or its name was taken meanwhile.
        BusyError: the registry cannot be written; what was recorded is kept in a file, which the error names.
    """
    if function is None:
        return lambda later: _made(later, given)
    return _made(function, given)


def _made(function: Callable[..., Any], given: Given) -> Pipeline[Any]:
    unknown = sorted(given.keys() - Given.__annotations__.keys())
    if unknown or not callable(function):
        what = f"has no option {unknown[0]!r}: it has {', '.join(Given.__annotations__)}" if unknown else f"is a function, not {function!r}"
        raise UsageError("a pipeline {what}", what=what)

    executor = given.get("executor")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise UsageError("executor: expected a concurrent.futures.Executor, found {executor!r}", executor=executor, hint="with ThreadPoolExecutor(4) as pool: ...")
    given = {**given, "model": as_model(given.get("model"), function.__name__)}

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> PipelineRun:
        return _run(function, given, args, kwargs)

    made = cast("Any", called)
    made.with_options = lambda **more: _made(function, cast("Given", {**given, **more}))
    return cast("Pipeline[Any]", made)


def _run(function: Callable[..., Any], given: Given, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> PipelineRun:
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    if tracing.current() is not None:
        return cast("PipelineRun", function(*args, **kwargs))  # a pipeline in a pipeline: its steps are the outer one's
    surrounded = surroundings.seen(_file(function), given.get("packages") or (), given.get("lock_file"))
    run = Run(Place.found(), given.get("name") or function.__name__, surrounded)
    around = current.current()
    run.outer = around.run if around else None
    model = as_model(given.get("model"), function.__name__)
    with under_way(run):
        tracked = bound_in(run, model) if model else around.tracked if around else None
        run.note(tracked, None, recorded(bound.arguments))
        trace = tracing.Trace(Here(run, tracked), given.get("executor"))
        with current.entered(trace.here):
            with tracing.taking_down(trace):
                result = function(*args, **kwargs)
            trace.perform()
        result = graph.filled(result, trace.values)
    models = dict.fromkeys([*([tracked] if tracked else []), *run.tracked.values()])
    return PipelineRun(run.id, tuple(map(bound_to, models)), result, trace.values)


def _file(function: Callable[..., Any]) -> str | None:
    """Return the file of the code of *function*; None in a notebook."""
    import os

    file = inspect.getsourcefile(function) if hasattr(function, "__code__") else None
    return file if file and os.path.isfile(file) else surroundings.main_file()
