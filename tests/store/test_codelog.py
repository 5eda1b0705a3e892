"""The commits between two commits of somebody else's repository: counted, listed, and nothing of it runs."""

from __future__ import annotations

import os

import pytest

from gitreg.store import codelog
from gitreg.store.discovery import discover


@pytest.fixture
def code(tmp_path, git):
    """Return a code repository with one commit."""
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init")
    git(folder, "commit", "--allow-empty", "-m", "begin")
    return folder


def committed(git, folder, message="more", *options):
    git(folder, "commit", "--allow-empty", *options, "-m", message)
    return git(folder, "rev-parse", "HEAD")


def opened(folder):
    return discover(str(folder))


def test_the_commits_that_only_the_second_has_are_listed_newest_first(code, git):
    start = git(code, "rev-parse", "HEAD")
    made = [committed(git, code, "two\n\nbody"), committed(git, code, "three")]

    found = codelog.between(opened(code), start, made[1])

    assert [(each.commit, each.subject, each.author) for each in found.only_b.commits] == [(made[1], "three", "Name"), (made[0], "two", "Name")]
    assert (found.only_a.count, found.only_b.count, found.whole) == (0, 2, True)


def test_where_they_diverged_both_sides_are_told(code, git):
    git(code, "checkout", "-b", "other")
    other = committed(git, code, "theirs")
    git(code, "checkout", "main")
    ours = committed(git, code, "ours")

    found = codelog.between(opened(code), other, ours)

    assert [[each.subject for each in side.commits] for side in (found.only_a, found.only_b)] == [["theirs"], ["ours"]]


def test_fifty_are_listed_and_all_are_counted(code, git):
    start = git(code, "rev-parse", "HEAD")
    for number in range(53):
        end = committed(git, code, str(number))

    found = codelog.between(opened(code), start, end)

    assert (found.only_b.count, len(found.only_b.commits), found.only_b.commits[0].subject) == (53, 50, "52")


def test_a_shallow_clone_is_not_whole(code, git, tmp_path):
    ends = [committed(git, code), committed(git, code)]
    git(tmp_path, "clone", "--depth=2", f"file://{code}", "shallow")

    assert codelog.between(opened(tmp_path / "shallow"), *ends).whole is False


@pytest.mark.parametrize("commit", ["HEAD", "main", "--all", "", "c" * 39, "c" * 40, "C" * 40, "c" * 64, "c" * 41, "HEAD\n", "-" * 40])
def test_only_whole_ids_of_commits_that_are_there_are_held(code, git, commit):
    head = git(code, "rev-parse", "HEAD")

    repo = opened(code)

    assert codelog.holds(repo, (head, head))
    assert not codelog.holds(repo, (head, commit))
    assert not codelog.holds(repo, (commit, head))


def test_a_tree_is_no_commit(code, git):
    head, tree = git(code, "rev-parse", "HEAD", "HEAD^{tree}").split()

    assert not codelog.holds(opened(code), (head, tree))


def test_a_partial_clones_remote_is_not_asked_for_a_commit(code, git, tmp_path):
    git(code, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--filter=blob:none", f"file://{code}", "partial")
    later = committed(git, code)
    code.rename(tmp_path / "away")

    assert not codelog.holds(opened(tmp_path / "partial"), (later, later))


def test_nothing_that_the_repositorys_config_names_is_run(code, git, tmp_path):
    start = git(code, "rev-parse", "HEAD")
    end = committed(git, code, "two")
    mark, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "gpg.program", "diff.external", "core.pager", "core.sshCommand", "pager.log", "diff.x.textconv"):
        git(code, "config", key, str(program))
    for key in ("log.showSignature", "log.follow"):
        git(code, "config", key, "true")
    (code / ".gitattributes").write_text("* diff=x\n")

    repo = opened(code)

    assert codelog.holds(repo, (start, end))
    assert codelog.between(repo, start, end).only_b.count == 1
    assert not os.path.exists(mark)


@pytest.mark.parametrize("subject", ["\x1b[31mred", "a\tb", "ü", "x" * 2000, "--all", "%x00%H"])
def test_a_subject_is_read_as_it_is_and_cut_where_it_is_long(code, git, subject):
    start = git(code, "rev-parse", "HEAD")
    end = committed(git, code, subject)

    (found,) = codelog.between(opened(code), start, end).only_b.commits

    assert found.subject == (subject if len(subject) < 500 else subject[:499] + "…")


@pytest.mark.parametrize("who", ["<> 99999999999999999999 +0000", "<x@example.org> soon", " <x> -5 +0000", "no address at all", "A\x1b[31m <x> 1 +0000"])
def test_a_commit_made_to_confuse_is_told_all_the_same(code, git, who):
    start, tree = git(code, "rev-parse", "HEAD", "HEAD^{tree}").split()
    text = f"tree {tree}\nparent {start}\nauthor {who}\ncommitter {who}\n\nodd\n"
    end = git(code, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", input=text)

    (found,) = codelog.between(opened(code), start, end).only_b.commits

    assert (found.commit, found.subject) == (end, "odd")


def test_a_mailmap_renames_nobody(code, git):
    start = git(code, "rev-parse", "HEAD")
    (code / ".mailmap").write_text("Other <other@example.org> <name@example.org>\n")
    git(code, "config", "log.mailmap", "true")

    assert codelog.between(opened(code), start, committed(git, code)).only_b.commits[0].author == "Name"
