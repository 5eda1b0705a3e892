"""Every way gitreg refuses, and the exit code each one becomes."""

from __future__ import annotations

import copy
import pickle

import pytest

from gitreg import errors
from gitreg.errors import BusyError, ConflictError, GitregError, InvalidError, NotFoundError, PolicyError, UsageError


@pytest.mark.parametrize(
    ("kind", "base", "code"),
    [
        (UsageError, ValueError, 2),
        (NotFoundError, KeyError, 3),
        (ConflictError, RuntimeError, 4),
        (PolicyError, RuntimeError, 5),
        (InvalidError, ValueError, 6),
        (BusyError, RuntimeError, 7),
    ],
)
def test_an_error_is_python_s_own_kind_and_has_its_exit_code(kind, base, code):
    assert issubclass(kind, GitregError)
    assert issubclass(kind, base)
    assert kind.code == code


def test_there_are_no_other_errors():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GitregError)]

    assert {kind.__name__ for kind in kinds} == {"GitregError", "UsageError", "NotFoundError", "ConflictError", "PolicyError", "InvalidError", "BusyError"}
    assert {kind.__name__ for kind in kinds} <= set(errors.__doc__.replace("(", " ").split())


def test_the_sentence_is_built_from_the_facts():
    error = NotFoundError("no model {model!r}", model="iris", hint="gitreg list")

    assert str(error) == "no model 'iris'"
    assert (error.model, error.hint) == ("iris", "gitreg list")


def test_a_fact_that_looks_like_a_placeholder_is_not_filled_in():
    assert str(UsageError("{text!r} is wrong", text="{0.__class__}{text}")) == "'{0.__class__}{text}' is wrong"
    assert str(UsageError("{braces} stay")) == "{braces} stay"


def test_a_fact_that_is_not_there_is_no_attribute():
    assert not hasattr(UsageError("no"), "model")


def test_an_invalid_file_is_named_with_line_and_field():
    error = InvalidError("expected a number, found 'high'", path="models/churn/versions/3.yaml", line=7, field="metrics.auc", rule="R02")

    assert str(error) == "models/churn/versions/3.yaml:7: metrics.auc: expected a number, found 'high'"


@pytest.mark.parametrize(
    ("place", "sentence"), [({}, "no"), ({"path": "f"}, "f: no"), ({"path": "f", "field": "a"}, "f: a: no"), ({"path": "f", "line": 2}, "f:2: no"), ({"line": 2}, "no")], ids=str
)
def test_an_unknown_place_is_left_out(place, sentence):
    assert str(InvalidError("no", **place)) == sentence


ERRORS = [
    UsageError("{text!r} is wrong", text="{text}", hint="do"),
    UsageError("{braces}"),
    ConflictError("{model}@{number}", model="iris", number=7),
    InvalidError("no {braces}", path="f", line=3, field="a", rule="R01", hint="do"),
]


@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy], ids=["pickled", "copied", "deeply copied"])
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_error_crosses_processes_whole(error, again):
    other = again(error)

    assert (type(other), str(other), vars(other)) == (type(error), str(error), vars(error))
