"""Runs steps: in this thread one after the other, or through an executor those at once that do not wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.runs import current, graph, outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from graphlib import TopologicalSorter

    from gitreg.runs.current import Here
    from gitreg.runs.tracing import Trace


class Call(NamedTuple):
    """A step with its arguments, and where it is; it can be sent to another process."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    here: Here


class Outcome(NamedTuple):
    """What a step returned, and in another process what it logged: whoever began the run takes it over."""

    value: Any
    facts: dict[str, Any] | None = None
    number: int | None = None
    complete: bool = False


def performed(call: Call) -> Outcome:
    """Run a step where its context is known; a run that was sent here hands back what the step logged."""
    function = call.function.__wrapped__  # type: ignore[attr-defined]
    tracked = call.here.tracked
    with current.entered(call.here):
        value = function(*call.args, **call.kwargs)
        outputs.recorded(function, value, tracked, call.here.step)
    if tracked is None or not call.here.run.remote:
        return Outcome(value)
    call.here.run.close()
    return Outcome(value, tracked.added, tracked.number, tracked.complete)


def perform(trace: Trace, order: TopologicalSorter[str]) -> None:
    """Run the calls of *trace* that are in *order*; the first error ends it, when what runs already has ended."""
    if trace.executor is None:
        _one_by_one(trace, order)
    else:
        _at_once(trace, order)


def _call(trace: Trace, name: str) -> Call:
    node = trace.nodes[name]
    args = graph.filled(node.args, trace.values)
    return Call(node.function, args, graph.filled(dict(node.kwargs), trace.values), trace.contexts[name])


def _one_by_one(trace: Trace, order: TopologicalSorter[str]) -> None:
    places = {name: place for place, name in enumerate(trace.nodes)}
    ready: list[str] = []
    while order.is_active():
        ready = sorted([*ready, *order.get_ready()], key=places.__getitem__)  # as they were called, where nothing else says so
        name = ready.pop(0)
        trace.values[name] = performed(_call(trace, name)).value
        order.done(name)


def _at_once(trace: Trace, order: TopologicalSorter[str]) -> None:
    from concurrent.futures import FIRST_COMPLETED, wait

    assert trace.executor
    running: dict[Future[Outcome], str] = {}
    try:
        while order.is_active():
            for name in order.get_ready():
                running[trace.executor.submit(performed, _call(trace, name))] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                trace.values[name] = _taken_over(trace, name, future.result())
                order.done(name)
    except BaseException:
        for future in running:
            future.cancel()
        wait(running)
        raise


def _taken_over(trace: Trace, name: str, outcome: Outcome) -> Any:
    tracked = trace.contexts[name].tracked
    if outcome.facts is not None and tracked is not None:
        tracked.absorb(outcome.facts, outcome.number, outcome.complete)
    return outcome.value
