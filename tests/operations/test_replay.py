"""What one commit did, done again on another base: numbers, merges key by key, and who may move a stage."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gitreg.errors import ConflictError, GitregError
from gitreg.operations import amend, cards, register, replay, stages
from gitreg.operations.renumbering import Renumbering, Work
from gitreg.operations.stages import without_fleeting
from gitreg.records import Link, Yanked
from tests.operations.views import BY, OCCASION, DictView, Model, at, ended, gated, held, iris, manifest

ANN, BOB = "Ann <ann@example.org>", "Bob <bob@example.org>"


def frozen(base, *operations):
    """Return the registry that *base* becomes."""
    end = ended(base, *operations).draft
    models = {name: Model(end.card(name), end.stages(name), {n: end.manifest(name, n) for n in range(1, end.count(name) + 1)}) for name in end.model_names()}
    return DictView(models, base.config)


def work(before, after):
    """Return what lies between two registries."""
    touched = {}
    for name, model in after.models.items():
        old = before.models.get(name)
        if model != old:
            touched[name] = frozenset(n for n, made in model.manifests.items() if old is None or old.manifests.get(n) != made)
    return Work(before, after, touched)


def replayed(base, ours, theirs=(), **terms):
    """Return what comes of replaying *ours* on top of *theirs*, each a tuple of operations on *base*, and the renumbering."""
    done, there = work(base, frozen(base, *ours)), frozen(base, *theirs)
    numbers = Renumbering().grown(done, there)
    end = ended(there, *replay.operations(done, replay.Terms(numbers, **terms)))
    return end, numbers


def new(name=None, model="iris", **facts):
    return lambda view: register.register(view, model, name, facts, OCCASION)


def promote(number, stage, *, force=False):
    return lambda view: stages.promote(view, at(f"iris@{number}"), stage, force=force)


def archive(number):
    return lambda view: stages.archive(view, at(f"iris@{number}"))


def rollback(stage):
    return lambda view: stages.rollback(view, "iris", stage)


def update(number, **facts):
    return lambda view: amend.update(view, at(f"iris@{number}"), facts)


def yank(number, *, force=False, by=OCCASION):
    return lambda view: amend.yank(view, at(f"iris@{number}"), "leaks its labels", by, force=force)


def describe(model="iris", **facts):
    return lambda view: cards.describe(view, model, facts, OCCASION)


def delete(*, force=False):
    return lambda view: cards.delete(view, "iris", "done with", OCCASION, force=force)


HELD = held(staging=2, production=1)


# -- versions ---------------------------------------------------------------------------------------------


def test_a_new_version_gets_the_next_number_and_keeps_all_that_was_recorded():
    end, numbers = replayed(iris(3), [new(metrics={"auc": 0.9}), new("b")], [new()])

    assert list(numbers.moved()) == [("iris", 4, 5), ("iris", 5, 6)]
    assert end.draft.manifest("iris", 5) == manifest(5, metrics={"auc": 0.9})
    assert end.draft.manifest("iris", 6) == manifest(6, version="b")
    assert end.draft.count("iris") == 6


def test_where_nothing_moved_the_numbers_stay():
    end, numbers = replayed(iris(3), [new("a"), promote("a", "production")])

    assert list(numbers.moved()) == []
    assert end.draft.manifest("iris", 4) == manifest(4, version="a")
    assert end.stages == held(production=4)


def test_a_name_that_is_taken_on_the_new_base_names_both_versions():
    with pytest.raises(ConflictError, match="both sides have a version 'a' of 'iris': it is 4 on the new base, and 5 here"):
        replayed(iris(3), [new(), new("a")], [new("a")])


def test_a_stage_follows_a_renumbered_version():
    end, _ = replayed(iris(3, HELD), [new(), promote(4, "production")], [new(), new()])

    assert end.stages == held(staging=2, production=(6, 1))
    assert end.subject == "iris: register 6, promote 6 to production, archiving 1"


def test_links_follow_a_renumbered_version_by_selector_and_by_path():
    ours = [new(), new(links={"teacher": {"uri": "iris@4"}, "file": {"uri": "models/iris/versions/4.yaml"}, "like": {"uri": "iris@44"}, "old": {"uri": "iris@3"}})]

    end, _ = replayed(iris(3), ours, [new()])

    links = end.draft.manifest("iris", 6).links
    assert {name: link.uri for name, link in links.items()} == {"teacher": "iris@5", "file": "models/iris/versions/5.yaml", "like": "iris@44", "old": "iris@3"}


def test_a_link_that_was_there_before_the_commit_is_left_alone():
    base = iris(3, facts={1: {"links": {"next": Link(uri="iris@4")}}})

    end, _ = replayed(base, [new(), update(1, links={"here": {"uri": "iris@4"}})], [new()])

    assert {name: link.uri for name, link in end.draft.manifest("iris", 1).links.items()} == {"next": "iris@4", "here": "iris@5"}


def test_changes_of_different_keys_are_both_kept():
    end, _ = replayed(iris(3), [update(1, metrics={"auc": 0.9}, metadata={"a": 1}, add_tags=["ours"])], [update(1, metrics={"f1": 0.8}, metadata={"b": 2}, description="theirs", add_tags=["theirs"])])

    merged = end.draft.manifest("iris", 1)
    assert merged == manifest(1, metrics={"f1": 0.8, "auc": 0.9}, metadata={"b": 2, "a": 1}, description="theirs", tags=("theirs", "ours"))


def test_the_same_change_on_both_sides_is_one():
    end, _ = replayed(iris(3), [update(1, metrics={"auc": 0.9})], [update(1, metrics={"auc": 0.9})])

    assert end.told() == []


@pytest.mark.parametrize(
    ("ours", "theirs", "field"),
    [
        (update(1, metrics={"auc": 0.9}), update(1, metrics={"auc": 0.8}), "metrics.auc of iris@1"),
        (update(1, metadata={"a": 1}), update(1, metadata={"a": True}), "metadata.a of iris@1"),
        (update(1, description="a"), update(1, description="b"), "description of iris@1"),
        (describe(license="MIT"), describe(license="BSD"), "license of model 'iris'"),
        (describe(links={"a": {"uri": "b"}}), describe(links={"a": {"uri": "c"}}), "links.a of model 'iris'"),
    ],
    ids=["metric", "metadata that Python takes for equal", "description", "card", "link of a card"],
)
def test_the_same_key_changed_on_both_sides_is_a_conflict_that_names_it(ours, theirs, field):
    with pytest.raises(ConflictError, match=f"^{field} was changed on both sides"):
        replayed(iris(3), [ours], [theirs])


def test_what_the_other_side_completed_does_not_change_any_more():
    running = iris(3, facts={3: {"status": "running", "metrics": {"auc": 0.5}}})

    with pytest.raises(ConflictError, match=r"metrics.auc of iris@3 is recorded and cannot change"):
        replayed(running, [update(3, metrics={"auc": 0.9})], [update(3, status="ready")])


def test_a_yank_on_both_sides_is_the_first_one():
    later = OCCASION.__class__(OCCASION.now, BOB)

    end, _ = replayed(iris(3), [yank(1)], [yank(1, by=later)])

    assert end.draft.manifest("iris", 1).yanked.by == BOB


def test_an_unyank_is_replayed():
    end, _ = replayed(iris(3, facts={1: {"yanked": Yanked(at=OCCASION.at, by=BY, reason="r")}}), [lambda view: amend.unyank(view, at("iris@1"))], [new()])

    assert end.told() == [("unyanked", 1, None)]


# -- models -----------------------------------------------------------------------------------------------


def test_a_model_that_both_sides_made_gets_the_fields_of_both():
    ours, theirs = [new("a", model="churn"), describe("churn", license="MIT", tags=["x"])], [new(model="churn"), describe("churn", description="who leaves")]

    end, numbers = replayed(iris(1), ours, theirs)

    card = end.draft.card("churn")
    assert (card.license, card.description, card.tags) == ("MIT", "who leaves", ("x",))
    assert list(numbers.moved()) == [("churn", 1, 2)]
    assert end.draft.manifest("churn", 2).version == "a"


def test_a_model_that_is_new_here_is_made_there_as_it_was():
    end, _ = replayed(iris(1), [describe("churn", license="MIT")], [new()])

    assert end.draft.card("churn").license == "MIT"
    assert end.draft.stages("churn") == held()


def test_a_model_whose_name_collides_with_a_new_one_there_is_refused():
    with pytest.raises(ConflictError, match="model 'Churn' collides with 'churn', which the new base has"):
        replayed(iris(1), [describe("Churn")], [describe("churn")])


@pytest.mark.parametrize("ours", [new(), update(1, description="a"), promote(2, "staging"), describe(license="MIT")], ids=["register", "update", "promote", "describe"])
def test_nothing_is_done_to_a_model_that_was_deleted_there(ours):
    with pytest.raises(ConflictError, match=f"model 'iris' was deleted on {OCCASION.at} by {BY}"):
        replayed(iris(3), [ours], [delete()])


def test_a_deletion_takes_what_was_registered_meanwhile_with_it():
    end, _ = replayed(iris(2, held(production=1)), [delete(force=True)], [new()])

    assert end.draft.card("iris").deleted is not None
    assert [end.draft.manifest("iris", n).yanked.reason for n in (1, 2, 3)] == ["done with"] * 3
    assert end.stages == held(archived=(1,))


def test_a_deletion_on_both_sides_is_one():
    end, _ = replayed(iris(2), [delete()], [delete()])

    assert end.told() == []


@pytest.mark.parametrize("choice", [None, "theirs"])
def test_a_deletion_does_not_displace_who_was_promoted_meanwhile(choice):
    with pytest.raises(ConflictError, match="both sides moved production of 'iris': from 1 to vacant here, to 2 on the new base") as caught:
        replayed(iris(2, held(production=1)), [delete(force=True)], [promote(2, "production")], stages=choice)

    assert caught.value.hint == "a deletion is not left out in part: add --stages ours to delete the model all the same"


def test_a_deletion_wins_where_ours_is_chosen():
    end, _ = replayed(iris(2, held(production=1)), [delete(force=True)], [promote(2, "production")], stages="ours")

    assert end.stages == held(production=(None, 1), archived=(2,))
    assert end.draft.card("iris").deleted is not None


# -- stages -----------------------------------------------------------------------------------------------

APART = {
    "different stages": ([promote(3, "development")], [promote(4, "production")], held(development=3, staging=2, production=(4, 1))),
    "a promotion and a registration": ([promote(3, "production")], [new()], held(staging=2, production=(3, 1))),
    "a rollback and a promotion elsewhere": ([rollback("production")], [promote(3, "development")], held(development=3, staging=2, production=5, archived=(1,))),
    "the same promotion": ([promote(3, "production")], [promote(3, "production")], held(staging=2, production=(3, 1))),
    "archiving another": ([archive(3)], [promote(4, "production")], held(staging=2, production=(4, 1), archived=(3,))),
    "a move between stages": ([promote(2, "production")], [promote(3, "development")], held(development=3, staging=(None, 2), production=(2, 1))),
}


@pytest.mark.parametrize("case", APART)
def test_moves_that_do_not_meet_are_both_done(case):
    ours, theirs, end = APART[case]
    start = held(staging=2, production=(1, 5)) if "rollback" in case else HELD

    assert replayed(iris(5, start), ours, theirs)[0].stages == end


MEET = {
    "two promotions": ([promote(3, "production")], [promote(4, "production")], "production of 'iris': from 1 to 3 here, to 4 on"),
    "a promotion of a new one": ([new("a"), promote("a", "production")], [new(), promote(6, "production")], r"production of 'iris': from 1 to 6 \(a\) here, to 6 on"),
    "into a vacant stage": ([promote(3, "development")], [promote(4, "development")], "development of 'iris': from vacant to 3 here, to 4 on"),
    "an archived holder": ([archive(1)], [promote(4, "production")], "production of 'iris': from 1 to vacant here, to 4 on"),
    "a vacated stage": ([promote(3, "production")], [archive(1)], "production of 'iris': from 1 to 3 here, to vacant on"),
    "a rollback": ([rollback("production")], [promote(4, "production")], "production of 'iris': from 1 to 5 here, to 4 on"),
    "one version, two stages": ([promote(3, "production")], [promote(3, "development")], "iris@3: from no stage to production here, to development on"),
    "one version that left its stage": ([promote(2, "production")], [archive(2)], "iris@2: from staging to production here, to archived on"),
    "archived here, promoted there": ([archive(3)], [promote(3, "development")], "iris@3: from no stage to archived here, to development on"),
}


@pytest.mark.parametrize("case", MEET)
def test_moves_that_meet_are_a_conflict_that_names_both(case):
    ours, theirs, told = MEET[case]

    with pytest.raises(ConflictError, match=f"^both sides moved {told} the new base$"):
        replayed(iris(5, held(staging=2, production=(1, 5))), ours, theirs)


def test_the_conflict_names_both_authors_and_the_way_out():
    with pytest.raises(ConflictError) as caught:
        replayed(iris(4, HELD), [promote(3, "production")], [promote(4, "production")], by=ANN, mover=lambda model, stage: BOB)

    assert str(caught.value) == f"both sides moved production of 'iris': from 1 to 3 here (by {ANN}), to 4 on the new base (by {BOB})"
    assert caught.value.hint == "add --stages ours to replay your moves on top, or --stages theirs to leave them out"


OURS = {
    "two promotions": held(staging=2, production=(3, 4, 1, 5)),
    "an archived holder": held(staging=2, production=(None, 1, 5), archived=(1, 4)),
    "a vacated stage": held(staging=2, production=(3, 5), archived=(1,)),
    "a rollback": held(staging=2, production=(5, 1), archived=(1, 4)),
    "one version, two stages": held(development=(None, 3), staging=2, production=(3, 1, 5)),
    "one version that left its stage": held(production=(2, 1, 5)),
}


@pytest.mark.parametrize("case", OURS)
def test_with_ours_the_stage_ends_as_we_left_it_and_nobody_is_displaced_without_a_trace(case):
    ours, theirs, _ = MEET[case]

    end, _ = replayed(iris(5, held(staging=2, production=(1, 5))), ours, theirs, stages="ours")

    assert end.stages == OURS[case]


@pytest.mark.parametrize("case", sorted(MEET))
def test_with_theirs_the_stages_stay_as_they_are_there(case):
    ours, theirs, _ = MEET[case]
    base = iris(5, held(staging=2, production=(1, 5)))

    end, _ = replayed(base, ours, theirs, stages="theirs")

    assert end.stages == frozen(base, *theirs).stages("iris")


def test_with_theirs_moves_of_other_stages_are_done_still():
    end, _ = replayed(iris(5, HELD), [promote(3, "production"), promote(4, "development")], [promote(5, "production")], stages="theirs")

    assert end.stages == held(development=4, staging=2, production=(5, 1))


def test_a_version_that_was_yanked_there_does_not_get_a_stage():
    with pytest.raises(ConflictError, match="iris@3 would hold production, but it is yanked"):
        replayed(iris(3, HELD), [promote(3, "production")], [yank(3)])


def test_a_version_that_got_a_stage_there_is_not_yanked():
    with pytest.raises(ConflictError, match="iris@3 would hold production, but it is yanked"):
        replayed(iris(3, HELD), [yank(3)], [promote(3, "production")])


def test_a_forced_yank_takes_the_version_out_of_its_stage():
    end, _ = replayed(iris(3, HELD), [yank(1, force=True)], [new()])

    assert end.stages == held(staging=2, archived=(1,))


def test_gates_of_the_new_base_judge_again():
    base = iris(3, HELD, config=gated("candidate.metrics.auc >= 0.9"), facts={3: {"metrics": {"auc": 0.95}}})
    strict = DictView(base.models, gated("candidate.metrics.auc >= 0.99"))
    done = work(base, frozen(base, promote(3, "production")))

    with pytest.raises(GitregError, match="gate 'g1' of production refuses iris@3"):
        ended(strict, *replay.operations(done, replay.Terms()))
    forced = ended(strict, *replay.operations(done, replay.Terms(forced=frozenset([("iris", "production")]))))

    assert forced.forced() == [("gate:g1",)]


def test_a_rollback_stays_exempt_from_gates():
    base = iris(3, held(production=(2, 1)), config=gated("false"))

    end, _ = replayed(base, [rollback("production")], [new()])

    assert end.told() == [("promoted", 1, "production"), ("archived", 2, "production")]


def test_two_rollbacks_of_one_commit_are_replayed_as_they_ended():
    end, _ = replayed(iris(3, held(production=(3, 2, 1))), [rollback("production"), rollback("production")], [new()])

    assert end.stages == held(production=1, archived=(2, 3))


# -- chains -----------------------------------------------------------------------------------------------


def test_numbers_grow_along_a_chain():
    base = iris(1)
    one = frozen(base, new("a"))
    two = frozen(one, new("b"), promote("a", "production"))
    there = frozen(base, new(), new())

    numbers = Renumbering().grown(work(base, one), there)
    first = frozen(there, *replay.operations(work(base, one), replay.Terms(numbers)))
    numbers = numbers.grown(work(one, two), first)
    second = frozen(first, *replay.operations(work(one, two), replay.Terms(numbers)))

    assert list(numbers.moved()) == [("iris", 2, 4), ("iris", 3, 5)]
    assert [m.version for m in second.manifests("iris")] == ["1", "2", "3", "a", "b"]
    assert second.stages("iris") == held(production=4)


def test_a_commit_that_landed_tells_what_its_versions_are_called():
    base = iris(1)
    ours = work(base, frozen(base, new("a")))
    theirs = frozen(base, new())
    landed = work(theirs, frozen(theirs, new("a")))

    assert list(Renumbering().paired(ours, landed).moved()) == [("iris", 2, 3)]


MOVES = st.one_of(
    st.builds(promote, st.integers(1, 4), st.sampled_from(["development", "staging", "production"])),
    st.builds(archive, st.integers(1, 4)),
    st.builds(rollback, st.sampled_from(["staging", "production"])),
    st.builds(lambda n: yank(n, force=True), st.integers(1, 4)),
    st.just(new()),
)


def possible(base, moves):
    """Return those of *moves* that can be done, one after another."""
    done = []
    for move in moves:
        try:
            frozen(base, *done, move)
        except GitregError:
            continue
        done.append(move)
    return done


@given(st.lists(MOVES, max_size=4))
def test_replayed_on_its_own_base_a_commit_is_what_it_was(moves):
    base = iris(4, held(staging=(3, 4), production=(1, 2)))
    ours = possible(base, moves)
    after = frozen(base, *ours).stages("iris")
    assume(without_fleeting(base.stages("iris"), after) == after)  # no commit has holders that only passed through

    end, _ = replayed(base, ours)

    assert end.stages == frozen(base, *ours).stages("iris")
    assert list(end.draft.manifests("iris")) == list(frozen(base, *ours).manifests("iris"))


@given(st.lists(MOVES, max_size=3), st.lists(MOVES, max_size=3), st.sampled_from([None, "ours", "theirs"]))
def test_whatever_both_sides_did_the_end_is_sound(one, other, choice):
    base = iris(4, held(staging=(3, 4), production=(1, 2)))
    ours, theirs = possible(base, one), possible(base, other)

    try:
        end, _ = replayed(base, ours, theirs, stages=choice)
    except ConflictError:
        return

    held_now = [pointer.number for pointer in end.stages.pointers.values() if pointer.number]
    assert len(held_now) == len(set(held_now))
    assert not set(held_now) & set(end.stages.archived)
    assert all(end.draft.manifest("iris", n).usable for n in held_now)
    there = frozen(base, *theirs).stages("iris")
    for stage, pointer in there.pointers.items():
        former = pointer.number
        traces = (end.stages.pointer(stage).number, *end.stages.pointer(stage).previous, *end.stages.archived, *held_now)
        assert former is None or former in traces


