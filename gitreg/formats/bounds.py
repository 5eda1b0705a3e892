"""What of a stranger's header may go into a record: short texts that a file can hold, numbers of 64 bits, few of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_LISTED = 200  # tensors, inputs, outputs
_LONGEST = 200  # characters of a name
_LARGEST = 2**63 - 1


class NotThatError(Exception):
    """The file is not of the format, or lies about itself."""


def text(value: Any) -> str:
    """Return *value* as a short text that UTF-8 can hold."""
    return str(value)[:_LONGEST].encode("utf-8", "replace").decode()


def whole(value: Any) -> int:
    """Return *value* if it is a whole number from 0 that 64 bits hold.

    Raises:
        NotThatError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise NotThatError
    return value


def counted(shapes: Iterable[list[int]]) -> int:
    """Return how many numbers tensors of these *shapes* have together.

    Raises:
        NotThatError: it is more than 64 bits hold.
    """
    total = 0
    for shape in shapes:
        product = 1
        for side in shape:
            product = whole(product * side)
        total = whole(total + product)
    return total


def listed(items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first of *items*, their names made short; how many there are, the caller says."""
    return {text(name): items[name] for name in list(items)[:MOST_LISTED]}


def given(**fields: Any) -> dict[str, Any]:
    """Return the *fields* that say something, in their order."""
    return {name.rstrip("_"): value for name, value in fields.items() if value not in (None, "", {}, [])}
