"""The steps that a pipeline calls, in which order they can run. Pure: nothing is run here."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Node(NamedTuple):
    """One call of a step: its name in this run, what is called with what, and the names of the calls it waits for."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    after: tuple[str, ...] = ()


class Output:
    """What a step will return: it is passed on to other steps, or unpacked where the step returns a tuple. ``load()`` gives the value now."""

    def __init__(self, node: str, load: Callable[[Output], Any], count: int | None = None, path: tuple[int, ...] = ()) -> None:
        self.node, self.path = node, path
        self._load, self._count = load, count

    def load(self) -> Any:
        """Run what has to run for it, and return the value."""
        return self._load(self)

    def of(self, value: Any) -> Any:
        """Return the part of the step's *value* that this is."""
        for index in self.path:
            value = value[index]
        return value

    def __getitem__(self, index: int) -> Output:
        if self._count is not None and isinstance(index, int) and not -self._count <= index < self._count:
            raise IndexError(f"step {self.node!r} returns {self._count} values")
        return Output(self.node, self._load, None, (*self.path, index))

    def __iter__(self) -> Iterator[Output]:
        if self._count is None:
            raise TypeError(f"how many values step {self.node!r} returns is not known: say it, as in '-> tuple[A, B]', or use .load()")
        return iter([self[index] for index in range(self._count)])

    def __bool__(self) -> bool:
        raise TypeError(f"step {self.node!r} has not run yet: .load() runs it and gives its value")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Output):
            return self is other
        raise TypeError(f"step {self.node!r} has not run yet: .load() runs it and gives its value")

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Output({self.node!r}{''.join(f'[{index}]' for index in self.path)})"


def outputs_in(value: Any) -> Iterator[Output]:
    """Yield the outputs that *value* is, or that stand in its lists, tuples and maps."""
    if isinstance(value, Output):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from outputs_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from outputs_in(item)


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return *value* with what steps returned in place of their outputs."""
    if isinstance(value, Output):
        return value.of(values[value.node])
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    if isinstance(value, tuple):
        items = [filled(item, values) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, dict):
        return {key: filled(item, values) for key, item in value.items()}
    return value


def waits_for(node: Node) -> set[str]:
    """Return the names of the calls that *node* waits for: those it is after, and those whose outputs it takes."""
    return {*node.after, *(output.node for output in outputs_in([*node.args, *node.kwargs.values()]))}


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return what a call of step *name* is called: ``train``, then ``train_2``."""
    known = set(taken)
    return next(each for number in range(1, len(known) + 2) if (each := name if number == 1 else f"{name}_{number}") not in known)


def sorter(nodes: Mapping[str, Node], done: Iterable[str] = ()) -> TopologicalSorter[str]:
    """Return the order in which *nodes* can run, those that are *done* left out.

    Raises:
        UsageError: a step waits for one that the pipeline does not call, or for itself in a circle.
    """
    over = set(done)
    made = TopologicalSorter[str]()
    for name, node in nodes.items():
        waits = waits_for(node)
        unknown = sorted(waits - nodes.keys())
        if unknown:
            raise UsageError("step {name!r} is to run after {unknown!r}, which this pipeline does not call: it calls {known}", name=name, unknown=unknown[0], known=", ".join(nodes))
        if name not in over:
            made.add(name, *sorted(waits - over))
    try:
        made.prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        raise UsageError("the steps wait for each other in a circle: {circle}", circle=" after ".join(circle)) from None
    return made
