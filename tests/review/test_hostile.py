"""A pull request of an enemy: everything bad is named, nothing of it is run, and every report of it is inert."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from gitreg import Registry
from tests import gfm

CONFIG, CARD, STAGES = "gitreg.yaml", "models/iris/model.yaml", "models/iris/stages.yaml"
POLICY = "production: {from: [staging], require: [{name: good, expr: candidate.metrics.accuracy >= 0.95}]}"
FILE, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
LARGEST = 1 << 30  # bytes of address space that a check may have
PATIENCE = 60  # seconds
FORMATS = ("table", "json", "jsonl", "yaml", "csv", "markdown", "github", "sarif", "junit", "gitlab")
TRAPS = r"\u001b]0;owned\u0007\u001b[31m\u202e ::error::forged <img src=x onerror=alert(1)> [a](http://evil.example) ![b](http://evil.example/b.png) @everyone #1 | ` ``` ##[error]x ##vso[task.complete]"
HIDDEN = {"newline": "models/iris/a\n::error::b.yaml", "bytes": b"models/caf\xe9/model.yaml".decode("utf-8", "surrogateescape")}


def manifest(number):
    return f"models/iris/versions/{number}.yaml"


def version(number, *more, name="", author="x", status="ready"):
    lines = [f"number: {number}", f'version: "{name or number}"', f"status: {status}", 'created_at: "2026-11-22T07:24:31Z"', f'created_by: "{author}"', *more]
    return "\n".join(lines) + "\n"


BOMB = version(7, "metadata:", "  a: &a [x, x, x, x, x, x, x, x, x]", *(f"  {b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)))
NEW = {
    manifest(5): (LINK, "/etc/passwd"),
    manifest(6): (FILE, version(6, "description: " + "a" * 10_000_000)),
    manifest(7): (FILE, BOMB),
    manifest(8): (FILE, version(8, f'description: "{TRAPS}\\n::set-output name=x::y\\n::error::z"', f'tags: ["{TRAPS}"]', 'metrics: {"@everyone <b>": 1, "::x": 2}', author=TRAPS)),
    manifest(9): (FILE, version(9, name=r"\e[31mred\e]0;x\a")),
    manifest(10): (SUBMODULE, "1" * 40),
    manifest(11): (FILE, version(11, "description: |", "  fine\rstatus: failed", "status: ready")),
    manifest(12): (FILE, version(12, "description: a\0b")),
    manifest(13): (FILE, version(13, "description: " + "b" * 900_000)),
    manifest(14): (FILE, version(14, status=f'"{TRAPS}"')),
    manifest(15): (FILE, b"number: 15\nversion: \"\xff\"\n"),
    manifest(16): (FILE, "metadata: " + "[" * 200_000),
    "models/iris/versions/999999000/999999999.yaml": (FILE, version(999_999_999)),
    "models/iris/sub": (SUBMODULE, "2" * 40),
    "models/iris/hooks/post-checkout": (EXECUTABLE, "#!/bin/sh\ntouch \"$TRAP\"\n"),
    "models/.gitattributes": (FILE, "* filter=trap diff=trap merge=trap\n"),
    "models/iris/.gitmodules": (FILE, "[submodule \"sub\"]\n"),
    "models/::set-output name=x::y/model.yaml": (FILE, "name: x\n"),
    "models/$(touch pwned);`id`/model.yaml": (FILE, "name: x\n"),
    "models/%0A##[error]/model.yaml": (FILE, "name: x\n"),
    "models/<img src=x>@everyone[a](b)/stages.yaml": (FILE, "production: {number: 1, previous: []}\n"),
    HIDDEN["newline"]: (FILE, "x\n"),
    HIDDEN["bytes"]: (FILE, "name: x\n"),
    ".gitattributes": (FILE, "* filter=trap diff=trap merge=trap ident -text\n*.yaml -diff\n"),
    ".gitmodules": (FILE, '[submodule "sub"]\n\tpath = models/iris/sub\n\turl = https://evil.example\n\tignore = all\n[submodule "ten"]\n\tpath = models/iris/versions/10.yaml\n\turl = ../x\n\tignore = all\n'),
    ".github/workflows/ci.yml": (FILE, "on: pull_request_target\n"),
    ".github/workflows/a\nb.yml": (FILE, "on: pull_request_target\n"),
    CONFIG: (FILE, "format: 1\nstages:\n  development: {}\n  staging: {}\n  production: {}\n"),
}

NAMED = {
    "a manifest that is a link": ("R07", manifest(5), 0),
    "10 MB of YAML": ("R01", manifest(6), 0),
    "an alias bomb": ("R01", manifest(7), 7),
    "a gate that the branch switches off": ("T04", STAGES, 11),
    "a holder that is forgotten": ("T05", STAGES, 11),
    "terminal escapes in a name": ("R02", manifest(9), 2),
    "a manifest that is a submodule": ("R07", manifest(10), 0),
    "a carriage return that hides a line": ("R01", manifest(11), 8),
    "a NUL byte": ("R01", manifest(12), 6),
    "a word of a stranger's": ("R02", manifest(14), 3),
    "a file that is not UTF-8": ("R01", manifest(15), 2),
    "brackets without end": ("R01", manifest(16), 1),
    "a number far away": ("R04", manifest(17), 0),
    "a policy beside a promotion": ("T07", CONFIG, 0),
    "a recorded metric": ("T01", manifest(1), 8),
    "a removed manifest": ("T02", manifest(3), 0),
    "an edited workflow": ("T07", ".github/workflows/ci.yml", 0),
    "a workflow with a line break in its name": ("T07", ".github/workflows/a\nb.yml", 0),
    "attributes for the whole repository": ("T07", ".gitattributes", 0),
    "attributes among the models": ("R08", "models/.gitattributes", 0),
    "a submodule that .gitmodules says to ignore": ("R07", "models/iris/sub", 0),
    "an executable manifest": ("R07", manifest(2), 0),
    "a file that looks like a hook": ("R07", "models/iris/hooks/post-checkout", 0),
    "modules among the models": ("R08", "models/iris/.gitmodules", 0),
    "a model called like a command of a CI log": ("R06", "models/::set-output name=x::y", 0),
    "a model called like a command of a shell": ("R06", "models/$(touch pwned);`id`", 0),
    "a model called like HTML": ("R06", "models/<img src=x>@everyone[a](b)", 0),
    "a path with a line break": ("R08", HIDDEN["newline"], 0),
    "a path that is not UTF-8": ("R08", r"models/caf\udce9/model.yaml", 0),
}


def staged(git, folder, path, mode, content):
    """Put a file into the index whatever a checkout would say."""
    data = content if isinstance(content, bytes) else content.encode()
    blob = content if mode == SUBMODULE else subprocess.run(["git", "-C", folder, "hash-object", "-w", "--stdin"], input=data, check=True, capture_output=True).stdout.decode().strip()
    entry = f"{mode} {blob}\t{path}\0".encode("utf-8", "surrogateescape")
    subprocess.run(["git", "-C", folder, "update-index", "-z", "--index-info"], input=entry, check=True)


@pytest.fixture
def enemy(iris, git):
    """Return a registry on ``main``, and a branch ``evil`` beside it that is checked out nowhere."""
    folder = Path(iris.path)
    config = folder / CONFIG
    config.write_text(config.read_text().replace("production: {}", POLICY))
    git(folder, "commit", "-qam", "policy")
    iris.register("iris", metrics={"accuracy": 0.5})
    first, pointers = (folder / manifest(1)).read_text(), (folder / STAGES).read_text()
    git(folder, "switch", "-qc", "evil")
    for path, (mode, content) in NEW.items():
        staged(git, str(folder), path, mode, content)
    staged(git, str(folder), manifest(1), FILE, first.replace("accuracy: 0.91", "accuracy: 0.99"))
    staged(git, str(folder), manifest(2), EXECUTABLE, (folder / manifest(2)).read_text())
    staged(git, str(folder), STAGES, FILE, pointers.replace("number: 1\n", "number: 8\n"))
    git(folder, "update-index", "--force-remove", manifest(3))
    git(folder, "commit", "-qm", "::error::harmless \x1b[31m @everyone")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git(folder, "reset", "-q", "--hard")
    return folder


def gitreg(folder, *args, code=(0, 1), **options):
    """Run a command in a process that has neither much memory nor much time."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (LARGEST, LARGEST))  # noqa: E731
    command = [*options.pop("under", ()), sys.executable, "-m", "gitreg", "-R", str(folder), *args]
    done = subprocess.run(command, check=False, capture_output=True, preexec_fn=limit, timeout=PATIENCE, cwd=folder, **options)
    assert done.returncode in code, done.stderr
    return done.stdout.decode(), done.stderr.decode()


def test_each_trick_is_named_with_its_file_and_line(enemy):
    with Registry.open(enemy) as registry:
        found = {(f.rule, f.path, f.line) for f in registry.check("main", "evil")}

    assert {trick for trick, place in NAMED.items() if place not in found} == set()


def test_a_checkout_of_the_enemy_is_judged_alike(enemy, git):
    with Registry.open(enemy) as registry:
        before = registry.check("main", "evil")
    git(enemy, "switch", "-q", "evil")

    out, _ = gitreg(enemy, "check", "main..HEAD", "--format", "json")

    assert [f["message"] for f in json.loads(out)["findings"]] == [f.message for f in before]


@pytest.mark.parametrize("policy", [None, (FILE, "stages: ["), (FILE, "#" * 2_000_000), (LINK, "/etc/passwd"), (SUBMODULE, "3" * 40)], ids=["removed", "not YAML", "too large", "a link", "a submodule"])
def test_a_branch_that_spoils_the_policy_is_named_even_where_it_is_checked_out(iris, git, policy):
    git(iris.path, "switch", "-qc", "evil")
    git(iris.path, "update-index", "--force-remove", CONFIG)
    if policy:
        staged(git, iris.path, CONFIG, *policy)
    git(iris.path, "commit", "-qm", "evil")

    out, _ = gitreg(iris.path, "check", "main..HEAD", "--format", "json", code=(1,))

    assert {f["path"] for f in json.loads(out)["findings"]} == {CONFIG}


def planted(folder, git):
    """Set a trap wherever git could run something, and return the file that tells."""
    trap = folder.parent / "trap"
    run = f"touch {trap}; cat"
    for key in ("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "diff.trap.textconv", "diff.trap.command", "merge.trap.driver", "core.fsmonitor", "diff.external", "core.pager", "pager.log", "gpg.program", "core.sshCommand", "core.alternateRefsCommand"):
        git(folder, "config", key, run)
    git(folder, "config", "log.showSignature", "true")
    hooks = folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "pre-commit", "reference-transaction", "post-rewrite", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\n{run}\n")
        (hooks / hook).chmod(0o755)
    return trap


def test_the_traps_are_traps(enemy, git):
    git(enemy, "switch", "-q", "evil")
    trap = planted(enemy, git)

    git(enemy, "diff", "main", "evil", check=False)

    assert trap.exists()


@pytest.mark.parametrize("command", [("check",), ("diff", "--format", "markdown")], ids=["check", "diff"])
def test_nothing_runs_but_git_itself(enemy, git, command, tmp_path):
    (enemy / "models/iris/notes.txt").write_text("a commit on main, so that there is something to merge")
    git(enemy, "add", "-A")
    git(enemy, "commit", "-qm", "a note")
    git(enemy, "switch", "-q", "evil")
    trap = planted(enemy, git)
    log = tmp_path / "calls"
    under = ("strace", "-f", "-qq", "-s", "200", "-e", "trace=execve", "-o", str(log)) if shutil.which("strace") else ()

    gitreg(enemy, *command, "main..evil", under=under, env={**os.environ, "TRAP": str(trap), "GIT_EXTERNAL_DIFF": f"touch {trap}"})

    assert not trap.exists()
    started = {os.path.basename(found) for found in re.findall(r'execve\("([^"]+)".* = 0$', log.read_text(), re.MULTILINE)} if under else set()
    assert started <= {"git", os.path.basename(sys.executable), os.path.basename(os.path.realpath(sys.executable))}


def test_the_checkout_stays_as_it_is(enemy, git):
    before = git(enemy, "status", "--porcelain"), sorted(path.name for path in enemy.parent.iterdir())

    for command in ("check", "diff"):
        gitreg(enemy, command, "main..evil")

    assert (git(enemy, "status", "--porcelain"), sorted(path.name for path in enemy.parent.iterdir())) == before


def loud(text):
    """Return what a terminal, or the log of a CI system, would obey in *text*."""
    return [line for line in text.split("\n") if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", line) or line.lstrip().startswith("::") or re.search(r"##(\[|vso\[|teamcity\[)", line)]


@pytest.mark.parametrize("form", FORMATS)
def test_no_report_of_check_is_obeyed(enemy, form):
    out, err = gitreg(enemy, "check", "main..evil", "--format", form, code=(1,))

    lines = out.splitlines()
    if form == "github":
        assert len(lines) <= 20
        assert all(re.fullmatch(r"::(error|warning) (file=[^,:]+,(line=\d+,)?)?title=[A-Za-z0-9 ]+::.*", line) for line in lines)
        out = "\n".join(line.partition(" ")[2] for line in lines)
    assert loud(out) == []
    assert loud(err) == []
    if form in ("json", "sarif", "gitlab"):
        json.loads(out)
    if form == "junit":
        ET.fromstring(out)


@pytest.mark.parametrize("form", FORMATS[:6])
def test_no_form_of_diff_is_obeyed(enemy, form):
    out, err = gitreg(enemy, "diff", "main..evil", "--format", form)

    assert loud(out) == []
    assert loud(err) == []
    assert len(out) < 16_000_000


def _tokens(text):
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("limit", ["1000", "65536", "1048576", "100000000"])
def test_the_comment_is_inert_at_any_length(enemy, limit):
    out, _ = gitreg(enemy, "diff", "main..evil", "--format", "markdown", "--limit", limit)

    tokens = list(_tokens(out))
    assert {token.type for token in tokens} & {"link_open", "image", "s_open"} == set()
    assert gfm.tags(gfm.rendered(out)) & {"a", "img", "del", "em", "input", "script"} == set()
    assert {token.content for token in tokens if token.type == "html_inline"} == set()
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert set(blocks) <= {"<!-- gitreg diff: this comment is updated in place -->", "<details><summary>The files</summary>", "</details>"}
    assert len(out.encode()) <= int(limit)
    assert "against it" in out
    for token in tokens:
        assert token.type != "text" or not re.search(r"[@#<>]|evil|http|owned", token.content), token.content


def test_a_command_to_type_runs_nothing_of_the_enemy(enemy):
    with Registry.open(enemy) as registry:
        fixes = [f.fix for f in registry.check("main", "evil") if "$(" in f.fix or "<img" in f.fix or "::" in f.fix]

    assert fixes
    for fix in fixes:
        words = subprocess.run(["bash", "-c", f"printf '%s\\n' {fix}"], check=True, capture_output=True, text=True, cwd=enemy).stdout
        assert words.split()[:2] in (["git", "rm"], ["gitreg", "doctor"], ["gitreg", "promote"])
    assert not (enemy / "pwned").exists()


def many(folder, git, paths):
    blob = subprocess.run(["git", "-C", folder, "hash-object", "-w", "--stdin"], input=b"x: 1\n", check=True, capture_output=True).stdout.decode().strip()
    git(folder, "switch", "-qc", "evil")
    git(folder, "update-index", "--index-info", input="".join(f"{FILE} {blob}\t{path}\n" for path in paths))
    git(folder, "commit", "-qm", "many")
    git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    git(folder, "reset", "-q", "--hard")


@pytest.mark.parametrize("shape", ["models/iris/stray-{}.txt", "models/m{}/model.yaml", "models/iris/versions/{}.yaml", "models/a/b{}/c/stages.yaml"])
def test_very_many_files_take_their_time_and_no_more(iris, git, shape):
    many(iris.path, git, [shape.format(number) for number in range(10, 5_000)])

    out, _ = gitreg(iris.path, "check", "main..evil", "--format", "json", code=(1,))

    assert len(json.loads(out)["findings"]) > 1000


WIDE = {
    "unknown keys": (manifest(4), version(4, *(f"k{i}: 1" for i in range(40_000)))),
    "stages": (STAGES, "".join(f"s{i}:\n  number: {i}\n  previous: [{i}]\n" for i in range(1, 15_000))),
    "previous": (STAGES, f"production:\n  number: 1\n  previous: [{','.join(str(i * 1000) for i in range(1, 60_000))}]\n"),
    "archived": (STAGES, f"archived: [{','.join(map(str, range(1, 60_000)))}]\n"),
    "gates": (CONFIG, "format: 1\nstages:\n  production:\n    require:\n" + "".join(f"      - {{name: g{i}, expr: '{expr}'}}\n" for i, expr in enumerate(["(" * 4000, "(" * 4000 + "1" + ")" * 4000, "!" * 9000 + "true", "[" * 4000 + "]" * 4000, "a" + ".a" * 4000, "true" + "?true:true" * 900]))),
}


@pytest.mark.parametrize("case", WIDE)
def test_a_file_of_very_many_faults_is_told_in_its_first(iris, git, case):
    git(iris.path, "switch", "-qc", "evil")
    staged(git, iris.path, WIDE[case][0], FILE, WIDE[case][1])
    git(iris.path, "commit", "-qm", "wide")

    out, _ = gitreg(iris.path, "check", "main..evil", "--format", "json", code=(1,))

    assert 4 <= len(json.loads(out)["findings"]) <= 210


def test_a_registry_in_a_folder_cannot_be_replaced_by_one_above_it(tmp_path, git):
    git(tmp_path, "init", "-q", "code")
    with Registry.init(tmp_path / "code/registry") as registry:
        registry.register("iris", metrics={"accuracy": 0.5})
        config = tmp_path / "code/registry" / CONFIG
        config.write_text(config.read_text().replace("production: {}", POLICY))
        git(tmp_path / "code", "commit", "-qam", "policy")
    git(tmp_path / "code", "switch", "-qc", "evil")
    with Registry.open(tmp_path / "code/registry") as registry:
        registry.promote("iris@1", "production", force=True)
    git(tmp_path / "code", "mv", f"registry/{CONFIG}", CONFIG)
    staged(git, str(tmp_path / "code"), ".github/workflows/ci.yml", FILE, "on: push\n")
    git(tmp_path / "code", "commit", "-qm", "moved")

    out, _ = gitreg(tmp_path / "code/registry", "check", "main..HEAD", "--format", "json", code=(1,))

    found = {(f["rule"], f["path"]) for f in json.loads(out)["findings"]}
    assert {("T02", CONFIG), ("T04", STAGES), ("T07", "../.github/workflows/ci.yml")} <= found


def test_a_line_break_in_a_request_is_no_second_request(iris):
    reader = iris.location.repo.reader

    assert reader.read(f"HEAD:models/a\ncontents HEAD:{CONFIG}") is None
    assert reader.info("HEAD:\nHEAD") is None
    assert reader.info("HEAD").type == "commit"


def test_a_patch_of_very_large_files_is_cut_and_says_so(iris, git):
    git(iris.path, "switch", "-qc", "evil")
    for number in range(8):
        staged(git, iris.path, f"models/iris/stray-{number}", FILE, f"{number} line\n" * 120_000)
    staged(git, iris.path, "models/iris/larger", FILE, "line\n" * 1_000_000)
    git(iris.path, "commit", "-qm", "large")

    raw = iris.diff("main", "evil").raw

    assert len(raw) < 5_000_000
    assert "larger differ" in raw
    assert raw.endswith("(the rest is left out: it is too long)\n")
