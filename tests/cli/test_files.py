"""``gitreg pull`` and ``gitreg verify``: everything they print, and their exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Said


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def stored(iris, cli, git, tmp_path):
    """Give a version 4 of ``iris`` with a file and a folder in a store; returns how to run commands."""
    with open(f"{iris.path}/gitreg.yaml", "a", encoding="utf-8") as file:
        file.write("artifacts: ../store\n")
    git(iris.path, "commit", "--quiet", "--all", "--message", "registry: a store")
    (tmp_path / "weights.onnx").write_bytes(b"weights")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"1\n")
    assert cli("register", "iris", "--artifact", f"model={tmp_path}/weights.onnx", "--data", f"train={tmp_path}/data", "--service", "web=https://example.org").code == 0
    return cli


def test_register_copies_to_the_store_and_says_nothing_more(stored, cli, tmp_path):
    said = cli("register", "rose", "--artifact", f"model={tmp_path}/weights.onnx")

    assert said == Said(0, "rose@1\n", "rose: register 1 [cccccccc]\n")


def test_a_file_that_only_this_machine_has_is_told_of_once(cli, tmp_path):
    (tmp_path / "model").write_bytes(b"x")

    said = cli("register", "iris", "--artifact", f"m={tmp_path}/model")

    assert said == Said(0, "iris@4\n", "note: artifact 'm' of iris@4 lies outside the repository, where others will not find it: file:///tmp/model\niris: register 4 [cccccccc]\n")


def test_what_the_library_warns_of_is_a_remark(stored, iris):
    Path(iris.path, "m.bin").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 3\n")

    said = stored("register", "rose", "--artifact", "m=m.bin")
    quiet = stored("-q", "register", "lily", "--artifact", "m=m.bin")

    assert said == Said(0, "rose@1\n", "note: artifact 'm': 'm.bin' is a pointer of Git LFS whose file is not here, and was not copied: git lfs pull\nrose: register 1 [cccccccc]\n")
    assert quiet == Said(0, "lily@1\n", "")


def test_pull_prints_where_the_files_are(stored):
    assert stored("pull", "iris") == Said(0, "iris-4/model.onnx\niris-4/train\n", "")
    assert stored("pull", "iris@4", "-o", "out", "--artifact", "train") == Said(0, "out/train\n", "")


def test_pull_of_a_version_without_files_says_so(stored):
    assert stored("pull", "iris@1") == Said(0, "", "nothing to pull: no files are recorded\n")


def test_pull_as_data(stored):
    stored("pull", "iris")

    said = stored("pull", "iris", "--artifact", "model", "--format", "json")
    rows = stored("pull", "iris", "--format", "csv")

    assert json.loads(said.out) == [{"name": "model", "kind": "model", "state": "there", "path": "iris-4/model.onnx", "sha256": sha256(b"weights"), "size": 7}]
    assert (said.code, said.err) == (0, "")
    assert rows.out.splitlines()[0] == "name,kind,state,path,sha256,size"


def test_pull_leaves_what_is_something_else(stored, iris):
    Path(iris.path, "iris-4").mkdir()
    Path(iris.path, "iris-4", "model.onnx").write_bytes(b"mine")

    said = stored("pull", "iris")
    forced = stored("pull", "iris", "--force", "-q")

    assert said == Said(4, "", "gitreg: 'iris-4/model.onnx' is something else than artifact 'model'\n  try: add --force to replace it, or choose another folder with -o\n")
    assert forced == Said(0, "iris-4/model.onnx\niris-4/train\n", "")


def test_pull_names_what_has_no_digest_when_the_rest_is_here(stored):
    stored("update", "iris@4", "--artifact", "far=s3://bucket/x")

    said = stored("pull", "iris@4")

    assert said == Said(4, "iris-4/model.onnx\niris-4/train\n", "gitreg: 'far' of iris@4: no digest is recorded, so that nobody can tell whether it is what was registered\n")


def test_pull_of_what_is_gone_is_not_found(stored, tmp_path):
    (tmp_path / "store" / "sha256" / sha256(b"weights")[:2] / sha256(b"weights")).unlink()

    said = stored("pull", "iris", "--artifact", "model")

    assert said.code == 3
    assert said.err == f"gitreg: there is no file '/tmp/store/sha256/{sha256(b'weights')[:2]}/{sha256(b'weights')}'\n"


def test_pull_into_a_file_is_busy(stored, iris):
    Path(iris.path, "out").write_bytes(b"")

    said = stored("pull", "iris", "-o", "out")

    assert said == Said(7, "", "gitreg: out: File exists\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("pull", Said(2, "", "gitreg: missing argument 'SELECTOR'\n  try: gitreg pull --help\n")),
        ("pull rose", Said(3, "", "gitreg: no model 'rose'\n  try: gitreg list\n")),
        ("pull iris@4 --artifact x", Said(3, "", "gitreg: iris@4 has no artifact 'x': it has model, train, web\n")),
        ("verify iris@9", Said(3, "", "gitreg: model 'iris' has no version 9, it has 4\n  try: gitreg list iris\n")),
        ("--dry-run pull iris", Said(2, "", "gitreg: --dry-run does not go with this command\n  try: gitreg pull --help\n")),
    ],
)
def test_bad_input_of_pull_and_verify(stored, command, said):
    assert stored(*command.split()) == said


def test_verify_of_everything_that_is_well(stored, tmp_path):
    listing = sha256(f"{sha256(b'1' + bytes([10]))}  2  a.csv\n".encode())
    uris = [f"file:///tmp/store/sha256/{digest[:2]}/{digest}" for digest in (sha256(b"weights"), listing)]

    said = stored("verify", "--format", "csv")

    assert said._replace(out=said.out.replace(str(tmp_path), "/tmp")) == Said(0, f"verdict,uri,of,reason\nok,{uris[0]},iris@4 model,\nok,{uris[1]},iris@4 train,\n", "2 ok\n")


def test_verify_finds_what_is_missing_and_what_changed(stored, tmp_path):
    for data in (b"weights", b"1\n"):
        place = tmp_path / "store" / "sha256" / sha256(data)[:2] / sha256(data)
        place.chmod(0o644)
        place.write_bytes(b"x" * len(data)) if data == b"weights" else place.unlink()

    said = stored("verify", "iris@4", "--format", "json")

    found = {each["of"][0]: (each["verdict"], each["reason"].replace(str(tmp_path), "/tmp")) for each in json.loads(said.out)}
    assert (said.code, said.err) == (1, "1 missing, 1 changed\n")
    assert found == {
        "iris@4 model": ("changed", f"its digest is {sha256(b'xxxxxxx')}"),
        "iris@4 train": ("missing", f"there is no file '/tmp/store/sha256/{sha256(b'1' + bytes([10]))[:2]}/{sha256(b'1' + bytes([10]))}'"),
    }


def test_what_is_unproven_is_told_and_does_not_fail(cli):
    cli("register", "rose", "--artifact", "m=s3://bucket/x")

    said = cli("verify", "rose")

    assert said == Said(0, "verdict   uri            of        reason\nunproven  s3://bucket/x  rose@1 m  no digest is recorded\n", "1 unproven\n")


def test_verify_of_nothing_says_so(cli):
    assert cli("verify") == Said(0, "", "nothing to verify: no files are recorded\n")


def test_verify_reads_what_was(stored, iris):
    assert stored("verify", "--at", "HEAD~1") == Said(0, "", "nothing to verify: no files are recorded\n")


def test_a_store_that_is_not_followed_is_named_with_its_line(cli, iris, git, tmp_path):
    with open(f"{iris.path}/gitreg.yaml", "a", encoding="utf-8") as file:
        file.write("artifacts: jupyter://x\n")
    git(iris.path, "commit", "--quiet", "--all", "--message", "registry: a store")
    (tmp_path / "model").write_bytes(b"x")
    line = len(Path(iris.path, "gitreg.yaml").read_text().splitlines())

    said = cli("register", "iris", "--artifact", f"m={tmp_path}/model")

    assert (said.code, said.out) == (6, "")
    assert said.err.startswith(f"gitreg: gitreg.yaml:{line}: artifacts: 'jupyter://x' is not followed: 'jupyter' is none of file, local, s3, ")


def test_a_terminal_shows_a_bar_and_a_pipe_does_not(stored, iris, tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(3_000_000))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent.parent), "TERM": "xterm", "COLUMNS": "80"}
    commands = {"copying": ("register", "rose", "--artifact", f"m={tmp_path}/large.bin"), "pulling": ("pull", "rose", "-o", str(tmp_path / "out")), "verifying": ("verify", "rose")}
    seen = {}

    for step, command in commands.items():
        ours, theirs = os.openpty()
        subprocess.run([sys.executable, "-m", "gitreg", "-R", iris.path, *command], stderr=theirs, stdout=subprocess.DEVNULL, check=True, env=environment)
        os.close(theirs)
        seen[step] = _all(ours)
    silent = subprocess.run([sys.executable, "-m", "gitreg", "-R", iris.path, *commands["verifying"]], capture_output=True, check=True, env=environment, text=True)

    assert [step for step, said in seen.items() if step.encode() in said] == [*commands]
    assert b"hashing" in seen["copying"]
    assert silent.stderr == "1 ok\n"


def _all(descriptor: int) -> bytes:
    said = b""
    try:
        while chunk := os.read(descriptor, 65536):
            said += chunk
    except OSError:  # the other end is closed, and nothing is left
        os.close(descriptor)
    return said
