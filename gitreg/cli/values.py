"""What stands behind an option: ``K=V``, ``K:=JSON``, a dotted FIELD, a number or ``none``."""

from __future__ import annotations

import re
from typing import Any

from gitreg import names
from gitreg.errors import NotFoundError, UsageError

_PART = r'"([^"]*)"(?:\.|$)|([^."]+)(?:\.|$)'


def pair(text: str) -> tuple[str, Any]:
    """Return key and value of ``K=V`` or ``K:=JSON``.

    V is a number, boolean or null if JSON reads it so and writes back the same text (``1.10`` stays text).

    Raises:
        UsageError: there is no ``=``, no key, or the JSON is not JSON.
    """
    from gitreg.intake.typed import guessed

    key, equals, value = text.partition("=")
    if not equals or not key.rstrip(":"):
        raise UsageError("{text!r} is not KEY=VALUE", text=_cut(text))
    return (key[:-1], _json(text, value)) if key.endswith(":") else (key, guessed(value))


def _json(text: str, value: str) -> Any:
    import json

    try:
        return json.loads(value, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise UsageError("{text!r}: this is not JSON: {error}", text=_cut(text), error=_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return "a number has too many digits" if "digits" in str(error) else str(error)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _not_finite(word: str) -> Any:
    raise ValueError(f"{word} is not a finite number")


def pairs(texts: tuple[str, ...]) -> dict[str, Any]:
    """Return ``K=V`` options as a map.

    Raises:
        UsageError: one is malformed, or a key is given twice.
    """
    return _map([pair(text) for text in texts])


def numbers(texts: tuple[str, ...]) -> dict[str, Any]:
    """Return ``K=V`` options as a map of numbers: here ``1.10`` is a number too.

    Raises:
        UsageError: one is malformed or not a number, or a key is given twice.
    """
    return _map([(key, _real(key, value)) for key, value in map(pair, texts)])


def _real(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        real = float(value if value.isascii() and "_" not in value else "no number")
    except ValueError:
        raise UsageError("metric {key!r}: expected a number, found {value!r}", key=key, value=_cut(value)) from None
    if real - real != 0:
        raise UsageError("metric {key!r}: {value} is not a finite number", key=key, value=_cut(value))
    return real


def named(texts: tuple[str, ...]) -> dict[str, str]:
    """Return ``NAME=TEXT`` options as a map of texts.

    Raises:
        UsageError: one is malformed, or a name is given twice.
    """
    found = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError("{text!r} is not NAME=VALUE", text=_cut(text))
        found.append((name, value))
    return _map(found)


def links(addresses: tuple[str, ...], titles: tuple[str, ...]) -> dict[str, Any]:
    """Return ``NAME=URI`` and ``NAME=TITLE`` options as links.

    Raises:
        UsageError: one is malformed, or given twice, or a title is for no link that is given.
    """
    found, called = named(addresses), named(titles)
    for name in called:
        if name not in found:
            raise UsageError("link {name!r} is given a title, but no address: --link NAME=URI gives it", name=name)
    return {name: {"uri": uri, "title": called[name]} if name in called else {"uri": uri} for name, uri in found.items()}


def _map(found: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in found:
        if key in result:
            raise UsageError("{key!r} is given twice", key=key)
        result[key] = value
    return result


def field(text: str) -> list[str]:
    """Return the parts of a dotted FIELD; a name with a dot is quoted: ``metrics."val.loss"``.

    Raises:
        UsageError: it is empty or malformed.
    """
    part = re.compile(_PART)
    parts, at = [], 0
    while at < len(text):
        match = part.match(text, at)
        if match is None:
            break
        parts.append(match[1] if match[1] is not None else match[2])
        at = match.end()
    if at < len(text) or not parts or text.endswith("."):
        raise UsageError("{text!r} is not a field: write it like metrics.accuracy or metrics.\"val.loss\"", text=text)
    return parts


def picked(value: Any, text: str) -> Any:
    """Return the field *text* of a JSON *value*; a list is indexed by number.

    Raises:
        NotFoundError: there is no such field; the sentence lists those there are.
        UsageError: the field is malformed.
    """
    parts = field(text)
    for at, part in enumerate(parts):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and (index := names.number(part)) is not None and index < len(value):
            value = value[index]
        else:
            known = ", ".join(value) if isinstance(value, dict) and value else "nothing"
            inside = f"in {'.'.join(parts[:at])!r} " if at else ""
            raise NotFoundError("no field {text!r}: {inside}there is {known}", text=text, inside=inside, known=known)
    return value


def expected(text: str | None) -> Any:
    """Return the holder that ``--expect`` names: a number, ``"none"``, or None where it was not given.

    Raises:
        UsageError: it is neither.
    """
    if text is None or text == "none":
        return text
    number = names.number(text)
    if number is None:
        raise UsageError("--expect takes a version's number or 'none', found {text!r}", text=_cut(text))
    return number
