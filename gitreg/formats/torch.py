"""PyTorch's .pt and .pth: a zip file that holds a pickle, and each tensor's bytes as a member of its own. Only the zip's directory is read."""

from __future__ import annotations

import zipfile
from typing import IO, Any, cast

from gitreg.formats import bounds

_MAGIC = b"PK\x03\x04"
_LARGEST = 8 << 20  # bytes of a directory: of some 100,000 members


def is_zip(start: bytes) -> bool:
    """Tell whether a file that starts so is a zip file."""
    return start.startswith(_MAGIC)


def header(file: IO[bytes]) -> dict[str, Any] | None:
    """Return how many tensors a file of PyTorch stores and how many bytes they have, or None where it is another zip file."""
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file))) as opened:
            sizes = {name: info.file_size for name, info in opened.NameToInfo.items()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):  # OSError: a place before the start
        return None
    root = next((name.removesuffix("/data.pkl") for name in sizes if name.count("/") == 1 and name.endswith("/data.pkl")), None)
    if root is None:
        return None
    tensors = [size for name, size in sizes.items() if name.startswith(f"{root}/data/")]
    script = any(name.startswith(f"{root}/code/") for name in sizes)
    return bounds.given(format="torchscript" if script else "pytorch", framework="pytorch", tensor_count=len(tensors), bytes=sum(tensors))


class _Bounded:
    """A file that gives no more at once than a zip's directory needs: a false one would ask for gigabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _LARGEST + 1) if size >= 0 else _LARGEST + 1)
        if len(data) > _LARGEST:
            raise zipfile.BadZipFile
        return data

    def close(self) -> None:
        """Leave the file open: it is another's."""
