"""The dashboard as files: whole, the same whatever came before, and never somebody else's."""

from __future__ import annotations

import contextlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
import pytest

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, InvalidError, NotFoundError
from gitreg.folder import Folder
from gitreg.web import ledger, site
from gitreg.web.facts.history import PAGE
from tests.web.registries import poisoned


def files(folder: str | Path) -> dict[str, bytes]:
    """Return every file below *folder* by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def stamps(folder: str | Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written anew."""
    return {str(path.relative_to(folder)): ((found := path.stat()).st_ino, found.st_mtime_ns) for path in Path(folder).rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "site"


def test_a_site_has_a_page_and_its_json_for_everything(iris, out):
    built = site.built(iris, out)

    pages = {name.removesuffix(".html") for name in files(out) if name.endswith(".html")}
    assert pages == {"index", "on", "problems", "history/index", "history/1", "models/iris/index", "models/iris/compare", *(f"models/iris/{n}" for n in (1, 2, 3))}
    assert {name.removesuffix(".json") for name in files(out) if name.endswith(".json")} == pages | {"site"}
    assert (built.pages, built.written, built.removed) == (len(pages), len(files(out)) + 1, 0)  # the ledger is written before and after


def test_the_json_beside_a_page_is_what_it_says(iris, out):
    site.built(iris, out)

    version = json.loads((out / "models/iris/2.json").read_bytes())["version"]
    assert {**version, "commit": iris.snapshot().commit} == iris.get("iris@2").as_dict()


def test_every_link_of_a_site_leads_to_a_file_of_it(iris, out):
    iris.register("team/long.name-of_a.model", links={"base": "iris@1"})
    site.built(iris, out)
    there = files(out)

    for name, data in there.items():
        if name.endswith(".html"):
            for address in re.findall(r'(?:href|src|action)="([^"#]+)"', data.decode()):
                target = urlsplit(urljoin(f"file:///{name}", address))
                assert target.scheme == "file", f"{name} asks for {address}"
                assert unquote(target.path).lstrip("/") in there, f"{name} links to {address}"


def test_a_second_build_writes_nothing(iris, out):
    site.built(iris, out)
    before = stamps(out)

    built = site.built(iris, out)

    after = stamps(out)
    assert {name for name in after if after[name] != before[name]} <= {"site.json"}
    assert built.written <= 2


def many(registry: Registry) -> None:
    with registry.transaction() as tx:
        for _ in range(2 * PAGE):
            tx.register("iris")


STEPS = {
    "a promotion": lambda registry: registry.promote("iris@2", "production", reason="better"),
    "a rollback": lambda registry: (registry.promote("iris@3", "production"), registry.rollback("iris", "production")),
    "a version": lambda registry: registry.register("iris", metrics={"accuracy": 0.99}),
    "a model": lambda registry: registry.register("other", links={"base": "iris@1"}),
    "a card": lambda registry: registry.update_model("iris", description="flowers", metrics={"accuracy": {"better": "higher"}}),
    "a yank": lambda registry: registry.yank("iris@3", reason="bad"),
    "a deletion": lambda registry: registry.delete_model("iris", reason="gone", force=True),
    "a parent that moves": lambda registry: (registry.register("child", links={"base": "iris@1", "late": "later@1"}), registry.promote("iris@1", "staging"), registry.register("later")),
    "very much": lambda registry: many(registry),
    "nothing": lambda registry: None,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_build_that_goes_on_gives_the_files_of_one_from_nothing(step, iris, out, tmp_path):
    site.built(iris, out)
    STEPS[step](iris)

    site.built(iris, out)
    site.built(iris, tmp_path / "anew")

    assert files(out) == files(tmp_path / "anew")


def test_what_a_lineage_tells_of_another_model_is_brought_up_to_date(iris, out, tmp_path):
    iris.register("child", links={"base": "iris@3", "late": "later@1"})
    site.built(iris, out)
    iris.promote("iris@3", "production")
    iris.register("later")

    site.built(iris, out)
    site.built(iris, tmp_path / "anew")

    assert files(out) == files(tmp_path / "anew")
    assert b"later/1.html" in (out / "models/child/1.html").read_bytes()


def test_only_what_changed_is_written(iris, out):
    iris.register("other")
    site.built(iris, out)
    before = stamps(out)
    iris.promote("iris@2", "production")

    site.built(iris, out)

    after = stamps(out)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name for name in changed if name.startswith("models/")} <= {name for name in after if name.startswith("models/iris/")}
    assert not [name for name in changed if name.startswith("static/")]


def test_an_old_page_of_the_history_stays(registry, out):
    with registry.transaction() as tx:
        for _ in range(2 * PAGE):
            tx.register("iris")
    site.built(registry, out)
    before = stamps(out)
    registry.register("iris")

    site.built(registry, out)

    assert stamps(out)["history/1.html"] == before["history/1.html"]


def test_the_pages_of_what_is_gone_are_removed(iris, out, git):
    iris.register("other")
    site.built(iris, out)
    git(iris.path, "reset", "--hard", "HEAD~1")

    built = site.built(iris, out)

    assert not (out / "models/other").exists()
    assert built.removed == 6


def test_files_that_are_not_its_own_are_left_alone(iris, out):
    out.mkdir()
    (out / "CNAME").write_text("example.org")
    (out / "models").mkdir()
    (out / "models" / "notes.txt").write_text("mine")
    iris.register("other")
    site.built(iris, out)
    iris.delete_model("other")

    site.built(iris, out)

    assert (out / "CNAME").read_text() == "example.org"
    assert (out / "models" / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_refused_before_anything_is_written(iris, out):
    (out / "models" / "iris").mkdir(parents=True)
    (out / "models" / "iris" / "2.html").write_text("mine")

    with pytest.raises(ConflictError, match=r"models/iris/2.html' is there already"):
        site.built(iris, out)

    assert files(out) == {"models/iris/2.html": b"mine"}


def test_a_folder_that_is_a_link_is_refused(iris, out, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "models").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConflictError, match="is a link"):
        site.built(iris, out)

    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("place", [".", "models", "models/iris", ".git", ".git/pages"])
def test_the_registrys_own_folders_and_gits_are_refused(place, iris):
    before = files(iris.path)

    with pytest.raises(ConflictError, match="has the registry's own files"):
        site.built(iris, Path(iris.path, place))

    assert files(iris.path) == before


def test_a_folder_beside_the_registrys_own_is_fine(iris):
    assert site.built(iris, Path(iris.path, "public")).pages == 10


@pytest.mark.parametrize("page", ["models/iris/2.html", "models/iris/2.json", "models/iris/index.html", "history/1.html", "history/1.json", "on.html"])
def test_a_page_that_somebody_removed_is_there_again(page, iris, out):
    for _ in range(PAGE + 1):
        iris.register("other")
    site.built(iris, out)
    before = files(out)
    (out / page).unlink()

    site.built(iris, out)

    assert files(out) == before


def test_two_builds_at_once_take_turns(iris, out, monkeypatch):
    began, go_on, page = Event(), Event(), site._Build._page

    def waiting(build, stem, make):
        if stem == "models/iris/1" and not began.is_set():
            began.set()
            assert go_on.wait(30)
        return page(build, stem, make)

    monkeypatch.setattr(site._Build, "_page", waiting)
    with ThreadPoolExecutor(2) as pool:
        older = pool.submit(site.built, iris, out)
        assert began.wait(30)
        iris.promote("iris@3", "production")
        newer = pool.submit(site.built, iris, out)
        with pytest.raises(TimeoutError):
            newer.result(0.3)
        go_on.set()
        older.result(), newer.result()

    known = files(out)
    assert site.built(iris, out.with_name("anew")).pages == newer.result().pages
    assert known == files(out.with_name("anew"))


LIES = {
    "paths that lead out": {"models": {"../../victim": {"tree": "", "versions": 3}}, "static": ["../victim.txt", "/etc/passwd", "a/../../victim.txt"]},
    "numbers that never end": {"history": 10**12},
    "a commit that is an option": {"commit": "--output=victim.txt"},
    "what is no ledger": {"models": 7},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_ledger_that_lies_leads_nowhere(lie, iris, out, tmp_path):
    site.built(iris, out)
    (tmp_path / "victim.txt").write_text("mine")
    told = json.loads((out / "site.json").read_bytes())
    (out / "site.json").write_text(json.dumps(told | LIES[lie]))

    with contextlib.suppress(ConflictError):  # it is no ledger, so the files are not known to be the site's
        site.built(iris, out)

    assert (tmp_path / "victim.txt").read_text() == "mine"


class Killed(BaseException):
    """A process that ends in the middle."""


@pytest.mark.parametrize("moment", range(0, 30, 5))
def test_a_build_after_a_killed_one_is_whole(moment, iris, out, tmp_path, monkeypatch):
    site.built(iris, out)
    iris.promote("iris@2", "production")
    iris.register("other")
    written = Folder.write

    def dying(self, path, data, left=[moment]):  # noqa: B006
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        written(self, path, data)

    monkeypatch.setattr(Folder, "write", dying)
    with pytest.raises(Killed):
        site.built(iris, out)
    monkeypatch.undo()
    site.built(iris, out)

    site.built(iris, tmp_path / "anew")
    assert files(out) == files(tmp_path / "anew")


def test_a_first_build_that_was_killed_can_be_done_again(iris, out, tmp_path, monkeypatch):
    written = Folder.write
    monkeypatch.setattr(Folder, "write", lambda self, path, data: (_ for _ in ()).throw(Killed) if path == "models/iris/2.html" else written(self, path, data))
    with pytest.raises(Killed):
        site.built(iris, out)
    monkeypatch.undo()

    site.built(iris, out)

    site.built(iris, tmp_path / "anew")
    assert files(out) == files(tmp_path / "anew")


def test_what_a_killed_build_left_half_written_is_removed(iris, out):
    site.built(iris, out)
    told = json.loads((out / "site.json").read_bytes())
    (out / "site.json").write_text(json.dumps(told | {"finished": False}))
    for name in ("index.html.77.part", "models/iris/2.html.77.part", "mine.html.77.part"):
        (out / name).write_text("half")

    site.built(iris, out)

    assert [name for name in files(out) if name.endswith(".part")] == ["mine.html.77.part"]


def test_a_page_is_replaced_whole(iris, out):
    site.built(iris, out)
    held = (out / "index.html").open("rb")
    before = (out / "index.html").read_bytes()
    iris.promote("iris@2", "production")

    site.built(iris, out)

    with held:
        assert held.read() == before
    assert (out / "index.html").read_bytes() != before
    assert not [name for name in files(out) if name.endswith(".part")]


def test_a_site_can_be_of_a_date_or_revision(iris, out):
    iris.register("iris")

    site.built(iris, out, at="HEAD~1")

    assert not (out / "models/iris/4.html").exists()
    with pytest.raises(NotFoundError):
        site.built(iris, out, at="no-such-branch")


def test_a_model_that_cannot_be_read_has_no_pages_and_is_among_the_problems(iris, out, git):
    iris.register("other")
    site.built(iris, out)
    with open(f"{iris.path}/models/iris/versions/2.yaml", "a") as file:
        file.write("nonsense: 7\n")
    git(iris.path, "commit", "-am", "break it")

    site.built(iris, out)

    assert not (out / "models/iris").exists()
    assert (out / "models/other/1.html").exists()
    assert [finding["rule"] for finding in json.loads((out / "problems.json").read_bytes())["findings"]] == ["R02"]


def test_a_registry_whose_policy_is_invalid_is_refused(iris, out, git):
    with open(f"{iris.path}/gitreg.yaml", "a") as file:
        file.write("nonsense: 7\n")
    git(iris.path, "commit", "-am", "break it")

    with pytest.raises(InvalidError, match=r"gitreg.yaml"):
        site.built(iris, out)


def test_what_strangers_wrote_is_inert_in_every_file(registry, out):
    poisoned(registry)
    site.built(registry, out)

    for name, data in files(out).items():
        if name.endswith(".html"):
            for sign in (b"<img", b"<script>", b"<svg onload", b'href="javascript', b'href="data:', "\u2028".encode(), b"nonono"):
                assert sign not in re.sub(rb'(?:sha256|commit)[^<]*|<code title="[0-9a-f]+">[0-9a-f]+', b"", data), (name, sign)


def test_a_site_asks_nothing_of_the_network(iris, out):
    site.built(iris, out)

    for name, data in files(out).items():
        if name.endswith((".html", ".css", ".js")) and "vendor" not in name:
            assert not re.search(rb'(?:src|href)="(?:https?:)?//|@import|url\(|fetch\(|XMLHttpRequest|sendBeacon|import\(', data), name


def test_all_of_history_can_be_filtered_from_the_disk(registry, out):
    poisoned(registry)
    site.built(registry, out)

    script = (out / "history/events.js").read_text()
    assert script.startswith("window.gitregEvents = [")
    events = json.loads(script.removeprefix("window.gitregEvents = ").removesuffix(";\n"))
    assert [{name: value for name, value in event.items() if name != "text"} for event in events] == [event.as_dict() for event in registry.history()]


def test_a_file_where_the_folder_should_be_is_told(iris, out):
    out.write_text("mine")

    with pytest.raises(BusyError, match="cannot be written"):
        site.built(iris, out)


def test_a_site_of_another_registry_takes_the_place_of_the_first(iris, out, tmp_path):
    site.built(iris, out)
    with Registry.init(tmp_path / "second") as second:
        second.register("other")

        site.built(second, out)
        site.built(second, tmp_path / "anew")

    assert files(out) == files(tmp_path / "anew")


def test_a_site_of_a_shallow_clone_says_that_history_is_missing(iris, out, git, tmp_path):
    git(tmp_path, "clone", "--depth", "1", f"file://{iris.path}", str(tmp_path / "clone"))

    with Registry.open(tmp_path / "clone") as shallow:
        site.built(shallow, out)

    assert b"this clone is shallow" in (out / "history/index.html").read_bytes()


def test_a_ledger_of_another_format_is_none():
    told = msgspec.structs.replace(ledger.Ledger(commit="a" * 40), format=2)

    assert ledger.read(ledger.written(told)) == ledger.Ledger()
    assert ledger.read(ledger.written(msgspec.structs.replace(told, format=1))).commit == "a" * 40
    assert os.path.basename(ledger.FILE) == ledger.FILE
