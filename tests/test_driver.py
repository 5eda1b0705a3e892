"""The merge driver: three files to one, as git would merge them where git is right."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings

from gitreg import driver
from gitreg.cli.boundary import run
from gitreg.errors import BusyError, InvalidError
from gitreg.operations.merging import faults
from gitreg.store import documents
from tests.operations.test_merging import START, STEPS, after
from tests.operations.views import held

PATH = "models/iris/stages.yaml"


def text(pointers):
    return documents.encode_stages(pointers, dict.fromkeys(("development", "staging", "production")), PATH)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Write three files, and return their paths."""
    folder = tmp_path_factory.mktemp("three")

    def write(*contents):
        paths = [str(folder / name) for name in ("base", "ours", "theirs")]
        for path, content in zip(paths, contents, strict=True):
            with open(path, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        return paths

    return write


def merged(paths, *labels):
    return driver.merged(*paths, driver.Labels(*labels))


BASE, ONE, OTHER = (text(after(START, *steps)) for steps in ((), ((5, "staging"),), ((7, "development"),)))
APART = text(after(START, (7, "production")))
MERGED = text(held(development=(7, 5), staging=(5, 4, 3), production=(2, 1), archived=(6,)))


def test_what_git_would_not_merge_is_merged_as_what_it_says(three):
    assert merged(three(BASE, ONE, OTHER)) == (MERGED.encode(), True, ())


def test_line_ends_are_those_of_ours(three):
    crlf = [content.replace("\n", "\r\n") for content in (BASE, ONE, OTHER)]

    assert merged(three(*crlf)).data == MERGED.replace("\n", "\r\n").encode()


def test_files_that_both_sides_made_have_no_base(three):
    assert merged(three("", BASE, BASE)) == (BASE.encode(), True, ())


def test_markers_say_who_and_are_as_long_as_asked(three):
    found = merged(three(BASE, ONE, text(after(START, (8, "staging")))), "HEAD", "topic", 9)

    assert not found.clean
    assert [str(contest) for contest in found.contests] == ["both sides moved staging: to 5 here, to 8 there"]
    assert re.findall(rb"(?m)^[<=>]{7,}.*$", found.data) == [b"<<<<<<<<< HEAD", b"=========", b">>>>>>>>> topic"] * 2


@pytest.mark.parametrize("broken", ["a: [", "production:\n  holder: 1\n", BASE + "x: 1\n", "# " + "x" * (1 << 20), BASE.replace("number: 5", "number: 4")], ids=["no YAML", "no record", "unknown block", "too large", "not sound"])
def test_a_file_that_is_no_sound_pointer_file_is_merged_as_text(three, broken):
    changed = broken.replace("archived: ", "archived:  ")

    found = merged(three(broken, changed, broken))

    assert (found.data, found.clean) == (changed.encode(), True)


def test_a_text_that_does_not_merge_and_is_no_pointer_file_has_gits_own_markers(three):
    found = merged(three("a: [\n", "b: [\n", "c: [\n"))

    assert (found.data, found.clean, found.contests) == (b"<<<<<<< ours\nb: [\n=======\nc: [\n>>>>>>> theirs\n", False, ())


def test_a_file_that_is_no_text_is_refused(three):
    with pytest.raises(InvalidError, match="git cannot merge this"):
        merged(three(b"\0a", b"\0b", b"\0c"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises((BusyError, InvalidError), match="nowhere"):
        merged([str(tmp_path / name) for name in ("nowhere", "nowhere", "nowhere")])


def by_git(paths):
    base, ours, theirs = paths
    done = subprocess.run(["git", "merge-file", "-p", ours, base, theirs], capture_output=True, check=False)
    return done.stdout, done.returncode == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, STEPS, STEPS)
def test_it_is_never_worse_than_gits_own_merge(three, before, one, other):
    base = after(START, *before)
    ours, theirs = after(base, *one), after(base, *other)
    paths = three(text(base), text(ours), text(theirs))
    data, clean = by_git(paths)

    found = merged(paths)

    if clean and not faults(documents.decode_stages(data, PATH), base, ours, theirs):
        assert (found.data, found.clean) == (data, True)
    elif found.clean:
        assert faults(documents.decode_stages(found.data, PATH), base, ours, theirs) == []
    else:
        assert found.contests
        assert re.findall(rb"(?m)^={7}$", found.data)


COMMAND = ("merge-file", "--path", PATH, "--ours", "%X", "--theirs", "%Y")


def test_the_command_writes_ours_and_tells_by_its_exit_code(three):
    paths = three(BASE, ONE, OTHER)

    assert command(*COMMAND, *paths) == (0, "", "")
    with open(paths[1], encoding="utf-8") as file:
        assert file.read() == MERGED


def test_the_command_says_what_is_contested_and_names_sides_that_git_does_not_name(three):
    paths = three(BASE, APART, text(after(START, (8, "production"))))

    assert command(*COMMAND, *paths) == (1, "", f"{PATH}: both sides moved production: to 7 here, to 8 there\n")
    with open(paths[1], encoding="utf-8") as file:
        assert re.findall("(?m)^[<>].*$", file.read()) == ["<<<<<<< ours", ">>>>>>> theirs"]


def test_git_is_answered_by_codes_that_nothing_else_exits_with(three):
    contested = three(BASE, APART, text(after(START, (8, "production"))))

    assert command(*COMMAND, "--driver", *contested)[0] == driver.CONTESTED == 81
    assert command(*COMMAND, "--driver", *three(BASE, ONE, OTHER))[0] == driver.MERGED == 80
    assert command(*COMMAND, "--driver", *three(b"\0a", b"\0b", b"\0c"))[0] not in (80, 81)


def test_the_command_shows_hostile_names_escaped(three):
    paths = three(BASE, APART, text(after(START, (8, "production"))))

    code, _, err = command("merge-file", "--path", "\x1b[31mred", "--ours", "a\nb", *paths)

    assert (code, err.partition(":")[0]) == (1, "\\x1b[31mred")
    with open(paths[1], encoding="utf-8") as file:
        assert "<<<<<<< a\\nb\n" in file.read()


def command(*args):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(args)
    return code, out.getvalue(), err.getvalue()
