"""A shelf answers the same whether its manifests are in memory or on disk."""

from __future__ import annotations

import pytest

from gitreg import shelf
from gitreg.errors import UsageError
from gitreg.shelf import Shelf
from tests.operations.views import YANKED, manifest, replace

FEW, MANY = 10, 3 * shelf.AT_HAND
FACTS = {"params": {"C": 1, "x": 1.0, "on": True}, "metadata": {"a": [1, None, {"b": "ü"}]}, "metrics": {"auc": 0.5, "n": 3}}


def filled(count: int) -> Shelf:
    made = Shelf()
    for number in range(1, count + 1):
        made.put("iris", manifest(number, version=f"v{number}", **FACTS))
    return made


@pytest.mark.parametrize("count", [FEW, MANY])
class TestShelf:
    def test_a_manifest_comes_back_as_it_was_put(self, count):
        made = filled(count)

        assert made.get("iris", 2) == manifest(2, version="v2", **FACTS)
        assert type(made.get("iris", 2).params["x"]) is float
        assert (made.get("iris", count + 1), made.get("wine", 1)) == (None, None)

    def test_the_last_one_put_under_a_number_counts(self, count):
        made = filled(count)

        made.put("iris", replace(made.get("iris", 2), yanked=YANKED))

        assert made.get("iris", 2).yanked == YANKED
        assert [each.yanked for each in made.of("iris")][:3] == [None, YANKED, None]

    def test_a_name_finds_its_number(self, count):
        made = filled(count)

        assert [made.named("iris", name) for name in ("v1", f"v{count}", "v0")] == [1, count, None]
        assert made.named("wine", "v1") is None

    def test_manifests_come_by_number(self, count):
        made = filled(count)
        made.put("a", manifest(2))
        made.put("a", manifest(1))

        assert [each.number for each in made.of("iris")] == list(range(1, count + 1))
        assert [each.number for each in made.of("a")] == [1, 2]
        assert made.models() == ("a", "iris")


@pytest.mark.parametrize(("value", "problem"), [(1 << 70, "does not fit into 64 bits"), ("\ud800", "half a surrogate pair")])
def test_what_no_file_can_hold_is_refused(value, problem):
    made = filled(shelf.AT_HAND - 1)
    made.put("iris", manifest(shelf.AT_HAND, params={"x": value}))

    with pytest.raises(UsageError, match=f"version {shelf.AT_HAND}: .*{problem}"):
        made.put("iris", manifest(1))
