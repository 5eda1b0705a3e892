"""Bad input gets a clear error with the right exit code, and nothing changes. One table a kind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Said

LONG = "x" * 300
SEGMENT = "a segment is letters, digits, '.', '_' and '-', and starts with a letter or digit"
NAME = "a name is letters, digits, '.', '_', '+' and '-', and starts with a letter or digit"
STAGES = "this registry has development, staging, production"
COLLIDES = "names must differ in more than case, and none may be a folder of another"
SELECTOR = "is not a selector: after '@' comes a number, a version's name or a stage\n  try: gitreg list iris"

WORDS = {
    "unknown command": (("prmote",), 2, "no command 'prmote', did you mean 'promote'?\n  try: gitreg --help"),
    "unknown option": (("promote", "--frce"), 2, "no such option '--frce'. (Did you mean one of: '--force', '--pr'?)\n  try: gitreg promote --help"),
    "missing argument": (("promote", "iris"), 2, "missing argument 'STAGE'\n  try: gitreg promote --help"),
    "unknown format": (("list", "--format", "xml"), 2, "invalid value for '--format': 'xml' is not one of 'table', 'json', 'jsonl', 'yaml', 'csv', 'markdown'\n  try: gitreg list --help"),
    "unknown model": (("show", "rose"), 3, "no model 'rose'\n  try: gitreg list"),
    "misspelt model": (("show", "irs"), 3, "no model 'irs', did you mean 'iris'?\n  try: gitreg list"),
    "unknown version number": (("show", "iris@9"), 3, "model 'iris' has no version 9, it has 3\n  try: gitreg list iris"),
    "unknown version name": (("promote", "iris@v9", "staging"), 3, "model 'iris' has no version and no stage 'v9'\n  try: gitreg list iris"),
    "number with too many digits": (("show", "iris@" + "9" * 100), 3, "model 'iris' has no version 1000000000, it has 3\n  try: gitreg list iris"),
    "vacant stage": (("show", "iris@development"), 3, "development of 'iris' is vacant\n  try: gitreg promote iris@VERSION development"),
    "unknown stage": (("promote", "iris@3", "prod"), 2, f"no stage 'prod': {STAGES}"),
    "unknown stage of history": (("history", "--stage", "prod"), 2, f"no stage 'prod': {STAGES}"),
    "unknown stage of rollback": (("rollback", "iris", "latest"), 2, f"no stage 'latest': {STAGES}"),
    "latest as a target": (("promote", "iris@3", "latest"), 2, "nothing can be promoted to 'latest': it is always the newest ready version\n  try: gitreg get iris number"),
    "archived as a version": (("show", "iris@archived"), 2, "'archived' names no single version of 'iris': give a number\n  try: gitreg list iris"),
    "model name out of the folder": (("register", "../x"), 2, f"'../x' cannot name a model: {SEGMENT}"),
    "model name with an empty segment": (("register", "a//b"), 2, f"'a//b' cannot name a model: {SEGMENT}"),
    "model name like an option": (("register", "-x"), 2, "no such option '-x'\n  try: gitreg register --help"),
    "model name like an option, after --": (("register", "--", "-x"), 2, f"'-x' cannot name a model: {SEGMENT}"),
    "model name with a newline": (("register", "a\nb"), 2, f"'a\\nb' cannot name a model: {SEGMENT}"),
    "model name that ends in a newline": (("register", "a\n"), 2, f"'a\\n' cannot name a model: {SEGMENT}"),
    "model name of 300 characters": (("register", LONG), 2, f"'{LONG}' cannot name a model: it has 300 characters, 100 are allowed"),
    "model name of four segments": (("register", "a/b/c/d"), 2, "'a/b/c/d' cannot name a model: it has more than three segments"),
    "model name that Windows has not": (("register", "con"), 2, "'con' cannot name a model: Windows cannot check out a folder named 'con'"),
    "model name that git uses": (("register", "a.lock"), 2, "'a.lock' cannot name a model: a segment that ends in '.lock' or '.git' collides with git's own files"),
    "model name that gitreg uses": (("register", "a/versions"), 2, "'a/versions' cannot name a model: 'versions' is a name that gitreg itself uses inside a model's folder"),
    "empty model name": (("register", ""), 2, f"'' cannot name a model: {SEGMENT}"),
    "model in another case": (("register", "Iris"), 4, f"model 'Iris' collides with 'iris': {COLLIDES}"),
    "model below a model": (("register", "iris/small"), 4, f"model 'iris/small' collides with 'iris': {COLLIDES}"),
    "version name of digits": (("register", "iris", "--version", "7"), 2, "'7' cannot name a version: digits alone are a version's number, which gitreg gives"),
    "version name of a stage": (("register", "iris", "--version", "Staging"), 2, "'Staging' cannot name a version: it is the name of a stage"),
    "version name latest": (("register", "iris", "--version", "latest"), 2, "'latest' cannot name a version: it is a reserved word"),
    "version name of 300 characters": (("register", "iris", "--version", LONG), 2, f"'{LONG}' cannot name a version: it has 300 characters, 128 are allowed"),
    "version name with a slash": (("register", "iris", "--version", "../x"), 2, f"'../x' cannot name a version: {NAME}"),
    "version name with a newline": (("register", "iris", "--version", "a\n"), 2, f"'a\\n' cannot name a version: {NAME}"),
    "empty version name": (("register", "iris", "--version", ""), 2, f"'' cannot name a version: {NAME}"),
    "selector without a version": (("show", "iris@"), 2, f"'iris@' {SELECTOR}"),
    "selector like an option": (("show", "iris@-x"), 2, f"'iris@-x' {SELECTOR}"),
    "selector with a newline": (("show", "iris@a\nb"), 2, f"'iris@a\\nb' {SELECTOR}"),
    "selector with terminal escapes": (("show", "iris@\x1b[31m"), 2, f"'iris@\\x1b[31m' {SELECTOR}"),
    "metric NaN": (("register", "iris", "--metric", "auc=NaN"), 2, "metric 'auc': NaN is not a finite number"),
    "metric infinite": (("register", "iris", "--metric", "auc=-inf"), 2, "metric 'auc': -inf is not a finite number"),
    "metric too large": (("register", "iris", "--metric", "auc=1e999"), 2, "metric 'auc': 1e999 is not a finite number"),
    "metric of text": (("register", "iris", "--metric", "auc=high"), 2, "metric 'auc': expected a number, found 'high'"),
    "metric of much text": (("register", "iris", "--metric", "auc=" + LONG), 2, f"metric 'auc': expected a number, found '{LONG[:59]}…'"),
    "metric of a boolean": (("register", "iris", "--metric", "auc=true"), 2, "metrics.auc: expected a number, found true"),
    "metric of a list": (("register", "iris", "--metric", "auc:=[1]"), 2, "metrics.auc: expected a number, found a list"),
    "metric without a value": (("register", "iris", "--metric", "auc"), 2, "'auc' is not KEY=VALUE"),
    "metric given twice": (("register", "iris", "--metric", "auc=1", "--metric", "auc=1"), 2, "'auc' is given twice"),
    "param that is not JSON": (("register", "iris", "--param", "a:={"), 2, "'a:={': this is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    "param nested 100,000 deep": (("register", "iris", "--param", "a:=" + "[" * 100_000), 2, f"'a:={'[' * 56}…': this is not JSON: it is nested too deep"),
    "param of 5,000 digits": (("register", "iris", "--param", "a:=" + "1" * 5000), 2, f"'a:={'1' * 56}…': this is not JSON: a number has too many digits"),
    "artifact without a file": (("register", "iris", "--artifact", "model=gone.bin"), 2, "artifact 'model': there is no file 'gone.bin'\n  try: give an address (s3://…) or the path of a file"),
    "recorded metric": (("update", "iris@1", "--metric", "accuracy=1"), 4, "metrics.accuracy of iris@1 is recorded and cannot change: the version is ready\n  try: gitreg register iris"),
    "holder yanked": (("yank", "iris@1", "--reason", "x"), 4, "iris@1 holds production: a holder is not yanked\n  try: gitreg rollback iris production"),
    "holder not as expected": (("promote", "iris@3", "staging", "--expect", "none"), 4, "staging of 'iris' is held by 2, expected none\n  try: gitreg list iris"),
    "expect of text": (("promote", "iris@3", "staging", "--expect", "two"), 2, "--expect takes a version's number or 'none', found 'two'"),
    "nothing to roll back to": (("rollback", "iris", "staging"), 3, "staging of 'iris' has no previous version to go back to\n  try: gitreg list iris"),
    "unknown revision": (("--at", "v9", "list"), 3, "there is no revision 'v9', and a date is written 2026-11-22\n  try: git log --oneline"),
    "empty revision": (("--at", "", "list"), 3, "there is no revision '', and a date is written 2026-11-22\n  try: git log --oneline"),
    "revision like an option": (("--at", "--all", "list"), 3, "there is no revision '--all', and a date is written 2026-11-22\n  try: git log --oneline"),
    "date before the registry": (("--at", "2020-01-01", "list"), 3, "the registry has no commit as old as 2026-11-22 07:24 UTC\n  try: git log --first-parent"),
    "no such date": (("--at", "2026-13-01", "list"), 2, "'2026-13-01' is not a date: month must be in 1..12"),
    "at on a write": (("--at", "HEAD", "promote", "iris@3", "staging"), 2, "--at does not go with this command\n  try: gitreg promote --help"),
    "dry run of a read": (("--dry-run", "list"), 2, "--dry-run does not go with this command\n  try: gitreg list --help"),
    "unknown branch": (("--branch", "nope", "list"), 3, "there is no branch 'nope'\n  try: gitreg init --branch nope"),
    "branch out of refs": (("--branch", "../x", "list"), 2, "'../x' cannot name a branch"),
    "unknown folder": (("-R", "/nonexistent", "list"), 3, "there is no folder '/nonexistent'"),
    "an address that runs a program": (("-R", "ext::sh -c true", "list"), 2, "'ext::sh -c true' cannot be followed: an address begins with https, http, ssh, git or file"),
    "a repository that is not there": (("-R", "file:///nonexistent.git", "list"), 3, "there is no repository at file:///nonexistent.git: '/nonexistent.git' does not appear to be a git repository; Could not read from remote repository."),
    "an address that nobody fetched": (("-R", "https://example.org/x.git", "--no-fetch", "list"), 3, "nothing was fetched from https://example.org/x.git yet\n  try: leave --no-fetch out"),
    "a write without a fetch": (("--no-fetch", "promote", "iris@3", "production"), 2, "--no-fetch does not go with this command\n  try: gitreg promote --help"),
    "unknown schema": (("schema", "nope"), 3, "no schema 'nope': there are gitreg, model, stages, manifest\n  try: gitreg schema"),
    "unknown shell": (("completion", "powershell"), 2, "invalid value for '{bash|zsh|fish}': 'powershell' is not one of 'bash', 'zsh', 'fish'\n  try: gitreg completion --help"),
    "a registry twice": (("init",), 4, "there is a registry in '.' already\n  try: gitreg list"),
}  # fmt: skip


@pytest.fixture
def untouched(iris, git):
    """Tell at the end whether a ref, the index or a file of the worktree moved."""

    def state():
        files = {path: path.read_bytes() for path in Path(iris.path).rglob("*") if path.is_file() and ".git/" not in f"{path}"}
        return git(iris.path, "for-each-ref"), git(iris.path, "status", "--short"), files

    before = state()
    yield
    assert state() == before


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("case", WORDS)
def test_bad_words_are_refused_and_change_nothing(cli, case):
    args, code, sentence = WORDS[case]

    assert cli(*args) == Said(code, "", f"gitreg: {sentence}\n")


@pytest.mark.usefixtures("untouched")
def test_a_name_that_is_taken_is_a_conflict(cli):
    said = cli("--dry-run", "register", "iris", "--version", "1.0.5")
    assert said.code == 0

    assert cli("model", "register", "iris") == Said(4, "", "gitreg: model 'iris' exists already\n")


def test_a_version_name_that_is_taken_is_a_conflict(cli, iris):
    cli("register", "iris", "--version", "1.0.5")
    before = iris.snapshot().commit

    said = cli("register", "iris", "--version", "1.0.5")

    assert said == Said(4, "", "gitreg: version '1.0.5' of 'iris' exists already: it is number 4\n  try: gitreg show iris@1.0.5\n")
    assert iris.snapshot().commit == before


CONFIG, STAGES_FILE, MANIFEST = "gitreg.yaml", "models/iris/stages.yaml", "models/iris/versions/3.yaml"
FORMAT_2 = "this registry has format 2, this gitreg knows 1\n  try: install a newer gitreg"
KNOWN = "number, version, status, created_at, created_by, description, tags, metrics, params, metadata, artifacts, links, run, later_runs, yanked"


def swap(old, new):
    return lambda data: data.replace(old, new)


def ending(more):
    return lambda data: data + more


FILES = {
    "format that is newer": (CONFIG, swap(b"format: 1", b"format: 2"), f"gitreg.yaml:3: format: {FORMAT_2}"),
    "configuration that is empty": (CONFIG, lambda _: b"", "gitreg.yaml:1: expected a map, found nothing"),
    "truncated in a text": (MANIFEST, lambda data: data[: data.index(b"created_at") + 24], f"{MANIFEST}:5: this is not YAML: found unexpected end of stream"),
    "truncated between keys": (MANIFEST, lambda data: data[: data.index(b"created_at")], f"{MANIFEST}:1: created_at: this key is missing"),
    "conflict markers": (STAGES_FILE, swap(b"  number: 1\n", b"<<<<<<< HEAD\n  number: 1\n=======\n  number: 3\n>>>>>>> other\n"), f"{STAGES_FILE}:11: an unresolved merge conflict stands here"),
    "conflict markers in a manifest": (MANIFEST, swap(b"status: ready\n", b"<<<<<<< HEAD\nstatus: ready\n=======\nstatus: failed\n>>>>>>> other\n"), f"{MANIFEST}:4: an unresolved merge conflict stands here"),
    "duplicate key": (MANIFEST, ending(b"status: failed\n"), f"{MANIFEST}:9: duplicate key 'status'"),
    "duplicate stage": (STAGES_FILE, ending(b"\nstaging:\n  number: 3\n"), f"{STAGES_FILE}:16: duplicate key 'staging'"),
    "anchor": (MANIFEST, swap(b"status: ready", b"status: &a ready"), f"{MANIFEST}:4: anchors are not allowed"),
    "alias": (STAGES_FILE, swap(b"archived: []", b"archived: *a"), f"{STAGES_FILE}:14: aliases are not allowed"),
    "tag": (MANIFEST, swap(b"status: ready", b"status: !!python/object:os.system ready"), f"{MANIFEST}:4: tags are not allowed"),
    "50 MB": (MANIFEST, ending(b"#" * 50_000_000), f"{MANIFEST}: the file has 50,000,213 bytes, 1,048,576 are allowed"),
    "nested 100,000 deep": (MANIFEST, ending(b"metadata: " + b"[" * 100_000), f"{MANIFEST}:9: this is nested deeper than 20 levels"),
    "unknown key": (MANIFEST, ending(b"colour: red\n"), f"{MANIFEST}:9: colour: unknown key; known are {KNOWN}"),
    "not UTF-8": (MANIFEST, ending(b"description: \xff\n"), f"{MANIFEST}:9: this is not UTF-8"),
    "metric NaN": (MANIFEST, swap(b"accuracy: 0.97", b"accuracy: .nan"), f"{MANIFEST}:8: .nan is not a finite number"),
    "metric of text": (MANIFEST, swap(b"accuracy: 0.97", b"accuracy: high"), f"{MANIFEST}:8: metrics.accuracy: expected a number, found 'high'"),
    "number of another version": (MANIFEST, swap(b"number: 3", b"number: 4"), f"{MANIFEST}: number: the file is version 3's, but says 4"),
    "pointers that are a list": (STAGES_FILE, lambda _: b"- production\n", f"{STAGES_FILE}:1: expected a map, found a list"),
    "stage that nobody knows": (STAGES_FILE, ending(b"\nprod:\n  number: 3\n  previous: []\n"), f"{STAGES_FILE}:16: prod: gitreg.yaml knows no stage 'prod': it has development, staging, production"),
}  # fmt: skip


def planted(git, folder, path, change):
    """Change a file by hand and commit it with plain git."""
    file = Path(folder, path)
    file.write_bytes(change(file.read_bytes()))
    git(folder, "commit", "-am", "by hand")


@pytest.mark.parametrize("case", FILES)
def test_a_broken_file_is_named_by_whoever_reads_it(cli, iris, git, case):
    path, change, sentence = FILES[case]
    planted(git, iris.path, path, change)
    before = git(iris.path, "for-each-ref")

    said = {command: cli(*command.split()) for command in ("list", "list iris", "show iris@3", "promote iris@3 staging", "update iris@3 --tag x")}

    hint = "" if "\n  try: " in sentence else "\n  try: gitreg check"
    assert said == dict.fromkeys(said, Said(6, "", f"gitreg: {sentence}{hint}\n"))
    assert git(iris.path, "for-each-ref") == before
    assert git(iris.path, "status", "--short") == ""


@pytest.mark.parametrize("case", FILES)
def test_check_finds_a_broken_file(cli, iris, git, case):
    path, change, _ = FILES[case]
    planted(git, iris.path, path, change)

    said = cli("check")

    assert (said.code, said.err) == (1, "")
    assert path in said.out


@pytest.mark.parametrize("case", [case for case in FILES if FILES[case][0] == MANIFEST and case != "50 MB"])
def test_a_broken_file_stops_only_those_who_read_it(cli, iris, git, case):
    path, change, _ = FILES[case]
    planted(git, iris.path, path, change)

    assert cli("get", "iris@production", "number") == Said(0, "1\n")
    assert cli("promote", "iris@1", "staging").code == 0


def test_a_stage_that_points_to_a_missing_version_is_named(cli, iris, git):
    planted(git, iris.path, STAGES_FILE, swap(b"number: 1", b"number: 9"))

    refused = Said(6, "", f"gitreg: {STAGES_FILE}:11: production: production points to version 9, which does not exist\n  try: gitreg promote iris@VERSION production\n")
    assert cli("show", "iris@production") == refused
    assert cli("promote", "iris@production", "staging") == refused
    assert cli("get", "iris@staging", "number") == Said(0, "2\n")
    assert cli("check").code == 1


def test_no_git_identity_gets_a_fallback_and_a_note(cli, iris, git, hermetic, monkeypatch):
    (hermetic / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("LOGNAME", "login")

    said = cli("register", "iris")

    who = git(iris.path, "log", "-1", "--format=%an <%ae>")
    assert said == Said(0, "iris@4\n", (
        f"note: git knows no name for you, this was committed as {who}; set one: git config --global user.name NAME, user.email ADDRESS\n"
        "iris: register 4 [cccccccc]\n"
    ))  # fmt: skip
    assert who


NOWHERE = ("list", "show iris", "get iris number", "history", "check", "doctor", "register iris", "promote iris staging")


def test_no_repository_is_not_found(run):
    said = {command: run(*command.split()) for command in NOWHERE}

    assert said == dict.fromkeys(NOWHERE, Said(3, "", "gitreg: there is no git repository in '.' or above it\n  try: gitreg init\n"))
    assert not os.listdir(".")


def test_an_empty_repository_is_not_found(run, git, tmp_path):
    git(tmp_path, "init")

    said = {command: run(*command.split()) for command in NOWHERE}

    assert said == dict.fromkeys(NOWHERE, Said(3, "", "gitreg: the repository of '/tmp' has no commits yet\n  try: gitreg init\n"))


def test_a_repository_without_a_registry_is_not_found(run, git, tmp_path):
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "code")

    said = {command: run(*command.split()) for command in NOWHERE}

    assert said == dict.fromkeys(NOWHERE, Said(3, "", "gitreg: the repository of '/tmp' holds no registry in main\n  try: gitreg init\n"))


def test_a_detached_head_is_read_and_not_written(cli, iris, git):
    git(iris.path, "checkout", "--detach")
    before = git(iris.path, "rev-parse", "HEAD")

    reads = [cli(*command.split()).code for command in ("list", "show iris", "get iris number", "history", "check", "doctor")]
    writes = {command: cli(*command.split()) for command in ("register iris", "promote iris@3 staging", "model register rose")}

    assert reads == [0] * 6
    assert writes == dict.fromkeys(writes, Said(4, "", "gitreg: HEAD is detached: there is no branch to commit to\n  try: git switch BRANCH\n"))
    assert git(iris.path, "rev-parse", "HEAD") == before


@pytest.fixture
def mounted(tmp_path):
    """Mount a small disk; give a function that mounts it again with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode == 0

    if not mount("-t", "tmpfs", "-o", "size=2m", "tmpfs"):
        pytest.skip("this machine lets nobody mount a disk")
    yield mount
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


WRITES = ("register iris", "promote iris@1 staging", "model register rose", "init other")


def test_a_full_disk_is_busy_and_loses_nothing(run, mounted, git, tmp_path, monkeypatch):
    assert run("init", "disk/registry").code == 0
    monkeypatch.chdir(tmp_path / "disk/registry")
    assert run("register", "iris").code == 0
    fill = tmp_path / "disk/fill"
    with pytest.raises(OSError, match="No space left"):
        fill.write_bytes(bytes(3_000_000))

    full = {command: run(*command.split()) for command in WRITES}
    read = run("get", "iris", "number")
    fill.unlink()

    assert {said.code for said in full.values()} == {7}
    assert all(said.out == "" and said.err.startswith("gitreg: ") and "No space left on device" in said.err for said in full.values())
    wording = r"gitreg: cannot write to '/tmp/disk/registry/\.git/\w+': No space left on device\n"  # objects or journal: whoever is first
    assert re.fullmatch(wording, full["register iris"].err)
    assert read == Said(0, "1\n")
    assert git(".", "status", "--short") in ("", "?? other/")
    assert run("register", "iris") == Said(0, "iris@2\n", "iris: register 2 [cccccccc]\n")
    assert run("check").code == 0


def test_a_read_only_disk_is_read_and_not_written(run, mounted, tmp_path, monkeypatch):
    run("init", "disk/registry")
    monkeypatch.chdir(tmp_path / "disk/registry")
    run("register", "iris")
    mounted("-o", "remount,ro")

    writes = {command: run(*command.split()) for command in WRITES}

    assert run("get", "iris", "number") == Said(0, "1\n")
    assert run("check").code == 0
    assert run("doctor") == Said(0, "", "nothing was left behind; whether the files are sound: gitreg check\n")
    assert run("doctor", "--fix").code == 7
    assert writes.pop("init other") == Said(7, "", "gitreg: cannot make the folder 'other': Read-only file system\n")
    assert writes == dict.fromkeys(writes, Said(7, "", "gitreg: the lock in '/tmp/disk/registry/.git' cannot be taken: Read-only file system\n"))


def as_nobody_special(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command without root's right to write everywhere, which tests in CI have."""
    drop = "-dac_override,-dac_read_search"
    privileges = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"] if os.geteuid() == 0 else []
    return subprocess.run([*privileges, sys.executable, "-m", "gitreg", *command], capture_output=True, text=True, check=False)


def test_a_read_only_folder_is_read_and_not_written(iris):
    folders = [os.path.join(iris.path, folder) for folder in ("", ".git", ".git/objects", ".git/gitreg")]
    for folder in folders:
        os.chmod(folder, 0o555)

    read, written = as_nobody_special("-R", iris.path, "get", "iris", "number"), as_nobody_special("-R", iris.path, "register", "iris")

    for folder in folders:
        os.chmod(folder, 0o755)
    assert (read.returncode, read.stdout) == (0, "3\n")
    assert (written.returncode, written.stdout) == (7, "")
    assert written.stderr.startswith("gitreg: ")
    assert "Permission denied" in written.stderr
