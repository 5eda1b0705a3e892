"""Pickles, of joblib too: the classes that they name, read off their opcodes. They are never loaded: loading one runs it."""

from __future__ import annotations

import pickletools
import re
import zlib
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from gitreg.formats import bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
_HEAD, _TAIL = 4 << 20, 1 << 20  # bytes that are looked at, unpacked
_MOST_OPCODES = 100_000
_MOST_CLASSES = 1_000
_PACKED = ((b"\x1f\x8b", 31, "gzip"), *((bytes([0x78, level]), 15, "zlib") for level in (0x01, 0x5E, 0x9C, 0xDA)))
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the number that torch.save put first before it wrote zip files
_FRAMEWORKS = {
    "sklearn": "scikit-learn", "torch": "pytorch", "imblearn": "imbalanced-learn", "tensorflow": "tensorflow", "keras": "keras",
    **{name: name for name in ("xgboost", "lightgbm", "catboost", "statsmodels", "prophet", "spacy", "transformers", "flax", "pmdarima", "sktime")},
}  # fmt: skip
_HELPERS = ("builtins.", "__builtin__.", "copyreg.", "copy_reg.", "collections.", "_codecs.", "joblib.numpy_pickle.", "numpy.")
_TEXTS = frozenset(["SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"])
_GETS = frozenset(["BINGET", "LONG_BINGET", "GET"])
_PUTS = frozenset(["BINPUT", "LONG_BINPUT", "PUT"])
_ROOTS = "|".join(_FRAMEWORKS).encode()
_NAMED = re.compile(rb"\x8c.((?:" + _ROOTS + rb")\.[\w.]{1,150})(?:\x94|q.)\x8c.(\w{1,100})(?:\x94|q.)\x93|c((?:" + _ROOTS + rb")\.[\w.]{1,150})\n(\w{1,100})\n", re.DOTALL)
_VERSION = re.compile(rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c(.)|X(.)\0\0\0)([0-9][0-9A-Za-z.+-]{0,39})", re.DOTALL)


def is_one(start: bytes, ending: str) -> bool:
    """Tell whether a file that starts so, and whose name ends so, is a pickle."""
    return _begun(start) or (ending in _ENDINGS and _packing(start) is not None) or (ending in _ENDINGS[:3] and start[:1] in (b"c", b"(", b"]", b"}"))


def _begun(start: bytes) -> bool:
    return start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5")


def header(file: IO[bytes], size: int) -> dict[str, Any] | None:
    """Return what the opcodes of a pickle of *size* bytes name: its class, the framework, and scikit-learn's version."""
    file.seek(0)
    start = file.read(_HEAD)
    packing = _packing(start)
    if packing:
        start = _unpacked(start, packing[0])
        if not _begun(start):
            return None
    if start.startswith(_OLD_TORCH):
        return {"format": "pytorch", "framework": "pytorch"}
    named = list(islice(_classes(start), _MOST_CLASSES))
    version = _version(start, b"" if packing or size <= _HEAD else _end(file, size))
    return _said(named, version, packing[1] if packing else None)


def _said(named: list[str], version: str | None, packing: str | None) -> dict[str, Any]:
    kinds = [name for name in named if not name.startswith(_HELPERS)]
    others = [name for name in named if name.startswith("numpy.")]
    known = [_FRAMEWORKS[root] for root in (name.partition(".")[0] for name in kinds) if root in _FRAMEWORKS]
    framework = known[0] if known else "scikit-learn" if version else None
    return bounds.given(
        format="joblib" if any(name.startswith("joblib.numpy_pickle.") for name in named) else "pickle",
        compression=packing,
        framework=framework,
        framework_version=version if framework == "scikit-learn" else None,
        class_=bounds.text((kinds or others)[0]) if kinds or others else None,
    )


def _packing(start: bytes) -> tuple[int, str] | None:
    return next(((window, name) for magic, window, name in _PACKED if start.startswith(magic)), None)


def _unpacked(data: bytes, window: int) -> bytes:
    """Return the first megabytes of what *data* holds, however much that would be."""
    try:
        return zlib.decompressobj(window).decompress(data, _HEAD)
    except zlib.error:
        return b""


def _end(file: IO[bytes], size: int) -> bytes:
    file.seek(max(_HEAD, size - _TAIL))
    return file.read(_TAIL)


def _version(*parts: bytes) -> str | None:
    """Return the version that scikit-learn writes into each estimator: searched, since joblib puts numbers between opcodes."""
    for part in parts:
        found = _VERSION.search(part)
        if found:
            length = (found[1] or found[2])[0]
            return found[3][:length].decode()
    return None


def _classes(data: bytes) -> Iterator[str]:
    """Yield the classes and functions that a pickle names; those of known frameworks too behind what is no opcode."""
    memo: dict[int, str | None] = {}
    texts: list[str | None] = []
    try:
        argument: Any
        for opcode, argument, _ in islice(pickletools.genops(data), _MOST_OPCODES):
            name = opcode.name
            if name == "GLOBAL":
                yield argument.replace(" ", ".", 1)
                texts.append(None)
            elif name == "STACK_GLOBAL":
                yield ".".join(text or "?" for text in texts[-2:])
                texts.append(None)
            elif name == "MEMOIZE":
                memo[len(memo)] = texts[-1] if texts else None
            elif name in _PUTS:
                memo[argument] = texts[-1] if texts else None
            else:
                texts.append(argument if name in _TEXTS else memo.get(argument) if name in _GETS else None)
            del texts[:-2]
    except ValueError:  # joblib puts the numbers of an array between two opcodes
        for found in _NAMED.finditer(data):
            yield ".".join(part.decode() for part in found.groups() if part)
