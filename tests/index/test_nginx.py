"""ETags that are blob ids, with a real nginx and the configuration that the guide gives, to the letter."""

from __future__ import annotations

import http.client
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import servers
from gitreg import Registry
from tests import pages
from tests.index.conftest import files

GUIDE = pages.ROOT / "docs" / "how-to" / "serve-a-fleet.md"
PRODUCTION = "/index/models/iris@production.json"


class Guided(servers.Nginx):
    """nginx as the guide configures it for blob ids; *within* stands in its ``server`` as well."""

    def _configuration(self) -> str:
        (block,) = [block.text for block in pages.blocks(GUIDE.read_text()) if block.words.endswith("index.conf")]
        above, _, rest = block.partition("server {")
        inner = rest.replace("listen 80;", "").replace("root /srv/public;", "").rstrip().removesuffix("}")
        self.above, self.within = above.replace("/srv/public", self.root), inner + self.more
        return super()._configuration()

    more = ""


class Zipped(Guided):
    """The same, compressing what it sends."""

    more = "gzip on; gzip_types application/json; gzip_min_length 1; gzip_vary on;"


def ask(server: servers.Nginx, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def blob(path: Path) -> str:
    return subprocess.run(["git", "hash-object", str(path)], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def made(tmp_path_factory, iris):
    """Return what starts a server that has the index of ``iris``."""
    iris.register("team/nlp/small")
    running = []

    def start(kind: type[servers.Nginx]) -> servers.Nginx:
        server = kind(tmp_path_factory.mktemp("server"))
        server.index = Path(server.root) / "index"
        iris.export(server.index, etags=True)
        try:
            server.start()
        except servers.MissingError as missing:
            pytest.skip(str(missing))
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.mark.parametrize(("kind", "weak"), [(Guided, ""), (Zipped, "W/")])
def test_the_etag_of_every_file_is_its_blob_id(kind, weak, made):
    """That of a compressed answer is weak: nginx knows that its bytes are others."""
    server = made(kind)

    for path in set(files(server.index)) - {"etags.nginx", "export.json"}:
        answer = ask(server, f"/index/{path}", Accept_Encoding="gzip")

        assert (answer.status, answer.headers["ETag"], answer.headers["Cache-Control"]) == (200, f'{weak}"{blob(server.index / path)}"', "max-age=10"), path


MATCHES = {
    "the tag": '"{id}"', "a weak one": 'W/"{id}"', "the first of a list": '"{id}", "x"', "the last of a list": '"x", W/"y", "{id}"', "a list without blanks": '"x","{id}"',
    "a weak one in a list": '"x", W/"{id}"',
}  # fmt: skip
DIFFERS = {"another": '"{other}"', "no quotes": "{id}", "a part": '"{part}"', "one that ends so": '"x{id}"', "nothing": "", "two in one": '"{id}{id}"'}


@pytest.mark.parametrize("kind", [Guided, Zipped])
@pytest.mark.parametrize("case", MATCHES)
def test_who_has_the_blob_is_told_that_it_is_still_the_same(case, kind, made):
    server = made(kind)
    mine = blob(Path(f"{server.root}{PRODUCTION}"))

    answer = ask(server, PRODUCTION, If_None_Match=MATCHES[case].format(id=mine), Accept_Encoding="gzip")

    assert (answer.status, answer.body, answer.headers["ETag"], answer.headers["Cache-Control"]) == (304, b"", f'"{mine}"', "max-age=10")


@pytest.mark.parametrize("case", DIFFERS)
def test_who_has_something_else_is_sent_the_file(case, made):
    server = made(Guided)
    mine = blob(Path(f"{server.root}{PRODUCTION}"))

    answer = ask(server, PRODUCTION, If_None_Match=DIFFERS[case].format(id=mine, other="0" * 40, part=mine[:20]))

    assert (answer.status, answer.body) == (200, Path(f"{server.root}{PRODUCTION}").read_bytes())


def test_what_is_not_in_the_list_has_no_etag(made):
    server = made(Guided)
    (server.index / "other.json").write_text("{}")

    answer = ask(server, "/index/other.json", If_None_Match='""')

    assert (answer.status, answer.headers["ETag"]) == (200, None)
    assert ask(server, "/index/nothing.json").status == 404


def test_two_mirrors_have_the_same_etags(made):
    one, other = made(Guided), made(Guided)

    assert ask(one, PRODUCTION).headers["ETag"] == ask(other, PRODUCTION).headers["ETag"]


@pytest.mark.parametrize("kind", [Guided, Zipped])
def test_the_reader_sends_the_blob_id_back(kind, made, iris):
    server = made(kind)
    with Registry.open(server.url("index")) as index:
        index.get("iris@production")
    with Registry.open(server.url("index")) as index:
        index.get("iris@production")
    iris.promote("iris@3", "production")
    iris.export(server.index, etags=True)
    server.stop()
    server.start()

    with Registry.open(server.url("index")) as index:
        assert index.get("iris@production").number == 3

    assert Counter(server.asked()) == {(PRODUCTION, 200): 2, (PRODUCTION, 304): 1}


def test_who_asked_before_the_list_was_read_again_sees_it_when_the_registry_goes_back(made, iris):
    server = made(Guided)
    iris.promote("iris@3", "production", reason="a mistake")
    iris.export(server.index, etags=True)
    with Registry.open(server.url("index")) as index:
        between = index.get("iris@production").number  # with the id of the file before
    iris.promote("iris@1", "production", reason="back")
    iris.export(server.index, etags=True)
    with Registry.open(server.url("index")) as index:
        after = index.get("iris@production").number

    assert (between, after) == (3, 1)


def test_the_files_of_ten_thousand_models_fit_into_the_list(made, iris):
    server = made(Guided)
    with (server.index / "etags.nginx").open("a") as file:
        file.writelines(f"models/{'m' * 90}{number}@production.json '\"{number:040x}\"';\n" for number in range(40_000))
    server.stop()

    server.start()

    assert ask(server, PRODUCTION).headers["ETag"] == f'"{blob(Path(f"{server.root}{PRODUCTION}"))}"'
