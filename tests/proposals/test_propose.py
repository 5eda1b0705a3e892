"""Changes that are proposed: what lands on the remote, under which name, and what stays as it was. Real remotes."""

from __future__ import annotations

import hashlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import servers
from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, NotFoundError, PolicyError, UsageError
from gitreg.proposals import naming
from gitreg.records import Event
from tests.proposals.conftest import PROMOTION, branches, promotion, proposed


def fingerprint(folder):
    """Return what is in a person's checkout and in its index, byte by byte, and which branches there are."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.relative_to(folder).parts}
    index = hashlib.sha256((folder / ".git" / "index").read_bytes()).hexdigest()
    refs = subprocess.run(["git", "-C", folder, "for-each-ref", "refs/heads", "refs/stash"], check=True, capture_output=True, text=True).stdout
    return files, index, refs, (folder / ".git" / "HEAD").read_text()


# -- what is proposed -----------------------------------------------------------------------------------


def test_a_proposal_is_one_commit_on_the_tip_of_the_remote_and_nothing_else_moves(shared, ann, git):
    main = git(shared.hub, "rev-parse", "main")

    done = proposed(ann, promotion, reason="passed the A/B test")

    assert (done.state, done.branch, done.base, done.url, done.number, done.compare) == ("pushed", PROMOTION, "main", None, None, None)
    assert done.title == "iris: promote 3 to production, archiving 1"
    assert done.body.startswith("Reason: `passed the A/B test`\n\n### ")
    assert "Reason: `passed the A/B test`" in done.body
    assert branches(shared.hub, git) == {"main": main, PROMOTION: done.commit}
    assert git(shared.hub, "rev-parse", f"{PROMOTION}^") == main
    assert "passed the A/B test" in git(shared.hub, "log", "-1", "--format=%B", PROMOTION)
    assert git(shared.hub, "show", f"{PROMOTION}:models/iris/stages.yaml").endswith("production:\n  number: 3\n  previous: [1]\n\narchived: []")


def test_the_checkout_of_a_person_is_as_it_was_with_all_that_was_not_committed(shared, ann, git):
    stages = shared.ann / "models" / "iris" / "stages.yaml"
    (shared.ann / "notes.txt").write_text("mine\n")
    git(shared.ann, "add", "notes.txt")
    stages.write_text(stages.read_text() + "# being edited\n")
    before = fingerprint(shared.ann)

    proposed(ann, promotion)
    proposed(ann, lambda tx: tx.register("iris", metrics={"accuracy": 0.99}))

    assert fingerprint(shared.ann) == before


MOVES = {
    PROMOTION: promotion,
    "gitreg/iris/promote-3-staging": lambda tx: tx.promote("iris@3", "staging"),
    "gitreg/iris/promote-2-production": lambda tx: tx.promote("iris@staging", "production"),
    "gitreg/iris/archive-1": lambda tx: tx.archive("iris@1"),
    "gitreg/iris/archive-3": lambda tx: tx.promote("iris@3", "archived"),
    "gitreg/iris/register-1.0.5-XXXXXXXX": lambda tx: tx.register("iris", "1.0.5"),
    "gitreg/team/new/register-first-XXXXXXXX": lambda tx: tx.register("team/new", "first"),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_branch_is_called_by_what_the_change_is(name, ann):
    assert re.fullmatch(re.escape(name).replace("XXXXXXXX", "[0-9a-f]{8}"), proposed(ann, MOVES[name]).branch)


def test_a_rollback_is_called_by_its_stage(shared, ann, git):
    ann.promote("iris@3", "production")
    git(shared.ann, "push", "-q")

    assert proposed(ann, lambda tx: tx.rollback("iris", "production")).branch == "gitreg/iris/rollback-production"


def test_a_version_without_a_name_is_called_by_what_is_registered(ann, bob):
    first = proposed(ann, lambda tx: tx.register("iris", metrics={"accuracy": 0.99}))
    again = proposed(bob, lambda tx: tx.register("iris", metrics={"accuracy": 0.99}))
    other = proposed(ann, lambda tx: tx.register("iris", metrics={"accuracy": 0.98}))

    assert first.branch.startswith("gitreg/iris/register-")
    assert (again.branch, again.commit) == (first.branch, first.commit)
    assert other.branch != first.branch


def test_several_changes_are_called_by_a_digest_that_does_not_depend_on_when(ann, bob):
    def write(tx):
        tx.register("iris", "9.9")
        tx.promote("iris@9.9", "development")
        tx.register("other")

    first, again = proposed(ann, write), proposed(bob, write)

    assert first.branch.startswith("gitreg/changes-")
    assert (again.branch, again.commit) == (first.branch, first.commit)


def test_the_name_of_the_same_move_stays_when_another_holds_the_stage_by_then(shared, ann, bob, git):
    first = proposed(ann, promotion)
    bob.promote("iris@2", "production")
    git(shared.bob, "push", "-q")

    again = proposed(ann, promotion)

    assert again.branch == first.branch
    assert git(shared.hub, "rev-list", "--count", f"main..{PROMOTION}") == "1"
    assert git(shared.hub, "rev-parse", f"{PROMOTION}^") == git(shared.hub, "rev-parse", "main")
    assert again.title == "iris: promote 3 to production, archiving 2"


HOSTILE_NAMES = ("a..b", "ends.", "x.lock", "sp ace", "ü", "-dash", "@{1}", "a" * 200, ".", "~^:?*[\\")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_whatever_a_thing_is_called_its_branch_can_be_made(name, git, tmp_path, registry):
    event = Event(event="registered", model="iris", number=1, version=name)

    branch = naming.branch(f"{name}/", [event], registry.snapshot())

    assert git(tmp_path, "check-ref-format", "--branch", branch) == branch
    assert naming.branch("", [event], registry.snapshot()) != naming.branch("", [Event(event="registered", model="iris", number=1, version=f"{name}x")], registry.snapshot())


def test_nothing_is_proposed_where_the_remote_is_so_already(shared, ann, git):
    before = branches(shared.hub, git)

    done = proposed(ann, lambda tx: tx.promote("iris@1", "production"))

    assert (done.state, done.commit, done.receipt.changed) == ("landed", None, False)
    assert branches(shared.hub, git) == before


def test_a_version_that_was_registered_for_a_proposal_says_which_commit_it_is_in(ann):
    with ann.proposal() as tx:
        version = tx.register("iris", "4.0")

    assert version.commit == tx.proposed.commit == tx.receipt.commit


def test_a_rehearsal_pushes_nothing_and_shows_the_difference(shared, git):
    before = branches(shared.hub, git)

    with Registry.open(shared.ann, dry_run=True) as ann:
        done = proposed(ann, promotion)

    assert (done.state, done.branch, done.commit) == ("rehearsed", PROMOTION, None)
    assert "+  number: 3\n" in done.receipt.diff
    assert branches(shared.hub, git) == before


# -- from where -------------------------------------------------------------------------------------------


def test_it_is_built_on_the_remote_although_the_clone_is_behind_and_on_another_branch(shared, ann, bob, git):
    bob.register("iris")
    git(shared.bob, "push", "-q")
    git(shared.ann, "switch", "-q", "-c", "topic")
    with Registry.open(shared.ann) as there:
        there.register("other")
        done = proposed(there, lambda tx: tx.register("iris", "new"))

    assert git(shared.hub, "ls-tree", "--name-only", done.commit, "models/") == "models/iris"
    assert "models/iris/versions/5.yaml" in git(shared.hub, "ls-tree", "-r", "--name-only", done.commit)


def test_a_detached_head_can_propose(shared, git):
    git(shared.ann, "switch", "-q", "--detach")

    with Registry.open(shared.ann) as there:
        assert proposed(there, promotion).state == "pushed"


def test_a_linked_worktree_can_propose(shared, tmp_path, git):
    git(shared.ann, "worktree", "add", "-q", str(tmp_path / "linked"), "-b", "linked")

    with Registry.open(tmp_path / "linked") as there:
        assert proposed(there, promotion).state == "pushed"


def test_a_bare_clone_can_propose(shared, tmp_path, git):
    git(tmp_path, "clone", "-q", "--bare", "hub.git", "bare.git")

    with Registry.open(tmp_path / "bare.git") as there:
        assert proposed(there, promotion).state == "pushed"


def test_a_shallow_clone_can_propose_and_propose_again(shared, tmp_path, bob, git):
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{shared.hub}", "shallow")

    with Registry.open(tmp_path / "shallow") as there:
        first = proposed(there, promotion)
        bob.register("iris")
        git(shared.bob, "push", "-q")
        again = proposed(there, promotion)

    assert git(shared.hub, "rev-parse", f"{PROMOTION}^") == git(shared.hub, "rev-parse", "main")
    assert first.commit != again.commit == branches(shared.hub, git)[PROMOTION]


def test_a_registry_by_url_can_propose(shared, git):
    with Registry.open(f"file://{shared.hub}") as there:
        done = proposed(there, promotion)
        again = proposed(there, promotion)

    assert branches(shared.hub, git)[PROMOTION] == done.commit == again.commit


def test_it_goes_over_http(serve, history, tmp_path, git):
    server = serve(servers.Http)
    hub = server.create("models.git")
    git(history, "push", "-q", hub, "main")

    with Registry.open(server.url("models.git")) as there:
        done = proposed(there, promotion)

    assert branches(hub, git)[PROMOTION] == done.commit


def test_a_registry_in_a_folder_has_branches_of_its_own(tmp_path, git):
    git(tmp_path, "init", "-q", "made")
    (tmp_path / "made" / "sub dir").mkdir()
    with Registry.init(tmp_path / "made" / "sub dir") as made:
        made.register("iris")
        git(tmp_path, "clone", "-q", "--bare", "made", "hub.git")
        git(tmp_path / "made", "remote", "add", "origin", str(tmp_path / "hub.git"))
        first, again = proposed(made, lambda tx: tx.promote("iris@1", "staging")), proposed(made, lambda tx: tx.promote("iris@1", "staging"))

    assert first.branch.startswith("gitreg/sub-dir-")
    assert first.branch.endswith("/iris/promote-1-staging")
    assert again.commit == first.commit


def test_without_a_remote_there_is_nobody_to_propose_to(iris):
    with pytest.raises(NotFoundError, match="has no remote") as refused:
        proposed(iris, promotion)

    assert refused.value.hint == "git remote add origin URL"


def test_the_only_remote_is_meant_whatever_it_is_called(shared, ann, git):
    git(shared.ann, "remote", "rename", "origin", "hub")

    assert proposed(ann, promotion).state == "pushed"


def test_of_several_remotes_one_must_be_named(shared, ann, git):
    git(shared.ann, "remote", "rename", "origin", "one")
    git(shared.ann, "remote", "add", "two", "elsewhere.git")

    with pytest.raises(NotFoundError, match="more than one remote"):
        proposed(ann, promotion)


def test_the_branch_of_gitreg_yaml_is_the_truth(shared, ann, git):
    (shared.ann / "gitreg.yaml").write_text((shared.ann / "gitreg.yaml").read_text() + "branch: models\n")
    git(shared.ann, "commit", "-q", "-a", "-m", "registry: name the branch")
    git(shared.ann, "push", "-q", "origin", "main:models")

    done = proposed(ann, promotion)

    assert done.base == "models"
    assert git(shared.hub, "rev-parse", f"{PROMOTION}^") == git(shared.hub, "rev-parse", "models")


def test_a_branch_without_a_registry_is_named(shared, ann, git):
    (shared.ann / "gitreg.yaml").write_text((shared.ann / "gitreg.yaml").read_text() + "branch: empty\n")
    git(shared.ann, "commit", "-q", "-a", "-m", "registry: name the branch")
    git(shared.ann, "switch", "-q", "--orphan", "empty")
    git(shared.ann, "commit", "-q", "--allow-empty", "-m", "empty")
    git(shared.ann, "push", "-q", "origin", "empty")
    git(shared.ann, "switch", "-q", "main")

    with pytest.raises(NotFoundError, match="branch 'empty' of origin holds no registry"):
        proposed(ann, promotion)


def test_a_remote_that_pushes_to_a_fork_is_refused_and_one_that_pushes_in_another_way_is_not(shared, ann, git):
    git(shared.ann, "remote", "set-url", "--push", "origin", str(shared.hub.parent / "fork.git"))
    with pytest.raises(ConflictError, match="fetched from one repository and pushed to another"):
        proposed(ann, promotion)

    git(shared.ann, "remote", "set-url", "--push", "origin", f"file://{shared.hub}")
    assert proposed(ann, promotion).state == "pushed"


def test_offline_there_is_no_proposal(shared):
    with Registry.open(shared.ann, offline=True) as there, pytest.raises(UsageError, match="offline"):
        proposed(there, promotion)


# -- rules ------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(shared, ann, git):
    """Let production ask for review and for an accuracy, at the remote too."""
    rule = "    review: true\n    require:\n      - name: accurate\n        expr: candidate.metrics.accuracy >= 0.96\n"
    file = shared.ann / "gitreg.yaml"
    file.write_text("format: 1\nbranch: main\nstages:\n  development: {}\n  staging: {}\n  production:\n" + rule)
    git(shared.ann, "commit", "-q", "-a", "-m", "registry: guard production")
    git(shared.ann, "push", "-q")
    return ann


def test_what_asks_for_review_can_be_proposed_and_not_committed(guarded):
    with pytest.raises(PolicyError, match="reviewed pull request") as refused:
        guarded.promote("iris@3", "production")

    assert refused.value.hint == "gitreg promote iris@3 production --pr"
    assert proposed(guarded, promotion).state == "pushed"


def test_a_gate_refuses_a_proposal_and_nothing_is_pushed(guarded, shared, git):
    with pytest.raises(PolicyError, match="gate 'accurate' of production refuses iris@2"):
        proposed(guarded, lambda tx: tx.promote("iris@2", "production"))

    assert list(branches(shared.hub, git)) == ["main"]


def test_force_is_recorded_in_what_is_proposed(guarded, shared, git):
    done = proposed(guarded, lambda tx: tx.promote("iris@2", "production", force=True))

    assert "forced=gate:accurate" in git(shared.hub, "log", "-1", "--format=%B", done.branch)
    assert "`gate-fails`" in done.body


# -- again, and others ------------------------------------------------------------------------------------


def test_the_same_again_leaves_the_branch_as_it_is(shared, ann, bob, git):
    first = proposed(ann, promotion)

    assert proposed(ann, promotion).commit == first.commit
    assert proposed(bob, promotion).commit == first.commit
    assert branches(shared.hub, git)[PROMOTION] == first.commit


def test_another_reason_brings_it_up_to_date(shared, ann, git):
    proposed(ann, promotion)

    again = proposed(ann, promotion, reason="now with a reason")

    assert branches(shared.hub, git)[PROMOTION] == again.commit
    assert "now with a reason" in git(shared.hub, "log", "-1", "--format=%B", PROMOTION)
    assert git(shared.hub, "rev-list", "--count", f"main..{PROMOTION}") == "1"


def committed_by_a_person(shared, git, *, amend=False):
    """Let Bob add something of his own to Ann's proposal."""
    git(shared.bob, "fetch", "-q")
    git(shared.bob, "switch", "-q", PROMOTION)
    (shared.bob / "README.md").write_text("why we do this\n")
    git(shared.bob, "add", "README.md")
    git(shared.bob, "commit", "-q", *(["--amend", "--no-edit"] if amend else ["-m", "explain"]))
    git(shared.bob, "push", "-q", "--force")
    return git(shared.hub, "rev-parse", PROMOTION)


@pytest.mark.parametrize("amend", [False, True], ids=["with a commit of their own", "in gitreg's commit"])
def test_a_branch_that_a_person_worked_on_is_not_touched(amend, shared, ann, git):
    proposed(ann, promotion)
    theirs = committed_by_a_person(shared, git, amend=amend)

    with pytest.raises(ConflictError, match=f"branch '{PROMOTION}' of origin has commits that are not gitreg's, by .*: nothing was changed"):
        proposed(ann, promotion, reason="another")

    assert branches(shared.hub, git)[PROMOTION] == theirs


def test_another_version_of_the_same_name_is_proposed_beside_the_first(shared, ann, bob, git):
    first = proposed(ann, lambda tx: tx.register("iris", "2.0", metrics={"accuracy": 0.99}))
    other = proposed(bob, lambda tx: tx.register("iris", "2.0", metrics={"accuracy": 0.5}))
    again = proposed(bob, lambda tx: tx.register("iris", "2.0", metrics={"accuracy": 0.99}))

    assert (again.branch, again.commit) == (first.branch, first.commit)
    assert branches(shared.hub, git) | {first.branch: first.commit, other.branch: other.commit} == branches(shared.hub, git)
    assert other.branch != first.branch


def test_a_registration_whose_number_was_taken_since_is_moved_whoever_asks(shared, ann, bob, git):
    first = proposed(ann, lambda tx: tx.register("iris", "2.0", metrics={"accuracy": 0.99}))
    with Registry.open(shared.bob) as there:
        there.register("iris", "1.9")
    git(shared.bob, "push", "-q")

    again = proposed(bob, lambda tx: tx.register("iris", "2.0", metrics={"accuracy": 0.99}))

    assert (again.branch, again.title) == (first.branch, "iris: register 5 (2.0)")
    assert branches(shared.hub, git)[first.branch] == again.commit != first.commit


def comment_in_yaml(folder):
    stages = folder / "models" / "iris" / "stages.yaml"
    stages.write_text(stages.read_text().replace("  number: 3\n", "  number: 3  # agreed with the risk team\n"))
    assert "risk team" in stages.read_text()


AMENDED = {
    "another subject": ("iris: promote 3, as agreed with the risk team", None),
    "another reason": (None, None),
    "a comment in the file": ("", comment_in_yaml),
}


@pytest.mark.parametrize("behind", [False, True], ids=["on the same base", "on an older base"])
@pytest.mark.parametrize("how", AMENDED)
def test_a_commit_that_a_person_amended_is_not_touched(how, behind, shared, ann, git, monkeypatch):
    first = proposed(ann, promotion)
    git(shared.ann, "fetch", "-q")
    git(shared.ann, "switch", "-q", PROMOTION)
    message = git(shared.ann, "log", "-1", "--format=%B")
    subject, edit = AMENDED[how]
    if edit:
        edit(shared.ann)
    head, _, rest = message.partition("\n\n")
    new = message if edit else f"{subject}\n\n{rest}" if subject else f"{head}\n\nagreed with the risk team\n\n{rest}"
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2040-01-01T00:00:00Z")
    git(shared.ann, "commit", "-q", "-a", "--amend", "-m", new)
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    git(shared.ann, "push", "-q", "--force", "origin", PROMOTION)
    git(shared.ann, "switch", "-q", "main")
    if behind:
        with Registry.open(shared.bob) as bob:
            bob.register("iris")
        git(shared.bob, "push", "-q")
    theirs = branches(shared.hub, git)[PROMOTION]

    with pytest.raises(ConflictError, match=f"branch '{PROMOTION}' of origin has (another reason or message|files that were edited by hand), by .*: nothing was changed"):
        proposed(ann, promotion)

    assert branches(shared.hub, git)[PROMOTION] == theirs != first.commit


def test_the_reason_of_another_person_is_not_overwritten_and_they_are_named(shared, ann, git):
    first = proposed(ann, promotion, reason="passed the A/B test")
    git(shared.bob, "config", "user.name", "Bob")

    with Registry.open(shared.bob) as bob, pytest.raises(ConflictError, match="has another reason or message, by Name: nothing was changed"):
        proposed(bob, promotion, reason="mine")

    assert branches(shared.hub, git)[PROMOTION] == first.commit


def test_a_model_that_another_would_create_with_another_card_is_not_overwritten(shared, ann, bob, git):
    def write(description):
        def act(tx):
            tx.register("new", "1.0")
            tx.update_model("new", description=description)

        return act

    first = proposed(ann, write("of ann"))

    with pytest.raises(ConflictError, match="nothing was changed"):
        proposed(bob, write("of bob"))

    assert branches(shared.hub, git)[first.branch] == first.commit


def test_a_branch_of_that_name_that_a_person_made_is_not_touched(shared, ann, git):
    git(shared.bob, "switch", "-q", "-c", PROMOTION)
    git(shared.bob, "commit", "-q", "--allow-empty", "-m", "mine")
    git(shared.bob, "push", "-q", "origin", PROMOTION)

    with pytest.raises(ConflictError, match="not gitreg's"):
        proposed(ann, promotion)


def test_a_branch_that_the_host_merged_the_base_into_is_brought_up_to_date(shared, ann, git):
    proposed(ann, promotion)
    git(shared.bob, "commit", "-q", "--allow-empty", "-m", "elsewhere")
    git(shared.bob, "push", "-q")
    git(shared.bob, "fetch", "-q")
    git(shared.bob, "switch", "-q", PROMOTION)
    git(shared.bob, "merge", "-q", "--no-edit", "main")
    git(shared.bob, "push", "-q")

    proposed(ann, promotion)

    assert git(shared.hub, "rev-list", "--count", f"main..{PROMOTION}") == "1"


def test_a_branch_that_was_merged_serves_for_the_same_move_later(shared, ann, bob, git):
    proposed(ann, promotion)
    git(shared.hub, "update-ref", "refs/heads/main", PROMOTION)
    git(shared.bob, "pull", "-q")
    bob.rollback("iris", "production")
    bob.unyank("iris@3")
    git(shared.bob, "push", "-q")

    again = proposed(ann, promotion)

    assert git(shared.hub, "rev-parse", f"{PROMOTION}^") == git(shared.hub, "rev-parse", "main")
    assert branches(shared.hub, git)[PROMOTION] == again.commit


def test_of_two_who_propose_the_same_at_once_both_end_with_one_branch(shared, git):
    def one(folder):
        with Registry.open(folder) as there:
            return proposed(there, promotion)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(one, [shared.ann, shared.bob]))

    assert {each.commit for each in done} == {branches(shared.hub, git)[PROMOTION]}


def test_a_branch_that_moves_between_the_look_and_the_push_is_not_overwritten(shared, ann, git):
    first = proposed(ann, promotion)
    work = shared.hub.parent / "work"
    git(shared.hub, "worktree", "add", "-q", "--detach", str(work), PROMOTION)
    git(work, "commit", "-q", "--allow-empty", "-m", "mine")
    theirs = git(work, "rev-parse", "HEAD")
    # the first push finds that somebody was faster, as the server sees it
    servers.hook(str(shared.hub), "pre-receive", f'if test ! -e moved; then touch moved; env -u GIT_QUARANTINE_PATH git update-ref refs/heads/{PROMOTION} {theirs}; fi\n')

    with pytest.raises(ConflictError, match="not gitreg's"):
        proposed(ann, promotion, reason="another")

    assert branches(shared.hub, git)[PROMOTION] == theirs != first.commit


@pytest.mark.parametrize(("mine", "theirs"), [("gitreg", "branch 'gitreg' of origin is in the way"), (f"{PROMOTION}/x", "/x' of origin is in the way")])
def test_a_branch_whose_name_is_in_the_way_is_named(mine, theirs, shared, ann, git):
    git(shared.hub, "branch", mine, "main")

    with pytest.raises(ConflictError, match=theirs):
        proposed(ann, promotion)


def test_a_remote_that_refuses_the_branch_is_heard(shared, ann, git):
    servers.hook(str(shared.hub), "pre-receive", 'echo "no branches of robots here" >&2; exit 1\n')

    with pytest.raises(PolicyError, match=f"origin refuses this change of {PROMOTION}: no branches of robots here"):
        proposed(ann, promotion)

    assert list(branches(shared.hub, git)) == ["main"]


def test_a_connection_that_breaks_before_the_branch_is_there_says_so(shared, ann, git):
    servers.hook(str(shared.hub), "pre-receive", "kill -9 $PPID\n")

    with pytest.raises(BusyError, match=r"origin broke off: it has not taken [0-9a-f]{12} so far, but may still") as refused:
        proposed(ann, promotion)

    assert refused.value.hint == "the same command again goes on from there"
    assert list(branches(shared.hub, git)) == ["main"]


def test_a_connection_that_breaks_after_the_branch_is_there_counts_as_done(shared, ann, git):
    servers.hook(str(shared.hub), "post-update", "kill -9 $PPID\n")

    assert branches(shared.hub, git).get(PROMOTION) is None
    assert branches(shared.hub, git) | {PROMOTION: proposed(ann, promotion).commit} == branches(shared.hub, git)


def test_a_hook_of_the_person_that_refuses_is_heard(shared, ann, git):
    hook = shared.ann / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho not on a Friday >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(PolicyError, match="not on a Friday"):
        proposed(ann, promotion)


def test_threads_that_share_a_registry_propose_one_after_the_other(shared, ann, git):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: proposed(ann, lambda tx: tx.archive(f"iris@{number}")), (1, 2, 3)))

    assert {each.branch: each.commit for each in done}.items() <= branches(shared.hub, git).items()


def test_a_partial_clone_can_propose_and_see_how_it_stands(shared, tmp_path, git):
    git(shared.hub, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{shared.hub}", "partial")
    with Registry.open(shared.bob) as bob:
        proposed(bob, lambda tx: tx.register("iris", "theirs"))

    with Registry.open(tmp_path / "partial") as there:
        proposed(there, promotion)

        assert {each.state for each in there.proposals().open()} == {"waiting"}


def test_a_remote_that_is_gone_is_said_and_what_goes_on(shared, ann):
    shared.hub.rename(shared.hub.parent / "gone.git")

    with pytest.raises(BusyError, match="origin cannot be reached"):
        proposed(ann, promotion)


def test_a_message_of_strangers_stands_inert_in_title_and_body(ann):
    done = proposed(ann, promotion, reason="@everyone see #1\n```\n<img src=x onerror=alert(1)>\n::set-output name=a::b\x1b[31m")

    assert "\x1b" not in done.body + done.title
    assert "\n````text\n@everyone see #1\n" in done.body
