"""Gates: CEL expressions over ``candidate``, ``current`` and ``model``. The only importer of the CEL runtime.

A gate holds only if its result is the boolean true. A missing key, an error and a value of another type do
not raise in this runtime, they come back as values; that is why the type is looked at, never the truth.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError
from gitreg.records import ModelCard, ModelVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.records import Gate

NAMES = ("candidate", "current", "model")
_PATH = re.compile(rf"\b(?:{'|'.join(NAMES)})(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_KNOWN = {
    "candidate": {"id", *ModelVersion.__struct_fields__}, "current": {"id", *ModelVersion.__struct_fields__}, "model": {*ModelCard.__struct_fields__},
}  # fmt: skip
_TEXTS = r"""[rRbB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")"""
_FIRST_KEY = rf"(?s)//[^\n]*|(?<![\w.])({'|'.join(NAMES)})\s*(?:\.\s*([A-Za-z_]\w*)(?!\s*\()|\[\s*['\"](\w+)['\"]\s*\])|{_TEXTS}"
_FUNCTIONS = frozenset(  # of CEL's standard library
    ["all", "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "exists", "exists_one", "filter", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "has", "int", "map", "matches", "size", "startsWith", "string", "timestamp", "type", "uint"]
)


class Verdict(NamedTuple):
    """What a gate answered: *holds* only for the boolean true; *saw* names the values the expression names."""

    name: str
    holds: bool
    answer: str
    saw: str


class Flaw(NamedTuple):
    """What is wrong with an expression, and where: *line* and *column* count from 1."""

    sentence: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.sentence}" if self.line > 1 else f"column {self.column}: {self.sentence}"


def installed() -> bool:
    """Tell whether the CEL runtime can be imported (``cel-expr-python``, of the extra ``review``)."""
    try:
        _environment()
    except ModuleNotFoundError:
        return False
    return True


@cache
def _environment() -> Any:
    from cel_expr_python import cel

    record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.NewEnv(variables={"candidate": record, "current": cel.Type.DYN, "model": record})  # current may be null


@cache
def compiled(expression: str) -> Any:
    """Return the program of *expression*.

    Raises:
        InvalidError: it is not CEL, or it names what is not there; the sentence has the column.
    """
    try:
        return _environment().compile(expression)
    except RuntimeError as error:
        flaw = _flaw(expression, str(error))
        raise InvalidError(f"{expression!r} is not a gate: {flaw}", path="gitreg.yaml", field="require", rule="R02") from None


def fault(expression: str) -> str | None:
    """Return why *expression* is no gate, as far as that can be told without judging anything; None where it may be one."""
    try:
        kind = compiled(expression).return_type().name()
    except InvalidError as error:
        return error.problem.removeprefix(f"{expression!r} is not a gate: ")
    if kind in ("BOOL", "DYN"):
        return None
    return f"column 1: it gives {_KINDS.get(kind.partition('<')[0], kind)}, and a gate gives true or false"


_KINDS = {
    "INT": "a whole number", "UINT": "a whole number", "DOUBLE": "a number", "STRING": "a text", "BYTES": "bytes", "NULL": "null", "LIST": "a list",
    "MAP": "a map", "TYPE": "a type", "TIMESTAMP": "a time", "DURATION": "a duration",
}  # fmt: skip


def doubts(expression: str) -> Iterator[str]:
    """Yield the fields that *expression* asks for and that no version, or no model, has: a gate that is likely never to hold."""
    for match in re.finditer(_FIRST_KEY, expression):
        whose, key = match[1], match[2] or match[3]
        if whose and key not in _KNOWN[whose]:
            yield str(Flaw(f"{whose} has no field {key!r}{_near(key, _KNOWN[whose])}", *_place(expression, match.start(2 if match[2] else 3))))


def _near(word: str, known: frozenset[str] | set[str] | tuple[str, ...]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(known), n=1)
    return f", did you mean {found[0]!r}?" if found else ""


# -- the runtime's words --------------------------------------------------------------------------------------


def _place(expression: str, at: int) -> tuple[int, int]:
    """Return line and column of the character *at*."""
    return expression.count("\n", 0, at) + 1, at - (expression.rfind("\n", 0, at) + 1) + 1


def _flaw(expression: str, said: str) -> Flaw:
    """Return the first fault that the runtime found, in plain words, at the place where the reader looks for it."""
    errors = [(int(match[1]), int(match[2]), match[3]) for match in re.finditer(r"ERROR: <input>:(\d+):(\d+): (.*)", said)]
    if not errors:  # a limit of the runtime's: it names no place
        return Flaw(re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", said.splitlines()[0]), 1, 1)
    line, column, sentence = min(errors)
    unknown = re.match(r"undeclared reference to '([^']+)'", sentence)
    if unknown:
        return _unknown(expression, unknown[1], line, column)
    mixed = re.match(r"found no matching overload for '([^']+)' applied to '([^']*)'", sentence)
    if mixed:
        sentence = f"{mixed[1].replace('_', '') or mixed[1]!r} does not take {mixed[2]}"
    elif "'<EOF>'" in sentence.partition(" expecting ")[0]:
        sentence = "the expression ends too early"
    elif sentence.startswith("Syntax error: "):
        sentence = sentence.removeprefix("Syntax error: ").partition(" expecting {")[0].replace("token recognition error at: ", "this is not CEL: ")
    return Flaw(sentence, line, column)


def _unknown(expression: str, name: str, line: int, column: int) -> Flaw:
    """Return the flaw that nothing has this *name*; the runtime points to what follows it."""
    text = expression.splitlines()[line - 1] if line <= len(expression.splitlines()) else ""
    found = text.rfind(name, 0, column - 1 + len(name))
    if found >= 0 and re.match(rf"{re.escape(name)}\s*\(", text[found:]):
        wrong = f"{name}() does not take these arguments" if name in _FUNCTIONS else f"there is no function {name!r}{_near(name, _FUNCTIONS)}"
        return Flaw(wrong, line, found + 1)
    root = name.partition(".")[0]
    return Flaw(f"nothing is called {root!r}{_near(root, NAMES) or '; a gate knows candidate, current and model'}", line, found + 1 if found >= 0 else column)


# -- judging --------------------------------------------------------------------------------------------------


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
