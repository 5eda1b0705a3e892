"""Strangers' text in Markdown, read by GitHub's own parser and by a second one: it links to nothing, formats nothing, calls nobody."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitreg.names import shown
from gitreg.review.inert import code, fenced, row
from tests import gfm

LONG = "`" * 300


def by_markdown_it(text):
    return MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"]).render(text)


PARSERS = pytest.mark.parametrize("rendered", [gfm.rendered, by_markdown_it], ids=["cmark-gfm", "markdown-it"])


def same(inside, text):
    """Tell whether a reader of the page reads the text; only very long runs of backticks may be escaped."""
    return html.unescape(inside).replace("\\x60", "`") == shown(text).replace("\\x60", "`")


@PARSERS
@given(text=gfm.HOSTILE)
@example(text="see www.evil.com now")
@example(text="Name <me@evil.com>")
@example(text="xmpp:me@evil.com/x")
@example(text=f"{LONG} www.evil.com **b** {LONG}")
@example(text=" ` ")
def test_inline_code_shows_the_text_and_is_nothing_else(rendered, text):
    page = rendered(f"x {code(text)} y")

    inside = re.fullmatch(r"<p>x (?:<code>([^<]*)</code>)? ?y</p>\n", page, re.DOTALL)
    assert inside, page
    assert same(inside[1] or "", text)


@PARSERS
@given(one=gfm.HOSTILE, other=gfm.HOSTILE)
@example(one="a\\|b", other="\\")
@example(one="a|me@evil.com", other="`|`")
def test_inline_code_stays_in_its_cell(rendered, one, other):
    page = rendered("\n".join([row([code(one), "b"]), row(["---", "---"]), row([code(other), "end"])]))

    assert gfm.tags(page) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    cells = re.findall(r"<t[hd]>(?:<code>)?([^<]*)(?:</code>)?</t[hd]>", page)
    assert len(cells) == 4
    assert cells[1::2] == ["b", "end"]
    assert same(cells[0], one)
    assert same(cells[2], other)


@PARSERS
@given(text=st.lists(gfm.HOSTILE, max_size=4).map("\n".join))
@example(text=f"{LONG}\nwww.evil.com\n\n**b**")
def test_a_block_is_one_block_whatever_is_in_it(rendered, text):
    page = rendered(f"{fenced(text, 'diff')}\n\nend\n")

    assert gfm.tags(page) == {"pre", "code", "p"}
    assert page.count("<pre>") == 1
    assert page.endswith("</code></pre>\n<p>end</p>\n")


@PARSERS
@given(texts=st.lists(gfm.HOSTILE.filter(bool), min_size=2, max_size=2))
def test_texts_side_by_side_do_not_join(rendered, texts):
    page = rendered(f"#### {code(texts[0])}: {code(texts[1])} takes {code(texts[0])}\n\n* made by {code(texts[1])}\n* to take it back: {code(texts[0])}\n")

    assert gfm.tags(page) <= {"h4", "ul", "li", "code"}
    assert re.sub(r"<code>[^<]*</code>", "", page) == "<h4>:  takes </h4>\n<ul>\n<li>made by </li>\n<li>to take it back: </li>\n</ul>\n"
