"""Gates: CEL expressions over ``candidate``, ``current`` and ``model``. The only importer of the CEL runtime.

A gate holds only if its result is the boolean true. A missing key, an error and a value of another type do
not raise in this runtime, they come back as values; that is why the type is looked at, never the truth.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError

if TYPE_CHECKING:
    from gitreg.records import Gate

NAMES = ("candidate", "current", "model")
_PATH = re.compile(rf"\b(?:{'|'.join(NAMES)})(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


class Verdict(NamedTuple):
    """What a gate answered: *holds* only for the boolean true; *saw* names the values the expression names."""

    name: str
    holds: bool
    answer: str
    saw: str


def installed() -> bool:
    """Tell whether the CEL runtime can be imported (the extra ``gitreg[review]``)."""
    try:
        _environment()
    except ModuleNotFoundError:
        return False
    return True


@cache
def _environment() -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(variables=dict.fromkeys(NAMES, cel.Type.DYN))


@cache
def compiled(expression: str) -> Any:
    """Return the program of *expression*.

    Raises:
        InvalidError: it is not CEL; the sentence has the runtime's own words, with the column.
    """
    try:
        return _environment().compile(expression)
    except RuntimeError as error:
        first = str(error).splitlines()[0].removeprefix("INVALID_ARGUMENT: ERROR: <input>:")
        raise InvalidError(f"{expression!r} is not a gate: {first}", path="gitreg.yaml", field="require", rule="R02") from None


def judged(gate: Gate, facts: dict[str, Any]) -> Verdict:
    """Return whether *gate* holds for *facts*: the JSON of candidate, current (or None) and model."""
    from cel_expr_python import cel

    try:
        result = compiled(gate.expr).eval(data=facts)
    except (RuntimeError, InvalidError) as error:
        return Verdict(gate.name, holds=False, answer=str(error), saw=_seen(gate.expr, facts))
    holds = result.type() == cel.Type.BOOL and result.plain_value() is True
    return Verdict(gate.name, holds, str(result), _seen(gate.expr, facts))


def _seen(expression: str, facts: dict[str, Any]) -> str:
    return ", ".join(f"{path} = {_value(path, facts)}" for path in dict.fromkeys(_PATH.findall(expression)))


def _value(path: str, facts: Any) -> str:
    for part in path.split("."):
        if not isinstance(facts, dict) or part not in facts:
            return "nothing"
        facts = facts[part]
    return repr(facts)
