"""A server that answers whatever a test wants it to: what no nginx would say."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Said(NamedTuple):
    """An answer: its status, headers and body. With *cut* the connection ends before the body does."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    cut: bool = False


class Liar:
    """A server on a free loopback port, while its ``with`` lasts; ``answers`` are by path, all else is 404. ``heard`` has path and headers of each request."""

    def __init__(self, tls=None) -> None:
        self.answers: dict[str, Said] = {}
        self.heard: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.heard.append((self.path, dict(self.headers)))
                said = outer.answers.get(self.path, Said(404))
                self.send_response_only(said.status)
                for name, value in {"Content-Length": str(len(said.body) + said.cut), **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # whoever does not trust the certificate hangs up
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Liar:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
