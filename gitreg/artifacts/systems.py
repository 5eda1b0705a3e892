"""The door to fsspec: every store that is no local folder. Each request is answered within our patience, or the store is unreachable."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from gitreg.artifacts import places
from gitreg.errors import BusyError, GitregError, NotFoundError, UsageError
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

BLOCK = 8 << 20  # bytes of one request
PATIENCE = 60.0  # seconds for one request, a block's or less
_LONGEST_REASON = 200


def patience() -> float:
    """Return how many seconds a store may take for one request: ``GITREG_STORE_PATIENCE``, 60 by default.

    Raises:
        UsageError: it is no number of seconds.
    """
    text = os.environ.get("GITREG_STORE_PATIENCE", "").strip()
    try:
        seconds = float(text) if text else PATIENCE
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise UsageError("GITREG_STORE_PATIENCE is a number of seconds, up to 3600, found {text!r}", text=text)
    return seconds


class _Answer:
    """What a call in a thread of its own comes to."""

    def __init__(self) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.done = threading.Event()

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self.error = error
        self.done.set()
        return True


class System:
    """A file system of fsspec. Its paths are those of fsspec, without a protocol where it has none."""

    def __init__(self, protocol: str, host: str = "") -> None:
        self.protocol, self._host = protocol, host
        self._patience = patience()
        self._made: Any = None
        self._turn = threading.Lock()

    @property
    def _fs(self) -> Any:
        with self._turn:
            if self._made is None:
                self._made = self._opened()
            return self._made

    def _opened(self) -> Any:
        try:
            import fsspec

            made = fsspec.filesystem(self.protocol, skip_instance_cache=True, **self._options())
        except ImportError as error:
            package = places.PROTOCOLS[self.protocol]
            raise UsageError("{protocol}:// needs the package {package}: {error}", protocol=self.protocol, package=package, error=error, hint=f"pip install {package}") from None
        return made

    def _options(self) -> dict[str, Any]:
        if self.protocol in ("sftp", "ssh"):
            parts = urlsplit(f"//{self._host}")
            return {"host": parts.hostname or "", "timeout": self._patience} | ({"username": parts.username} if parts.username else {}) | ({"port": parts.port} if parts.port else {})
        if self.protocol in ("hdfs", "webhdfs"):
            parts = urlsplit(f"//{self._host}")
            return {"host": parts.hostname or "default"} | ({"port": parts.port} if parts.port else {})
        return {}

    def path(self, uri: str) -> str:
        """Return the path of *uri* in this system."""
        return str(self._fs._strip_protocol(uri))  # noqa: SLF001 - fsspec has no public name for it, and says to override it

    def asked(self, what: str, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Return what *call* answers about *what*, within our patience; its errors become ours.

        Raises:
            NotFoundError: it is not there.
            BusyError: the store refuses, is full, or cannot be reached.
        """
        answer = _Answer()

        def work() -> None:
            with answer:
                answer.value = call(*args, **kwargs)

        threading.Thread(target=work, name="gitreg-store", daemon=True).start()
        if not answer.done.wait(self._patience):
            raise BusyError("{what}: no answer within {seconds:g} s", what=shown(what), seconds=self._patience, hint="try again; GITREG_STORE_PATIENCE is how many seconds to wait")
        if answer.error is None:
            return answer.value  # type: ignore[no-any-return]
        raise self.meant(what, answer.error) from None

    def meant(self, what: str, error: BaseException) -> BaseException:
        """Return the error of ours that a store's *error* means; whatever a store's package raises is the store's answer."""
        return _ours(what, error)

    def size(self, path: str) -> int | None:
        """Return how many bytes the file *path* has, -1 where nobody says, or None where there is no such file."""
        try:
            found = self.asked(path, self._info, path)
        except NotFoundError:
            return None
        size = found.get("size")
        return -1 if size is None else int(size)

    def _info(self, path: str) -> Any:
        self._fs.invalidate_cache()
        return self._fs.info(path)

    def blocks(self, path: str, start: int = 0) -> Iterator[bytes]:
        """Yield what the file *path* holds from *start* on."""
        streamed = self.protocol in places.READ_ONLY  # not every server gives parts: what is known is read again, and passed over
        how = {"block_size": 0} if streamed else {"block_size": BLOCK, "cache_type": "none"}
        file = self.asked(path, self._fs.open, path, "rb", **how)
        try:
            if start and not streamed:
                self.asked(path, file.seek, start)
                start = 0
            while block := self.asked(path, file.read, BLOCK):
                passed = min(start, len(block))
                start -= passed
                if passed < len(block):
                    yield block[passed:]
        finally:
            self.asked(path, file.close)

    def write(self, path: str, blocks: Iterator[bytes | memoryview]) -> None:
        """Write a new file; it may be half written if this raises."""
        self.asked(path, self._fs.makedirs, path.rpartition("/")[0], exist_ok=True)
        file = self.asked(path, self._fs.open, path, "wb", block_size=BLOCK)
        try:
            for block in blocks:
                self.asked(path, file.write, block)
        except BaseException:
            self._dropped(file)
            raise
        self.asked(path, file.close)

    def _dropped(self, file: Any) -> None:
        """Give a half-written file up: what a store shows only when it is closed is never seen."""
        discard = getattr(file, "discard", None)
        try:
            self.asked("", discard or file.close)
        except GitregError:
            return

    def move(self, path: str, to: str) -> None:
        """Give the file *path* another name, replacing what has it."""
        self.asked(to, self._fs.makedirs, to.rpartition("/")[0], exist_ok=True)
        self.asked(to, self._fs.mv, path, to)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there and we may."""
        try:
            self.asked(path, self._fs.rm, path)
        except (NotFoundError, BusyError):
            return

    def files(self, path: str) -> list[tuple[str, int]]:
        """Return the files below the folder *path*, relative to it, with their sizes."""
        found = self.asked(path, self._fs.find, path, detail=True)
        top = path.rstrip("/") + "/"
        return [(name.removeprefix(top), int(entry.get("size") or 0)) for name, entry in found.items() if name.startswith(top)]


def _ours(what: str, error: BaseException) -> BaseException:
    if isinstance(error, (GitregError, KeyboardInterrupt)):
        return error
    place = shown(what)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NotFoundError("there is no {place}", place=place)
    said = shown(" ".join(str(error).split()) or type(error).__name__)[:_LONGEST_REASON]
    if isinstance(error, PermissionError):
        return BusyError("{place}: the store refuses: {said}", place=place, said=said, hint="see whether your key for the store is there and allows it")
    return BusyError("{place}: {said}", place=place, said=said)
