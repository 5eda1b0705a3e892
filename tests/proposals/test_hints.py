"""What a person is told to do next: a command that goes on from what is there, and never one that leads back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gitreg import Registry
from gitreg.errors import BusyError, NotFoundError, UsageError
from gitreg.proposals.standing import Candidate, _by_hand
from tests.proposals.conftest import promotion, proposed


@pytest.fixture
def headless(shared, git):
    """Make the HEAD of the shared repository a branch that is not there, as a bare repository that git made by default has it."""
    git(shared.hub, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    git(shared.ann, "remote", "set-head", "origin", "--delete")
    return shared


def test_where_the_remote_names_no_truth_a_branch_that_it_has_is_advised(headless, git):
    git(headless.hub, "branch", "-m", "main", "trunk")
    git(headless.hub, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    with Registry.open(headless.ann) as ann, pytest.raises(NotFoundError, match="does not say which branch is the truth") as caught:
        proposed(ann, promotion)

    assert caught.value.hint == "add a line to gitreg.yaml: branch: trunk"


def test_where_the_remote_has_no_branch_at_all_the_one_here_is_pushed(headless, git):
    git(headless.hub, "update-ref", "-d", "refs/heads/main")
    git(headless.ann, "branch", "-m", "mine")
    with Registry.open(headless.ann) as ann, pytest.raises(NotFoundError) as caught:
        proposed(ann, promotion)

    assert caught.value.hint == "git push origin mine"


def test_a_branch_that_is_not_here_is_not_advised_to_be_pushed(shared, git):
    git(shared.ann, "switch", "-q", "-c", "work")
    config = shared.ann / "gitreg.yaml"
    config.write_text(config.read_text() + "branch: trunk\n")
    git(shared.ann, "commit", "-qam", "rules")
    with Registry.open(shared.ann) as ann, pytest.raises(NotFoundError, match="origin has no branch 'trunk'") as caught:
        proposed(ann, promotion)

    assert caught.value.hint == "name a branch that origin has in gitreg.yaml: branch: main"


@pytest.mark.parametrize(("line", "hint"), [("", "git push origin main"), ("remote: origin\n", "gitreg sync")])
def test_a_version_that_only_this_clone_has_is_sent_first(shared, git, line, hint):
    config = shared.ann / "gitreg.yaml"
    config.write_text(config.read_text() + line)
    git(shared.ann, "commit", "-q", "--allow-empty", "-am", "rules")
    with Registry.open(shared.ann, offline=True) as offline:
        offline.register("iris", "1.2.0")
    with Registry.open(shared.ann) as ann:
        with pytest.raises(NotFoundError, match=r"^main of origin does not have it yet, only this clone has: model 'iris' has no version and no stage '1.2.0'$") as caught:
            proposed(ann, lambda tx: tx.promote("iris@1.2.0", "production"))
        with pytest.raises(NotFoundError, match=r"^model 'iris' has no version 9, it has 3$"):
            proposed(ann, lambda tx: tx.promote("iris@9", "production"))

    assert caught.value.hint == hint


def test_a_number_where_no_forge_can_be_is_not_mended_by_naming_a_forge(ann, git, shared):
    git(shared.ann, "config", "gitreg.forge", "github")

    with pytest.raises(NotFoundError) as caught:
        ann.proposals().status(12)

    assert caught.value.hint == "gitreg pr list"


def test_a_forge_that_nobody_knows_is_refused_for_a_remote_on_disk_too(ann, git, shared):
    git(shared.ann, "config", "gitreg.forge", "bananas")

    with pytest.raises(UsageError, match=r"'bananas' is no kind of forge: github, gitlab and gitea are"):
        ann.proposals().open()


@pytest.mark.parametrize(
    ("branch", "hint"),
    [
        ("gitreg/iris/register-2.0", "propose it again: the command that made it, with --pr"),
        ("better-features", "git fetch && git switch better-features && gitreg rebase"),
        ("$(reboot)", "git fetch && git switch '$(reboot)' && gitreg rebase"),
        ("stranger:main", ""),
    ],
)
def test_a_branch_is_brought_up_to_date_by_what_made_it(branch, hint):
    ground = SimpleNamespace(location=SimpleNamespace(remote=None))

    assert _by_hand(Candidate(branch, "0" * 40), cast("Any", ground)) == hint


def test_sync_does_not_advise_to_stay_offline(shared, git):
    config = shared.ann / "gitreg.yaml"
    config.write_text(config.read_text() + "remote: origin\n")
    git(shared.ann, "commit", "-qam", "share")
    git(shared.ann, "remote", "set-url", "origin", str(shared.hub.parent / "gone.git"))
    with Registry.open(shared.ann) as ann, pytest.raises(BusyError) as caught:
        ann.sync()

    assert caught.value.hint == "git ls-remote origin"
