"""The bytes of a file that a person names: never more than a bound, never from what is no regular file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn, TypeVar

from gitreg.errors import InvalidError, NotFoundError, UsageError
from gitreg.store import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

LARGEST = layout.LARGEST
_LONGEST_LINE = 64 << 10  # bytes
HINT = "gitreg register --help"
UNDERSTOOD = (
    "understood are metrics as JSON or YAML, what 'dvc metrics show --json' prints, the folder of an MLflow run, "
    "and a model card with YAML between two lines of ---"
)

_POINTERS = (
    (b"version https://git-lfs.github.com/spec/", "this is a pointer of Git LFS, not the file itself", "git lfs pull"),
    (b"outs:\n- md5:", "this is a pointer of DVC, not the file itself", "dvc pull"),
    (b"outs:\n- hash:", "this is a pointer of DVC, not the file itself", "dvc pull"),
)


def head(path: str | os.PathLike[str], most: int = LARGEST) -> bytes:
    """Return the first *most* bytes of a regular file.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is a folder, a pipe or a device, or cannot be read.
    """
    name = os.fspath(path)
    if not os.path.exists(name):
        raise NotFoundError("there is no file {path!r}", path=name, hint=HINT)
    if not os.path.isfile(name):  # a pipe would wait for ever
        raise UsageError("{path!r} is no regular file", path=name, hint=HINT)
    try:
        with open(name, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError("{path!r} cannot be read: {reason}", path=name, reason=error.strerror, hint=HINT) from None


def whole(path: str | os.PathLike[str], most: int = LARGEST) -> bytes:
    """Return a regular file of at most *most* bytes, if it is not a pointer to another.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it is a folder, a pipe or a device, or cannot be read.
        InvalidError: it is larger, or is what Git LFS or DVC left in its place.
    """
    data = head(path, most + 1)
    if len(data) > most:
        refuse(f"the file has more than {most:,} bytes", path)
    for start, problem, hint in _POINTERS:
        if data.startswith(start):
            raise InvalidError(problem, path=os.fspath(path), hint=hint)
    return data


def lines(path: str | os.PathLike[str], most: int) -> Iterator[bytes]:
    """Yield the lines of a regular file of at most *most* bytes.

    Raises:
        UsageError: it is a pipe or a device, or cannot be read.
        InvalidError: it is larger, or has a line without end.
    """
    head(path, 0)
    if os.path.getsize(path) > most:
        refuse(f"the file has more than {most:,} bytes", path)
    with open(path, "rb") as file:
        while line := file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                refuse("a line has no end", path)
            yield line


def readable(read: Callable[[str | os.PathLike[str]], T], path: str | os.PathLike[str]) -> T:
    """Return what *read* makes of a folder.

    Raises:
        UsageError: something in it cannot be read.
    """
    try:
        return read(path)
    except OSError as error:
        raise UsageError("{path!r} cannot be read: {reason}", path=error.filename or os.fspath(path), reason=error.strerror, hint=HINT) from None


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Tell whether *path* is a folder."""
    return os.path.isdir(path)


def refuse(problem: str, path: str | os.PathLike[str], line: int = 0, field: str = "") -> NoReturn:
    """Refuse a file of a person.

    Raises:
        InvalidError: always.
    """
    raise InvalidError(problem, path=os.fspath(path), line=line, field=field, hint=HINT)
