"""How options are read: K=V, K:=JSON, a dotted FIELD, a number or none."""

from __future__ import annotations

import pytest

from gitreg.cli import values
from gitreg.errors import UsageError


@pytest.mark.parametrize(("text", "value"), [
    ("k=1", 1), ("k=-1", -1), ("k=0", 0), ("k=1.5", 1.5), ("k=1e-05", 1e-05), ("k=true", True), ("k=false", False), ("k=null", None),
    ("k=1.10", "1.10"), ("k=1e5", "1e5"), ("k=007", "007"), ("k=+1", "+1"), ("k=.5", ".5"), ("k=1.", "1."), ("k=0x10", "0x10"), ("k=1_000", "1_000"),
    ("k=True", "True"), ("k=NaN", "NaN"), ("k=Infinity", "Infinity"), ("k=-0", "-0"), ("k=1E5", "1E5"), ("k= 1", " 1"), ("k=\uff11", "\uff11"),
    ("k=", ""), ("k=a=b", "a=b"), ("k=text", "text"), ("k=[1]", "[1]"), ("k=\"a\"", "\"a\""), ("k=123456789012345678901234567890", "123456789012345678901234567890"),
    ("k:=[1, 2]", [1, 2]), ("k:={\"a\": null}", {"a": None}), ("k:=1.10", 1.1), ("k:=\"1\"", "1"), ("k:=1e5", 1e5),
])  # fmt: skip
def test_v_is_what_json_reads_and_writes_back_the_same(text, value):
    key, read = values.pair(text)

    assert key == "k"
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", ["", "k", "=1", ":=1", "k:=", "k:={", "k:=NaN", "k:=[1,]", "k:=" + "[" * 100_000, "k:=" + "1" * 5000])
def test_what_is_not_a_pair_is_wrong_usage(text):
    with pytest.raises(UsageError) as refusal:
        values.pair(text)

    assert len(refusal.value.message) < 200


def test_a_key_given_twice_is_wrong_usage():
    with pytest.raises(UsageError, match="'a' is given twice"):
        values.pairs(("a=1", "a=1"))


def test_a_metric_takes_a_number_that_json_would_write_otherwise():
    assert values.numbers(("a=1.10", "b=1e5", "c=3")) == {"a": 1.1, "b": 1e5, "c": 3}


@pytest.mark.parametrize(("text", "parts"), [
    ("a", ["a"]), ("a.b", ["a", "b"]), ('metrics."val.loss"', ["metrics", "val.loss"]), ('"a.b".c', ["a.b", "c"]), ('""', [""]), ("a-b.c d", ["a-b", "c d"]),
])  # fmt: skip
def test_a_field_is_dotted_and_a_name_with_a_dot_quoted(text, parts):
    assert values.field(text) == parts


@pytest.mark.parametrize(("text", "holder"), [(None, None), ("none", "none"), ("7", 7)])
def test_expect_is_a_number_or_none(text, holder):
    assert values.expected(text) == holder


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "None", "²", "none ", "٣"])
def test_expect_is_nothing_else(text):
    with pytest.raises(UsageError, match="--expect takes a version's number or 'none'"):
        values.expected(text)
