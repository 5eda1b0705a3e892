"""What CI needs beside a registry: workflows, or a pipeline, and who owns what. The texts are in ``templates/``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitreg.ci import source
from gitreg.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitreg.store.gitrepo import GitRepo

Host = Literal["github", "gitlab"]
HOSTS = ("github", "gitlab")

_FILES = {
    "github": {
        ".github/workflows/gitreg-review.yml": "gitreg-review.yml",
        ".github/workflows/gitreg-deploy.yml": "gitreg-deploy.yml",
        ".github/CODEOWNERS": "CODEOWNERS.github",
    },
    "gitlab": {".gitlab/gitreg.yml": "gitlab.yml", ".gitlab/CODEOWNERS": "CODEOWNERS.gitlab", ".gitlab-ci.yml": "gitlab-ci.yml"},
}
_HARMLESS = re.compile(r"[A-Za-z0-9._/@-]*")  # stands in YAML, a shell, a glob and an expression for itself
_ROOT = ".gitlab-ci.yml"  # a project has one, and may have had it before
_PACKAGE = re.compile(rb'^( *PACKAGE: )"(.*)"$', re.MULTILINE)
_INCLUDED = re.compile(rb"^[^#\n]*[\s'\"/]\.?/?\.gitlab/gitreg\.yml\b", re.MULTILINE)


class Site(NamedTuple):
    """Where a registry is: its branch, and its folder in the repository with a slash at its end, or nothing; what pip installs there.

    Without *package* that is what the gitreg that runs was installed from, if that is known, and what a file that is there says.
    """

    branch: str
    folder: str
    package: str | None = None


def files(host: str, site: Site) -> dict[str, bytes]:
    """Return what *host* needs to review and deploy the registry at *site*, by path from the repository's top.

    Raises:
        UsageError: there is nothing for such a host, or a name could be read as more than a name in these files.
    """
    if host not in HOSTS:
        raise UsageError("nothing is known of CI at {host!r}: there are {known}", host=host, known=", ".join(HOSTS), hint="gitreg init --help")
    for what, name in (("branch", site.branch), ("folder", site.folder)):
        if not _HARMLESS.fullmatch(name):
            raise UsageError("{what} {name!r} has a name that is not safe in the files of a CI: only letters, digits and . _ / @ - are", what=what, name=name)
    package = (source.own() or "") if site.package is None else source.checked(site.package)
    return {path: _filled(template, site._replace(package=package)).encode() for path, template in _FILES[host].items()}


def _filled(name: str, site: Site) -> str:
    text = template(name)
    if name == "gitlab.yml":
        return _included(text, site)
    for mark, value in (("@FETCH@\n", template("fetch.yml")), ("@BRANCH@", site.branch), ("@FOLDER@", site.folder), ("@PACKAGE@", str(site.package))):
        text = text.replace(mark, value)
    return text


def _included(component: str, site: Site) -> str:
    """Return the component as a plain file: its head goes, and its inputs are filled in."""
    head, _, body = component.partition("\n---\n")
    inputs = dict(re.findall(r"^    (\w+):\n      default: \"?(.*?)\"?$", head, re.MULTILINE)) | site._asdict()
    remark = head.partition("\nspec:\n")[0]
    text = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]], body)
    return f"{remark}\n\n{text}"


def component() -> str:
    """Return the pipeline as a component of GitLab, which others include with inputs."""
    return template("gitlab.yml")


def template(name: str) -> str:
    """Return a text as it comes with gitreg, with marks where a registry's own facts go."""
    with open(os.path.join(os.path.dirname(__file__), "templates", name), encoding="utf-8") as file:
        return file.read()


def blank(repo: GitRepo, rev: str, host: str) -> list[str]:
    """Return the files for *host* of which *rev* does not say what pip installs: jobs end at once there."""
    found = {path: repo.reader.read(f"{rev}:{path}") for path in _FILES[host]}
    return [path for path, blob in found.items() if blob and any(not package for _, package in _PACKAGE.findall(blob.data or b""))]


def missing(repo: GitRepo, commit: str | None, wanted: Mapping[str, bytes], *, package: bool) -> dict[str, bytes]:
    """Return those of *wanted* that *commit* does not have; without *package* a file that has another one is the same.

    Raises:
        ConflictError: it has a file of that name that says something else; nothing of a person's is overwritten.
    """
    return {path: data for path, data in wanted.items() if commit is None or not _stands(repo, commit, path, data, package=package)}


def _stands(repo: GitRepo, commit: str, path: str, data: bytes, *, package: bool) -> bool:
    for end in (at for at, letter in enumerate(path) if letter == "/"):
        folder = repo.reader.info(f"{commit}:{path[:end]}")
        if folder and folder.type != "tree":
            raise ConflictError("{path!r} is in the way: it is no folder", path=path[:end], hint=f"git mv {path[:end]} {path[:end]}.old, commit, and again")
    found = repo.reader.read(f"{commit}:{path}")
    if found is None:
        return False
    if found.data == data or (not package and _PACKAGE.sub(rb"\1", found.data or b"") == _PACKAGE.sub(rb"\1", data)):
        return True
    if path == _ROOT and found.type == "blob" and _INCLUDED.search(found.data or b""):
        return True
    hint = "add 'include: [{local: /.gitlab/gitreg.yml}]' to it, commit, and again" if path == _ROOT else f"git mv {path} {path}.old, commit, and again"
    raise ConflictError("{path!r} is there already, and says something else", path=path, hint=hint)
