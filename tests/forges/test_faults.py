"""Whatever a forge does wrong ends in a retry or in one clear sentence, and the token stays with it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

import pytest

from gitreg.errors import BusyError, GitregError, NotFoundError, PolicyError
from gitreg.forges.base import Proposal
from tests.forges.conftest import way
from tests.forges.servers import CLOSED, TOKEN, Reply, limited

PROPOSAL = Proposal("gitreg/iris", "main", "iris: promote 7", "what it means")
MARK = "<!-- mark -->"

METHODS = {
    "pulls": lambda forge: list(forge.pulls("main")),
    "pull": lambda forge: forge.pull(1),
    "find": lambda forge: forge.find("gitreg/iris", "main"),
    "propose": lambda forge: forge.propose(PROPOSAL),
    "propose anew": lambda forge: forge.propose(PROPOSAL._replace(head="gitreg/new")),
    "comment": lambda forge: forge.comment(1, f"{MARK} text", MARK),
}

# what every request meets: the error, what it says
FAULTS = {
    "401": (Reply(401, {"message": "Bad credentials"}), PolicyError, "refuses the token of VARIABLE: Bad credentials"),
    "403": (Reply(403, {"message": "Resource not accessible"}), PolicyError, "does not allow .* with the token of VARIABLE: Resource not accessible"),
    "404": (Reply(404, {"message": "Not Found"}), NotFoundError, "or the token of VARIABLE may not see it"),
    "410": (Reply(410, {"message": "Gone"}), NotFoundError, "or the token of VARIABLE may not see it"),
    "422": (Reply(422, {"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}), PolicyError, r"refuses .*\(422\): Validation Failed; base invalid"),
    "429 for an hour": (limited("3600"), BusyError, "asks to wait 3600 s .* the token of VARIABLE has asked too often"),
    "429 without a time": (Reply(429, {"message": "slow down"}), BusyError, "asks to wait 1 s .*: slow down"),
    "429 until a day": (Reply(429, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795332871"}), BusyError, "asks to wait 600 s"),
    "403 with nothing left": (Reply(403, {"message": "rate limit"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1795332871"}), BusyError, "asks to wait 600 s"),
    "403 of the secondary limit": (Reply(403, {"message": "You have exceeded a secondary rate limit"}), BusyError, "asks to wait 60 s"),
    "500": (Reply(500, {"message": "oh"}), BusyError, "out of order|broke off"),
    "502 of a proxy": (Reply(502, raw=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"}), BusyError, "502|broke off"),
    "closed": (CLOSED, BusyError, "the connection was closed"),
    "elsewhere": (Reply(301, {}, {"Location": "https://evil.example/steal"}), PolicyError, "sends .* to evil.example, and the token of VARIABLE is not taken there"),
    "another port": (Reply(307, {}, {"Location": "http://127.0.0.1:1/steal"}), PolicyError, "sends .* to 127.0.0.1:1, and"),
    "in circles": (Reply(302, {}, {"Location": "?"}), PolicyError, "sends .* and the token of VARIABLE is not taken there"),
    "a page in place of JSON": (Reply(200, raw=b"<html><body>Log in</body></html>", headers={"Content-Type": "text/html"}), BusyError, "does not answer .* as KIND does: text, not JSON"),
    "half of JSON": (Reply(200, raw=b'[{"number": 1'), BusyError, "does not answer .* as KIND does: "),
    "another type": (Reply(200, 7), BusyError, "does not answer .* as KIND does: Expected"),
    "nothing": (Reply(200, raw=b""), BusyError, "does not answer .* as KIND does"),
    "deep": (Reply(200, raw=b"[" * 200_000), BusyError, "does not answer .* as KIND does"),
    "no UTF-8": (Reply(200, raw=b'["\xff\xfe"]'), BusyError, "does not answer .* as KIND does"),
    "huge": (Reply(200, raw=b" " * (17 << 20)), BusyError, "answers with more than 16 MiB"),
    "less than it says": (Reply(200, raw=b"[]", headers={"Content-Length": "99"}), BusyError, "broke off|closed|cannot be reached"),
    "a zip that is none": (Reply(200, raw=b"[]", headers={"Content-Encoding": "gzip"}), BusyError, "broke off"),
}


def variable(host):
    return {"github": "GH_ENTERPRISE_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}[host.kind]


def settled(host, patience="0.3"):
    host.open("gitreg/iris")
    return way(host, GITREG_FORGE_PATIENCE=patience)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_every_method_is_one_clear_sentence(host, fault, method):
    forge = settled(host)
    reply, kind, says = FAULTS[fault]
    host.fail(*[reply] * 20)

    with pytest.raises(kind, match=says.replace("VARIABLE", variable(host)).replace("KIND", host.kind)) as caught:
        METHODS[method](forge)

    said = f"{caught.value.message} {caught.value.hint} {caught.value.facts}"
    assert TOKEN not in said
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 700


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("reply", [Reply(500, {}), Reply(503, {}), CLOSED, limited("0")], ids=["500", "503", "closed", "429"])
def test_what_goes_by_is_tried_again_and_nothing_is_made_twice(host, method, reply):
    forge = settled(host, patience="20")
    host.fail(reply)

    METHODS[method](forge)

    assert len(host.pulls) == (2 if method == "propose anew" else 1)


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize("reply", [Reply(500, {}), Reply(502, raw=b"<html>"), CLOSED], ids=["500", "502", "closed"])
@pytest.mark.parametrize("method", ["propose anew", "comment"])
def test_what_breaks_off_while_it_is_made_is_looked_for_and_made_once(host, method, reply, after):
    forge = settled(host, patience="5")
    host.fail(reply, method="POST", after=after)

    METHODS[method](forge)

    assert len(host.pulls) == (2 if method == "propose anew" else 1)
    assert len(host.comments.get(1, [])) == (1 if method == "comment" else 0)


def test_a_forge_that_always_breaks_off_may_have_made_it_and_that_is_said(host):
    host.fail(*[CLOSED] * 9, method="POST")

    with pytest.raises(BusyError, match=r"broke off each time that the (pull|merge) request was sent, and may still make it"):
        way(host).propose(PROPOSAL)


def test_a_forge_that_breaks_off_and_then_cannot_be_asked_may_have_made_it_and_that_is_said(host):
    forge = way(host)
    host.fail(CLOSED, method="POST", after=True)
    original = host.answer

    def gone_after_the_post(asked):
        if any(one.method == "POST" for one in host.requests):
            return CLOSED
        return original(asked)

    host.answer = gone_after_the_post

    with pytest.raises(BusyError, match=r"the (pull|merge) request may have been made: .* broke off, the connection was closed, and then .* cannot be reached"):
        forge.propose(PROPOSAL)
    assert len(host.pulls) == 1


def test_a_duplicate_that_another_made_meanwhile_is_updated(host):
    forge, original = way(host), host.answer

    def somebody_is_faster(asked):
        if asked.method == "POST" and not host.pulls:
            host.open("gitreg/iris", title="another's")
        return original(asked)

    host.answer = somebody_is_faster

    assert forge.propose(PROPOSAL).number == 1
    assert [one.title for one in host.pulls.values()] == ["iris: promote 7"]


def test_a_branch_that_is_not_there_is_the_forges_refusal(host):
    host.tip = lambda branch: None

    with pytest.raises(GitregError, match=r"could not find the head|head invalid|does not exist"):
        way(host).propose(PROPOSAL)


def test_a_repository_that_was_renamed_is_followed_at_the_same_host(host):
    forge = settled(host)
    path = f"{host.below}/{'projects/org%2Fmodels/merge_requests' if host.kind == 'gitlab' else 'repos/org/models/pulls'}/1"
    host.fail(Reply(301, {}, {"Location": f"{host.address}{path}"}))

    assert forge.pull(1).number == 1


def test_a_post_follows_only_a_redirect_that_keeps_it_a_post(host):
    host.fail(Reply(302, {}, {"Location": f"{host.api}/elsewhere"}), method="POST")

    with pytest.raises(PolicyError, match="is not taken there"):
        way(host).propose(PROPOSAL)
    assert host.pulls == {}


def test_the_next_page_is_never_asked_of_another_host(host, start):
    other = start(host.kind)
    host.open("gitreg/iris")
    host.fail(Reply(200, [], {"Link": f'<{other.api}/repos/org/models/pulls?page=2>; rel="next"'}))

    list(way(host).pulls("main"))

    assert other.requests == []


def test_a_list_without_end_is_an_error_not_a_short_list(host):
    host.answer = lambda asked: Reply(200, [], {"Link": f'<{host.address}?page=2>; rel="next"'})

    with pytest.raises(BusyError, match="has more than 100 pages"):
        way(host).find("gitreg/iris", "main")


def test_words_of_the_forge_reach_nobody_raw(host):
    host.fail(Reply(403, {"message": f"\x1b[31mno\x07\u202e {TOKEN} " + "x" * 10_000}))

    with pytest.raises(PolicyError) as caught:
        way(host).find("a", "main")

    assert caught.value.message.isprintable()
    assert TOKEN not in caught.value.message
    assert "***" in caught.value.message
    assert len(caught.value.message) < 600


WRONG_TYPES = [{"number": "1"}, {"iid": None}, {"title": ["x"]}, {"state": "weird"}, {"head": 7}, {"number": 2**80, "iid": 2**80}, {"source_branch": {}}, {"html_url": 3, "web_url": 3},
               {"html_url": "javascript:alert(1)", "web_url": "javascript:alert(1)"}, {"html_url": "https://x\x1b[2J", "web_url": "https://x\x1b[2J"}, {"number": -1, "iid": -1},
               {"merge_commit_sha": "--upload-pack=x"}, {"sha": "HEAD", "head": {"ref": "x", "sha": "HEAD"}}]  # fmt: skip


@pytest.mark.parametrize("change", WRONG_TYPES, ids=str)
def test_a_pull_request_of_wrong_types_is_refused_not_believed(host, change):
    forge = settled(host)
    forge.pull(1)
    path = next(one.path for one in host.requests if one.path.endswith("/1"))
    original = host.answer
    honest = original(next(one for one in host.requests if one.path == path)).content
    host.answer = lambda asked: Reply(200, honest | change) if asked.path == path else original(asked)

    told = contextlib.nullcontext() if change.keys().isdisjoint(honest) else pytest.raises(BusyError, match="does not answer GET")
    with told:  # what this forge has no field for is not read
        assert forge.pull(1).number == 1


DRIPS = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "a body of known length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
    "a body of unknown length": b"HTTP/1.0 200 OK\r\n\r\n",
    "a body in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9999\r\n",
    "nothing": None,
}


@pytest.fixture
def dripping(request):
    """Start a server that begins an answer and then sends one byte every tenth of a second, for as long as it is let; returns its port."""
    begun, over = DRIPS[request.param], threading.Event()

    def drip(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(begun or b"")
            while not over.wait(0.1):
                connection.sendall(b"x" if begun else b"")

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threads.append(threading.Thread(target=drip, args=(listening.accept()[0],)))
                threads[-1].start()

    listening = socket.create_server(("127.0.0.1", 0))
    threads = [threading.Thread(target=serve)]
    threads[0].start()
    yield listening.getsockname()[1]
    over.set()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("dripping", DRIPS, indirect=True)
def test_an_answer_that_drips_ends_with_our_patience(dripping, start):
    forge = way(start("github"), GITREG_FORGE_API=f"http://127.0.0.1:{dripping}", GITREG_FORGE_PATIENCE="1")
    began = time.monotonic()

    with pytest.raises(BusyError, match=r"the answer does not end within 2 s|nothing was heard for 2 s"):
        forge.pull(1)

    assert time.monotonic() - began < 10


def test_nobody_listening_is_told_without_the_inside_of_python(host):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        forge = way(host, GITREG_FORGE_API=f"http://127.0.0.1:{taken.getsockname()[1]}{host.below}")

        with pytest.raises(BusyError, match=r"^127\.0\.0\.1:\d+ cannot be reached: no connection can be made$"):
            forge.propose(PROPOSAL)


def test_a_netrc_is_not_used_and_no_proxy_hears_what_is_for_this_machine(host, hermetic, monkeypatch):
    (hermetic / ".netrc").write_text("machine 127.0.0.1 login someone password other\n")
    (hermetic / ".netrc").chmod(0o600)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    host.open("gitreg/iris")

    way(host).pull(1)

    assert {asked.headers["authorization"].partition(" ")[2] for asked in host.requests} == {TOKEN}


def test_the_token_is_in_no_representation(host):
    forge = way(host)

    assert TOKEN not in f"{forge!r} {forge.place!r} {forge.line!r} {json.dumps(forge.place)}"
