"""What a run records by itself: the code and its state, the CI job, Python and the packages. Never a variable's value as such."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.errors import GitregError, NotFoundError, UsageError
from gitreg.secrets import without_secrets
from gitreg.store.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Sequence

# in this order: a folder that has two was made by the first
LOCK_FILES = ("uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "Pipfile.lock", "conda-lock.yml", "pylock.toml", "requirements.lock", "requirements.txt")

# who tells of itself how: the variable that says "this is it", the parts of the job's address, and the job's name.
# Each is documented by its vendor under "predefined" or "default" variables.
_CI = (
    ("GITHUB_ACTIONS", "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}", "GITHUB_JOB"),
    ("GITLAB_CI", "{CI_JOB_URL}", "CI_JOB_NAME"),
    ("BUILDKITE", "{BUILDKITE_BUILD_URL}", "BUILDKITE_LABEL"),
    ("CIRCLECI", "{CIRCLE_BUILD_URL}", "CIRCLE_JOB"),
    ("TRAVIS", "{TRAVIS_JOB_WEB_URL}", "TRAVIS_JOB_NAME"),
    ("TF_BUILD", "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}", "SYSTEM_JOBDISPLAYNAME"),
    ("BITBUCKET_BUILD_NUMBER", "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}", "BITBUCKET_STEP_UUID"),
    ("DRONE", "{DRONE_BUILD_LINK}", "DRONE_STEP_NAME"),
    ("WOODPECKER", "{CI_PIPELINE_URL}", "CI_STEP_NAME"),
    ("JENKINS_URL", "{BUILD_URL}", "JOB_NAME"),
)


class Surroundings(NamedTuple):
    """The parts of a :class:`gitreg.records.Run` that are the same for all of its versions."""

    code: dict[str, Any] | None
    ci: dict[str, Any] | None
    environment: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return what is known of them as fields of a run."""
        return {name: value for name, value in self._asdict().items() if value}


def seen(code_file: str | None, packages: Sequence[str] = (), lock_file: str | os.PathLike[str] | None = None) -> Surroundings:
    """Return what the code of *code_file* (None: the current folder's) runs on: *packages* by version, else the digest of *lock_file* or of one that is there.

    Raises:
        NotFoundError: a package is not installed, or there is no such lock file.
    """
    if isinstance(packages, str):
        raise UsageError("packages: expected a list of names, found {packages!r}", packages=packages, hint=f"packages=[{packages!r}]")
    folder = os.path.dirname(os.path.realpath(code_file)) if code_file else os.getcwd()
    top, code = _code(folder, code_file)
    environment: dict[str, Any] = {"python": platform.python_version()}
    if packages:
        environment["packages"] = {name: _version(name) for name in packages}
    lock = os.fspath(lock_file) if lock_file is not None else None if packages else _lock_in(folder, top)
    if lock:
        environment["lock"] = {"path": _relative(lock, top or folder), "sha256": _digest(lock)}
    return Surroundings(code, _ci(), environment)


def main_file() -> str | None:
    """Return the file of the program that runs; None in a notebook or an interactive Python."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return file if file and os.path.isfile(file) else None


def _code(folder: str, file: str | None) -> tuple[str | None, dict[str, Any] | None]:
    """Return the top folder of the repository of *folder*, and its state: where it came from, the commit, whether it lacks something that runs."""
    try:
        repo = discover(folder)
    except GitregError:
        return None, None
    try:
        commit = repo.commit("HEAD")
        if repo.worktree is None or commit is None:
            return repo.worktree, None
        dirty = bool(repo.output("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=untracked", folder=repo.worktree))
        dirty = dirty or (file is not None and repo.git("ls-files", "--error-unmatch", "--", os.path.realpath(file), folder=repo.worktree)[0] != 0)
        remote = repo.config("remote.origin.url")
        return repo.worktree, {**({"repository": without_secrets(remote)} if remote else {}), "commit": commit, "dirty": dirty}
    except GitregError:  # a repository that git itself cannot read says nothing of the code
        return repo.worktree, None
    finally:
        repo.close()


def _ci() -> dict[str, Any] | None:
    for sign, address, job in _CI:
        if os.environ.get(sign):
            try:
                url = without_secrets(address.format_map(os.environ))
            except KeyError:
                url = ""
            found = {"url": url if url.startswith(("https://", "http://")) and url.isprintable() else None, "job": without_secrets(os.environ.get(job, ""))}
            return {name: value for name, value in found.items() if value} or None
    return None


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        raise NotFoundError("package {package!r} is not installed here, so that its version cannot be recorded", package=package, hint=f"pip install {package}") from None


def _lock_in(folder: str, top: str | None) -> str | None:
    places = dict.fromkeys(filter(None, (folder, top)))
    return next((path for place in places for name in LOCK_FILES if os.path.isfile(path := os.path.join(place, name))), None)


def _relative(path: str, folder: str) -> str:
    full, top = os.path.realpath(path), os.path.realpath(folder)
    return os.path.relpath(full, top).replace(os.sep, "/") if full.startswith(top + os.sep) else os.path.basename(full)


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NotFoundError("the lock file {path!r} cannot be read: {reason}", path=path, reason=error.strerror) from None
