"""A bucket of S3 behind a proxy on loopback: it counts what goes through, and misbehaves when it is told to."""

from __future__ import annotations

import http.client
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "keep-alive"}


class Bucket:
    """An empty bucket. ``sent`` are the bytes of bodies by request (``PUT /key?partNumber=1``) that were answered with success.

    ``refuse`` and ``hang`` are asked for each request before it goes on, with its method, path and body.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self.name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.address = f"s3://{self.name}/models"
        self.sent: list[tuple[str, int]] = []
        self.refuse = lambda method, path, body: False
        self.hang = lambda method, path, body: False
        self._released = threading.Event()

    def __enter__(self):
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                bucket._handle(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - what the standard library calls

        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._proxy.daemon_threads = True
        threading.Thread(target=self._proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._proxy.server_port}"
        self._asked("PUT", f"/{self.name}")
        return self

    def __exit__(self, *_):
        self._released.set()
        self._proxy.shutdown()
        self._proxy.server_close()

    def _asked(self, method, path, body=b"", headers=None):
        connection = http.client.HTTPConnection(self._server.hostname, self._server.port, timeout=30)
        try:
            authorization = {"Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"}
            connection.request(method, path, body, headers or authorization)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _handle(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length) if length else b""
        asked = (request.command, request.path, body)
        if self.hang(*asked):
            self._released.wait(30)
            request.close_connection = True
            return
        if self.refuse(*asked):
            self._answer(request, 403, [("Content-Type", "application/xml")], b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
            return
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        status, answered, data = self._asked(request.command, request.path, body, headers)
        if body and status < 300 and request.command == "PUT":
            self.sent.append((f"{request.command} {request.path}", len(body)))
        self._answer(request, status, answered, data)

    def _answer(self, request, status, headers, data):
        request.send_response(status)
        length = {name.lower(): value for name, value in headers}.get("content-length") if request.command == "HEAD" else len(data)
        for name, value in headers:
            if name.lower() not in {*_HOP, "content-length", "server", "date"}:
                request.send_header(name, value)
        request.send_header("Content-Length", str(length or 0))
        request.end_headers()
        request.wfile.write(data if request.command != "HEAD" else b"")

    def objects(self):
        """Return the keys of what is whole in the bucket."""
        import re

        return re.findall(rb"<Key>([^<]*)</Key>", self._asked("GET", f"/{self.name}?list-type=2")[2])

    def put(self, key, data):
        """Put an object there by hand."""
        self._asked("PUT", f"/{self.name}/{key}", data)
