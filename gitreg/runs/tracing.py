"""The calls of steps that a pipeline's body makes: taken down while it runs, performed when it is over or when a value is asked for."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from gitreg.errors import UsageError
from gitreg.runs import engine, graph, outputs
from gitreg.runs.model import bound_in
from gitreg.runs.params import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from gitreg.runs.current import Here
    from gitreg.runs.step import Options
    from gitreg.runs.tracked import Tracked

_TRACE: ContextVar[Trace | None] = ContextVar("gitreg_trace", default=None)


class Trace:
    """The calls of one run of a pipeline, and the values of those that are done."""

    def __init__(self, here: Here, executor: Executor | None) -> None:
        self.here, self.executor = here, executor
        self.nodes: dict[str, graph.Node] = {}
        self.values: dict[str, Any] = {}
        self.contexts: dict[str, Here] = {}

    def add(self, function: Callable[..., Any], options: Options, args: tuple[Any, ...], kwargs: dict[str, Any], after: Any) -> graph.Output:
        """Take down a call, and return what stands for its output.

        Raises:
            UsageError: *after* does not name steps.
            NotFoundError: the step's model has no such version; nothing has run yet.
        """
        bound = inspect.signature(function).bind(*args, **kwargs)
        name = graph.free_name(options.name, self.nodes)
        tracked = bound_in(self.here.run, options.model) if options.model else self.here.tracked
        self.nodes[name] = graph.Node(name, function, args, kwargs, tuple(_names(name, after)))
        self.contexts[name] = self.here._replace(tracked=tracked, step=name)
        self._note(name, tracked, bound)
        configs, many = outputs.named(function.__wrapped__)  # type: ignore[attr-defined]
        return graph.Output(name, self.load, len(configs) if many else None)

    def _note(self, name: str, tracked: Tracked | None, bound: inspect.BoundArguments) -> None:
        bound.apply_defaults()
        given = {parameter: value for parameter, value in bound.arguments.items() if not list(graph.outputs_in(value))}
        self.here.run.note(tracked, name, recorded(given, f"{name}."))

    def load(self, output: graph.Output) -> Any:
        """Run the calls that are taken down, and return the value of *output*."""
        if output.node not in self.values:
            self.perform()
        return output.of(self.values[output.node])

    def perform(self) -> None:
        """Run all calls that have not run yet, each after those it waits for.

        Raises:
            UsageError: a step waits for one that is not called, or for itself in a circle.
        """
        order = graph.sorter(self.nodes, self.values)
        token = _TRACE.set(None)
        try:
            engine.perform(self, order)
        finally:
            _TRACE.reset(token)


def _names(name: str, after: Any) -> Iterable[str]:
    given = [after] if isinstance(after, (str, graph.Output)) or not isinstance(after, (list, tuple, set, frozenset)) else after
    for each in given:
        if isinstance(each, graph.Output):
            yield each.node
        elif isinstance(each, str) and each:
            yield each
        elif callable(each) and hasattr(each, "with_options"):
            yield each.__name__
        else:
            raise UsageError("step {name!r}: after is to name steps, found {each!r}", name=name, each=each, hint='after=["train"]')


def current() -> Trace | None:
    """Return the trace of the pipeline whose body runs here, or None."""
    return _TRACE.get()


@contextmanager
def taking_down(trace: Trace) -> Iterator[Trace]:
    """Take down the steps that are called meanwhile."""
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)
