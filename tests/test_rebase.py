"""A branch moves onto a moved base: its versions are renumbered, and what it did is done again, commit by commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.errors import ConflictError, GitregError, InvalidError, NotFoundError, PolicyError
from gitreg.operations import message

BOB = "Bob <bob@example.org>"


class Branches:
    """A registry whose ``main`` and ``topic`` start from the same commit; each is written through a worktree of its own."""

    def __init__(self, git, folder: Path, topic: Path) -> None:
        self.git, self.main, self.topic = git, folder, topic

    def on(self, folder: Path, work) -> None:
        with Registry.open(folder) as registry:
            work(registry)

    def rebase(self, onto=None, *, dry_run=False, **options):
        with Registry.open(self.topic, dry_run=dry_run) as registry:
            return registry.rebase(onto, **options)

    def commit(self, folder: Path, path: str, text: str | None, subject: str = "by hand") -> None:
        """Write a file (None: remove it) and commit it."""
        if text is None:
            self.git(folder, "rm", "-q", path)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
            self.git(folder, "add", path)
        self.git(folder, "commit", "-q", "-m", subject)

    def log(self, folder: Path, shape: str = "%s") -> list[str]:
        """Return a line a commit of ``main..topic``, the oldest first."""
        return self.git(folder, "log", "--reverse", "--first-parent", f"--format={shape}", "main..topic").splitlines()

    def state(self) -> tuple[str, str, str]:
        return self.git(self.topic, "rev-parse", "topic"), self.git(self.topic, "status", "--porcelain"), self.git(self.topic, "stash", "list")


@pytest.fixture
def branches(iris, tmp_path, git):
    """Two branches of a registry with three versions of iris: 1 in production, 2 in staging."""
    folder = Path(iris.path)
    branch = Branches(git, folder, tmp_path / "topic")
    branch.commit(folder, "gitreg.yaml", (folder / "gitreg.yaml").read_text() + "branch: main\n")
    git(folder, "worktree", "add", "-q", "-b", "topic", str(branch.topic))
    return branch


def sound(folder, git):
    with Registry.open(folder) as registry:
        assert registry.check() == ()
    assert git(folder, "status", "--porcelain") == ""


def test_new_versions_are_renumbered_and_stages_follow(branches, git):
    branches.on(branches.topic, lambda registry: (registry.register("iris", metrics={"accuracy": 0.99}), registry.promote("iris@4", "production")))
    branches.on(branches.main, lambda registry: registry.register("iris", "theirs"))

    done = branches.rebase()

    assert done.as_dict() | {"commit": ""} == {
        "branch": "topic", "onto": "main", "commit": "", "changed": True, "replayed": 2, "landed": 0,
        "renumbered": [{"id": "iris@5", "model": "iris", "from_number": 4, "number": 5}], "contested": [],
    }  # fmt: skip
    assert git(branches.topic, "rev-parse", "topic") == done.commit
    assert branches.log(branches.topic) == ["iris: register 5", "iris: promote 5 to production, archiving 1"]
    with Registry.open(branches.topic) as registry:
        assert registry.get("iris@theirs").number == 4
        assert registry.get("iris@production").metrics == {"accuracy": 0.99}
    sound(branches.topic, git)


def test_author_date_reason_and_operation_stay_with_a_commit(branches, git):
    git(branches.topic, "config", "user.name", "Bob")
    git(branches.topic, "config", "user.email", "bob@example.org")
    branches.on(branches.topic, lambda registry: registry.promote("iris@3", "production", reason="passed the A/B test\n\nSee T-12."))
    git(branches.topic, "commit", "-q", "--amend", "--no-edit", "--date", "2026-01-02T03:04:05+0200")
    operation = message.operation_in(git(branches.topic, "log", "-1", "--format=%B"))
    git(branches.topic, "config", "user.name", "Ann")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    assert branches.log(branches.topic, "%an %ad %cn") == ["Bob Fri Jan 2 03:04:05 2026 +0200 Ann"]
    text = git(branches.topic, "log", "-1", "--format=%B")
    assert message.operation_in(text) == operation
    assert message.reason_in(text) == "passed the A/B test\n\nSee T-12."


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
def test_a_commit_is_signed_where_the_person_s_git_signs_and_stays_its_author_s(branches, git, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    branches.on(branches.topic, lambda registry: registry.promote("iris@3", "production"))
    git(branches.topic, "commit", "-q", "--amend", "--no-edit", "--author", BOB, "--date", "@1000000 +0530")
    for key, value in {"commit.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": tmp_path / "key.pub"}.items():
        git(branches.topic, "config", key, value)
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    mine, replayed = (git(branches.topic, "cat-file", "commit", commit) for commit in ("main", "topic"))
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in mine
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in replayed
    assert "author Name <name@example.org> " in mine
    assert "author Bob <bob@example.org> 1000000 +0530" in replayed
    assert "committer Name <name@example.org> " in replayed
    sound(branches.topic, git)


def test_a_subject_that_a_person_gave_stays(branches):
    def work(registry):
        with registry.transaction("iris: the March release") as tx:
            tx.register("iris")
        registry.register("iris")

    branches.on(branches.topic, work)
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    assert branches.log(branches.topic) == ["iris: the March release", "iris: register 6"]


def test_nothing_to_do_is_said_and_changes_nothing(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    before = branches.state()

    done = branches.rebase()

    assert (done.changed, done.replayed, done.commit) == (False, 0, before[0])
    assert branches.state() == before


def test_a_branch_without_commits_of_its_own_follows(branches, git):
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert (done.changed, done.replayed, done.commit) == (True, 0, git(branches.main, "rev-parse", "main"))
    sound(branches.topic, git)


def test_a_rehearsal_tells_what_would_be_and_moves_nothing(branches):
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    branches.on(branches.main, lambda registry: registry.register("iris"))
    before = branches.state()

    done = branches.rebase(dry_run=True)

    assert [(each.from_number, each.number) for each in done.renumbered] == [(4, 5)]
    assert branches.state() == before


def test_the_branch_that_is_the_truth_is_not_rebased(branches):
    with Registry.open(branches.main) as registry, pytest.raises(ConflictError, match="main is the branch that is shared") as caught:
        registry.rebase("topic")

    assert caught.value.hint == "gitreg sync"


@pytest.mark.parametrize(("onto", "sentence"), [("elsewhere", "there is no revision 'elsewhere'"), ("--all", "there is no revision '--all'")])
def test_a_base_that_is_not_there_is_named(branches, onto, sentence):
    with pytest.raises(NotFoundError, match=sentence):
        branches.rebase(onto)


def test_without_a_truth_the_base_must_be_given(iris, git):
    git(iris.path, "switch", "-q", "-c", "topic")

    with Registry.open(iris.path) as registry, pytest.raises(NotFoundError, match="nothing says which branch is the truth"):
        registry.rebase()


def test_the_remote_tracking_branch_is_the_base_where_it_is_newer(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    old = git(branches.main, "rev-parse", "main")
    branches.on(branches.main, lambda registry: registry.register("iris"))
    git(branches.main, "update-ref", "refs/remotes/origin/main", "main")
    git(branches.main, "reset", "-q", "--hard", old)

    assert branches.rebase().onto == "origin/main"


def test_branches_without_common_history_are_refused(branches, git):
    git(branches.main, "switch", "-q", "--orphan", "other")
    git(branches.main, "commit", "-q", "--allow-empty", "-m", "another beginning")

    with pytest.raises(ConflictError, match="have no common history"):
        branches.rebase("other")


# -- what stands in the way ---------------------------------------------------------------------------------

BOTH = {
    "the same stage": (lambda r: r.promote("iris@3", "production"), lambda r: r.promote("iris@2", "production"), ConflictError, r"both sides moved production of 'iris': from 1 to 3 here \(by Name <name@example.org>\), to 2 on the new base \(by Name <name@example.org>\)"),
    "the same name": (lambda r: r.register("iris", "a"), lambda r: r.register("iris", "a"), ConflictError, "both sides have a version 'a' of 'iris'"),
    "the same key": (lambda r: r.update("iris@1", description="a"), lambda r: r.update("iris@1", description="b"), ConflictError, "description of iris@1 was changed on both sides"),
    "a deleted model": (lambda r: r.register("iris"), lambda r: r.delete_model("iris", force=True), ConflictError, "model 'iris' was deleted"),
}  # fmt: skip


@pytest.mark.parametrize("case", BOTH)
def test_a_conflict_names_the_commit_and_changes_nothing(branches, case):
    ours, theirs, kind, sentence = BOTH[case]
    branches.on(branches.topic, lambda registry: (registry.register("churn"), ours(registry)))
    branches.on(branches.main, theirs)
    before = branches.state()

    with pytest.raises(kind, match=sentence) as caught:
        branches.rebase()

    assert str(caught.value).startswith(f"{before[0][:8]} (iris: ")
    assert branches.state() == before


@pytest.mark.parametrize(("choice", "holder", "replayed"), [("ours", 3, 2), ("theirs", 2, 1)])
def test_a_choice_settles_who_wins_the_stage(branches, git, choice, holder, replayed):
    branches.on(branches.topic, lambda registry: (registry.promote("iris@3", "production"), registry.register("iris")))
    branches.on(branches.main, lambda registry: registry.promote("iris@2", "production"))

    done = branches.rebase(stages=choice)

    assert done.replayed == replayed
    assert len(done.contested) == 1
    with Registry.open(branches.topic) as registry:
        assert registry.get("iris@production").number == holder
    sound(branches.topic, git)


def gated(branches, **rule):
    """Let production ask for an accuracy, on main."""
    text = (branches.main / "gitreg.yaml").read_text()
    branches.commit(branches.main, "gitreg.yaml", text.replace("production: {}", "production:\n    require:\n      - {name: accurate, expr: candidate.metrics.accuracy >= 0.99}"))


def test_a_gate_of_the_new_base_judges_what_was_not_forced(branches):
    branches.on(branches.topic, lambda registry: registry.promote("iris@3", "production"))
    gated(branches)

    with pytest.raises(PolicyError, match="gate 'accurate' of production refuses iris@3"):
        branches.rebase()


def test_what_was_forced_is_forced_again_and_said(branches, git):
    gated(branches)
    git(branches.topic, "merge", "-q", "main")
    branches.on(branches.topic, lambda registry: registry.promote("iris@3", "production", force=True))
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    with Registry.open(branches.topic) as registry:
        assert next(event for event in registry.history("iris", "production") if event.event == "promoted").forced == ("gate:accurate",)


def test_an_edit_in_the_way_is_not_touched(branches):
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    branches.on(branches.main, lambda registry: registry.promote("iris@3", "production"))
    stages = branches.topic / "models/iris/stages.yaml"
    stages.write_text(stages.read_text() + "# mine\n")
    before = branches.state()

    with pytest.raises(ConflictError, match="has edits that are not committed"):
        branches.rebase()

    assert branches.state() == before


# -- what is beside models ----------------------------------------------------------------------------------


def test_code_beside_the_registry_goes_along_with_its_modes(branches, git):
    branches.commit(branches.topic, "train.sh", "echo\n")
    (branches.topic / "train.sh").chmod(0o755)
    os.symlink("train.sh", branches.topic / "link")
    git(branches.topic, "add", ".")
    git(branches.topic, "commit", "-q", "-m", "code: it runs")
    branches.commit(branches.topic, "src/a.py", "a\n")
    branches.commit(branches.topic, "train.sh", None)
    branches.commit(branches.topic, "src/a.py", None)
    branches.commit(branches.topic, "train.sh", "again\n")
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    files = git(branches.topic, "ls-tree", "-r", "topic", "--", "train.sh", "link", "src")
    branches.on(branches.main, lambda registry: registry.register("iris"))
    branches.commit(branches.main, "src/b.py", "b\n")

    done = branches.rebase()

    assert done.replayed == 7
    assert git(branches.topic, "ls-tree", "-r", "topic", "--", "train.sh", "link", "src").splitlines() == sorted([*files.splitlines(), git(branches.main, "ls-tree", "-r", "main", "src")], key=lambda line: line.split("\t")[1])
    assert branches.log(branches.topic)[1] == "code: it runs"
    sound(branches.topic, git)


def test_what_the_other_side_removed_goes_from_the_checkout(branches, git):
    branches.commit(branches.main, "old/notes", "theirs\n")
    git(branches.topic, "merge", "-q", "main")
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    branches.commit(branches.main, "old/notes", None)

    branches.rebase()

    assert not (branches.topic / "old").exists()
    sound(branches.topic, git)


def test_a_stray_file_where_a_model_should_be_is_not_overwritten(branches):
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    branches.commit(branches.main, "models/churn", "a file\n")

    with pytest.raises(InvalidError, match="this is not a folder"):
        branches.rebase()


def test_a_file_that_both_sides_changed_is_named(branches):
    branches.commit(branches.topic, "README.md", "ours\n")
    branches.commit(branches.main, "README.md", "theirs\n")

    with pytest.raises(ConflictError, match=r"README\.md was changed on both sides, and is no file of a model") as caught:
        branches.rebase()

    assert caught.value.hint == "git rebase"


def test_a_file_where_the_other_side_has_a_folder_is_a_conflict(branches):
    branches.commit(branches.topic, "data", "a file\n")
    branches.commit(branches.main, "data/train.csv", "1\n")

    with pytest.raises(ConflictError, match="data was changed on both sides"):
        branches.rebase()


def folder_for_file(branches, folder):
    branches.git(folder, "rm", "-q", "data")
    branches.commit(folder, "data/train.csv", "1\n", "data: a folder")


def file_for_folder(branches, folder):
    branches.git(folder, "rm", "-q", "-r", "raw")
    branches.commit(folder, "raw", "one file\n", "raw: a file")


def a_file_and_a_folder(branches):
    """Give both branches the file ``data`` and the folder ``raw``."""
    branches.commit(branches.main, "data", "a file\n")
    branches.commit(branches.main, "raw/a/b.csv", "1\n")
    branches.commit(branches.main, "raw/c.csv", "1\n")
    branches.git(branches.topic, "merge", "-q", "main")


@pytest.mark.parametrize("change", [folder_for_file, file_for_folder])
@pytest.mark.parametrize("side", ["topic", "main", "both"])
def test_a_file_that_becomes_a_folder_is_no_conflict_and_neither_is_the_other_way(branches, git, change, side):
    a_file_and_a_folder(branches)
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    branches.on(branches.main, lambda registry: registry.register("iris"))
    for folder in {"topic": [branches.topic], "main": [branches.main]}.get(side, [branches.topic, branches.main]):
        change(branches, folder)
    wanted = git(branches.main if side == "main" else branches.topic, "ls-tree", "-r", "HEAD", "--", "data", "raw")

    branches.rebase()

    assert git(branches.topic, "ls-tree", "-r", "topic", "--", "data", "raw") == wanted
    sound(branches.topic, git)


@pytest.mark.parametrize(("change", "path"), [(folder_for_file, "data"), (file_for_folder, "raw/c.csv")])
def test_a_file_that_becomes_a_folder_is_a_conflict_where_the_other_side_changed_it(branches, change, path):
    a_file_and_a_folder(branches)
    change(branches, branches.topic)
    branches.commit(branches.main, path, "theirs\n")
    before = branches.state()

    with pytest.raises(ConflictError, match="was changed on both sides"):
        branches.rebase()

    assert branches.state() == before


def test_a_stray_file_that_makes_room_for_a_model_goes_along(branches, git):
    branches.commit(branches.main, "models/churn", "a stray file\n")
    git(branches.topic, "merge", "-q", "main")
    branches.commit(branches.topic, "models/churn", None)
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    git(branches.topic, "reset", "-q", "--soft", "HEAD~2")
    git(branches.topic, "commit", "-q", "-m", "churn: a model")
    branches.commit(branches.main, "notes", "theirs\n")

    branches.rebase()

    assert branches.log(branches.topic) == ["churn: a model"]
    sound(branches.topic, git)


@pytest.mark.parametrize("left", ["raw/mine", "data"])
def test_a_file_of_a_person_s_where_a_folder_or_file_is_to_be_is_not_touched(branches, left):
    a_file_and_a_folder(branches)
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    (file_for_folder if left == "raw/mine" else folder_for_file)(branches, branches.main)
    (branches.topic / left).write_text("mine\n")
    before = branches.state()

    with pytest.raises(ConflictError, match=f"{left} in .* has (edits that are not committed|a file or link that git does not track)"):
        branches.rebase()

    assert branches.state() == before
    assert (branches.topic / left).read_text() == "mine\n"


@pytest.mark.parametrize("ignored", [True, False])
def test_the_hint_puts_away_a_file_that_git_does_not_track(branches, git, ignored):
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    branches.commit(branches.main, "notes", "theirs\n")
    (branches.topic / "notes").write_text("mine\n")
    (Path(git(branches.topic, "rev-parse", "--git-common-dir")) / "info" / "exclude").write_text("notes\n" if ignored else "")

    with pytest.raises(ConflictError, match=r"notes in .* has a file or link that git does not track") as caught:
        branches.rebase()
    assert caught.value.hint == "git stash push --all -- notes"
    git(branches.topic, *caught.value.hint.split()[1:])
    branches.rebase()

    assert git(branches.topic, "show", "stash@{0}^3:notes") == "mine"
    sound(branches.topic, git)


# -- commits that change nothing ----------------------------------------------------------------------------


def test_a_commit_that_was_made_empty_stays_with_author_date_and_message(branches, git):
    git(branches.topic, "commit", "-q", "--allow-empty", "--author", BOB, "--date", "2026-01-02T03:04:05+0200", "-m", "release: 2026.1", "-m", "Approved by the board.", "-m", "Signed-off-by: Bob <bob@example.org>")
    empty = git(branches.topic, "rev-parse", "topic")
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert (done.replayed, done.landed, done.notes) == (2, 0, ())
    assert branches.log(branches.topic, "%s | %an <%ae> %ad") == ["release: 2026.1 | Bob <bob@example.org> Fri Jan 2 03:04:05 2026 +0200", branches.log(branches.topic, "%s | %an <%ae> %ad")[1]]
    text = git(branches.topic, "log", "-1", "--format=%B", "topic~1")
    assert message.reason_in(text) == "Approved by the board."
    assert "Signed-off-by: Bob <bob@example.org>" in text
    assert message.operation_in(text) == empty
    assert git(branches.topic, "diff", "main", "topic~1") == ""
    sound(branches.topic, git)


def test_an_empty_commit_that_landed_is_left_out(branches, git):
    git(branches.topic, "commit", "-q", "--allow-empty", "-m", "release: 2026.1")
    old = git(branches.topic, "rev-parse", "topic")
    branches.on(branches.main, lambda registry: registry.register("iris"))
    branches.rebase()
    git(branches.main, "merge", "-q", "topic")
    git(branches.topic, "reset", "-q", "--hard", old)

    done = branches.rebase()

    assert (done.replayed, done.landed, done.commit) == (0, 1, git(branches.main, "rev-parse", "main"))


def test_a_commit_of_which_nothing_is_left_to_do_has_landed_and_is_told(branches, git):
    for folder in (branches.topic, branches.main):
        branches.commit(folder, "notes", "the same\n", f"notes: by {folder.name}")
    empty = git(branches.topic, "rev-parse", "topic")

    done = branches.rebase()

    assert (done.replayed, done.landed, done.commit) == (0, 1, git(branches.main, "rev-parse", "main"))
    assert done.notes == (f"{empty[:8]} (notes: by topic) is left out: the new base has all of it",)


def test_a_merge_that_changes_nothing_is_left_out(branches, git):
    git(branches.topic, "commit", "-q", "--allow-empty", "-m", "start")
    git(branches.topic, "switch", "-q", "-c", "side")
    branches.commit(branches.topic, "notes", "not wanted\n")
    git(branches.topic, "switch", "-q", "topic")
    git(branches.topic, "merge", "-q", "-s", "ours", "--no-edit", "side")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert (done.replayed, done.landed, done.notes) == (1, 0, ())
    assert branches.log(branches.topic) == ["start"]


def test_a_policy_that_the_branch_changed_goes_along(branches, git):
    text = (branches.topic / "gitreg.yaml").read_text()
    branches.commit(branches.topic, "gitreg.yaml", text.replace("staging: {}", "staging:\n    occupied: refuse"))
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    with Registry.open(branches.topic) as registry:
        assert registry.snapshot().config.stages["staging"].occupied == "refuse"


def test_what_a_person_wrote_by_hand_stays_as_it_is_where_nobody_else_wrote(branches, git):
    stages, card = (branches.topic / f"models/iris/{name}" for name in ("stages.yaml", "model.yaml"))
    branches.commit(branches.topic, "models/iris/stages.yaml", stages.read_text().replace("number: 1\n  previous: []", "number: 3  # for the A/B test\n  previous: [1]"))
    branches.commit(branches.topic, "models/iris/model.yaml", card.read_text() + "# who: the growth team\n")
    written = stages.read_text(), card.read_text()
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    assert (stages.read_text(), card.read_text()) == written
    assert branches.log(branches.topic) == ["by hand", "by hand"]


def test_a_comment_of_a_person_comes_along_into_a_file_that_the_other_side_changed(branches, git):
    stages = branches.topic / "models/iris/stages.yaml"
    branches.commit(branches.topic, "models/iris/stages.yaml", stages.read_text().replace("production:", "# not on Fridays\nproduction:"))
    branches.on(branches.main, lambda registry: registry.promote("iris@3", "production"))

    branches.rebase()

    assert "# not on Fridays\nproduction:\n  number: 3\n" in stages.read_text()
    sound(branches.topic, git)


def test_a_comment_in_a_new_version_stays_when_it_is_renumbered(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("iris", metrics={"auc": 0.9}))
    file = branches.topic / "models/iris/versions/4.yaml"
    file.write_text(file.read_text().replace("metrics:", "# on the new split\nmetrics:"))
    git(branches.topic, "commit", "-q", "-a", "--amend", "--no-edit")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    branches.rebase()

    assert "# on the new split\nmetrics:\n  auc: 0.9\n" in (branches.topic / "models/iris/versions/5.yaml").read_text()


@pytest.mark.parametrize(("path", "text", "kind", "sentence"), [
    ("models/iris/model.yaml", "name: [\n", InvalidError, "models/iris/model.yaml"),
    ("models/iris/versions/3.yaml", None, ConflictError, "models/iris/versions/3.yaml was removed"),
], ids=["a card that is no YAML", "a removed manifest"])  # fmt: skip
def test_a_commit_that_breaks_the_registry_is_not_replayed(branches, path, text, kind, sentence):
    branches.commit(branches.topic, path, text)
    branches.on(branches.main, lambda registry: registry.register("iris"))
    before = branches.state()

    with pytest.raises(kind, match=sentence):
        branches.rebase()

    assert branches.state() == before


# -- merges, and what landed ----------------------------------------------------------------------------------


def test_a_merge_of_the_base_adds_nothing_and_is_left_out(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    branches.on(branches.main, lambda registry: registry.register("iris"))
    git(branches.topic, "merge", "-q", "--no-edit", "main")
    branches.on(branches.topic, lambda registry: registry.register("iris"))
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert branches.log(branches.topic) == ["churn: register 1", "iris: register 6"]
    assert [(each.from_number, each.number) for each in done.renumbered] == [(5, 6)]
    sound(branches.topic, git)


def test_a_merge_of_another_branch_is_replayed_as_one_commit(branches, git):
    git(branches.topic, "switch", "-q", "-c", "side")
    branches.on(branches.topic, lambda registry: (registry.register("iris", "a"), registry.register("iris", "b")))
    git(branches.topic, "switch", "-q", "topic")
    git(branches.topic, "merge", "-q", "--no-ff", "-m", "merge side", "side")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert branches.log(branches.topic) == ["merge side"]
    assert [(each.from_number, each.number) for each in done.renumbered] == [(4, 5), (5, 6)]
    sound(branches.topic, git)


def test_a_merge_that_a_person_completed_is_refused(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("churn"))
    branches.on(branches.main, lambda registry: registry.register("iris"))
    git(branches.topic, "merge", "-q", "--no-commit", "main")
    branches.commit(branches.topic, "notes", "what no side has\n", "merge by hand")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    with pytest.raises(ConflictError, match="mixes what the new base has with what it has not"):
        branches.rebase()


def test_what_landed_already_is_not_doubled_and_its_number_is_known(branches, git):
    branches.on(branches.topic, lambda registry: registry.register("iris", "ours"))
    branches.on(branches.main, lambda registry: registry.register("iris"))
    old = git(branches.topic, "rev-parse", "topic")
    branches.rebase()
    git(branches.main, "merge", "-q", "topic")
    git(branches.topic, "reset", "-q", "--hard", old)
    branches.on(branches.topic, lambda registry: registry.promote("iris@4", "staging"))

    done = branches.rebase()

    assert (done.replayed, done.landed) == (1, 1)
    with Registry.open(branches.topic) as registry:
        assert [version.version for version in registry.versions("iris")] == ["1", "2", "3", "4", "ours"]
        assert registry.get("iris@staging").version == "ours"


def test_a_commit_by_hand_that_landed_is_known_by_its_own_id(branches, git):
    branches.commit(branches.topic, "notes", "ours\n")
    old = git(branches.topic, "rev-parse", "topic")
    branches.on(branches.main, lambda registry: registry.register("iris"))
    branches.rebase()
    git(branches.main, "merge", "-q", "topic")
    branches.commit(branches.main, "notes", "ours, and more\n")
    git(branches.topic, "reset", "-q", "--hard", old)

    done = branches.rebase()

    assert (done.replayed, done.landed, done.commit) == (0, 1, git(branches.main, "rev-parse", "main"))


def test_a_registry_in_a_subfolder_is_rebased(tmp_path, git):
    git(tmp_path, "init", "-q", "repo")
    with Registry.init(tmp_path / "repo" / "models-registry") as registry:
        registry.register("iris")
        git(tmp_path / "repo", "branch", "base")
        registry.register("iris", "ours", links={"self": "iris@2"})
        (tmp_path / "repo" / "notes").write_text("mine\n")
        git(tmp_path / "repo", "add", "notes")
        git(tmp_path / "repo", "commit", "-q", "-m", "notes")
    with Registry.open(tmp_path / "repo" / "models-registry", branch="base") as registry:
        registry.register("iris")

    with Registry.open(tmp_path / "repo" / "models-registry") as registry:
        registry.rebase("base")

        assert registry.get("iris@ours").number == 3
        assert registry.get("iris@ours").links["self"].uri == "iris@3"
        assert registry.check() == ()
    assert git(tmp_path / "repo", "status", "--porcelain") == ""


def test_many_versions_of_one_commit_are_rebased(branches, git):
    def work(registry):
        with registry.transaction("import") as tx:
            for _ in range(400):
                tx.register("iris")

    branches.on(branches.topic, work)
    branches.on(branches.main, lambda registry: registry.register("iris"))

    done = branches.rebase()

    assert len(done.renumbered) == 400
    sound(branches.topic, git)


def test_every_error_of_a_rebase_is_one_of_ours(branches):
    branches.commit(branches.topic, "models/iris/versions/4.yaml", "number: 9\n")
    branches.on(branches.main, lambda registry: registry.register("iris"))

    with pytest.raises(GitregError):
        branches.rebase()
