"""A registry by URL: a bare partial clone in the person's cache folder, made and fetched when it is used.

Whatever is in it the remote has too, so it may be deleted at any time, and one that is damaged is made anew. Its
branches and what it last saw of the remote's are at the same commits. The folder is closed to others: an address
may hold a token.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from gitreg.errors import BusyError, InvalidError, NotFoundError, UsageError
from gitreg.names import shown as tame
from gitreg.store import cachefolder, lock, network, upkeep
from gitreg.store.damage import MARK, DamagedError
from gitreg.store.disk import sync
from gitreg.store.gitrepo import SYNCED, GitRepo, checked_branch
from gitreg.store.network import said

if TYPE_CHECKING:
    from gitreg.errors import GitregError

NAME = "origin"
_PATIENCE = 120.0  # seconds to wait for another process that makes the clone or fetches into it
_SCHEMES = ("https", "http", "ssh", "git", "file", "git+ssh", "ssh+git")  # others name programs that git would run
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(://|::)")
_SECRET = re.compile(r"(?<=://)[^/]*@")
_NO_REPOSITORY = re.compile(
    r"does not appear to be a git repository|repository '.*' not found|repository not found|not exported|is this a git repository|project .* could not be found|no such file or directory", re.IGNORECASE
)
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--atomic", "--filter=blob:none")
_CONFIG = """\
[core]
	repositoryFormatVersion = 1
[remote "{name}"]
	url = "{url}"
	fetch = +refs/heads/*:refs/remotes/{name}/*
	promisor = true
	partialCloneFilter = blob:none
[extensions]
	partialClone = {name}
"""


class Tip(NamedTuple):
    """A branch of the remote and the commit that it is at now, and which branch is the default, if that is told."""

    branch: str
    commit: str
    default: str


def opened(url: str, branch: str | None, *, fetch: bool = True) -> tuple[GitRepo, str]:
    """Return the clone of what is at *url*, and the ref of *branch*, else of the remote's default branch.

    Without *fetch* the remote is not asked: it is as it was fetched last. Contents that were never read are fetched
    all the same when they are.

    Raises:
        UsageError: the address is none that is followed, or *branch* cannot be a branch's name.
        NotFoundError: there is no repository or no such branch; without *fetch*, none is known.
        BusyError: the remote cannot be reached, or the cache folder cannot be written.
        InvalidError: without *fetch*, what was fetched last is damaged.
    """
    url = checked(url)
    if branch is not None:
        checked_branch(branch)
    place = os.path.join(cachefolder.own(), _name(url))
    if not fetch:
        return _last_known(place, url, branch)
    tip = _asked(place, url, branch)
    repo = _sound(place)
    if repo is None or not _has(repo, tip):
        if repo:
            repo.close()
        repo = _brought(place, url, tip)
    return repo, f"refs/heads/{tip.branch}"


def checked(url: str) -> str:
    """Return *url* if it is an address that git follows without running a program that it names; its scheme in small letters, as git wants it.

    Raises:
        UsageError: it is not.
    """
    scheme = _SCHEME.match(url)
    if scheme and (scheme[2] == "::" or scheme[1].lower() not in _SCHEMES):
        raise UsageError("{url!r} cannot be followed: an address begins with https, http, ssh, git or file", url=shown(url))
    if url.startswith("-") or not url.isprintable():
        raise UsageError("{url!r} is no address", url=shown(url))
    return scheme[1].lower() + url[scheme.end(1) :] if scheme else url


def shown(url: str) -> str:
    """Return *url* without the name and password that it may hold."""
    return _SECRET.sub("", url)


def _name(url: str) -> str:
    """Return the name of the clone of *url*: what a person may recognise, and what makes it the only one."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", re.sub(r"^[a-z+]+://|^[^/@]*@|\.git/?$", "", shown(url))).strip("-.")
    return f"{readable[-80:].strip('-.')}-{sha256(url.encode()).hexdigest()[:16]}.git"


def _repo(place: str) -> GitRepo | None:
    """Return the clone at *place*, if all is there that makes it one. git's discovery is not asked: it may refuse bare repositories."""
    inside = {name: os.path.join(place, name) for name in ("HEAD", "config", "objects", "refs", "gitreg", "gitreg/lock")}
    files, folders = (inside["HEAD"], inside["config"]), (inside["objects"], inside["refs"])
    if not (all(map(os.path.isfile, files)) and all(map(os.path.isdir, folders))) or os.path.isfile(inside["gitreg"]) or os.path.isdir(inside["gitreg/lock"]):
        return None
    with contextlib.suppress(OSError), open(inside["config"], encoding="utf-8", errors="replace") as file:
        repo = GitRepo(place, place, worktree=None, prefix="", algorithm="sha256" if "objectformat = sha256" in file.read() else "sha1")
        repo.reader.disposable = True
        return repo
    return None


def _sound(place: str) -> GitRepo | None:
    """Return the clone at *place*, unless somebody found it damaged, or a pack in it was cut short."""
    repo = _repo(place)
    return repo if repo and not os.path.lexists(os.path.join(place, MARK)) and _packs_are_whole(repo) else None


def _packs_are_whole(repo: GitRepo) -> bool:
    """Tell whether each pack ends as its index says: of one that does not git reads nothing, and does not fetch it again."""
    folder, width = os.path.join(repo.common_dir, "objects", "pack"), 32 if repo.algorithm == "sha256" else 20
    try:
        indexes = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".idx")]
        return all(_ending(index, 2 * width)[:width] == _ending(f"{index.removesuffix('.idx')}.pack", width) for index in indexes)
    except OSError:
        return False


def _ending(file: str, size: int) -> bytes:
    with open(file, "rb") as open_file:
        open_file.seek(-size, os.SEEK_END)
        return open_file.read(size)


def _last_known(place: str, url: str, branch: str | None) -> tuple[GitRepo, str]:
    """Return the clone and the ref of *branch* as they are; one that was found damaged may still have what is read now."""
    if not os.path.lexists(place):
        raise NotFoundError("nothing was fetched from {url} yet", url=shown(url), hint="leave --no-fetch out")
    repo = _repo(place)
    if repo is None:
        raise _broken(url)
    try:
        ref = f"refs/heads/{branch}" if branch else repo.head_ref() or "HEAD"
        found = repo.reader.info(ref)
    except (DamagedError, OSError):
        raise _broken(url) from None
    if found is None:
        repo.close()
        raise NotFoundError("branch {branch!r} of {url} was not fetched yet", branch=branch, url=shown(url), hint="leave --no-fetch out")
    return repo, ref


def _broken(url: str) -> DamagedError:
    return DamagedError(f"what was fetched from {shown(url)} is damaged", hint="leave --no-fetch out")


# -- asking the remote ------------------------------------------------------------------------------------


def _asked(place: str, url: str, branch: str | None) -> Tip:
    """Return where the remote's *branch* is now, else its default branch: one connection, nothing is fetched.

    Raises:
        NotFoundError: there is no repository, or no such branch in it.
        BusyError: it cannot be reached.
    """
    code, out, err = _run(("--git-dir", os.devnull), "ls-remote", "--symref", "--end-of-options", url, "HEAD", *([f"refs/heads/{branch}"] if branch else []))
    if code:
        raise _refused(url, err, known=os.path.isdir(place))
    lines = [line.partition("\t") for line in out.splitlines()]
    told = {name: commit for commit, _, name in lines if not commit.startswith("ref: ")}
    head = next((what.removeprefix("ref: ") for what, _, name in lines if what.startswith("ref: ") and name == "HEAD"), "")
    default = head.removeprefix("refs/heads/") if head.startswith("refs/heads/") else ""
    if branch:
        if commit := told.get(f"refs/heads/{branch}"):
            return Tip(branch, commit, default)
        raise NotFoundError("there is no branch {branch!r} in {url}", branch=branch, url=shown(url), hint=f"git ls-remote --heads {shown(url)}")
    if "HEAD" in told and default:
        return Tip(default, told["HEAD"], default)
    what = "names no default branch" if told else "has no commits yet"
    raise NotFoundError("the repository at {url} {what}", url=shown(url), what=what, hint="--branch BRANCH" if told else "gitreg init")


def _refused(url: str, err: str, *, known: bool) -> GitregError:
    words = _words(url, err)
    if _NO_REPOSITORY.search(err):
        return NotFoundError("there is no repository at {url}: {said}", url=shown(url), said=words)
    return BusyError("{url} cannot be reached: {said}", url=shown(url), said=words, hint="--no-fetch reads what was fetched last" if known else "")


def _words(url: str, err: str) -> str:
    """Return what git said, without the password of *url* in whatever form it stands there, and safe to print."""
    secret = _SECRET.search(url)
    for part in (secret[0], secret[0][:-1].partition(":")[2]) if secret else ():
        err = err.replace(part, "") if len(part) > 1 else err
    return tame(said(err))


def _run(place: tuple[str, ...], *args: str, descriptor: int | None = None) -> tuple[int, str, str]:
    return network.ask(place, (*SYNCED, *args), lock=descriptor)


# -- the clone --------------------------------------------------------------------------------------------


def _has(repo: GitRepo, tip: Tip) -> bool:
    """Tell whether the clone is at *tip*, has what belongs to it, and knows the default branch."""
    refs = (f"refs/heads/{tip.branch}", f"refs/remotes/{NAME}/{tip.branch}")
    try:
        there = _is_whole(repo, tip) and all((found := repo.reader.info(ref)) and found.id == tip.commit for ref in refs)
        return there and repo.head_ref() == f"refs/heads/{tip.default or tip.branch}"
    except (InvalidError, BusyError, OSError):  # damaged
        return False


def _is_whole(repo: GitRepo, tip: Tip) -> bool:
    try:
        return repo.reader.info(f"refs/heads/{tip.branch}^{{tree}}") is not None
    except (InvalidError, BusyError):  # damaged, so that git ends
        return False


def _brought(place: str, url: str, tip: Tip) -> GitRepo:
    """Return the clone of *url*, made or fetched by one process at a time; the others find it done.

    Raises:
        BusyError: the remote cannot be reached, or another process does not come to an end.
    """
    with lock.taken(f"{place}.lock", 0o600, "fetching this registry", _PATIENCE) as descriptor:
        for name in (f"{place}.new", f"{place}.old"):  # what a crash left: nobody else has the lock
            _removed(name)
        repo = _sound(place)
        if repo and not _has(repo, tip):
            fetched = _followed(repo, tip)
            repo.close()  # it may have looked for what has come only now
            if fetched and _is_whole(repo, tip):
                upkeep.begin(repo)
            else:
                repo.close()
                repo = None  # damaged or out of reach: making another one tells
        return repo or _made(place, url, tip, descriptor)


def _followed(repo: GitRepo, tip: Tip) -> bool:
    """Bring the clone to the remote's branch; nobody writes meanwhile, for the writer's branch would move under it."""
    with lock.held(repo.common_dir, _PATIENCE) as descriptor:
        code, _ = _fetched(repo.git_dir, tip, descriptor)
        return code == 0


def _fetched(git_dir: str, tip: Tip, descriptor: int) -> tuple[int, str]:
    """Fetch the branch of *tip* into a clone; returns git's exit code and what it complained of."""
    refs = (f"+refs/heads/{tip.branch}:{to}/{tip.branch}" for to in (f"refs/remotes/{NAME}", "refs/heads"))
    code, _, err = _run(("--git-dir", git_dir), *_FETCH, NAME, *refs, descriptor=descriptor)
    if code == 0:
        code, _, err = _run(("--git-dir", git_dir), "symbolic-ref", "HEAD", f"refs/heads/{tip.default or tip.branch}", descriptor=descriptor)
    return code, err


def _made(place: str, url: str, tip: Tip, descriptor: int) -> GitRepo:
    """Return a new clone: made under another name, and put in place when it is whole.

    Raises:
        BusyError: the remote cannot be reached, or the cache folder cannot be written.
    """
    new, old = f"{place}.new", f"{place}.old"
    try:
        _begun(new, url, tip, descriptor)
        code, err = _fetched(new, tip, descriptor)
        if code:
            raise _refused(url, err, known=os.path.isdir(place))
        for name in ("config", "HEAD", "."):
            sync(os.path.join(new, name))
        if os.path.lexists(place):
            os.rename(place, old)
        os.rename(new, place)
    except OSError as error:
        raise cachefolder.unwritable(new, error) from None
    finally:
        for name in (new, old):
            _removed(name)
    repo = _repo(place)
    assert repo
    return repo


def _removed(path: str) -> None:
    """Remove what is at *path*, as far as it can be: a clone, or a file that is there instead."""
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.unlink(path)


def _begun(folder: str, url: str, tip: Tip, descriptor: int) -> None:
    """Make a clone that has nothing yet."""
    algorithm = "sha256" if len(tip.commit) == 64 else "sha1"
    code, _, err = _run((), "init", "--quiet", "--bare", "--template=", f"--object-format={algorithm}", "--end-of-options", folder, descriptor=descriptor)
    if code:
        raise BusyError("git cannot make a clone in {folder!r}: {said}", folder=folder, said=tame(said(err)))
    with open(os.path.join(folder, "config"), "a", encoding="utf-8", errors="surrogateescape") as config:
        config.write(_CONFIG.format(name=NAME, url=url.replace("\\", "\\\\").replace('"', '\\"')))
