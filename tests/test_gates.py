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
        pytest.param("candidate > 1", id="a version for a number"),
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


FAULTS = {
    "it ends too early": ("candidate.metrics.accuracy >=", "column 30: the expression ends too early"),
    "it ends too early, some lines on": ("true &&\n  (current == null ||\n", "line 3, column 1: the expression ends too early"),
    "a misspelt name": ("candidat.metrics.accuracy > 1.0", "column 1: nothing is called 'candidat', did you mean 'candidate'?"),
    "a misspelt name in the middle": ("current == null || curent.metrics.a > 1.0", "column 20: nothing is called 'curent', did you mean 'current'?"),
    "a misspelt name on another line": ("true &&\n  modle.name == 'iris'", "line 2, column 3: nothing is called 'modle', did you mean 'model'?"),
    "a name that is none of ours": ("occupied", "column 1: nothing is called 'occupied'; a gate knows candidate, current and model"),
    "a column that counts characters": ("'Größe' == x", "column 12: nothing is called 'x'; a gate knows candidate, current and model"),
    "the first of two faults": ("x && y", "column 1: nothing is called 'x'; a gate knows candidate, current and model"),
    "a function that is not CEL's": ("open('/etc/passwd')", "column 1: there is no function 'open'"),
    "a misspelt function": ("candidate.version.startWith('1')", "column 19: there is no function 'startWith', did you mean 'startsWith'?"),
    "a misspelt macro": ("candidate.tags.al(t, t == 'a')", "column 16: there is no function 'al', did you mean 'all'?"),
    "too few arguments": ("size() > 1", "column 1: size() does not take these arguments"),
    "too many arguments": ("candidate.version.contains('1', '2')", "column 19: contains() does not take these arguments"),
    "a macro with too few": ("candidate.tags.all(t)", "column 16: all() does not take these arguments"),
    "has of a name": ("has(candidate)", "column 5: has() argument must be a field selection"),
    "types that never mix": ("'a' > 1", "column 5: '>' does not take (string, int)"),
    "a text for a condition": ("true && 'a'", "column 6: '&&' does not take (bool, string)"),
    "two branches of two types": ("candidate.number > 1 ? true : 1", "column 22: '?:' does not take (bool, bool, int)"),
    "a version as a number": ("candidate >= 1", "column 11: '>=' does not take (map(string, dyn), int)"),
    "an equals sign too few": ("candidate.number = 1", "column 18: this is not CEL: '= '"),
    "a text without its end": ('"abc', "column 1: this is not CEL: '\"abc'"),
    "a number": ("1 + 1", "column 1: it gives a whole number, and a gate gives true or false"),
    "a real number": ("0.5", "column 1: it gives a number, and a gate gives true or false"),
    "a text": ("'true'", "column 1: it gives a text, and a gate gives true or false"),
    "null": ("null", "column 1: it gives null, and a gate gives true or false"),
    "a list": ("[true]", "column 1: it gives a list, and a gate gives true or false"),
    "a whole version": ("candidate", "column 1: it gives a map, and a gate gives true or false"),
    "too deep": ("(" * 500 + "true" + ")" * 500, "column 1: Expression recursion limit exceeded. limit: 32"),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_told_with_its_column_before_anything_is_judged(what):
    expression, said = FAULTS[what]

    assert gates.fault(expression) == said


def test_what_is_not_cel_is_an_invalid_file():
    with pytest.raises(InvalidError) as refusal:
        gates.compiled("true && open('a')")

    assert str(refusal.value) == "gitreg.yaml: require: \"true && open('a')\" is not a gate: column 9: there is no function 'open'"


@pytest.mark.parametrize("expression", [
    "true", "candidate.metrics.accuracy >= 0.9", "candidate.metadata.approved", "current == null || current.number > 1", "has(candidate.metrics.f1)",
    "candidate.tags.exists(t, t == 'a')", "candidate['metrics']['val.loss'] < 0.2", "timestamp(candidate.created_at) > timestamp('2026-01-01T00:00:00Z')",
])  # fmt: skip
def test_what_may_give_a_boolean_is_no_fault(expression):
    assert gates.fault(expression) is None
    assert list(gates.doubts(expression)) == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("candidate.metricz.accuracy > 0.9", ["column 11: candidate has no field 'metricz', did you mean 'metrics'?"]),
        ("candidate['metricz']['a'] > 0.9", ["column 12: candidate has no field 'metricz', did you mean 'metrics'?"]),
        ("current == null ||\n  current.stages == 'staging'", ["line 2, column 11: current has no field 'stages', did you mean 'stage'?"]),
        ("model.licence == 'MIT'", ["column 7: model has no field 'licence', did you mean 'license'?"]),
        ("has(candidate.reviewed) && model.owner == 'a'", ["column 15: candidate has no field 'reviewed'", "column 34: model has no field 'owner'"]),
        ("candidate.description == 'see candidate.foo' // and model.bar", []),
        ("candidate.metadata.model.foo == 1", []),
    ],
)
def test_a_field_that_no_version_has_is_a_doubt(expression, said):
    assert list(gates.doubts(expression)) == said


def test_the_runtime_is_found():
    assert gates.installed()


def test_the_runtime_is_missed(monkeypatch):
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    gates._environment.cache_clear()

    assert not gates.installed()
