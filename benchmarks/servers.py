"""Real servers on a free loopback port, for tests and benchmarks: git's smart HTTP, ``git daemon`` and ssh, and nginx for files.

Each is a process of its own with its own configuration in a folder that is given, never the system's service,
and is ended by its process id. :mod:`benchmarks.wires` puts a faulty network between a server and its clients.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from types import TracebackType

LOCALHOST = "127.0.0.1"
_PATIENCE = 20.0  # seconds until a server must answer
_SYSTEM = "/usr/sbin:/usr/local/sbin:/sbin"  # where Debian keeps servers, and a person's PATH does not look


class MissingError(Exception):
    """A program is not installed; the text names its Debian package."""


def program(name: str, package: str) -> str:
    """Return where a server's *program* lies.

    Raises:
        MissingError: the Debian *package* is not installed.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SYSTEM}")
    if found is None:
        raise MissingError(f"needs the Debian package {package}")
    return found


class Server:
    """A server of the bare repositories in ``root``, while its ``with`` lasts."""

    scheme: ClassVar[str]

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.path.abspath(folder)
        self.root = os.path.join(self.folder, "repositories")
        os.makedirs(self.root, exist_ok=True)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return the command that serves in the foreground on ``port``; its configuration is written by now."""
        raise NotImplementedError

    def start(self) -> None:
        """Serve, on the same port as before if there was one; returns when connections are taken.

        Raises:
            MissingError: the server is not installed.
            RuntimeError: it does not start; its own words are told.
        """
        self.port = self.port or free_port()
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        until = time.monotonic() + _PATIENCE
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"{type(self).__name__} did not start: {self.log()}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving; returns when the process is gone."""
        process, self._process = self._process, None
        if process:
            process.terminate()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def _log(self) -> str:
        return os.path.join(self.folder, "log")

    def log(self) -> str:
        """Return what the server said so far."""
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def create(self, name: str) -> str:
        """Make an empty bare repository that may be pushed to; returns its folder."""
        path = os.path.join(self.root, name)
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
        return path

    def url(self, name: str, port: int = 0) -> str:
        """Return the address of the repository *name*, through another *port* where one is given."""
        return f"{self.scheme}://{LOCALHOST}:{port or self.port}/{name}"


class Http(Server):
    """git smart HTTP: ``git http-backend`` behind lighttpd; with basic authentication once :meth:`accept` is called.

    Where it *logs*, :meth:`asked` counts the requests.
    """

    scheme = "http"

    def __init__(self, folder: str | os.PathLike[str], *, authenticated: bool = False, logs: bool = False) -> None:
        super().__init__(folder)
        self.authenticated, self.logs = authenticated, logs
        self._requests = os.path.join(self.folder, "requests")
        self._users = os.path.join(self.folder, "users")
        self.accept({})

    def accept(self, users: dict[str, str]) -> None:
        """Let these users in with these passwords from now on, and nobody else."""
        with open(f"{self._users}.new", "w", encoding="utf-8") as file:
            file.writelines(f"{name}:{password}\n" for name, password in users.items())
        os.rename(f"{self._users}.new", self._users)  # lighttpd reads it at each request

    def asked(self, words: str) -> int:
        """Return how many requests so far had *words* in their first line; lighttpd writes them down when it ends, so it is started anew."""
        self.stop()
        with open(self._requests, encoding="utf-8", errors="replace") as file:
            found = sum(words in line for line in file)
        self.start()
        return found

    def command(self) -> list[str]:
        """See :meth:`Server.command`."""
        config = os.path.join(self.folder, "lighttpd.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        return [program("lighttpd", "lighttpd"), "-D", "-f", config]

    def create(self, name: str) -> str:
        """See :meth:`Server.create`; git lets strangers push over HTTP only where that is said."""
        path = super().create(name)
        subprocess.run(["git", "-C", path, "config", "http.receivepack", "true"], check=True)
        return path

    def _configuration(self) -> str:
        backend = subprocess.run(["git", "--exec-path"], check=True, capture_output=True, text=True).stdout.strip()
        environment = {"GIT_PROJECT_ROOT": self.root, "GIT_HTTP_EXPORT_ALL": "1", "GIT_CONFIG_NOSYSTEM": "1", "HOME": self.folder, "PATH": os.environ["PATH"]}
        return f"""\
server.bind = "{LOCALHOST}"
server.port = {self.port}
server.document-root = "{self.root}"
server.upload-dirs = ("{self.folder}")
server.modules = ("mod_auth", "mod_authn_file", "mod_setenv", "mod_alias", "mod_cgi")
server.errorlog = "{self._log}"
server.stream-response-body = 0
alias.url = ("/" => "{backend}/git-http-backend/")
cgi.assign = ("" => "")
setenv.add-environment = ({", ".join(f'"{name}" => "{value}"' for name, value in environment.items())})
{self._authentication() if self.authenticated else ""}{self._logging() if self.logs else ""}"""

    def _logging(self) -> str:
        return f"""\
server.modules += ("mod_accesslog")
accesslog.filename = "{self._requests}"
"""

    def _authentication(self) -> str:
        return f"""\
auth.backend = "plain"
auth.backend.plain.userfile = "{self._users}"
auth.require = ("/" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
"""


class Nginx(Server):
    """nginx that gives away the files below ``root``. *within* is what stands in its ``server``, *above* beside it."""

    scheme = "http"

    def __init__(self, folder: str | os.PathLike[str], *, within: str = "", above: str = "") -> None:
        super().__init__(folder)
        self.within, self.above = within, above

    def command(self) -> list[str]:
        """See :meth:`Server.command`."""
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        return [program("nginx", "nginx-light"), "-p", self.folder, "-e", self._log, "-c", config]

    def stop(self) -> None:
        """Stop serving once all that was asked is answered and logged."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        super().stop()

    def asked(self) -> list[tuple[str, int]]:
        """Return the path and status of each request so far. It serves no longer: the last line of a log comes after the answer."""
        self.stop()
        with open(os.path.join(self.folder, "access"), encoding="utf-8") as file:
            lines = [line.split() for line in file]
        return [(path, int(status)) for path, status in lines]

    def _configuration(self) -> str:
        places = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""\
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {self.folder}/pid;
error_log {self._log};
events {{}}
http {{
{places}
log_format asked '$uri $status';
access_log {self.folder}/access asked;
default_type application/json;
{self.above}
server {{
listen {LOCALHOST}:{self.port};
root {self.root};
{self.within}
}}
}}
"""


class Daemon(Server):
    """``git daemon``: git's own protocol, nobody is asked who they are."""

    scheme = "git"

    def command(self) -> list[str]:
        """See :meth:`Server.command`."""
        own = subprocess.run(["git", "--exec-path"], check=True, capture_output=True, text=True).stdout.strip()
        return [f"{own}/git-daemon", "--reuseaddr", f"--listen={LOCALHOST}", f"--port={self.port}", f"--base-path={self.root}", "--export-all", "--enable=receive-pack"]


class Ssh(Server):
    """An ssh server with a host key of its own that lets one key in; clients need :meth:`client` as ``GIT_SSH_COMMAND``."""

    scheme = "ssh"

    def command(self) -> list[str]:
        """See :meth:`Server.command`."""
        found = program("sshd", "openssh-server")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # what the system's service has made where it runs
        for key in ("host", "person"):
            if not os.path.exists(self._at(key)):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", self._at(key)], check=True)
        shutil.copy(self._at("person.pub"), self._at("authorized_keys"))
        with open(self._at("sshd.conf"), "w", encoding="utf-8") as file:
            file.write(self._configuration())
        with open(self._at("host.pub"), encoding="ascii") as public, open(self._at("known_hosts"), "w", encoding="ascii") as file:
            file.write(f"[{LOCALHOST}]:{self.port} {public.read()}")
        return [found, "-D", "-e", "-f", self._at("sshd.conf")]

    def _configuration(self) -> str:
        return f"""\
ListenAddress {LOCALHOST}
Port {self.port}
HostKey {self._at("host")}
AuthorizedKeysFile {self._at("authorized_keys")}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv HOME={self.folder} GIT_CONFIG_NOSYSTEM=1 PATH={os.environ["PATH"]}
MaxStartups 100
"""

    def _at(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def url(self, name: str, port: int = 0) -> str:
        """See :meth:`Server.url`; the path is that of the file system."""
        return f"ssh://{pwd.getpwuid(os.geteuid()).pw_name}@{LOCALHOST}:{port or self.port}{self.root}/{name}"

    def client(self) -> str:
        """Return the ssh command that knows the host and has the key."""
        return f"ssh -F none -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile={self._at('known_hosts')} -i {self._at('person')}"


def protect(repository: str, words: str) -> None:
    """Make a bare repository refuse every push to ``main`` with *words*, as a host's branch protection does."""
    hook(repository, "pre-receive", f'while read old new ref; do test "$ref" != refs/heads/main || {{ echo "{words}" >&2; exit 1; }}; done\n')


def hook(repository: str, name: str, script: str) -> None:
    """Give a bare repository a hook that runs *script* in a shell."""
    path = os.path.join(repository, "hooks", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{script}")
    os.chmod(path, 0o755)


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as one:
        one.bind((LOCALHOST, 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOCALHOST, port), timeout=1).close()
    except OSError:
        return False
    return True
