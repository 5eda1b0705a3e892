"""How proposals stand that are open, judged from git alone; and waiting for them."""

from __future__ import annotations

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, NotFoundError, PolicyError, UsageError
from gitreg.proposals.pulls import Proposals
from tests.proposals.conftest import PROMOTION, promotion, proposed
from tests.proposals.test_propose import fingerprint

# -- how they stand ---------------------------------------------------------------------------------------


def test_the_open_branches_are_listed_as_they_would_land(ann, bob, shared, git):
    proposed(ann, promotion)
    other = proposed(ann, lambda tx: tx.register("iris", "1.0.5")).branch

    found = {each.branch: each for each in bob.proposals().open()}

    assert {branch: (each.state, each.changes) for branch, each in found.items()} == {
        PROMOTION: ("waiting", ("iris: promote 3 to production, archiving 1",)),
        other: ("waiting", ("iris: register 4 (1.0.5)",)),
    }
    assert found[PROMOTION].review is None
    assert "no forge" in found[PROMOTION].reasons[0]


def test_listing_moves_no_ref_and_no_file_of_a_clone(ann, bob, shared, git):
    proposed(ann, promotion)
    before = fingerprint(shared.bob), git(shared.bob, "for-each-ref")

    bob.proposals().open()

    assert (fingerprint(shared.bob), git(shared.bob, "for-each-ref")) == before


def test_one_whose_stage_went_to_another_since_is_outdated_and_says_what_to_do(ann, bob, shared, git):
    proposed(ann, promotion)
    bob.promote("iris@2", "production")
    git(shared.bob, "push", "-q")

    (found,) = ann.proposals().open()

    assert (found.state, found.next) == ("outdated", "gitreg promote iris@3 production --pr")
    assert found.reasons[0] == "production of iris is held by 2 now, it was made against 1"


def test_one_whose_stage_came_back_to_the_same_holder_since_is_outdated_all_the_same(ann, bob, shared, git):
    proposed(ann, promotion)
    bob.promote("iris@2", "production")
    bob.promote("iris@1", "production")
    git(shared.bob, "push", "-q")

    (found,) = ann.proposals().open()

    assert (found.state, found.reasons[0]) == ("outdated", "production of iris is held by 1 again, but was held by others since it was made")


def test_one_that_registers_a_number_that_is_taken_by_now_conflicts(ann, bob, shared, git):
    proposed(ann, lambda tx: tx.register("iris", "mine"))
    bob.register("iris", "theirs")
    git(shared.bob, "push", "-q")

    (found,) = ann.proposals().open()

    assert (found.state, found.reasons) == ("conflict", ("models/iris/versions/4.yaml does not merge",))


def test_one_that_breaks_a_rule_fails_and_names_it(ann, shared, git):
    git(shared.bob, "switch", "-q", "-c", "gitreg/by-hand")
    stages = shared.bob / "models" / "iris" / "stages.yaml"
    stages.write_text(stages.read_text().replace("number: 1", "number: 9"))
    git(shared.bob, "commit", "-q", "-a", "-m", "by hand")
    git(shared.bob, "push", "-q", "origin", "gitreg/by-hand")

    (found,) = ann.proposals().open()

    assert found.state == "failing"
    assert any(reason.startswith("R05 models/iris/stages.yaml") for reason in found.reasons)
    assert found.next.startswith("gitreg check ")


def test_one_whose_files_cannot_be_read_says_so(ann, shared, git):
    git(shared.bob, "switch", "-q", "-c", "gitreg/by-hand")
    (shared.bob / "models" / "iris" / "stages.yaml").write_text("a: [")
    git(shared.bob, "commit", "-q", "-a", "-m", "by hand")
    git(shared.bob, "push", "-q", "origin", "gitreg/by-hand")

    (found,) = ann.proposals().open()

    sentence = "1 file cannot be read: models/iris/stages.yaml"
    assert (found.state, found.title, found.changes) == ("failing", sentence, (sentence,))


def test_one_that_was_merged_is_not_open_and_says_so(ann, shared, git):
    proposed(ann, promotion)
    git(shared.hub, "update-ref", "refs/heads/main", PROMOTION)

    assert ann.proposals().open() == ()
    assert ann.proposals().status(PROMOTION).state == "merged"


def test_one_that_was_squashed_and_overtaken_is_known_by_its_operation(ann, bob, shared, git):
    proposed(ann, promotion)
    git(shared.bob, "fetch", "-q")
    git(shared.bob, "merge", "-q", "--squash", f"origin/{PROMOTION}")
    git(shared.bob, "commit", "-q", "-m", git(shared.hub, "log", "-1", "--format=%B", PROMOTION))
    bob.promote("iris@2", "production")
    git(shared.bob, "push", "-q")

    assert ann.proposals().status(PROMOTION).state == "merged"


def test_the_branch_that_one_is_on_is_meant(ann, shared, git):
    proposed(ann, promotion)
    git(shared.bob, "fetch", "-q")
    git(shared.bob, "switch", "-q", PROMOTION)

    with Registry.open(shared.bob) as there:
        assert there.proposals().status().branch == PROMOTION


def test_the_only_one_is_meant_and_of_several_none(ann):
    with pytest.raises(NotFoundError, match="there is none"):
        ann.proposals().status()
    proposed(ann, promotion)
    assert ann.proposals().status().branch == PROMOTION
    proposed(ann, lambda tx: tx.archive("iris@3"))
    with pytest.raises(UsageError, match="there are 2"):
        ann.proposals().status()


@pytest.mark.parametrize(("which", "error"), [("nothing-of-that", NotFoundError), ("main..x", UsageError), ("--upload-pack=x", UsageError), ("7", NotFoundError)])
def test_a_branch_that_is_not_there_is_said(which, error, ann):
    with pytest.raises(error):
        ann.proposals().status(which)


def test_a_branch_that_changes_nothing_of_the_registry_is_said(ann, shared, git):
    git(shared.bob, "switch", "-q", "-c", "docs")
    (shared.bob / "README.md").write_text("words\n")
    git(shared.bob, "add", "README.md")
    git(shared.bob, "commit", "-q", "-m", "docs")
    git(shared.bob, "push", "-q", "origin", "docs")

    with pytest.raises(NotFoundError, match="branch docs changes nothing of this registry"):
        ann.proposals().status("docs")


def test_a_clone_that_is_too_shallow_to_tell_says_so(ann, bob, shared, tmp_path, git):
    proposed(ann, promotion)
    bob.register("iris")
    git(shared.bob, "push", "-q")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{shared.hub}", "shallow")

    with Registry.open(tmp_path / "shallow") as there:
        (found,) = there.proposals().open()

    assert (found.state, found.next) == ("unknown", "git fetch --unshallow")


# -- waiting ----------------------------------------------------------------------------------------------


class Clock:
    """A clock that only pauses move; after so many of them something happens."""

    def __init__(self, happens=None, after=3):
        self.now, self.pauses, self.happens, self.after = 0.0, [], happens, after

    def time(self):
        return self.now

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds
        if self.happens and len(self.pauses) == self.after:
            self.happens()


def waiting(registry, clock):
    return Proposals(registry._ground(), pause=clock.pause, clock=clock.time)


def test_waiting_ends_when_it_is_merged_and_pauses_grow(ann, shared, git):
    proposed(ann, promotion)
    clock, heard = Clock(lambda: git(shared.hub, "update-ref", "refs/heads/main", PROMOTION)), []

    found = waiting(ann, clock).wait(PROMOTION, heard=lambda now: heard.append(now.state))

    assert found.state == "merged"
    assert clock.pauses == [2.0, 3.0, 4.5]
    assert heard == ["waiting", "merged"]


def test_waiting_ends_with_the_time(ann):
    proposed(ann, promotion)
    clock = Clock()

    with pytest.raises(BusyError, match="the time is over, and branch gitreg/iris/promote-3-production is not merged"):
        waiting(ann, clock).wait(PROMOTION, timeout=10)

    assert sum(clock.pauses) == 10


def test_waiting_ends_where_it_is_overtaken(ann, bob, shared, git):
    proposed(ann, promotion)

    def overtaken():
        bob.promote("iris@2", "production")
        git(shared.bob, "push", "-q")

    with pytest.raises(ConflictError, match="is out of date: production of iris is held by 2 now"):
        waiting(ann, Clock(overtaken)).wait(PROMOTION)


def test_waiting_goes_on_while_the_remote_cannot_be_reached(ann, shared, git):
    proposed(ann, promotion)
    away = shared.hub.parent / "away.git"
    shared.hub.rename(away)

    def back():
        away.rename(shared.hub)
        git(shared.hub, "update-ref", "refs/heads/main", PROMOTION)

    assert waiting(ann, Clock(back)).wait(PROMOTION).state == "merged"


def test_waiting_for_a_remote_that_stays_away_ends_with_its_error(ann, shared):
    proposed(ann, promotion)
    shared.hub.rename(shared.hub.parent / "away.git")

    with pytest.raises(BusyError, match="origin cannot be reached"):
        waiting(ann, Clock()).wait(PROMOTION, timeout=5)


def test_nobody_waits_for_an_approval_that_nobody_can_see(ann):
    proposed(ann, promotion)

    with pytest.raises(PolicyError, match="nobody can tell when"):
        waiting(ann, Clock()).wait(PROMOTION, "ready")
