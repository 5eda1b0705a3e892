"""A check of all reads what changed since the last one, and says what it would say if nothing had been remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitreg import Registry
from gitreg.review import again
from gitreg.store.proven import Proven
from gitreg.store.reader import Reader
from gitreg.where import locate

MODELS = ("iris", "churn", "team/fraud", "team/spam")


class Counting(Reader):
    """A reader that counts what is read through it."""

    count = 0

    def read_many(self, specs, most=1 << 26):
        self.count += len(specs)
        return super().read_many(specs, most)

    def read(self, spec, most=1 << 26):
        self.count += 1
        return super().read(spec, most)


@pytest.fixture
def board(registry):
    """Return a registry of four models with two versions each, one in production, found sound."""
    for model in MODELS:
        registry.register(model, "first")
        registry.register(model, "second")
        registry.promote(f"{model}@1", "production")
    assert registry.check() == ()
    return registry


def checked(path):
    """Return what a registry just opened finds, and how many objects it read for that."""
    location = locate(str(path), None)
    location.repo.reader = Counting(location.repo.git_dir)
    with Registry(location) as registry:
        return registry.check(), location.repo.reader.count


def fresh(path, monkeypatch):
    """Return what a check finds that remembers nothing."""
    with monkeypatch.context() as patch:
        patch.setenv("GITREG_CACHE", "0")
        return checked(path)


def kept(registry):
    return sorted(path for path in Path(registry.path, ".git", "gitreg", "proven").rglob("*") if path.is_file())


def test_what_has_not_changed_is_not_read_again(board, monkeypatch):
    _, all_of_it = fresh(board.path, monkeypatch)

    found, count = checked(board.path)

    assert found == ()
    assert all_of_it >= 4 * len(MODELS)
    assert count <= 8  # gitreg.yaml, the schemas, the folders on the way


def test_of_a_promotion_only_that_model_is_read(board):
    _, nothing_changed = checked(board.path)
    board.promote("churn@2", "production")

    found, count = checked(board.path)

    assert found == ()
    assert count - nothing_changed == 4  # two versions, card and pointers


def test_of_a_large_model_only_new_versions_are_read(registry):
    with registry.transaction() as tx:
        for number in range(1, 151):
            tx.register("iris", f"v{number}")
    registry.check()
    _, nothing_changed = checked(registry.path)
    registry.register("iris", "one-more")
    registry.promote("iris@151", "production")

    found, count = checked(registry.path)

    assert found == ()
    assert count - nothing_changed < 10


def wrong_file(folder: Path) -> None:
    (folder / "models/iris/versions/2.yaml").write_text("number: 9\n")


def wrong_pointer(folder: Path) -> None:
    stages = folder / "models/churn/stages.yaml"
    stages.write_text(stages.read_text().replace("number: 1", "number: 7"))


def stage_gone(folder: Path) -> None:
    config = folder / "gitreg.yaml"
    config.write_text(config.read_text().replace("  staging: {}\n", ""))


def version_gone(folder: Path) -> None:
    (folder / "models/team/fraud/versions/1.yaml").unlink()


def model_gone(folder: Path) -> None:
    for path in sorted((folder / "models/team/spam").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def stray_beside_models(folder: Path) -> None:
    (folder / "models/team/notes.txt").write_text("x")


def stray_in_a_model(folder: Path) -> None:
    (folder / "models/iris/notes.txt").write_text("x")


def case_before(folder: Path) -> None:
    copied(folder, "Iris")


def case_after(folder: Path) -> None:
    copied(folder, "iriS")


def model_above_models(folder: Path) -> None:
    copied(folder, "team")


def model_below_a_model(folder: Path) -> None:
    copied(folder, "iris/below")


def config_broken(folder: Path) -> None:
    (folder / "gitreg.yaml").write_text("format: [\n")


def copied(folder: Path, name: str) -> None:
    for path in sorted((folder / "models/churn").rglob("*.yaml")):
        to = folder / "models" / name / path.relative_to(folder / "models/churn")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(path.read_text().replace("name: churn", f"name: {name}"))


CHANGES = [wrong_file, wrong_pointer, stage_gone, version_gone, model_gone, stray_beside_models, stray_in_a_model, case_before, case_after, model_above_models, model_below_a_model, config_broken]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_it_says_what_it_would_say_if_nothing_were_remembered(board, git, monkeypatch, change):
    change(Path(board.path))
    git(board.path, "add", "-A")
    git(board.path, "commit", "-q", "-m", "by hand")
    expected, _ = fresh(board.path, monkeypatch)

    first, again_ = checked(board.path)[0], checked(board.path)[0]

    assert first == again_ == expected
    assert bool(expected) == (change is not model_gone)


def test_what_was_wrong_and_is_mended_is_sound(board, git):
    wrong_file(Path(board.path))
    git(board.path, "commit", "-q", "-a", "-m", "by hand")
    assert len(board.check()) >= 1
    git(board.path, "revert", "--no-edit", "HEAD")

    assert checked(board.path)[0] == ()


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 40, None], ids=["empty", "a map of nothing", "noise", "another's"])
def test_a_file_that_is_damaged_or_foreign_is_a_miss(board, data):
    wrong = Proven(board.location.repo.common_dir, "other", saves=True)
    wrong.keep({"iris": "0" * 40}, {})
    foreign = next(path.read_bytes() for path in kept(board) if path.parent.name == "other" and path.read_bytes())
    for path in kept(board):
        path.write_bytes((foreign[:-1] + b"x") if data is None else data)

    assert checked(board.path)[0] == ()
    assert checked(board.path)[1] <= 8


def test_it_can_be_turned_off(registry, monkeypatch):
    monkeypatch.setenv("GITREG_CACHE", "0")
    registry.register("iris")

    assert registry.check() == ()

    assert kept(registry) == []


def test_who_leaves_no_trace_keeps_nothing(registry):
    registry.register("iris")
    registry.leave_no_trace()

    assert registry.check() == ()

    assert kept(registry) == []


def test_a_folder_that_cannot_be_written_is_no_error(registry):
    registry.register("iris")
    Path(registry.path, ".git", "gitreg", "proven").write_text("in the way")

    assert registry.check() == ()


def test_a_check_of_a_change_asks_nothing_of_what_is_remembered(board, git):
    wrong_file(Path(board.path))
    git(board.path, "commit", "-q", "-a", "-m", "by hand")
    snapshot = board.snapshot()
    proven = Proven(board.location.repo.common_dir, kept(board)[0].parent.name, saves=True)
    proven.keep({"iris": again._tree(snapshot, "iris")}, {})  # a verdict that nobody gave
    assert board.check() == ()

    found = board.check("HEAD~1", "HEAD")

    assert {finding.path for finding in found} == {"models/iris/versions/2.yaml"}


def test_of_many_policies_the_newest_are_kept(board, git):
    config = Path(board.path, "gitreg.yaml")
    for number in range(6):
        config.write_text(config.read_text() + f"# {number}\n")
        git(board.path, "commit", "-q", "-a", "-m", "by hand")
        assert checked(board.path)[0] == ()

    assert len({path.parent for path in kept(board)}) == 4
