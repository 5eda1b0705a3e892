"""Stores in a folder, and in any other system: whole or not there, never twice, resumed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import fsspec
import pytest

from gitreg import Registry
from gitreg.artifacts.landing import Wanted
from gitreg.artifacts.meter import nobody
from gitreg.artifacts.remote import Remote
from gitreg.artifacts.shelves import Shelves
from gitreg.artifacts.sources import File
from gitreg.artifacts.systems import System
from gitreg.errors import BusyError, ConflictError

MB = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def large(tmp_path):
    """Return a file that is copied by way of a part that can be resumed."""
    file = tmp_path / "model.bin"
    file.write_bytes(os.urandom(8 * MB))
    return file


@pytest.fixture(autouse=True)
def memory():
    """Empty the store in memory, which is this process's."""
    fsspec.filesystem("memory").store.clear()


def wanted(path):
    data = Path(path).read_bytes()
    return Wanted(File(str(path)), sha256(data), len(data), str(path))


def whole(folder):
    """Return the files that look whole in a store."""
    return sorted(path.name for path in Path(folder).glob("sha256/*/*"))


def test_a_file_is_kept_by_its_digest_read_only(kept, tmp_path, large):
    version = kept(tmp_path / "store").register("iris", artifacts={"model": large})

    digest = version.artifacts["model"].sha256
    place = tmp_path / "store" / "sha256" / digest[:2] / digest
    assert version.artifacts["model"].uri == f"file://{place}"
    assert place.read_bytes() == large.read_bytes()
    assert place.stat().st_mode & 0o777 == 0o444
    assert list((tmp_path / "store" / "parts").iterdir()) == []


@pytest.mark.parametrize("size", [100, 3 * MB])
def test_nothing_is_copied_twice(tmp_path, size):
    (tmp_path / "model").write_bytes(os.urandom(size))
    shelves = Shelves(str(tmp_path / "store"), None)

    first, second = (shelves.keep([wanted(tmp_path / "model")], nobody) for _ in range(2))

    assert (first.sent, first.there) == (size, 0)
    assert (second.sent, second.there) == (0, size)


def test_what_is_damaged_in_the_store_is_copied_again(tmp_path, large):
    shelves = Shelves(str(tmp_path / "store"), None)
    shelves.keep([wanted(large)], nobody)
    [place] = (tmp_path / "store").glob("sha256/*/*")
    place.chmod(0o644)
    place.write_bytes(b"x" * 8 * MB)

    kept = shelves.keep([wanted(large)], nobody)

    assert kept.sent == 8 * MB
    assert place.read_bytes() == large.read_bytes()


def test_a_copy_that_was_cut_off_goes_on_where_it_was(tmp_path, large):
    shelves = Shelves(str(tmp_path / "store"), None)
    told = []

    def cut(more):
        told.append(more)
        if sum(told) >= 5 * MB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelves.keep([wanted(large)], cut)
    before = whole(tmp_path / "store")
    kept = shelves.keep([wanted(large)], nobody)

    assert before == []
    assert (kept.sent, kept.there) == (3 * MB, 5 * MB)
    assert whole(tmp_path / "store") == [sha256(large.read_bytes())]


def test_the_next_upload_removes_what_killed_ones_left_a_day_ago(tmp_path, large):
    shelves, parts = Shelves(str(tmp_path / "store"), None), tmp_path / "store" / "parts"
    parts.mkdir(parents=True)
    (parts / sha256(large.read_bytes())).write_bytes(large.read_bytes()[: 3 * MB])
    for name in ("old", "old-read-only", "held", "new", "folder/inner"):
        (parts / name).parent.mkdir(exist_ok=True)
        (parts / name).write_bytes(b"x")
    (parts / "old-read-only").chmod(0o444)
    (parts / "link").symlink_to(large)
    for path in parts.iterdir():
        if path.name != "new":
            os.utime(path, (1, 1), follow_symlinks=False)

    with open(parts / "held", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        kept = shelves.keep([wanted(large)], nobody)

    assert sorted(path.name for path in parts.iterdir()) == ["folder", "held", "link", "new"]
    assert (kept.sent, large.exists()) == (5 * MB, True)


def test_a_part_of_something_else_is_not_gone_on_with(tmp_path, large):
    digest = sha256(large.read_bytes())
    (tmp_path / "store" / "parts").mkdir(parents=True)
    (tmp_path / "store" / "parts" / digest).write_bytes(b"something else")

    Shelves(str(tmp_path / "store"), None).keep([wanted(large)], nobody)

    [place] = (tmp_path / "store").glob("sha256/*/*")
    assert place.read_bytes() == large.read_bytes()


def test_two_that_keep_the_same_file_at_once_copy_it_once(tmp_path, large):
    found = []
    together = threading.Barrier(4)

    def work():
        together.wait()
        found.append(Shelves(str(tmp_path / "store"), None).keep([wanted(large)], nobody))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(kept.sent for kept in found) == [0, 0, 0, 8 * MB]


@pytest.mark.parametrize("address", ["STORE", "memory://store"])
@pytest.mark.parametrize("size", [100, 3 * MB])
def test_a_file_that_is_not_what_was_hashed_is_not_kept(tmp_path, address, size):
    (tmp_path / "model").write_bytes(bytes(size))
    (tmp_path / "other").write_bytes(b"x" * size)
    hashed = wanted(tmp_path / "model")._replace(source=File(str(tmp_path / "other")))
    store = Shelves(str(tmp_path / "store"), None) if address == "STORE" else Remote(address, System("memory"))

    with pytest.raises(ConflictError):
        store.keep([hashed], nobody)

    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    assert list(fsspec.filesystem("memory").store) == []


@pytest.mark.parametrize("address", ["STORE", "memory://store"])
def test_a_file_that_changes_while_it_is_copied_registers_nothing(kept, tmp_path, address):
    file = tmp_path / "model"
    file.write_bytes(bytes(20 * MB))
    registry = kept(address.replace("STORE", str(tmp_path / "store")))
    before = registry.snapshot().commit

    def meddle(step, *_):
        if step == "copying":
            with file.open("r+b") as opened:
                opened.seek(-1, os.SEEK_END)
                opened.write(b"x")

    registry.watch = meddle
    with pytest.raises(ConflictError):
        registry.register("iris", artifacts={"model": file})

    assert registry.snapshot().commit == before
    assert whole(tmp_path / "store") == []
    assert list(fsspec.filesystem("memory").store) == []


@pytest.fixture
def mounted(tmp_path):
    """Return a function that mounts a small disk, or mounts it anew with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder] if not folder.is_mount() else ["mount", "-o", f"remount,{options}", folder]
        subprocess.run(command, check=True, capture_output=True)
        return folder

    yield mount
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("shape", ["one large file", "many small files"])
def test_a_store_that_is_full_registers_nothing_and_a_retry_completes_it(kept, mounted, tmp_path, large, shape):
    disk = mounted("size=5m")
    registry = kept(disk)
    before = registry.snapshot().commit
    given = large
    if shape == "many small files":
        given = tmp_path / "folder"
        given.mkdir()
        for number in range(16):
            (given / str(number)).write_bytes(os.urandom(MB // 2))

    with pytest.raises(BusyError, match="No space left on device"):
        registry.register("iris", artifacts={"model": given})
    there = whole(disk)
    mounted("size=32m")
    registry.register("iris", artifacts={"model": given})

    assert registry.snapshot().commit != before
    assert there == []
    assert [each.verdict for each in registry.verify()] == ["ok"]


def test_a_store_that_refuses_registers_nothing(kept, mounted, large):
    disk = mounted("size=20m")
    registry = kept(disk)
    before = registry.snapshot().commit
    mounted("ro")

    with pytest.raises(BusyError, match="Read-only file system"):
        registry.register("iris", artifacts={"model": large})

    assert registry.snapshot().commit == before


def test_a_folder_is_its_listing_and_its_files(kept, tmp_path):
    folder = tmp_path / "Modell für alle"
    folder.mkdir()
    (folder / "a").write_bytes(b"1")
    (folder / "ä b").write_bytes(b"1")

    model = kept(tmp_path / "store").register("iris", artifacts={"model": folder}).artifacts["model"]

    listing = f"{sha256(b'1')}  1  a\n{sha256(b'1')}  1  ä b\n".encode()
    assert whole(tmp_path / "store") == sorted([sha256(b"1"), sha256(listing)])
    assert (model.sha256, model.size, model.folder, model.file) == (sha256(listing), 2, True, "Modell für alle")


# -- any other system -------------------------------------------------------------------------------------


def test_any_system_of_fsspec_keeps_files(kept, tmp_path, large):
    registry = kept("memory://store/models")
    digest = sha256(large.read_bytes())

    version = registry.register("iris", artifacts={"model": large})
    registry.pull("iris", tmp_path / "out")

    assert version.artifacts["model"].uri == f"memory://store/models/sha256/{digest[:2]}/{digest}"
    assert list(fsspec.filesystem("memory").store) == [f"/store/models/sha256/{digest[:2]}/{digest}"]
    assert (tmp_path / "out" / "model.bin").read_bytes() == large.read_bytes()
    assert [each.verdict for each in registry.verify()] == ["ok"]


def test_nothing_is_sent_to_it_twice(large):
    store = Remote("memory://store", System("memory"))

    first, second = (store.keep([wanted(large)], nobody) for _ in range(2))

    assert (first.sent, second.sent, second.there) == (8 * MB, 0, 8 * MB)


def test_two_that_send_it_the_same_file_at_once_both_succeed(large):
    found = []
    together = threading.Barrier(2)

    def work():
        together.wait()
        found.append(Remote("memory://store", System("memory")).keep([wanted(large)], nobody))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 2
    assert len(fsspec.filesystem("memory").store) == 1


def test_a_package_that_is_missing_is_named(registry):
    from gitreg.errors import UsageError

    with pytest.raises(UsageError, match=r"gs:// needs the package gcsfs") as caught:
        System("gs").size("bucket/x")

    assert caught.value.hint == "pip install gcsfs"


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "1e9"])
def test_a_patience_that_is_none_is_named(monkeypatch, text):
    from gitreg.errors import UsageError

    monkeypatch.setenv("GITREG_STORE_PATIENCE", text)

    with pytest.raises(UsageError, match="GITREG_STORE_PATIENCE is a number of seconds, up to 3600"):
        System("memory")


def test_a_registry_of_another_process_keeps_the_same_file_at_once(kept, tmp_path, large):
    registry = kept(tmp_path / "store")
    program = "import sys; from gitreg import Registry; Registry.open(sys.argv[1]).register(sys.argv[2], artifacts={'m': sys.argv[3]})"

    runs = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", program, registry.path, model, large]) for model in ("iris", "rose")]
    codes = [run.wait() for run in runs]

    assert codes == [0, 0]
    with Registry.open(registry.path) as again:
        assert [(each.verdict, len(each.of)) for each in again.verify()] == [("ok", 2)]
