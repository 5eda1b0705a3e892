"""Read git objects through one kept ``git cat-file --batch-command``, which runs no filter, no textconv, no hook.

In a partial clone git fetches what is missing, object by object; where many are read they are fetched before, at once.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from gitreg.store import process
from gitreg.store.damage import MARK, DamagedError
from gitreg.store.mutex import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

_CHUNK = 1 << 16
_FEW = 4  # objects: a partial clone fetches them one by one
_AT_ONCE = 400  # requests in flight: their bytes must fit into a pipe, or both sides would wait
_MOST = 1 << 26  # bytes
_UNASKED = {"SSH_ASKPASS_REQUIRE": "force"}  # where it fetches for a partial clone: ssh would wait for a terminal that is not its own


class Object(NamedTuple):
    """A git object; ``data`` is None where it is larger than the reader was asked to take."""

    id: str
    type: str
    size: int
    data: bytes | None


def kept(place: Sequence[str]) -> process.Kept:
    """Start the git that reads, with the options *place*.

    Raises:
        BusyError: git is not installed.
    """
    return process.kept(place, ("cat-file", "--batch-command"), env=_UNASKED)


def ended(reading: process.Kept, *, ours: bool = True) -> None:
    """End a git that reads; after a fork it is not *ours* but the parent's, and so is waiting for it."""
    pipes = [pipe for pipe in (reading.stdin, reading.stdout) if pipe]
    if not ours:
        for pipe in pipes:
            pipe.raw.close()  # type: ignore[attr-defined]  # below the buffer, which a thread of the parent may have locked for ever, or put half a question into
        reading.returncode = 0
        return
    for pipe in pipes:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
    reading.kill()  # it only reads; and a child that was forked may hold its input open for as long as it lives
    reading.wait()


class Reader:
    """One kept process: safe between threads, restarted after a fork, and after anything that cut an answer short."""

    def __init__(self, git_dir: str, begun: process.Kept | None = None) -> None:
        self._git_dir = git_dir
        self._process = begun
        self._owner = os.getpid()
        self._turn = Mutex()
        self._partial: bool | None = None
        self.disposable = False  # a clone in the cache: whatever is in it is elsewhere too

    def __del__(self) -> None:
        self.close()

    def info(self, spec: str) -> Object | None:
        """Return id, type and size of what *spec* names (``REF``, ``COMMIT:path``), or None."""
        return self._one(f"info {spec}\n", spec, lambda answers: _header(answers, spec))

    def read(self, spec: str, most: int = _MOST) -> Object | None:
        """Return what *spec* names, or None; more than *most* bytes are passed over, not kept."""
        return self._one(f"contents {spec}\n", spec, lambda answers: _object(answers, spec, most))

    def read_many(self, specs: Sequence[str], most: int = _MOST) -> Iterator[Object | None]:
        """Yield what each of *specs* names, in order; the requests are sent ahead of the answers."""
        if len(specs) > _FEW:
            self.ahead(specs)
        for start in range(0, len(specs), _AT_ONCE):
            group = specs[start : start + _AT_ONCE]
            try:
                with self._asked("".join(f"contents {spec}\n" for spec in group)) as answers:
                    found = [_object(answers, spec, most) for spec in group]
            except _GoneError:  # over one of them
                found = [self.read(spec, most) for spec in group]
            yield from found

    def ahead(self, ids: Sequence[str]) -> None:
        """Fetch those objects that a partial clone lacks, in one round trip; elsewhere nothing happens.

        Raises:
            BusyError: the remote cannot be reached.
        """
        if len(ids) > 1 and self.is_partial():
            from gitreg.store import promised

            try:
                promised.bring(self._git_dir, ids)
            except DamagedError as error:
                raise self.damaged(error.problem) from None

    def is_partial(self) -> bool:
        """Tell whether this is a partial clone."""
        if self._partial is None:
            from gitreg.store import promised

            self._partial = promised.is_partial(self._git_dir)
        return self._partial

    def _one(self, request: str, spec: str, taken: Callable[[IO[bytes]], Object | None]) -> Object | None:
        if "\n" in spec:  # a path of a stranger's: git would take it for two requests, and every later answer for another's
            return None
        try:
            with self._asked(request) as answers:
                return taken(answers)
        except _GoneError as error:
            if not self.is_partial():
                raise self.damaged(error.problem) from None
            gone = error
        from gitreg.store import promised

        try:
            object_id = promised.named(self._git_dir, spec)  # git could not fetch it and ended: with us it can ask, and says why
            if object_id is None and self.disposable:  # only contents are fetched later, and none has a name
                raise gone
            promised.fetch(self._git_dir, [object_id] if object_id else [])
            with self._asked(request) as answers:
                return taken(answers)
        except DamagedError as error:
            raise self.damaged(error.problem) from None

    def damaged(self, problem: str, path: str = "") -> DamagedError:
        """Return the error that tells of damage; a clone in the cache is marked, and made anew when it is used next."""
        if not self.disposable:
            return DamagedError(problem, path=path, hint="git fsck")
        with contextlib.suppress(OSError), open(os.path.join(self._git_dir, MARK), "wb"):
            pass
        return DamagedError(problem, path=path, hint="the same again, without --no-fetch: what is in the cache is made anew")

    def close(self) -> None:
        """End the process, if it is ours."""
        reading, self._process = self._process, None
        if reading:
            ended(reading, ours=self._owner == os.getpid())

    @contextlib.contextmanager
    def _asked(self, requests: str) -> Iterator[IO[bytes]]:
        """Send requests and give the pipe with their answers; whatever cuts in between, no answer is left in it."""
        with self._turn:
            try:
                yield self._sent(requests)
            except BaseException:
                self.close()
                raise

    def _sent(self, requests: str) -> IO[bytes]:
        if self._owner != os.getpid():
            self.close()
            self._owner = os.getpid()
        if self._process is None:
            self._process = kept(("--git-dir", self._git_dir))
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(requests.encode("utf-8", "surrogateescape"))
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _gone(requests) from None
        return self._process.stdout


def _header(answers: IO[bytes], spec: str) -> Object | None:
    line = answers.readline()
    if not line:
        raise _gone(spec)
    if line.endswith((b" missing\n", b" ambiguous\n")):
        return None
    object_id, kind, size = line.split()
    return Object(object_id.decode(), kind.decode(), int(size), None)


def _object(answers: IO[bytes], spec: str, most: int) -> Object | None:
    header = _header(answers, spec)
    if header is None:
        return None
    if header.size <= most:
        data = answers.read(header.size)
        if len(data) != header.size or answers.read(1) != b"\n":
            raise _gone(spec)
        return Object(header.id, header.type, header.size, data)
    left = header.size + 1
    while left:
        passed = len(answers.read(min(left, _CHUNK)))
        if not passed:
            raise _gone(spec)
        left -= passed
    return header


class _GoneError(DamagedError):
    """git ended before it had answered."""


def _gone(spec: str) -> _GoneError:
    return _GoneError(f"git stopped while it read {spec.strip()[:200]!r}: the repository may be damaged")
