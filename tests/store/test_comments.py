"""Comments that a person wrote survive gitreg's writes."""

from __future__ import annotations

import textwrap

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitreg import Registry
from gitreg.records import Manifest, ModelCard
from gitreg.store import codec, comments, documents
from tests import strategies as drawn

STAGES = textwrap.dedent("""\
    # yaml-language-server: $schema=../../.gitreg/schema/1/stages.json
    # Who may promote: see the wiki.
    development:
      number: null
      previous: []

    # Staging is refreshed each night.
    staging:  # the robot's
      number: 8  # the nightly
      # newest first
      previous: [7, 5]

    production:
      number: 7  # since the audit
      previous: [6, 3]  # 6 was good

    archived:
      # it was biased
      - 2  # ticket 12
    # The end.
    """)


def rewritten(old, record):
    return comments.kept(old.encode(), documents.encode_stages(record, drawn.STAGES, "models/iris/stages.yaml"))


def moved(**numbers):
    old = documents.decode_stages(STAGES.encode(), "f")
    pointers = {stage: msgspec.structs.replace(pointer, number=numbers.get(stage, pointer.number)) for stage, pointer in old.pointers.items()}
    return msgspec.structs.replace(old, pointers=pointers)


def test_a_file_that_gitreg_wrote_and_a_person_commented_is_written_back_bytewise():
    assert rewritten(STAGES, moved()) == STAGES


def test_only_the_line_that_changed_is_written_anew():
    assert rewritten(STAGES, moved(staging=9)) == STAGES.replace("number: 8  #", "number: 9  #")


def test_a_comment_whose_item_is_gone_moves_up_to_what_held_it():
    record = msgspec.structs.replace(moved(), archived=(4,))

    text = rewritten(STAGES, record)

    assert text.endswith("# it was biased\n# ticket 12\narchived:\n  - 4\n# The end.\n")


def test_comments_follow_their_items_not_their_lines():
    record = msgspec.structs.replace(moved(), archived=(1, 2))

    text = rewritten(STAGES, record)

    assert text.endswith("archived:\n  - 1\n  # it was biased\n  - 2  # ticket 12\n# The end.\n")


def test_another_place_of_the_schema_line_is_not_kept_as_a_comment():
    old = STAGES.replace("../../.gitreg", "/elsewhere/.gitreg")

    assert rewritten(old, moved()) == STAGES


# what is odd: what a person wrote, what a write of {"a": 1, "text": "x\n# no\n", "list": [1, 2]} makes of it
ODD = {
    "no comment": ("a: 1\n", "a: 1\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "on the header of a block": ("text: |  # c\n  x\n  # no\n", "a: 1\ntext: |  # c\n  x\n  # no\nlist: [1, 2]\n"),
    "on a header with marks": ("text: |2-  # c\n    x\n", "a: 1\ntext: |  # c\n  x\n  # no\nlist: [1, 2]\n"),
    "below a block": ("text: >\n  x\n  # no\n# c\nlist: []\n", "a: 1\ntext: |\n  x\n  # no\n# c\nlist: [1, 2]\n"),
    "a block at the end, unended": ("text: |\n  x\n  # no", "a: 1\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "inside a quoted text": ('text: "x\n  # no\n  y"  # c\n', "a: 1\ntext: |  # c\n  x\n  # no\nlist: [1, 2]\n"),
    "inside a list on several lines": ("list: [1,  # c\n  # d\n  2]  # e\n", "a: 1\ntext: |\n  x\n  # no\n# d\nlist: [1, 2]  # c  # e\n"),
    "between key and value": ("a:\n  # c\n  1  # d\n", "a: 1  # d\ntext: |\n  x\n  # no\nlist: [1, 2]\n# c\n"),
    "CRLF": ("# c\r\na: 1  # d\r\n", "# c\na: 1  # d\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "a byte order mark": ("\ufeff# c\na: 1  # d\n", "# c\na: 1  # d\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "around document marks": ("# b\n---\n# c\na: 1\n...\n# d\n", "# b\n# c\na: 1\ntext: |\n  x\n  # no\nlist: [1, 2]\n# d\n"),
    "a long key": ("? a  # c\n: 1  # d\n", "a: 1  # c  # d\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "letters beyond ASCII": ("é: x\na: 1  # ü\n", "a: 1  # ü\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "a hash that starts no comment": ('a: "#no"\nlist: [x#no]\n', "a: 1\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "no line end": ("a: 1 # c", "a: 1  # c\ntext: |\n  x\n  # no\nlist: [1, 2]\n"),
    "nothing but a comment": ("# c\n", "a: 1\ntext: |\n  x\n  # no\nlist: [1, 2]\n# c\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_a_comment_survives(kind):
    old, expected = ODD[kind]
    value = {"a": 1, "text": "x\n# no\n", "list": [1, 2]}

    text = comments.kept(old.encode(), codec.dump(value))

    assert text == expected
    assert codec.load(text.encode(), "f") == value


# -- anywhere ---------------------------------------------------------------------------------------------


def commented(draw, text):
    """Return *text* with comments ``# c0``, ``# c1`` … in places a person could write them."""
    ends = codec.token_ends(text.encode())
    lines, count = [], 0
    for index, line in enumerate(text.split("\n")[:-1]):
        inside = ends.get(index) == -1
        for _ in range(0 if inside else draw(st.integers(0, 2))):
            lines.append(" " * draw(st.integers(0, 8)) + f"# c{count}")
            count += 1
        if not inside and ends.get(index, 0) == len(line) > 0 and draw(st.booleans()):
            line, count = f"{line}  # c{count}", count + 1
        lines.append(line)
    return "\n".join([*lines, "# last", ""]), count


def keyed(text):
    """Return for each comment the path it belongs to; two that came to share a line (a key of two) are told apart."""
    return {word: (comment.path, comment.trailing) for comment in comments.comments(text.encode()) for word in comment.text.split("  ")}


def after_a_block(text):
    """Tell whether a comment could be taken for a line of a block text above it."""
    return -1 in codec.token_ends(text.encode()).values()


@settings(max_examples=100, deadline=None)
@given(st.data(), drawn.manifests)
def test_comments_anywhere_in_a_manifest_survive_where_they_are(data, value):
    manifest = msgspec.convert(value, Manifest)
    text = documents.encode_manifest(manifest, "f")
    old, _ = commented(data.draw, text) if not after_a_block(text) else (text + "# last\n", 0)

    new = comments.kept(old.encode(), text)

    assert documents.decode_manifest(new.encode(), "f") == manifest
    assert keyed(new) == keyed(old)
    assert comments.kept(new.encode(), text) == new


@settings(max_examples=100, deadline=None)
@given(st.data(), drawn.cards)
def test_no_comment_of_a_card_is_lost_when_fields_change(data, value):
    text = documents.encode_card(msgspec.convert(value, ModelCard), "f")
    old, _ = commented(data.draw, text) if not after_a_block(text) else (text + "# last\n", 0)
    changed = msgspec.convert(data.draw(drawn.cards), ModelCard)

    new = comments.kept(old.encode(), documents.encode_card(changed, "f"))

    assert documents.decode_card(new.encode(), "f") == changed
    assert keyed(new).keys() == keyed(old).keys()


@settings(max_examples=100, deadline=None)
@given(st.data(), drawn.stages, drawn.stages)
def test_no_comment_of_a_pointer_file_is_lost_and_each_stays_with_its_key(data, before, after):
    first, second = (documents.decode_stages(codec.dump(value).encode(), "f") for value in (before, after))
    old, _ = commented(data.draw, documents.encode_stages(first, drawn.STAGES, "models/iris/stages.yaml"))

    new = rewritten(old, second)

    assert documents.decode_stages(new.encode(), "f").archived == second.archived
    assert keyed(new).keys() == keyed(old).keys()
    blocks = {text: place for text, place in keyed(old).items() if place[0] and place[0][0] != "archived"}
    assert {text: place for text, place in keyed(new).items() if text in blocks} == blocks


# -- in a registry ----------------------------------------------------------------------------------------


def edited(git, registry, path, edit):
    file = f"{registry.path}/{path}"
    with open(file, encoding="utf-8") as source:
        text = edit(source.read())
    with open(file, "w", encoding="utf-8") as target:
        target.write(text)
    git(registry.path, "commit", "-qam", "a person's edit")
    return text


def text_of(registry, path):
    return registry.snapshot().bytes_of(path).decode()


def test_a_promotion_keeps_the_comments_of_the_pointer_file(iris, git):
    path = "models/iris/stages.yaml"
    old = edited(git, iris, path, lambda text: text.replace("staging:\n", "# nightly\nstaging:  # robot\n").replace("number: 1\n", "number: 1  # since May\n"))

    iris.promote("iris@3", "production")

    expected = old.replace("number: 1  # since May\n  previous: []", "number: 3  # since May\n  previous: [1]")
    assert text_of(iris, path) == expected


def test_an_update_keeps_the_comments_of_the_card(iris, git):
    path = "models/iris/model.yaml"
    old = edited(git, iris, path, lambda text: text.replace("created_by:", "# ours\ncreated_by:") + "# end\n")

    iris.update_model("iris", license="MIT")

    assert text_of(iris, path) == old.replace("# end\n", "license: MIT\n# end\n")


def test_an_update_keeps_the_comments_of_a_manifest(iris, git):
    path = "models/iris/versions/2.yaml"
    old = edited(git, iris, path, lambda text: text.replace("accuracy: 0.95", "accuracy: 0.95  # on the holdout"))

    iris.update("iris@2", metrics={"loss": 0.1})

    assert text_of(iris, path) == old.replace("holdout\n", "holdout\n  loss: 0.1\n")


def test_the_policy_is_never_rewritten(tmp_path):
    with Registry.init(tmp_path / "registry") as registry:
        before = text_of(registry, "gitreg.yaml")

        registry.register("iris")
        registry.promote("iris", "production")

        assert text_of(registry, "gitreg.yaml") == before


def test_only_the_comments_that_a_person_added_are_carried_over():
    before = b"# old\na: 1\nb: 2\n"
    after = b"# old\na: 1  # why\n# new\nb: 2\n# end\n"

    assert comments.carried(before, after, "a: 3\nb: 4\n") == "a: 3  # why\n# new\nb: 4\n# end\n"
    assert comments.carried(None, after, "a: 3\nb: 4\n") == "# old\na: 3  # why\n# new\nb: 4\n# end\n"
    assert comments.carried(before, before, "a: 3\n") == "a: 3\n"


def test_a_file_without_a_person_s_comments_is_what_gitreg_writes():
    old = b"# yaml-language-server: $schema=../x.json\na: 1\n"

    assert comments.kept(old, "# yaml-language-server: $schema=../x.json\na: 2\n") == "# yaml-language-server: $schema=../x.json\na: 2\n"
    assert comments.kept(old + b"b: '#'\n", "a: 2\nb: '#'\n") == "a: 2\nb: '#'\n"
    assert comments.kept(old + b"b: 1 # why\n", "a: 2\nb: 1\n") == "a: 2\nb: 1  # why\n"
