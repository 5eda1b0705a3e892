"""Where a repository is hosted, from the address of its git remote and what the person configured. Pure text.

Nothing here is read from a registry: its files are strangers' content, and may not say where a token goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast, get_args
from urllib.parse import unquote, urlsplit

from gitreg.errors import NotFoundError, UsageError
from gitreg.forges.base import Kind, Place
from gitreg.names import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCP = re.compile(r"^(?:[^@/:]+@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(?!//)(?P<path>.+)$")
_HOST = re.compile(r"^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:]+)$")
_SEGMENT = re.compile(r"^(?!\.{1,2}$)[A-Za-z0-9._-]+$")
_LOOPBACK = re.compile(r"^(?:localhost|127(?:\.\d{1,3}){3}|::1)$")
_SSH_OVER_443 = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_KNOWN: dict[str, Kind] = {"github.com": "github", "gitlab.com": "gitlab", "codeberg.org": "gitea", "gitea.com": "gitea"}
_FIRST_LABELS: dict[str, Kind] = {"github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}
_API: dict[Kind, str] = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}


class Address(NamedTuple):
    """What a git address says of a host: its *scheme* and *port* for people where it is one of the web, and the *path* there."""

    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def web(self) -> str:
        """The address of the host for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")


def located(remote: str, env: Mapping[str, str], *, kind: str = "", api: str = "") -> Place:
    """Return where the repository of a git *remote* is hosted; *remote* as ``git remote get-url --push`` gives it.

    *kind* and *api* are the person's git config ``gitreg.forge`` and ``gitreg.forgeApi``; ``GITREG_FORGE`` and
    ``GITREG_FORGE_API`` of *env* come before them. Without them, *env* and the host's name say what it is. An API
    address is plain http only on loopback, or where the person configured it so.

    Raises:
        NotFoundError: the address is no host's, or nothing says which kind of forge it is.
        UsageError: what the person configured is no kind, or no address.
    """
    wanted = _kind(env.get("GITREG_FORGE") or kind)
    address = _address(remote)
    configured = (env.get("GITREG_FORGE_API") or api).rstrip("/")
    if configured:
        _checked(configured)
    found = wanted or _known(address, env)
    if found is None:
        raise NotFoundError("nothing says which kind of forge {host} is", host=address.host, hint="git config gitreg.forge github   (or gitlab, gitea)")
    programs = configured or _told(found, address, env)
    folder = _folder(found, address, programs)
    return Place(found, address.web + folder, programs or _usual(found, address, folder), _within(found, address, folder))


def host(url: str) -> str:
    """Return the host of a URL, or of a bare ``host`` or ``host:port``, in lower case; empty where there is none."""
    try:
        return (urlsplit(url if "://" in url else f"//{url}").hostname or "").lower()
    except ValueError:
        return ""


def loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine."""
    return bool(_LOOPBACK.match(host(url)))


def _address(remote: str) -> Address:
    try:
        found = _of_url(remote) if "://" in remote else _of_scp(remote)
    except ValueError:  # a port that is none, a bracket that is not closed
        found = None
    if found is None or not _HOST.match(found.host) or not all(map(_SEGMENT.match, found.path.split("/"))):
        raise NotFoundError("the remote {remote} is at no forge that gitreg knows how to speak to", remote=shown(_without_password(remote)))
    return found


def _of_url(remote: str) -> Address | None:
    parts = urlsplit(remote)
    if parts.scheme not in ("http", "https", "ssh", "git+ssh", "git") or not parts.hostname:
        return None
    web = parts.scheme in ("http", "https")
    name = parts.hostname.lower()
    return Address(parts.scheme if web else "https", _SSH_OVER_443.get(name, name), parts.port if web else None, _path(unquote(parts.path)))


def _of_scp(remote: str) -> Address | None:
    match = _SCP.match(remote)
    if match is None:
        return None
    name = match["host"].strip("[]").lower()
    return Address("https", _SSH_OVER_443.get(name, name), None, _path(match["path"]))


def _path(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def _without_password(remote: str) -> str:
    return re.sub(r"(?<=://)[^/\s]*@", "", remote)


def _kind(name: str) -> Kind | None:
    name = {"forgejo": "gitea"}.get(name.strip().lower(), name.strip().lower())
    if name and name not in get_args(Kind):
        raise UsageError("{name!r} is no kind of forge: github, gitlab and gitea are", name=name, hint="git config gitreg.forge github   (or gitlab, gitea)")
    return cast("Kind", name) if name else None


def _checked(api: str) -> None:
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not _HOST.match(host(api)) or parts.query or parts.fragment or parts.username is not None:
        raise UsageError("{api} is no address of an API", api=shown(_without_password(api)), hint="git config gitreg.forgeApi https://HOST/api/v3")


def _known(address: Address, env: Mapping[str, str]) -> Kind | None:
    own = [kind for kind, named in servers(env) if named == address.host]
    if own:
        return own[0]
    if address.host.endswith(".ghe.com"):
        return "github"
    return _KNOWN.get(address.host) or _FIRST_LABELS.get(address.host.partition(".")[0])


def servers(env: Mapping[str, str]) -> Iterator[tuple[Kind, str]]:
    """Yield the hosts that the environment names, with what they are.

    Actions of Gitea and Forgejo set GitHub's variables for their own host, and say so.
    """
    yield ("gitea" if env.get("GITEA_ACTIONS") or env.get("FORGEJO_ACTIONS") else "github"), host(env.get("GITHUB_SERVER_URL", ""))
    yield "github", host(env.get("GH_HOST", ""))
    for name in ("CI_SERVER_HOST", "GITLAB_HOST"):
        yield "gitlab", host(env.get(name, ""))
    for name in ("GITEA_SERVER_URL", "GITEA_INSTANCE_URL", "FORGEJO_SERVER_URL"):
        yield "gitea", host(env.get(name, ""))


def _told(kind: Kind, address: Address, env: Mapping[str, str]) -> str:
    """Return the API address that CI gives for its own host, if this is that."""
    name, server = ("CI_API_V4_URL", "CI_SERVER_HOST") if kind == "gitlab" else ("GITHUB_API_URL", "GITHUB_SERVER_URL")
    told = env.get(name, "").rstrip("/")
    ours = (kind, address.host) in servers(env) and host(env.get(server, "")) == address.host
    return told if ours and (told.startswith("https://") or (told.startswith("http://") and loopback(told))) else ""


def _folder(kind: Kind, address: Address, api: str) -> str:
    """Return the folder of the host in which the forge itself is installed, mostly none.

    Groups of GitLab nest, so that only its API address can tell; at the others the last two segments are the repository.
    """
    if api:
        own = urlsplit(api).path.removesuffix(_API[kind]).rstrip("/")
        return own if host(api) == address.host and f"/{address.path}".startswith(f"{own}/") else ""
    above = address.path.split("/")[:-2] if kind != "gitlab" and address.host not in _KNOWN else []
    return "".join(f"/{segment}" for segment in above)


def _within(kind: Kind, address: Address, folder: str) -> str:
    path = f"/{address.path}".removeprefix(folder).strip("/")
    if path.count("/") != 1 and not (kind == "gitlab" and "/" in path):
        raise NotFoundError("{path!r} names no repository at {host}: an owner and a name do", path=address.path, host=address.host)
    return path


def _usual(kind: Kind, address: Address, folder: str) -> str:
    if kind == "github" and (address.host == "github.com" or address.host.endswith(".ghe.com")):
        return f"https://api.{address.host}"
    safe = address if loopback(address.web) or address.scheme == "https" else address._replace(scheme="https", port=None)
    return f"{safe.web}{folder}{_API[kind]}"
