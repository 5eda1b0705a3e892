"""What pip installs in CI: where it comes from, and what is refused."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

import gitreg
from gitreg import Registry, ci
from gitreg.ci import source
from gitreg.errors import ConflictError, UsageError

COMMIT = "1f" * 20
OURS = f"gitreg[review] @ git+https://example.org/tools/gitreg@{COMMIT}"


@pytest.mark.parametrize(
    "package",
    [OURS, f"git+https://example.org/tools/gitreg.git@{COMMIT}#egg=gitreg", f"gitreg[review] @ git+ssh://git@example.org/tools/gitreg@{COMMIT}",
     "gitreg[review] @ https://example.org/gitreg-0.1.0-py3-none-any.whl", "our-gitreg[review]==1.0", "./vendor/gitreg.whl"],
)  # fmt: skip
def test_an_address_does(package):
    assert source.checked(package) == package


@pytest.mark.parametrize("package", ["", " ", "a\nb", 'a"b', "a'b", "a${{b}}", "$(touch x)", "`x`", "a\\b", "-r evil.txt", "--index-url=https://example.org", "$[[ inputs.x ]]", "gitr\u00e9g"])
def test_what_could_mean_more_than_a_requirement_is_refused(package):
    with pytest.raises(UsageError, match="not safe"):
        source.checked(package)


@pytest.mark.parametrize("package", ["gitreg", "gitreg[review]", "gitreg[review]==0.1.0", "GitReg >= 0.1", "gitreg [review] ~=0.1", "gitreg!=2,<3"])
def test_the_name_alone_is_refused(package):
    with pytest.raises(UsageError, match="has no address"):
        source.checked(package)


@pytest.mark.parametrize("package", ["git+https://token@example.org/g", "git+https://name:secret@example.org/g", "git+ssh://git:secret@example.org/g"])
def test_a_secret_is_refused_and_not_repeated(package):
    with pytest.raises(UsageError, match="a user or a password") as caught:
        source.checked(package)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("package", ["git+http://example.org/g", "gitreg @ http://example.org/g.whl", "git+git://example.org/g"])
def test_what_anybody_on_the_way_could_change_is_refused(package):
    with pytest.raises(UsageError, match="not fetched by https or ssh"):
        source.checked(package)


class Installed:
    """A record of an installed gitreg, as pip leaves it."""

    def __init__(self, record: object, place: Path = Path(gitreg.__file__).parent.parent) -> None:
        self.record, self.place = record, place

    def locate_file(self, path: str) -> Path:
        return self.place / path

    def read_text(self, _name: str) -> str | None:
        return self.record if isinstance(self.record, str | None) else json.dumps(self.record)


@pytest.fixture
def installed(monkeypatch):
    return lambda *args: monkeypatch.setattr(importlib.metadata, "distribution", lambda _name: Installed(*args))


def fetched(url: str, commit: str = COMMIT, **more: str) -> dict:
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}, **more}


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("https://example.org/tools/gitreg", OURS),
        ("https://name:secret@example.org/tools/gitreg", OURS),
        ("https://token@example.org/tools/gitreg", OURS),
        ("https://example.org/tools/gitreg?token=secret", OURS),
        ("ssh://git@example.org/gitreg", f"gitreg[review] @ git+ssh://git@example.org/gitreg@{COMMIT}"),
        ("ssh://git:secret@example.org:2222/gitreg", f"gitreg[review] @ git+ssh://git@example.org:2222/gitreg@{COMMIT}"),
    ],
)
def test_what_was_installed_from_a_repository_is_installed_from_there_without_secrets(installed, url, package):
    installed(fetched(url))

    assert source.own() == package == source.checked(package)


@pytest.mark.parametrize(
    "record",
    [None, "", "{", "[]", '"text"', {"url": "file:///home/name/gitreg", "dir_info": {"editable": True}}, fetched("http://example.org/g"), fetched("file:///srv/gitreg"),
     fetched("https://example.org/g", "main"), fetched("https://example.org/g", subdirectory="x"), fetched("https://example.org/$(x)"), fetched("https://[/"),
     {"url": "https://example.org/g.whl", "archive_info": {}}, {"url": 1, "vcs_info": {"vcs": "git", "commit_id": COMMIT}}],
)  # fmt: skip
def test_where_it_is_not_known_nothing_is_made_up(installed, record):
    installed(record)

    assert source.own() is None


def test_another_ones_record_says_nothing_of_the_gitreg_that_runs(installed, tmp_path):
    installed(fetched("https://example.org/stranger"), tmp_path)

    assert source.own() is None


def test_a_gitreg_that_was_not_installed_is_not_known(monkeypatch):
    def missing(_name):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "distribution", missing)

    assert source.own() is None


@pytest.mark.parametrize("host", ci.HOSTS)
def test_the_files_install_what_the_gitreg_that_runs_was_installed_from(installed, host, tmp_path, git):
    installed(fetched("https://example.org/tools/gitreg"))
    with Registry.init(tmp_path / "models", ci=host) as registry:
        assert ci.blank(registry.location.repo, "HEAD", host) == []

    assert f'PACKAGE: "{OURS}"' in git(tmp_path / "models", "grep", "-h", "PACKAGE:", "HEAD")


@pytest.mark.parametrize("host", ci.HOSTS)
def test_asking_again_leaves_the_package_that_a_file_names_and_refuses_another(iris, host):
    first, same, unsaid = iris.add_ci(host, OURS), iris.add_ci(host, OURS), iris.add_ci(host)

    assert (first.changed, same.changed, unsaid.changed) == (True, False, False)
    with pytest.raises(ConflictError, match="says something else"):
        iris.add_ci(host, OURS.replace("1f", "2f"))


def test_a_wrong_package_is_told_before_anything_is_made(tmp_path):
    with pytest.raises(UsageError, match="has no address"):
        Registry.init(tmp_path / "models", ci="github", package="gitreg")

    assert not (tmp_path / "models").exists()
