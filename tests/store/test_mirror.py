"""A registry by URL is a clone in the cache folder: made, fetched, and made anew where it is damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import servers
from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, GitregError, InvalidError, NotFoundError, UsageError
from gitreg.store import lock, mirror


@pytest.fixture
def cache(hermetic):
    return hermetic / ".cache" / "gitreg"


@pytest.fixture
def bare(iris, git, tmp_path):
    """Return a bare repository with ``iris``; it takes filters as git hosts do."""
    folder = tmp_path / "models.git"
    git(tmp_path, "clone", "-q", "--bare", iris.path, folder)
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


@pytest.fixture
def url(bare):
    return f"file://{bare}"


def production(url, **options):
    with Registry.open(url, **options) as registry:
        return registry.get("iris@production").number


def move(bare, to):
    with Registry.open(bare) as registry:
        registry.promote(f"iris@{to}", "production")


def clones(cache):
    return sorted(path.name for path in cache.iterdir() if path.suffix == ".git")


def count_of(trace, command):
    """Return how often git ran *command* with its children's, of those that were traced."""
    return sum('"event":"start"' in line and f'"{command}"' in line for line in trace.read_text().splitlines())


def test_a_registry_is_read_by_url_without_a_clone(url):
    assert production(url) == 1


def test_a_branch_that_is_read_by_url_is_not_rebased(url):
    with Registry.open(url) as registry, pytest.raises(UsageError, match="cannot be rebased"):
        registry.rebase("main")


def test_each_use_sees_what_the_remote_has_now(url, bare):
    production(url)
    move(bare, 3)

    assert production(url) == 3


def test_a_branch_that_was_rewritten_is_followed(url, bare, git):
    move(bare, 3)
    production(url)
    git(bare, "update-ref", "refs/heads/main", "main~1")

    assert production(url) == 1


def test_without_fetch_the_last_known_state_is_read(url, bare):
    production(url)
    move(bare, 3)

    assert production(url, fetch=False) == 1


def test_the_last_known_state_is_read_when_the_remote_is_gone(url, bare):
    production(url)
    shutil.rmtree(bare)

    assert production(url, fetch=False) == 1


def test_another_branch_is_fetched_when_it_is_asked_for(url, bare, git):
    production(url)
    git(bare, "branch", "other", "main~1")

    with Registry.open(url, branch="other") as registry:
        assert registry.location.ref == "refs/heads/other"
    assert production(url, fetch=False) == 1


def test_the_default_branch_is_the_remote_s_also_when_it_changes(url, bare, git):
    production(url)
    git(bare, "branch", "trunk")
    git(bare, "symbolic-ref", "HEAD", "refs/heads/trunk")

    with Registry.open(url) as now, Registry.open(url, fetch=False) as last_known:
        assert (now.location.ref, last_known.location.ref) == ("refs/heads/trunk", "refs/heads/trunk")


def test_a_write_by_url_is_on_the_remote(url, bare):
    with Registry.open(url) as registry:
        receipt = registry.promote("iris@3", "production", expect=1)

    with Registry.open(bare) as there:
        assert there.snapshot().commit == receipt.commit
    assert production(url, fetch=False) == 3


def test_a_write_by_url_is_built_on_what_the_remote_has_by_then(url, bare):
    with Registry.open(url) as registry:
        move(bare, 3)
        with pytest.raises(ConflictError):
            registry.promote("iris@2", "production", expect=1)
        assert registry.register("iris").number == 4

    assert production(url) == 3


def test_a_write_by_url_is_never_only_in_the_cache(url):
    with pytest.raises(UsageError, match="cannot be written offline"):
        Registry.open(url, offline=True)


def test_a_repository_with_long_ids_is_read(git, tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256", "long")
    with Registry.init(tmp_path / "long") as registry:
        registry.register("iris")
        registry.promote("iris@1", "production")

    assert production(f"file://{tmp_path}/long") == 1


def test_a_server_that_knows_no_filters_is_read(url, bare, git):
    git(bare, "config", "uploadpack.allowFilter", "false")

    assert production(url) == 1


# -- servers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [servers.Http, servers.Daemon, servers.Ssh], ids=lambda kind: kind.__name__)
def test_a_registry_is_read_and_written_over_the_network(serve, bare, git, kind, monkeypatch):
    server = serve(kind)
    there = Path(server.create("models.git"))
    git(bare, "push", "-q", there, "main")
    if kind is servers.Ssh:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.client())

    with Registry.open(server.url("models.git")) as registry:
        registry.promote("iris@3", "production")

    with Registry.open(there) as registry:
        assert registry.get("iris@production").number == 3


def test_a_password_in_an_address_is_used_and_never_said(serve, bare, git):
    server = serve(servers.Http, authenticated=True)
    git(bare, "push", "-q", server.create("models.git"), "main")
    server.accept({"name": "s3cret"})
    with_password = server.url("models.git").replace("://", "://name:s3cret@")

    assert production(with_password) == 1
    server.accept({"name": "another"})
    with pytest.raises(BusyError) as caught:
        production(with_password)
    server.stop()
    with pytest.raises(BusyError) as gone:
        production(with_password)

    assert "cannot be reached: Authentication failed for " in caught.value.message
    assert "s3cret" not in caught.value.message + gone.value.message + str(caught.value.facts) + str(gone.value.facts)
    assert gone.value.hint == "--no-fetch reads what was fetched last"


def test_what_a_server_says_cannot_drive_a_terminal(serve, bare, git):
    server = serve(servers.Daemon)
    git(bare, "push", "-q", server.create("models.git"), "main")

    with pytest.raises(NotFoundError) as caught:
        mirror.opened(server.url("no\\x1b[31m.git"), None)

    assert caught.value.message.isprintable()


# -- what is not there ------------------------------------------------------------------------------------


def no_repository(bare, git):
    shutil.rmtree(bare)
    return "there is no repository at "


def no_commits(bare, git):
    shutil.rmtree(bare)
    git(bare.parent, "init", "-q", "--bare", bare)
    return "has no commits yet"


def a_detached_head(bare, git):
    (bare / "HEAD").write_text(git(bare, "rev-parse", "main") + "\n")
    return "names no default branch"


@pytest.mark.parametrize("damage", [no_repository, no_commits, a_detached_head], ids=lambda damage: damage.__name__.replace("_", " "))
def test_what_is_not_there_is_not_found(url, bare, git, damage):
    said = damage(bare, git)

    with pytest.raises(NotFoundError, match=said) as caught:
        mirror.opened(url, None)

    assert caught.value.code == 3


def test_a_branch_that_is_not_there_is_not_found(url):
    with pytest.raises(NotFoundError, match="there is no branch 'gone' in file://"):
        mirror.opened(url, "gone")


def test_without_fetch_what_was_never_fetched_is_not_found(url):
    with pytest.raises(NotFoundError, match="nothing was fetched from file://"):
        mirror.opened(url, None, fetch=False)
    production(url)
    with pytest.raises(NotFoundError, match=r"branch .other. of file:.* was not fetched yet"):
        mirror.opened(url, "other", fetch=False)


# -- the cache --------------------------------------------------------------------------------------------


def test_the_cache_is_closed_to_others_and_its_names_hold_no_password(cache):
    with pytest.raises(BusyError):
        mirror.opened("http://name:s3cret@127.0.0.1:1/group/models.git", None)

    assert cache.stat().st_mode & 0o777 == 0o700
    assert [path.name.rpartition("-")[0] for path in cache.iterdir()] == []
    assert mirror._name("https://name:s3cret@example.org/group/models.git").startswith("example.org-group-models-")
    assert mirror._name("git@example.org:group/models.git").startswith("example.org-group-models-")


def test_a_cache_folder_that_was_open_is_closed(cache, url):
    cache.mkdir(parents=True)
    cache.chmod(0o777)

    production(url)

    assert cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_a_cache_folder_of_somebody_else_is_not_used(cache, url):
    cache.mkdir(parents=True)
    os.chown(cache, 12345, 12345)

    with pytest.raises(BusyError, match="somebody else's"):
        production(url)


def test_a_cache_that_cannot_be_made_is_busy(cache, url):
    cache.parent.write_text("a file")

    with pytest.raises(BusyError, match="cannot write to the cache folder"):
        production(url)


def test_addresses_do_not_share_a_clone(bare, url, cache):
    production(url)
    production(f"file://{bare.parent}/./models.git")

    assert len(clones(cache)) == 2


def half_made(clone):
    clone.rename(f"{clone}.new")
    (Path(f"{clone}.new") / "HEAD").unlink()


def half_replaced(clone):
    shutil.copytree(clone, f"{clone}.new")
    clone.rename(f"{clone}.old")


def no_objects(clone):
    shutil.rmtree(clone / "objects")
    (clone / "objects").mkdir()


def packs_cut_short(clone):
    for pack in clone.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:40])


def no_refs(clone):
    shutil.rmtree(clone / "refs")


def no_config(clone):
    (clone / "config").unlink()


def an_empty_ref(clone):
    (clone / "refs/heads/main").write_text("")


def an_empty_config(clone):
    (clone / "config").write_text("")


def a_config_that_git_cannot_read(clone):
    (clone / "config").write_text("[core\n")


def no_folder_of_objects(clone):
    shutil.rmtree(clone / "objects")


def instead(name, *, folder=False):
    """Return a damage: a file, or a *folder*, where the clone has something else."""

    def damage(clone):
        place = clone / name
        if place.is_dir():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.parent.mkdir(exist_ok=True)
        place.mkdir() if folder else place.write_text("")

    damage.__name__ = f"a {'folder' if folder else 'file'} for {name or 'all of it'}"
    return damage


BROKEN = [
    no_objects, no_folder_of_objects, no_refs, no_config, an_empty_ref, a_config_that_git_cannot_read,
    *(instead(name) for name in ("", "objects", "objects/pack", "refs", "refs/heads", "gitreg", "HEAD")),
    *(instead(name, folder=True) for name in ("HEAD", "config", "packed-refs", "refs/heads/main", "gitreg/lock")),
]  # fmt: skip


@pytest.mark.parametrize("damage", [half_made, half_replaced, packs_cut_short, an_empty_config, *BROKEN], ids=lambda damage: damage.__name__.replace("_", " "))
def test_a_clone_that_a_crash_left_damaged_is_made_anew(url, bare, cache, damage):
    production(url)
    damage(cache / clones(cache)[0])
    move(bare, 3)

    assert production(url) == 3
    assert sorted(path.suffix for path in cache.iterdir()) == [".git", ".lock"]


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__.replace("_", " "))
def test_without_fetch_a_damaged_clone_is_told_with_the_way_out(url, bare, cache, damage):
    production(url)
    damage(cache / clones(cache)[0])
    shutil.move(bare, bare.parent / "away.git")

    with pytest.raises(GitregError) as caught:
        production(url, fetch=False)
    shutil.move(bare.parent / "away.git", bare)

    assert caught.value.code in (3, 6, 7)
    assert "--no-fetch" in caught.value.hint or "its remote 'origin' does not give them" in caught.value.message
    assert production(url) == 1


def cut_in_half(pack):
    pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])


def with_other_bytes(pack):
    data = pack.read_bytes()
    pack.write_bytes(data[:20] + bytes(255 - byte for byte in data[20:-20]) + data[-20:])


def with_half_an_index(pack):
    pack.with_suffix(".idx").chmod(0o644)
    cut_in_half(pack.with_suffix(".idx"))


def with_damaged_contents(clone, damage):
    """Damage the packs of a clone that hold what was fetched later: all but the first."""
    first, *others = sorted((clone / "objects" / "pack").glob("*.pack"), key=lambda pack: pack.stat().st_mtime_ns)
    assert others
    for pack in others:
        pack.chmod(0o644)
        damage(pack)
    return first


@pytest.mark.parametrize("damage", [cut_in_half, with_half_an_index], ids=lambda damage: damage.__name__.replace("_", " "))
def test_packs_of_contents_that_a_crash_cut_short_are_fetched_again(url, cache, damage):
    with Registry.open(url) as registry:
        registry.models()
    with_damaged_contents(cache / clones(cache)[0], damage)

    assert production(url) == 1


READS = {
    "one": lambda registry: registry.get("iris@production").number,
    "many": lambda registry: registry.models()[0].stages["production"],
    "history": lambda registry: registry.history("iris", "production")[0].number,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_damage_that_only_reading_finds_is_told_once_and_gone_then(url, cache, read):
    with Registry.open(url) as registry:
        registry.models()
        registry.history()
    with_damaged_contents(cache / clones(cache)[0], with_other_bytes)

    with Registry.open(url) as registry, pytest.raises(InvalidError, match=r"damaged|cannot read") as caught:
        read(registry)
    with Registry.open(url) as registry:
        again = read(registry)

    assert caught.value.hint == "the same again, without --no-fetch: what is in the cache is made anew"
    assert again == 1
    assert not (cache / clones(cache)[0] / "damaged").exists()


def test_damage_elsewhere_does_not_keep_the_last_known_state_from_being_read(url, bare, cache):
    production(url)
    (cache / clones(cache)[0] / "damaged").touch()
    shutil.rmtree(bare)

    assert production(url, fetch=False) == 1


def test_who_reads_a_clone_while_another_is_made_reads_on(url, cache):
    with Registry.open(url) as reading:
        assert reading.get("iris@1").number == 1
        (cache / clones(cache)[0] / "damaged").touch()

        assert production(url) == 1

        assert [version.number for version in reading.versions("iris")] == [1, 2, 3]
        assert len(reading.history()) == 6


def test_a_repository_of_the_person_s_own_is_never_made_anew(bare, git, tmp_path):
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{bare}", "mine")
    with Registry.open(tmp_path / "mine") as registry:
        registry.models()
    with_damaged_contents(tmp_path / "mine" / ".git", with_other_bytes)

    with Registry.open(tmp_path / "mine") as registry, pytest.raises(InvalidError) as caught:
        registry.models()

    assert caught.value.hint == "git fsck"
    assert not (tmp_path / "mine" / ".git" / "damaged").exists()


@pytest.mark.parametrize("given", ["FILE://", "File://"])
def test_a_scheme_in_capitals_is_the_same_address(url, cache, given):
    production(url)

    assert production(url.replace("file://", given)) == 1
    assert len(clones(cache)) == 1
    assert mirror.checked("HTTPS://Example.org/Models.git") == "https://Example.org/Models.git"
    with pytest.raises(UsageError, match="cannot be followed"):
        mirror.checked("EXT::sh -c date")


def test_a_fetch_that_was_killed_is_done_again(url, bare, cache):
    production(url)
    move(bare, 3)
    clone = cache / clones(cache)[0]
    for left in ("refs/heads/main.lock", "refs/remotes/origin/main.lock", "packed-refs.lock", "HEAD.lock", "shallow.lock", "config.lock", "objects/pack/tmp_pack_x"):
        (clone / left).write_text("")

    assert production(url) == 3


# -- many at once -----------------------------------------------------------------------------------------


def test_processes_that_open_it_at_once_make_one_clone(url, cache):
    command = [sys.executable, "-m", "gitreg", "get", "iris@production", "number", "-R", url]

    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(6)]

    assert [process.communicate() for process in running] == [("1\n", "")] * 6
    assert len(clones(cache)) == 1


def test_a_clone_that_another_process_makes_is_waited_for(url, cache, monkeypatch):
    cache.mkdir(parents=True)
    monkeypatch.setattr(mirror, "_PATIENCE", 0.0)

    with lock.taken(str(cache / f"{mirror._name(url)}.lock"), 0o600, "fetching"), pytest.raises(BusyError, match="another process has been fetching"):
        mirror.opened(url, None)


def test_a_use_that_finds_nothing_new_waits_for_nobody(url, cache):
    production(url)

    with lock.taken(str(cache / f"{mirror._name(url)}.lock"), 0o600, "fetching"):
        assert production(url) == 1


def test_a_board_of_many_models_takes_as_many_fetches_as_one_of_few(url, bare, hermetic, monkeypatch):
    with Registry.open(bare) as registry, registry.transaction() as tx:
        for number in range(200):
            tx.register(f"model-{number}")
    trace = hermetic / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))

    with Registry.open(url) as registry:
        assert len(registry.models()) == 201

    assert count_of(trace, "fetch") <= 3
    assert count_of(trace, "ls-remote") == 1
