"""What a transaction was asked to do, as data: it can be done again, and is on disk where there is much of it.

An operation is a :func:`functools.partial` of a function of this package. Its arguments are taken down when it is
recorded, so that a caller may use his dictionary again. Any other callable is kept as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from gitreg import names
from gitreg.operations import amend
from gitreg.records import Occasion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitreg.records import Change
    from gitreg.scratch import Scratch
    from gitreg.view import View

    Operation = Callable[[View], Change]

AT_HAND = 256  # operations
_PACKAGE = "gitreg.operations."


class Script:
    """Operations in the order in which they were carried out, and what each came to."""

    def __init__(self) -> None:
        self._near: list[tuple[bytes | None, bytes]] = []
        self._kept: list[Operation] = []
        self._far: Scratch | None = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, operation: Operation, change: Change) -> None:
        """Take down an *operation* that came to *change*.

        Raises:
            BusyError: there is no room on disk.
        """
        if len(self._near) >= AT_HAND:
            self._set_aside()
        data = _written(operation)
        if data is None:
            self._kept.append(operation)
        self._near.append((data, outcome(change)))
        self._size += 1

    def _set_aside(self) -> None:
        if self._far is None:
            from gitreg.scratch import Scratch

            self._far = Scratch("CREATE TABLE script (operation BLOB, outcome BLOB)")
        self._far.write("INSERT INTO script VALUES (?, ?)", self._near)
        self._near = []

    def __iter__(self) -> Iterator[Operation]:
        """Yield the operations; nothing is added meanwhile."""
        kept = iter(self._kept)
        for data, _ in self._rows():
            yield next(kept) if data is None else _read(data)

    def outcomes(self) -> Iterator[bytes]:
        """Yield what each operation came to, see :func:`outcome`."""
        return (came_to for _, came_to in self._rows())

    def _rows(self) -> Iterator[tuple[bytes | None, bytes]]:
        if self._far:
            yield from self._far.rows("SELECT operation, outcome FROM script ORDER BY rowid")
        yield from self._near


def outcome(change: Change) -> bytes:
    """Return what the caller was told of a change: two are equal if it was the same."""
    return msgspec.msgpack.encode(change.outcome)


def number_in(told: bytes) -> int | None:
    """Return the number of the version that an outcome is about."""
    found: int | None = msgspec.msgpack.decode(told)[1]
    return found


def _written(operation: Operation) -> bytes | None:
    """Return *operation* as data, or None where it cannot be taken down."""
    if not isinstance(operation, partial) or operation.args or not operation.func.__module__.startswith(_PACKAGE):
        return None
    name = f"{operation.func.__module__.removeprefix(_PACKAGE)}:{operation.func.__name__}"
    try:
        plain = msgspec.to_builtins(operation.keywords, enc_hook=_scalar)
        return msgspec.msgpack.encode((name, plain))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _scalar(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else amend.plain_scalar(value)


def _read(data: bytes) -> Operation:
    name, arguments = msgspec.msgpack.decode(data)
    module, _, function = name.partition(":")
    if "selector" in arguments:
        arguments["selector"] = names.Selector(*arguments["selector"])
    if "occasion" in arguments:
        arguments["occasion"] = msgspec.convert(arguments["occasion"], Occasion)
    return partial(getattr(import_module(_PACKAGE + module), function), **arguments)
