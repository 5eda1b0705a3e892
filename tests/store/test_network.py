"""Commands of git that speak to another machine: what they are told, what they say, and that nobody hangs on a question."""

from __future__ import annotations

import io
import sys

import pytest

from benchmarks import servers
from gitreg.store import network


@pytest.mark.parametrize(
    ("err", "line"),
    [
        ("fatal: unable to access 'https://name:secret@example.org/x.git/': 403\n", "unable to access 'https://example.org/x.git/': 403"),
        ("fatal: unable to access 'https://token@example.org/x.git/'\n", "unable to access 'https://example.org/x.git/'"),
        ("remote: no\nTo /somewhere\nerror: failed to push some refs to '/somewhere'\n", "no"),
        ("hint: try again\n\nfatal: one\nfatal: two\n", "one; two"),
        ("", ""),
    ],
    ids=["a password", "a token", "an address and git's summary", "advice", "nothing"],
)
def test_of_what_git_says_the_complaint_is_kept(err, line):
    assert network.said(err) == line


def test_a_command_gets_its_input_and_its_answer_comes_back(tmp_path):
    code, out, err = network.ask(("-C", str(tmp_path)), ("hash-object", "--stdin"), data=b"a note\n")

    assert (code, len(out.strip()), err) == (0, 40, "")


def test_what_fails_is_answered_with_git_s_code_and_words(tmp_path):
    code, out, err = network.ask(("-C", str(tmp_path)), ("ls-remote", str(tmp_path / "nothing")))

    assert (code, out) == (128, "")
    assert "does not appear to be a git repository" in err


def test_words_that_are_no_text_are_no_accident(tmp_path, git):
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    git(tmp_path, "init", "-q", "here")
    git(tmp_path / "here", "commit", "-q", "--allow-empty", "-m", "one")
    servers.hook(str(tmp_path / "hub.git"), "pre-receive", "printf '\\377\\n' >&2; exit 1\n")

    code, _, err = network.ask(("-C", str(tmp_path / "here")), ("push", str(tmp_path / "hub.git"), "HEAD:refs/heads/main"))

    assert code == 1
    assert "\N{REPLACEMENT CHARACTER}" in network.said(err)


@pytest.mark.parametrize("stdin", [None, io.StringIO()], ids=["a service has no input", "a script's is no terminal"])
def test_where_nobody_sits_at_a_terminal_git_does_not_ask_for_a_password(serve, tmp_path, monkeypatch, stdin):
    server = serve(servers.Http, authenticated=True)
    server.accept({"name": "secret"})
    server.create("models.git")
    monkeypatch.setattr(sys, "stdin", stdin)

    code, _, err = network.ask(("-C", str(tmp_path)), ("ls-remote", server.url("models.git")))

    assert code == 128
    assert "terminal prompts disabled" in err


def test_git_s_english_is_read_whatever_the_person_speaks(tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")

    _, _, err = network.ask(("-C", str(tmp_path)), ("ls-remote", "nothing"))

    assert "does not appear to be a git repository" in err


def test_the_repository_that_a_hook_runs_in_is_not_the_one_that_is_spoken_of(tmp_path, git, monkeypatch):
    for name in ("here", "other"):
        git(tmp_path, "init", "-q", name)
        git(tmp_path / name, "commit", "-q", "--allow-empty", "-m", name)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))

    _, out, _ = network.ask(("-C", str(tmp_path / "here")), ("log", "--format=%s"))

    assert out == "here\n"
