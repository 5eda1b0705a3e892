"""What is wrong with a value that msgspec refused, and where: msgspec names neither the bad key nor a place.

A slower walk over the same types, made only on an error (and by ``check``, which wants every problem of a
file, not the first). A test holds it to msgspec's own verdict and to the JSON Schemas.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import inspect

from gitreg import names, records

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing that is wrong, at *path* inside the document."""

    path: Path
    sentence: str

    @property
    def field(self) -> str:
        """The path as a person writes it: ``metrics."val.loss"``."""
        return dotted(self.path)


def dotted(path: Path) -> str:
    """Return *path* as FIELD of ``gitreg get`` is written: a name with a dot is quoted."""
    return ".".join(f'"{part}"' if "." in part else part for part in map(names.shown, map(str, path)))


@cache
def _info(record: type) -> inspect.Type:
    return inspect.type_info(record)


def problems(record: Any, value: Any, path: Path = ()) -> Iterator[Problem]:
    """Yield every reason why *value* is not a *record* (a record's class, or any type msgspec knows)."""
    yield from _walk(_info(record), value, path)


def _walk(kind: Any, value: Any, path: Path) -> Iterator[Problem]:
    kind = _bare(kind)
    if isinstance(kind, inspect.UnionType):
        yield from _union(kind, value, path)
    elif isinstance(kind, inspect.LiteralType):
        if value not in kind.values:
            yield Problem(path, f"expected one of {', '.join(map(str, kind.values))}, found {_seen(value)}")
    elif isinstance(kind, inspect.AnyType):
        return
    elif not _fits(kind, value):
        yield Problem(path, f"expected {_wanted(kind)}, found {_seen(value)}")
    elif isinstance(kind, inspect.StructType):
        yield from _struct(kind, value, path)
    elif isinstance(kind, inspect.DictType):
        yield from _dict(kind, value, path)
    elif isinstance(kind, inspect.VarTupleType):
        for index, item in enumerate(value):
            yield from _walk(kind.item_type, item, (*path, index))
    else:
        yield from _bounds(kind, value, path)


def _bare(kind: Any) -> Any:
    """Return *kind* without the descriptions that records give it."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _union(kind: inspect.UnionType, value: Any, path: Path) -> Iterator[Problem]:
    """Report against the one member of the union that *value* is meant to be, if there is one."""
    meant = [member for member in map(_bare, kind.types) if _fits(member, value)]
    if meant:
        yield from _walk(meant[0], value, path)
    else:
        yield Problem(path, f"expected {' or '.join(_wanted_once(kind.types))}, found {_seen(value)}")


def _wanted_once(kinds: tuple[Any, ...]) -> list[str]:
    return list(dict.fromkeys(_wanted(_bare(kind)) for kind in kinds))


def _fits(kind: Any, value: Any) -> bool:
    """Tell whether *value* is of the right sort, its bounds and contents aside."""
    if isinstance(kind, inspect.AnyType):
        return True
    if isinstance(value, bool):
        return isinstance(kind, inspect.BoolType)
    if isinstance(kind, inspect.LiteralType):
        return isinstance(value, str)
    sort: dict[type, type | tuple[type, ...]] = {
        inspect.StructType: dict, inspect.DictType: dict, inspect.VarTupleType: (list, tuple), inspect.StrType: str,
        inspect.IntType: int, inspect.FloatType: (int, float), inspect.NoneType: type(None), inspect.BoolType: bool,
    }  # fmt: skip
    return isinstance(value, sort[type(kind)])


def _wanted(kind: Any) -> str:
    words: dict[type, str] = {
        inspect.StructType: "a map", inspect.DictType: "a map", inspect.VarTupleType: "a list", inspect.StrType: "text",
        inspect.IntType: "a number", inspect.FloatType: "a number", inspect.NoneType: "null", inspect.BoolType: "true or false",
        inspect.LiteralType: "a word",
    }  # fmt: skip
    return words[type(kind)]


def _seen(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _struct(kind: inspect.StructType, value: dict[str, Any], path: Path) -> Iterator[Problem]:
    known = {field.encode_name: field for field in kind.fields}
    for key in [key for key in value if key not in known]:
        near = get_close_matches(str(key), known, n=1)
        yield Problem((*path, key), "unknown key" + (f", did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"))
    for name, field in known.items():
        if name in value:
            yield from _walk(field.type, value[name], (*path, name))
        elif field.required:
            yield Problem((*path, name), "this key is missing")


def _dict(kind: inspect.DictType, value: dict[str, Any], path: Path) -> Iterator[Problem]:
    for key, item in value.items():
        for problem in _walk(kind.key_type, key, (*path, key)):
            yield Problem(problem.path, f"as a name: {problem.sentence}")
        yield from _walk(kind.value_type, item, (*path, key))


def _bounds(kind: Any, value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(kind, inspect.StrType):
        if len(value) < (kind.min_length or 0):
            yield Problem(path, "this must not be empty")
        elif kind.max_length is not None and len(value) > kind.max_length:
            yield Problem(path, f"{len(value)} characters, {kind.max_length} are allowed")
        elif kind.pattern is not None and not re.search(kind.pattern, value):
            yield Problem(path, f"{_seen(value)} is not of the form {_form(kind.pattern)}")
    elif isinstance(kind, (inspect.IntType, inspect.FloatType)):
        if kind.ge is not None and not value >= kind.ge:
            yield Problem(path, f"{value} is too small" if value == value else "nan is not a finite number")
        elif kind.le is not None and not value <= kind.le:
            yield Problem(path, f"{value} is too large" if value - value == 0 else f"{value} is not a finite number")


_FORMS = {
    records.TIME: "2026-11-22T07:24:31.123456Z",
    records.DIGEST: "of 64 lower-case hexadecimal digits",
    records.MD5: "of 32 lower-case hexadecimal digits, and .dir for a folder",
    records.FILE_NAME: "of a file's name, without folders",
}


def _form(pattern: str) -> str:
    return _FORMS.get(pattern, pattern.removesuffix(names.END).removeprefix("^"))
