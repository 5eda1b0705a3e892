"""The commits between two commits of a code repository: what ``git log`` says, asked so that nothing of that repository runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from gitreg.records import committed_at
from gitreg.store import promised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.gitrepo import GitRepo

MOST = 50  # commits that are listed of a side; the rest is counted
_LONGEST = 500  # characters of a subject
_HERE_ONLY = {"GIT_NO_LAZY_FETCH": "1"}  # git 2.44: of a partial clone nothing is fetched
_SHAPE = "--format=%ct%x00%an%x00%s"
_PLAIN = ("--no-show-signature", "--no-notes", "--no-mailmap", "--no-color", "--no-patch", "--no-ext-diff", "--no-textconv", "--encoding=UTF-8", "-z")


class CodeCommit(Struct, frozen=True, kw_only=True):
    """A commit of the code: its id, when it was committed (None where it says no date), who wrote it, and the first line of its message."""

    commit: str
    at: str | None
    author: str
    subject: str


class Side(Struct, frozen=True, kw_only=True):
    """What one of two commits has in its history and the other has not: how many, and the newest of them."""

    count: int
    commits: tuple[CodeCommit, ...]


class CodeLog(Struct, frozen=True, kw_only=True):
    """The commits that only *a* has, and those that only *b* has; not all of them where the clone is shallow, which is not *whole*."""

    only_a: Side
    only_b: Side
    whole: bool = True


NOTHING = CodeLog(only_a=Side(count=0, commits=()), only_b=Side(count=0, commits=()))


def holds(repo: GitRepo, commits: tuple[str, str]) -> bool:
    """Tell whether both are whole ids of commits that are in *repo*; no remote is asked, and no name is looked up."""
    if not all(map(promised.is_id, commits)) or promised.here(repo.git_dir, commits) != frozenset(commits):
        return False
    found = [repo.reader.info(commit) for commit in commits]
    return all(each is not None and each.type == "commit" for each in found)


def between(repo: GitRepo, a: str, b: str) -> CodeLog:
    """Return the commits between two commits that *repo* :func:`holds`.

    Raises:
        InvalidError: git cannot read the history between them.
    """
    return CodeLog(only_a=_side(repo, b, a), only_b=_side(repo, a, b), whole=not repo.cut_off())


def _side(repo: GitRepo, without: str, of: str) -> Side:
    span = f"{without}..{of}"
    count = int(_asked(repo, "rev-list", "--count", "--end-of-options", span))
    return Side(count=count, commits=tuple(_logged(_asked(repo, "log", *_PLAIN, f"--max-count={MOST}", f"{_SHAPE}%x00%H", "--end-of-options", span))))


def _asked(repo: GitRepo, *args: str) -> str:
    code, out, err = repo.git(*args, env=_HERE_ONLY)
    if code:
        raise repo.reader.damaged(f"git cannot read the commits between: {err.decode(errors='replace').strip()}")
    return out.decode(errors="replace")


def _logged(text: str) -> Iterator[CodeCommit]:
    fields = text.split("\0")  # -z: a commit's end is one as well
    for at in range(0, len(fields) - 3, 4):
        when, author, subject, commit = fields[at : at + 4]
        yield CodeCommit(commit=commit, at=_moment(when), author=author, subject=subject if len(subject) <= _LONGEST else f"{subject[: _LONGEST - 1]}…")


def _moment(seconds: str) -> str | None:
    """Return a commit's time; a commit that was made to confuse has none, or one far from any calendar."""
    try:
        return committed_at(datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError):
        return None
