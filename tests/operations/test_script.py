"""What a transaction was asked to do can be done again, word for word."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import pytest

from gitreg.operations import amend, cards, script, stages
from gitreg.operations.register import record, register
from gitreg.operations.script import Script, number_in, outcome
from tests.operations.views import OCCASION, at, held, iris

VIEW = iris(3, held(production=1, staging=2))
OPERATIONS = {
    "register": partial(register, model="iris", name="{date}", facts={"metrics": {"auc": 1.0, "n": 1}, "tags": ("a", "b")}, occasion=OCCASION),
    "register a first version": partial(register, model="wine", name=None, facts={}, occasion=OCCASION),
    "record": partial(record, model="iris", facts={"created_by": "Other <other@example.org>"}, occasion=OCCASION),
    "promote": partial(stages.promote, selector=at("iris@3"), stage="production", force=True, expect=1),
    "rollback": partial(stages.rollback, model="iris", stage="production", expect=None, force=False),
    "archive": partial(stages.archive, selector=at("iris@production"), force=False),
    "archive many": partial(stages.archive_all, model="iris", numbers=[1, 3], force=False),
    "yank": partial(amend.yank, selector=at("iris@3"), reason="leaks", occasion=OCCASION, force=False),
    "unyank": partial(amend.unyank, selector=at("iris@3")),
    "update": partial(amend.update, selector=at("iris@3"), facts={"metrics": {"auc": 0.5}, "metadata": {"gone": None}}),
    "create a model": partial(cards.create, model="wine", facts={"license": "MIT"}, occasion=OCCASION),
    "update a model": partial(cards.update, model="iris", facts={"add_tags": ["x"]}),
    "describe a model": partial(cards.describe, model="iris", facts={"tags": ["x"]}, occasion=OCCASION),
    "delete a model": partial(cards.delete, model="iris", reason="", occasion=OCCASION, force=True),
}
BACK = iris(3, held(production=(2, 1)))


def taken_down(*operations) -> list:
    made = Script()
    for operation in operations:
        made.add(operation, stages.archive(VIEW, at("iris@3")))
    return list(made)


@pytest.mark.parametrize("what", OPERATIONS)
def test_an_operation_that_was_taken_down_comes_to_the_same(what):
    view = BACK if what == "rollback" else VIEW

    (again,) = taken_down(OPERATIONS[what])

    assert again is not OPERATIONS[what]
    assert again(view) == OPERATIONS[what](view)


def test_what_a_caller_does_to_his_dictionary_later_does_not_count():
    facts = {"metrics": {"auc": 0.5}}
    made = Script()

    made.add(partial(register, model="iris", name=None, facts=facts, occasion=OCCASION), stages.archive(VIEW, at("iris@3")))
    facts["metrics"]["auc"] = 0.9

    assert next(iter(made))(VIEW).manifests[0].metrics == {"auc": 0.5}


def test_maps_of_other_kinds_are_taken_down_too():
    (again,) = taken_down(partial(amend.update, selector=at("iris@1"), facts={"metrics": MappingProxyType({"auc": 1})}))

    assert again(VIEW).manifests[0].metrics == {"auc": 1}


def test_what_cannot_be_taken_down_is_kept_in_its_place():
    def own(view):
        return stages.archive(view, at("iris@1"))

    far = partial(amend.update, selector=at("iris@1"), facts={"params": {"x": 1 << 70}})

    first, second, third, fourth = taken_down(own, OPERATIONS["unyank"], far, own)

    assert (first, third, fourth) == (own, far, own)
    assert second(VIEW) == OPERATIONS["unyank"](VIEW)


def test_very_many_operations_keep_their_order_and_outcomes():
    made, count = Script(), 3 * script.AT_HAND + 7

    for number in range(1, count + 1):
        view = iris(number)
        made.add(partial(stages.archive, selector=at(f"iris@{number}"), force=False), stages.archive(view, at(f"iris@{number}")))

    assert [operation.keywords["selector"].what for operation in made] == [str(number) for number in range(1, count + 1)]
    assert [number_in(told) for told in made.outcomes()] == list(range(1, count + 1))
    assert len(made) == count


def test_outcomes_differ_where_what_the_caller_was_told_differs():
    one, other = stages.archive(VIEW, at("iris@1")), stages.archive(VIEW, at("iris@2"))

    assert outcome(one) == outcome(stages.archive(VIEW, at("iris@1")))
    assert outcome(one) != outcome(other)
