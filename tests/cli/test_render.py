"""What strangers wrote is inert in every format: no terminal, spreadsheet, web page or CI log obeys it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gitreg.cli import render
from tests import gfm

HOSTILE = {
    "addresses": "see www.evil.com, me@evil.com, https://evil.com and xmpp:me@evil.com/x",
    "terminal escape": "\x1b[31mred\x1b]0;title\x07",
    "8-bit escape": "\x9b31mred",
    "bidi": "a\u202egnp.exe",
    "zero width": "a\u200bb\ufeff",
    "control characters": "a\x01b\x02\x01\x1f",
    "new line": "first\n::set-output name=x::y",
    "carriage return": "ok\r::error::spoofed",
    "line separator": "a\u2028b\u2029c\x85d",
    "Markdown": "[x](javascript:alert(1)) **b** `c` ~d~ | e _f_ \\",
    "HTML": "<img src=x onerror=alert(1)> &lt;",
    "mention and reference": "@everyone #1 https://example.org",
    "formula": "=HYPERLINK(\"http://example.org\")",
}


@pytest.fixture(params=HOSTILE)
def hostile(request, iris, git):
    """Plant a hostile text wherever a stranger can write one."""
    text = HOSTILE[request.param]
    key = "".join(c for c in text if c.isprintable())[:90]
    iris.register("iris", description=text, tags=[text], metadata={key: text}, metrics={key: 1.0}, links={"l": {"uri": "https://example.org", "title": text}})
    iris.promote("iris@4", "production", reason=text)
    stages = Path(iris.path, "models/iris/stages.yaml")
    stages.write_text(stages.read_text().replace("number: 2", "number: 3"))
    git(iris.path, "-c", f"user.name={text.splitlines()[0]}", "commit", "-am", f"{text}\n\n{text}")
    return text


READS = ("list iris", "show iris@4", "history", "compare iris@3 iris@4", "lineage iris@4")


def all_of(cli, format_):
    """Return what every read prints of the hostile texts."""
    said = [cli(*command.split(), "--format", format_) for command in READS]
    assert [(s.code, s.err) for s in said] == [(0, "")] * len(READS)
    return [s.out for s in said]


@pytest.mark.parametrize("format_", ["table", "csv", "markdown", "json", "jsonl"])
def test_nothing_printed_is_obeyed_by_a_terminal_or_by_ci(cli, hostile, format_):
    lines = [line for out in all_of(cli, format_) for line in out.split("\n")]

    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.lstrip().startswith(("::", "##["))] == []


def test_json_reads_back_the_same(cli, hostile):
    assert json.loads(cli("show", "iris@4", "--format", "json").out)["description"] == hostile


def test_a_markdown_table_is_one_table_with_nothing_but_code_in_it(cli, hostile):
    for out in all_of(cli, "markdown"):
        page = gfm.rendered(out)

        assert gfm.tags(page) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
        assert len(re.findall("<tr>", page)) == len(out.splitlines()) - 1
        assert [cell for cell in re.findall(r"<td>(.*?)</td>", page) if not re.fullmatch(r"<code>[^<]*</code>|-?[0-9.]+|true|false|", cell)] == []


@pytest.mark.parametrize("text", ["@team", "#12", "gh-12", "acme/models#3", "d6c23b40", "www.example.org", "https://example.org", "a@example.org"])
def test_what_a_git_host_makes_links_and_mentions_of_stands_in_code(text):
    out = render.markdown_text(["name", text], [[text, 7]])

    assert out == f"| name | `{text}` |\n| --- | --- |\n| `{text}` | 7 |\n"
    assert gfm.tags(gfm.rendered(out)) == {"table", "thead", "tbody", "tr", "th", "td", "code"}


def test_a_spreadsheet_sees_no_formula(cli, hostile):
    rows = [row for out in all_of(cli, "csv") for row in csv.reader(io.StringIO(out))]

    assert [cell for row in rows for cell in row if cell.startswith(("=", "@", "\t", "\r"))] == []


def test_an_error_shows_hostile_names_escaped(cli):
    said = cli("show", "iris@1", "--at", "\x1b[31mred\u202e")

    assert said.err == "gitreg: there is no revision '\\x1b[31mred\\u202e', and a date is written 2026-11-22\n  try: git log --oneline\n"


@pytest.mark.parametrize(("value", "inert"), [
    ("plain", "`plain`"), ("", ""), (None, ""), (7, "7"), (-0.25, "-0.25"), (True, "true"), (["@team"], '`["@team"]`'),
    ("a|b", "`a|b`"), ("`x`", "`` `x` ``"), ("a\nb", "`a\\nb`"), ("<b>", "`<b>`"), ("&#64;", "`&#64;`"),
])  # fmt: skip
def test_a_markdown_cell_shows_the_value_itself(value, inert):
    assert render.markdown(value) == inert


@pytest.mark.parametrize(("value", "cell"), [
    (None, ""), (1, "1"), (0.1, "0.1"), (True, "true"), ([], "[]"), ({"a": 1}, '{"a": 1}'), ("a\nb", "a\\nb"), ("ä→", "ä→"),
])  # fmt: skip
def test_a_cell_says_a_value_as_json_does_but_text_bare(value, cell):
    assert render.cell(value) == cell


def on_a_terminal(folder, *args, **env):
    """Run gitreg with a terminal of 60 columns as its stdout, and return what reached it."""
    main, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "gitreg", *args], cwd=folder, stdout=terminal, stderr=terminal, stdin=terminal, env=os.environ | {"COLUMNS": "60", "TERM": "xterm"} | env)
    os.close(terminal)
    seen = b""
    while chunk := _read(main):
        seen += chunk
    os.close(main)
    process.wait()
    return seen.decode()


def _read(descriptor):
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""


def test_a_terminal_gets_bold_headings_and_its_width(iris):
    iris.update("iris@3", description="a long description that does not fit into a terminal of sixty columns")

    seen = on_a_terminal(iris.path, "list", "iris")

    assert "\x1b[1m" in seen
    assert len(seen.splitlines()) > 4


@pytest.mark.parametrize(("args", "env"), [(("--no-color", "list"), {}), (("list",), {"NO_COLOR": "1"}), (("list", "--no-color"), {})], ids=str)
def test_no_color_means_no_escape_at_all(iris, args, env):
    assert "\x1b" not in on_a_terminal(iris.path, *args, **env)


def test_get_escapes_for_a_terminal_and_not_for_a_script(iris, cli):
    iris.update("iris@3", description="\x1b[31mred")

    assert on_a_terminal(iris.path, "get", "iris@3", "description") == "\\x1b[31mred\r\n"
    assert cli("get", "iris@3", "description").out == "\x1b[31mred\n"
