"""JSON or YAML from a person's file, strictly: a value, and the line of each node in it when somebody asks."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import InvalidError
from gitreg.intake import files
from gitreg.store import codec

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_YAML = (".yaml", ".yml")


class Document(NamedTuple):
    """What stands in the file *path*: its *value*, and its bytes, in which lines are found."""

    path: str
    value: Any
    data: bytes
    is_json: bool

    def line(self, path: codec.Path) -> int:
        """Return the 1-based line of the node at *path*."""
        return codec.line_in(_lines(self.data) if self.is_json else codec.lines(self.data), path)


def read(path: str | os.PathLike[str]) -> Document:
    """Return the JSON or YAML in a file: JSON if it starts with a brace or bracket and its name does not say YAML.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read.
        InvalidError: it is neither, or says something twice; file and line are named.
    """
    name = os.fspath(path)
    data = files.whole(name)
    is_json = name.lower().endswith(".json") or (data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and not name.lower().endswith(_YAML))
    return Document(name, _json(data, name) if is_json else yaml(data, name), data, is_json)


def yaml(data: bytes, path: str) -> Any:
    """Return the value of a YAML document, under the rules that a registry's own files keep.

    Raises:
        InvalidError: it is not that; *path* and the line are named.
    """
    try:
        return codec.load(data, path)
    except InvalidError as error:
        raise InvalidError(error.problem, path=path, line=error.line, hint=files.HINT) from None


def _json(data: bytes, path: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        files.refuse("this is not UTF-8", path, data.count(b"\n", 0, error.start) + 1)
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        files.refuse(f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}", path, error.lineno)
    except RecursionError:
        files.refuse("this is nested too deep", path, 1)
    except ValueError as error:
        files.refuse(f"this is not JSON: {'a number has too many digits' if 'digits' in str(error) else error}", path)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is given twice in a map")
        found[key] = value
    return found


def _lines(data: bytes) -> dict[codec.Path, int]:
    """Return the line of each node of a JSON text that was read before."""
    known: dict[codec.Path, int] = {}
    for path, line in _nodes(data.decode("utf-8-sig")):
        known.setdefault(path, line)
    return known


def _nodes(text: str) -> Iterator[tuple[codec.Path, int]]:
    path: list[str | int] = []  # of what is open, the key or index that stands next
    maps: list[bool] = []
    line, seen, key = 1, 0, False
    for token in _TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen, word = token.start(), token[0]
        if word in "}]":
            path.pop()
            maps.pop()
            continue
        if word == ",":
            key = maps[-1]
            path[-1] = "" if key else int(path[-1]) + 1
        elif word == ":":
            key = False
        elif key:
            path[-1] = json.loads(word)
            yield tuple(path), line
        else:
            yield tuple(path), line
            if word in "{[":
                key = word == "{"
                maps.append(key)
                path.append("" if key else 0)
