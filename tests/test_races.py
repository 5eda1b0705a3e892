"""Writers at once, each a process or a thread of its own: nobody is refused for having been second."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitreg import Model, Registry

CLI = [sys.executable, "-m", "gitreg"]


def together(commands, folder):
    """Run commands at the same time; return their exit codes and what they printed."""
    running = [subprocess.Popen([*CLI, "-R", str(folder), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for command in commands]
    said = [process.communicate() for process in running]
    return [process.returncode for process in running], [out.strip() for out, _ in said]


def test_eight_register_commands_at_once_get_eight_numbers(registry):
    codes, printed = together([("register", "iris")] * 8, registry.path)

    assert codes == [0] * 8
    assert sorted(printed) == [f"iris@{number}" for number in range(1, 9)]
    assert registry.check() == ()


def test_promotions_at_once_all_happen_one_after_the_other(iris):
    codes, _ = together([("promote", f"iris@{number}", "development") for number in (1, 2, 3)], iris.path)

    assert codes == [0, 0, 0]
    assert len([e for e in iris.history("iris", "development") if e.event == "promoted"]) >= 1
    assert iris.check() == ()


def test_of_two_that_expect_the_same_holder_one_is_told(iris):
    codes, _ = together([("promote", f"iris@{number}", "production", "--expect", "1") for number in (2, 3)], iris.path)

    assert sorted(codes) == [0, 4]


def test_models_without_a_version_get_a_number_each(registry, monkeypatch):
    monkeypatch.chdir(registry.path)

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(lambda _: Model("iris").number, range(6)))

    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]


def test_models_of_one_name_get_one_version(registry, monkeypatch):
    monkeypatch.chdir(registry.path)

    with ThreadPoolExecutor(6) as pool:
        numbers = set(pool.map(lambda _: Model("iris", version="v1").number, range(6)))

    assert numbers == {1}


def test_models_that_are_made_and_promoted_at_once_promote_their_own(registry, monkeypatch):
    monkeypatch.chdir(registry.path)

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: Model("iris").set_stage("staging"), range(4)))

    assert sorted(receipt.version.number for receipt in receipts) == [1, 2, 3, 4]
    assert all([event.number for event in receipt.events if event.event == "promoted"] == [receipt.version.number] for receipt in receipts)


def test_a_card_that_is_given_is_set_when_an_existing_version_is_written(iris, monkeypatch):
    monkeypatch.chdir(iris.path)

    Model("iris", version=1, license="MIT").log_metadata({"a": 1})

    assert iris.model("iris").license == "MIT"


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_a_read_only_environment_creates_nothing(registry, monkeypatch, value):
    monkeypatch.chdir(registry.path)
    monkeypatch.setenv("GITREG_READONLY", value)

    with pytest.raises(KeyError, match="read-only"):
        _ = Model("iris").number


# -- somebody else's surroundings -----------------------------------------------------------------------------


def test_a_hook_s_environment_does_not_lead_into_its_own_repository(registry, tmp_path, monkeypatch, git):
    with Registry.init(tmp_path / "other") as other:
        tip = git(other.path, "rev-parse", "HEAD")
        monkeypatch.setenv("GIT_DIR", f"{other.path}/.git")
        monkeypatch.setenv("GIT_INDEX_FILE", f"{other.path}/.git/index")

        with Registry.open(registry.path) as opened:
            opened.register("iris")
            found = opened.get("iris").number

    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert found == 1
    assert git(other.path, "rev-parse", "HEAD") == tip


def test_a_log_that_follows_renames_by_config_changes_no_history(iris, git):
    iris.register("rose")
    iris.promote("rose@1", "production")
    git(iris.path, "config", "log.follow", "true")

    assert [event.number for event in iris.history("rose", "production")] == [1]


def test_a_shallow_clone_attributes_nothing_to_the_commit_where_it_ends(iris, git, tmp_path):
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{iris.path}", "shallow")

    with Registry.open(tmp_path / "shallow") as shallow:
        assert shallow.history() == ()
        assert shallow.get("iris@production").number == 1


def test_review_guards_the_branch_of_a_remote_whose_name_has_a_slash(iris, git):
    text = "remote: team/up\n" + Path(f"{iris.path}/gitreg.yaml").read_text().replace("production: {}", "production: {review: true}")
    Path(f"{iris.path}/gitreg.yaml").write_text(text)
    git(iris.path, "commit", "-qam", "policy")
    git(iris.path, "update-ref", "refs/remotes/team/up/main", "HEAD")
    git(iris.path, "symbolic-ref", "refs/remotes/team/up/HEAD", "refs/remotes/team/up/main")

    with Registry.open(iris.path, offline=True) as registry, pytest.raises(RuntimeError, match="reviewed pull request"):
        registry.promote("iris@3", "production")


@pytest.mark.parametrize("folder", ["5", "0100", "1001", "1500"])
def test_a_stray_folder_of_digits_changes_no_number(iris, git, folder):
    stray = f"models/iris/versions/{folder}"
    Path(iris.path, stray).mkdir()
    Path(iris.path, stray, "README").touch()
    git(iris.path, "add", stray)
    git(iris.path, "commit", "-qm", "stray")

    assert iris.register("iris").number == 4
    assert [finding.rule for finding in iris.check()] == ["R08"]


def test_a_name_in_a_flow_map_is_not_the_version_s(iris, git):
    path = f"{iris.path}/models/iris/versions/3.yaml"
    text = Path(path).read_text().replace('version: "3"', "version: real")
    Path(path).write_text(text + 'metadata: {\nversion: "evil"\n}\n')
    git(iris.path, "commit", "-qam", "by hand")

    assert iris.get("iris@real").number == 3
    with pytest.raises(KeyError):
        iris.get("iris@evil")


def test_a_local_file_given_as_an_address_is_hashed_and_verified(registry, tmp_path, monkeypatch):
    monkeypatch.chdir(registry.path)
    file = tmp_path / "model.bin"
    file.write_bytes(b"one")
    registry.register("iris", artifacts={"model": f"file://{file}"})
    file.write_bytes(b"two")

    with pytest.raises(RuntimeError, match="not the one that was registered"):
        Model("iris", version=1).load_artifact("model")


def test_a_rollback_passes_over_a_number_that_is_none(iris, git):
    path = f"{iris.path}/models/iris/stages.yaml"
    iris.promote("iris@3", "production")
    text = Path(path).read_text().replace("previous: [1]", "previous: [99, 1]")
    Path(path).write_text(text)
    git(iris.path, "commit", "-qam", "by hand")

    assert iris.rollback("iris", "production").version.number == 1


def test_a_stage_that_points_nowhere_can_be_promoted_to(iris, git):
    path = f"{iris.path}/models/iris/stages.yaml"
    text = Path(path).read_text().replace("number: 1", "number: 99")
    Path(path).write_text(text)
    git(iris.path, "commit", "-qam", "by hand")

    iris.promote("iris@3", "production")

    assert iris.get("iris@production").number == 3
    assert iris.check() == ()


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_ends_no_command_with_an_error(iris, closed):
    done = subprocess.run(["sh", "-c", f"{' '.join(CLI)} -R {iris.path} promote iris@3 development {closed}"], capture_output=True, text=True, check=False)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
