"""Markdown as GitHub reads it: its own parser, with what it adds to CommonMark; and what strangers' text looks like at its worst."""

from __future__ import annotations

import re

from cmarkgfm import markdown_to_html_with_extensions
from cmarkgfm.cmark import Options
from hypothesis import strategies as st

FRAGMENTS = (
    "www.evil.com", "me@evil.com", "https://evil.com/x", "ftp://evil.com", "xmpp:me@evil.com/x", "mailto:me@evil.com", "<https://evil.com>",
    "[a](//evil.com)", "![a](//evil.com)", "[a]: //evil.com", "@team", "#12", "acme/m#3", "<b>", "</code>", "</details>", "<!--", "-->", "<script>",
    "`", "``", "```", "`" * 19, "`" * 20, "`" * 81, "`" * 256, "~~~", "~~", "**", "_", "|", "\\", "\\|", "\\`", "| a |\n| --- |\n", "---", "$", "$`",
    "&#64;", "&#96;", "&amp;", "&", " ", "  ", "    ", "\t", "\n", "\n\n", "\r", "\u2028", "\x00", "# ", "> ", "* ", "1. ", "- [ ] ", "a", "7", ".", ":", "/", "+", "-",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.characters(), max_size=12).map("".join)


def rendered(text: str) -> str:
    """Return the page that GitHub's parser makes of *text*, with all of its extensions, and without the cleaning that follows there."""
    return markdown_to_html_with_extensions(text, options=Options.CMARK_OPT_UNSAFE, extensions=["table", "autolink", "strikethrough", "tasklist"])


def tags(page: str) -> set[str]:
    """Return the names of all elements of a page."""
    return set(re.findall(r"<([a-zA-Z][a-z0-9]*)", page))
