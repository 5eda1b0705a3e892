"""What CI needs: files that validate, and steps that do what they say when bash runs them on real repositories."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import threading
import zipfile
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

import gitreg
from benchmarks import servers
from gitreg import Registry, ci
from gitreg.errors import ConflictError, UsageError
from tests.forges import servers as forges
from tests.pages import ROOT

TOOLS = Path(sys.executable).parent
ZEROS = "0" * 40
OURS = "gitreg[review] @ git+https://example.org/tools/gitreg@" + "1f" * 20
HOME = ci.Site("main", "", OURS)


# -- how a host runs a step ----------------------------------------------------------------------------------


class Ran(NamedTuple):
    """What a job did: whether it ended well, what its steps printed, their outputs, its summary."""

    ok: bool
    said: str
    outputs: dict[str, dict[str, str]]
    summary: str


_TOKEN = re.compile(r"'[^']*'|&&|\|\||==|!=|!?cancelled\(\)|[A-Za-z_][\w.-]*|[()]")
_MEANS = {"&&": "and", "||": "or", "!cancelled()": "True"}


def evaluated(expression: str, contexts: dict):
    """Return what GitHub makes of an expression: names, texts, ``== != && ||``."""

    def name(token: str) -> str:
        found = contexts
        for part in token.split("."):
            found = found.get(part, "") if isinstance(found, dict) else ""
        return repr(found)

    inner = expression.strip().removeprefix("${{").removesuffix("}}")
    words = [token if token[0] in "'()" or token in ("==", "!=") else _MEANS.get(token) or name(token) for token in _TOKEN.findall(inner)]
    return eval(" ".join(words))


def filled(value: object, contexts: dict) -> str:
    return re.sub(r"\$\{\{.*?\}\}", lambda match: str(evaluated(match[0], contexts)), str(value), flags=re.DOTALL)


class Runner:
    """Runs the steps of a job one after another, each in a bash of its own, as GitHub's runner does."""

    def __init__(self, folder: Path, github: dict, variables: dict[str, str]) -> None:
        self.temp = folder / "temp"
        self.workspace = folder / "workspace"
        for made in (self.temp, self.workspace):
            made.mkdir(parents=True)
        self.github, self.variables = {"token": "secret", **github}, variables

    def run(self, steps: list[dict], contexts: dict | None = None, env: dict | None = None, without: tuple[str, ...] = ("Install gitreg",)) -> Ran:
        contexts = {"github": self.github, "steps": {}, **(contexts or {})}
        event, summary = self.temp / "event.json", self.temp / "summary"
        event.write_text(json.dumps(self.github.get("event", {})))
        summary.touch()
        ok, said, outputs = True, "", {}
        for index, step in enumerate(steps):
            wanted = step.get("if", "")
            if step["name"] in without or not (ok or "!cancelled()" in wanted) or (wanted and not evaluated(wanted, contexts)):
                continue
            answers = self.temp / f"output{index}"
            answers.touch()
            script = self.temp / f"script{index}.sh"
            script.write_text(step["run"])
            given = {key: filled(value, contexts) for key, value in {**(env or {}), **step.get("env", {})}.items()}
            files = {"GITHUB_OUTPUT": str(answers), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_EVENT_PATH": str(event), "RUNNER_TEMP": str(self.temp)}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], check=False, text=True, cwd=self.workspace,
                env={**self.variables, **files, **given}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            ok, said = ok and done.returncode == 0, said + done.stdout
            if "id" in step:
                outputs[step["id"]] = dict(line.partition("=")[::2] for line in answers.read_text().splitlines())
                contexts["steps"][step["id"]] = {"outputs": outputs[step["id"]]}
        return Ran(ok, said, outputs, summary.read_text())


def wheel(folder: Path) -> Path:
    """Make a wheel of this gitreg without what it needs, which a test's environment has: no index is asked."""
    name = f"gitreg-{gitreg.__version__}"
    files = {f"gitreg/{path.relative_to(ROOT / 'gitreg')}": path.read_bytes() for path in (ROOT / "gitreg").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    files[f"{name}.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: gitreg\nVersion: {gitreg.__version__}\nProvides-Extra: review\n".encode()
    files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{name}.dist-info/entry_points.txt"] = b"[console_scripts]\ngitreg = gitreg.cli.boundary:main\n"
    digests = {path: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() for path, data in files.items()}
    files[f"{name}.dist-info/RECORD"] = "".join(f"{path},sha256={digests[path]},{len(files[path])}\n" for path in digests).encode() + f"{name}.dist-info/RECORD,,\n".encode()
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as made:
        for path, data in files.items():
            made.writestr(path, data)
    return folder / f"{name}-py3-none-any.whl"


def completed(environment: Path) -> None:
    """Let a fresh environment see what gitreg needs, which pip would have brought."""
    (next(environment.glob("lib/python*/site-packages")) / "needs.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """Return a folder that pip finds gitreg's wheel in."""
    return wheel(tmp_path_factory.mktemp("shop")).parent


def boxed(shop: Path) -> str:
    """Return the requirement that installs the wheel in *shop*, by its address."""
    return f"gitreg[review] @ file://{next(shop.glob('*.whl'))}"


def offline(shop: Path) -> dict[str, str]:
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shop), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


def steps_of(file: str, job: str, site: ci.Site = HOME) -> tuple[list[dict], dict]:
    workflow = yaml.safe_load(ci.files("github", site)[f".github/workflows/{file}.yml"])
    return workflow["jobs"][job]["steps"], workflow["env"]


def runs(environment: Path) -> bool:
    done = subprocess.run([str(environment / "bin" / "gitreg"), "--version"], check=False, capture_output=True, text=True)
    return done.stdout == f"gitreg {gitreg.__version__}\n"


def environment(folder: Path) -> None:
    """Stand in for what the first step installs, which takes a while: the gitreg that is tested."""
    (folder / "bin").mkdir(parents=True)
    for name in ("gitreg", "python"):
        (folder / "bin" / name).symlink_to(TOOLS / name)


@pytest.mark.parametrize(("file", "job"), [("gitreg-review", "check"), ("gitreg-review", "comment"), ("gitreg-deploy", "deploy")])
def test_every_job_installs_gitreg_in_the_same_way(file, job):
    steps, env = steps_of(file, job)
    first, _ = steps_of("gitreg-review", "check")

    assert (steps[0], env["PACKAGE"]) == (first[0], OURS)


def test_the_first_step_installs_gitreg(tmp_path, shop):
    runner = Runner(tmp_path, {}, {"PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(tmp_path), **offline(shop)})
    steps, env = steps_of("gitreg-review", "check", ci.Site("main", "", boxed(shop)))

    ran = runner.run(steps[:1], env=env, without=())

    assert ran.ok, ran.said
    completed(runner.temp / "gitreg")
    assert runs(runner.temp / "gitreg")


@pytest.mark.parametrize(("file", "job"), [("gitreg-review", "check"), ("gitreg-review", "comment"), ("gitreg-deploy", "deploy")])
def test_a_job_that_is_not_told_what_to_install_says_so_and_installs_nothing(tmp_path, file, job):
    runner = Runner(tmp_path, {}, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    steps, env = steps_of(file, job, ci.Site("main", "", None))

    ran = runner.run(steps[:1], env=env, without=())

    assert (ran.ok, ran.said) == (False, "::error::PACKAGE is empty: say in this workflow's file what pip installs, an address of gitreg with its full commit\n")
    assert not (runner.temp / "gitreg").exists()


# -- a host with one repository ------------------------------------------------------------------------------


class Hosted:
    """A registry in a clone, and the bare repository at the host that it is shared through."""

    def __init__(self, folder: Path, git, site: ci.Site = HOME, host: str = "github") -> None:
        self.folder, self.git, self.clone = folder, git, folder / "clone"
        self.bare = folder / "host" / "org" / "models"
        place = self.clone / site.folder
        folder.mkdir(exist_ok=True)
        if site.folder:
            git(folder, "init", "-q", str(self.clone))
        with Registry.init(place, ci=host if host == "gitlab" or not site.folder else None) as registry:
            for accuracy in (0.91, 0.95, 0.97):
                registry.register("iris", metrics={"accuracy": accuracy})
            registry.promote("iris@1", "production")
        git(folder, "clone", "-q", "--bare", str(self.clone), str(self.bare))
        for key in ("allowFilter", "allowAnySHA1InWant"):
            git(self.bare, "config", f"uploadpack.{key}", "true")
        git(self.clone, "remote", "add", "host", str(self.bare))
        self.place = place

    def head(self, rev: str = "HEAD") -> str:
        return self.git(self.clone, "rev-parse", rev)

    def push(self, *refs: str) -> None:
        self.git(self.clone, "push", "-q", "--force", "host", *refs)

    def promoted(self, selector: str, branch: str | None = None) -> str:
        """Promote a version to production, on a branch if one is named, push it, and return the commit."""
        if branch:
            self.git(self.clone, "switch", "-q", "-c", branch)
        with Registry.open(self.place) as registry:
            registry.promote(selector, "production")
        return self.landed()

    def edited(self, path: str, change, branch: str) -> str:
        self.git(self.clone, "switch", "-q", "-c", branch)
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change(file.read_text() if file.exists() else ""))
        self.git(self.clone, "add", "-A")
        self.git(self.clone, "commit", "-qm", "by hand")
        return self.landed()

    def landed(self) -> str:
        head = self.head()
        self.push("HEAD")
        self.git(self.clone, "switch", "-q", "main")
        return head

    def variables(self, hermetic: Path, **more: str) -> dict[str, str]:
        """Return the environment that the host gives every step."""
        server = f"file://{self.folder / 'host'}"
        keep = {"PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(hermetic), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
        return {**keep, "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": "org/models", "GITHUB_RUN_ATTEMPT": "1", **more}


@pytest.fixture
def hosted(tmp_path, git):
    return Hosted(tmp_path, git)


def pull_request(base: str, head: str, more: dict | None = None) -> dict:
    pull = {"number": 7, "base": {"sha": base}, "head": {"sha": head, "repo": {"full_name": "org/models"}}, "user": {"login": "name"}} | (more or {})
    return {"event_name": "pull_request", "repository": "org/models", "event": {"pull_request": pull}}


@pytest.fixture
def judge(hermetic, tmp_path):
    """Run a job of the review workflow on a change."""
    turn = count()

    def run(hosted: Hosted, github: dict, job: str = "check", site: ci.Site = HOME, **variables: str) -> Ran:
        runner = Runner(tmp_path / f"runner-{next(turn)}", github, hosted.variables(hermetic, **variables))
        environment(runner.temp / "gitreg")
        steps, env = steps_of("gitreg-review", job, site)
        ran = runner.run(steps, env=env)
        assert {path.name for path in (runner.temp / "registry" / site.folder).iterdir()} <= {".git"}, "a file of the change was checked out"
        return ran

    return run


def to_nine(text: str) -> str:
    return text.replace("number: 1\n", "number: 9\n")


# -- the review workflow -------------------------------------------------------------------------------------


def test_a_sound_pull_request_passes_and_its_meaning_is_in_the_summary(hosted, judge):
    base, head = hosted.head(), hosted.promoted("iris@3", "promote")

    ran = judge(hosted, pull_request(base, head))

    assert ran.ok, ran.said
    assert "fit to land" in ran.summary
    assert "`iris: promote 3 to production, archiving 1`" in ran.summary


def test_a_pull_request_is_judged_as_it_would_land_where_the_branch_has_moved_on(hosted, judge):
    head = hosted.promoted("iris@3", "promote")
    base = hosted.promoted("iris@2")

    ran = judge(hosted, pull_request(base, head))

    assert not ran.ok
    assert "T08" in ran.said


def test_an_unsound_pull_request_fails_with_annotations_and_is_explained_all_the_same(hosted, judge):
    base, head = hosted.head(), hosted.edited("models/iris/stages.yaml", to_nine, "slip")

    ran = judge(hosted, pull_request(base, head))

    assert not ran.ok
    assert "::error file=models/iris/stages.yaml,line=" in ran.said
    assert "against it" in ran.summary


@pytest.mark.parametrize("path", ["gitreg.yaml", "models/iris/versions/2.yaml"])
def test_a_pull_request_that_removes_what_is_judged_fails(hosted, judge, git, path):
    base = hosted.head()
    git(hosted.clone, "switch", "-q", "-c", "gone")
    git(hosted.clone, "rm", "-q", path)
    git(hosted.clone, "commit", "-qm", "gone")

    assert not judge(hosted, pull_request(base, hosted.landed())).ok


def test_a_merge_queue_is_judged(hosted, judge, git):
    base, head = hosted.head(), hosted.promoted("iris@3", "promote")
    git(hosted.clone, "switch", "-q", "-c", "gh-readonly-queue/main/pr-7")
    git(hosted.clone, "merge", "-q", "--no-ff", "--no-edit", head)
    queued = hosted.landed()

    ran = judge(hosted, {"event_name": "merge_group", "repository": "org/models", "event": {"merge_group": {"base_sha": base, "head_sha": queued}}})

    assert ran.ok, ran.said
    assert "promote 3 to production" in ran.summary


def test_the_pull_request_that_brings_the_registry_is_judged_by_its_own_files(git, tmp_path, judge, hosted):
    git(hosted.clone, "switch", "-q", "--orphan", "empty")
    git(hosted.clone, "commit", "-q", "--allow-empty", "-m", "nothing yet")
    base, head = hosted.landed(), hosted.head("main")

    assert judge(hosted, pull_request(base, head)).ok


def test_a_registry_in_a_folder_is_judged_there_whatever_the_change_puts_above_it(git, tmp_path, judge):
    site = ci.Site("main", "ml/models/", OURS)
    hosted = Hosted(tmp_path, git, site)
    base = hosted.head()
    (hosted.clone / "gitreg.yaml").write_text("format: 1\nstages: {production: {}}\n")
    git(hosted.clone, "add", "gitreg.yaml")
    head = hosted.edited("models/iris/stages.yaml", to_nine, "decoy")

    ran = judge(hosted, pull_request(base, head), site=site)

    assert not ran.ok
    assert "::error file=ml/models/models/iris/stages.yaml,line=" in ran.said


class Served(NamedTuple):
    """A registry's repository behind a git server that asks for a token, and the forge's API beside it."""

    url: str
    place: str
    forge: forges.Forge


@pytest.fixture
def served(serve, git, tmp_path):
    """Share a registry through servers on loopback."""
    with ExitStack() as running:

        def run(hosted: Hosted, kind: type[forges.Forge], person: str) -> Served:
            server = serve(servers.Http, authenticated=True)
            server.accept({person: forges.TOKEN})
            path = server.create("org/models")
            for key in ("allowFilter", "allowAnySHA1InWant"):
                git(path, "config", f"uploadpack.{key}", "true")
            git(hosted.clone, "push", "-q", "--all", path)
            return Served(server.url("")[:-1], path, running.enter_context(kind("org/models", folder=path)))

        yield run


def test_a_private_repository_is_fetched_with_the_token_that_is_never_shown(hosted, judge, served):
    base, head = hosted.head(), hosted.promoted("iris@3", "promote")
    there = served(hosted, forges.GitHub, "x-access-token")

    ran = judge(hosted, {**pull_request(base, head), "token": forges.TOKEN}, GITHUB_SERVER_URL=there.url)
    refused = judge(hosted, {**pull_request(base, head), "token": "wrong"}, GITHUB_SERVER_URL=there.url, GIT_TERMINAL_PROMPT="0")

    assert (ran.ok, refused.ok) == (True, False), ran.said
    assert forges.TOKEN not in ran.said + refused.said


def test_the_comment_is_written_once_and_brought_up_to_date(hosted, judge, served, git):
    base, head = hosted.head(), hosted.promoted("iris@3", "promote")
    there = served(hosted, forges.GitHub, "x-access-token")
    pull = there.forge.open("promote")
    place = {"GITHUB_SERVER_URL": there.url, "GITHUB_API_URL": there.forge.api}

    first = judge(hosted, {**pull_request(base, head, {"number": pull.number}), "token": forges.TOKEN}, "comment", **place)
    git(hosted.clone, "switch", "-q", "promote")
    with Registry.open(hosted.place) as registry:
        registry.promote("iris@2", "production")
    git(hosted.clone, "push", "-q", there.place, "promote")
    second = judge(hosted, {**pull_request(base, hosted.head(), {"number": pull.number}), "token": forges.TOKEN}, "comment", **place)

    assert (first.ok, second.ok) == (True, True), first.said + second.said
    (comment,) = there.forge.comments[pull.number]
    assert "promote 2 to production" in comment.body
    assert there.forge.wrong == []


WHO = {
    "a branch of this repository": ({}, True),
    "a fork": ({"head": {"repo": {"full_name": "stranger/models"}}}, False),
    "a fork that was removed": ({"head": {"repo": None}}, False),
    "Dependabot": ({"user": {"login": "dependabot[bot]"}}, False),
}


@pytest.mark.parametrize("who", WHO)
def test_the_comment_is_written_where_the_token_can_write(who):
    more, wanted = WHO[who]
    job = yaml.safe_load(ci.files("github", HOME)[".github/workflows/gitreg-review.yml"])["jobs"]["comment"]

    assert bool(evaluated(job["if"], {"github": pull_request("a", "b", more)})) is wanted
    assert not evaluated(job["if"], {"github": {**pull_request("a", "b"), "event_name": "merge_group"}})


def test_a_pull_request_that_does_not_touch_the_registry_gets_no_comment(hosted, judge):
    base, head = hosted.head(), hosted.edited("src/code.py", lambda _: "print()\n", "code")

    ran = judge(hosted, pull_request(base, head), "comment")

    assert ran.ok, ran.said
    assert ran.said == "the registry is not touched: nothing to say\n"


def test_no_job_has_more_rights_than_it_needs():
    review, deploy = (yaml.safe_load(ci.files("github", HOME)[f".github/workflows/gitreg-{name}.yml"]) for name in ("review", "deploy"))

    assert review["permissions"] == deploy["permissions"] == {}
    assert {name: job["permissions"] for name, job in {**review["jobs"], **deploy["jobs"]}.items()} == {
        "check": {"contents": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
        "deploy": {"contents": "read", "actions": "read"},
    }
    assert set(review[True]) == {"pull_request", "merge_group"}  # YAML 1.1 reads "on" as true
    assert not [step for job in {**review["jobs"], **deploy["jobs"]}.values() for step in job["steps"] if "uses" in step]


# -- the deployment workflow ---------------------------------------------------------------------------------


class Api:
    """The one question that the deployment asks GitHub: which run ended well last?"""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: tuple[int, dict] = (200, {"workflow_runs": []})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, self.headers["Authorization"]))
                status, body = outer.answer
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def deployed(self, commit: str) -> None:
        self.answer = 200, {"workflow_runs": [{"head_sha": commit}]}


@pytest.fixture
def api():
    made = Api()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def deploy(hermetic, tmp_path, api):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed: apt-get install curl")

    def run(hosted: Hosted, before: str, after: str, attempt: int = 1, **variables: str) -> Ran:
        more = {"GITHUB_API_URL": api.url, "GITHUB_RUN_ATTEMPT": str(attempt), "GITHUB_WORKFLOW_REF": "org/models/.github/workflows/gitreg-deploy.yml@refs/heads/main"}
        runner = Runner(tmp_path / "runner", {"event": {"before": before}, "sha": after, "ref_name": "main"}, hosted.variables(hermetic, **more) | variables)
        environment(runner.temp / "gitreg")
        steps, env = steps_of("gitreg-deploy", "deploy")
        return runner.run(steps, env=env)

    return run


def test_a_push_deploys_what_it_promoted(hosted, deploy, api):
    before, after = hosted.head(), hosted.promoted("iris@3")

    ran = deploy(hosted, before, after)

    assert (ran.ok, ran.said) == (True, "deploy iris@3\n")
    assert api.asked == [("/repos/org/models/actions/workflows/gitreg-deploy.yml/runs?branch=main&event=push&status=success&per_page=1", "Bearer secret")]


def test_a_deployment_that_was_dropped_or_failed_is_made_up_for_by_the_next(hosted, deploy, api):
    api.deployed(hosted.head())
    hosted.promoted("iris@2")
    with Registry.open(hosted.place) as registry:
        registry.register("wine")
        registry.promote("wine@1", "production")
    before = hosted.landed()
    with Registry.open(hosted.place) as registry:
        registry.update("wine@1", description="only words")

    ran = deploy(hosted, before, hosted.landed())

    assert (ran.ok, ran.said) == (True, "deploy iris@2\ndeploy wine@1\n")


def test_a_stage_that_was_emptied_is_withdrawn(hosted, deploy):
    before = hosted.head()
    with Registry.open(hosted.place) as registry:
        registry.archive("iris@1")

    assert deploy(hosted, before, hosted.landed()).said == "withdraw iris\n"


def test_a_first_push_tells_all(hosted, deploy):
    assert deploy(hosted, ZEROS, hosted.head()).said == "deploy iris@1\n"


def test_a_base_that_the_host_no_longer_has_tells_all(hosted, deploy, api):
    api.deployed("d" * 40)

    ran = deploy(hosted, hosted.head(), hosted.head())

    assert ran.ok
    assert ran.said.endswith("the commit that was deployed last is gone: all is told\ndeploy iris@1\n")


def failing(hosted: Hosted, hermetic: Path, words: str, commit: str) -> dict[str, str]:
    """Return a PATH on which git cannot fetch one commit, and says why in *words*."""
    folder = hermetic / "failing"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\ncase \"$*\" in *'fetch '*'+{commit}:'*) echo {shlex.quote(f'fatal: {words}')} >&2; exit 128;; esac\nexec {shutil.which('git')} \"$@\"\n")
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}:{TOOLS}:{os.environ['PATH']}"}


# what git says where a fetch fails, and whether it means that the commit is gone
FETCHES = {
    "the network is down": ("unable to access 'https://host/': Could not resolve host: host", False),
    "the server is ill": ("unable to access 'https://host/': The requested URL returned error: 503", False),
    "the token is refused": ("Authentication failed for 'https://host/'", False),
    "it was cut off": ("early EOF", False),
    "not there": ("remote error: upload-pack: not our ref dddd", True),
    "not there, told as of old": ("Server does not allow request for unadvertised object dddd", True),
    "no such name": ("no such remote ref dddd", True),
}


@pytest.mark.parametrize(("words", "gone"), FETCHES.values(), ids=FETCHES)
def test_a_fetch_that_fails_fails_the_deployment_unless_the_server_says_that_the_commit_is_gone(hosted, deploy, api, hermetic, words, gone):
    before = hosted.head()
    after = hosted.promoted("iris@3")

    ran = deploy(hosted, before, after, **failing(hosted, hermetic, words, before))

    assert ran.ok is gone
    assert ("deploy iris" in ran.said) is gone
    assert words in ran.said


def test_an_old_run_that_is_run_again_does_not_go_back(hosted, deploy, api):
    before, after = hosted.head(), hosted.promoted("iris@2")
    api.deployed(hosted.promoted("iris@3"))

    ran = deploy(hosted, before, after, attempt=2)

    assert (ran.ok, ran.said) == (True, "nothing of the registry changed\n")
    assert ran.outputs["changes"]["changed"] == "false"


def test_a_branch_that_was_moved_back_is_deployed_back(hosted, deploy, api):
    back, newest = hosted.head(), hosted.promoted("iris@3")
    api.deployed(newest)
    hosted.push(f"{back}:refs/heads/main")

    assert deploy(hosted, newest, back).said == "deploy iris@1\n"


def test_nothing_is_deployed_where_it_is_unknown_what_was(hosted, deploy, api):
    api.answer = 403, {"message": "Resource not accessible by integration"}
    before, after = hosted.head(), hosted.promoted("iris@3")

    ran = deploy(hosted, before, after)

    assert not ran.ok
    assert "deploy" not in ran.said
    assert "403" in ran.said


# -- the action ----------------------------------------------------------------------------------------------

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
BACKEND = """\
import shutil, pathlib

def build_wheel(folder, config_settings=None, metadata_directory=None):
    wheel = next(pathlib.Path(__file__).parent.glob("*.whl"))
    shutil.copy(wheel, folder)
    return wheel.name
"""


def test_the_actions_first_step_installs_it_from_its_own_folder_and_runs_nothing_of_the_workspace(tmp_path, shop):
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(next(shop.glob("*.whl")), project)
    (project / "backend.py").write_text(BACKEND)
    (project / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "gitreg"\ndynamic = ["version"]\n')
    runner = Runner(tmp_path / "runner", {"action_path": str(project)}, {"PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(tmp_path), **offline(shop)})
    for name in ("venv", "pip", "json"):
        (runner.workspace / f"{name}.py").write_text("raise SystemExit('a file of the change was run')\n")

    ran = runner.run(ACTION["runs"]["steps"][:1], {"inputs": {"python": "python3"}}, without=())

    assert ran.ok, ran.said
    completed(runner.temp / "gitreg-action" / "gitreg")
    assert runs(runner.temp / "gitreg-action" / "gitreg")


@pytest.fixture
def act(hermetic, tmp_path):
    def run(hosted: Hosted, github: dict, variables: dict[str, str] | None = None, **inputs: str) -> Ran:
        runner = Runner(tmp_path / "runner", github, hosted.variables(hermetic, GITHUB_EVENT_NAME=github["event_name"]) | (variables or {}))
        environment(runner.temp / "gitreg-action" / "gitreg")
        for name in ("json", "gitreg", "git"):
            (runner.workspace / f"{name}.py").write_text("raise SystemExit('a file of the change was run')\n")
        given = {name: str(about["default"]) for name, about in ACTION["inputs"].items()} | {"token": "secret"} | inputs
        ran = runner.run(ACTION["runs"]["steps"], {"inputs": given})
        contexts = {"steps": {name: {"outputs": found} for name, found in ran.outputs.items()}}
        return ran._replace(outputs={name: filled(about["value"], contexts) for name, about in ACTION["outputs"].items()})

    return run


def test_the_action_tells_the_next_step_what_a_pull_request_would_do(hosted, act):
    hosted.promoted("iris@3", "promote")
    with Registry.open(hosted.place) as registry:
        registry.register("wine")
    base = hosted.landed()

    ran = act(hosted, pull_request(base, hosted.head("promote")))

    assert ran.ok, ran.said
    assert (ran.outputs["ok"], ran.outputs["changed"]) == ("true", "true")
    assert [(event["event"], event["model"], event["number"]) for event in json.loads(ran.outputs["events"])] == [("archived", "iris", 1), ("promoted", "iris", 3)]
    assert [json.loads(line) for line in Path(ran.outputs["events-file"]).read_text().splitlines()] == json.loads(ran.outputs["events"])
    assert Path(ran.outputs["summary"]).read_text() == ran.summary
    assert "fit to land" in ran.summary


@pytest.mark.parametrize("fail", ["true", "false"])
def test_the_action_fails_on_findings_unless_told_not_to(hosted, act, fail):
    base, head = hosted.head(), hosted.edited("models/iris/stages.yaml", to_nine, "slip")

    ran = act(hosted, pull_request(base, head), fail=fail)

    assert ran.ok is (fail == "false")
    assert ran.outputs["ok"] == "false"
    assert "::error file=models/iris/stages.yaml,line=" in ran.said


def test_the_action_fails_where_nothing_could_be_judged_whatever_it_was_told(hosted, act):
    ran = act(hosted, pull_request(hosted.head(), "d" * 40), fail="false")

    assert not ran.ok
    assert ran.outputs["ok"] == ""


def test_the_action_on_a_push_tells_what_it_did(hosted, act):
    before, after = hosted.head(), hosted.promoted("iris@3")

    ran = act(hosted, {"event_name": "push", "sha": after, "event": {"before": before}})

    assert ran.ok, ran.said
    assert [event["event"] for event in json.loads(ran.outputs["events"])] == ["archived", "promoted"]


def test_the_action_on_a_first_push_tells_all(hosted, act):
    ran = act(hosted, {"event_name": "push", "sha": hosted.head(), "event": {"before": ZEROS}})

    assert ran.ok, ran.said
    assert "promoted" in [event["event"] for event in json.loads(ran.outputs["events"])]


@pytest.mark.parametrize(("words", "gone"), [FETCHES["the network is down"], FETCHES["not there"]], ids=["the network is down", "not there"])
def test_the_action_on_a_push_fails_with_its_fetch_unless_the_commit_before_is_gone(hosted, act, hermetic, words, gone):
    before, after = hosted.head(), hosted.promoted("iris@3")

    ran = act(hosted, {"event_name": "push", "sha": after, "event": {"before": before}}, failing(hosted, hermetic, words, before))

    assert ran.ok is gone, ran.said
    assert words in ran.said


def test_the_action_takes_a_range_of_branches(hosted, act):
    hosted.promoted("iris@3", "promote")

    ran = act(hosted, {"event_name": "workflow_dispatch", "sha": hosted.head(), "event": {}}, range="main..promote")

    assert ran.ok, ran.said
    assert ran.outputs["changed"] == "true"


def test_the_action_checks_a_commit_where_there_is_no_change(hosted, act):
    ran = act(hosted, {"event_name": "schedule", "sha": hosted.head(), "event": {}})

    assert ran.ok, ran.said
    assert (ran.outputs["ok"], ran.outputs["changed"], ran.outputs["events"]) == ("true", "false", "[]")


def test_the_action_leaves_out_events_that_are_too_long_for_an_output_and_says_where_they_are(hosted, act):
    before = hosted.head()
    with Registry.open(hosted.place) as registry, registry.transaction(reason="x" * 1000) as tx:
        for _ in range(100):
            tx.register("many")

    ran = act(hosted, {"event_name": "push", "sha": hosted.landed(), "event": {"before": before}})

    assert ran.ok, ran.said
    assert (ran.outputs["changed"], ran.outputs["events"]) == ("true", "")
    assert len(Path(ran.outputs["events-file"]).read_text().splitlines()) == 101


# -- the pipeline of GitLab ----------------------------------------------------------------------------------


def pipeline(site: ci.Site = HOME) -> dict:
    return yaml.safe_load(ci.files("gitlab", site)[".gitlab/gitreg.yml"])


@pytest.fixture
def gitlab(tmp_path, git):
    return Hosted(tmp_path, git, host="gitlab")


@pytest.fixture
def piped(hermetic, tmp_path):
    """Run a job's script lines in one bash, as GitLab's runner does; what makes the environment is what the host would give."""

    def run(hosted: Hosted, job: str, **variables: str) -> tuple[int, str, Path]:
        project = tmp_path / "project"
        project.mkdir()
        jobs = pipeline()
        given = {name: str(value) for name, value in jobs[".gitreg"]["variables"].items()}
        place = {"CI_REPOSITORY_URL": f"file://{hosted.bare}", "CI_COMMIT_BRANCH": "main", "CI_PROJECT_ID": "1", "CI_PROJECT_DIR": str(project), "GITLAB_CI": "true"}
        install, *lines = [*jobs[".gitreg"]["before_script"], *jobs[job]["script"]]
        environment(tmp_path / "environment")
        stand_in = f'work=$(mktemp -d)\nln -s "{tmp_path}/environment" "$work/gitreg"\ngitreg="$work/gitreg/bin/gitreg"\n'
        assert re.findall(r"^\w+=.*", install, re.MULTILINE) == re.findall(r"^\w+=.*", stand_in, re.MULTILINE), "the stand-in sets what the step sets"
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join([stand_in, *lines])], check=False, text=True, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**hosted.variables(hermetic), "TMPDIR": str(tmp_path), **place, **given, **variables},
        )  # fmt: skip
        return done.returncode, done.stdout, project

    return run


def merge_request(head: str, **more: str) -> dict[str, str]:
    return {"CI_COMMIT_SHA": head, "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_EVENT_TYPE": "detached", "CI_MERGE_REQUEST_PROJECT_ID": "1",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", **more}  # fmt: skip


def test_the_first_line_of_the_pipeline_installs_gitreg(hermetic, shop, tmp_path):
    jobs = pipeline(ci.Site("main", "", boxed(shop)))
    env = {"PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(hermetic), "TMPDIR": str(tmp_path), **offline(shop), **jobs[".gitreg"]["variables"]}

    done = subprocess.run(["bash", "-eo", "pipefail", "-c", jobs[".gitreg"]["before_script"][0] + 'test -x "$gitreg"'], check=False, capture_output=True, text=True, env=env)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_pipeline_that_is_not_told_what_to_install_says_so(hermetic):
    jobs = pipeline(ci.Site("main", "", None))
    env = {"PATH": os.environ["PATH"], "HOME": str(hermetic), **jobs[".gitreg"]["variables"]}

    done = subprocess.run(["bash", "-eo", "pipefail", "-c", jobs[".gitreg"]["before_script"][0]], check=False, capture_output=True, text=True, env=env)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", "PACKAGE is empty: say in this pipeline's file what pip installs, an address of gitreg with its full commit\n")


def test_a_merge_request_is_judged_and_reported(gitlab, piped):
    code, said, project = piped(gitlab, "gitreg-check", **merge_request(gitlab.promoted("iris@3", "promote")))

    assert code == 0, said
    assert "fit to land" in (project / "gitreg-diff.md").read_text()
    assert json.loads((project / "gl-code-quality-report.json").read_text()) == []


def test_an_unsound_merge_request_fails_with_a_code_quality_report(gitlab, piped):
    code, said, project = piped(gitlab, "gitreg-check", **merge_request(gitlab.edited("models/iris/stages.yaml", to_nine, "slip")))

    assert code == 1
    assert "R05" in {issue["check_name"] for issue in json.loads((project / "gl-code-quality-report.json").read_text())}
    assert "version 9 does not exist" in said
    assert "against it" in (project / "gitreg-diff.md").read_text()


@pytest.mark.parametrize("kind", ["merged_result", "merge_train"])
def test_merged_results_and_merge_trains_are_judged_against_what_they_are_merged_into(gitlab, piped, git, kind):
    head = gitlab.promoted("iris@3", "promote")
    with Registry.open(gitlab.place) as registry:
        registry.register("wine")
    gitlab.landed()
    git(gitlab.clone, "switch", "-q", "-c", "train")
    git(gitlab.clone, "merge", "-q", "--no-ff", "--no-edit", head)

    code, said, project = piped(gitlab, "gitreg-check", **merge_request(gitlab.landed(), CI_MERGE_REQUEST_EVENT_TYPE=kind))

    assert code == 0, said
    assert "promote 3 to production" in (project / "gitreg-diff.md").read_text()
    assert "wine" not in (project / "gitreg-diff.md").read_text()


def test_a_forks_merge_request_is_judged_against_the_project_it_goes_to(gitlab, piped, git, tmp_path):
    head = gitlab.promoted("iris@3", "promote")
    git(gitlab.folder, "clone", "-q", "--bare", "--branch", "promote", "--single-branch", str(gitlab.bare), str(tmp_path / "fork"))
    git(tmp_path / "fork", "config", "uploadpack.allowFilter", "true")
    git(tmp_path / "fork", "config", "uploadpack.allowAnySHA1InWant", "true")
    os.rename(gitlab.bare, f"{gitlab.bare}.git")
    variables = {"CI_REPOSITORY_URL": f"file://{tmp_path / 'fork'}", "CI_PROJECT_ID": "2", "CI_MERGE_REQUEST_PROJECT_URL": f"file://{gitlab.bare}"}

    code, said, _ = piped(gitlab, "gitreg-check", **merge_request(head, **variables))

    assert code == 0, said
    assert "promote 3 to production" in said


def test_a_merge_request_gets_a_comment(gitlab, piped, served):
    head = gitlab.promoted("iris@3", "promote")
    there = served(gitlab, forges.GitLab, "gitlab-ci-token")
    request = there.forge.open("promote")
    place = {"CI_REPOSITORY_URL": there.url.replace("//", f"//gitlab-ci-token:{forges.TOKEN}@") + "/org/models", "CI_SERVER_HOST": "127.0.0.1", "CI_API_V4_URL": there.forge.api}

    code, said, _ = piped(gitlab, "gitreg-comment", **{**merge_request(head, CI_MERGE_REQUEST_IID=str(request.number)), **place}, GITLAB_TOKEN=forges.TOKEN)

    assert code == 0, said
    (comment,) = there.forge.comments[request.number]
    assert "promote 3 to production" in comment.body
    assert forges.TOKEN not in said


def test_a_merge_request_that_does_not_touch_the_registry_gets_no_comment(gitlab, piped):
    code, said, _ = piped(gitlab, "gitreg-comment", **merge_request(gitlab.edited("src/code.py", lambda _: "print()\n", "code")))

    assert (code, said) == (0, "the registry is not touched: nothing to say\n")


@pytest.mark.parametrize("first", [False, True])
def test_a_push_to_gitlab_deploys(gitlab, piped, first):
    before, after = gitlab.head(), gitlab.promoted("iris@3")

    code, said, project = piped(gitlab, "gitreg-deploy", CI_COMMIT_SHA=after, CI_COMMIT_BEFORE_SHA=ZEROS if first else before)

    assert (code, said) == (0, "deploy iris@3\n")
    assert all(json.loads(line)["commit"] for line in (project / "gitreg-events.jsonl").read_text().splitlines())


@pytest.mark.parametrize(("words", "gone"), FETCHES.values(), ids=FETCHES)
def test_gitlab_deploys_nothing_where_the_fetch_fails_unless_the_commit_before_is_gone(gitlab, piped, hermetic, words, gone):
    before, after = gitlab.head(), gitlab.promoted("iris@3")

    code, said, _ = piped(gitlab, "gitreg-deploy", CI_COMMIT_SHA=after, CI_COMMIT_BEFORE_SHA=before, **failing(gitlab, hermetic, words, before))

    assert (code == 0, "deploy iris" in said) == (gone, gone), said
    assert words in said


def test_a_job_of_gitlab_that_comes_late_or_is_run_again_does_not_go_back(gitlab, piped):
    before = gitlab.head()
    with Registry.open(gitlab.place) as registry:
        registry.register("wine")
        registry.promote("wine@1", "production")
        registry.promote("iris@2", "production")
    after = gitlab.landed()
    gitlab.promoted("iris@3")

    code, said, project = piped(gitlab, "gitreg-deploy", CI_COMMIT_SHA=after, CI_COMMIT_BEFORE_SHA=before)

    assert (code, said) == (0, "not told, for a newer push moved it: 'iris' 'production'\ndeploy wine@1\n")
    assert "wine" in (project / "gitreg-events.jsonl").read_text()


def test_what_a_newer_push_emptied_is_not_deployed_by_a_job_of_gitlab_that_comes_late(gitlab, piped):
    before, after = gitlab.head(), gitlab.promoted("iris@3")
    with Registry.open(gitlab.place) as registry:
        registry.archive("iris@3")
    gitlab.landed()

    assert piped(gitlab, "gitreg-deploy", CI_COMMIT_SHA=after, CI_COMMIT_BEFORE_SHA=before)[:2] == (0, "not told, for a newer push moved it: 'iris' 'production'\n")


def test_a_job_of_gitlab_whose_branch_was_moved_back_deploys_nothing_that_is_not_on_it(gitlab, piped):
    before, after = gitlab.head(), gitlab.promoted("iris@3")
    gitlab.push(f"{before}:refs/heads/main")

    assert piped(gitlab, "gitreg-deploy", CI_COMMIT_SHA=after, CI_COMMIT_BEFORE_SHA=before)[:2] == (0, "not told, for a newer push moved it: 'iris' 'production'\n")


def test_the_component_is_what_init_writes_with_its_inputs_filled_in():
    head, _, body = (ROOT / "templates" / "gitreg.yml").read_text().partition("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]

    assert ci.component() == f"{head}\n---\n{body}", "write it anew: gitreg.ci.component()"
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", body)) == set(inputs)
    assert all(about["description"] for about in inputs.values())
    assert [name for name, about in inputs.items() if "default" not in about] == ["package"]  # GitLab asks for it: no name is installed unseen
    assert "[[" not in ci.files("gitlab", HOME)[".gitlab/gitreg.yml"].decode()
    assert yaml.safe_load(re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]].get("default", OURS), body)) == pipeline()


# -- judged by others ----------------------------------------------------------------------------------------


def asked(tool: str, *args: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run([str(TOOLS / tool), *args], check=False, text=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def laid_out(folder: Path, host: str, site: ci.Site = HOME) -> list[Path]:
    paths = [folder / name for name in ci.files(host, site)]
    for path, data in zip(paths, ci.files(host, site).values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [path for path in paths if path.suffix == ".yml"]


SITES = [HOME, ci.Site("release/1.x", "ml/models/")]


@pytest.mark.parametrize("site", SITES, ids=["in the root of main", "in a folder of a branch"])
def test_the_workflows_are_valid_and_zizmor_finds_nothing_even_pedantic(tmp_path, site):
    files = map(str, laid_out(tmp_path, "github", site))

    assert asked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files, folder=tmp_path) == (0, "ok -- validation done\n")
    code, said = asked("zizmor", "--offline", "--persona", "pedantic", "--no-progress", ".", folder=tmp_path)
    assert (code, "No findings" in said) == (0, True), said


def test_the_action_is_valid_and_zizmor_finds_nothing_even_pedantic(tmp_path):
    shutil.copy(ROOT / "action.yml", tmp_path)

    assert asked("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml", folder=tmp_path) == (0, "ok -- validation done\n")
    code, said = asked("zizmor", "--offline", "--persona", "pedantic", "--no-progress", "action.yml", folder=tmp_path)
    assert (code, "No findings" in said) == (0, True), said


@pytest.mark.parametrize("site", SITES, ids=["in the root of main", "in a folder of a branch"])
def test_the_pipeline_is_valid(tmp_path, site):
    files = map(str, laid_out(tmp_path, "gitlab", site))

    assert asked("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", *files, folder=tmp_path) == (0, "ok -- validation done\n")


FLAWS = {
    "strangers' files with a token that can write": (
        "pull_request:\n", "pull_request_target:\n", "    steps:\n", "    steps:\n      - uses: actions/checkout@v6\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n", "dangerous-triggers",
    ),
    "text of the change in a script": ("mkdir -p", "echo ${{ github.event.pull_request.title }}; mkdir -p", "", "", "template-injection"),
    "rights that nobody asked for": ("    permissions:\n      contents: read # to fetch both ends of the change\n    steps", "    permissions: write-all\n    steps", "", "", "excessive-permissions"),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_zizmor_finds_a_planted_flaw(tmp_path, flaw):
    old, new, older, newer, finding = FLAWS[flaw]
    laid_out(tmp_path, "github")
    review = tmp_path / ".github/workflows/gitreg-review.yml"
    planted = review.read_text().replace(old, new, 1)
    review.write_text(planted.replace(older, newer, 1) if older else planted)

    code, said = asked("zizmor", "--offline", "--no-progress", ".", folder=tmp_path)

    assert code > 0
    assert finding in said


@pytest.mark.parametrize(
    ("host", "schema", "old", "new"),
    [("github", "vendor.github-workflows", "runs-on: ubuntu-latest", "runs_on: ubuntu-latest"), ("gitlab", "vendor.gitlab-ci", "expose_as: gitreg diff", "expose: gitreg diff")],
    ids=["github", "gitlab"],
)
def test_the_schemas_find_a_planted_flaw(tmp_path, host, schema, old, new):
    file = laid_out(tmp_path, host)[0]
    file.write_text(file.read_text().replace(old, new))

    assert asked("check-jsonschema", "--builtin-schema", schema, str(file), folder=tmp_path)[0] == 1


# -- hooks ---------------------------------------------------------------------------------------------------


def hooked(folder: Path, git, *args: str) -> tuple[int, str]:
    """Run our hooks as pre-commit runs them, but with the gitreg that is installed: an environment of their own would need an index."""
    hooks = [{**hook, "language": "system"} for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    git(folder, "add", ".pre-commit-config.yaml")
    done = subprocess.run(
        [str(TOOLS / "pre-commit"), *args, "--color", "never"], check=False, text=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"},
    )  # fmt: skip
    return done.returncode, done.stdout


def test_the_hooks_are_what_pre_commit_takes():
    assert asked("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml", folder=ROOT)[0] == 0


def test_the_fix_hook_completes_an_edit_and_stops_the_commit_once(hosted, git):
    stages = hosted.clone / "models/iris/stages.yaml"
    stages.write_text(stages.read_text().replace("number: 1\n", "number: 2\n"))
    git(hosted.clone, "add", "-A")

    first = hooked(hosted.clone, git, "run")
    git(hosted.clone, "add", "-A")
    second = hooked(hosted.clone, git, "run")

    assert (first[0], "files were modified by this hook" in first[1]) == (1, True), first[1]
    assert second[0] == 0, second[1]
    assert "previous: [1]" in stages.read_text()


def test_the_check_hook_judges_what_would_be_pushed(hosted, git):
    sound = hooked(hosted.clone, git, "run", "--hook-stage", "pre-push", "--all-files")
    stages = hosted.clone / "models/iris/stages.yaml"
    stages.write_text(to_nine(stages.read_text()))
    git(hosted.clone, "commit", "-qam", "slip")

    unsound = hooked(hosted.clone, git, "run", "--hook-stage", "pre-push", "--all-files")

    assert (sound[0], unsound[0]) == (0, 1)
    assert "version 9 does not exist" in unsound[1]


# -- gitreg init --ci ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ci.HOSTS)
def test_a_new_registry_has_it_all_in_its_first_commit(git, tmp_path, host):
    Registry.init(tmp_path / "models", ci=host).close()

    assert git(tmp_path / "models", "log", "--format=%s") == "registry: create it"
    assert set(ci.files(host, HOME)) < set(git(tmp_path / "models", "ls-files").splitlines())
    assert git(tmp_path / "models", "status", "--porcelain") == ""
    with Registry.open(tmp_path / "models") as registry:
        assert registry.check() == ()


def test_an_existing_registry_gets_it_in_one_commit_and_asking_again_does_nothing(iris, git):
    edited = Path(iris.path) / "notes.txt"
    edited.write_text("mine\n")

    first, second = iris.add_ci("github"), iris.add_ci("github")

    assert (first.changed, second.changed) == (True, False)
    assert git(iris.path, "log", "-1", "--format=%s") == "registry: add what CI at github needs"
    assert set(git(iris.path, "show", "--format=", "--name-only").splitlines()) == set(ci.files("github", HOME))
    assert git(iris.path, "status", "--porcelain") == "?? notes.txt"


def test_a_rehearsal_shows_the_files_and_makes_nothing(iris, git):
    before = git(iris.path, "rev-parse", "HEAD")
    with Registry.open(iris.path, dry_run=True) as rehearsed:
        receipt = rehearsed.add_ci("gitlab")

    assert "+++ b/.gitlab/gitreg.yml" in receipt.diff
    assert (git(iris.path, "rev-parse", "HEAD"), git(iris.path, "status", "--porcelain")) == (before, "")


@pytest.mark.parametrize("host", ci.HOSTS)
@pytest.mark.parametrize("new", [True, False], ids=["a new registry", "an existing one"])
def test_a_file_of_the_persons_that_says_something_else_is_named_and_stays(git, tmp_path, host, new):
    path = list(ci.files(host, HOME))[-1]
    if new:
        git(tmp_path, "init", "-q")
    else:
        Registry.init(tmp_path).close()
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text("# mine\n")
    git(tmp_path, "add", path)
    git(tmp_path, "commit", "-qm", "mine")
    before = git(tmp_path, "rev-parse", "HEAD")

    with pytest.raises(ConflictError, match=re.escape(path)):
        Registry.init(tmp_path, ci=host) if new else Registry.open(tmp_path).add_ci(host)

    assert git(tmp_path, "rev-parse", "HEAD") == before
    assert (tmp_path / path).read_text() == "# mine\n"


def test_a_pipeline_of_the_persons_own_that_includes_ours_is_left_alone(iris, git):
    own = "stages: [build, test, deploy]\ninclude:\n  - local: '/.gitlab/gitreg.yml'\n"
    (Path(iris.path) / ".gitlab-ci.yml").write_text(own)
    git(iris.path, "add", ".gitlab-ci.yml")
    git(iris.path, "commit", "-qm", "mine")

    iris.add_ci("gitlab")

    assert set(git(iris.path, "show", "--format=", "--name-only").splitlines()) == {".gitlab/CODEOWNERS", ".gitlab/gitreg.yml"}
    assert (Path(iris.path) / ".gitlab-ci.yml").read_text() == own


def test_what_is_no_folder_is_in_the_way(iris, git):
    (Path(iris.path) / ".github").write_text("mine\n")
    git(iris.path, "add", ".github")
    git(iris.path, "commit", "-qm", "mine")

    with pytest.raises(ConflictError, match=r"'\.github' is in the way"):
        iris.add_ci("github")


def test_a_registry_in_a_folder_has_its_workflows_at_the_top(git, tmp_path):
    git(tmp_path, "init", "-q")
    with Registry.init(tmp_path / "ml" / "models", ci="github"):
        pass

    assert 'FOLDER: "ml/models/"' in git(tmp_path, "show", "HEAD:.github/workflows/gitreg-review.yml")
    with Registry.open(tmp_path / "ml" / "models") as registry:
        registry.add_ci("gitlab")
    assert 'FOLDER: "ml/models/"' in git(tmp_path, "show", "HEAD:.gitlab/gitreg.yml")
    assert "# /ml/models/models/**/stages.yaml" in git(tmp_path, "show", "HEAD:.gitlab/CODEOWNERS")


def test_a_registry_on_a_branch_of_its_own_has_them_there(git, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "code")
    with Registry.init(tmp_path, branch="registry") as registry:
        registry.add_ci("github")

    assert 'branches: ["registry"]' in git(tmp_path, "show", "registry:.github/workflows/gitreg-review.yml")
    assert git(tmp_path, "ls-tree", "-r", "HEAD") == ""


def test_they_go_to_the_remote_before_the_branch_here_moves(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", iris.path, str(tmp_path / "bare"))
    git(iris.path, "remote", "add", "origin", str(tmp_path / "bare"))
    config = Path(iris.path) / "gitreg.yaml"
    config.write_text(config.read_text().replace("format: 1\n", "format: 1\nremote: origin\nbranch: main\n"))
    git(iris.path, "commit", "-qam", "a remote")

    iris.add_ci("github")

    assert git(tmp_path / "bare", "rev-parse", "main") == git(iris.path, "rev-parse", "main")


def test_the_branch_that_is_the_truth_is_the_one_that_is_watched(iris, git):
    config = Path(iris.path) / "gitreg.yaml"
    config.write_text(config.read_text().replace("format: 1\n", "format: 1\nbranch: trunk\n"))
    git(iris.path, "commit", "-qam", "trunk")

    iris.add_ci("github")

    assert 'branches: ["trunk"]' in git(iris.path, "show", "HEAD:.github/workflows/gitreg-deploy.yml")


@pytest.mark.parametrize("name", ['x"y', "a${{b}}", "$(touch x)", "a b", "`x`", "a+b", "a'b", "$[[ inputs.x ]]"])
def test_a_name_that_could_be_more_than_a_name_is_refused(name):
    with pytest.raises(UsageError, match="not safe"):
        ci.files("github", ci.Site(name, ""))
    with pytest.raises(UsageError, match="not safe"):
        ci.files("gitlab", ci.Site("main", f"{name}/"))


def test_no_owner_is_invented():
    for host in ci.HOSTS:
        owners = next(data for path, data in ci.files(host, HOME).items() if path.endswith("CODEOWNERS")).decode()

        assert all(line.startswith("#") or not line for line in owners.splitlines())
