"""The state rules R01 to R09: one planted fault each, found with rule, path and line; a sound registry has none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitreg import Registry

CONFIG, CARD, STAGES = "gitreg.yaml", "models/iris/model.yaml", "models/iris/stages.yaml"
FIRST, THIRD = "models/iris/versions/1.yaml", "models/iris/versions/3.yaml"


def edit(path, old, new):
    """Return a fault: *old* becomes *new* in a file."""

    def plant(folder):
        file = folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    return plant


def write(path, text):
    """Return a fault: a file holds *text*."""

    def plant(folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return plant


def remove(path):
    return lambda folder: (folder / path).unlink()


def link(path, target):
    return lambda folder: ((folder / path).unlink(missing_ok=True), (folder / path).symlink_to(target))


def mode(path):
    return lambda folder: (folder / path).chmod(0o755)


def copy(source, path, *swaps):
    def plant(folder):
        text = (folder / source).read_text()
        for old, new in swaps:
            text = text.replace(old, new)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return plant


FAULTS = {
    "R01 not YAML": (edit(CARD, "name: iris", "name: [iris"), ("R01", CARD, 3)),
    "R01 conflict": (edit(STAGES, "  number: 1\n", "<<<<<<< ours\n  number: 1\n=======\n  number: 3\n>>>>>>> theirs\n"), ("R01", STAGES, 11)),
    "R01 duplicate key": (edit(THIRD, "status: ready", "status: ready\nstatus: ready"), ("R01", THIRD, 5)),
    "R01 anchor": (edit(THIRD, "status: ready", "status: &a ready"), ("R01", THIRD, 4)),
    "R01 tag": (edit(THIRD, "status: ready", "status: !!str ready"), ("R01", THIRD, 4)),
    "R01 too large": (edit(THIRD, "status: ready", "status: ready" + " #" * 600_000), ("R01", THIRD, 0)),
    "R01 not finite": (edit(THIRD, "accuracy: 0.97", "accuracy: .inf"), ("R01", THIRD, 8)),
    "R02 unknown key": (edit(THIRD, "status: ready", "status: ready\ncolour: red"), ("R02", THIRD, 5)),
    "R02 wrong type": (edit(THIRD, "accuracy: 0.97", "accuracy: high"), ("R02", THIRD, 8)),
    "R02 missing key": (edit(THIRD, 'version: "3"\n', ""), ("R02", THIRD, 1)),
    "R02 newer format": (edit(CONFIG, "format: 1", "format: 2"), ("R02", CONFIG, 3)),
    "R02 unknown stage": (edit(STAGES, "archived: []", "canary:\n  number: null\n  previous: []\n\narchived: []"), ("R02", STAGES, 14)),
    "R02 from an unknown stage": (edit(CONFIG, "  production: {}", "  production:\n    from: [canary]"), ("R02", CONFIG, 17)),
    "R02 gate that is not CEL": (edit(CONFIG, "  production: {}", "  production:\n    require:\n      - {name: g, expr: 'candidate.'}"), ("R02", CONFIG, 18)),
    "R02 no card": (remove(CARD), ("R02", CARD, 0)),
    "R02 no pointers": (remove(STAGES), ("R02", STAGES, 0)),
    "R03 another model's card": (edit(CARD, "name: iris", "name: rose"), ("R03", CARD, 2)),
    "R03 another version's manifest": (edit(THIRD, "number: 3", "number: 8"), ("R03", THIRD, 2)),
    "R04 a gap": (copy(THIRD, "models/iris/versions/5.yaml", ("number: 3", "number: 5"), ('"3"', '"5"')), ("R04", "models/iris/versions/4.yaml", 0)),
    "R05 no such version": (edit(STAGES, "number: 1", "number: 9"), ("R05", STAGES, 11)),
    "R05 not ready": (edit(FIRST, "status: ready", "status: failed"), ("R05", STAGES, 11)),
    "R05 yanked": (edit(FIRST, "status: ready", 'status: ready\nyanked: {at: "2026-01-01T00:00:00Z", by: x, reason: y}'), ("R05", STAGES, 11)),
    "R06 a name twice": (edit(THIRD, 'version: "3"', 'version: "2"'), ("R06", THIRD, 3)),
    "R06 a name that is a stage": (edit(THIRD, 'version: "3"', 'version: "production"'), ("R06", THIRD, 3)),
    "R06 models that differ in case": (lambda f: (copy(CARD, "models/Iris/model.yaml", ("name: iris", "name: Iris"))(f), copy(STAGES, "models/Iris/stages.yaml", ("number: 1", "number: null"), ("number: 2", "number: null"))(f)), ("R06", "models/iris", 0)),
    "R07 a symbolic link": (link(CARD, "/etc/passwd"), ("R07", CARD, 0)),
    "R07 executable": (mode(THIRD), ("R07", THIRD, 0)),
    "R08 a stray file": (write("models/iris/notes.txt", "mine"), ("R08", "models/iris/notes.txt", 0)),
    "R08 a stray among the models": (write("models/README.md", "mine"), ("R08", "models/README.md", 0)),
    "R08 a manifest in the wrong folder": (copy(THIRD, "models/iris/versions/1000/3.yaml"), ("R08", "models/iris/versions/1000/3.yaml", 0)),
    "R09 two stages": (edit(STAGES, "number: 2", "number: 1"), ("R09", STAGES, 11)),
    "R09 the holder in previous": (edit(STAGES, "number: 1\n  previous: []", "number: 1\n  previous: [1]"), ("R09", STAGES, 12)),
    "R09 previous twice": (edit(STAGES, "number: 1\n  previous: []", "number: 1\n  previous: [3, 3]"), ("R09", STAGES, 12)),
    "R09 previous that never was": (edit(STAGES, "number: 1\n  previous: []", "number: 1\n  previous: [9]"), ("R09", STAGES, 12)),
    "R09 a holder in archived": (edit(STAGES, "archived: []", "archived:\n  - 1"), ("R09", STAGES, 14)),
    "R09 archived twice": (edit(STAGES, "archived: []", "archived:\n  - 3\n  - 3"), ("R09", STAGES, 14)),
}  # fmt: skip


def findings(registry):
    with Registry.open(registry.path) as fresh:
        return [(f.rule, f.path, f.line) for f in fresh.check()]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_where_it_stands(iris, git, fault):
    plant, expected = FAULTS[fault]
    plant(Path(iris.path))
    git(iris.path, "add", "-A")
    git(iris.path, "commit", "-m", "by hand")

    found = findings(iris)

    assert found == [expected]


def test_every_gate_is_compiled_and_each_fault_told_with_gate_line_and_column(iris, git):
    gates = {"typo": "candidat.number > 1", "sum": "1 + 1", "fine": "candidate.number > 1", "doubt": "candidate.metricz.a > 0.5"}
    rules = "".join(f"      - name: {name}\n        expr: {expression}\n" for name, expression in gates.items())
    edit(CONFIG, "  production: {}", f"  production:\n    require:\n{rules}")(Path(iris.path))
    git(iris.path, "commit", "-am", "by hand")

    with Registry.open(iris.path) as fresh:
        said = [(f.severity, f.line, f.message) for f in fresh.check()]

    where = "stages.production.require: gate"
    assert said == [
        ("error", 19, f"{where} 'typo': column 1: nothing is called 'candidat', did you mean 'candidate'? in 'candidat.number > 1'"),
        ("error", 21, f"{where} 'sum': column 1: it gives a whole number, and a gate gives true or false in '1 + 1'"),
        ("warning", 25, f"{where} 'doubt': column 11: candidate has no field 'metricz', did you mean 'metrics'? in 'candidate.metricz.a > 0.5'"),
    ]


def test_a_sound_registry_has_no_findings(iris, git):
    iris.register("team/rose", "1.0.5", metrics={"auc": 1})
    iris.promote("iris@3", "production")
    iris.rollback("iris", "production")
    iris.yank("iris@3", reason="x")
    Path(iris.path, "README.md").write_text("a file beside the registry")
    git(iris.path, "add", "-A")
    git(iris.path, "commit", "-m", "a file")

    assert findings(iris) == []


def test_a_sound_registry_of_more_than_a_thousand_versions_has_no_findings(registry):
    with registry.transaction() as tx:
        for _ in range(1002):
            tx.register("iris")

    assert findings(registry) == []


def test_a_submodule_is_found_and_not_entered(iris, git, tmp_path):
    git(iris.path, "update-index", "--add", "--cacheinfo", f"160000,{iris.snapshot().commit},models/iris/sub")
    git(iris.path, "commit", "-m", "by hand")

    assert ("R07", "models/iris/sub", 0) in findings(iris)


def test_a_link_out_of_the_registry_is_not_followed(iris, git, tmp_path):
    (tmp_path / "secret.yaml").write_text("secret: hunter2\n")
    link(THIRD, tmp_path / "secret.yaml")(Path(iris.path))
    git(iris.path, "add", "-A")
    git(iris.path, "commit", "-m", "by hand")

    with Registry.open(iris.path) as fresh:
        found = fresh.check()
    assert "R07" in [f.rule for f in found]
    assert not [f for f in found if "hunter2" in f.message or "secret" in f.message]


def test_all_findings_of_all_files_come_in_one_run_by_path_and_line(iris, git):
    edit(THIRD, "status: ready", "status: done\ncolour: red\nshape: round")(Path(iris.path))
    edit(STAGES, "number: 1", "number: 9")(Path(iris.path))
    edit(CARD, "name: iris", "name: rose")(Path(iris.path))
    git(iris.path, "commit", "-am", "by hand")

    assert findings(iris) == [("R03", CARD, 2), ("R05", STAGES, 11), ("R02", THIRD, 4), ("R02", THIRD, 5), ("R02", THIRD, 6)]


def test_a_lost_object_is_damage(iris, git):
    blob = git(iris.path, "rev-parse", f"HEAD:{THIRD}")
    os.unlink(Path(iris.path, ".git/objects", blob[:2], blob[2:]))

    assert ("R01", THIRD, 0) in findings(iris)


def test_check_judges_a_subfolder_by_its_own_paths(tmp_path, git):
    git(tmp_path, "init", "code")
    with Registry.init(tmp_path / "code" / "registry") as registry:
        registry.register("iris")
        write("registry/models/iris/notes.txt", "mine")(tmp_path / "code")
        git(tmp_path / "code", "add", "-A")
        git(tmp_path / "code", "commit", "-m", "by hand")

        assert [(f.rule, f.path) for f in registry.check()] == [("R08", "models/iris/notes.txt")]
