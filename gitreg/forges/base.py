"""What every forge gives: where a repository is hosted, its pull requests, and what can be done with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["github", "gitlab", "gitea"]


class Place(NamedTuple):
    """A repository at a forge: the forge's *kind*, its address for people (``https://github.com``) and for programs, the repository's *path* (``org/models``)."""

    kind: Kind
    web: str
    api: str
    path: str


class Pull(Struct, frozen=True, kw_only=True):
    """A pull request, or a merge request, as its forge has it now.

    *head* is its branch, as ``owner:branch`` where that is in a fork, and *commit* the tip of it; *base* the branch it goes to.
    *checks* is ``none`` where nothing was run. All texts are strangers'.
    """

    number: int
    url: str
    title: str
    state: Literal["open", "merged", "closed"]
    head: str
    commit: str
    base: str
    author: str
    draft: bool = False
    review: Literal["approved", "changes-requested", "waiting"] = "waiting"
    checks: Literal["passing", "failing", "pending", "none"] = "none"
    merge_commit: str | None = None
    updated_at: str | None = None


class Proposal(NamedTuple):
    """A pull request to be: branch *head* goes to branch *base*."""

    head: str
    base: str
    title: str
    body: str


class Forge(Protocol):
    """A repository at a forge, with the right to propose changes to it.

    All methods raise :class:`BusyError` where the forge cannot be reached, breaks off, is out of order or asks to wait longer
    than we do; :class:`PolicyError` where it refuses the token or the change; :class:`NotFoundError` where there is no such
    repository or pull request.
    """

    place: Place

    def pulls(self, base: str, prefix: str = "") -> Iterator[Pull]:
        """Yield the open pull requests to branch *base*, newest first; only those of branches whose name starts with *prefix*.

        Each costs questions of its own for reviews and checks, asked when it is its turn.
        """

    def pull(self, number: int) -> Pull:
        """Return one pull request, whatever its state is."""

    def find(self, head: str, base: str) -> Pull | None:
        """Return the open pull request from branch *head* of this repository to branch *base*."""

    def propose(self, proposal: Proposal) -> Pull:
        """Open a pull request, or bring the open one for the same branches up to date: never two.

        What is returned says nothing of reviews and checks.
        """

    def comment(self, number: int, body: str, marker: str) -> str:
        """Write a comment, or bring our earlier one that has *marker* up to date; returns its address."""

    def ref(self, number: int) -> str:
        """Return the ref under which git fetches the tip of a pull request: ``refs/pull/7/head``."""
