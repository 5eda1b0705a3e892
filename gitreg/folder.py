"""A folder that is written file by file: each file whole or not at all, and nothing that is somebody else's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import TYPE_CHECKING

from gitreg.errors import BusyError, ConflictError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


_HALF = re.compile(r"\.[0-9]+\.part$")
_PIECE = 1 << 16  # bytes
_FEW = 200  # files: more of them are made durable together, at the end


class Folder:
    """A folder that *command* writes. *own* are the paths in it that may be overwritten or removed."""

    def __init__(self, path: str, own: Collection[str], command: str) -> None:
        self.path = path
        self._own, self._command = set(own), command
        self._made, self._unsettled = set[str](), set[str]()
        self.written = self.removed = 0

    def claim(self, paths: Iterable[str]) -> None:
        """Make *paths* its own.

        Raises:
            ConflictError: a file is there that it did not write, or a link leads out of the folder.
        """
        new = [path for path in paths if path not in self._own]
        for path in new:
            self._checked(path.rpartition("/")[0])
            if os.path.lexists(self._at(path)):
                raise ConflictError("{path!r} is there already, and {command} did not write it", path=self._at(path), command=self._command, hint=f"{self._command} ANOTHER-FOLDER")
        self._own |= set(new)

    def write(self, path: str, data: bytes, *, durable: bool = False) -> None:
        """Put *data* at *path*; a reader sees the old file or the new one. What is the same stays untouched.

        A file that is written anew is at least a second newer than it was: servers tell files apart by seconds and size. With *durable*
        it survives a power cut once :meth:`settle` was called.
        """
        target = self._at(path)
        with _said(target):
            if self._reads(target) == data:
                return
        self.write_pieces(path, (data,), durable=durable)

    def write_pieces(self, path: str, pieces: Iterable[bytes], *, durable: bool = False) -> None:
        """Put what *pieces* are together at *path*, as :meth:`write` does: never more than one of them is held."""
        assert path in self._own, "only what was claimed is written"
        target = self._at(path)
        with _said(target):
            self._folder(path.rpartition("/")[0])
            part = f"{target}.{os.getpid()}.part"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)  # of one that was killed and had this process id: in a container they are few
            try:
                with open(part, "xb") as file:
                    file.writelines(pieces)
                    if durable and len(self._unsettled) < _FEW:
                        file.flush()
                        os.fsync(file.fileno())
                if _same(part, target):
                    os.unlink(part)
                    return
                _made_newer(part, target)
                os.replace(part, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(part)
                raise
            self.written += 1
            if durable:
                self._unsettled.add(path)

    def settle(self) -> None:
        """Return once what was written durably is on disk, under its name."""
        if len(self._unsettled) >= _FEW:
            os.sync()
        with _said(self.path):
            for folder in {path.rpartition("/")[0] for path in self._unsettled}:
                descriptor = os.open(self._at(folder) if folder else self.path, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        self._unsettled.clear()

    def names(self, folder: str) -> set[str]:
        """Return the names of what is in *folder*; none where it is not there."""
        try:
            return set(os.listdir(self._at(folder)))
        except OSError:
            return set()

    def sweep(self) -> None:
        """Remove what a process that was killed left half written."""
        for folder in {path.rpartition("/")[0] for path in self._own}:
            with contextlib.suppress(OSError):
                for name in os.listdir(self._at(folder)):
                    path = _HALF.sub("", f"{folder}/{name}" if folder else name)
                    if name.endswith(".part") and path in self._own:
                        os.unlink(self._at(f"{folder}/{name}" if folder else name))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove those of *paths* that are there, and the folders that are empty then."""
        for path in paths:
            folder = path.rpartition("/")[0]
            with _said(self._at(path)), contextlib.suppress(FileNotFoundError, NotADirectoryError):
                self._checked(folder)
                os.unlink(self._at(path))
                self.removed += 1
            while folder:
                try:
                    os.rmdir(self._at(folder))
                except OSError:
                    break
                folder = folder.rpartition("/")[0]

    def _at(self, path: str) -> str:
        return os.path.join(self.path, path)

    def _reads(self, target: str) -> bytes | None:
        try:
            with open(target, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _folder(self, folder: str) -> None:
        if folder not in self._made:
            self._checked(folder)
            os.makedirs(self._at(folder) if folder else self.path, exist_ok=True)
            self._made.add(folder)

    def _checked(self, folder: str) -> None:
        """Refuse a folder that is a link: what it points to is somebody else's."""
        parts = folder.split("/") if folder else []
        for length in range(1, len(parts) + 1):
            inner = "/".join(parts[:length])
            if inner not in self._made and os.path.islink(self._at(inner)):
                raise ConflictError("{path!r} is a link, and {command} writes into its own folders only", path=self._at(inner), command=self._command, hint=f"{self._command} ANOTHER-FOLDER")


def _same(part: str, target: str) -> bool:
    """Tell whether two files hold the same."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.getsize(part) == os.path.getsize(target):
            with open(part, "rb") as one, open(target, "rb") as other:
                return all(piece == other.read(_PIECE) for piece in iter(lambda: one.read(_PIECE), b""))
    return False


def _made_newer(part: str, target: str) -> None:
    """Make the file *part* newer than *target*, which it is going to replace, in whole seconds."""
    try:
        before = int(os.stat(target).st_mtime)
    except FileNotFoundError:
        return
    if int(os.stat(part).st_mtime) <= before:
        os.utime(part, (before + 1, before + 1))


@contextlib.contextmanager
def alone(folder: str) -> Iterator[None]:
    """Wait until nobody else builds in *folder*, then keep others waiting; it is there then, and gone again where nothing came into it.

    Raises:
        BusyError: it cannot be made or opened.
    """
    with _said(folder):
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a disk that knows no locks: then it is up to the person
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # only if it is empty
        os.close(descriptor)


@contextlib.contextmanager
def _said(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BusyError("{path!r} cannot be written: {reason}", path=path, reason=error.strerror or error) from None


def content(path: str) -> bytes | None:
    """Return the bytes of the file at *path*, or None where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
