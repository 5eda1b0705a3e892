"""Listen on this machine, and nowhere else."""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

import uvicorn

from gitreg.errors import BusyError
from gitreg.web.app import application
from gitreg.web.security import Place
from gitreg.web.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitreg.registry import Registry

HOST = "127.0.0.1"
_PATIENCE = 10  # seconds that an answer under way is waited for at the end


def served(registry: Registry, *, port: int = 0, read_only: bool = False, ready: Callable[[str, str], None]) -> None:
    """Answer requests until Ctrl-C; *ready* is called once requests are taken.

    It is given the first address, and one that is good once, for a browser that is opened. Port 0 is any that is free.

    Raises:
        BusyError: the port is taken, or may not be listened on.
    """
    registry.leave_no_trace()
    sessions = Sessions()
    with _listening(port) as listener:
        place = Place(listener.getsockname()[1])
        app = application(registry, sessions, place, read_only=read_only)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, date_header=True, proxy_headers=False, ws="none", lifespan="off",
            http="h11", loop="asyncio", timeout_graceful_shutdown=_PATIENCE,
        )  # fmt: skip
        _quiet()
        server = uvicorn.Server(config)
        ready(*(f"http://{HOST}:{place.port}/?token={token}" for token in (sessions.token, sessions.invitation)))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn passes on what it heard once it has ended
            return


def _listening(port: int) -> socket.socket:
    """Return a socket that takes connections already: nobody who opens the address at once is turned away."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise BusyError("cannot listen on port {port}: {reason}", port=port, reason=error.strerror or str(error), hint="gitreg ui, on any free port") from None
    return listener


def _quiet() -> None:
    """Let uvicorn say nothing: what goes wrong is told on a page; where a bug is looked for it prints."""
    if os.environ.get("GITREG_DEBUG") != "1":
        for name in ("uvicorn.error", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
