"""Find the way to a forge: with a token of the environment, through a tool, or by an address for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from gitreg.errors import UsageError
from gitreg.forges import http, tokens, tools
from gitreg.forges.gitea import Gitea
from gitreg.forges.github import GitHub
from gitreg.forges.gitlab import GitLab
from gitreg.forges.making import title

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitreg.forges.answers import Line
    from gitreg.forges.base import Forge, Kind, Place, Proposal

_LONGEST = 8000  # characters of an address; servers refuse more than 8 KiB
_CUT = "\n\n(cut: the rest did not fit into an address)"
_NAMES = {"github": ("title", "body"), "gitlab": ("merge_request[title]", "merge_request[description]"), "gitea": ("title", "body")}


def connected(place: Place, env: Mapping[str, str]) -> Forge | None:
    """Return the forge at *place* with the token that *env* has for it, or None where it has none.

    Nothing is asked yet. ``GITREG_FORGE_PATIENCE`` is how many seconds one question may take, waits and all: 60 by default.

    Raises:
        PolicyError: the token cannot be one.
        UsageError: the patience is no number, or the extra is not installed.
    """
    token = tokens.token(place, env)
    return None if token is None else _spoken(http.Http(place, token, _patience(env)))


def tool(name: str, place: Place, folder: str) -> Forge:
    """Return the forge at *place* through the person's own tool *name*, ``gh`` or ``glab``, started in *folder*.

    Raises:
        UsageError: there is no such tool, or it speaks to another kind of forge.
    """
    return _spoken(tools.line(name, place, folder))


def compare_url(place: Place, proposal: Proposal) -> str:
    """Return the address at which a person opens *proposal* in a browser, filled in; its body is cut to what an address can hold."""
    whole = _compare(place, proposal, proposal.body)
    if len(whole) <= _LONGEST:
        return whole
    fits, too_many = 0, len(proposal.body)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        shorter = len(_compare(place, proposal, proposal.body[:middle] + _CUT)) <= _LONGEST
        fits, too_many = (middle, too_many) if shorter else (fits, middle)
    return _compare(place, proposal, proposal.body[:fits] + _CUT)


def _compare(place: Place, proposal: Proposal, body: str) -> str:
    names = _NAMES[place.kind]
    text = {names[0]: title(proposal.title), names[1]: body}
    repository = f"{place.web}/{quote(place.path)}"
    if place.kind == "gitlab":
        branches = {"merge_request[source_branch]": proposal.head, "merge_request[target_branch]": proposal.base}
        return f"{repository}/-/merge_requests/new?{_query(branches | text)}"
    return f"{repository}/compare/{quote(proposal.base)}...{quote(proposal.head)}?{_query({'quick_pull': '1'} | text)}"


def _query(asked: dict[str, str]) -> str:
    return urlencode(asked, quote_via=quote, errors="replace")


def _spoken(line: Line) -> Forge:
    kinds: dict[Kind, Callable[[Line], Forge]] = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}
    return kinds[line.place.kind](line)


def _patience(env: Mapping[str, str]) -> float:
    text = env.get("GITREG_FORGE_PATIENCE", "").strip()
    try:
        seconds = float(text) if text else http.PATIENCE
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise UsageError("GITREG_FORGE_PATIENCE is a number of seconds, up to 3600, found {text!r}", text=text)
    return seconds
