from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitreg.names import shown
from gitreg.review.inert import code, fenced

HOSTILE = st.text(st.sampled_from(list("a1 .@#*_`<>|[]()!&;:/\\~\n\r\t-+=\"'")) | st.characters(), max_size=60)


def rendered(text):
    return MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"]).render(text)


@given(HOSTILE)
def test_inline_code_shows_the_text_and_is_nothing_else(text):
    page = rendered(f"x {code(text)} y")

    inside = re.fullmatch(r"<p>x (?:<code>(.*)</code>)? ?y</p>\n", page, re.DOTALL)
    assert inside
    assert html.unescape(inside[1] or "") == shown(text)
    assert "<" not in (inside[1] or "")


@given(HOSTILE)
def test_inline_code_stays_in_its_cell(text):
    page = rendered(f"| a | b |\n| --- | --- |\n| {code(text)} | end |\n")

    assert re.findall(r"<td>([a-z]+)</td>", page)[-1] == "end"
    assert page.count("<td>") == 2


@given(st.lists(HOSTILE, max_size=4).map("\n".join))
def test_a_block_is_one_block_whatever_is_in_it(text):
    page = rendered(f"{fenced(text)}\n\nend\n")

    assert page.count("<pre>") == 1
    assert page.endswith("</code></pre>\n<p>end</p>\n")
