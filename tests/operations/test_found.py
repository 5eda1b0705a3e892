"""What was found in files is laid into a version and its model's card, and a person's own word stays (issue 5, item 7)."""

from __future__ import annotations

import pytest

from gitreg.errors import ConflictError
from gitreg.names import selector
from gitreg.operations import amend, cards, found
from gitreg.operations.script import Script
from tests.operations.views import OCCASION, DictView, ended, iris

NOTHING = DictView({})
HEADER = {"format": "onnx"}
MODEL = {"kind": "model", "uri": "m.onnx", "sha256": "a" * 64, "size": 1}


def register(headers=HEADER, card=None, **facts):
    given = {"model": headers} if headers else {}
    return lambda view: found.register(view, "iris", None, {"artifacts": {"model": MODEL}, **facts}, OCCASION, card or {}, given)


def update(headers=HEADER, card=None, **facts):
    return lambda view: found.update(view, selector("iris@1"), facts, card or {}, {"model": headers} if headers else {})


def test_a_new_version_has_the_header_and_a_new_model_the_card():
    end = ended(NOTHING, register(card={"license": "mit"}))

    assert end.draft.manifest("iris", 1).metadata == {"files": {"model": HEADER}}
    assert end.draft.card("iris").license == "mit"


def test_a_card_that_lacks_nothing_is_not_written():
    change = register(card={"license": "mit"})(ended(NOTHING, lambda view: cards.create(view, "iris", {"license": "mit"}, OCCASION)).draft)

    assert change.card is None


def test_a_card_that_says_something_else_is_a_conflict_that_names_the_command():
    with pytest.raises(ConflictError) as refused:
        ended(NOTHING, lambda view: cards.create(view, "iris", {"license": "gpl"}, OCCASION), register(card={"license": "mit"}))

    assert (str(refused.value), refused.value.hint) == ("license of model 'iris' is 'gpl', and the file says 'mit'", "gitreg model update iris --license TEXT")


def test_a_header_of_a_folders_file_goes_with_the_folder():
    folder = {"artifacts": {"model": MODEL}}
    mine = {"files": {"model/a.onnx": {"mine": True}}}
    view = ended(NOTHING, register(headers=None, metadata=mine)).draft

    change = found.update(view, selector("iris@1"), folder, {}, {"model/a.onnx": HEADER, "model/b.onnx": HEADER})

    assert change.manifests[0].metadata == {"files": {"model/a.onnx": {"mine": True}, "model/b.onnx": HEADER}}


def test_a_key_that_is_taken_away_in_the_same_breath_stays_away():
    end = ended(NOTHING, register(), update(artifacts={"model": MODEL}, metadata={"files": None}))

    assert end.draft.manifest("iris", 1).metadata == {}


def test_nothing_found_is_the_plain_operation():
    view = iris()

    assert update(headers=None, description="x")(view) == amend.update(view, selector("iris@1"), {"description": "x"})


def test_both_can_be_taken_down_and_done_again():
    from functools import partial

    script, view = Script(), ended(NOTHING, register(headers=None)).draft
    operation = partial(found.update, selector=selector("iris@1"), facts={"artifacts": {"model": MODEL}}, card={"license": "mit"}, headers={"model": HEADER})
    script.add(operation, operation(view))

    (again,) = script

    assert again.func is found.update
    assert again(view) == operation(view)
