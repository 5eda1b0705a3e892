"""A network that fails on purpose, between git and a server of :mod:`benchmarks.servers`.

A :class:`Wire` passes bytes on in both directions and knows of HTTP only where a push begins. What it does to
a connection is its ``fault``, which can be changed between two commands.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Literal, Self

from benchmarks.servers import LOCALHOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Fault = Literal["", "hang up", "cut before", "cut amid", "cut after", "cut after once", "cut after for good", "slow"]

_AND_THEN: dict[Fault, Fault] = {"cut after once": "", "cut after for good": "hang up"}
_PUSH = b"/git-receive-pack HTTP/"  # the second half of a push's request line; the question before it is a GET
_CHUNK = 1 << 16
_MOMENT = 0.1  # seconds until all of a push is there
_SLOW = 0.02  # seconds a chunk


class Wire:
    """A port that leads to a server's *port*.

    * ``hang up``: the connection is closed as soon as it is made.
    * ``cut before``: the connection is closed when a push's request comes; the server does not hear of it.
    * ``cut amid``: the server gets the push, and the connection is closed while it is at work on it.
    * ``cut after``: the server gets the push and answers; its answer is thrown away and the connection closed.
    * ``cut after once``: the same to the first push alone: a client may repeat the request by itself.
    * ``cut after for good``: the same, and from then on ``hang up``.
    * ``slow``: everything takes its time.
    """

    def __init__(self, port: int) -> None:
        self.fault: Fault = ""
        self.pushes = 0  # requests to push that were seen
        self._to = port
        self._listener = socket.create_server((LOCALHOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # wakes the thread that waits in accept
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.fault == "hang up":
                client.close()
                continue
            thread = threading.Thread(target=self._connection, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _connection(self, client: socket.socket) -> None:
        """Pass on what both ends say until one of them is done."""
        with client, socket.create_connection((LOCALHOST, self._to)) as server:
            call = _Call(self, client, server)
            answers = threading.Thread(target=call.answers)
            answers.start()
            _pumped(client, server, call.asked)
            if not call.deaf:  # else the server does not notice that the client is gone
                _ended(server)
            answers.join()


class _Call:
    """One connection, and what was seen of it."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self.deaf = False  # the client is not to hear another word

    def asked(self, chunk: bytes) -> bool:
        """Look at what the client says; False where the server must not hear it."""
        self._pause()
        if not (chunk.startswith(b"POST ") and _PUSH in chunk):
            return True
        self._wire.pushes += 1
        if self._wire.fault == "cut before":
            self._hang_up()
            return False
        if self._wire.fault == "cut amid":
            self.deaf = True
            threading.Timer(_MOMENT, _ended, (self._client,)).start()
        if self._wire.fault.startswith("cut after"):
            self.deaf = True
            self._wire.fault = _AND_THEN.get(self._wire.fault, self._wire.fault)
        return True

    def answered(self, chunk: bytes) -> bool:  # noqa: ARG002 - whatever it is
        """Tell whether the client may hear what the server says."""
        self._pause()
        if self.deaf:
            self._hang_up()
        return not self.deaf

    def answers(self) -> None:
        """Pass on what the server says, and that it is done."""
        _pumped(self._server, self._client, self.answered)
        _ended(self._client)

    def _pause(self) -> None:
        if self._wire.fault == "slow":
            time.sleep(_SLOW)

    def _hang_up(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _pumped(source: socket.socket, sink: socket.socket, allowed: Callable[[bytes], bool]) -> None:
    """Pass on what *source* says until it is silent."""
    with contextlib.suppress(OSError):
        while (chunk := source.recv(_CHUNK)) and allowed(chunk):
            sink.sendall(chunk)


def _ended(end: socket.socket) -> None:
    """Tell who is at the other side of *end* that nothing more is said."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_WR)
