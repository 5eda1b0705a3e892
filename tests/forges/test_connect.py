"""The ways to a forge: a token, the person's own tool, an address for a browser."""

from __future__ import annotations

import os
import sys
from urllib.parse import parse_qs, urlsplit

import pytest

from gitreg.errors import BusyError, NotFoundError, PolicyError, UsageError
from gitreg.forges.base import Place, Proposal
from gitreg.forges.connect import compare_url, connected, tool
from gitreg.forges.places import located
from tests.forges import servers

PROPOSAL = Proposal("gitreg/iris&x", "main", "iris: promote 7 & more", "what\nit means #1")
GITHUB = Place("github", "https://github.com", "https://api.github.com", "o/r")
PLACES = {
    "github": GITHUB,
    "gitlab": Place("gitlab", "https://gitlab.com", "https://gitlab.com/api/v4", "a/b/c"),
    "gitea": Place("gitea", "https://codeberg.org", "https://codeberg.org/api/v1", "o/r"),
}


def test_without_a_token_there_is_no_way():
    assert connected(GITHUB, {}) is None


@pytest.mark.parametrize("patience", ["soon", "-1", "nan", "1e9"])
def test_a_patience_that_is_no_time_is_wrong_usage(patience):
    with pytest.raises(UsageError, match="GITREG_FORGE_PATIENCE is a number of seconds"):
        connected(GITHUB, {"GH_TOKEN": "t", "GITREG_FORGE_PATIENCE": patience})


def test_without_requests_that_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)

    with pytest.raises(UsageError, match="needs the Python package requests") as caught:
        connected(GITHUB, {"GH_TOKEN": "t"})

    assert caught.value.hint == "pip install requests"


def test_a_browser_gets_title_and_body_at_github():
    parts = urlsplit(compare_url(GITHUB, PROPOSAL))

    assert parts.path == "/o/r/compare/main...gitreg/iris%26x"
    assert parse_qs(parts.query) == {"quick_pull": ["1"], "title": [PROPOSAL.title], "body": [PROPOSAL.body]}


def test_a_browser_gets_branches_title_and_description_at_gitlab():
    parts = urlsplit(compare_url(PLACES["gitlab"], PROPOSAL))

    assert parts.path == "/a/b/c/-/merge_requests/new"
    assert {name: value[0] for name, value in parse_qs(parts.query).items()} == {
        "merge_request[source_branch]": PROPOSAL.head, "merge_request[target_branch]": "main", "merge_request[title]": PROPOSAL.title, "merge_request[description]": PROPOSAL.body,
    }  # fmt: skip


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600", "\n"])
def test_an_address_is_cut_to_what_servers_take(kind, letter):
    url = compare_url(PLACES[kind], PROPOSAL._replace(body=letter * 60_000, title="t" * 900))

    assert 7900 < len(url) <= 8000
    assert url.isascii()
    assert url.endswith("address%29")


# A tool that asks as gh and glab do, with the login that the test gives it; it says what it was started with.
TOOL = """#!{python}
import json, os, sys, urllib.request, urllib.error
args = sys.argv[1:]
with open({log!r}, "a") as file:
    print(json.dumps([args, os.getcwd(), os.environ.get("GH_PROMPT_DISABLED")]), file=file)
mode = os.environ.get("TOOL_MODE", "")
if mode == "no login":
    sys.exit("To get started with GitHub CLI, please run:  gh auth login" if sys.argv[0].endswith("gh") else "no token found, run: glab auth login")
if mode == "broken":
    sys.exit("\\x1b[31merror connecting to the host\\x07")
if mode == "slow":
    import time; time.sleep(60)
method, path = args[args.index("--method") + 1], args[-1]
body = sys.stdin.buffer.read() if "--input" in args else None
request = urllib.request.Request({api!r} + "/" + path, data=body, method=method, headers={{"Authorization": "Bearer {token}", "Content-Type": "application/json"}})
try:
    heard = urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(request)
except urllib.error.HTTPError as error:
    heard = error
sys.stdout.write(f"HTTP/2.0 {{heard.status}} {{heard.reason}}\\n" + "".join(f"{{key}}: {{value}}\\r\\n" for key, value in heard.headers.items()) + "\\r\\n")
sys.stdout.flush()
sys.stdout.buffer.write(heard.read())
sys.exit(1 if heard.status >= 400 else 0)
"""


@pytest.fixture
def through(start, tmp_path, monkeypatch):
    """Return a running forge, the way to it through a tool, and what the tool was started with."""

    def run(name):
        host = start({"gh": "github", "glab": "gitlab"}[name])
        log = tmp_path / "log"
        (tmp_path / name).write_text(TOOL.format(python=sys.executable, log=str(log), api=host.api, token=servers.TOKEN))
        (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        env = {"GITREG_FORGE": host.kind, "GITREG_FORGE_API": host.api}
        return host, tool(name, located(f"{host.address}/{host.repository}", env), str(tmp_path)), log

    return run


@pytest.mark.parametrize("name", ["gh", "glab"])
def test_a_tool_does_what_a_token_does(through, name):
    host, forge, log = through(name)
    host.page = 1
    body = "; touch owned\n$(touch owned)\n`touch owned`"

    made = forge.propose(Proposal("--head", "main", "--title $(touch owned)", body))
    forge.propose(Proposal("other", "main", "another", body))
    forge.comment(1, "<!-- mark -->", "<!-- mark -->")

    assert made.number == 1
    assert (host.pulls[1].title, host.pulls[1].body) == ("--title $(touch owned)", body)
    assert [one.number for one in forge.pulls("main")] == [2, 1]
    assert len(host.comments[1]) == 1
    assert not (log.parent / "owned").exists()
    assert "touch" not in log.read_text()


def test_a_tool_is_started_in_the_folder_without_questions(through):
    host, forge, log = through("gh")
    host.open("x")

    forge.pull(1)

    assert f'"{log.parent}", "1"]' in log.read_text()


FAULTS = {
    "401": (servers.Reply(401, {"message": "Bad credentials"}), PolicyError, "refuses the login of gh: Bad credentials"),
    "404": (servers.Reply(404, {"message": "Not Found"}), NotFoundError, "or the login of gh may not see it"),
    "429": (servers.limited("60"), BusyError, "asks to wait, the login of gh has asked too often"),
    "500": (servers.Reply(500, {}), BusyError, "out of order, it answers GET"),
    "a page": (servers.Reply(200, raw=b"<html>", headers={"Content-Type": "text/html"}), BusyError, "text, not JSON"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_forge_refuses_a_tool_is_the_same_sentence(through, fault):
    host, forge, _ = through("gh")
    reply, kind, says = FAULTS[fault]
    host.fail(reply)

    with pytest.raises(kind, match=says):
        forge.find("a", "main")


@pytest.mark.parametrize("after", [False, True])
def test_what_breaks_off_in_a_tool_is_looked_for(through, after):
    host, forge, _ = through("gh")
    forge.line.patience = 10
    host.fail(servers.Reply(502, {}), method="POST", after=after)

    assert forge.propose(PROPOSAL).number == 1
    assert len(host.pulls) == 1


@pytest.mark.parametrize("name", ["gh", "glab"])
def test_a_tool_without_a_login_says_how_to_get_one(through, name, monkeypatch):
    _, forge, _ = through(name)
    monkeypatch.setenv("TOOL_MODE", "no login")

    with pytest.raises(PolicyError, match=f"{name} has no login for 127.0.0.1") as caught:
        forge.find("a", "main")

    assert caught.value.hint == f"{name} auth login"


def test_what_a_tool_complains_of_is_said_in_one_line(through, monkeypatch):
    _, forge, _ = through("gh")
    monkeypatch.setenv("TOOL_MODE", "broken")

    with pytest.raises(BusyError, match=r"^gh cannot ask 127\.0\.0\.1:\d+: \\x1b\[31merror connecting to the host\\x07$"):
        forge.find("a", "main")


def test_a_tool_that_does_not_end_is_ended(through, monkeypatch):
    _, forge, _ = through("gh")
    forge.line.patience = 0.5
    monkeypatch.setenv("TOOL_MODE", "slow")

    with pytest.raises(BusyError, match=r"gh did not end within [01] s"):
        forge.find("a", "main")


def test_a_tool_that_is_not_installed_says_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UsageError, match="glab is not installed") as caught:
        tool("glab", PLACES["gitlab"], str(tmp_path)).find("a", "main")

    assert "https://gitlab.com/gitlab-org/cli" in caught.value.hint


@pytest.mark.parametrize(("name", "kind", "says"), [("hub", "github", "is no tool that gitreg can use"), ("gh", "gitlab", "gh does not speak to gitlab.com"), ("../gh", "github", "is no tool")])
def test_a_tool_that_does_not_fit_is_wrong_usage(name, kind, says, tmp_path):
    with pytest.raises(UsageError, match=says):
        tool(name, PLACES[kind], str(tmp_path))
