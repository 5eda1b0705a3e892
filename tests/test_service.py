"""A registry that stays open in a service: right at every moment, from every thread and process, and quiet while nothing moves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitreg import Registry
from gitreg.store import cache, decoded, snapshot
from gitreg.store.reader import Reader


@pytest.fixture
def asked(monkeypatch):
    """Collect what is asked of git."""
    seen: list[str] = []
    sent = Reader._sent
    monkeypatch.setattr(Reader, "_sent", lambda self, requests: seen.append(requests) or sent(self, requests))
    return seen


@pytest.fixture
def service(iris):
    """Return a registry that has answered before, of the repository that ``iris`` writes to."""
    with Registry.open(iris.path) as opened:
        opened.get("iris@production")
        yield opened


def test_while_nothing_moves_git_is_not_asked(service, asked):
    found = {service.get("iris@production").number for _ in range(100)}

    assert found == {1}
    assert asked == []


def test_a_moved_stage_is_seen_by_the_next_question(iris, service):
    iris.promote("iris@3", "production")

    assert service.get("iris@production").number == 3


def test_a_move_elsewhere_costs_one_question(iris, service, asked):
    iris.register("other")
    service.get("iris@production")
    iris.register("other")
    asked.clear()

    found = service.get("iris@production")

    assert found.number == 1
    assert found.commit == iris.snapshot().commit
    assert len(asked) == 1


def test_a_move_of_this_model_is_not_answered_from_what_its_folder_was(iris, service):
    for number in (2, 3, 1, 2):
        iris.promote(f"iris@{number}", "production")
        iris.register("other")
        assert service.get("iris@production").number == number


def test_threads_ask_while_another_writes_and_none_sees_what_never_was(iris, service):
    states = {(None, 1), (None, 2), (None, 3)}
    wrong, done = [], threading.Event()

    def ask():
        while not done.is_set():
            seen = service.snapshot()
            held = seen.get("iris@production").number
            if (None, held) not in states or seen.get("iris@production").number != held:
                wrong.append(held)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in (2, 3, 1, 3, 2, 1, 3):
        iris.promote(f"iris@{number}", "production")
        assert service.get("iris@production").number == number
    done.set()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_a_first_question_may_come_from_many_threads_at_once(iris):
    with Registry.open(iris.path) as opened, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda turn: opened.get(("iris@production", "iris@staging")[turn % 2]).number, range(200)))

    assert found == [1, 2] * 100


def test_parent_and_children_of_a_fork_each_see_what_moved(iris, service):
    children = []
    for _ in range(3):
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(ready, 1)
            os._exit(0 if service.get("iris@production").number == 3 and service.models()[0].latest == 3 else 1)
        children.append((child, told))
    iris.promote("iris@3", "production")
    for _, told in children:
        os.write(told, b"x")

    assert service.get("iris@production").number == 3
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child, _ in children] == [0, 0, 0]


def test_an_event_loop_goes_on_while_a_question_waits(service):
    async def ask():
        ticks = 0
        asking = asyncio.create_task(asyncio.to_thread(service.get, "iris@production"))
        while not asking.done():
            ticks += 1
            await asyncio.sleep(0)
        return ticks, (await asking).number

    ticks, number = asyncio.run(ask())

    assert number == 1
    assert ticks >= 1


def test_a_branch_that_is_gone_is_said_so(iris, service, git):
    git(iris.path, "checkout", "-q", "--detach")
    git(iris.path, "branch", "-D", "main")

    with pytest.raises(KeyError, match="refs/heads/main is gone"):
        service.get("iris@production")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of a Python that is newer
def test_a_child_that_is_forked_while_a_thread_writes_can_write(iris):
    inside, done = threading.Event(), threading.Event()
    with Registry.open(iris.path) as shared:

        def write():
            with shared._turn:
                inside.set()
                done.wait()

        writer = threading.Thread(target=write)
        writer.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            shared.promote("iris@3", "production")
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        done.set()
        writer.join()

        assert ended == 0
        assert shared.get("iris@production").number == 3


def test_what_is_kept_of_a_registry_that_moves_for_long_is_bounded(iris, monkeypatch):
    monkeypatch.setattr(cache, "MOST_ENTRIES", 60)
    with Registry.open(iris.path) as service:
        for _ in range(30):
            iris.register("iris")
            service.models()

        assert service.models() == iris.models()
        for each in (service, iris):
            assert sum(map(len, each._cache._trees.kept.values())) <= 60 + 40  # and the newest, whatever it holds


def test_what_is_kept_of_a_registry_that_does_not_move_is_bounded(registry, monkeypatch):
    monkeypatch.setattr(snapshot, "_MOST", 10)
    with registry.transaction() as tx:
        for _ in range(30):
            tx.register("iris")
    with Registry.open(registry.path) as service:
        found = [service.get(f"iris@{number}").number for number in range(1, 31)] + [service.get(f"iris@{number}").number for number in range(1, 31)]

        assert found == [*range(1, 31), *range(1, 31)]
        assert len(service.snapshot()._read) <= 20
        assert len(service._cache.below("iris", service.snapshot()._read["models/iris/"][0])) <= 10


def test_threads_put_in_and_take_out_at_once():
    kept: dict[tuple[int, int], int] = {}
    interval = sys.getswitchinterval()

    def put(turn):
        for number in range(20_000):
            decoded.make_room(kept, 50)
            kept[turn, number] = number

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(8)))
    finally:
        sys.setswitchinterval(interval)

    assert len(kept) <= 50 + 8
