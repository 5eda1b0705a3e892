"""``gitreg get``: one value, bare."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Said

VALUES = {
    "number": "1\n",
    "version": "1\n",
    "id": "iris@1\n",
    "stage": "production\n",
    "status": "ready\n",
    "metrics.accuracy": "0.91\n",
    'metrics."val.loss"': "1e-05\n",
    "params.C": "1.10\n",
    "params.n": "3\n",
    "params.flag": "true\n",
    "params.off": "false\n",
    "params.nothing": "\n",
    "params.list": '[1, "a"]\n',
    "params.list.1": "a\n",
    "params.map": '{"a": {"b": 1}}\n',
    "params.map.a.b": "1\n",
    '"params"."map".a': '{"b": 1}\n',
    "yanked": "\n",
    "metadata": "{}\n",
    "tags": "[]\n",
    "commit": "c" * 40 + "\n",
}


@pytest.fixture
def full(cli):
    """Return the command line of a registry whose ``iris@4`` holds a value of each kind, in production as 1 did."""
    facts = ("C=1.10", "n=3", "flag=true", "off=false", "nothing=null", 'list:=[1, "a"]', 'map:={"a": {"b": 1}}')
    params = [word for fact in facts for word in ("--param", fact)]
    cli("register", "rose", "--metric", "accuracy=0.91", "--metric", "val.loss=1e-05", *params)
    cli("promote", "rose@1", "production")
    return cli


def test_a_value_prints_bare(full):
    said = {field: full("get", "rose@production", field) for field in VALUES}

    assert said == {field: Said(0, value.replace("iris", "rose")) for field, value in VALUES.items()}


@pytest.mark.parametrize("field", ["nope", "metrics.nope", "metrics.accuracy.deeper", "params.list.9", "run.id", "Number", "params.list.²", "params.list.-1"])
def test_an_absent_field_is_not_found(full, field):
    said = full("get", "rose", field)

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith(f"gitreg: no field {field.rpartition('.')[2]!r} in {field!r}: there is ")


@pytest.mark.parametrize("field", ["", ".", "metrics.", "a..b", '"open', 'a"b"', '"a"b'])
def test_a_malformed_field_is_wrong_usage(cli, field):
    assert cli("get", "iris", field) == Said(2, "", f"gitreg: {field!r} is not a field: write it like metrics.accuracy or metrics.\"val.loss\"\n")


def test_json_quotes_a_text(full):
    assert full("get", "rose", "params.C", "--format", "json") == Said(0, '"1.10"\n')
    assert full("get", "rose", "params.nothing", "--format", "json") == Said(0, "null\n")


@pytest.mark.parametrize(("selector", "number"), [
    ("iris", "3"), ("iris@latest", "3"), ("iris@2", "2"), ("iris@staging", "2"), ("iris@production", "1"), ("iris@0002", "2"),
])  # fmt: skip
def test_a_selector_names_one_version(cli, selector, number):
    assert cli("get", selector, "number") == Said(0, f"{number}\n")
