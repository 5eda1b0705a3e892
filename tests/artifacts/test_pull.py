"""Artifacts brought here: verified, resumed, under names that stay in their folder."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gitreg import Model, Registry
from gitreg.artifacts.pull import landing_name
from gitreg.errors import BusyError, ConflictError, NotFoundError, OnlyHereWarning, UsageError
from gitreg.records import Artifact

MB = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def iris(kept, tmp_path):
    """Return a registry with a store and a version of ``iris`` that has a file, a folder and a service."""
    (tmp_path / "weights.onnx").write_bytes(b"weights" * 1000)
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "a.csv").write_bytes(b"1,2\n")
    (tmp_path / "data" / "sub" / "ü.csv").write_bytes(b"3,4\n")
    registry = kept(tmp_path / "store")
    registry.register("iris", artifacts={"model": tmp_path / "weights.onnx", "train": {"kind": "data", "uri": tmp_path / "data"}, "web": {"kind": "service", "uri": "https://example.org"}})
    return registry


def test_files_and_folders_land_under_their_names(iris, tmp_path):
    found = iris.pull("iris", tmp_path / "out")

    assert [(each.name, each.kind, each.state, each.path) for each in found] == [
        ("model", "model", "pulled", str(tmp_path / "out/model.onnx")),
        ("train", "data", "pulled", str(tmp_path / "out/train")),
    ]
    assert (tmp_path / "out/model.onnx").read_bytes() == b"weights" * 1000
    assert (tmp_path / "out/train/sub/ü.csv").read_bytes() == b"3,4\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model.onnx", "train"]


def test_without_a_folder_it_is_model_and_number(registry, tmp_path, monkeypatch):
    registry.register("team/iris", artifacts={"m": f"{registry.path}/gitreg.yaml"})
    monkeypatch.chdir(tmp_path)

    [found] = registry.pull("team/iris")

    assert found.path == os.path.join("team-iris-1", "m.yaml")


def test_what_is_there_and_right_stays(iris, tmp_path):
    iris.pull("iris", tmp_path / "out")
    before = (tmp_path / "out/model.onnx").stat()

    found = iris.pull("iris", tmp_path / "out")

    assert {each.state for each in found} == {"there"}
    assert (tmp_path / "out/model.onnx").stat() == before


@pytest.mark.parametrize("other", ["a file", "a link", "a folder", "a folder with one file more"])
def test_something_else_is_a_conflict_until_it_is_forced(iris, tmp_path, other):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious").write_bytes(b"mine")
    if other == "a file":
        (out / "model.onnx").write_bytes(b"mine")
    elif other == "a link":
        (out / "model.onnx").symlink_to(tmp_path / "precious")
    elif other == "a folder":
        (out / "model.onnx").mkdir()
    else:
        iris.pull("iris", out)
        (out / "train" / "more").write_bytes(b"x")

    with pytest.raises(ConflictError, match="is something else than artifact") as caught:
        iris.pull("iris", out)
    iris.pull("iris", out, force=True)

    assert caught.value.hint == "add --force to replace it, or choose another folder with -o"
    assert (out / "model.onnx").read_bytes() == b"weights" * 1000
    assert sorted(path.name for path in (out / "train").iterdir()) == ["a.csv", "sub"]
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_a_folder_in_the_way_stays_until_all_has_arrived(iris, tmp_path):
    (tmp_path / "out" / "model.onnx").mkdir(parents=True)
    (tmp_path / "out" / "model.onnx" / "precious").write_bytes(b"mine")
    (tmp_path / "store").rename(tmp_path / "away")

    with pytest.raises(BusyError):
        iris.pull("iris", tmp_path / "out", artifacts=["model"], force=True)

    assert (tmp_path / "out" / "model.onnx" / "precious").read_bytes() == b"mine"


def test_a_file_that_was_registered_by_a_link_ends_as_the_link_does(kept, tmp_path):
    (tmp_path / "blob").write_bytes(b"weights")
    (tmp_path / "model.onnx").symlink_to(tmp_path / "blob")
    registry = kept(tmp_path / "store")
    registry.register("iris", artifacts={"model": tmp_path / "model.onnx"})

    (found,) = registry.pull("iris", tmp_path / "out")

    assert found.path == str(tmp_path / "out" / "model.onnx")


def test_only_what_is_named_is_pulled(iris, tmp_path):
    found = iris.pull("iris", tmp_path / "out", artifacts=["train"])

    assert [each.name for each in found] == ["train"]


def test_a_name_that_is_none_is_not_found(iris, tmp_path):
    with pytest.raises(NotFoundError, match="iris@1 has no artifact 'x': it has model, train, web"):
        iris.pull("iris", tmp_path / "out", artifacts=["x"])


def test_a_file_that_changed_where_it_lies_is_not_pulled(iris, tmp_path):
    digest = iris.get("iris").artifacts["model"].sha256
    place = tmp_path / "store" / "sha256" / digest[:2] / digest
    place.chmod(0o644)
    place.write_bytes(b"weighty" * 1000)

    with pytest.raises(ConflictError, match="artifact 'model' is not what was registered: its digest is another"):
        iris.pull("iris", tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["model", "train"], ids=["a file", "a folder"])
def test_a_pull_that_fails_leaves_no_folder_that_it_made(iris, tmp_path, name):
    for place in (tmp_path / "store").rglob("*"):
        if place.is_file():
            place.unlink()
    (tmp_path / "mine").mkdir()

    for folder in ("out/a/b", "mine", "mine/inner"):
        with pytest.raises(NotFoundError):
            iris.pull("iris", tmp_path / folder, artifacts=[name])

    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_pull_that_fails_keeps_what_it_brought(iris, tmp_path):
    for data in (b"1,2\n", b"3,4\n"):
        (tmp_path / "store" / "sha256" / sha256(data)[:2] / sha256(data)).unlink()

    with pytest.raises(NotFoundError):
        iris.pull("iris", tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.onnx"]


def test_a_file_that_is_larger_than_recorded_is_cut_off(iris, tmp_path):
    digest = iris.get("iris").artifacts["model"].sha256
    place = tmp_path / "store" / "sha256" / digest[:2] / digest
    place.chmod(0o644)
    with place.open("ab") as file:
        file.truncate(1 << 40)

    with pytest.raises(ConflictError, match="it is larger"):
        iris.pull("iris", tmp_path / "out")


def test_what_broke_off_is_gone_on_with(kept, tmp_path):
    data = os.urandom(5 * MB)
    (tmp_path / "model.bin").write_bytes(data)
    registry = kept(tmp_path / "store")
    registry.register("iris", artifacts={"m": tmp_path / "model.bin"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".m.bin.part").write_bytes(data[: 3 * MB])
    heard = []

    registry.pull("iris", tmp_path / "out", watch=lambda *told: heard.append(told))

    assert (tmp_path / "out" / "m.bin").read_bytes() == data
    assert heard[0] == ("pulling", 3 * MB, 5 * MB)


def test_a_planted_link_is_not_written_through(iris, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "out" / ".model.onnx.part").symlink_to(tmp_path / "precious")

    with pytest.raises(BusyError):
        iris.pull("iris", tmp_path / "out")

    assert (tmp_path / "precious").read_bytes() == b"mine"


NAMES = {
    "../../etc/passwd": "%2E.%2F..%2Fetc%2Fpasswd.bin",
    "..": "%2E..bin",
    ".hidden": "%2Ehidden.bin",
    "a/b": "a%2Fb.bin",
    "a\\b": "a%5Cb.bin",
    "100%": "100%25.bin",
    "größe 1": "größe 1.bin",
    "model.bin": "model.bin",
    "MODEL.BIN": "MODEL.BIN",
    "tab\there": "tab%09here.bin",
    "\u202egnp": "%E2%80%AEgnp.bin",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_in_its_folder(name):
    assert landing_name(name, Artifact(kind="model", uri="file:///x/model.bin")) == NAMES[name]


@pytest.mark.parametrize(
    ("artifact", "name"),
    [
        ({"uri": "s3://b/x/data.tar.gz"}, "m.tar.gz"),
        ({"uri": "https://example.org/model.onnx?version=2"}, "m.onnx"),
        ({"uri": "file:///x/weights"}, "m"),
        ({"uri": "file:///x/.bashrc"}, "m"),
        ({"uri": "file:///x/data.d", "folder": True}, "m"),
        ({"uri": f"s3://b/sha256/ab/{'ab' * 32}", "sha256": "ab" * 32}, "m"),
        ({"uri": f"s3://b/sha256/ab/{'ab' * 32}", "sha256": "ab" * 32, "file": "model.keras"}, "m.keras"),
        ({"uri": "x", "file": "a.b c"}, "m"),
    ],
)
def test_it_ends_as_the_file_did(artifact, name):
    assert landing_name("m", Artifact(kind="model", **artifact)) == name


@pytest.mark.parametrize("line", ["../x", "/etc/x", "a/../../x", "a//b", "./x"])
def test_a_listing_of_a_stranger_stays_in_its_folder(registry, tmp_path, line):
    store = tmp_path / "store" / "sha256"
    listing = f"{sha256(b'x')}  1  {line}\n".encode()
    for data in (listing, b"x"):
        (store / sha256(data)[:2]).mkdir(parents=True, exist_ok=True)
        (store / sha256(data)[:2] / sha256(data)).write_bytes(data)
    registry.register("iris", artifacts={"m": {"kind": "model", "uri": f"file://{store}/{sha256(listing)[:2]}/{sha256(listing)}", "sha256": sha256(listing), "size": 1, "folder": True}})

    with pytest.raises(ConflictError, match="would lead out of its folder"):
        registry.pull("iris", tmp_path / "out")

    assert list((tmp_path / "out").rglob("*")) == []


def test_what_has_no_digest_is_named_when_the_rest_is_pulled(iris, tmp_path):
    iris.update("iris@1", artifacts={"link": "s3://bucket/x"})

    with pytest.raises(ConflictError, match="'link' of iris@1: no digest is recorded") as caught:
        iris.pull("iris", tmp_path / "out")

    assert [(each.name, each.state) for each in caught.value.pulled] == [("link", "unproven"), ("model", "pulled"), ("train", "pulled")]


def test_a_file_of_the_repository_is_pulled_from_its_commit_where_the_checkout_has_another(registry, git, tmp_path):
    Path(registry.path, "data.csv").write_bytes(b"1,2\n")
    git(registry.path, "add", "data.csv")
    git(registry.path, "commit", "--quiet", "--message", "data")
    registry.register("iris", artifacts={"d": f"{registry.path}/data.csv"})
    Path(registry.path, "data.csv").write_bytes(b"3,4\n")

    registry.pull("iris", tmp_path / "out")

    assert (tmp_path / "out" / "d.csv").read_bytes() == b"1,2\n"


def test_by_address_files_of_the_repository_are_pulled_and_other_machines_files_are_not(registry, git, tmp_path):
    Path(registry.path, "data.csv").write_bytes(b"1,2\n")
    git(registry.path, "add", "data.csv")
    git(registry.path, "commit", "--quiet", "--message", "data")
    (tmp_path / "secret").write_bytes(b"secret")
    registry.register("iris", artifacts={"d": f"{registry.path}/data.csv", "s": tmp_path / "secret"})

    with Registry.open(f"file://{registry.path}") as away:
        found = away.pull("iris", tmp_path / "out", artifacts=["d"])
        verdicts = {each.uri: each.verdict for each in away.verify()}
        with pytest.raises(BusyError, match="is a file of the machine that registered it"):
            away.pull("iris", tmp_path / "out")

    assert Path(found[0].path).read_bytes() == b"1,2\n"
    assert verdicts == {"data.csv": "ok", f"file://{tmp_path}/secret": "unreachable"}


def test_an_earlier_state_is_pulled_and_verified_too(iris, tmp_path):
    then = iris.at(iris.snapshot().commit)
    iris.update("iris@1", artifacts={"more": {"kind": "data", "uri": tmp_path / "data/a.csv"}})

    assert [each.name for each in then.pull("iris", tmp_path / "out")] == ["model", "train"]
    assert len(then.verify()) == 2


@pytest.fixture
def web(tmp_path):
    """Serve a folder on loopback, by a server that gives no parts of files."""
    (tmp_path / "web").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "web"))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_lies_on_the_web_is_pulled_and_resumed(registry, web, tmp_path):
    data = os.urandom(10 * MB)
    (tmp_path / "web" / "model.bin").write_bytes(data)
    registry.register("iris", artifacts={"m": {"kind": "model", "uri": f"{web}/model.bin", "sha256": sha256(data), "size": len(data)}})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".m.bin.part").write_bytes(data[: 9 * MB])

    registry.pull("iris", tmp_path / "out")

    assert (tmp_path / "out" / "m.bin").read_bytes() == data
    assert [each.verdict for each in registry.verify()] == ["ok"]


# -- as a path --------------------------------------------------------------------------------------------


def test_a_file_here_is_loaded_where_it_lies(registry, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"x")

    model = registry.register("iris", artifacts={"m": tmp_path / "model.onnx"}).artifacts["m"]

    assert registry.fetched("m", model) == str(tmp_path / "model.onnx")


def test_what_lies_in_a_store_is_loaded_under_the_name_it_had(iris):
    path = iris.fetched("model", iris.get("iris").artifacts["model"])

    assert os.path.basename(path) == "weights.onnx"
    assert Path(path).read_bytes() == b"weights" * 1000


def test_a_copy_that_somebody_changed_is_brought_again(iris):
    model, train = (iris.get("iris").artifacts[name] for name in ("model", "train"))
    Path(iris.fetched("model", model)).write_bytes(b"other")
    Path(iris.fetched("train", train), "a.csv").write_bytes(b"other")

    assert Path(iris.fetched("model", model)).read_bytes() == b"weights" * 1000
    assert Path(iris.fetched("train", train), "a.csv").read_bytes() == b"1,2\n"


def test_what_cannot_be_loaded_says_why(registry, tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    artifacts = registry.register("iris", artifacts={"m": tmp_path / "model", "web": {"kind": "service", "uri": "https://example.org"}, "bare": "s3://b/x"}).artifacts

    (tmp_path / "model").write_bytes(b"y")
    with pytest.raises(ConflictError, match="the file of artifact 'm' is not the one that was registered"):
        registry.fetched("m", artifacts["m"])
    (tmp_path / "model").unlink()
    with pytest.raises(NotFoundError, match="the file of artifact 'm' is gone"):
        registry.fetched("m", artifacts["m"])
    with pytest.raises(UsageError, match="artifact 'web' is a service, not a file"):
        registry.fetched("web", artifacts["web"])
    with pytest.raises(ConflictError, match="artifact 'bare' has no digest in the record"):
        registry.fetched("bare", artifacts["bare"])


def test_a_model_loads_what_lies_in_a_store(iris, monkeypatch):
    monkeypatch.chdir(iris.path)

    assert Path(Model("iris", version=1).load_artifact("model")).read_bytes() == b"weights" * 1000


# -- verify -----------------------------------------------------------------------------------------------


def test_each_address_is_read_once_and_says_who_recorded_it(iris, tmp_path):
    iris.register("iris", artifacts={"again": tmp_path / "weights.onnx"})

    found = {each.of: each.verdict for each in iris.verify()}

    assert found == {("iris@1 model", "iris@2 again"): "ok", ("iris@1 train",): "ok"}


def test_missing_changed_unreachable_and_unproven_are_told_apart(registry, tmp_path):
    for name in ("ok", "gone", "changed"):
        (tmp_path / name).write_bytes(name.encode())
    artifacts = {name: tmp_path / name for name in ("ok", "gone", "changed")}
    digest = {"kind": "model", "sha256": "ab" * 32}
    registry.register("iris", artifacts=artifacts | {"nobody": {"uri": "gs://bucket/x"} | digest, "strange": {"uri": "jupyter://x"} | digest, "outside": {"uri": "../x"} | digest, "bare": "s3://bucket/x"})
    (tmp_path / "gone").unlink()
    (tmp_path / "changed").write_bytes(b"degnahc")

    found = {each.of[0].partition(" ")[2]: each.verdict for each in registry.verify()}

    assert found == {"ok": "ok", "gone": "missing", "changed": "changed", "nobody": "unreachable", "strange": "unreachable", "outside": "unreachable", "bare": "unproven"}


@pytest.mark.parametrize("left", ["nothing", "an empty folder"], ids=["removed", "not mounted"])
def test_a_store_that_is_not_here_is_unreachable_and_not_missing(iris, tmp_path, left):
    (tmp_path / "store").rename(tmp_path / "unplugged")
    if left != "nothing":
        (tmp_path / "store").mkdir()

    found = {(each.verdict, each.reason) for each in iris.verify()}
    with pytest.raises(BusyError) as pulled:
        iris.pull("iris", tmp_path / "out")
    with pytest.raises(BusyError):
        iris.fetched("model", iris.get("iris").artifacts["model"])

    assert found == {("unreachable", f"the store '{tmp_path}/store' is not here")}
    assert (str(pulled.value), pulled.value.hint) == (f"the store '{tmp_path}/store' is not here", "see that its disk is mounted, and try again")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_verified_to_its_last_file(iris, tmp_path):
    place = tmp_path / "store" / "sha256" / sha256(b"3,4\n")[:2] / sha256(b"3,4\n")
    place.unlink()

    found = {each.of: (each.verdict, each.reason) for each in iris.verify("iris@1")}

    assert found[("iris@1 train",)] == ("missing", f"there is no file '{place}'")


def test_two_artifacts_that_would_be_one_file_are_refused(kept, tmp_path):
    (tmp_path / "x.pkl").write_bytes(b"x")
    (tmp_path / "y.pkl").write_bytes(b"y")
    registry = kept(tmp_path / "store")
    registry.register("col", artifacts={"Model": tmp_path / "x.pkl", "model.pkl": tmp_path / "y.pkl"})

    with pytest.raises(ConflictError, match=r"artifacts 'Model' and 'model\.pkl' of col@1 would be one file"):
        registry.pull("col", tmp_path / "out")
    registry.pull("col", tmp_path / "out", artifacts=["Model"])

    assert (tmp_path / "out/Model.pkl").read_bytes() == b"x"


def test_a_name_that_is_too_long_for_a_disk_is_cut(kept, tmp_path):
    (tmp_path / "x.pkl").write_bytes(b"x")
    registry = kept(tmp_path / "store")
    registry.register("long", artifacts={"あ" * 100: tmp_path / "x.pkl"})

    (found,) = registry.pull("long", tmp_path / "out")

    assert Path(found.path).read_bytes() == b"x"
    assert len(os.path.basename(found.path).encode()) <= 210


def test_a_file_whose_name_is_not_utf_8_is_registered_and_pulled(registry, tmp_path):
    file = os.path.join(os.fsencode(tmp_path), b"w\xff.bin")
    with open(file, "wb") as opened:
        opened.write(b"weights")

    with pytest.warns(OnlyHereWarning):
        registry.register("odd", artifacts={"model": os.fsdecode(file)})
    (found,) = registry.pull("odd", tmp_path / "out")

    assert registry.get("odd").artifacts["model"].uri.endswith("/w%FF.bin")
    assert Path(found.path).read_bytes() == b"weights"
