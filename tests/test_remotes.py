"""Registries that are shared through a real server: what each clone sees, and what remains when the network fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import servers
from benchmarks.wires import Wire
from gitreg import Registry
from gitreg.cli import boundary
from gitreg.errors import BusyError, ConflictError, PolicyError
from tests.cli.conftest import Said, frozen

CLI = [sys.executable, "-m", "gitreg"]


class Shared(NamedTuple):
    """A registry on a server, and two clones of it; ``iris`` has three versions, 1 in production and 2 in staging."""

    server: servers.Server
    bare: Path
    ann: Path
    bob: Path


def append(file, text):
    file.write_text(file.read_text() + text)


def log_in(home, password):
    """Let git find this password, whatever it asks for."""
    (home / "password").write_text(f"username=name\npassword={password}\n")
    append(home / ".gitconfig", f'[credential]\n\thelper = "!f() {{ test $1 != get || cat {home}/password; }}; f"\n')


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """Make the registry once, as a bare repository: copying it is faster than making it."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("history")
    (home / ".gitconfig").write_text("[user]\n\tname = Name\n\temail = name@example.org\n[init]\n\tdefaultBranch = main\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        with Registry.init(folder / "made") as made:
            for accuracy in (0.91, 0.95, 0.97):
                made.register("iris", metrics={"accuracy": accuracy})
            made.promote("iris@1", "production")
            made.promote("iris@2", "staging")
        append(folder / "made" / "gitreg.yaml", "remote: origin\n")
        subprocess.run(["git", "-C", folder / "made", "commit", "-qam", "registry: name the remote"], check=True)
        subprocess.run(["git", "clone", "-q", "--bare", folder / "made", folder / "bare"], check=True)
    return folder / "bare"


@pytest.fixture
def share(serve, hermetic, history, tmp_path, git):
    """Put the registry on a server of a kind, and clone it twice."""

    def share(kind: type[servers.Server]) -> Shared:
        options = {"authenticated": True} if kind is servers.Http else {}
        server = serve(kind, **options)
        if isinstance(server, servers.Http):
            server.accept({"name": "secret"})
            log_in(hermetic, "secret")
        if isinstance(server, servers.Ssh):
            git(tmp_path, "config", "--global", "core.sshCommand", server.client())
        bare = Path(server.create("models.git"))
        git(history, "push", "-q", str(bare), "main")
        for person in ("ann", "bob"):
            git(tmp_path, "clone", "-q", server.url("models.git"), person)
        return Shared(server, bare, tmp_path / "ann", tmp_path / "bob")

    return share


@pytest.fixture
def shared(share):
    """Return a registry behind smart HTTP with a password, and two clones of it."""
    return share(servers.Http)


@pytest.fixture
def wire(shared, git):
    """Return a network that fails on purpose, between ann and the server."""
    with Wire(shared.server.port) as made:
        git(shared.ann, "remote", "set-url", "origin", shared.server.url("models.git", made.port))
        yield made


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command line in a clone."""

    def run(clone: Path, *args: str) -> Said:
        capsys.readouterr()
        code = boundary.run(("-R", str(clone), *args))
        out, err = capsys.readouterr()
        return Said(code, frozen(out, tmp_path), frozen(err, tmp_path))

    return run


@pytest.fixture
def tips(git, shared):
    """Tell where the branch is at the server, and with ann, and what differs in ann's checkout."""
    return lambda: (git(shared.bare, "rev-parse", "main"), git(shared.ann, "rev-parse", "main"), git(shared.ann, "status", "--porcelain"))


def commit(git, clone, path="notes.txt", text="a note\n", message="a note"):
    (clone / path).write_text(text)
    git(clone, "add", path)
    git(clone, "commit", "-q", "-m", message)


# -- what one clone writes, the other has --------------------------------------------------------------------


@pytest.mark.parametrize("kind", [servers.Http, servers.Daemon, servers.Ssh])
def test_what_one_clone_writes_the_server_has_and_the_other_builds_on(share, kind, git):
    shared = share(kind)

    with Registry.open(shared.ann) as ann, Registry.open(shared.bob) as bob:
        version = ann.register("iris", metrics={"accuracy": 0.98})
        ann.promote("iris@4", "production")
        at_server = git(shared.bare, "rev-parse", "main")
        receipt = bob.register("iris")

    assert (version.number, receipt.number) == (4, 5)
    assert at_server == git(shared.ann, "rev-parse", "main")
    assert git(shared.bare, "rev-parse", "main") == git(shared.bob, "rev-parse", "main") == receipt.commit
    assert git(shared.bob, "status", "--porcelain") == ""
    with Registry.open(shared.bob) as bob:
        assert bob.get("iris@production").number == 4
        assert bob.check() == ()


def test_a_shared_write_says_what_a_local_one_says(shared, run, git):
    said = run(shared.ann, "promote", "iris@3", "production")

    assert said == Said(0, "iris@3\n", "iris: promote 3 to production, archiving 1 [cccccccc]\n")
    assert git(shared.bare, "log", "-1", "--format=%s", "main") == "iris: promote 3 to production, archiving 1"


def test_the_remote_s_branch_is_remembered_where_git_remembers_it(shared, git):
    with Registry.open(shared.ann) as ann:
        ann.register("iris")

    assert git(shared.ann, "status", "-sb") == "## main...origin/main"


def test_a_clone_that_is_behind_writes_on_top_of_what_the_others_did(shared, run, git):
    run(shared.ann, "promote", "iris@3", "production")

    said = run(shared.bob, "rollback", "iris", "production")

    assert said == Said(0, "iris@1\n", "iris: roll production back to 1, archiving 3 [cccccccc]\n")
    assert git(shared.bob, "log", "--format=%s", "-2") == "iris: roll production back to 1, archiving 3\niris: promote 3 to production, archiving 1"
    assert git(shared.bob, "status", "--porcelain") == ""


def test_commits_that_were_not_pushed_go_along(shared, run, git):
    commit(git, shared.ann)

    said = run(shared.ann, "register", "iris")

    assert said.code == 0
    assert git(shared.bare, "log", "--format=%s", "-2", "main") == "iris: register 4\na note"


def test_a_clone_that_has_diverged_is_told_to_sync_and_nothing_is_changed(shared, run, git, tips):
    run(shared.bob, "register", "iris")
    commit(git, shared.ann)
    before = tips()

    said = run(shared.ann, "register", "iris")

    assert said.code == 4
    assert said.out == ""
    assert said.err.endswith("  try: gitreg sync\n")
    assert tips() == before


def test_the_first_write_to_an_empty_remote_makes_its_branch(serve, hermetic, tmp_path, git, run):
    server = serve(servers.Http)
    bare = server.create("empty.git")
    git(tmp_path, "clone", "-q", server.url("empty.git"), "ann", check=False)
    with Registry.init(tmp_path / "ann"):
        append(tmp_path / "ann" / "gitreg.yaml", "remote: origin\n")
        git(tmp_path / "ann", "commit", "-qam", "remote")

    said = run(tmp_path / "ann", "register", "iris")

    assert said == Said(0, "iris@1\n", "iris: register 1 [cccccccc]\n")
    assert git(bare, "log", "--format=%s", "main") == "iris: register 1\nremote\nregistry: create it"


def test_a_branch_that_is_not_the_truth_is_never_pushed(shared, run, git):
    git(shared.ann, "switch", "-qc", "feature")
    before = git(shared.bare, "for-each-ref")

    said = run(shared.ann, "register", "iris")

    assert said.code == 0
    assert git(shared.bare, "for-each-ref") == before
    assert git(shared.ann, "log", "-1", "--format=%s", "feature") == "iris: register 4"


def test_only_the_registry_s_branch_is_pushed(shared, run, git):
    git(shared.ann, "branch", "other")
    git(shared.ann, "tag", "v1")
    git(shared.ann, "tag", "-a", "-m", "v2", "v2")
    git(shared.ann, "config", "push.followTags", "true")
    git(shared.ann, "config", "push.default", "matching")
    git(shared.bare, "branch", "other", "main~1")

    run(shared.ann, "register", "iris")

    assert git(shared.bare, "for-each-ref", "--format=%(refname)") == "refs/heads/main\nrefs/heads/other"
    assert git(shared.bare, "rev-parse", "other") == git(shared.bare, "rev-parse", "main~2")


def test_offline_writes_here_only_and_says_so(shared, run, git, tips):
    before = tips()

    said = run(shared.ann, "--offline", "register", "iris")

    assert (said.code, said.out) == (0, "iris@4\n")
    assert "origin" in said.err
    assert tips()[0] == before[0]
    assert git(shared.ann, "log", "-1", "--format=%s") == "iris: register 4"


def test_a_rehearsal_is_of_the_remote_s_state_and_pushes_nothing(shared, run, tips):
    run(shared.bob, "register", "iris")
    before = tips()

    said = run(shared.ann, "register", "iris", "--dry-run")

    assert said.code == 0
    assert said.err == "dry run: would commit 'iris: register 5'\n"
    assert tips() == before


def test_reading_asks_no_server(shared, run):
    shared.server.stop()

    assert run(shared.ann, "get", "iris@production", "number") == Said(0, "1\n", "")


# -- races ---------------------------------------------------------------------------------------------------


def test_clones_that_race_for_a_number_get_one_each(shared, tmp_path, git):
    clones = [shared.ann, shared.bob, shutil.copytree(shared.ann, tmp_path / "cy")]

    def register(clone):
        with Registry.open(clone) as registry:
            return [registry.register("iris").number for _ in range(3)]

    with ThreadPoolExecutor(3) as pool:
        numbers = [number for found in pool.map(register, clones) for number in found]

    assert sorted(numbers) == list(range(4, 13))
    assert git(shared.bare, "rev-list", "--count", "--min-parents=2", "main") == "0"
    with Registry.open(shared.bare) as registry:
        assert [version.number for version in registry.versions("iris")] == list(range(1, 13))
        assert registry.check() == ()


def test_commands_at_once_in_the_same_clone_and_in_another_get_a_number_each(shared, git):
    running = [subprocess.Popen([*CLI, "-R", clone, "register", "iris"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for clone in [shared.ann, shared.bob] * 3]

    said = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0] * 6, said
    assert sorted(out for out, _ in said) == [f"iris@{number}\n" for number in range(4, 10)]
    assert git(shared.ann, "status", "--porcelain") == git(shared.bob, "status", "--porcelain") == ""


def test_expect_is_held_against_the_remote_s_state(shared, run, tips):
    run(shared.bob, "promote", "iris@2", "production")
    before = tips()

    said = run(shared.ann, "promote", "iris@3", "production", "--expect", "1")

    assert said == Said(4, "", "gitreg: production of 'iris' is held by 2, expected 1\n  try: gitreg list iris\n")
    assert tips()[0] == before[0]


def test_promoting_what_another_clone_promoted_already_succeeds(shared, run, git):
    run(shared.bob, "promote", "iris@3", "production")

    said = run(shared.ann, "promote", "iris@3", "production", "--expect", "1")

    assert said == Said(0, "iris@3\n", "nothing to do: it is so already\n")


def test_a_transaction_that_would_come_out_differently_at_the_remote_is_a_conflict(shared, tips):
    with Registry.open(shared.ann) as ann, Registry.open(shared.bob) as bob:
        before = tips()
        with pytest.raises(ConflictError, match="changed while this transaction was open"), ann.transaction() as tx:
            tx.register("iris")
            bob.register("iris")

    assert tips()[1:] == before[1:]


@pytest.mark.parametrize(
    ("others", "mine"),
    [
        (lambda bob: bob.register("iris"), lambda ann: ann.promote("iris@4", "production")),
        (lambda bob: bob.promote("iris@3", "production"), lambda ann: ann.promote("iris@1", "production")),
        (lambda bob: bob.promote("iris@3", "production"), lambda ann: ann.promote("iris@2", "production", expect=3)),
        (lambda bob: bob.promote("iris@3", "production"), lambda ann: ann.rollback("iris", "production")),
        (lambda bob: bob.register("rose"), lambda ann: ann.update_model("rose", license="MIT")),
    ],
    ids=["a version that is new there", "a holder that no longer is", "a holder that is expected", "a stage to return", "a model that is new there"],
)
def test_what_cannot_be_done_here_is_judged_by_what_the_remote_has(shared, git, others, mine):
    with Registry.open(shared.ann) as ann, Registry.open(shared.bob) as bob:
        others(bob)
        receipt = mine(ann)

    assert receipt.changed
    assert git(shared.bare, "rev-parse", "main") == git(shared.ann, "rev-parse", "main") == receipt.commit


# -- what a person has in the checkout -------------------------------------------------------------------------


@pytest.mark.parametrize("staged", [False, True], ids=["edited", "staged"])
def test_an_edit_in_the_way_refuses_before_anything_is_pushed(shared, run, git, tips, staged):
    append(shared.ann / "models/iris/stages.yaml", "# mine\n")
    if staged:
        git(shared.ann, "add", "models")
    before = tips()

    said = run(shared.ann, "promote", "iris@3", "production")

    assert said.code == 4
    assert "models/iris/stages.yaml" in said.err
    assert tips() == before


def test_an_edit_of_what_only_the_remote_changed_refuses_too(shared, run, tips):
    run(shared.bob, "promote", "iris@3", "production")
    append(shared.ann / "models/iris/stages.yaml", "# mine\n")
    before = tips()

    said = run(shared.ann, "register", "iris")

    assert said.code == 4
    assert tips() == before


def test_an_untracked_file_where_the_remote_has_one_refuses(shared, run, tips):
    run(shared.bob, "register", "iris")
    (shared.ann / "models/iris/versions/4.yaml").write_text("mine\n")
    before = tips()

    said = run(shared.ann, "register", "iris")

    assert said.code == 4
    assert (shared.ann / "models/iris/versions/4.yaml").read_text() == "mine\n"
    assert tips() == before


def test_edits_elsewhere_stay(shared, run, git):
    commit(git, shared.ann)
    (shared.ann / "notes.txt").write_text("edited\n")
    run(shared.bob, "register", "iris", "--offline")

    said = run(shared.ann, "register", "iris")

    assert said.code == 0
    assert git(shared.ann, "status", "--porcelain") == "M notes.txt"  # the space before it is stripped
    assert (shared.ann / "notes.txt").read_text() == "edited\n"


# -- refusals and a network that fails -----------------------------------------------------------------------


def test_a_protected_branch_refuses_with_the_server_s_words_and_nothing_remains(shared, run, tips):
    servers.protect(str(shared.bare), "main is protected: open a pull request")
    before = tips()

    said = run(shared.ann, "promote", "iris@3", "production")

    assert said.code == 5
    assert "main is protected: open a pull request" in said.err
    assert tips() == before


def test_what_a_server_says_cannot_drive_a_terminal(shared, run):
    servers.hook(str(shared.bare), "pre-receive", "printf '\\033[2Jgone\\r' >&2; exit 1\n")

    said = run(shared.ann, "promote", "iris@3", "production")

    assert said.code == 5
    assert "gone" in said.err
    assert said.err.replace("\n", "").isprintable()


def test_after_a_refusal_the_next_command_works(shared, run, tips):
    servers.protect(str(shared.bare), "no")
    run(shared.ann, "promote", "iris@3", "production")
    (shared.bare / "hooks" / "pre-receive").unlink()

    said = run(shared.ann, "promote", "iris@3", "production")

    assert said == Said(0, "iris@3\n", "iris: promote 3 to production, archiving 1 [cccccccc]\n")
    assert len(set(tips()[:2])) == 1


def test_where_nobody_answers_a_write_is_busy_and_nothing_remains(shared, run, git, tips):
    shared.server.stop()
    before = tips()

    said = run(shared.ann, "promote", "iris@3", "production")
    shared.server.start()
    again = run(shared.ann, "promote", "iris@3", "production")

    assert said.code == 7
    assert said.out == ""
    assert said.err.startswith("gitreg: origin cannot be reached: ")
    assert git(shared.ann, "rev-parse", "main~1") == before[1]
    assert again.code == 0


def test_a_connection_that_is_hung_up_on_is_busy_and_nothing_remains(wire, shared, run, tips):
    before = tips()
    wire.fault = "hang up"

    said = run(shared.ann, "register", "iris")

    assert said.code == 7
    assert tips() == before


def test_a_push_that_the_remote_did_not_get_is_said_not_to_be_there(wire, shared, run, tips):
    before = tips()
    wire.fault = "cut before"

    said = run(shared.ann, "register", "iris")

    assert (said.code, said.out) == (7, "")
    assert "may have" not in said.err
    assert tips() == before


def test_after_a_push_that_the_remote_did_not_get_the_next_command_works(wire, shared, run, tips):
    wire.fault = "cut before"
    run(shared.ann, "register", "iris")
    wire.fault = ""

    said = run(shared.ann, "register", "iris")

    assert said == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert len(set(tips()[:2])) == 1


@pytest.mark.parametrize("fault", ["cut after", "cut after once"])
def test_a_push_that_was_taken_although_nobody_answered_is_done_and_done_once(wire, shared, run, git, tips, fault):
    wire.fault = fault

    said = run(shared.ann, "register", "iris")

    assert said == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert git(shared.bare, "log", "--format=%s", "-2", "main") == "iris: register 4\nregistry: name the remote"
    assert len(set(tips()[:2])) == 1
    assert tips()[2] == ""


def test_a_push_that_the_server_is_still_at_work_on_when_the_connection_breaks_is_waited_for(wire, shared, run, git, tips):
    servers.hook(str(shared.bare), "pre-receive", "sleep 0.3\n")
    wire.fault = "cut amid"

    said = run(shared.ann, "register", "iris")

    assert said == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert git(shared.bare, "log", "--format=%s", "-2", "main") == "iris: register 4\nregistry: name the remote"
    assert len(set(tips()[:2])) == 1


def test_a_push_after_which_the_server_is_gone_is_said_to_be_in_doubt(wire, shared, run, git, tips):
    before = tips()
    servers.hook(str(shared.bare), "post-receive", f"touch {shared.bare}/taken\n")
    wire.fault = "cut after for good"

    said = run(shared.ann, "register", "iris")

    assert (said.code, said.out) == (7, "")
    assert "may have taken" in said.err
    assert tips()[1:] == before[1:]
    assert (shared.bare / "taken").exists()


def test_after_a_push_in_doubt_the_next_command_builds_on_what_was_taken(wire, shared, run, git):
    wire.fault = "cut after for good"
    run(shared.ann, "promote", "iris@3", "production")
    wire.fault = ""

    said = run(shared.ann, "promote", "iris@3", "production")

    assert said == Said(0, "iris@3\n", "nothing to do: it is so already\n")
    assert git(shared.ann, "rev-parse", "main") == git(shared.bare, "rev-parse", "main")


def test_a_slow_network_changes_nothing_but_the_time(wire, shared, run, tips):
    wire.fault = "slow"

    said = run(shared.ann, "register", "iris")

    assert said == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert len(set(tips()[:2])) == 1


def test_an_expired_credential_is_busy_with_git_s_words_and_no_password(shared, run, tips):
    before = tips()
    shared.server.accept({"name": "another secret"})

    said = run(shared.ann, "register", "iris")

    assert (said.code, said.out) == (7, "")
    assert "Authentication failed" in said.err
    assert "secret" not in said.err
    assert tips() == before


def test_a_password_in_the_remote_s_address_is_never_shown(shared, run, git):
    git(shared.ann, "remote", "set-url", "origin", shared.server.url("models.git").replace("://", "://name:hidden@"))

    said = run(shared.ann, "register", "iris")

    assert said.code == 7
    assert "hidden" not in said.err


def test_a_program_reads_the_error_as_json(shared, run):
    shared.server.stop()

    said = run(shared.ann, "register", "iris", "--format", "json")

    assert (said.code, said.out) == (7, "")
    assert '"code": 7' in said.err


@pytest.mark.parametrize("kind", [servers.Http, servers.Daemon, servers.Ssh])
def test_where_nothing_was_sent_nobody_is_told_that_it_may_have_arrived(share, git, kind):
    shared = share(kind)
    shared.server.stop()

    with Registry.open(shared.ann) as ann, pytest.raises(BusyError, match="origin cannot be reached") as caught:
        ann.register("iris")

    assert "may have" not in caught.value.message
    assert git(shared.ann, "rev-parse", "main") == git(shared.bare, "rev-parse", "main")


# -- what gitreg.yaml may name -------------------------------------------------------------------------------


HOSTILE = {
    "a program": "ext::sh -c touch% {mark}",
    "an option": "--upload-pack=touch {mark}",
    "a path": "../other",
    "an absolute path": "/tmp",
    "an address": "https://example.org/r.git",
    "an address as ssh writes it": "name@example.org:r.git",
    "a line break": '"origin\\nother"',
    "nothing": '""',
    "a group of remotes": "all",
    "a remote that is not there": "upstream",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_remote_in_gitreg_yaml_is_only_a_name_that_the_person_configured(shared, run, git, tmp_path, what):
    mark = tmp_path / "mark"
    text = (shared.ann / "gitreg.yaml").read_text().replace("remote: origin", f"remote: {HOSTILE[what].format(mark=mark)}")
    commit(git, shared.ann, "gitreg.yaml", text)
    git(shared.ann, "config", "remotes.all", "origin")
    git(shared.ann, "config", "protocol.allow", "always")
    before = git(shared.bare, "rev-parse", "main"), git(shared.ann, "rev-parse", "main")

    said = run(shared.ann, "register", "iris")

    assert said.code in (3, 6)
    assert (git(shared.bare, "rev-parse", "main"), git(shared.ann, "rev-parse", "main")) == before
    assert not mark.exists()


# -- the library says the same --------------------------------------------------------------------------------


def test_the_library_raises_what_the_commands_exit_with(wire, shared):
    with Registry.open(shared.ann) as ann:
        wire.fault = "hang up"
        with pytest.raises(BusyError):
            ann.register("iris")
        wire.fault = ""
        servers.protect(str(shared.bare), "no")
        with pytest.raises(PolicyError):
            ann.register("iris")
        (shared.bare / "hooks" / "pre-receive").unlink()

        assert ann.register("iris").number == 4


def test_ctrl_c_and_kill_leave_a_clone_that_works(wire, shared, run, git):
    wire.fault = "slow"
    for signal in (2, 9):
        with subprocess.Popen([*CLI, "-R", shared.ann, "register", "iris"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while not wire.pushes:
                assert process.poll() is None
            process.send_signal(signal)
        wire.pushes = 0
    wire.fault = ""

    said = run(shared.ann, "register", "iris")

    assert said.code == 0
    assert git(shared.ann, "rev-parse", "main") == git(shared.bare, "rev-parse", "main")
    with Registry.open(shared.bare) as registry:
        assert registry.check() == ()


# -- exchange later ------------------------------------------------------------------------------------------


def test_what_was_written_offline_is_renumbered_and_pushed_by_a_sync(shared, run, git):
    run(shared.bob, "register", "iris", "--version", "bob")
    run(shared.ann, "register", "iris", "--version", "ann", "--offline")
    run(shared.ann, "promote", "iris@ann", "development", "--offline")

    said = run(shared.ann, "sync")

    assert said == Said(0, "iris@4 is iris@5 now\n", "pulled 1 commit, pushed 2 commits [cccccccc]\n")
    assert git(shared.bare, "rev-parse", "main") == git(shared.ann, "rev-parse", "main")
    assert git(shared.ann, "status", "--porcelain") == ""
    assert run(shared.ann, "get", "iris@development", "version") == Said(0, "ann\n", "")
    assert run(shared.bob, "sync").code == 0
    assert run(shared.bob, "check").code == 0


def test_a_sync_without_anything_to_exchange_says_so(shared, run, tips):
    before = tips()

    said = run(shared.ann, "sync")

    assert said == Said(0, "", "nothing to do: main is as origin has it\n")
    assert tips() == before


@pytest.mark.parametrize("fault", ["hang up", "cut before"])
def test_a_sync_that_the_network_ends_changes_nothing_and_can_be_repeated(wire, shared, run, git, tips, fault):
    run(shared.bob, "register", "iris")
    run(shared.ann, "register", "iris", "--offline")
    before = tips()
    wire.fault = fault

    said = run(shared.ann, "sync")
    after = tips()
    wire.fault = ""
    again = run(shared.ann, "sync")

    assert (said.code, said.out, after) == (7, "", before)
    assert again == Said(0, "iris@4 is iris@5 now\n", "pulled 1 commit, pushed 1 commit [cccccccc]\n")


@pytest.mark.parametrize("fault", ["cut after", "cut after once", "cut after for good"])
def test_a_sync_whose_answer_is_lost_is_not_done_twice(wire, shared, run, git, fault):
    run(shared.bob, "register", "iris")
    run(shared.ann, "register", "iris", "--offline")
    wire.fault = fault
    run(shared.ann, "sync")
    wire.fault = ""

    run(shared.ann, "sync")

    assert git(shared.bare, "log", "--format=%s", "-3", "main") == "iris: register 5\niris: register 4\nregistry: name the remote"
    assert git(shared.ann, "rev-parse", "main") == git(shared.bare, "rev-parse", "main")
    assert git(shared.ann, "status", "--porcelain") == ""


def test_a_sync_that_a_protected_branch_refuses_keeps_what_was_written_here(shared, run, tips):
    run(shared.ann, "register", "iris", "--offline")
    servers.protect(str(shared.bare), "main is protected")
    before = tips()

    said = run(shared.ann, "sync")

    assert said.code == 5
    assert "main is protected" in said.err
    assert tips() == before


def test_a_branch_that_was_made_offline_is_renumbered_onto_what_the_others_pushed(shared, run, git):
    git(shared.ann, "switch", "-qc", "feature")
    run(shared.ann, "register", "iris", "--version", "ann")
    run(shared.bob, "register", "iris", "--version", "bob")
    git(shared.ann, "fetch", "-q")

    said = run(shared.ann, "rebase", "origin/main")

    assert (said.code, said.out) == (0, "iris@4 is iris@5 now\n")
    assert run(shared.ann, "get", "iris@bob", "number") == Said(0, "4\n", "")
    assert git(shared.bare, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


# -- by address, without a clone -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [servers.Http, servers.Daemon, servers.Ssh])
def test_a_registry_is_read_and_written_by_its_address(share, run, kind):
    shared = share(kind)
    url = shared.server.url("models.git")

    written = run(url, "promote", "iris@3", "production")
    read = run(url, "get", "iris@production", "number")

    assert written == Said(0, "iris@3\n", "iris: promote 3 to production, archiving 1 [cccccccc]\n")
    assert read == Said(0, "3\n", "")
    with Registry.open(shared.bare) as registry:
        assert registry.get("iris@production").number == 3


def test_by_its_address_a_credential_that_expired_is_busy_and_what_is_known_can_be_read(shared, run):
    url = shared.server.url("models.git")
    run(url, "list")
    shared.server.accept({})

    said = run(url, "get", "iris@production", "number")
    known = run(url, "get", "iris@production", "number", "--no-fetch")

    assert (said.code, said.out) == (7, "")
    assert "secret" not in said.err
    assert known == Said(0, "1\n", "")


@pytest.mark.parametrize("fault", ["cut after", "cut after once"])
def test_by_its_address_a_push_whose_answer_is_lost_is_done_once(wire, shared, run, git, fault):
    wire.fault = fault

    said = run(shared.server.url("models.git", wire.port), "register", "iris")

    assert said == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
    assert git(shared.bare, "log", "--format=%s", "-2", "main") == "iris: register 4\nregistry: name the remote"


def test_by_its_address_nothing_is_said_to_be_done_that_was_refused(wire, shared, run, git):
    url, before = shared.server.url("models.git", wire.port), git(shared.bare, "rev-parse", "main")
    servers.protect(str(shared.bare), "main is protected")

    refused = run(url, "register", "iris")
    (shared.bare / "hooks" / "pre-receive").unlink()
    wire.fault = "cut before"
    cut = run(url, "register", "iris")
    wire.fault = ""

    assert (refused.code, refused.out, cut.code, cut.out) == (5, "", 7, "")
    assert git(shared.bare, "rev-parse", "main") == before
    assert run(url, "get", "iris", "number") == Said(0, "3\n", "")
    assert run(url, "register", "iris") == Said(0, "iris@4\n", "iris: register 4 [cccccccc]\n")
