"""What a partial clone lacks comes in one round trip where many files are read, and from a remote that is gone it is told."""

from __future__ import annotations

import shutil

import pytest

from gitreg import Registry
from gitreg.errors import BusyError
from gitreg.history import history
from gitreg.store import promised

MODELS = 30


@pytest.fixture
def served(registry, git, tmp_path):
    """Return a bare repository that takes filters: 30 models, one of them with a history."""
    with registry.transaction() as tx:
        for number in range(MODELS):
            tx.register(f"model-{number}", "first")
        for _ in range(20):
            tx.register("model-0")
    for number in (1, 5, 9, 2):
        registry.promote(f"model-0@{number}", "production")
        registry.update(f"model-0@{number}", description=f"held production, {number}")
    git(tmp_path, "clone", "-q", "--bare", registry.path, "served.git")
    git(tmp_path / "served.git", "config", "uploadpack.allowFilter", "true")
    return tmp_path / "served.git"


@pytest.fixture
def partial(served, git, tmp_path):
    """Return a person's partial clone, its worktree without the models."""
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--sparse", f"file://{served}", "partial")
    return tmp_path / "partial"


@pytest.fixture
def fetches(hermetic, monkeypatch):
    """Return a function that counts the fetches so far, git's own included."""
    trace = hermetic / "trace"
    trace.touch()
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    return lambda: sum('"event":"start"' in line and '"fetch"' in line for line in trace.read_text().splitlines())


READS = {
    "the board": lambda registry: len(registry.models()),
    "the versions of a model": lambda registry: len(registry.versions("model-0")),
    "check": lambda registry: len(registry.check()),
    "a name": lambda registry: registry.get("model-0@first").number,
    "the history": lambda registry: len(registry.history()),
    "the history of a stage": lambda registry: len(registry.history("model-0", "production")),
}


@pytest.mark.parametrize("what", READS)
def test_what_reads_many_files_fetches_them_at_once(partial, served, fetches, what):
    with Registry.open(served) as whole, Registry.open(partial) as registry:
        expected = READS[what](whole)
        before = fetches()

        assert READS[what](registry) == expected
        assert 1 <= fetches() - before <= 3


def test_what_was_fetched_is_not_fetched_again(partial, fetches):
    with Registry.open(partial) as registry:
        registry.models()
        before = fetches()
        registry.models()
    with Registry.open(partial) as registry:
        registry.models()

    assert fetches() == before


def test_a_clone_that_has_everything_is_never_asked(served, git, tmp_path, fetches):
    git(tmp_path, "clone", "-q", f"file://{served}", "whole")
    before = fetches()

    with Registry.open(tmp_path / "whole") as registry:
        registry.models()
        registry.check()

    assert fetches() == before
    assert not promised.is_partial(str(tmp_path / "whole" / ".git"))


def test_a_linked_worktree_of_a_partial_clone_is_one_too(partial, git):
    git(partial, "worktree", "add", "-q", "../linked")

    assert promised.is_partial(str(partial / ".git" / "worktrees" / "linked"))


@pytest.mark.parametrize("read", [lambda registry: registry.models(), lambda registry: registry.get("model-3@1")], ids=["many files", "one file"])
def test_a_remote_that_is_gone_is_busy_and_git_s_words_are_told(partial, served, read):
    shutil.rmtree(served)

    with Registry.open(partial) as registry, pytest.raises(BusyError, match=r"not in this partial clone, and its remote 'origin' does not give them: .*does not appear to be a git repository"):
        read(registry)


def test_a_history_reads_the_same_in_a_partial_clone(partial, served):
    with Registry.open(served) as whole, Registry.open(partial) as registry:
        assert list(history(registry.snapshot(), "model-0")) == list(history(whole.snapshot(), "model-0"))
