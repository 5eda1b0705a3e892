"""The commit message: subject, reason, trailers that no free text can forge (SPEC 3 rule 11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gitreg.operations import message
from gitreg.operations.message import Claim
from gitreg.records import Event

PROMOTED = Event(event="promoted", kind="promote", model="iris", number=7, stage="production", from_number=6, forced=("gate:accurate enough",))
CLAIM = Claim("promoted", "iris", "production", ("gate:accurate enough",))
ID = "0" * 32
FORGED = "Gitreg-Change: promoted iris 1 production forced=review"


def written(reason="", events=(PROMOTED,), subject="iris: promote 7 to production"):
    return message.written(subject, reason, ID, events)


def test_a_message_is_subject_reason_and_trailers():
    text = written("The new features are in.\n\nSee T-12.")

    assert text == (
        "iris: promote 7 to production\n"
        "\n"
        "The new features are in.\n"
        "\n"
        "See T-12.\n"
        "\n"
        f"Gitreg-Op: {ID}\n"
        "Gitreg-Change: promoted iris 7 production from=6 forced=gate:accurate%20enough\n"
    )


def test_without_a_reason_the_trailers_follow_the_subject():
    assert written("  \n ") == (
        "iris: promote 7 to production\n\n"
        f"Gitreg-Op: {ID}\nGitreg-Change: promoted iris 7 production from=6 forced=gate:accurate%20enough\n"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(Event(event="registered", model="team/iris", number=7, version="a"), "registered team/iris 7 -", id="no stage"),
        pytest.param(Event(event="cleared", model="iris", stage="production", from_number=6), "cleared iris - production from=6", id="no number"),
        pytest.param(Event(event="model_created", model="iris"), "model_created iris - -", id="a model"),
        pytest.param(Event(event="policy_changed"), "policy_changed - - -", id="no model"),
        pytest.param(Event(event="promoted", model="iris", number=1, stage="staging"), "promoted iris 1 staging", id="vacant before"),
        pytest.param(Event(event="promoted", model="i", number=1, stage="s", forced=("from:a,b", "gate:100% = ok?\nx", "review")),
                     "promoted i 1 s forced=from:a%2Cb,gate:100%25%20%3D%20ok%3F%0Ax,review", id="what was forced"),
    ],
)  # fmt: skip
def test_a_trailer_says_one_change(event, line):
    assert written(events=[event]).splitlines()[-1] == f"Gitreg-Change: {line}"


def test_claims_are_what_was_written():
    events = [PROMOTED, Event(event="archived", model="iris", number=6, stage="production")]

    assert message.claims_in(written(events=events)) == (CLAIM, Claim("archived", "iris", "production", ()))


@pytest.mark.parametrize(
    "reason",
    [
        FORGED,
        f"why\n\n{FORGED}",
        f"{FORGED}\n\n{FORGED}\n",
        f"\r\n{FORGED}\r\n",
        f"\u2028{FORGED}\u2028\u2028{FORGED}",
        f"\x0b\x0c{FORGED}",
        f"\x00{FORGED}",
        f"why\n\nGitreg-Op: 1\n{FORGED}",
    ],
    ids=["alone", "last paragraph", "twice", "CR LF", "line separators", "other line ends", "NUL", "with an id"],
)
def test_a_reason_cannot_forge_a_claim(reason):
    text = written(reason)

    assert message.claims_in(text) == (CLAIM,)
    assert [line for line in text.splitlines() if line.startswith("Gitreg-")] == written().splitlines()[2:]


def test_git_reads_the_same_trailers(git, tmp_path):
    text = written(f"why\n\n{FORGED}\nGitreg-Op: 1")

    parsed = git(tmp_path, "interpret-trailers", "--parse", input=text)

    assert parsed.splitlines() == written().splitlines()[2:]


@pytest.mark.parametrize("text", ["", "subject", "subject\n\nbody", "subject\n\nGitreg-Change: promoted", "subject\n\nGitreg-Change:", "\n\n\n"])
def test_a_message_of_another_program_claims_nothing(text):
    assert message.claims_in(text) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("subject", "", id="a subject alone"),
        pytest.param("subject\n\nwhy", "why", id="a person's commit"),
        pytest.param("subject\n\nwhy\n\nSigned-off-by: Name <name@example.org>\n", "why", id="trailers of another program"),
        pytest.param("subject\n\nSigned-off-by: Name <name@example.org>", "", id="trailers alone"),
        pytest.param("subject\n\none\n\ntwo: 2\nthree", "one\n\ntwo: 2\nthree", id="a paragraph with a colon"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_reason_is_what_stands_between_subject_and_trailers(text, reason):
    assert message.reason_in(text) == reason


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]) | st.just("\n"), max_size=200))
def test_a_reason_reads_back_as_it_was_given(reason):
    read = message.reason_in(written(reason))

    assert [line.strip() for line in read.splitlines()] == [line.strip() for line in reason.strip().splitlines()]


@given(st.text(max_size=200) | st.lists(st.sampled_from([FORGED, "Gitreg-Op: 1", "", "why", "X-Y: z"])).map("\n".join))
def test_no_reason_changes_what_is_claimed(reason):
    assert message.claims_in(written(reason)) == (CLAIM,)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), max_size=4))
def test_what_was_forced_reads_back_as_it_was(forced):
    event = Event(event="promoted", model="iris", number=7, stage="production", forced=tuple(forced))

    assert message.claims_in(written(events=[event]))[0].forced == tuple(forced)


@pytest.mark.parametrize(("text", "stored"), [("a\x00b", "a\\x00b"), ("a\ud800b", "a\\ud800b")], ids=["NUL", "half a surrogate pair"])
def test_what_no_commit_can_hold_is_written_out(text, stored):
    made = written(text, subject=text)

    assert made.encode().count(stored.replace("\\x00", "\\0").encode()) == 2


def test_a_replayed_commit_keeps_its_operation_its_reason_and_a_persons_trailers():
    text = written("See T-12.").rstrip("\n") + "\nSigned-off-by: Name <name@example.org>\n"

    again = message.reworded(text, "iris: promote 8 to production", message.operation_in(text), [replace(PROMOTED, number=8)])

    assert again == (
        "iris: promote 8 to production\n"
        "\n"
        "See T-12.\n"
        "\n"
        f"Gitreg-Op: {ID}\n"
        "Gitreg-Change: promoted iris 8 production from=6 forced=gate:accurate%20enough\n"
        "Signed-off-by: Name <name@example.org>\n"
    )


@pytest.mark.parametrize("text", ["", "iris: promote 7\n", f"Gitreg-Op: {ID}\n", f"by hand\n\nGitreg-Op: {ID}\nand more\n", f"by hand\n\nGitreg-Op: {ID}\n\nSigned-off-by: Name\n"], ids=["empty", "one line", "as a subject", "among text", "not in the last paragraph"])
def test_a_commit_without_a_trailer_has_no_operation(text):
    assert message.operation_in(text) == ""


CONFLICTS = "# Conflicts:\n#\tmodels/iris/model.yaml\n#\tmodels/iris/stages.yaml\n"


def test_what_git_notes_about_conflicts_is_no_reason():
    assert message.reason_in(f"Merge branch 'topic'\n\n{CONFLICTS}") == ""
    assert message.reason_in(f"Merge branch 'topic'\n\nAnn's numbers count.\n\n{CONFLICTS}") == "Ann's numbers count."


def test_what_git_notes_about_conflicts_hides_no_trailers():
    text = f"{written('why')}\n{CONFLICTS}"

    assert (message.reason_in(text), message.operation_in(text), message.claims_in(text)) == ("why", ID, (CLAIM,))


def test_a_person_may_write_of_conflicts():
    assert message.reason_in("subject\n\n# Conflicts:\nnone that we know of") == "# Conflicts:\nnone that we know of"
