"""What a change did, found by comparing files (SPEC 6: JSON of changes), and the subject that says it (SPEC 3 rule 11)."""

from __future__ import annotations

import pytest

from gitreg.operations import amend, cards, stages
from gitreg.operations import events as eventlog
from gitreg.operations.register import register
from gitreg.records import Config, Event, Pointer, Stages
from tests.operations.views import (
    OCCASION,
    YANKED,
    DictView,
    at,
    card,
    delta,
    ended,
    held,
    iris,
    manifest,
    replace,
    rules,
    yanked,
)


def promote(selector, stage, **options):
    return lambda view: stages.promote(view, at(selector), stage, **options)


def archive(selector):
    return lambda view: stages.archive(view, at(selector))


def rollback(stage):
    return lambda view: stages.rollback(view, "iris", stage)


def yank(selector, **options):
    return lambda view: amend.yank(view, at(selector), "leaks", OCCASION, **options)


def unyank(selector):
    return lambda view: amend.unyank(view, at(selector))


def update(selector="iris@1", **facts):
    return lambda view: amend.update(view, at(selector), facts)


def add(name=None, model="iris", **facts):
    return lambda view: register(view, model, name, facts, OCCASION)


def moved(before: Stages | None, after: Stages | None) -> list[Event]:
    """Return the events of one pointer file that changed."""
    delta = eventlog.Delta((eventlog.ModelDelta("iris", stages=(before, after)),))
    return list(eventlog.events(delta, lambda model, number: f"v{number}"))


def in_short(found) -> list[tuple]:
    return [(event.event, event.kind, event.number, event.stage, event.from_number) for event in found]


# -- promoted and its kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        pytest.param(held(), held(production=1), "first", id="vacant with an empty previous"),
        pytest.param(None, held(production=1), "first", id="no pointer file before"),
        pytest.param(held(production=1), held(production=(2, 1)), "promote", id="over a holder"),
        pytest.param(held(production=(None, 1)), held(production=(2, 1)), "promote", id="vacant with a previous"),
        pytest.param(held(production=(2, 1)), held(production=(1, 2)), "promote", id="back, but the former stands in previous"),
        pytest.param(held(production=(2, 1)), held(production=1, archived=(2,)), "rollback", id="back, the former archived"),
        pytest.param(held(production=(3, 2, 1)), held(production=(1, 2), archived=(3,)), "rollback", id="back over one"),
        pytest.param(held(production=(None, 1)), held(production=1), "rollback", id="back from vacant"),
        pytest.param(held(production=(2, 1)), held(production=(1, 1), archived=(2,)), "promote", id="back, but still in previous"),
        pytest.param(held(production=(2, 1)), held(production=(3,), staging=1), "promote", id="another than left previous"),
    ],
)
def test_the_kind_of_a_promotion(before, after, kind):
    found = [event for event in moved(before, after) if event.stage == "production" and event.event == "promoted"]

    assert [event.kind for event in found] == [kind]


def test_a_promotion_names_its_version_its_stage_and_whom_it_displaced():
    found = moved(held(production=1), held(production=(2, 1)))

    assert found[1] == Event(event="promoted", kind="promote", model="iris", number=2, version="v2", stage="production", from_number=1)


def test_a_promotion_to_a_vacant_stage_displaces_nobody():
    found = moved(held(), held(production=1))

    assert in_short(found) == [("promoted", "first", 1, "production", None)]


def test_each_stage_that_gained_a_holder_is_an_event():
    found = moved(held(), held(development=3, staging=2, production=1))

    assert [(event.event, event.stage, event.number) for event in found] == [
        ("promoted", "development", 3),
        ("promoted", "production", 1),
        ("promoted", "staging", 2),
    ]


# -- cleared and archived -----------------------------------------------------------------------------------


def test_a_stage_left_vacant_is_cleared_and_names_no_version():
    found = moved(held(production=2), held(production=None, archived=(2,)))

    assert found[0] == Event(event="cleared", model="iris", stage="production", from_number=2)
    assert (found[0].number, found[0].version, found[0].kind) == (None, None, None)


def test_a_move_clears_one_stage_and_promotes_to_the_other():
    found = moved(held(staging=2), held(staging=(None, 2), production=2))

    assert in_short(found) == [("promoted", "first", 2, "production", None), ("cleared", None, None, "staging", 2)]


@pytest.mark.parametrize(
    ("before", "after", "stage"),
    [
        pytest.param(held(production=1), held(production=(2, 1)), "production", id="displaced"),
        pytest.param(held(production=1), held(archived=(1,)), "production", id="taken out of its stage"),
        pytest.param(held(), held(archived=(1,)), None, id="by hand, without a stage"),
        pytest.param(held(production=(2, 1)), held(production=(2, 1), archived=(1,)), None, id="by hand, after it had left a stage"),
    ],
)
def test_archived_names_the_stage_it_left(before, after, stage):
    found = [event for event in moved(before, after) if event.event == "archived"]

    assert [(event.number, event.stage, event.kind, event.from_number) for event in found] == [(1, stage, None, None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(held(staging=1), held(staging=(None, 1), production=1), id="it moved"),
        pytest.param(held(production=(2, 1)), held(production=(3, 2, 1)), id="it was before"),
        pytest.param(held(archived=(1,)), held(production=(None, 1)), id="it is so by another list"),
        pytest.param(held(archived=(1,)), held(production=2, archived=(1,)), id="it was so by hand before"),
    ],
)
def test_a_version_is_not_newly_archived(before, after):
    assert not [event for event in moved(before, after) if event.event == "archived" and event.number == 1]


def test_pointers_that_say_the_same_are_no_event():
    assert moved(held(production=(2, 1)), replace(held(production=(2, 1)), pointers={"production": Pointer(number=2, previous=(1,))})) == []


def test_pointers_that_are_gone_left_their_stages_vacant():
    assert in_short(moved(held(production=1), None)) == [("cleared", None, None, "production", 1)]


# -- versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["ready", "running", "failed"])
def test_a_new_version_is_registered(status):
    end = ended(iris(1), add("rc", status=status))

    assert end.events == (Event(event="registered", model="iris", number=2, version="rc"),)


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        pytest.param({"status": "running"}, {"status": "ready"}, ["completed"], id="completed"),
        pytest.param({"status": "running"}, {"status": "ready", "metrics": {"a": 1}}, ["completed"], id="completed with a metric"),
        pytest.param({"status": "running"}, {"status": "failed"}, ["failed"], id="failed"),
        pytest.param({"status": "ready"}, {"status": "running"}, ["updated"], id="reopened by hand"),
        pytest.param({}, {"yanked": YANKED}, ["yanked"], id="yanked"),
        pytest.param({"yanked": YANKED}, {}, ["unyanked"], id="unyanked"),
        pytest.param({}, {"yanked": YANKED, "tags": ("x",)}, ["yanked", "updated"], id="yanked and updated"),
        pytest.param({"status": "running"}, {"status": "failed", "yanked": YANKED}, ["failed", "yanked"], id="failed and yanked"),
        pytest.param({}, {"description": "x"}, ["updated"], id="updated"),
        pytest.param({"metadata": {"a": 1}}, {"metadata": {"a": True}}, ["updated"], id="one became true"),
        pytest.param({"tags": ("x",)}, {"tags": ("x",)}, [], id="the same"),
    ],
)
def test_what_happened_to_a_version(was, now, found):
    part = eventlog.ModelDelta("iris", manifests={1: (manifest(1, **was), manifest(1, **now))})

    happened = eventlog.events(eventlog.Delta((part,)), lambda model, number: "v1")

    assert [event.event for event in happened] == found
    assert {(event.number, event.version, event.stage, event.kind) for event in happened} <= {(1, "v1", None, None)}


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        pytest.param(None, card(), ["model_created"], id="created"),
        pytest.param(card(), card(license="MIT"), ["model_updated"], id="updated"),
        pytest.param(card(), card(deleted=YANKED), ["model_deleted"], id="deleted"),
        pytest.param(card(license="MIT"), card(license="MIT"), [], id="the same"),
    ],
)
def test_what_happened_to_a_model(was, now, found):
    delta = eventlog.Delta((eventlog.ModelDelta("iris", card=(was, now)),))

    happened = eventlog.events(delta, lambda model, number: "")

    assert [(event.event, event.model, event.number) for event in happened] == [(name, "iris", None) for name in found]


def test_a_changed_policy_is_an_event_of_no_model():
    delta = eventlog.Delta(config=(Config(), rules(production={"occupied": "refuse"})))

    assert eventlog.events(delta, lambda model, number: "") == (Event(event="policy_changed"),)


def test_files_that_are_gone_are_no_event():
    part = eventlog.ModelDelta("iris", card=(card(), None), manifests={1: (manifest(1), None)})

    assert eventlog.events(eventlog.Delta((part,)), lambda model, number: "") == ()


def test_the_first_policy_of_a_registry_is_no_event():
    assert eventlog.events(eventlog.Delta(config=(None, Config())), lambda model, number: "") == ()


def test_the_same_policy_is_no_event():
    assert eventlog.events(eventlog.Delta(config=(Config(), Config())), lambda model, number: "") == ()


def test_events_are_ordered_by_model_stage_and_number():
    base = iris(4, held(staging=1, production=(2,)), facts=yanked(4))

    end = ended(base, add(model="a"), promote("iris@3", "production"), unyank("iris@4"), archive("iris@1"), add())

    assert [(event.model, event.stage, event.number, event.event) for event in end.events] == [
        ("a", None, None, "model_created"),
        ("a", None, 1, "registered"),
        ("iris", "production", 2, "archived"),
        ("iris", "production", 3, "promoted"),
        ("iris", "staging", None, "cleared"),
        ("iris", "staging", 1, "archived"),
        ("iris", None, 4, "unyanked"),
        ("iris", None, 5, "registered"),
    ]


def test_the_json_of_an_event_has_every_field():
    found = moved(held(), held(production=1))

    assert found[0].as_dict() == {
        "event": "promoted", "kind": "first", "model": "iris", "number": 1, "version": "v1", "stage": "production", "from_number": None,
        "commit": None, "at": None, "by": None, "reason": "", "forced": [],
    }  # fmt: skip


def test_a_promotion_there_and_back_is_judged_by_its_end():
    end = ended(iris(stages=held(production=(1,))), promote("iris@2", "production"), promote("iris@1", "production"))

    assert [event for event in end.events if event.event in ("promoted", "cleared")] == []


# -- subjects -----------------------------------------------------------------------------------------------

NAMED = {7: {"version": "1.0.5"}}


@pytest.mark.parametrize(
    ("base", "operations", "subject"),
    [
        pytest.param(iris(7, held(production=6), facts=NAMED), [promote("iris@7", "production")],
                     "iris: promote 7 (1.0.5) to production, archiving 6", id="promote over a holder"),
        pytest.param(iris(7, facts=NAMED), [promote("iris@7", "staging")], "iris: promote 7 (1.0.5) to staging", id="promote"),
        pytest.param(iris(7), [promote("iris@7", "staging")], "iris: promote 7 to staging", id="promote without a name"),
        pytest.param(iris(7, held(staging=7)), [promote("iris@7", "production")], "iris: promote 7 to production, vacating staging", id="move"),
        pytest.param(iris(7, held(staging=7, production=6)), [promote("iris@7", "production")],
                     "iris: promote 7 to production, vacating staging, archiving 6", id="move over a holder"),
        pytest.param(iris(7, held(production=(7, 6))), [rollback("production")],
                     "iris: roll production back to 6, archiving 7", id="rollback"),
        pytest.param(iris(7, held(production=(None, 6))), [rollback("production")], "iris: roll production back to 6", id="rollback from vacant"),
        pytest.param(iris(7, held(production=7)), [archive("iris@7")], "iris: vacate production, archiving 7", id="archive a holder"),
        pytest.param(iris(7, facts=NAMED), [archive("iris@7")], "iris: archive 7 (1.0.5)", id="archive"),
        pytest.param(iris(7, held(production=(7, 6))), [archive("iris@6")], "iris: archive 6", id="archive a former holder"),
        pytest.param(iris(7), [yank("iris@7")], "iris: yank 7", id="yank"),
        pytest.param(iris(7, held(production=7)), [yank("iris@7", force=True)], "iris: vacate production, archiving 7, yank 7", id="yank a holder"),
        pytest.param(iris(7, facts=yanked(7)), [unyank("iris@7")], "iris: unyank 7", id="unyank"),
        pytest.param(iris(7), [update(description="x")], "iris: update 1", id="update"),
        pytest.param(iris(7, facts={1: {"status": "running"}}), [update(status="ready")], "iris: complete 1", id="complete"),
        pytest.param(iris(7, facts={1: {"status": "running"}}), [update(status="failed")], "iris: record the failure of 1", id="fail"),
        pytest.param(iris(6), [add("1.0.5")], "iris: register 7 (1.0.5)", id="register"),
        pytest.param(DictView({}), [add()], "iris: register 1", id="register the first"),
        pytest.param(iris(6, held(production=6)), [add("a"), promote("iris@a", "production")],
                     "iris: register 7 (a), promote 7 (a) to production, archiving 6", id="register and promote"),
        pytest.param(DictView({}), [lambda view: cards.create(view, "team/iris", {}, OCCASION)], "team/iris: create the model", id="create a model"),
        pytest.param(iris(), [lambda view: cards.update(view, "iris", {"license": "MIT"})], "iris: update the model", id="update a model"),
        pytest.param(iris(3, held(production=3)), [lambda view: cards.delete(view, "iris", "", OCCASION, force=True)],
                     "iris: delete the model", id="delete a model"),
        pytest.param(iris(), [add(), add(model="wine")], "2 models: 3 changes", id="two models"),
        pytest.param(iris(), [add()] * 30, "iris: 30 changes", id="too many to name"),
        pytest.param(iris(4), [promote("iris@1", "staging"), promote("iris@2", "production")],
                     "iris: promote 2 to production, promote 1 to staging", id="two promotions"),
    ],
)  # fmt: skip
def test_the_subject_names_the_change_in_the_imperative(base, operations, subject):
    assert ended(base, *operations).subject == subject


def test_a_single_change_is_named_however_long_it_is():
    end = ended(DictView({}), add("v" * 128, "m" * 100))

    assert end.subject == f"{'m' * 100}: register 1 ({'v' * 128})"


def test_a_change_without_an_event_has_a_subject_all_the_same():
    base = iris(stages=held(staging=2, production=1))

    end = ended(base, promote("iris@2", "production"), promote("iris@1", "production"), promote("iris@2", "staging"))

    assert end.stages != base.stages("iris")
    assert (end.events, end.subject) == ((), "registry: note who held which stage")


def test_a_changed_policy_has_a_subject():
    assert eventlog.summary((Event(event="policy_changed"),)) == "change the policy"


def test_events_come_in_their_order_without_being_sorted():
    view = iris(4, held(production=(2, 1), staging=3, archived=(4,)))
    draft = ended(view, add("a"), promote("iris@3", "production"), yank("iris@1"), archive("iris@5"), add(model="wine"), unyank("iris@1"), update("iris@4", description="x")).draft

    found = list(eventlog.flow(delta(view, draft), lambda model, number: draft.manifest(model, number).version))

    assert found == list(eventlog.events(delta(view, draft), lambda model, number: draft.manifest(model, number).version))
    assert len(found) > 6


def test_a_stream_is_looked_through_as_often_as_one_likes():
    stream = eventlog.Stream(lambda: (Event(event="registered", number=n) for n in range(5)), 5)

    assert [event.number for event in stream] == [event.number for event in stream] == [0, 1, 2, 3, 4]
    assert (stream[1].number, stream[-1].number, [event.number for event in stream[1:3]], [event.number for event in stream[::-2]]) == (1, 4, [1, 2], [4, 2, 0])
    assert {event.by for event in stream.replaced(by="Name <name@example.org>")} == {"Name <name@example.org>"}
