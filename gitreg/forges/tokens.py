"""Which token of the environment belongs to a forge. A token is sent to the host that it belongs to, and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import PolicyError
from gitreg.forges.places import host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitreg.forges.base import Kind, Place


class Token(NamedTuple):
    """A secret, and the *variable* that it came from, which is all that is ever said of it."""

    variable: str
    secret: str

    def __repr__(self) -> str:
        return f"Token({self.variable!r})"


class _Rule(NamedTuple):
    """A *variable* holds a token for the host that the first of *named* names that is set, or else for *home*."""

    variable: str
    named: tuple[str, ...]
    home: str = ""


_GITEA = ("GITEA_SERVER_URL", "GITEA_INSTANCE_URL")
_RULES: dict[Kind, tuple[_Rule, ...]] = {
    "github": (
        _Rule("GH_TOKEN", (), "github.com"),
        _Rule("GITHUB_TOKEN", ("GITHUB_SERVER_URL",), "github.com"),
        _Rule("GH_ENTERPRISE_TOKEN", ("GH_HOST", "GITHUB_SERVER_URL", "GITREG_FORGE_API")),
        _Rule("GITHUB_ENTERPRISE_TOKEN", ("GH_HOST", "GITHUB_SERVER_URL", "GITREG_FORGE_API")),
    ),
    "gitlab": (_Rule("GITLAB_TOKEN", ("GITLAB_HOST", "CI_SERVER_HOST", "GITREG_FORGE_API"), "gitlab.com"),),
    "gitea": (
        _Rule("GITEA_TOKEN", (*_GITEA, "GITREG_FORGE_API"), "gitea.com"),
        _Rule("FORGEJO_TOKEN", ("FORGEJO_SERVER_URL", "GITREG_FORGE_API"), "codeberg.org"),
    ),
}
_ACTIONS = tuple(_Rule(name, ("GITHUB_SERVER_URL",)) for name in ("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN"))


def token(place: Place, env: Mapping[str, str]) -> Token | None:
    """Return the token for *place*, or None where the environment has none that belongs there.

    Raises:
        PolicyError: it cannot be a token: it has blanks, line ends or letters that no header may hold.
    """
    goal = _web(host(place.api))  # the host that hears it, whatever the remote says
    fit = (rule.variable for rule in _rules(place.kind, env) if _owner(rule, env) == goal and env.get(rule.variable, "").strip())
    variable = next(fit, None)
    return _sound(Token(variable, env[variable].strip())) if variable else None


def advice(place: Place, env: Mapping[str, str]) -> str:
    """Return what to set so that there is a token for *place*; one that is set may be another host's."""
    goal = _web(host(place.api))
    rules = list(_rules(place.kind, env))
    strange = next((rule for rule in rules if env.get(rule.variable, "").strip() and _owner(rule, env) != goal), None)
    if strange:
        whose = f"is for {_owner(strange, env)}" if _owner(strange, env) else f"counts once {strange.named[0]} says whose it is"
        return f"{strange.variable} {whose}, and this is {goal}"
    fit = next((rule for rule in rules if _owner(rule, env) == goal), None)
    other = next(rule for rule in rules if rule.named and rule.variable != "GITHUB_TOKEN")
    return f"set {fit.variable}" if fit else f"set {other.variable}, and {other.named[0]} to {goal}"


def _rules(kind: Kind, env: Mapping[str, str]) -> Iterator[_Rule]:
    theirs = env.get("GITEA_ACTIONS") or env.get("FORGEJO_ACTIONS")  # they set GitHub's variables for their own host
    if kind == "gitea" and theirs:
        yield from _ACTIONS
    if not (kind == "github" and theirs):
        yield from _RULES[kind]


def _owner(rule: _Rule, env: Mapping[str, str]) -> str:
    """Return the host that the token of *rule* belongs to, or nothing where that is not said."""
    cloud = host(env.get("GH_HOST", ""))
    if rule.variable == "GH_TOKEN" and cloud.endswith(".ghe.com"):
        return cloud
    return next((_web(found) for name in rule.named if (found := host(env.get(name, "")))), rule.home)


def _web(name: str) -> str:
    """Return the host for people: GitHub's own has another for programs."""
    return name.removeprefix("api.") if name == "api.github.com" or name.endswith(".ghe.com") else name


def _sound(found: Token) -> Token:
    if not (found.secret.isascii() and found.secret.isprintable() and " " not in found.secret):
        raise PolicyError("what {variable} holds is no token: a token is letters, digits and signs in one word", variable=found.variable)
    return found
