"""YAML: what the strict reader takes and refuses, and the style that gitreg writes."""

from __future__ import annotations

import re
import time

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gitreg.errors import InvalidError, UsageError
from gitreg.store import codec

FILE = "models/churn/versions/3.yaml"

# what is wrong: the file, the line of the error, a part of its sentence
BROKEN = {
    "an anchor": (b"a: 1\nb: &x 2\n", 2, "anchors are not allowed"),
    "an anchor on a map": (b"a: &x\n  b: 1\n", 1, "anchors are not allowed"),
    "an anchor on a key": (b"&x a: 1\n", 1, "anchors are not allowed"),
    "an anchor on nothing": (b"a: &x\n", 1, "anchors are not allowed"),
    "an alias": (b"a: 1\nb: *a\n", 2, "aliases are not allowed"),
    "a merge key bomb": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: {<<: *b}\n", 1, "anchors are not allowed"),
    "a tag": (b"a: !!str 1\n", 1, "tags are not allowed"),
    "a tag that would run code": (b"a: !!python/object/apply:os.system [ls]\n", 1, "tags are not allowed"),
    "a tag on a list": (b"a: !!set [1]\n", 1, "tags are not allowed"),
    "a tag on a key": (b"!!str a: 1\n", 1, "tags are not allowed"),
    "the tag that means no tag": (b"a: ! 1\n", 1, "tags are not allowed"),
    "a duplicate key": (b"a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a'"),
    "a duplicate key, quoted once": (b'a: 1\n"a": 3\n', 2, "duplicate key 'a'"),
    "a duplicate key inside": (b"m:\n  a: 1\n  b: 2\n  a: 1\n", 4, "duplicate key 'a'"),
    "a duplicate key on one line": (b"m: {a: 1, a: 2}\n", 1, "duplicate key 'a'"),
    "a number as key": (b"1: a\n", 1, "a key must be text: quote 1"),
    "a boolean as key": (b"a: 1\ntrue: a\n", 2, "a key must be text: quote True"),
    "nothing as key": (b"? \n: a\n", 1, "a key must be text"),
    "a list as key": (b"? [a]\n: b\n", 1, "a key must be text"),
    "a map as key": (b"{a: 1}: b\n", 1, "a key must be text"),
    "a directive": (b"%YAML 1.2\n---\na: 1\n", 1, "directives are not allowed"),
    "a tag directive": (b"%TAG !e! tag:example.org,2026:\n---\na: 1\n", 1, "directives are not allowed"),
    "an unknown directive": (b"%FOO bar\n---\na: 1\n", 1, "not YAML"),
    "a second document": (b"a: 1\n---\nb: 1\n", 2, "a second document is not allowed"),
    "a second, empty document": (b"a: 1\n---\n", 2, "a second document is not allowed"),
    "21 levels of lists": (b"a: " + b"[" * 20 + b"]" * 20 + b"\n", 1, "nested deeper than 20 levels"),
    "21 levels of maps": (b"".join(b" " * n + b"a:\n" for n in range(21)) + b" " * 21 + b"b: 1\n", 21, "nested deeper than 20 levels"),
    "100,000 lists": (b"[" * 100_000, 1, "nested deeper than 20 levels"),
    "100,000 maps": (b"{a: " * 100_000, 1, "nested deeper than 20 levels"),
    "100,000 dashes": (b"- " * 100_000, 1, "nested deeper than 20 levels"),
    "100,000 question marks": (b"? " * 100_000, 1, "nested deeper than 20 levels"),
    "not UTF-8": (b"a: 1\nb: caf\xe9\n", 2, "this is not UTF-8"),
    "UTF-16": ("a: 1\n".encode("utf-16"), 1, "this is not UTF-8"),
    "half a surrogate pair": (b"a: \xed\xa0\x80\n", 1, "this is not UTF-8"),
    "half a surrogate pair, escaped": (b'a: 1\nb: "\\ud800"\n', 2, "not YAML"),
    "a NUL": (b"a: 1\nb: \x00\n", 2, "not YAML"),
    "a terminal escape": (b"a: 1\n\nb: \x1b[31m\n", 3, "not YAML"),
    "a line end that YAML 1.2 does not see": ("a: 1 # x\u2028number: 9\n".encode(), 1, "U+2028 ends a line in some readers only"),
    "another": ("a: 1\nb: x\x85c: d\n".encode(), 2, "U+0085 ends a line in some readers only"),
    "truncated in a list": (b"a: 1\nb: [1, 2", 2, "not YAML"),
    "truncated in a text": (b'a: 1\nb: "x', 2, "not YAML"),
    "truncated in a map": (b"a: 1\nb: {c: ", 2, "not YAML"),
    "truncated in a key": (b"a: 1\nb", 2, "not YAML"),
    "a tab before a key": (b"a:\n\tb: 1\n", 2, "not YAML"),
    "bad indentation": (b"a: 1\n  b: 2\n", 2, "not YAML"),
    "conflict markers": (b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> topic\n", 2, "an unresolved merge conflict stands here"),
    "conflict markers in a block": (b"p:\n<<<<<<< HEAD\n  n: 8\n=======\n  n: 9\n>>>>>>> topic\n", 2, "an unresolved merge conflict"),
    "conflict markers in a list": (b"l:\n  - 1\n<<<<<<< HEAD\n  - 2\n=======\n  - 3\n>>>>>>> x\n", 3, "an unresolved merge conflict"),
    "conflict markers, CRLF": (b"a: 1\r\n<<<<<<< HEAD\r\nb: 1\r\n=======\r\nb: 2\r\n>>>>>>> x\r\n", 2, "an unresolved merge conflict"),
    "infinity": (b"a: 1\nb: .inf\n", 2, ".inf is not a finite number"),
    "minus infinity": (b"a: -.INF\n", 1, "-.INF is not a finite number"),
    "not a number": (b"a: .NaN\n", 1, ".NaN is not a finite number"),
    "a number beyond doubles": (b"a: 1e999\n", 1, "1e999 is not a finite number"),
    "65 bits": (b"a: 9223372036854775808\n", 1, "9223372036854775808 does not fit into 64 bits: quote it"),
    "65 bits below zero": (b"a: -9223372036854775809\n", 1, "does not fit into 64 bits: quote it"),
    "65 bits in hex": (b"a: 0x8000000000000000\n", 1, "does not fit into 64 bits: quote it"),
    "a million digits": (b"a: " + b"9" * 1_000_000, 1, "does not fit into 64 bits: quote it"),
}


@pytest.mark.parametrize("wrong", BROKEN)
def test_the_reader_refuses(wrong):
    data, line, problem = BROKEN[wrong]

    with pytest.raises(InvalidError) as caught:
        codec.load(data, FILE)

    assert (caught.value.path, caught.value.line, caught.value.rule) == (FILE, line, "R01")
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{FILE}:{line}: ")
    assert len(str(caught.value)) < 250


def test_a_megabyte_is_read():
    data = b"a: " + b"x" * ((1 << 20) - 3)

    value = codec.load(data, FILE)

    assert len(value["a"]) == (1 << 20) - 3


@pytest.mark.parametrize("size", [(1 << 20) + 1, 50_000_000], ids=["a byte more than a MiB", "50 MB"])
def test_a_file_that_is_too_large_is_refused_unread(size):
    with pytest.raises(InvalidError, match=f"^{FILE}: the file has {size:,} bytes, 1,048,576 are allowed$"):
        codec.load(bytes(size), FILE)


def test_hostile_depth_costs_no_time():
    start = time.perf_counter()

    for data in (b"[" * 1_000_000, b"{" * 1_000_000, b"- " * 500_000):
        with pytest.raises(InvalidError):
            codec.load(data, FILE)

    assert time.perf_counter() - start < 2


def test_twenty_levels_are_read():
    value = codec.load(b"[" * 20 + b"]" * 20, FILE)

    assert str(value) == "[" * 20 + "]" * 20


# YAML 1.2, core schema: what a plain scalar means
CORE = {
    "no": "no", "yes": "yes", "on": "on", "off": "off", "y": "y", "N": "N", "Yes": "Yes", "NO": "NO",
    "true": True, "True": True, "TRUE": True, "tRUE": "tRUE", "false": False, "null": None, "Null": None, "~": None, "": None, "nULL": "nULL",
    "012": 12, "0o14": 12, "0x1F": 31, "0b11": "0b11", "1_000": "1_000", "+7": 7, "-7": -7, "-0": 0, "00": 0, "0o8": "0o8", "-0x1": "-0x1",
    "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63),
    "1.10": 1.1, "1.": 1.0, ".5": 0.5, "-.5": -0.5, "1e3": 1000.0, "1.5E-3": 0.0015, "1e": "1e", ".": ".", "1.2.3": "1.2.3",
    "1:30": "1:30", "190:20:30": "190:20:30", "2026-11-22": "2026-11-22", "2026-11-22T07:24:31Z": "2026-11-22T07:24:31Z",
    "=": "=", "<<": "<<", "1.0.5": "1.0.5", "inf": "inf", "nan": "nan", "'012'": "012", '"1.10"': "1.10", "'null'": "null", '"\\u00e9"': "é",
}  # fmt: skip


@pytest.mark.parametrize("text", CORE)
def test_a_scalar_is_read_by_the_1_2_core_schema(text):
    value = codec.load(f"a: {text}\n".encode(), FILE)["a"]

    assert repr(value) == repr(CORE[text])


def core(text):
    """Read a plain scalar as the tables of YAML 1.2.2, section 10.3.2 have it."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text in ("true", "True", "TRUE")
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", text):
        return int(text, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    return text


@settings(max_examples=500, deadline=None)
@given(st.text("0123456789+-._eExobB", min_size=1, max_size=9) | st.text("0-+.eoxaF1_", min_size=1, max_size=5))
def test_any_scalar_is_read_by_the_1_2_core_schema(text):
    assume(text not in ("-", "---", "...") and not re.search("^[-+]?.*[eE][-+]?0*([3-9][0-9]{2}|[1-9][0-9]{3,})", text))

    value = codec.load(f"a: {text}\n".encode(), FILE)["a"]

    assert repr(value) == repr(core(text))


READ_ALIKE = {
    "a byte order mark": (b"\xef\xbb\xbfa: 1\n", {"a": 1}),
    "CRLF": (b"a: 1\r\nb: x\r\n", {"a": 1, "b": "x"}),
    "explicit marks": (b"---\na: 1\n...\n", {"a": 1}),
    "no last line end": (b"a: 1", {"a": 1}),
    "nothing": (b"", None),
    "only a comment": (b"# a\n", None),
    "JSON": (b'{"a": [1, true, null, "x"]}', {"a": [1, True, None, "x"]}),
    "a literal block": (b"a: |\n  x\n  # y\n", {"a": "x\n# y\n"}),
    "a folded block": (b"a: >-\n  x\n  y\n", {"a": "x y"}),
    "an escaped NUL": (b'a: "\\0"\n', {"a": "\0"}),
}


@pytest.mark.parametrize("kind", READ_ALIKE)
def test_the_reader_takes(kind):
    data, expected = READ_ALIKE[kind]

    assert codec.load(data, FILE) == expected


# -- writing ----------------------------------------------------------------------------------------------

WRITTEN = {
    "plain text": ("second feature set", "second feature set"),
    "a word that is a boolean in 1.1": ("no", '"no"'),
    "a word that is a boolean in both": ("True", '"True"'),
    "null as text": ("null", '"null"'),
    "the empty text": ("", '""'),
    "digits": ("7", '"7"'),
    "an octal": ("012", '"012"'),
    "a version": ("1.0.5", '"1.0.5"'),
    "a time": ("2026-11-22T07:24:31.123456Z", '"2026-11-22T07:24:31.123456Z"'),
    "a digest": ("ab" * 32, f'"{"ab" * 32}"'),
    "a digest of letters": ("f" * 64, f'"{"f" * 64}"'),
    "a sexagesimal": ("1:30", '"1:30"'),
    "an address": ("s3://bucket/x", '"s3://bucket/x"'),
    "a colon": ("a: b", '"a: b"'),
    "a hash": ("a #b", '"a #b"'),
    "a dash": ("- a", '"- a"'),
    "a leading space": (" a", '" a"'),
    "a trailing space": ("a ", '"a "'),
    "a tab": ("a\tb", '"a\\tb"'),
    "a terminal escape": ("\x1b[31m", '"\\e[31m"'),
    "NEL": ("a\x85b", '"a\\Nb"'),
    "line separators": ("a\u2028b\u2029", '"a\\Lb\\P"'),
    "a byte order mark": ("\ufeffa", '"\\uFEFFa"'),
    "a carriage return": ("a\r\nb", '"a\\r\\nb"'),
    "emoji": ("\U0001f600", '"\\U0001F600"'),
    "several lines": ("a\n# b\n", "|\n  a\n  # b"),
    "several lines, no last end": ("a\nb", "|-\n  a\n  b"),
    "a small float": (1e-05, "1.0e-05"),
    "a large float": (1e16, "1.0e+16"),
    "a float": (0.1, "0.1"),
    "an integral float": (1.0, "1.0"),
    "minus zero": (-0.0, "-0.0"),
    "an integer": (-7, "-7"),
    "true": (True, "true"),
    "null": (None, "null"),
    "a short list": ([7, 5], "[7, 5]"),
    "an empty list": ([], "[]"),
    "an empty map": ({}, "{}"),
    "a map": ({"b": 1, "a": 2}, "\n  b: 1\n  a: 2"),
    "a list of maps": ([{"a": 1, "b": 2}], "\n- a: 1\n  b: 2"),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_value_is_written(kind):
    value, text = WRITTEN[kind]

    written = codec.dump({"key": value})

    assert written == f"key: {text}\n".replace(": \n", ":\n")
    assert repr(yaml.safe_load(written)) == repr(codec.load(written.encode(), FILE)) == repr({"key": value})


def test_a_quoted_text_is_quoted_whatever_it_holds():
    assert codec.dump({"version": codec.Quoted("abc")}) == 'version: "abc"\n'


def test_a_long_text_stays_on_its_line():
    text = codec.dump({"a": "word " * 1000 + "end", "b": '"' * 1000})

    assert text.count("\n") == 2


UNWRITABLE = {
    "half a surrogate pair": ("\ud800", "half a surrogate pair"),
    "half a surrogate pair as key": ({"\udfff": 1}, "half a surrogate pair"),
    "NaN": (float("nan"), "nan is not a finite number"),
    "infinity": (float("-inf"), "-inf is not a finite number"),
    "65 bits": (2**63, "does not fit into 64 bits"),
    "a number as key": ({1: 1}, "a key must be text, found 1"),
    "a set": ({1}, "found set"),
    "bytes": (b"x", "found bytes"),
    "an object": (object(), "found object"),
    "a self-nested list": ((loop := []).append(loop) or loop, "nested deeper than 20 levels"),
}


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_the_writer_refuses(kind):
    value, problem = UNWRITABLE[kind]

    with pytest.raises(UsageError, match=problem):
        codec.dump({"key": value})


# -- places -----------------------------------------------------------------------------------------------


def test_each_node_has_its_line():
    data = b"# top\na:\n  b: 1\n  c: [x,\n    y]\n\nd: |\n  text\n  d: 1\ne: 1\n"

    lines = {place.path: place.line + 1 for place in codec.places(data)}

    assert lines == {("a",): 2, ("a", "b"): 3, ("a", "c"): 4, ("a", "c", 0): 4, ("a", "c", 1): 5, ("d",): 7, ("e",): 10}


def test_a_node_that_is_missing_has_the_line_of_what_would_hold_it():
    data = b"number: 1\nartifacts:\n  model:\n    uri: x\n"

    assert codec.line_of(data, ("artifacts", "model", "kind")) == 3
    assert codec.line_of(data, ("status",)) == 1
