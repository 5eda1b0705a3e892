"""A run that lives is told from one that is gone, and from one that was begun elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gitreg.store import marks
from gitreg.store.marks import Life

HOLD = "import sys; from gitreg.store import marks; marks.begin(sys.argv[1], sys.argv[2]); print('begun', flush=True); sys.stdin.read()"


@pytest.fixture
def place(registry):
    return registry.location.repo.common_dir


@pytest.fixture
def other(place):
    """Return another process that lives with a run's mark."""
    with subprocess.Popen([sys.executable, "-c", HOLD, place, "ab" * 16], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def test_a_run_of_another_process_lives_until_that_is_killed(place, other):
    assert marks.life(place, "ab" * 16) is Life.ALIVE

    other.kill()
    other.wait()

    assert marks.life(place, "ab" * 16) is Life.GONE
    assert [os.path.basename(file) for file in marks.gone(place)] == ["ab" * 16]


def test_a_run_of_this_process_lives_however_often_it_is_asked(place):
    marks.begin(place, "cd" * 16)

    assert [marks.life(place, "cd" * 16) for _ in range(3)] == [Life.ALIVE] * 3
    assert subprocess.run([sys.executable, "-c", "import sys; from gitreg.store import marks; print(marks.life(*sys.argv[1:]).value)", place, "cd" * 16], capture_output=True, text=True, check=True).stdout == "alive\n"

    marks.end(place, "cd" * 16)
    assert marks.life(place, "cd" * 16) is Life.ELSEWHERE
    assert os.listdir(marks.folder(place)) == []


def test_a_forked_child_does_not_end_or_keep_the_mark(place):
    marks.begin(place, "ef" * 16)
    child = os.fork()
    if not child:
        marks.end(place, "ef" * 16)
        os._exit(0)
    os.waitpid(child, 0)

    assert marks.life(place, "ef" * 16) is Life.ALIVE
    assert os.path.exists(os.path.join(marks.folder(place), "ef" * 16))
    marks.end(place, "ef" * 16)


@pytest.mark.parametrize("run", ["", ".", "..", "../lock", "../../config"])
def test_a_run_id_that_is_a_path_is_not_followed(place, run):
    assert marks.life(place, run) is Life.ELSEWHERE
