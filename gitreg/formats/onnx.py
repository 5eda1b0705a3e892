"""ONNX: a message of protocol buffers, of which only the fields that describe the model are read.

The library ``onnx`` reads the whole file into memory. This walks over the fields and skips what is long: weights, nodes. So a file of
gigabytes costs what a small one costs, and nothing has to be installed. The numbers of the fields are those of ``onnx.proto3``.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, NamedTuple

from gitreg.formats import bounds
from gitreg.formats.bounds import NotThatError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_FIELDS = 300_000
_MOST_SIDES = 64
_LONGEST_VARINT = 10  # bytes
_NO_TYPE: Any = 0
_PRODUCERS = {"pytorch": "pytorch", "skl2onnx": "scikit-learn", "tf2onnx": "tensorflow", "keras2onnx": "keras", "onnxmltools": "", "paddlepaddle": "paddle"}
_TYPES = dict(enumerate((
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64", "uint32", "uint64",
    "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
)))  # fmt: skip


class _Span(NamedTuple):
    start: int
    end: int


class _Tensor(NamedTuple):
    name: str
    kind: str
    shape: list[Any]


def header(file: IO[bytes], size: int) -> dict[str, Any] | None:
    """Return what an ONNX file of *size* bytes says of itself, or None where it is no sound one."""
    try:
        return _Walk(file).model(_Span(0, size))
    except NotThatError:
        return None


class _Walk:
    """One walk over a file; it stops where there are too many fields to be a model's description."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, _MOST_FIELDS

    def model(self, span: _Span) -> dict[str, Any]:
        said: dict[int, Any] = {}
        opsets: dict[str, int] = {}
        graph: dict[str, Any] | None = None
        for number, value in self._fields(span):
            if number in (2, 3):
                said[number] = self._text(value)
            elif number == 1:
                said[number] = bounds.whole(value)
            elif number == 7:
                graph = self._graph(self._inner(value))
            elif number == 8 and len(opsets) < bounds.MOST_LISTED:
                opsets.update([self._opset(self._inner(value))])
        if graph is None or 1 not in said:
            raise NotThatError
        producer, version = said.get(2, ""), said.get(3, "")
        return bounds.given(
            format="onnx",
            framework=_PRODUCERS.get(producer),
            framework_version=version if producer == "pytorch" else None,
            producer=f"{producer} {version}".strip(),
            ir_version=said[1],
            opset=opsets,
            **graph,
        )

    def _graph(self, span: _Span) -> dict[str, Any]:
        weights: list[_Tensor] = []
        ends: dict[int, list[_Tensor]] = {11: [], 12: []}
        for number, value in self._fields(span):
            if number == 5:
                weights.append(self._weight(self._inner(value)))
            elif number in ends:
                ends[number].append(self._end(self._inner(value)))
        known = {weight.name for weight in weights}  # which were inputs too before version 4
        return {
            "inputs": _described([end for end in ends[11] if end.name not in known]),
            "outputs": _described(ends[12]),
            "parameters": bounds.counted(weight.shape for weight in weights),
            "dtypes": sorted({weight.kind for weight in weights}),
            "tensor_count": len(weights),
            "tensors": bounds.listed({weight.name: weight.shape for weight in weights}),
        }

    def _weight(self, span: _Span) -> _Tensor:
        name, kind, shape = "", _NO_TYPE, list[int]()
        for number, value in self._fields(span):
            if number == 1:
                shape += self._packed(value) if isinstance(value, _Span) else [value]
            elif number == 2:
                kind = value
            elif number == 8:
                name = self._text(value)
            if len(shape) > _MOST_SIDES:
                raise NotThatError
        return _Tensor(name, _type(kind), [bounds.whole(side) for side in shape])

    def _end(self, span: _Span) -> _Tensor:
        """Return an input or output, whose type stands in maps in maps: of a tensor its elements' type and its shape."""
        name, kind, shape = "", _NO_TYPE, list[Any]()
        for number, value in self._fields(span):
            if number == 1:
                name = self._text(value)
            elif number == 2:
                for tensor in self._all(value, 1):
                    for field, inner in self._fields(self._inner(tensor)):
                        if field == 1:
                            kind = inner
                        elif field == 2:
                            shape = [self._side(side) for side in self._all(inner, 1)]
        return _Tensor(name, _type(kind), shape[:_MOST_SIDES])

    def _side(self, value: Any) -> Any:
        """Return a side's length, its name where it is open, or None."""
        side: Any = None
        for number, inner in self._fields(self._inner(value)):
            if number == 1:
                side = bounds.whole(inner) if not isinstance(inner, int) or inner < 2**63 else None
            elif number == 2:
                side = self._text(inner)
        return side

    def _opset(self, span: _Span) -> tuple[str, int]:
        domain, version = "", 0
        for number, value in self._fields(span):
            if number == 1:
                domain = self._text(value)
            elif number == 2:
                version = bounds.whole(value)
        return domain or "ai.onnx", version

    # -- protocol buffers -----------------------------------------------------------------------------------

    def _all(self, value: Any, wanted: int) -> Iterator[Any]:
        return (inner for number, inner in self._fields(self._inner(value)) if number == wanted)

    def _fields(self, span: _Span) -> Iterator[tuple[int, int | _Span]]:
        """Yield number and value of each field of a message: a number, or the place of what is longer."""
        at = span.start
        while at < span.end:
            self._left -= 1
            if self._left < 0:
                raise NotThatError
            tag, at = self._varint(at)
            wire = tag & 7
            value: int | _Span
            if wire == 0:
                value, at = self._varint(at)
            else:
                value = self._place(wire, at)
                at = value.end
            if at > span.end:
                raise NotThatError
            yield tag >> 3, value

    def _place(self, wire: int, at: int) -> _Span:
        if wire == 2:
            length, at = self._varint(at)
            return _Span(at, at + length)
        if wire in (1, 5):
            return _Span(at, at + (8 if wire == 1 else 4))
        raise NotThatError

    def _varint(self, at: int) -> tuple[int, int]:
        self._file.seek(at)
        data = self._file.read(_LONGEST_VARINT)
        value = 0
        for index, byte in enumerate(data):
            value |= (byte & 127) << (7 * index)
            if byte < 128:
                return value, at + index + 1
        raise NotThatError

    def _packed(self, span: _Span) -> list[int]:
        found: list[int] = []
        at = span.start
        while at < span.end and len(found) <= _MOST_SIDES:
            value, at = self._varint(at)
            found.append(value)
        return found

    def _text(self, value: Any) -> str:
        span = self._inner(value)
        self._file.seek(span.start)
        return bounds.text(self._file.read(min(span.end - span.start, 1000)).decode("utf-8", "replace"))

    def _inner(self, value: Any) -> _Span:
        if not isinstance(value, _Span):
            raise NotThatError
        return value


def _type(kind: Any) -> str:
    return _TYPES.get(kind, "unknown") if isinstance(kind, int) else "unknown"


def _described(ends: list[_Tensor]) -> dict[str, Any]:
    return bounds.listed({end.name: {"type": end.kind, "shape": end.shape} for end in ends})
