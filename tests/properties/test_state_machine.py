"""The registry against a dictionary that cannot be wrong: whatever is done in whatever order, they agree."""

from __future__ import annotations

import itertools
import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gitreg import Registry
from gitreg.errors import ConflictError, GitregError, NotFoundError

STAGES = ("development", "staging", "production")
NUMBERS = st.integers(1, 5)
NAMES = st.sampled_from([None, None, "a", "b", "c"])
EXPECT = st.none() | st.just("none") | NUMBERS


class Dictionary:
    """What a model is, said once more and as plainly as can be. A method raises what the registry must raise."""

    def __init__(self) -> None:
        self.versions: dict[int, dict[str, Any]] = {}
        self.holder: dict[str, int | None] = dict.fromkeys(STAGES)
        self.previous: dict[str, list[int]] = {stage: [] for stage in STAGES}
        self.archived: set[int] = set()

    def state(self) -> dict[str, Any]:
        """Return everything, so that two moments can be compared."""
        return {
            "versions": {number: dict(version, metrics=dict(version["metrics"])) for number, version in self.versions.items()},
            "holder": dict(self.holder),
            "previous": {stage: list(left) for stage, left in self.previous.items()},
            "archived": sorted(self.archived),
        }

    def known(self, number: int) -> dict[str, Any]:
        if number not in self.versions:
            raise NotFoundError("no such version")
        return self.versions[number]

    def usable(self, number: int) -> bool:
        version = self.known(number)
        return version["status"] == "ready" and not version["yanked"]

    def stage_of(self, number: int) -> str | None:
        return next((stage for stage in STAGES if self.holder[stage] == number), None)

    def shown(self, number: int) -> str | None:
        left = number in self.archived or any(number in self.previous[stage] for stage in STAGES)
        return self.stage_of(number) or ("archived" if left else None)

    def latest(self) -> int | None:
        return max((number for number in self.versions if self.usable(number)), default=None)

    def leave(self, stage: str) -> None:
        number = self.holder[stage]
        self.holder[stage] = None
        if number is not None:
            self.previous[stage] = [number, *(n for n in self.previous[stage] if n != number)]

    def register(self, name: str | None, status: str) -> None:
        number = len(self.versions) + 1
        if name in [version["name"] for version in self.versions.values()]:
            raise ConflictError("the name is taken")
        self.versions[number] = {"name": name or str(number), "status": status, "yanked": False, "metrics": {}}

    def promote(self, number: int, stage: str, expect: int | str | None = None) -> None:
        self.known(number)
        if self.holder[stage] == number:
            return
        if expect is not None and expect != (self.holder[stage] or "none"):
            raise ConflictError("another holder")
        if not self.usable(number):
            raise ConflictError("not usable")
        old = self.stage_of(number)
        if old:
            self.leave(old)
        self.leave(stage)
        self.holder[stage] = number
        self.archived.discard(number)
        self.previous[stage] = [n for n in self.previous[stage] if n != number]

    def archive(self, number: int) -> None:
        self.known(number)
        held = self.stage_of(number)
        if held:
            self.holder[held] = None
        self.archived.add(number)

    def rollback(self, stage: str, expect: int | str | None = None) -> None:
        former = self.holder[stage]
        if expect is not None and expect != (former or "none"):
            raise ConflictError("another holder")
        for number in self.previous[stage]:
            if self.usable(number) and self.stage_of(number) is None and number not in self.archived:
                self.previous[stage].remove(number)
                self.holder[stage] = number
                self.archived |= {former} if former else set()
                return
        raise NotFoundError("nobody left")

    def yank(self, number: int, force: bool) -> None:
        version = self.known(number)
        if version["yanked"]:
            return
        if self.stage_of(number):
            if not force:
                raise ConflictError("a holder")
            self.archive(number)
        version["yanked"] = True

    def unyank(self, number: int) -> None:
        self.known(number)["yanked"] = False

    def measure(self, number: int, name: str, value: int) -> None:
        version = self.known(number)
        if version["status"] != "running" and version["metrics"].get(name, value) != value:
            raise ConflictError("recorded")
        version["metrics"][name] = value

    def finish(self, number: int, status: str) -> None:
        version = self.known(number)
        if version["status"] not in ("running", status):
            raise ConflictError("finished")
        version["status"] = status


class Agreement(RuleBasedStateMachine):
    """Does everything twice, to a registry and to the dictionary, and compares."""

    folders = itertools.count()
    root = ""

    @initialize()
    def begin(self) -> None:
        self.path = f"{self.root}/{next(self.folders)}.git"
        subprocess.run(["git", "init", "-q", "--bare", self.path], check=True)
        self.registry = Registry.init(self.path)
        self.dictionary = Dictionary()
        for _ in range(3):  # with fewer there is little to do
            self.registry.register("iris")
            self.dictionary.register(None, "ready")
        self.commits = 4

    def teardown(self) -> None:
        if hasattr(self, "registry"):
            self.registry.close()

    def both(self, real, plain) -> None:
        """Do *real* and *plain*: both change something, both change nothing, or both refuse with the same class."""
        before, tip = self.dictionary.state(), self.registry.snapshot().commit
        refusal = self.attempt(plain)
        answered = self.attempt(real)
        assert type(answered) is type(refusal), answered
        changed = self.dictionary.state() != before
        assert (self.registry.snapshot().commit != tip) is changed
        self.commits += changed

    @staticmethod
    def attempt(action) -> GitregError | None:
        try:
            action()
        except GitregError as error:
            return error
        return None

    # -- what can be done -----------------------------------------------------------------------------------

    @rule(name=NAMES, status=st.sampled_from(["ready", "ready", "ready", "running", "failed"]))
    def register(self, name, status):
        self.both(lambda: self.registry.register("iris", name, status=status), lambda: self.dictionary.register(name, status))

    @rule(number=NUMBERS, stage=st.sampled_from(STAGES), expect=EXPECT, force=st.booleans())
    def promote(self, number, stage, expect, force):
        self.both(
            lambda: self.registry.promote(f"iris@{number}", stage, expect=expect, force=force),
            lambda: self.dictionary.promote(number, stage, expect),
        )

    @rule(numbers=st.permutations([1, 2, 3]))
    def promote_all_in_one_transaction(self, numbers):
        def real():
            with self.registry.transaction() as tx:
                for number, stage in zip(numbers, STAGES, strict=True):
                    tx.promote(f"iris@{number}", stage)

        def plain():
            trial = Dictionary()
            trial.__dict__ = {"versions": self.dictionary.versions, **{k: v for k, v in self.dictionary.state().items() if k != "versions"}}
            trial.archived = set(trial.archived)
            for number, stage in zip(numbers, STAGES, strict=True):
                trial.promote(number, stage)
            self.dictionary = trial

        self.both(real, plain)

    @rule(number=NUMBERS)
    def archive(self, number):
        self.both(lambda: self.registry.archive(f"iris@{number}"), lambda: self.dictionary.archive(number))

    @rule(stage=st.sampled_from(STAGES), expect=st.none() | EXPECT)
    def rollback(self, stage, expect):
        self.both(lambda: self.registry.rollback("iris", stage, expect=expect), lambda: self.dictionary.rollback(stage, expect))

    @rule(number=NUMBERS, force=st.booleans())
    def yank(self, number, force):
        self.both(lambda: self.registry.yank(f"iris@{number}", reason="leaks", force=force), lambda: self.dictionary.yank(number, force))

    @rule(number=NUMBERS)
    def unyank(self, number):
        self.both(lambda: self.registry.unyank(f"iris@{number}"), lambda: self.dictionary.unyank(number))

    @rule(number=NUMBERS, name=st.sampled_from("xy"), value=st.integers(1, 2))
    def measure(self, number, name, value):
        self.both(
            lambda: self.registry.update(f"iris@{number}", metrics={name: value}), lambda: self.dictionary.measure(number, name, value)
        )

    @rule(number=NUMBERS, status=st.sampled_from(["ready", "failed"]))
    def finish(self, number, status):
        self.both(lambda: self.registry.update(f"iris@{number}", status=status), lambda: self.dictionary.finish(number, status))

    @precondition(lambda self: self.dictionary.versions)
    @rule()
    def reopen(self):
        self.registry.close()
        self.registry = Registry.open(self.path)

    # -- what always holds ----------------------------------------------------------------------------------

    @invariant()
    def the_files_say_what_the_dictionary_says(self):
        found = {
            version.number: {"name": version.version, "status": version.status, "yanked": version.yanked is not None, "metrics": version.metrics}
            for version in self.registry.versions("iris")
        }
        pointers = self.registry.snapshot().stages("iris")
        assert self.dictionary.state() == {
            "versions": found,
            "holder": {stage: pointers.pointer(stage).number for stage in STAGES},
            "previous": {stage: list(pointers.pointer(stage).previous) for stage in STAGES},
            "archived": list(pointers.archived),
        }

    @invariant()
    def selectors_and_the_board_agree(self):
        shown = {version.number: version.stage for version in self.registry.versions("iris")}
        assert shown == {number: self.dictionary.shown(number) for number in self.dictionary.versions}
        (row,) = self.registry.models()
        assert (row.latest, row.versions, row.stages) == (self.dictionary.latest(), len(shown), self.dictionary.holder)
        for number, version in self.dictionary.versions.items():
            assert self.registry.get(f"iris@{version['name']}").number == number

    @invariant()
    def the_pointers_are_sound(self):
        pointers = self.registry.snapshot().stages("iris")
        holders = [pointer.number for pointer in pointers.pointers.values() if pointer.number is not None]
        assert len(set(holders)) == len(holders)
        assert not set(holders) & set(pointers.archived)
        assert list(pointers.archived) == sorted(set(pointers.archived))
        for pointer in pointers.pointers.values():
            assert len(set(pointer.previous)) == len(pointer.previous)
            assert pointer.number not in pointer.previous
            assert pointer.number is None or self.registry.get(f"iris@{pointer.number}").usable

    @invariant()
    def numbers_are_one_to_n(self):
        assert [version.number for version in self.registry.versions("iris")] == list(range(1, len(self.dictionary.versions) + 1))

    @invariant()
    def every_change_is_one_commit(self):
        count = subprocess.run(["git", "-C", self.path, "rev-list", "--count", "HEAD"], check=True, capture_output=True, text=True).stdout
        assert int(count) == self.commits


@pytest.fixture
def machine(tmp_path):
    """Return the state machine, its repositories in a folder of this test."""
    return type("Machine", (Agreement,), {"root": str(tmp_path), "folders": itertools.count()})


def test_the_registry_agrees_with_a_dictionary_that_cannot_be_wrong(machine):
    some = settings(max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))

    run_state_machine_as_test(machine, settings=some)
