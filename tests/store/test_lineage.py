"""What lies between two commits, and trees with files put in and taken out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitreg.errors import ConflictError, InvalidError
from gitreg.store import lineage
from gitreg.store.cache import Cache
from gitreg.store.discovery import discover
from gitreg.store.objects import ObjectWriter
from gitreg.store.trees import FILE, Entry


@pytest.fixture
def repo(tmp_path, git):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "base")
    found = discover(str(tmp_path))
    yield found
    found.close()


@pytest.fixture
def commit(tmp_path, git):
    """Commit a file named like the message on the branch that is checked out; return its id."""

    def commit(name):
        (tmp_path / name).write_text(name)
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-q", "-m", name)
        return git(tmp_path, "rev-parse", "HEAD")

    return commit


def test_a_commit_is_read_with_its_parents_author_and_message(repo, tmp_path, git, commit):
    base, tip = git(tmp_path, "rev-parse", "HEAD"), commit("a")
    git(tmp_path, "-c", "i18n.commitEncoding=latin1", "commit", "-q", "--amend", "--date", "@1767322800 +0200", "-F", "-", input="gr\u00fc\u00dfe\n\nwhy\n")
    tip = git(tmp_path, "rev-parse", "HEAD")

    found = lineage.read(repo, tip)

    assert found.parents == (base,)
    assert found.author == "Name <name@example.org> 1767322800 +0200"
    assert found.subject == "gr\u00c3\u00bc\u00c3\u009fe"  # its bytes, by the encoding that the commit names


def test_what_is_no_commit_cannot_be_read(repo, tmp_path, git):
    with pytest.raises(InvalidError, match="git has no commit"):
        lineage.read(repo, git(tmp_path, "rev-parse", "HEAD^{tree}"))


def test_a_chain_is_the_first_parents_since_the_other_history(repo, tmp_path, git, commit):
    git(tmp_path, "switch", "-q", "-c", "topic")
    commit("a")
    git(tmp_path, "switch", "-q", "-c", "side")
    commit("hidden")
    git(tmp_path, "switch", "-q", "topic")
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "merge", "side")
    git(tmp_path, "switch", "-q", "main")
    commit("b")

    assert [found.subject for found in lineage.chain(repo, "main", "topic")] == ["a", "merge"]
    assert {text.strip() for _, text in lineage.messages(repo, "main", "topic")} == {"merge", "hidden", "a"}
    assert lineage.count(repo, "main", "topic") == 3
    assert lineage.count(repo, None, "topic") == 4
    assert lineage.merge_base(repo, "main", "topic") == git(tmp_path, "rev-parse", "main~")


def test_a_merge_of_what_the_base_has_is_not_its_own(repo, tmp_path, git, commit):
    git(tmp_path, "branch", "topic")
    base = commit("b")
    git(tmp_path, "switch", "-q", "topic")
    commit("a")
    git(tmp_path, "merge", "-q", "--no-edit", "main")

    assert [lineage.is_own(repo, found, base) for found in lineage.chain(repo, base, "topic")] == [True, False]


def test_a_merge_of_what_the_base_has_in_part_is_refused(repo, tmp_path, git, commit):
    git(tmp_path, "branch", "topic")
    onto = commit("b")
    commit("c")
    git(tmp_path, "switch", "-q", "topic")
    commit("a")
    git(tmp_path, "merge", "-q", "--no-edit", "main")

    with pytest.raises(ConflictError, match="mixes what the new base has with what it has not"):
        [lineage.is_own(repo, found, onto) for found in lineage.chain(repo, onto, "topic")]


PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "ab"]), min_size=1, max_size=3).map("/".join)


def apart(paths):
    """Return those of *paths* that are not folders of others."""
    return {path for path in paths if not any(other.startswith(f"{path}/") for other in paths)}


@given(before=st.sets(PATHS, max_size=6).map(apart), after=st.sets(PATHS, max_size=6).map(apart), order=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tree_has_what_was_put_in_and_not_what_was_taken_out(repo, tmp_path, git, before, after, order):
    cache, writer = Cache(repo), ObjectWriter(repo.common_dir, repo.algorithm)
    blob = Entry(FILE, writer.add("blob", b"x"))
    start = lineage.transplanted(writer, cache, None, dict.fromkeys(sorted(before), blob))

    changed = sorted(before ^ after)
    order.shuffle(changed)

    end = lineage.transplanted(writer, cache, start, {path: blob if path in after else None for path in changed})

    writer.flush()
    assert (set(git(tmp_path, "ls-tree", "-r", "--name-only", end).splitlines()) if end else set()) == after
    assert end is None or git(tmp_path, "mktree", input=git(tmp_path, "ls-tree", end) + "\n") == end  # git would order it so


def test_a_path_through_a_file_is_refused(repo):
    writer = ObjectWriter(repo.common_dir, repo.algorithm)
    blob = Entry(FILE, writer.add("blob", b"x"))
    cache = Cache(repo)
    start = lineage.transplanted(writer, cache, None, {"a": blob})

    with pytest.raises(InvalidError, match="this is not a folder"):
        lineage.transplanted(writer, cache, start, {"a/b": blob})
