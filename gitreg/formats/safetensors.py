"""safetensors: eight bytes that say how long the header is, then the header as JSON, then the numbers."""

from __future__ import annotations

import struct
from typing import IO, Any

import msgspec

from gitreg.formats import bounds
from gitreg.formats.bounds import NotThatError

_LONGEST = 16 << 20  # bytes of a header: of some 100,000 tensors
_FRAMEWORKS = {"pt": "pytorch", "tf": "tensorflow", "flax": "flax", "np": "numpy", "mlx": "mlx", "paddle": "paddle"}


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def header(file: IO[bytes], size: int) -> dict[str, Any] | None:
    """Return what the header of a file of *size* bytes says, or None where it is no sound one."""
    try:
        return _read(file, size)
    except (NotThatError, struct.error, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _read(file: IO[bytes], size: int) -> dict[str, Any]:
    file.seek(0)
    (length,) = struct.unpack("<Q", file.read(8))
    if not 2 <= length <= min(size - 8, _LONGEST):
        raise NotThatError
    data = file.read(length)
    if len(data) != length or not data.startswith(b"{"):
        raise NotThatError
    fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    about = fields.pop("__metadata__", None)
    tensors = {name: msgspec.json.decode(raw, type=_Tensor) for name, raw in fields.items()}
    for tensor in tensors.values():
        _placed(tensor, size - 8 - length)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    return bounds.given(
        format="safetensors", framework=_framework(about), parameters=bounds.counted(shapes.values()), dtypes=_dtypes(tensors), tensor_count=len(tensors), tensors=bounds.listed(shapes)
    )


def _placed(tensor: _Tensor, room: int) -> None:
    """Refuse a tensor whose place is not in the file, or whose sides are no sizes."""
    start, end = tensor.data_offsets
    if not 0 <= start <= end <= room or len(tensor.shape) > 64:
        raise NotThatError
    for side in tensor.shape:
        bounds.whole(side)


def _framework(about: msgspec.Raw | None) -> str | None:
    if about is None:
        return None
    said = msgspec.json.decode(about, type=dict[str, str]).get("format")
    return _FRAMEWORKS.get(said) if said else None


def _dtypes(tensors: dict[str, _Tensor]) -> list[str]:
    return sorted({bounds.text(tensor.dtype) for tensor in tensors.values()})[: bounds.MOST_LISTED]
