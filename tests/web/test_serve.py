"""What only a socket shows: who can connect, what is sent byte by byte, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gitreg.cli import boundary


@contextmanager
def running(folder, *options, **env):
    """Run ``gitreg ui`` in a process of its own; give the process and the address it printed."""
    started = subprocess.Popen(
        [sys.executable, "-m", "gitreg", "ui", *options], cwd=folder, env={**os.environ, **env}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.wait()
        started.stdout.close()
        started.stderr.close()


def port_of(address):
    return int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=[\w-]{43}", address)[1])


def exchange(port, *lines, body=b""):
    """Send a request as it is written here, and return the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)
        parts = iter(lambda: connection.recv(65536), b"")
        return b"".join(parts).decode("utf-8", "replace")


def status(answer):
    return int(answer.split(" ")[1])


@pytest.fixture
def ui(iris):
    """A gitreg ui of the registry ``iris`` in another process: its port, and the cookie of a browser."""
    with running(iris.path, "--no-browser") as (_, address):
        port = port_of(address)
        entered = exchange(port, f"GET {address.partition(str(port))[2]} HTTP/1.1", f"Host: 127.0.0.1:{port}")
        yield port, re.search(r"set-cookie: ([^;]*)", entered)[1]


def test_it_prints_its_address_and_ends_cleanly_on_ctrl_c(iris):
    with running(iris.path, "--no-browser") as (process, address):
        page = exchange(port_of(address), "GET / HTTP/1.1", f"Host: 127.0.0.1:{port_of(address)}")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert status(page) == 403
    assert (process.returncode, out, err) == (0, "", "Ctrl-C ends it\nended\n")


def test_an_open_connection_does_not_hold_up_the_end(iris):
    with running(iris.path, "--no-browser", "--quiet") as (process, address), socket.create_connection(("127.0.0.1", port_of(address)), timeout=20) as connection:
        connection.sendall(f"GET /static/forms.css HTTP/1.1\r\nHost: 127.0.0.1:{port_of(address)}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (0, "", "")


def test_nobody_can_connect_but_by_the_loopback_address(ui):
    port, _ = ui

    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), timeout=20):
        pass  # another address of this machine


def test_the_browser_is_opened_unless_told_not_to(iris, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/told\n')
    browser.chmod(0o755)
    os.mkfifo(tmp_path / "told")

    with running(iris.path, BROWSER=str(browser)) as (_, address), open(tmp_path / "told") as told:
        opened = told.read().strip()
        port = port_of(address)
        entered = [exchange(port, f"GET {path.partition(str(port))[2]} HTTP/1.1", f"Host: 127.0.0.1:{port}") for path in (opened, opened, address, address)]

    assert port_of(opened) == port
    assert opened != address, "what a program is started with is no secret"
    assert [status(answer) for answer in entered] == [303, 403, 303, 303]


@pytest.mark.parametrize("host", ["Host: example.org", "Host: 127.0.0.1", "X-Host: 1", "Host: 127.0.0.1:{port}\r\nHost: example.org", "Host: example.org\r\nX-Forwarded-Host: 127.0.0.1:{port}"])
def test_a_foreign_host_is_refused(ui, host):
    port, cookie = ui

    answer = exchange(port, "GET / HTTP/1.1", host.format(port=port), f"Cookie: {cookie}")

    assert status(answer) in (400, 421)
    assert "iris" not in answer


def test_a_whole_address_as_the_target_is_judged_by_its_host_header(ui):
    port, cookie = ui

    answer = exchange(port, "GET http://example.org/ HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}")

    assert status(answer) == 404


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/..%2fapp.py", "/static/../../../../../../etc/passwd", "//etc/passwd", "/static//etc/passwd", "/static/%2e%2e/app.py", "/../app.py", "/static/./../app.py"])
def test_a_path_that_climbs_leads_nowhere(ui, path):
    port, cookie = ui

    answer = exchange(port, f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}")

    assert status(answer) == 404
    assert "import" not in answer
    assert "root:" not in answer


def test_a_body_that_does_not_say_its_length_is_cut_off(ui):
    port, cookie = ui
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    answer = exchange(
        port, "POST /confirm HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Origin: http://127.0.0.1:{port}", f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked", body=chunk * 4 + b"1\r\nx\r\n0\r\n\r\n",
    )  # fmt: skip

    assert status(answer) == 413


def test_what_is_no_request_is_answered_and_it_goes_on(ui):
    port, cookie = ui

    broken = [exchange(port, line) for line in ("GET", "\x00\x01", "GET / HTTP/9.9", "GET /\x80 HTTP/1.1")]

    assert {status(answer) for answer in broken if answer} <= {400, 421, 505}
    assert status(exchange(port, "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}")) == 200


def test_a_web_socket_is_not_opened(ui):
    port, cookie = ui

    answer = exchange(
        port, "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    )  # fmt: skip

    assert status(answer) == 200


def test_the_server_does_not_say_what_it_is(ui):
    port, cookie = ui

    answer = exchange(port, "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}")

    assert "server:" not in answer.lower().partition("\r\n\r\n")[0]


def test_many_pages_at_once_while_it_is_written_are_each_of_one_commit(iris, ui):
    port, cookie = ui
    paths = ["/models/iris/index.json", "/", "/models/iris/3", "/history/", "/problems", "/change/promote?model=iris&number=3"] * 8

    def look(path):
        return exchange(port, f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}")

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(look, paths)
        for number in (3, 2, 3, 1):
            iris.promote(f"iris@{number}", "production")
        found = list(answers)

    assert {status(answer) for answer in found} == {200}
    assert {path for path, answer in zip(paths, found, strict=True) if not answer.rstrip().endswith(("</html>", "}"))} == set()


# -- the command ----------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told(iris, capsys, monkeypatch):
    monkeypatch.chdir(iris.path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        code = boundary.run(["ui", "--no-browser", "--port", port])

    out, err = capsys.readouterr()
    assert (code, out, err) == (7, "", f"gitreg: cannot listen on port {port}: Address already in use\n  try: gitreg ui, on any free port\n")


def test_a_folder_without_a_registry_is_told(tmp_path, capsys, monkeypatch, git):
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)

    code = boundary.run(["ui", "--no-browser"])

    out, err = capsys.readouterr()
    assert (code, out, err) == (3, "", f"gitreg: the repository of {str(tmp_path)!r} has no commits yet\n  try: gitreg init\n")


def test_a_port_that_is_none_is_told(capsys):
    code = boundary.run(["ui", "--port", "70000"])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err == "gitreg: invalid value for '--port': 70000 is not in the range 0<=x<=65535\n  try: gitreg ui --help\n"


def test_the_options_of_other_commands_are_refused(capsys):
    code = boundary.run(["--at", "HEAD", "ui"])

    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", "gitreg: --at does not go with this command\n  try: gitreg ui --help\n")
