"""A store in S3: real requests to a real server on loopback."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, GitregError, NotFoundError

MB = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def large(tmp_path):
    """Return a file that takes three parts."""
    file = tmp_path / "model.bin"
    file.write_bytes(os.urandom(20 * MB))
    return file


def test_a_file_is_kept_by_its_digest_and_comes_back(kept, bucket, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"weights")

    version = kept(bucket.address).register("iris", artifacts={"model": file})

    model = version.artifacts["model"]
    digest = sha256(b"weights")
    assert (model.uri, model.file, model.size) == (f"{bucket.address}/sha256/{digest[:2]}/{digest}", "model.onnx", 7)


def test_what_is_in_s3_is_pulled_loaded_and_verified(kept, bucket, tmp_path, large):
    registry = kept(bucket.address)
    version = registry.register("iris", artifacts={"model": large})

    pulled = registry.pull("iris", tmp_path / "out")
    loaded = registry.fetched("model", version.artifacts["model"])
    verified = registry.verify()

    assert [(each.state, each.path) for each in pulled] == [("pulled", str(tmp_path / "out" / "model.bin"))]
    assert (tmp_path / "out" / "model.bin").read_bytes() == large.read_bytes()
    assert (os.path.basename(loaded), Path(loaded).read_bytes()) == ("model.bin", large.read_bytes())
    assert [each.verdict for each in verified] == ["ok"]


def test_a_folder_is_kept_as_its_listing_and_its_files(kept, bucket, tmp_path):
    folder = tmp_path / "Modell für alle"
    (folder / "sub dir").mkdir(parents=True)
    (folder / "Gewichte ä.bin").write_bytes(b"w")
    (folder / "sub dir" / "config.json").write_bytes(b"{}")
    (folder / "again").write_bytes(b"w")
    registry = kept(bucket.address)

    version = registry.register("iris", artifacts={"model": folder})
    registry.pull("iris", tmp_path / "out")

    assert len(bucket.objects()) == 3
    assert version.artifacts["model"].file == "Modell für alle"
    assert sorted(str(path.relative_to(tmp_path / "out" / "model")) for path in (tmp_path / "out").rglob("*") if path.is_file()) == ["Gewichte ä.bin", "again", "sub dir/config.json"]


def test_nothing_is_sent_twice(kept, bucket, large):
    registry = kept(bucket.address)

    registry.register("iris", artifacts={"model": large})
    registry.register("rose", artifacts={"model": large})

    assert sum(size for _, size in bucket.sent) == 20 * MB


def test_a_server_that_refuses_registers_nothing(kept, bucket, large):
    registry = kept(bucket.address)
    before = registry.snapshot().commit
    bucket.refuse = lambda method, path, body: method in ("PUT", "POST")

    with pytest.raises(BusyError, match="the store refuses: Access Denied"):
        registry.register("iris", artifacts={"model": large})

    assert registry.snapshot().commit == before
    assert bucket.objects() == []


def test_an_upload_that_broke_off_is_completed_without_sending_twice_what_is_there(kept, bucket, large):
    registry = kept(bucket.address)
    before = registry.snapshot().commit
    bucket.refuse = lambda method, path, body: "partNumber=3" in path

    with pytest.raises(BusyError, match="the store refuses"):
        registry.register("iris", artifacts={"model": large})
    assert registry.snapshot().commit == before
    assert bucket.objects() == []
    there = sum(size for _, size in bucket.sent)
    bucket.refuse = lambda method, path, body: False
    registry.register("iris", artifacts={"model": large})

    assert there == 16 * MB
    assert sum(size for _, size in bucket.sent) == 20 * MB
    assert [each.verdict for each in registry.verify()] == ["ok"]


def test_a_server_that_stops_answering_midway_is_given_up(kept, bucket, large, monkeypatch):
    monkeypatch.setenv("GITREG_STORE_PATIENCE", "1")
    registry = kept(bucket.address)
    before = registry.snapshot().commit
    bucket.hang = lambda method, path, body: "partNumber=2" in path

    with pytest.raises(BusyError):
        registry.register("iris", artifacts={"model": large})

    assert registry.snapshot().commit == before
    assert bucket.objects() == []


def test_two_runs_that_upload_the_same_bytes_at_once_both_succeed(kept, bucket, large):
    registry = kept(bucket.address)
    models, errors = ("iris", "rose"), []
    together = threading.Barrier(2)

    def work(model):
        with Registry.open(registry.path) as own:
            together.wait()
            try:
                own.register(model, artifacts={"model": large})
            except GitregError as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(bucket.objects()) == 1
    assert [each.verdict for each in registry.verify()] == ["ok"]


def test_what_changed_or_went_in_s3_is_told_apart(kept, bucket, tmp_path):
    registry = kept(bucket.address)
    for name in ("one", "two", "three"):
        (tmp_path / name).write_bytes(name.encode())
        registry.register(name, artifacts={"model": tmp_path / name})
    one, two = (registry.get(name).artifacts["model"] for name in ("one", "two"))
    bucket.put(one.uri.removeprefix(f"s3://{bucket.name}/"), b"eno")
    bucket._asked("DELETE", f"/{bucket.name}/{two.uri.removeprefix(f's3://{bucket.name}/')}")

    found = {each.of: each.verdict for each in registry.verify()}

    assert found == {("one@1 model",): "changed", ("two@1 model",): "missing", ("three@1 model",): "ok"}
    with pytest.raises(NotFoundError):
        registry.fetched("model", two)


def test_a_server_that_is_gone_is_unreachable(kept, bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("GITREG_STORE_PATIENCE", "5")
    (tmp_path / "model").write_bytes(b"x")
    registry = kept(bucket.address)
    registry.register("iris", artifacts={"model": tmp_path / "model"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert [each.verdict for each in registry.verify()] == ["unreachable"]


@pytest.mark.parametrize("size", [1, 20 * MB], ids=["whole", "in parts"])
def test_a_bucket_that_is_not_there_is_a_store_that_refuses(kept, bucket, tmp_path, size):
    (tmp_path / "model").write_bytes(bytes(size))
    registry = kept("s3://no-such-bucket-9/models")
    before = registry.snapshot().commit

    with pytest.raises(BusyError) as refused:
        registry.register("iris", artifacts={"model": tmp_path / "model"})

    assert (str(refused.value), refused.value.hint) == ("there is no bucket 'no-such-bucket-9'", "make it, or see what artifacts: in gitreg.yaml says")
    assert registry.snapshot().commit == before


def test_what_was_in_a_bucket_that_is_not_there_is_unreachable(registry, bucket, tmp_path):
    uri = f"s3://no-such-bucket-9/models/sha256/ab/{'ab' * 32}"
    registry.register("iris", artifacts={"model": {"kind": "model", "uri": uri, "sha256": "ab" * 32, "size": 1}})

    found = [(each.verdict, each.reason) for each in registry.verify()]
    with pytest.raises(BusyError, match="there is no bucket 'no-such-bucket-9'"):
        registry.pull("iris", tmp_path / "out")

    assert found == [("unreachable", "there is no bucket 'no-such-bucket-9'")]


def test_what_arrived_as_something_else_is_removed_and_nothing_is_registered(kept, bucket, tmp_path):
    """A server whose ETags prove nothing is read back; here it keeps something else under the name."""
    (tmp_path / "model").write_bytes(b"x" * 100)
    registry = kept(bucket.address)
    before = registry.snapshot().commit
    handle = bucket._asked

    def forged(method, path, body=b"", headers=None):
        if method == "PUT" and body and headers:
            body = b"y" * len(body)
            headers = {name: value for name, value in headers.items() if name.lower() != "content-md5"}
        return handle(method, path, body, headers)

    bucket._asked = forged

    with pytest.raises(BusyError, match="arrived at the store as something else"):
        registry.register("iris", artifacts={"model": tmp_path / "model"})

    assert registry.snapshot().commit == before
    assert bucket.objects() == []
