"""``@step``: a function that a pipeline runs, or that is called as it is. It needs no registry to be tested."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast, overload

from gitreg.errors import UsageError
from gitreg.runs import current, engine, tracing
from gitreg.runs.model import as_model, bound_in
from gitreg.runs.params import recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.runs.model import Model

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Step(Protocol[P, R_co]):
    """A step: called, it runs; in a pipeline it is taken down, and its output stands for what it will return."""

    __name__: str
    __wrapped__: Callable[..., Any]

    def __call__(self, *args: Any, after: Any = (), **kwargs: Any) -> R_co:
        """Call the function; *after* names steps that must have run before, in a pipeline."""
        ...

    def with_options(self, *, name: str | None = None, model: Model | str | None = None) -> Step[P, R_co]:
        """Return the same step under another *name*, or with a *model* of its own."""
        ...


class Options(NamedTuple):
    """What a step was given: its name in a pipeline, and the model that it works on, if not the pipeline's."""

    name: str
    model: Model | None = None


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(*, name: str | None = None, model: Model | str | None = None) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Callable[..., Any] | None = None, /, *, name: str | None = None, model: Model | str | None = None) -> Any:
    """Make a function a step of pipelines. *model* takes precedence over the pipeline's.

    In a pipeline a call of it is taken down and run later, after the steps whose outputs it takes and those named with
    ``after=["train"]``. In ``gitreg.run(…)``, or called by another step, it runs at once as a part of that run. Elsewhere it is
    the plain function, which touches no registry. Its plain parameters are recorded as ``step.parameter``.

    Raises:
        UsageError: the function has a parameter named ``after``, or is asynchronous.
    """
    if function is None:
        return functools.partial(_made, name=name, model=model)
    return _made(function, name=name, model=model)


def _made(function: Callable[..., Any], *, name: str | None, model: Model | str | None) -> Step[Any, Any]:
    if not callable(function) or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UsageError("a step is a plain function, not {function!r}", function=function)
    if "after" in inspect.signature(function).parameters:
        raise UsageError("step {name!r} cannot have a parameter named 'after': that says what it is to run after", name=function.__name__)
    options = Options(name or function.__name__, as_model(model, function.__name__))

    @functools.wraps(function)
    def called(*args: Any, after: Any = (), **kwargs: Any) -> Any:
        trace = tracing.current()
        if trace is not None:
            return trace.add(called, options, args, kwargs, after)
        here = current.current()
        return function(*args, **kwargs) if here is None else _at_once(engine.Call(called, args, kwargs, here), options)

    made = cast("Any", called)
    made.with_options = lambda *, name=None, model=None: _made(function, name=name or options.name, model=model or options.model)
    return cast("Step[Any, Any]", made)


def _at_once(call: engine.Call, options: Options) -> Any:
    """Run a step inside a run that has begun, and return what it returns."""
    run = call.here.run
    tracked = bound_in(run, options.model) if options.model else call.here.tracked
    bound = inspect.signature(call.function).bind(*call.args, **call.kwargs)
    bound.apply_defaults()
    run.note(tracked, options.name, recorded(bound.arguments, f"{options.name}."))
    return engine.performed(call._replace(here=call.here._replace(tracked=tracked, step=options.name))).value
