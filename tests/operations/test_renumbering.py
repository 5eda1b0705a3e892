"""What versions are called on another base."""

from __future__ import annotations

import pytest

from gitreg.operations.renumbering import Renumbering
from tests.operations.views import held

NUMBERS = Renumbering({"iris": {4: 6, 5: 7, 6: 6}, "team/churn": {1000: 1001}})


def test_who_is_called_otherwise_is_told_in_order():
    assert list(NUMBERS.moved()) == [("iris", 4, 6), ("iris", 5, 7), ("team/churn", 1000, 1001)]
    assert [NUMBERS.number("iris", number) for number in (3, 4, 5)] == [3, 6, 7]
    assert [NUMBERS.old("iris", number) for number in (3, 7)] == [3, 5]


def test_a_pointer_file_is_told_in_the_new_numbers():
    assert NUMBERS.of_stages("iris", held(production=(5, 4, 3), archived=(1, 4))) == held(production=(7, 6, 3), archived=(1, 6))
    assert NUMBERS.of_stages("iris", None).pointers == {}


@pytest.mark.parametrize(("uri", "followed"), [
    ("iris@4", "iris@6"), ("iris@3", "iris@3"), ("iris@04", "iris@6"), ("iris@4 ", "iris@4 "), ("Iris@4", "Iris@4"), ("iris@a", "iris@a"), ("iris", "iris"),
    ("team/churn@1000", "team/churn@1001"), ("churn@1000", "churn@1000"), ("https://example.org/iris@4", "https://example.org/iris@4"),
    ("models/iris/versions/4.yaml", "models/iris/versions/6.yaml"), ("models/iris/versions/04.yaml", "models/iris/versions/04.yaml"), ("models/iris/model.yaml", "models/iris/model.yaml"),
    ("models/team/churn/versions/1000/1000.yaml", "models/team/churn/versions/1000/1001.yaml"), ("", ""), ("@", "@"), ("@4", "@4"),
])  # fmt: skip
def test_only_a_selector_or_path_as_a_whole_is_followed(uri, followed):
    assert NUMBERS.followed(uri) == followed
