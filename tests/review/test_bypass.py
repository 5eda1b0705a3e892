"""Ways around the gates: whatever a change does first to the files that a judge reads, what it promotes is judged."""

from __future__ import annotations

import os

import pytest

from gitreg import Registry
from tests.review.test_rules import CARD, CONFIG, FOURTH, STAGES, Bench, edit, register, write

GATE = "production: {require: [{name: good, expr: candidate.metrics.accuracy >= 0.9}]}"


@pytest.fixture
def gated(iris, git):
    """Iris with three versions, 1 in production, and one that fails the gate that production has."""
    bench = Bench(iris.path, git)
    bench.on("main", edit(CONFIG, "production: {}", GATE), register(metrics={"accuracy": 0.5}))
    return bench


def by_hand(number):
    return edit(STAGES, "production:\n  number: 1\n  previous: []", f"production:\n  number: {number}\n  previous: [1]")


def more(path, text):
    def do(_, folder):
        (folder / path).write_text((folder / path).read_text() + text)

    return do


def linked(registry, folder):
    (folder / STAGES).unlink()
    os.symlink("/etc/passwd", folder / STAGES)


BROKEN = {
    "pointers that are no YAML": (STAGES, lambda text: text + "}{\n"),
    "pointers with a key that is unknown": (STAGES, lambda text: text.replace("previous: []", "previous: []\n  bogus: 1", 1)),
    "pointers that are gone": (STAGES, None),
    "pointers that are a link": (STAGES, linked),
    "a card with a key that is unknown": (CARD, lambda text: text + "bogus: 1\n"),
    "a version with a key that is unknown": (FOURTH, lambda text: text + "bogus: 1\n"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_repair_of_a_broken_base_is_judged_by_the_gates(gated, case):
    path, spoil = BROKEN[case]
    whole = gated.git("show", f"main:{path}") + "\n"

    def broken(registry, folder):
        if spoil is None:
            (folder / path).unlink()
        elif spoil is linked:
            linked(registry, folder)
        else:
            (folder / path).write_text(spoil((folder / path).read_text()))

    def mended(_, folder):
        (folder / path).unlink(missing_ok=True)
        (folder / path).write_text(whole)

    gated.on("main", broken)
    gated.on("change", mended, by_hand(4))

    assert ("T04", STAGES) in gated.says()


def test_a_repair_of_broken_pointers_that_puts_back_what_was_is_sound(gated):
    whole = gated.git("show", f"main:{STAGES}") + "\n"
    gated.on("main", write(STAGES, whole + "}{\n"))
    gated.on("change", write(STAGES, whole))

    assert gated.findings() == ()


def test_what_cannot_be_judged_says_so(gated):
    gated.on("main", more(CARD, "bogus: 1\n"))
    gated.on("change", edit(CARD, "bogus: 1\n", ""), by_hand(4))

    [found] = [f for f in gated.findings() if f.rule == "T04"]

    assert found.message.startswith("production: iris@4 cannot be judged: models/iris/model.yaml:5: bogus: unknown key")
    assert found.fix == "mend that file first, in a change of its own"


def test_diff_shows_the_holders_of_pointers_that_were_broken(gated):
    whole = gated.git("show", f"main:{STAGES}") + "\n"
    gated.on("main", write(STAGES, whole + "}{\n"))
    gated.on("change", write(STAGES, whole), by_hand(4))

    with Registry.open(gated.folder) as registry:
        moves = registry.diff("main", "change").moves

    assert [(move.stage, move.after.number) for move in moves] == [("production", 4), ("staging", 2)]
