"""Two clones write apart and exchange later: everything arrives once, renumbered where it must be, and nobody is displaced unseen."""

from __future__ import annotations

import itertools
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitreg import Registry, rebase
from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError, PolicyError, UsageError
from gitreg.operations import message
from gitreg.operations.contest import Sides

if TYPE_CHECKING:
    from pathlib import Path

ANN, BOB = "Ann <ann@example.org>", "Bob <bob@example.org>"


class Shared(NamedTuple):
    """A bare repository that is the remote of two clones, each with an author of its own."""

    hub: Path
    ann: Path
    bob: Path

    def on(self, clone: Path, *works) -> None:
        """Write offline."""
        with Registry.open(clone, offline=True) as registry:
            for work in works:
                work(registry)

    def sync(self, clone: Path, *, dry_run=False, **options):
        with Registry.open(clone, dry_run=dry_run) as registry:
            return registry.sync(**options)

    def tip(self, place: Path) -> str:
        return run(place, "rev-parse", "main")


def run(folder, *args):
    return subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True, text=True).stdout.strip()


def made(folder: Path) -> Shared:
    """Make a registry with three versions of iris, 1 in production and 2 in staging, and share it."""
    with Registry.init(folder / "made") as registry:
        for accuracy in (0.91, 0.95, 0.97):
            registry.register("iris", metrics={"accuracy": accuracy})
        registry.promote("iris@1", "production")
        registry.promote("iris@2", "staging")
    config = folder / "made" / "gitreg.yaml"
    config.write_text(config.read_text() + "remote: origin\n")
    run(folder / "made", "commit", "-q", "-a", "-m", "registry: share it")
    run(folder, "clone", "-q", "--bare", "made", "hub.git")
    for name in ("ann", "bob"):
        run(folder, "clone", "-q", "hub.git", name)
        run(folder / name, "config", "user.name", name.title())
        run(folder / name, "config", "user.email", f"{name}@example.org")
    return Shared(folder / "hub.git", folder / "ann", folder / "bob")


@pytest.fixture
def shared(tmp_path):
    return made(tmp_path)


def hook(shared: Shared, name: str, text: str) -> None:
    """Let the remote run a hook."""
    file = shared.hub / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def names(clone: Path) -> list[str]:
    with Registry.open(clone) as registry:
        assert registry.check() == ()
        return [version.version for version in registry.versions("iris")]


def register(name):
    return lambda registry: registry.register("iris", name)


def promote(selector, stage="production"):
    return lambda registry: registry.promote(f"iris@{selector}", stage)


def test_nothing_to_do_is_said_and_changes_nothing(shared):
    done = shared.sync(shared.ann)

    assert done.as_dict() == {"branch": "main", "remote": "origin", "commit": shared.tip(shared.hub), "pulled": 0, "pushed": 0, "renumbered": [], "contested": []}
    assert not done.changed


def test_what_is_only_here_is_pushed(shared):
    shared.on(shared.ann, register("a"), promote("a"))
    before = shared.tip(shared.ann)

    done = shared.sync(shared.ann)

    assert (done.pulled, done.pushed, done.commit) == (0, 2, before)
    assert shared.tip(shared.hub) == shared.tip(shared.ann) == before


def test_an_empty_commit_of_a_person_s_arrives_once(shared):
    run(shared.ann, "commit", "-q", "--allow-empty", "-m", "release: 2026.1")
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)

    done, again = shared.sync(shared.ann), shared.sync(shared.ann)

    assert (done.pulled, done.pushed, done.notes, again.changed) == (1, 1, (), False)
    assert run(shared.hub, "log", "-2", "--format=%s").splitlines() == ["release: 2026.1", "iris: register 4 (b)"]


def test_a_commit_of_which_nothing_is_left_to_do_is_told(shared):
    for clone in (shared.ann, shared.bob):
        (clone / "notes").write_text("the same\n")
        run(clone, "add", "notes")
        run(clone, "commit", "-q", "-m", f"notes: by {clone.name}")
    left_out = run(shared.ann, "rev-parse", "--short=8", "main")
    shared.sync(shared.bob)

    done = shared.sync(shared.ann)

    assert (done.pulled, done.pushed, done.commit) == (1, 0, shared.tip(shared.bob))
    assert done.notes == (f"{left_out} (notes: by ann) is left out: the new base has all of it",)


def test_what_is_only_there_is_pulled_with_its_files(shared):
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)

    done = shared.sync(shared.ann)

    assert (done.pulled, done.pushed) == (1, 0)
    assert shared.tip(shared.ann) == shared.tip(shared.hub)
    assert run(shared.ann, "status", "--porcelain") == ""
    assert names(shared.ann) == ["1", "2", "3", "b"]


def test_what_both_wrote_is_replayed_on_the_remotes_and_pushed(shared):
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)
    shared.on(shared.ann, register("a"), promote("a"))

    done = shared.sync(shared.ann)

    assert [each.as_dict() for each in done.renumbered] == [{"id": "iris@5", "model": "iris", "from_number": 4, "number": 5}]
    assert (done.pulled, done.pushed) == (1, 2)
    assert shared.tip(shared.hub) == shared.tip(shared.ann) == done.commit
    assert names(shared.ann) == ["1", "2", "3", "b", "a"]
    assert run(shared.ann, "log", "-2", "--format=%an %s").splitlines() == ["Ann iris: promote 5 (a) to production, archiving 1", "Ann iris: register 5 (a)"]
    assert run(shared.ann, "status", "--porcelain") == ""


def test_a_registry_that_writes_offline_can_sync_itself(shared):
    with Registry.open(shared.ann, offline=True) as registry:
        registry.register("iris")

        assert registry.sync().pushed == 1


def test_a_rehearsal_tells_what_would_be_and_moves_nothing(shared):
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)
    shared.on(shared.ann, register("a"))
    before = shared.tip(shared.ann), shared.tip(shared.hub)

    done = shared.sync(shared.ann, dry_run=True)

    assert (done.pulled, done.pushed, len(done.renumbered)) == (1, 1, 1)
    assert (shared.tip(shared.ann), shared.tip(shared.hub)) == before


def test_a_bare_clone_is_synced(shared, tmp_path):
    run(tmp_path, "clone", "-q", "--bare", "hub.git", "bare.git")
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)
    shared.on(tmp_path / "bare.git", register("a"))

    shared.sync(tmp_path / "bare.git")

    assert names(tmp_path / "bare.git") == ["1", "2", "3", "b", "a"]


def test_a_remote_that_is_empty_gets_the_branch(shared, tmp_path):
    run(tmp_path, "init", "-q", "--bare", "empty.git")
    run(shared.ann, "remote", "set-url", "origin", str(tmp_path / "empty.git"))

    done = shared.sync(shared.ann)

    assert (done.pulled, done.pushed) == (0, 7)
    assert shared.tip(tmp_path / "empty.git") == shared.tip(shared.ann)


def test_the_same_stage_moved_apart_is_nobodys_until_somebody_says_so(shared):
    shared.on(shared.bob, promote(3))
    shared.sync(shared.bob)
    shared.on(shared.ann, promote(2))
    before = shared.tip(shared.ann), shared.tip(shared.hub)

    with pytest.raises(ConflictError) as caught:
        shared.sync(shared.ann)

    assert f"both sides moved production of 'iris': from 1 to 2 here (by {ANN}), to 3 on the new base (by {BOB})" in str(caught.value)
    assert (shared.tip(shared.ann), shared.tip(shared.hub)) == before


@pytest.mark.parametrize(("choice", "holder"), [("ours", 2), ("theirs", 3)])
def test_a_choice_settles_the_stage_for_both(shared, choice, holder):
    shared.on(shared.bob, promote(3))
    shared.sync(shared.bob)
    shared.on(shared.ann, promote(2), register("a"))

    done = shared.sync(shared.ann, stages=choice)
    shared.sync(shared.bob)

    assert [text.partition(":")[0] for text in done.contested] == [f"{choice} wins"]
    with Registry.open(shared.bob) as registry:
        assert registry.get("iris@production").number == holder
        assert registry.get("iris@a").number == 4
        assert registry.check() == ()


def test_a_merge_by_git_pull_is_pushed_and_later_left_out(shared):
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)
    shared.on(shared.ann, promote(3))
    run(shared.ann, "pull", "-q", "--no-rebase", "--no-edit")
    shared.on(shared.ann, register("a"))
    shared.on(shared.bob, register("c"))
    shared.sync(shared.bob)

    shared.sync(shared.ann)

    assert names(shared.ann) == ["1", "2", "3", "b", "c", "a"]
    with Registry.open(shared.ann) as registry:
        assert registry.get("iris@production").number == 3


# -- what stands in the way ---------------------------------------------------------------------------------


def test_without_a_remote_there_is_nobody_to_exchange_with(iris):
    with pytest.raises(NotFoundError, match=r"gitreg\.yaml names no remote") as caught:
        iris.sync()

    assert caught.value.hint == "add a line to gitreg.yaml: remote: origin"


def test_another_branch_is_not_what_is_shared(shared):
    run(shared.ann, "switch", "-q", "-c", "topic")

    with pytest.raises(ConflictError, match="topic is not the branch that is shared") as caught:
        shared.sync(shared.ann)

    assert caught.value.hint == "gitreg rebase"


def test_a_remote_that_cannot_be_reached_changes_nothing(shared):
    shared.on(shared.ann, register("a"))
    before = shared.tip(shared.ann)
    os.rename(shared.hub, shared.hub.with_name("away"))

    with pytest.raises(BusyError, match="origin cannot be reached"):
        shared.sync(shared.ann)

    assert shared.tip(shared.ann) == before


def test_a_remote_that_refuses_changes_nothing(shared):
    hook(shared, "pre-receive", "echo main is protected >&2; exit 1")
    shared.on(shared.bob, register("b"))
    run(shared.hub, "fetch", "-q", str(shared.bob), "main:main")
    shared.on(shared.ann, register("a"))
    before = shared.tip(shared.ann), shared.tip(shared.hub)

    with pytest.raises(PolicyError, match="main is protected"):
        shared.sync(shared.ann)

    assert (shared.tip(shared.ann), shared.tip(shared.hub)) == before


def test_an_edit_in_the_way_is_not_touched_and_nothing_is_pushed(shared):
    shared.on(shared.bob, promote(3))
    shared.sync(shared.bob)
    shared.on(shared.ann, register("a"))
    stages = shared.ann / "models/iris/stages.yaml"
    stages.write_text(stages.read_text() + "# mine\n")
    before = shared.tip(shared.ann), shared.tip(shared.hub), stages.read_text()

    with pytest.raises(ConflictError, match="has edits that are not committed"):
        shared.sync(shared.ann)

    assert (shared.tip(shared.ann), shared.tip(shared.hub), stages.read_text()) == before


def test_a_push_that_lost_the_race_is_replayed_again(shared):
    """The hook lets bob's write in just before ann's first push is judged."""
    shared.on(shared.bob, register("b"))
    run(shared.hub, "fetch", "-q", str(shared.bob), "main:refs/keep/bob")
    shared.on(shared.ann, register("a"))
    late = shared.tip(shared.hub)
    hook(shared, "pre-receive", f"unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main refs/keep/bob {late} 2>/dev/null; exit 0")

    shared.sync(shared.ann)

    assert names(shared.ann) == ["1", "2", "3", "b", "a"]
    assert shared.tip(shared.ann) == shared.tip(shared.hub)


def test_clones_that_sync_at_once_all_arrive(shared, tmp_path):
    clones = [shared.ann, shared.bob, *(tmp_path / name for name in ("cid", "dee"))]
    for clone in clones[2:]:
        run(tmp_path, "clone", "-q", "hub.git", clone.name)
    for clone in clones:
        shared.on(clone, register(f"{clone.name}.1"), register(f"{clone.name}.2"))

    with ThreadPoolExecutor(len(clones)) as pool:
        done = list(pool.map(shared.sync, clones))
    for clone in clones:
        shared.sync(clone)

    assert [each.pushed for each in done] == [2] * len(clones)
    assert sorted(names(shared.ann)) == sorted(["1", "2", "3", *(f"{clone.name}.{n}" for clone in clones for n in (1, 2))])
    assert len({shared.tip(place) for place in (*clones, shared.hub)}) == 1


# -- the answer is lost ---------------------------------------------------------------------------------------


def lost_answer(shared: Shared) -> list[str]:
    """Sync while the remote takes the push and dies before it says so; then again, when it is back. Return what is registered."""
    shared.on(shared.bob, register("b"))
    shared.sync(shared.bob)
    shared.on(shared.ann, register(None), promote(4))
    (shared.ann / "notes").write_text("by hand\n")
    run(shared.ann, "add", "notes")
    run(shared.ann, "commit", "-q", "-m", "notes")
    hook(shared, "post-receive", f"mv {shared.hub} {shared.hub}.away; kill -9 $PPID")
    with pytest.raises(BusyError, match="did not answer, and may have taken"):
        shared.sync(shared.ann)
    os.rename(f"{shared.hub}.away", shared.hub)
    (shared.hub / "hooks" / "post-receive").unlink()
    shared.on(shared.ann, lambda registry: registry.update("iris@4", description="mine"))

    shared.sync(shared.ann)

    return names(shared.ann)


def test_a_push_that_was_taken_although_the_answer_was_lost_is_not_doubled(shared):
    found = lost_answer(shared)

    assert found == ["1", "2", "3", "b", "5"]
    assert run(shared.hub, "log", "--format=%s", "-4", "main").splitlines() == ["iris: update 5", "notes", "iris: promote 5 to production, archiving 1", "iris: register 5"]
    with Registry.open(shared.ann) as registry:
        assert registry.get("iris@5").description == "mine"


def test_a_replay_that_forgets_the_operation_is_caught(shared, monkeypatch):
    fresh = (f"{number:032x}" for number in itertools.count(1))
    reworded = message.reworded
    monkeypatch.setattr(rebase.message, "reworded", lambda text, subject, operation, events: reworded(text, subject, next(fresh), events))

    with pytest.raises(ConflictError, match="both sides moved production"):  # its own promotion, taken for another's
        lost_answer(shared)


def test_a_commit_that_was_pushed_and_then_amended_is_not_taken_for_landed(shared):
    with Registry.open(shared.ann) as registry:
        registry.update("iris@1", description="hello")
    (shared.ann / "notes.txt").write_text("mine\n")
    run(shared.ann, "add", "notes.txt")
    run(shared.ann, "commit", "-q", "--amend", "--no-edit")
    before = shared.tip(shared.ann)

    with pytest.raises(ConflictError, match="did not do all of this"):
        shared.sync(shared.ann)
    assert shared.tip(shared.ann) == before
    assert (shared.ann / "notes.txt").exists()


def test_a_version_that_was_squashed_into_a_pushed_commit_is_not_lost(shared):
    with Registry.open(shared.ann) as registry:
        registry.register("iris", "pushed")
    pushed = run(shared.ann, "log", "-1", "--format=%B")
    shared.on(shared.ann, register("not"))
    run(shared.ann, "reset", "-q", "--soft", "HEAD~2")
    run(shared.ann, "commit", "-q", "-m", pushed)

    with pytest.raises(ConflictError, match="did not do all of this"):
        shared.sync(shared.ann)
    assert names(shared.ann) == ["1", "2", "3", "pushed", "not"]


def test_versions_keep_their_numbers_where_their_commits_were_squashed_by_a_host(shared):
    run(shared.ann, "switch", "-q", "-c", "topic")
    with Registry.open(shared.ann) as registry:
        for accuracy in (0.1, 0.2, 0.3):
            registry.register("iris", metrics={"accuracy": accuracy})
    squashed = run(shared.ann, "log", "--reverse", "--format=%B", "main..topic")
    with Registry.open(shared.ann) as registry:
        registry.promote("iris@6", "production")
    run(shared.ann, "switch", "-q", "main")
    run(shared.ann, "merge", "-q", "--squash", "topic~1")
    run(shared.ann, "commit", "-q", "-m", f"Three more (#1)\n\n{squashed}")
    run(shared.ann, "switch", "-q", "topic")

    with Registry.open(shared.ann) as registry:
        done = registry.rebase("main")
        assert (done.replayed, done.landed, done.renumbered) == (1, 3, ())
        assert registry.get("iris@production").metrics == {"accuracy": 0.3}


# -- whatever two clones do -----------------------------------------------------------------------------------

NUMBERS = st.integers(1, 6)
STAGES = st.sampled_from(["development", "staging", "production"])
WRITES = st.one_of(
    st.tuples(st.just("register")),
    st.tuples(st.just("promote"), NUMBERS, STAGES),
    st.tuples(st.just("promote"), NUMBERS, STAGES),
    st.tuples(st.just("archive"), NUMBERS),
    st.tuples(st.just("rollback"), STAGES),
    st.tuples(st.just("measure"), NUMBERS),
)
TURNS = st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.lists(WRITES, max_size=3), st.sampled_from([None, "ours", "theirs"])), min_size=2, max_size=6)


class Story:
    """Two clones that write apart and sync in turns; every version has a name of its own, so that it can be counted."""

    def __init__(self, folder: Path) -> None:
        self.shared = made(folder)
        self.labels = itertools.count(1)
        self.registered: list[str] = []

    def write(self, clone: Path, write: tuple) -> None:
        """Do one thing, if it can be done."""
        kind, *args = write
        with Registry.open(clone, offline=True) as registry:
            try:
                if kind == "register":
                    label = f"v{next(self.labels)}"
                    registry.register("iris", label, links={"self": f"iris@{registry.snapshot().count('iris') + 1}"})
                    self.registered.append(label)
                elif kind == "measure":
                    registry.update(f"iris@{args[0]}", metrics={f"m{next(self.labels)}": 1.0})
                elif kind == "promote":
                    registry.promote(f"iris@{args[0]}", args[1])
                elif kind == "archive":
                    registry.archive(f"iris@{args[0]}")
                else:
                    registry.rollback("iris", args[0])
            except GitregError:
                return

    def exchange(self, clone: Path, choice) -> None:
        """Sync; where both moved a stage nothing may have changed, and then *choice* decides."""
        before = self.shared.tip(clone), self.shared.tip(self.shared.hub)
        theirs = self.holders(self.shared.hub)
        ours = self.holders(clone)
        try:
            self.shared.sync(clone)
        except ConflictError:
            assert (self.shared.tip(clone), self.shared.tip(self.shared.hub)) == before
            self.shared.sync(clone, stages=choice or "theirs")
        else:
            self.nobody_lost_unseen(clone, before, (ours, theirs))

    def holders(self, place: Path, commit: str = "main") -> dict[str, str | None]:
        """Return who holds each stage, by name, for numbers move."""
        with Registry.open(place) as registry:
            view = registry.at(commit).snapshot()
            held = {stage: view.stages("iris").pointer(stage).number for stage in view.config.stages}
            return {stage: view.manifest("iris", number).version if number else None for stage, number in held.items()}

    def nobody_lost_unseen(self, clone: Path, before, sides) -> None:
        """What only one side moved is as that side has it; what both moved they moved to the same end."""
        start = self.holders(clone, run(clone, "merge-base", *before))
        end = self.holders(clone)
        for stage, was in start.items():
            moved = {side[stage] for side in sides if side[stage] != was}
            assert end[stage] in (moved or {was}), stage
            assert len(moved) <= 1, stage


@given(turns=TURNS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_two_clones_write_apart_arrives_once_and_nobody_is_displaced_unseen(tmp_path_factory, hermetic, turns):
    story = Story(tmp_path_factory.mktemp("story"))
    shared = story.shared
    for name, writes, choice in turns:
        clone = getattr(shared, name)
        for write in writes:
            story.write(clone, write)
        story.exchange(clone, choice)

    for clone in (shared.ann, shared.bob, shared.ann):
        story.exchange(clone, "theirs")

    assert shared.tip(shared.ann) == shared.tip(shared.bob) == shared.tip(shared.hub)
    assert sorted(names(shared.ann)) == sorted(["1", "2", "3", *story.registered])
    with Registry.open(shared.ann) as registry:
        for version in registry.versions("iris"):
            assert version.number <= 3 or version.links["self"].uri == version.id


def test_a_replay_that_displaces_unseen_is_caught(tmp_path, monkeypatch):
    story = Story(tmp_path)
    story.write(story.shared.bob, ("promote", 3, "production"))
    story.exchange(story.shared.bob, None)
    story.write(story.shared.ann, ("promote", 2, "production"))
    monkeypatch.setattr(Sides, "contests", lambda sides: [])

    with pytest.raises(AssertionError, match="production"):
        story.exchange(story.shared.ann, None)


# -- one name on both sides -------------------------------------------------------------------------------


@pytest.fixture
def same_name(shared):
    """Register v2 of iris on both sides; here it also got a stage and a link to itself."""
    shared.on(shared.ann, lambda r: r.register("iris", "v2", metrics={"accuracy": 0.1}), lambda r: r.promote("iris@v2", "staging"))
    shared.on(shared.ann, lambda r: r.register("iris", "v3", links={"trained_from": {"uri": "iris@v2"}}))
    with Registry.open(shared.bob) as bob:
        bob.register("iris", "v2", metrics={"accuracy": 0.2})
    return shared


def test_one_name_on_both_sides_is_refused_with_the_way_out(same_name):
    with pytest.raises(ConflictError) as caught:
        same_name.sync(same_name.ann)

    assert caught.value.hint == "add --rename iris@v2=v2-b to give yours another name"


def test_a_version_gets_another_name_and_what_names_it_follows(same_name):
    same_name.sync(same_name.ann, renames={"iris@v2": "v2-b"})

    with Registry.open(same_name.hub, branch="main") as hub:
        assert [hub.get(f"iris@{name}").number for name in ("v2", "v2-b", "v3", "staging")] == [4, 5, 6, 5]
        assert (hub.get("iris@v2").metrics, hub.get("iris@v2-b").metrics) == ({"accuracy": 0.2}, {"accuracy": 0.1})
        assert hub.get("iris@v3").links["trained_from"].uri == "iris@v2-b"


@pytest.mark.parametrize("renames", [{"iris@v2": "v2-b", "iris@v9": "x"}, {"iris@v2": "v2-b", "rose@v2": "x"}, {"iris@v2": "staging"}, {"iris@v2": "7"}, {"iris": "x"}, {"iris@v2": ""}])
def test_a_rename_of_nothing_or_to_no_name_changes_nothing(renames, same_name):
    before = same_name.tip(same_name.ann), same_name.tip(same_name.hub)

    with pytest.raises(UsageError):
        same_name.sync(same_name.ann, renames=renames)

    assert (same_name.tip(same_name.ann), same_name.tip(same_name.hub)) == before


def test_a_rename_where_nothing_is_replayed_is_refused(shared):
    with pytest.raises(UsageError, match="iris@v2 is no version that is new on this side"):
        shared.sync(shared.ann, renames={"iris@v2": "x"})


def test_a_renamed_version_that_landed_is_known_again(same_name):
    tip = same_name.tip(same_name.ann)
    same_name.sync(same_name.ann, renames={"iris@v2": "v2-b"})
    run(same_name.ann, "reset", "-q", "--hard", tip)

    done = same_name.sync(same_name.ann, renames={"iris@v2": "v2-b"})

    assert (done.pushed, done.commit) == (0, same_name.tip(same_name.hub))
