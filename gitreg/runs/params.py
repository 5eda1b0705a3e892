"""What is recorded of the parameters of a step: plain values, small ones, and no secrets."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import os
from collections.abc import Mapping
from typing import Any

from gitreg.operations.amend import plain_scalar
from gitreg.secrets import masked

_LONGEST = 2_000  # characters of a value's JSON: a manifest is for parameters, not for data
_LONGEST_NAME = 100
_DEEPEST = 8
_NOTHING = object()


def recorded(given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return those of *given* that are plain values, as JSON has them, under *prefix* and their name; secrets are masked.

    What is no plain value (a data frame, a model) is left out, and so is what is too large for a manifest: it is data.
    """
    plain = {f"{prefix}{name}": value for name, value in ((name, _plain(value)) for name, value in given.items()) if value is not _NOTHING}
    return masked({name: value for name, value in plain.items() if len(name) <= _LONGEST_NAME and name.isprintable() and _size(value) <= _LONGEST})


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return _NOTHING
    if value is None or (isinstance(value, (bool, str)) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth + 1)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, depth)
    if isinstance(value, Mapping):
        items = {str(key): _plain(item, depth + 1) for key, item in value.items()} if len(value) <= _LONGEST else {"": _NOTHING}
        return _NOTHING if _NOTHING in items.values() else items
    if isinstance(value, (list, tuple, set, frozenset)):
        found = [_plain(item, depth + 1) for item in value] if len(value) <= _LONGEST else [_NOTHING]
        return _NOTHING if any(item is _NOTHING for item in found) else found
    return _number(value)


def _number(value: Any) -> Any:
    try:
        number = plain_scalar(value)
    except TypeError:
        return _NOTHING
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)
    return number if not isinstance(number, int) or abs(number) < 2**63 else str(number)


def _size(value: Any) -> int:
    return len(json.dumps(value))
