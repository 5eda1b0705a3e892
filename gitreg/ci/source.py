"""What pip installs in CI: an address. The name gitreg at a public index is not this project's, so that it never stands alone."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from urllib.parse import urlsplit

from gitreg.errors import UsageError

EXAMPLE = "gitreg[review] @ git+https://HOST/PATH@COMMIT"
_HARMLESS = re.compile(r"[A-Za-z0-9./][A-Za-z0-9 ._/@:+~=<>!,#%&?\[\]-]*")  # stands in YAML and a shell's quotes for itself
_NAME = re.compile(r"([A-Za-z0-9._-]+?) *(?:\[[^]]*\])? *(?:[=<>!~,].*)?")  # a requirement without an address
_PERSON = re.compile(r"//([^/@]*)@")
_SCHEME = re.compile(r"([A-Za-z0-9+.-]+)://")
_SAFE = {"https", "git+https", "git+ssh", "file", "git+file"}  # nobody on the way can change what comes
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def checked(package: str) -> str:
    """Return what pip shall install, if it is one line that means no more than that, tells no secret, and is not gitreg by name alone.

    Raises:
        UsageError: it is not.
    """
    hint = f"gitreg init --ci HOST --package '{EXAMPLE}'"
    if not _HARMLESS.fullmatch(package):
        raise UsageError("{package!r} is not safe in the files of a CI: only letters, digits, spaces and . _ / @ : + ~ = < > ! , # % & ? [ ] - are", package=package, hint=hint)
    person = _PERSON.search(package)
    if person and (":" in person[1] or "ssh://" not in package):
        raise UsageError("the address of --package has a user or a password in it, which would stand in a file for all to read", hint=hint)
    if not _SAFE.issuperset(scheme.lower() for scheme in _SCHEME.findall(package)):
        raise UsageError("{package!r} is not fetched by https or ssh: anybody on the way could change it", package=package, hint=hint)
    name = _NAME.fullmatch(package)
    if name and re.sub(r"[-_.]+", "-", name[1]).lower() == "gitreg":
        raise UsageError("{package!r} has no address: the name gitreg at a public index is not this project", package=package, hint=hint)
    return package


def own() -> str | None:
    """Return what installs the gitreg that runs: a repository and a commit; None where pip was not given such an address."""
    try:
        found = importlib.metadata.distribution("gitreg")
    except importlib.metadata.PackageNotFoundError:
        return None
    ours = str(sys.modules["gitreg"].__file__)  # the package itself stands above its modules
    if os.path.realpath(str(found.locate_file("gitreg/__init__.py"))) != os.path.realpath(ours):
        return None  # another one's record: this one was not installed
    return _requirement(found.read_text("direct_url.json") or "{}")


def _requirement(record: str) -> str | None:
    """Return what a record of PEP 610 says, as pip takes it: without a password, and without a user where it is not SSH's."""
    try:
        origin = json.loads(record)
        address, info = urlsplit(origin["url"]), origin["vcs_info"]
        commit = str(info["commit_id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if info.get("vcs") != "git" or address.scheme not in ("https", "ssh") or not _COMMIT.fullmatch(commit) or origin.get("subdirectory"):
        return None
    user, _, place = address.netloc.rpartition("@")
    keep = f"{user.partition(':')[0]}@" if user and address.scheme == "ssh" else ""
    package = f"gitreg[review] @ git+{address.scheme}://{keep}{place}{address.path}@{commit}"
    return package if _HARMLESS.fullmatch(package) else None
