"""Asking an index: what is answered, what goes over the wire, and what counts when the server is away or lies. nginx is a real one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import multiprocessing
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from benchmarks import servers
from gitreg import ModelStages, Registry
from gitreg.errors import BusyError, GitregError, InvalidError, NotFoundError, StaleWarning, UsageError
from gitreg.index import address as addresses
from gitreg.index import asking, timed
from gitreg.index.asking import Asked, _Held
from gitreg.index.files import read_cover
from gitreg.index.http import Line
from gitreg.index.reader import Reader
from tests.index.conftest import files
from tests.index.servers import Liar, Said

STAGES = ("development", "staging", "production")
PRODUCTION = "/index/models/iris@production.json"


def without_commit(version):
    return msgspec.structs.replace(version, commit=None)


def cache(hermetic) -> list[Path]:
    """Return the answers that were kept on disk."""
    return sorted((hermetic / ".cache" / "gitreg" / "index").glob("*"))


# -- what is answered -------------------------------------------------------------------------------------


@pytest.mark.parametrize("selector", ["iris", "iris@latest", "iris@staging", "iris@production", "iris@1", "iris@2", "iris@3"])
def test_an_index_answers_what_the_registry_answers(selector, index, iris):
    assert index.get(selector) == without_commit(iris.get(selector))


def test_the_board_the_card_and_the_stages_are_those_of_the_registry(index, iris):
    assert index.models() == iris.models()
    assert index.model("iris") == iris.model("iris")
    assert index.stages() == iris.stages() == STAGES


def test_a_version_is_found_by_its_name_if_the_index_tells_of_it(nginx, iris):
    iris.register("iris", "v2")  # a name that a stage could have
    iris.register("iris", "1.0.5")
    iris.promote("iris@v2", "staging")
    iris.export(nginx.index)

    with Registry.open(nginx.url("index")) as index:
        assert (index.get("iris@v2").number, index.get("iris@1.0.5").number) == (4, 5)


def test_a_model_in_a_namespace_is_found(nginx, registry):
    registry.register("team/nlp/small-1.0_x")
    registry.export(nginx.index)

    with Registry.open(nginx.url("index")) as index:
        assert index.get("team/nlp/small-1.0_x").number == 1


REFUSED = {
    "iris@development": (NotFoundError, "development of 'iris' is vacant"),
    "iriss@production": (NotFoundError, "no model 'iriss', did you mean 'iris'?"),
    "iriss@7": (NotFoundError, "no model 'iriss', did you mean 'iris'?"),
    "other": (NotFoundError, "no model 'other'"),
    "iris@7": (NotFoundError, "'7' of 'iris' is neither its latest version nor one that holds a stage, and an index tells of these alone"),
    "iris@canary": (NotFoundError, "'canary' of 'iris' is neither its latest version nor one that holds a stage, and an index tells of these alone"),
    "iris@archived": (UsageError, "'archived' names no single version of 'iris': give a number"),
    "iris@../../x": (UsageError, "'iris@../../x' is not a selector: after '@' comes a number, a version's name or a stage"),
    "../iris": (UsageError, "'../iris' cannot name a model: a segment is letters, digits, '.', '_' and '-', and starts with a letter or digit"),
}


@pytest.mark.parametrize("selector", REFUSED)
def test_what_an_index_does_not_have_is_said(selector, index):
    kind, sentence = REFUSED[selector]

    with pytest.raises(kind) as caught:
        index.get(selector)

    assert str(caught.value) == sentence


def test_a_model_without_a_ready_version_says_so(nginx, registry):
    registry.register("iris", status="running")
    registry.export(nginx.index)

    with Registry.open(nginx.url("index")) as index, pytest.raises(NotFoundError, match="'iris' has no version that is ready and not yanked"):
        index.get("iris")


OTHERS = {
    "snapshot": lambda index: index.snapshot(),
    "at": lambda index: index.at("HEAD"),
    "versions": lambda index: index.versions("iris"),
    "history": lambda index: index.history(),
    "lineage": lambda index: index.lineage("iris"),
    "compare": lambda index: index.compare("iris@1", "iris@2"),
    "check": lambda index: index.check(),
    "check a change": lambda index: index.check("HEAD~1"),
    "diff": lambda index: index.diff("HEAD~1"),
    "verify": lambda index: index.verify(),
    "pull": lambda index: index.pull("iris"),
    "export": lambda index: index.export("elsewhere"),
    "doctor": lambda index: index.doctor(),
    "register": lambda index: index.register("iris"),
    "promote": lambda index: index.promote("iris@3", "production"),
    "rollback": lambda index: index.rollback("iris", "production"),
    "archive": lambda index: index.archive("iris@1"),
    "yank": lambda index: index.yank("iris@3", reason="bad"),
    "update": lambda index: index.update("iris@3", description="x"),
    "create_model": lambda index: index.create_model("other"),
    "delete_model": lambda index: index.delete_model("iris"),
    "transaction": lambda index: index.transaction(),
    "proposal": lambda index: index.proposal(),
    "proposals": lambda index: index.proposals(),
    "rehearse": lambda index: index.rehearse(lambda tx: tx.register("iris")),
    "rebase": lambda index: index.rebase(),
    "sync": lambda index: index.sync(),
    "add_ci": lambda index: index.add_ci("github"),
    "location": lambda index: index.location,
    "root": lambda index: index.root,
}


@pytest.mark.parametrize("name", OTHERS)
def test_all_else_is_refused_in_a_sentence(name, index):
    with pytest.raises(UsageError, match=r"^http://127\.0\.0\.1:\d+/index/ is an index: get, show and list read"):
        OTHERS[name](index)


def test_an_index_is_known_by_its_address_alone(index, nginx):
    assert repr(index) == f"Index('{nginx.url('index')}/')"
    assert isinstance(index, Registry)
    assert not hasattr(index, "nonsense")


@pytest.mark.parametrize("ending", ["index", "index/", "index/index.json", "index.json"])
def test_an_address_may_name_the_folder_or_its_first_file(ending, nginx, iris):
    iris.export(nginx.root if ending == "index.json" else nginx.index)

    with Registry.open(nginx.url(ending)) as index:
        assert index.get("iris@production").number == 1


def test_the_environment_names_an_index(address, monkeypatch):
    monkeypatch.setenv("GITREG_REGISTRY", address)

    with Registry.open() as index:
        assert index.get("iris@production").number == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/index.git", "http://127.0.0.1:{port}/indexes", "http://127.0.0.1:{port}/index/team"])
def test_a_repository_is_no_index(url, nginx):
    with pytest.raises(NotFoundError, match="there is no repository at"):
        Registry.open(url.format(port=nginx.port))


@pytest.mark.parametrize("url", ["https://example.org/index?token=x", "https://example.org/index#x", "https://exa mple.org/index", "https://example.org:port/index", "http://[::1/index", "https://example.örg/index"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UsageError, match="is no address of an index"):
        Registry.open(url)


def test_an_index_has_no_branches(address):
    with pytest.raises(UsageError, match="an index has no branches"):
        Registry.open(address, branch="main")


def test_the_stage_may_be_given_as_the_enum_says_it(index):
    assert index.get(f"iris@{ModelStages.PRODUCTION}").number == 1


# -- what goes over the wire ------------------------------------------------------------------------------


def test_what_did_not_change_is_sent_once(nginx, index):
    for _ in range(5):
        index.get("iris@production")

    assert Counter(nginx.asked()) == {(PRODUCTION, 200): 1, (PRODUCTION, 304): 4}


def test_what_is_kept_goes_back_too_where_one_process_saw_no_change_and_another_saw_two(nginx, iris, address, tmp_path):
    shutil.copytree(nginx.index, tmp_path / "before")
    with Registry.open(address) as one, Registry.open(address) as other:
        one.get("iris@production")
        iris.promote("iris@3", "production", reason="a mistake")
        iris.export(nginx.index)
        other.get("iris@production")
        shutil.copytree(tmp_path / "before", nginx.index, dirs_exist_ok=True)  # with the times it had, and so its ETags
        one.get("iris@production")

    with Registry.open(address, fetch=False) as later:
        assert later.get("iris@production").number == 1


def test_another_process_goes_on_from_the_last_answer(nginx, address, index):
    index.get("iris@production")

    with Registry.open(address) as other:
        other.get("iris@production")

    assert nginx.asked() == [(PRODUCTION, 200), (PRODUCTION, 304)]


def test_a_promotion_is_seen_with_the_next_question(nginx, iris, index):
    index.get("iris@production")
    iris.promote("iris@2", "production")
    iris.export(nginx.index)

    assert index.get("iris@production").number == 2
    assert nginx.asked() == [(PRODUCTION, 200), (PRODUCTION, 200)]


def test_promotions_of_one_second_and_one_size_are_told_apart(nginx, iris, index):
    """nginx's own ETag is the second of the change and the size."""
    for number in (2, 3, 1, 2, 3):
        iris.promote(f"iris@{number}", "production")
        iris.export(nginx.index)

        assert index.get("iris@production").number == number


def test_what_is_fresh_is_not_asked_for(serve, iris):
    nginx = serve(servers.Nginx, within="add_header Cache-Control max-age=3600;")
    iris.export(Path(nginx.root) / "index")

    with Registry.open(nginx.url("index")) as index:
        for _ in range(1000):
            index.get("iris@production")

    assert nginx.asked() == [(PRODUCTION, 200)]


def test_what_was_fresh_is_asked_for_again_when_its_time_is_over(serve, iris):
    nginx, tick = serve(servers.Nginx, within="add_header Cache-Control 'public, max-age=60';"), [0.0]
    iris.export(Path(nginx.root) / "index")
    asked = Asked(addresses.parsed(nginx.url("index")), lambda: 0.0, ticks=lambda: tick[0])

    for moment in (0.0, 59.0, 61.0, 120.0, 122.0):
        tick[0] = moment
        asked.file("index.json", read_cover)

    assert nginx.asked() == [("/index/index.json", 200), ("/index/index.json", 304), ("/index/index.json", 304)]


FRESH = {
    "max-age=60": 60, "public, max-age=60": 60, 'max-age="60"': 60, "MAX-AGE=60": 60, "no-cache, max-age=60": 0, "no-store": 0, "s-maxage=60": 0, "": 0,
    "max-age=31536000": 86_400, "max-age=-1": 0, "max-age=99999999999999999999": 86_400, "immutable": 0,
}  # fmt: skip


@pytest.mark.parametrize("control", FRESH)
def test_how_long_an_answer_counts_is_what_the_server_says(control, liar):
    liar.answers["/index/index.json"] = Said(200, {"Cache-Control": control}, b"{}")

    assert Line(addresses.parsed(f"{liar.url}/index")).ask("index.json", "", 100).fresh == FRESH[control]


def test_the_age_of_a_caches_answer_counts(liar):
    liar.answers["/index/index.json"] = Said(200, {"Cache-Control": "max-age=60", "Age": "50"}, b"{}")

    assert Line(addresses.parsed(f"{liar.url}/index")).ask("index.json", "", 100).fresh == 10


def test_many_threads_ask_once_for_what_is_fresh(serve, iris):
    nginx = serve(servers.Nginx, within="add_header Cache-Control max-age=3600;")
    iris.export(Path(nginx.root) / "index")

    with Registry.open(nginx.url("index")) as index, ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: index.get("iris@production").number, range(400)))

    assert found == {1}
    assert nginx.asked() == [(PRODUCTION, 200)]


def test_threads_that_ask_for_more_than_is_held_do_not_disturb_each_other(liar, monkeypatch):
    monkeypatch.setattr(asking, "_MOST_HELD", 8)
    asked, before = Asked(addresses.parsed(f"{liar.url}/index"), lambda: 0.0), sys.getswitchinterval()
    cover = _Held('"1"', "said", 0.0, 0.0)

    def hold(thread: int) -> None:
        for number in range(40_000):
            asked._hold(f"{thread}-{number % 50}", cover)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(hold, range(6)))
    finally:
        sys.setswitchinterval(before)

    assert len(asked._held) <= 8 + 6


def test_a_coroutine_is_not_blocked(index):
    async def both():
        return await asyncio.gather(*(asyncio.to_thread(index.get, f"iris@{stage}") for stage in ("production", "staging")))

    assert [version.number for version in asyncio.run(both())] == [1, 2]


def test_a_reader_works_after_a_fork(index):
    """One thread asks while the process is forked: its lock is nobody's in the child."""
    index.get("iris@production")
    lock = index._reader._asked._turn("models/iris@production.json")

    def child(answers) -> None:
        answers.put(index.get("iris@production").number)

    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    with lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks while there are threads, which is the point
        process = context.Process(target=child, args=(answers,))
        process.start()
    process.join(20)

    assert process.exitcode == 0
    assert answers.get() == 1


def test_readers_see_the_old_or_the_new_while_exports_go_on(nginx, iris, address):
    done, seen = threading.Event(), set()

    def read() -> None:
        with Registry.open(address) as index:
            while not done.is_set():
                seen.add(index.get("iris@production").number)
                assert index.get("iris").number == 3
                assert len(index.models()) == 1

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for turn in range(12):
                iris.promote(f"iris@{1 + turn % 3}", "production")
                iris.export(nginx.index)
        finally:
            done.set()
        for reader in readers:
            reader.result()

    assert seen <= {1, 2, 3}
    assert seen


# -- when the server is away ------------------------------------------------------------------------------


def test_the_last_answer_is_used_when_the_server_is_away(nginx, index):
    index.get("iris@production")
    nginx.stop()

    with pytest.warns(StaleWarning, match=r"gives no answer \(no connection can be made\): what it said \d+ seconds? ago is used$") as heard:
        assert [index.get("iris@production").number for _ in range(3)] == [1, 1, 1]

    assert len(heard) == 1


def test_another_process_uses_the_last_answer_as_well(nginx, address, index):
    index.get("iris@production")
    nginx.stop()

    with Registry.open(address) as other, pytest.warns(StaleWarning):
        assert other.get("iris@production").number == 1


def test_what_was_never_asked_for_is_not_known_when_the_server_is_away(nginx, index):
    index.get("iris@production")
    nginx.stop()

    with pytest.raises(BusyError, match=r"^http://127\.0\.0\.1:\d+/index/ gives no answer: no connection can be made$"):
        index.get("iris@staging")


def test_a_server_that_is_back_is_asked_again(nginx, iris, address):
    tick = [0.0]
    reader = Reader(address, lambda: 0.0)
    reader._asked._ticks = lambda: tick[0]
    reader.get("iris@production")
    nginx.stop()
    with pytest.warns(StaleWarning):
        reader.get("iris@production")
    iris.promote("iris@2", "production")
    iris.export(nginx.index)
    nginx.start()

    assert reader.get("iris@production").number == 1  # it is not asked in vain at each question
    tick[0] = 6.0
    assert reader.get("iris@production").number == 2


@pytest.mark.parametrize("status", [400, 401, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_does_not_displace_an_answer(status, liar, iris, tmp_path):
    published(liar, iris, tmp_path)
    with Registry.open(f"{liar.url}/index") as index:
        index.get("iris@production")
        liar.answers = dict.fromkeys(liar.answers, Said(status, {}, b"trouble"))

        with pytest.warns(StaleWarning, match=f"it answers with status {status}"):
            assert index.get("iris@production").number == 1


def test_without_asking_the_last_answers_count_and_nothing_is_said(nginx, address, index):
    index.get("iris@production")
    nginx.stop()

    with Registry.open(address, fetch=False) as other:
        assert other.get("iris@production").number == 1
        with pytest.raises(NotFoundError, match=r"nothing of this was fetched from http.*/index/ yet"):
            other.get("iris@staging")


def test_without_asking_nothing_goes_over_the_wire(nginx, address, index):
    index.get("iris@production")

    with Registry.open(address, fetch=False) as other:
        other.get("iris@production")

    assert nginx.asked() == [(PRODUCTION, 200)]


# -- what 404 means ---------------------------------------------------------------------------------------


def test_a_model_that_was_deleted_is_gone_and_forgotten(nginx, iris, address, index):
    iris.register("other")
    index.get("iris@production")
    iris.delete_model("iris", reason="gone", force=True)
    iris.export(nginx.index)

    with pytest.raises(NotFoundError, match="no model 'iris'"):
        index.get("iris@production")

    nginx.stop()
    with pytest.raises(BusyError):
        index.get("iris@production")


BROKEN = {
    "everything": lambda folder: shutil.rmtree(folder),
    "the models": lambda folder: shutil.rmtree(folder / "models"),
    "all but the models' files": lambda folder: [shutil.rmtree(folder / "models"), (folder / "index.json").unlink(), (folder / "models.json").unlink()],
    "the first file and the models": lambda folder: [shutil.rmtree(folder / "models"), (folder / "index.json").unlink()],
    "the list and the models": lambda folder: [shutil.rmtree(folder / "models"), (folder / "models.json").unlink()],
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_deployment_that_lost_its_files_loses_nobodys_production(what, nginx, index):
    index.get("iris@production")
    BROKEN[what](nginx.index)

    with pytest.warns(StaleWarning, match="its files are gone|its list has the model, but not this file"):
        assert index.get("iris@production").number == 1


def test_a_deployment_that_lost_its_files_says_so_to_who_knew_nothing(nginx, index):
    shutil.rmtree(nginx.index / "models")

    with pytest.raises(BusyError, match="is not whole: its list has the model, but not this file"):
        index.get("iris@production")


def test_a_stage_that_is_no_more_is_no_stage(nginx, iris, index, git):
    index.get("iris@staging")
    (Path(iris.root) / "gitreg.yaml").write_text("format: 1\nstages:\n  production: {}\n")
    (Path(iris.root) / "models/iris/stages.yaml").write_text("production:\n  number: 1\n  previous: []\n\narchived: []\n")
    git(iris.root, "commit", "-qam", "fewer stages")
    iris.export(nginx.index)

    with pytest.raises(NotFoundError, match="'staging' of 'iris' is neither its latest version nor one that holds a stage"):
        index.get("iris@staging")


def test_where_there_is_no_index_it_is_said(nginx):
    with Registry.open(nginx.url("elsewhere/index")) as index, pytest.raises(NotFoundError, match=r"there is no index at http://127\.0\.0\.1:\d+/elsewhere/index/"):
        index.get("iris")


def test_a_bucket_that_may_be_read_and_not_listed_says_403_of_what_is_not_there(serve, iris):
    nginx = serve(servers.Nginx, within="error_page 404 =403 /none;")
    iris.export(Path(nginx.root) / "index")

    with Registry.open(nginx.url("index")) as index, pytest.raises(NotFoundError, match="no model 'other'"):
        index.get("other")


def test_an_index_that_may_not_be_read_is_not_one_that_is_not_there(serve, iris):
    nginx = serve(servers.Nginx, within="deny all;")
    iris.export(Path(nginx.root) / "index")

    with Registry.open(nginx.url("index")) as index, pytest.raises(BusyError, match="may not be read: it answers with status 403"):
        index.get("iris")


# -- the cache --------------------------------------------------------------------------------------------


def test_what_was_heard_is_kept_for_its_owner_alone(index, hermetic):
    index.get("iris@production")

    (kept,) = cache(hermetic)
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in (kept.parent.parent, kept.parent, kept)] == [0o700, 0o700, 0o600]


DAMAGE = {
    "nothing": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "no head": lambda data: data.partition(b"\n")[2],
    "another body": lambda data: data.replace(b'"number":1', b'"number":2'),
    "another address": lambda data: data.replace(b"@production.json", b"@staging.json"),
    "no text": lambda data: os.urandom(300),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_kept_answer_that_was_damaged_is_none(damage, nginx, address, index, hermetic):
    index.get("iris@production")
    (kept,) = cache(hermetic)
    kept.write_bytes(DAMAGE[damage](kept.read_bytes()))

    with Registry.open(address) as other:
        assert other.get("iris@production").number == 1

    assert nginx.asked() == [(PRODUCTION, 200), (PRODUCTION, 200)]


def test_a_cache_that_cannot_be_written_is_done_without(nginx, address, hermetic, monkeypatch):
    (hermetic / "file").write_text("mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(hermetic / "file"))

    with Registry.open(address) as index:
        assert [index.get("iris@production").number for _ in range(2)] == [1, 1]

    assert nginx.asked() == [(PRODUCTION, 200), (PRODUCTION, 304)]


def test_a_kept_answer_may_be_deleted_at_any_time(nginx, address, index, hermetic):
    index.get("iris@production")
    shutil.rmtree(hermetic / ".cache")

    assert index.get("iris@production").number == 1
    with Registry.open(address) as other:
        assert other.get("iris@production").number == 1


# -- servers that lie -------------------------------------------------------------------------------------

def published(liar: Liar, registry: Registry, folder: Path) -> dict[str, Said]:
    """Let *liar* give the index of *registry* away, with ETags of its own."""
    registry.export(folder / "published")
    liar.answers = {f"/index/{path}": Said(200, {"ETag": '"v1"'}, data) for path, data in files(folder / "published").items()}
    return liar.answers


LIES = {
    "another model's version": lambda body: body.replace(b'"iris', b'"rose'),
    "another stage's holder": lambda body: body.replace(b'"stage":"production"', b'"stage":"staging"'),
    "an id that is another's": lambda body: body.replace(b'"id":"iris@1"', b'"id":"iris@2"'),
    "a field that nobody knows": lambda body: body.replace(b'{"id"', b'{"x":1,"id"'),
    "a number that is none": lambda body: body.replace(b'"number":1', b'"number":-1'),
    "a text for a number": lambda body: body.replace(b'"number":1', b'"number":"1"'),
    "a version that is yanked": lambda body: body.replace(b'"yanked":null', b'"yanked":{"at":"2026-11-22T07:24:31Z","by":"x","reason":"x"}'),
    "a version that failed": lambda body: body.replace(b'"status":"ready"', b'"status":"failed"'),
    "a commit": lambda body: body.replace(b'"commit":null', b'"commit":"x"'),
    "a vacancy with a name": lambda body: b'{"id":null,"model":"iris","number":null,"version":"x","stage":"production"}',
    "a vacancy of another stage": lambda body: b'{"id":null,"model":"iris","number":null,"version":null,"stage":"staging"}',
    "no JSON": lambda body: b"<html>Sign in</html>",
    "a list": lambda body: b"[]",
    "nothing": lambda body: b"",
    "no UTF-8": lambda body: body.replace(b'"iris"', b'"ir\xff"'),
    "very deep": lambda body: body.replace(b'"metadata":{}', b'"metadata":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "half of it": lambda body: body[:100],
    "not a number": lambda body: body.replace(b'"accuracy":0.91', b'"accuracy":NaN'),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_no_index_gives_is_refused(lie, liar, iris, tmp_path):
    answers = published(liar, iris, tmp_path)
    answers[PRODUCTION] = answers[PRODUCTION]._replace(body=LIES[lie](answers[PRODUCTION].body))

    with Registry.open(f"{liar.url}/index") as index, pytest.raises(InvalidError, match="is no index that can be read: its answer is not what an index says"):
        index.get("iris@production")


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_no_index_gives_displaces_none(lie, liar, iris, tmp_path):
    answers = published(liar, iris, tmp_path)
    with Registry.open(f"{liar.url}/index") as index:
        index.get("iris@production")
        answers[PRODUCTION] = answers[PRODUCTION]._replace(body=LIES[lie](answers[PRODUCTION].body))

        with pytest.warns(StaleWarning, match="its answer is not what an index says"):
            assert index.get("iris@production").number == 1


OTHER_LIES = {
    "huge": (Said(200, {}, b" " * ((4 << 20) + 1)), "it answers with more than 4 MiB"),
    "cut": (Said(200, {}, b"{}", cut=True), "its answer broke off|the connection broke off"),
    "304 to who has nothing": (Said(304), "it answers 304 to who has nothing yet"),
    "to a file": (Said(302, {"Location": "file:///etc/passwd"}), "it sends to an address that is not followed"),
    "to ftp": (Said(302, {"Location": "ftp://127.0.0.1/x"}), "it sends to an address that is not followed"),
    "to nowhere": (Said(302), "it sends to an address that is not followed"),
    "in a circle": (Said(302, {"Location": PRODUCTION}), "it sends from one address to the next"),
    "with a line break": (Said(302, {"Location": "/x%0d%0ay z"}), "it answers|it sends|the connection broke off|its answer is no HTTP"),
}


@pytest.mark.parametrize("lie", OTHER_LIES)
def test_a_server_that_misbehaves_is_not_followed(lie, liar, iris, tmp_path):
    published(liar, iris, tmp_path)
    liar.answers[PRODUCTION], why = OTHER_LIES[lie]

    with Registry.open(f"{liar.url}/index") as index, pytest.raises(GitregError, match=why):
        index.get("iris@production")


def test_a_server_that_speaks_something_else_gives_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def say() -> None:
            with other.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=say)
        thread.start()
        with Registry.open(f"http://127.0.0.1:{other.getsockname()[1]}/index") as index, pytest.raises(BusyError, match="the connection broke off"):
            index.get("iris")
        thread.join()


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(timed, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as other, Registry.open(f"http://127.0.0.1:{other.getsockname()[1]}/index") as index, pytest.raises(BusyError, match="nothing was heard for 0 s"):
        index.get("iris")


# what comes first, and what then comes again and again
ENDLESS = {
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n", b" "),
    "a status": (b"HTTP/1.1 ", b"2"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "go on": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a piece": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "what follows the last piece": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_answer_that_does_not_end_is_given_up(what, monkeypatch):
    (first, again), gone = ENDLESS[what], threading.Event()
    monkeypatch.setattr(timed, "LONGEST", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as other:

        def say() -> None:
            with other.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(first)
                with contextlib.suppress(OSError):
                    while connection.send(again):
                        gone.wait(0.005)  # slower than any limit of size

        thread = threading.Thread(target=say)
        thread.start()
        with Registry.open(f"http://127.0.0.1:{other.getsockname()[1]}/index") as index, pytest.raises(BusyError, match="its answer does not end within 0 s"):
            index.get("iris")
        thread.join()


def test_a_redirect_is_followed(liar, iris, tmp_path):
    answers = published(liar, iris, tmp_path)
    answers["/moved"], answers[PRODUCTION] = answers[PRODUCTION], Said(302, {"Location": "/moved"})

    with Registry.open(f"{liar.url}/index") as index:
        assert index.get("iris@production").number == 1


def test_an_etag_that_is_none_is_not_sent_back(liar, iris, tmp_path):
    answers = published(liar, iris, tmp_path)
    answers[PRODUCTION] = answers[PRODUCTION]._replace(headers={"ETag": "x, y"})

    with Registry.open(f"{liar.url}/index") as index:
        index.get("iris@production")
        index.get("iris@production")

    assert ["If-None-Match" in headers for _, headers in liar.heard] == [False, False]


def test_a_name_that_a_server_says_is_none_of_a_models(liar, iris, tmp_path):
    answers = published(liar, iris, tmp_path)
    answers["/index/models.json"] = Said(200, {}, b'[{"name":"../x","latest":null,"versions":0,"stages":{}}]')

    with Registry.open(f"{liar.url}/index") as index, pytest.raises(InvalidError):
        index.models()


# -- who is asked, and told what --------------------------------------------------------------------------


def test_a_password_goes_to_its_host_alone_and_is_never_shown(liar, iris, tmp_path, hermetic):
    answers = published(liar, iris, tmp_path)
    with Liar() as other:
        other.answers = dict(answers)
        answers["/index/models/iris@latest.json"] = Said(302, {"Location": f"{other.url}/index/models/iris@latest.json"})
        url = f"http://name:s3cret%2F@127.0.0.1:{liar.port}/index"

        with Registry.open(url) as index:
            index.get("iris@production")
            index.get("iris@latest")
            shown = repr(index)

    assert [headers.get("Authorization") for _, headers in liar.heard] == ["Basic bmFtZTpzM2NyZXQv"] * 2
    assert [headers.get("Authorization") for _, headers in other.heard] == [None]
    assert "s3cret" not in shown
    assert not any(b"s3cret" in path.read_bytes() for path in cache(hermetic))


def test_a_password_is_not_shown_when_the_server_is_away():
    with Registry.open(f"http://name:s3cret@127.0.0.1:{servers.free_port()}/index") as index, pytest.raises(BusyError) as caught:
        index.get("iris")

    assert "s3cret" not in str(caught.value)


def test_a_proxy_is_not_asked_for_this_machine(liar, iris, tmp_path, monkeypatch):
    published(liar, iris, tmp_path)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{servers.free_port()}")

    with Registry.open(f"{liar.url}/index") as index:
        assert index.get("iris").number == 3


def test_a_proxy_of_the_environment_is_asked_for_others(liar, iris, tmp_path, monkeypatch):
    answers = published(liar, iris, tmp_path)
    monkeypatch.setenv("http_proxy", liar.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    liar.answers = {f"http://index.example{path}": said for path, said in answers.items()}

    with Registry.open("http://index.example/index") as index:
        assert index.get("iris").number == 3


@pytest.fixture
def authority():
    import trustme

    return trustme.CA()


@pytest.fixture
def secure(authority):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Liar(context) as server:
        yield server


def test_an_encrypted_index_is_read(secure, authority, iris, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    published(secure, iris, tmp_path)

    with Registry.open(f"{secure.url}/index") as index:
        assert index.get("iris@production").number == 1


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(secure, iris, tmp_path):
    published(secure, iris, tmp_path)

    with Registry.open(f"{secure.url}/index") as index, pytest.raises(BusyError, match="its certificate is not trusted"):
        index.get("iris@production")


def test_a_redirect_never_leaves_encryption(secure, liar, authority, iris, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    published(liar, iris, tmp_path)
    secure.answers[PRODUCTION] = Said(302, {"Location": f"{liar.url}{PRODUCTION}"})

    with Registry.open(f"{secure.url}/index") as index, pytest.raises(InvalidError, match="it sends to an address that is not followed"):
        index.get("iris@production")

    assert liar.heard == []


def test_an_id_of_other_content_is_not_taken_for_an_answer_s_own(liar, iris, tmp_path):
    """As from an nginx that has not read its list of ids again: the content of now, under the id of before."""
    iris.export(tmp_path / "index")
    first = files(tmp_path / "index")["models/iris@production.json"]
    iris.promote("iris@3", "production")
    iris.export(tmp_path / "index")
    second = files(tmp_path / "index")["models/iris@production.json"]
    old = f'"{hashlib.sha1(b"blob %d" % len(first) + bytes(1) + first, usedforsecurity=False).hexdigest()}"'
    liar.answers[PRODUCTION] = Said(200, {"ETag": old}, second)
    with Registry.open(f"{liar.url}/index") as index:
        assert index.get("iris@production").number == 3

        liar.answers[PRODUCTION] = Said(200, {"ETag": old}, first)
        index.get("iris@production")
        index.get("iris@production")

    assert [heard.get("If-None-Match") for _, heard in liar.heard] == [None, None, old]


def test_a_model_that_cannot_be_read_keeps_its_answer_also_in_an_index_made_anew(nginx, iris, tmp_path):
    iris.register("other")
    iris.export(nginx.index)
    with Registry.open(nginx.url("index")) as index:
        known = index.get("iris@production")
        pointers = Path(iris.root) / "models/iris/stages.yaml"
        pointers.write_text("production: 7\n")
        subprocess.run(["git", "-C", iris.root, "commit", "-qam", "by hand"], check=True)
        shutil.rmtree(nginx.index)

        with pytest.raises(InvalidError):
            iris.export(nginx.index)

        with pytest.warns(StaleWarning, match="its list has the model"):
            assert index.get("iris@production") == known
