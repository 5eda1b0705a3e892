"""Gates: CEL over candidate, current and model (SPEC 3 rule 7)."""

from __future__ import annotations

import sys

import pytest

from gitreg import gates
from gitreg.errors import InvalidError
from gitreg.records import Gate

FACTS = {
    "candidate": {"number": 7, "metrics": {"accuracy": 0.97, "val.loss": 0.1}, "params": {"C": 1}, "metadata": {"reviewed": True}, "tags": ["a"]},
    "current": {"number": 6, "metrics": {"accuracy": 0.98}},
    "model": {"name": "iris"},
}


def judged(expression, **facts):
    return gates.judged(Gate(name="g", expr=expression), FACTS | facts)


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        "candidate.metrics.accuracy >= 0.9",
        "candidate.metrics.accuracy >= current.metrics.accuracy - 0.05",
        "candidate.metrics['val.loss'] < 0.2",
        "candidate.params.C == 1",
        "candidate.metadata.reviewed",
        "'a' in candidate.tags",
        "current != null",
        "model.name == 'iris'",
        "!has(candidate.metrics.f1) || candidate.metrics.f1 > 0.5",
        "candidate.number == current.number + 1",
    ],
)
def test_a_gate_holds(expression):
    assert judged(expression).holds


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("false", id="false"),
        pytest.param("candidate.metrics.accuracy > 0.99", id="not enough"),
        pytest.param("candidate.metrics.f1 > 0.5", id="a missing metric"),
        pytest.param("candidate.metrics.f1 < 0.5", id="a missing metric the other way round"),
        pytest.param("candidate.metrics.f1", id="a missing metric alone"),
        pytest.param("candidate.metadata.approved", id="a missing key that reads as text"),
        pytest.param("!candidate.metadata.approved", id="not a missing key"),
        pytest.param("has(candidate.metrics.f1)", id="has"),
        pytest.param("1 / 0 == 1", id="an error"),
        pytest.param("candidate.tags > 1", id="types that do not mix"),
        pytest.param("'a'", id="text"),
        pytest.param("'true'", id="the text true"),
        pytest.param("1", id="a number"),
        pytest.param("1.0", id="a double"),
        pytest.param("null", id="null"),
        pytest.param("[true]", id="a list"),
        pytest.param("{'a': true}", id="a map"),
        pytest.param("candidate", id="the candidate"),
        pytest.param("type(true)", id="a type"),
        pytest.param("candidate.tags.all(t, t == 'b')", id="not all"),
    ],
)
def test_only_the_boolean_true_holds(expression):
    assert not judged(expression).holds


def test_a_gate_sees_that_the_stage_is_vacant():
    assert judged("current == null", current=None).holds


def test_a_metric_of_nobody_refuses():
    assert not judged("candidate.metrics.accuracy >= current.metrics.accuracy", current=None).holds


def test_a_verdict_names_each_value_the_expression_names_once():
    verdict = judged("candidate.metrics.accuracy > 0.99 && candidate.metrics.accuracy > current.metrics.accuracy && model.owner == 'a'")

    assert verdict.saw == "candidate.metrics.accuracy = 0.97, current.metrics.accuracy = 0.98, model.owner = nothing"


def test_a_verdict_shows_values_exactly():
    facts = {"candidate": {"metrics": {"accuracy": 0.94999999}}}

    assert judged("candidate.metrics.accuracy >= 0.95", **facts).saw == "candidate.metrics.accuracy = 0.94999999"


def test_a_verdict_shows_text_escaped():
    facts = {"candidate": {"description": "a\x1b[2Jb"}}

    assert judged("candidate.description == ''", **facts).saw == r"candidate.description = 'a\x1b[2Jb'"


@pytest.mark.parametrize(
    ("expression", "answer"), [("false", "false"), ("'a'", '"a"'), ("1", "1"), ("null", "null"), ("1 / 0 == 1", "INVALID_ARGUMENT: divide by zero")]
)
def test_a_verdict_has_the_answer(expression, answer):
    assert judged(expression).answer == answer


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        pytest.param("candidate.metrics.accuracy >=", "1:30: Syntax error", id="it ends too early"),
        pytest.param("candidat.metrics.accuracy > 1.0", "undeclared reference to 'candidat.metrics.accuracy'", id="a misspelt name"),
        pytest.param("'a' > 1", "found no matching overload for '_>_'", id="types that never mix"),
        pytest.param("open('/etc/passwd')", "undeclared reference to 'open'", id="a function that is not CEL's"),
    ],
)
def test_what_is_not_cel_is_an_invalid_file(expression, said):
    with pytest.raises(InvalidError, match=said) as refusal:
        gates.compiled(expression)

    assert (refusal.value.path, refusal.value.field) == ("gitreg.yaml", "require")


def test_the_runtime_is_found():
    assert gates.installed()


def test_the_runtime_is_missed(monkeypatch):
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    gates._environment.cache_clear()

    assert not gates.installed()
