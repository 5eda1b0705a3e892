"""YAML text to plain values and back: the only importer of yaml.

Reading is one pass over the C parser's events. It takes YAML 1.2's core schema and nothing that could
surprise: no anchors, aliases, tags, directives, second documents, duplicate or non-text keys, nor anything
too deep or too large. Writing chooses a style that a YAML 1.1 reader reads the same: one key a line, every
text that either version could take for something else in double quotes.

It knows nothing of records; ``documents.py`` does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml import CDumper, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from gitreg.errors import InvalidError, UsageError
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST = 20

_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NOT_FINITE = frozenset([f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")] + [".nan", ".NaN", ".NAN"])
_NUMBER_STARTS = frozenset("0123456789+-.")
_OF_A_FLOAT = frozenset("0123456789+-.eE")  # float() takes exactly the core schema's forms of these
_MOST_DIGITS = 19
_CONFLICT = rb"(?m)^(?:<{7}|>{7}|={7})(?: |$)"


_PLAIN = r"[A-Za-z_](?:[A-Za-z0-9_./<>@+() -]*[A-Za-z0-9_./<>@+()])?"
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
_DIGEST = r"[0-9a-f]{40,}"
_BREAKS = r"[\r\x85\u2028\u2029\ufeff\t]"
_LINE_END = r"\r\n?|\n"
_BLOCK_HEADER = r"[|>][-+0-9]*"
_COMMAND = r"(?m)^\s*::|##"  # what a CI system's log could obey stands on no line of its own
_HIDDEN_BREAK = "[\x85\u2028\u2029]"

Path = tuple[str | int, ...]


class Quoted(str):
    """A text that is written in double quotes whatever it holds, for those who search the bytes."""

    __slots__ = ()


class Place(NamedTuple):
    """Where the node at *path* stands: ``line`` is 0-based."""

    path: Path
    line: int


def load(data: bytes, path: str) -> Any:
    """Return the value that the one document in *data* writes.

    Raises:
        InvalidError: it is not the strict subset; *path* and the line are named.
    """
    layout.checked_size(len(data), path)
    return _Reader(data, path).document()


class _Reader:
    """The one pass. ``line`` always names the event at hand, so that an error can."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data, self.path = data, path
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self.refusal("this is not UTF-8", line) from None
        hidden = None if text.isascii() else re.search(_HIDDEN_BREAK, text)
        if hidden:  # YAML 1.1 ends the line here; YAML 1.2 and a reviewer's diff do not
            problem = f"U+{ord(hidden[0]):04X} ends a line in some readers only: write it as an escape in double quotes"
            raise self.refusal(problem, text.count("\n", 0, hidden.start()) + 1)
        self.parser: Any = CParser(text)

    def refusal(self, problem: str, line: int) -> InvalidError:
        return InvalidError(problem, path=self.path, line=line, rule="R01")

    def document(self) -> Any:
        try:
            return self._document()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else self.data.count(b"\n", 0, getattr(error, "position", 0)) + 1
            conflict = re.search(_CONFLICT, self.data)
            if conflict:
                line = self.data.count(b"\n", 0, conflict.start()) + 1
                raise self.refusal("an unresolved merge conflict stands here", line) from None
            line = min(line, len(self.data.splitlines()))  # the end of a truncated file counts as a line more
            problem = getattr(error, "problem", None) or getattr(error, "reason", error)
            if "nesting depth" in str(problem):  # newer parsers look ahead, and give up before our own count does
                raise self.refusal(f"this is nested deeper than {DEEPEST} levels", line) from None
            raise self.refusal(f"this is not YAML: {problem}", line) from None

    def _document(self) -> Any:
        next_event = self.parser.get_event
        next_event()
        start = next_event()
        if type(start) is yaml.StreamEndEvent:
            return None
        if start.version or start.tags:
            raise self.refusal("directives are not allowed", start.start_mark.line + 1)
        value = self.value(next_event(), 1)
        next_event()
        extra = next_event()
        if type(extra) is not yaml.StreamEndEvent:
            raise self.refusal("a second document is not allowed", extra.start_mark.line + 1)
        return value

    def value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            return self.scalar(event)
        if kind is MappingStartEvent:
            return self.mapping(event, depth)
        if kind is SequenceStartEvent:
            return self.sequence(event, depth)
        raise self.refusal("aliases are not allowed", event.start_mark.line + 1)

    def scalar(self, event: Any) -> Any:
        if event.tag is not None or event.anchor is not None:
            raise self.marked(event)
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block: always text
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in _NUMBER_STARTS:
            return text
        return self.number(text, event)

    def number(self, text: str, event: Any) -> Any:
        whole = _integer(text)
        if whole is not None:
            if not -(2**63) <= whole < 2**63:
                raise self.refusal(f"{text[:24]} does not fit into 64 bits: quote it", event.start_mark.line + 1)
            return whole
        if text in _NOT_FINITE:
            raise self.refusal(f"{text} is not a finite number", event.start_mark.line + 1)
        if not _OF_A_FLOAT.issuperset(text):
            return text
        try:
            real = float(text)
        except ValueError:
            return text
        if real - real != 0:
            raise self.refusal(f"{text[:24]} is not a finite number", event.start_mark.line + 1)
        return real

    def mapping(self, event: Any, depth: int) -> dict[str, Any]:
        self.opened(event, depth)
        result: dict[str, Any] = {}
        next_event = self.parser.get_event
        while type(key := next_event()) is not MappingEndEvent:
            name = self.scalar(key) if type(key) is ScalarEvent else self.value(key, depth + 1)
            if type(name) is not str:
                raise self.refusal(f"a key must be text: quote {name!r}"[:80], key.start_mark.line + 1)
            if name in result:
                raise self.refusal(f"duplicate key {name!r}", key.start_mark.line + 1)
            result[name] = self.value(next_event(), depth + 1)
        return result

    def sequence(self, event: Any, depth: int) -> list[Any]:
        self.opened(event, depth)
        result = []
        next_event = self.parser.get_event
        while type(item := next_event()) is not SequenceEndEvent:
            result.append(self.value(item, depth + 1))
        return result

    def opened(self, event: Any, depth: int) -> None:
        if event.tag is not None or event.anchor is not None:
            raise self.marked(event)
        if depth > DEEPEST:
            raise self.refusal(f"this is nested deeper than {DEEPEST} levels", event.start_mark.line + 1)

    def marked(self, event: Any) -> InvalidError:
        what = "anchors" if event.anchor is not None else "tags"
        return self.refusal(f"{what} are not allowed", event.start_mark.line + 1)


def _integer(text: str) -> int | None:
    """Return the whole number that *text* is in the core schema, or None; 19 digits are enough for 64 bits."""
    digits = text[1:] if text[0] in "+-" else text
    if digits.isdecimal() and digits.isascii():
        return int(text) if len(digits.lstrip("0")) <= _MOST_DIGITS else 1 << 64
    if digits is text and text[:2] in ("0o", "0x") and text[2:].isalnum() and text.isascii():
        try:
            return int(text, 0) if len(text) <= 2 * _MOST_DIGITS else 1 << 64
        except ValueError:
            return None
    return None


def places(data: bytes) -> Iterator[Place]:
    """Yield where each key and list item of a document that :func:`load` took stands, in file order."""
    events = yaml.parse(data.decode("utf-8"), Loader=yaml.CSafeLoader)
    for event in events:
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            yield from _places(events, event, ())


def _places(events: Iterator[Any], opening: Any, path: Path) -> Iterator[Place]:
    closing = MappingEndEvent if isinstance(opening, MappingStartEvent) else SequenceEndEvent
    index = 0
    while not isinstance(event := next(events), closing):
        inner: Path = (*path, event.value if closing is MappingEndEvent else index)
        yield Place(inner, event.start_mark.line)
        value = next(events) if closing is MappingEndEvent else event
        if not isinstance(value, ScalarEvent):
            yield from _places(events, value, inner)
        index += 1


def line_of(data: bytes, path: Path) -> int:
    """Return the 1-based line of the node at *path*, or of the nearest node above it that has one."""
    return line_in(lines(data), path)


def lines(data: bytes) -> dict[Path, int]:
    """Return the 1-based line of each node by its path: for who looks up more than one."""
    known: dict[Path, int] = {}
    for place in places(data):
        known.setdefault(place.path, place.line + 1)
    return known


def line_in(known: Mapping[Path, int], path: Path) -> int:
    """Return the line of the node at *path* among *known* ones, or of the nearest node above it that has one."""
    while path and path not in known:
        path = path[:-1]
    return known.get(path, 1)


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a document, as YAML counts them, without their ends and without a byte order mark."""
    return re.split(_LINE_END, data.decode("utf-8-sig"))


def token_ends(data: bytes) -> dict[int, int]:
    """Return for each 0-based line the column after its last token; lines inside a text have column -1."""
    ends: dict[int, int] = {}
    lines = lines_of(data)
    for token in yaml.scan("\n".join(lines), Loader=yaml.CSafeLoader):
        first, last = token.start_mark, token.end_mark
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            ends[first.line] = re.compile(_BLOCK_HEADER).match(lines[first.line], first.column).end()  # type: ignore[union-attr]
            ends.update(dict.fromkeys(range(first.line + 1, last.line + (last.column > 0)), -1))
            continue
        if isinstance(token, yaml.ScalarToken):
            ends.update(dict.fromkeys(range(first.line, last.line), -1))
        elif first.index == last.index:  # the scanner's own marks (block ends), not text
            continue
        ends[last.line] = max(ends.get(last.line, 0), last.column)
    return ends


def dump(value: Any) -> str:
    """Return the YAML text of *value*: one key a line, in its order.

    Raises:
        UsageError: something in it is not JSON-like: another type, a number that is not finite, a lone surrogate.
    """
    start = (yaml.StreamStartEvent(encoding=None), yaml.DocumentStartEvent(explicit=False))
    end = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
    try:
        text: str = yaml.emit([*start, *_events(value), *end], Dumper=CDumper, width=1 << 30, allow_unicode=True)
        return text
    except UnicodeEncodeError:
        raise UsageError("a text holds half a surrogate pair, which no file can hold") from None


def _events(value: Any, depth: int = 1) -> Iterator[yaml.Event]:
    if isinstance(value, (dict, list, tuple)):
        if depth > DEEPEST:
            raise UsageError(f"a value is nested deeper than {DEEPEST} levels")
        yield from _map(value, depth) if isinstance(value, dict) else _list(value, depth)
    else:
        yield _scalar(value)


def _map(value: dict[str, Any], depth: int) -> Iterator[yaml.Event]:
    yield MappingStartEvent(None, None, True, flow_style=not value)
    for key, item in value.items():
        if not isinstance(key, str):
            raise UsageError("a key must be text, found {key!r}", key=key)
        yield _text(key, block=False)
        yield from _events(item, depth + 1)
    yield MappingEndEvent()


def _list(value: list[Any] | tuple[Any, ...], depth: int) -> Iterator[yaml.Event]:
    short = all(item is None or isinstance(item, (bool, int, float, str)) for item in value)
    yield SequenceStartEvent(None, None, True, flow_style=short)
    for item in value:
        yield from _events(item, depth + 1)
    yield SequenceEndEvent()


def _scalar(value: Any) -> yaml.Event:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return _bare("null")
    if isinstance(value, bool):
        return _bare("true" if value else "false")
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise UsageError("{value} does not fit into 64 bits: give it as text", value=value)
        return _bare(int.__repr__(value))
    if isinstance(value, float):
        return _bare(_real(value))
    raise UsageError("a value must be JSON-like (text, number, boolean, null, list, map), found {kind}", kind=type(value).__name__)


def _bare(text: str) -> yaml.Event:
    return ScalarEvent(None, None, (True, False), text)


def _real(value: float) -> str:
    if value - value != 0:
        raise UsageError("{value} is not a finite number", value=value)
    text = float.__repr__(value)
    return text if "." in text else text.replace("e", ".0e")


def _text(text: str, *, block: bool = True) -> yaml.Event:
    if not isinstance(text, Quoted) and re.fullmatch(_PLAIN, text) and text.lower() not in _WORDS and not re.fullmatch(_DIGEST, text):
        return ScalarEvent(None, None, (True, False), text)
    lines = block and "\n" in text and not text.endswith("\n\n") and not re.search(_BREAKS, text) and not re.search(_COMMAND, text)
    lines = lines and text.replace("\n", "").isprintable()
    return ScalarEvent(None, None, (False, True), str(text), style="|" if lines else '"')
