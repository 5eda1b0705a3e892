"""Records that earlier processes decoded: the same as decoding anew, and never another's."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from gitreg import Registry
from gitreg.errors import InvalidError
from gitreg.records import Manifest
from gitreg.store import documents
from gitreg.store.decoded import Decoded
from gitreg.store.reader import Reader
from tests import strategies


@pytest.fixture
def counted(monkeypatch):
    """Count what is decoded, by kind."""
    seen: list[str] = []

    def counting(kind, decode):
        def decoded(data, path):
            seen.append(kind)
            return decode(data, path)

        return decoded

    for kind, decode in list(documents.DECODERS.items()):
        monkeypatch.setitem(documents.DECODERS, kind, counting(kind, decode))
    return seen


def fresh(path, ask):
    """Ask a registry that was just opened, as a new process would."""
    with Registry.open(path) as registry:
        return ask(registry)


def cache_file(registry):
    return Path(registry.location.repo.common_dir, "gitreg", "decoded-1.sqlite")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=strategies.manifests)
def test_what_comes_back_is_what_decoding_gave(value, tmp_path):
    (tmp_path / "objects").mkdir(exist_ok=True)
    record = msgspec.convert(value, Manifest)
    blob = os.urandom(20).hex()
    one, other = Decoded(str(tmp_path)), Decoded(str(tmp_path))
    one.keep("manifest", blob, record)
    one.close()

    again = other.record("manifest", blob)
    other.close()

    assert again is None or (again == record and repr(again) == repr(record))


def test_a_second_process_decodes_nothing(iris, counted):
    first = fresh(iris.path, lambda registry: registry.get("iris@1"))
    counted.clear()

    second = fresh(iris.path, lambda registry: registry.get("iris@1"))

    assert second == first
    assert counted == []


def test_a_board_is_made_once_for_each_state_of_a_model(iris, counted):
    iris.register("other")
    fresh(iris.path, lambda registry: registry.models())
    iris.promote("other@1", "staging")
    iris.close()
    counted.clear()

    board = fresh(iris.path, lambda registry: registry.models())

    assert {row.name: row.stages["staging"] for row in board}["other"] == 1
    assert counted.count("card") + counted.count("stages") <= 2


def test_a_stage_that_is_new_in_the_policy_is_on_the_board(iris, git):
    fresh(iris.path, lambda registry: registry.models())
    policy = Path(iris.path, "gitreg.yaml")
    policy.write_text(policy.read_text().replace("stages:\n", "stages:\n  canary: {}\n"))
    git(iris.path, "commit", "-qam", "stages")

    (row,) = fresh(iris.path, lambda registry: registry.models())

    assert list(row.stages) == ["canary", "development", "staging", "production"]


def test_a_folder_that_was_copied_is_not_its_model(iris, git):
    fresh(iris.path, lambda registry: registry.models())
    git(iris.path, "read-tree", "--prefix=models/copy/", "HEAD:models/iris")
    git(iris.path, "commit", "-qm", "copied by hand")

    with pytest.raises(InvalidError, match=r"the file is 'copy''s, but says 'iris'"):
        fresh(iris.path, lambda registry: registry.models())


def test_a_deleted_model_is_remembered_as_one(iris, counted):
    iris.delete_model("iris", reason="old", force=True)
    assert fresh(iris.path, lambda registry: registry.models()) == ()
    counted.clear()

    assert fresh(iris.path, lambda registry: registry.models()) == ()
    assert set(counted) <= {"config"}


@pytest.mark.parametrize("text", [b"", b"x" * 9000, None])
def test_with_a_foreign_file_answers_are_the_same(iris, text):
    whole = fresh(iris.path, lambda registry: (registry.get("iris@1"), registry.models()))
    file = cache_file(iris)
    if text is None:
        os.truncate(file, file.stat().st_size // 2)
    else:
        file.write_bytes(text)

    assert fresh(iris.path, lambda registry: (registry.get("iris@1"), registry.models())) == whole


def test_a_record_of_another_shape_is_a_miss(iris):
    whole = fresh(iris.path, lambda registry: registry.get("iris@1"))
    with sqlite3.connect(cache_file(iris)) as database:
        for (key,) in database.execute("SELECT key FROM rows").fetchall():
            database.execute("UPDATE rows SET value = ? WHERE key = ?", (crc32(b"\x91\x01", crc32(key)).to_bytes(4, "big") + b"\x91\x01", key))
    database.close()

    assert fresh(iris.path, lambda registry: registry.get("iris@1")) == whole


def test_it_can_be_turned_off(iris, monkeypatch, counted):
    fresh(iris.path, lambda registry: registry.get("iris@1"))
    file = cache_file(iris)
    file.unlink()
    counted.clear()
    monkeypatch.setenv("GITREG_CACHE", "0")

    fresh(iris.path, lambda registry: registry.get("iris@1"))
    fresh(iris.path, lambda registry: registry.get("iris@1"))

    assert counted.count("manifest") == 2
    assert not file.exists()


def test_turned_off_it_is_not_read_either(iris, monkeypatch, counted):
    fresh(iris.path, lambda registry: registry.get("iris@1"))
    counted.clear()
    monkeypatch.setenv("GITREG_CACHE", "0")

    fresh(iris.path, lambda registry: registry.get("iris@1"))

    assert "manifest" in counted


def test_a_reader_that_leaves_no_trace_writes_nothing(iris):
    cache_file(iris).unlink(missing_ok=True)
    with Registry.open(iris.path) as registry:
        registry.leave_no_trace()
        registry.get("iris@1")
        registry.models()

    assert not cache_file(iris).exists()


def test_what_cannot_be_written_so_is_left_out(iris):
    iris.register("big", params={"n": 10**18})

    first, second = (fresh(iris.path, lambda registry: registry.get("big@1")) for _ in range(2))

    assert first == second


def test_records_of_very_many_models_are_not_held(tmp_path):
    with Registry.init(tmp_path / "many") as registry:
        with registry.transaction() as tx:
            for number in range(600):
                tx.register(f"model-{number}")
        path = registry.path
    with Registry.open(path) as registry:
        registry.models()
        held = registry._cache.decoded._near

        assert {key[:1] for key in held} <= {b"r", b"c"}


def test_the_kept_board_asks_git_for_few_objects(iris, monkeypatch):
    with iris.transaction() as tx:
        for number in range(30):
            tx.register(f"model-{number}")
    fresh(iris.path, lambda registry: registry.models())
    asked: list[str] = []
    one, many = Reader.read, Reader.read_many
    monkeypatch.setattr(Reader, "read", lambda self, spec, *most: asked.append(spec) or one(self, spec, *most))
    monkeypatch.setattr(Reader, "read_many", lambda self, specs, *most: asked.extend(specs) or many(self, specs, *most))

    board = fresh(iris.path, lambda registry: registry.models())

    assert len(board) == 31
    assert len(asked) <= 4


def test_what_somebody_does_to_an_answer_is_nobody_elses(registry):
    registry.register("iris", metrics={"accuracy": 0.9}, params={"layers": [64, 32]})
    with Registry.open(registry.path) as opened:
        version, card, row = opened.get("iris@1"), opened.model("iris"), opened.models()[0]

        version.metrics["accuracy"] = 0.1
        version.params["layers"].append(16)
        card.links["ticket"] = "invented"
        row.stages["production"] = 99

        told = opened.get("iris@1"), opened.model("iris"), opened.models()

    assert told == (registry.get("iris@1"), registry.model("iris"), registry.models())
    assert told == fresh(registry.path, lambda later: (later.get("iris@1"), later.model("iris"), later.models()))
    assert told[0].metrics == {"accuracy": 0.9}
    assert told[0].params == {"layers": [64, 32]}
    assert told[2][0].stages["production"] is None
