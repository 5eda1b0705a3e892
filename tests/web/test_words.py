"""How things are written on a page, and what may be a link."""

from __future__ import annotations

import json

import pytest

from gitreg.web import words
from tests.web.registries import ATTACK

HARMLESS = ["https://example.org/a?b=c#d", "http://localhost:8000", "mailto:name@example.org", "HTTPS://EXAMPLE.ORG"]
HARMFUL = {
    "a script": "javascript:alert(1)",
    "a script in another case": "JaVaScRiPt:alert(1)",
    "a script behind a space": " javascript:alert(1)",
    "a script with a tab in it": "java\tscript:alert(1)",
    "a script with a line in it": "java\nscript:alert(1)//https://example.org",
    "a page in the address": "data:text/html,<script>alert(1)</script>",
    "another script": "vbscript:msgbox(1)",
    "a file": "file:///etc/passwd",
    "an address without a scheme": "//example.org/x",
    "a path": "/etc/passwd",
    "a host that is none": "https://",
    "a backslash that browsers take for a slash": "https:\\\\example.org",
    "a bracket that is no address": "http://[::1",
    "text that turns around": "https://example.org/\u202egro.elpmaxe",
    "nothing": "",
    "a blob": "blob:https://example.org/1",
    "a very long one": "https://example.org/" + "a" * 3000,
}


@pytest.mark.parametrize("uri", HARMLESS)
def test_a_harmless_address_is_a_link(uri):
    assert words.address(uri).startswith(f'<a class="away" href="{uri}" rel="noopener noreferrer nofollow">')


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_harmful_address_is_text(kind):
    assert words.safe(HARMFUL[kind]) is None
    assert "<a" not in words.address(HARMFUL[kind])


def test_the_title_of_a_link_is_text():
    assert "<img" not in words.address("https://example.org", ATTACK)
    assert "<img" not in words.address("no-address", ATTACK)


def test_an_address_cannot_leave_its_attribute():
    found = words.address('https://example.org/"onmouseover="alert(1)')

    assert '"onmouseover' not in found
    assert "&#34;onmouseover" in found


def test_data_inside_a_page_cannot_end_its_script():
    found = words.data({ATTACK: [ATTACK, 1.5, None]})

    assert not set("<>&\u2028\u2029") & set(found)
    assert json.loads(found) == {ATTACK: [ATTACK, 1.5, None]}


def test_a_moment_is_a_day_with_the_exact_one_on_hover():
    assert words.when("2026-11-02T07:24:31.123456Z") == '<time datetime="2026-11-02T07:24:31.123456Z" title="2026-11-02 07:24:31 UTC">2 Nov 2026</time>'
    assert words.when(None) == ""


@pytest.mark.parametrize(
    ("count", "said"), [(None, ""), (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (4551, "4.55 kB"), (999_600, "1 MB"), (12_400_000_000, "12.4 GB"), (10**19, "1e+04 PB")]
)
def test_a_size_is_said_as_people_say_it(count, said):
    assert words.size(count) == said


@pytest.mark.parametrize(("value", "said"), [(0.97, "0.97"), (1 / 3, "0.333333"), (12, "12"), (1234567, "1,234,567"), (1e-12, "1e-12"), (10**30, "1e+30"), (True, "true"), (None, "null"), ("x", "x")])
def test_a_number_is_said_to_the_digits_that_count(value, said):
    assert words.number(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.5, "+0.5"), (-0.25, "\u22120.25"), (0.0, "0"), (None, "")])
def test_a_difference_has_a_sign(value, said):
    assert words.signed(value) == said


def test_what_a_terminal_or_a_reader_would_obey_is_not_written_raw():
    assert words.text("a\u202eb\x1b[31m") == "a\\u202eb\\x1b[31m"
    assert words.lines("one\ntwo\x1b") == "one\ntwo\\x1b"


def test_a_person_is_a_name_with_the_address_on_hover():
    assert words.person("Name <name@example.org>") == '<span title="Name &lt;name@example.org&gt;">Name</span>'
    assert words.person(" <name@example.org>") == '<span title=" &lt;name@example.org&gt;"> &lt;name@example.org&gt;</span>'


@pytest.mark.parametrize(("stage", "tone"), [("production", "goal"), ("staging", "near"), ("development", "early"), ("archived", "archived"), ("else", "gone"), (None, "gone")])
def test_the_badge_of_a_stage_tells_how_far_it_is(stage, tone):
    assert words.tone(stage, ("development", "staging", "production")) == tone


def test_events_of_one_commit_are_told_as_one_and_what_was_meant_first():
    events = [{"event": "archived", "commit": "a", "model": "iris"}, {"event": "promoted", "commit": "a", "model": "iris"}, {"event": "registered", "commit": "b", "model": "iris"}]

    assert [[event["event"] for event in group] for group in words.commits(events)] == [["promoted", "archived"], ["registered"]]


def test_events_of_two_models_in_one_commit_stand_apart():
    events = [{"event": "registered", "commit": "a", "model": model} for model in ("iris", "other")]

    assert len(words.commits(events)) == 2
