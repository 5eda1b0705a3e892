"""``gitreg get``: one value, bare."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import servers
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
    assert said.err.startswith(f"gitreg: no field {field!r}: ")


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


@pytest.fixture
def served(serve, iris, git):
    """Return a server that has ``iris`` as ``models.git``, and its address."""
    server = serve(servers.Daemon)
    there = Path(server.create("models.git"))
    git(iris.path, "push", "-q", there, "main")
    git(there, "config", "uploadpack.allowFilter", "true")
    return server, server.url("models.git")


def test_one_command_reads_a_registry_by_its_address(run, served):
    _, url = served

    assert run("get", "iris@production", "metrics.accuracy", "-R", url) == Said(0, "0.91\n")
    assert run("get", "iris@production", "metrics.accuracy", "-R", url, "--no-fetch") == Said(0, "0.91\n")
    assert run("get", "iris@production", "number", "-R", url, "--branch", "gone") == Said(3, "", f"gitreg: there is no branch 'gone' in {url}\n  try: git ls-remote --heads {url}\n")


def test_an_address_that_does_not_answer_is_busy_and_what_is_known_is_offered(run, served):
    server, url = served
    run("get", "iris@production", "number", "-R", url)
    server.stop()

    refused = "unable to connect to 127.0.0.1:; 127.0.0.1[0: 127.0.0.1]: errno=Connection refused"
    assert run("get", "iris@production", "number", "-R", url) == Said(7, "", f"gitreg: {url} cannot be reached: {refused}\n  try: --no-fetch reads what was fetched last\n")
    assert run("get", "iris@production", "number", "-R", url, "--no-fetch") == Said(0, "1\n")
