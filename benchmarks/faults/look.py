"""Look at a repository after something went wrong in it, and say what the promises of gitreg forbid."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.faults.scenes import OWN, git
from gitreg import Registry
from gitreg.store import lock

if TYPE_CHECKING:
    from pathlib import Path

_LEFT = ("index.lock", "HEAD.lock", "refs/heads/main.lock", "refs/heads/feature.lock", "gitreg.owner", "gitreg.index", "gitreg.index.lock", "gitreg/journal", "gitreg/moving")
_HARMLESS = ("dangling", "notice:", "Checking", "unreachable")


class Before(NamedTuple):
    """What a repository was like before: its tip, how many commits, ``git status``, and a person's own files."""

    tip: str
    commits: int
    status: str
    own: dict[str, str]
    branch: str = ""  # the tip of another branch


class Fixed(NamedTuple):
    """What a repository was like, and of each edited file what it was and what it is to become."""

    all: Before
    files: dict[str, tuple[bytes, bytes]]


class Judge:
    """What a scene's command must have done or left undone; here in one repository, by one commit on its branch."""

    done_with = 0  # the exit code that says that it is done
    right: tuple[int, ...] = (0, 7)  # the exit codes of a command that met an error

    def before(self, folder: Path) -> Any:
        """Return what *folder* is like now, as the other methods want it."""
        return before(folder)

    def done(self, folder: Path, was: Any) -> bool:
        """Tell whether the command has done what it was to do."""
        return tip(folder) != was.tip

    def untouched(self, folder: Path, was: Any) -> bool:
        """Tell whether the command has changed nothing that counts."""
        return not self.done(folder, was)

    def quiet(self, folder: Path) -> None:
        """Wait until what outlived the command has ended."""
        quiet(folder)

    def at_once(self, folder: Path, was: Any) -> list[str]:
        """Return what was left lying around by a command that was interrupted, and could tidy up."""
        return unlike(folder, was, "at once") if was.tip else []

    def wrong(self, folder: Path, was: Any) -> tuple[str, ...]:
        """Return what is wrong after the command was cut short, and after the commands that follow."""
        return wrong(folder, was)


def before(folder: Path) -> Before:
    """Return what *folder* is like now; what a crash left there is healed first."""
    if (git_dir(folder) / "gitreg" / "journal").exists():
        Registry.open(folder).close()
    return Before(tip(folder), commits(folder), git(folder, "status", "--porcelain"), own(folder))


def tip(folder: Path) -> str:
    """Return the commit that the branch is at, or an empty text."""
    return git(folder, "rev-parse", "-q", "--verify", "main")


def fingerprint(folder: Path) -> str:
    """Return a digest of everything in *folder*, git's files included."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def commits(folder: Path) -> int:
    """Return how many commits the branch has."""
    return int(git(folder, "rev-list", "--count", "main") or 0)


def own(folder: Path) -> dict[str, str]:
    """Return the files of a person's own by name."""
    return {name: (folder / name).read_text() for name in OWN if (folder / name).exists()}


def wrong(folder: Path, was: Before) -> tuple[str, ...]:
    """Return what is wrong in *folder* after a command was cut short, and after the commands that follow."""
    quiet(folder)
    line = git(folder, "rev-list", "main").split()
    done = line[:1] != [was.tip] and bool(line)
    found = damage(folder)
    if done and (len(line) != was.commits + 1 or line[1:2] != [was.tip] * bool(was.tip)):
        found.append("the branch is neither old nor new")
    if done and was.tip and (gone := git(folder, "diff", "--name-only", "--diff-filter=D", was.tip, "main")):
        found.append(f"the branch lost {gone.split()}")
    if not was.tip and not done:
        return (*found, *_init(folder), *unlike(folder, was, "after init"))
    return (*found, *_next(folder, was))


def _next(folder: Path, was: Before) -> list[str]:
    found = []
    try:
        with Registry.open(folder) as registry:
            names = [model.name for model in registry.models()]
        found += unlike(folder, was, "after a read")
        with Registry.open(folder) as registry:
            number = registry.register("next").number
            found += [str(finding) for finding in registry.check()]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return [*found, f"the next command failed: {error!r}"]
    if number != 1 or "next" in names:
        found.append("the next command saw something else than the branch has")
    return found + unlike(folder, was, "after a write")


def _init(folder: Path) -> list[str]:
    try:
        Registry.init(folder).close()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return [f"the next init failed: {error!r}"]
    return damage(folder)


def quiet(folder: Path) -> None:
    """Wait until a git child that outlived its parent has ended: it holds the registry's lock."""
    common = git_dir(folder)
    if (common / "gitreg").exists():
        with lock.held(str(common)):
            return


def git_dir(folder: Path) -> Path:
    """Return where git keeps the repository of *folder*."""
    return folder / ".git" if (folder / ".git").exists() else folder


def damage(folder: Path) -> list[str]:
    """Return what ``git fsck --strict`` says, where it says anything."""
    done = subprocess.run(["git", "-C", str(folder), "fsck", "--strict", "--no-progress"], check=False, capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith(_HARMLESS)]
    return [f"git fsck: {said}"] if done.returncode or said else []


def unlike(folder: Path, was: Before, when: str) -> list[str]:
    """Return where index, worktree or a person's files are not as they were, and what was left lying around."""
    found = []
    status = git(folder, "status", "--porcelain")
    if status != was.status:
        found.append(f"git status {when}: {status!r}, expected {was.status!r}")
    if own(folder) != was.own:
        found.append(f"a person's files {when}: {own(folder)!r}")
    return found + [f"left {when}: {name}" for name in _LEFT if (git_dir(folder) / name).exists()]
