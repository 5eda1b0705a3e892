"""What gitreg writes it reads again, and so does a reader of YAML 1.1."""

from __future__ import annotations

import re

import msgspec
import yaml
from hypothesis import example, given, settings

from gitreg.records import Manifest, ModelCard
from gitreg.store import codec, documents
from tests import strategies as drawn

often = settings(max_examples=150, deadline=None)


def written(value):
    return codec.dump(value).encode()


def exact(value):
    """Tell 1 from 1.0 and True, which Python takes for equal."""
    return repr(value)


def sorted_json(record):
    """Tell 1 from 1.0, and see through the order of keys."""
    return msgspec.json.encode(record, order="sorted")


@often
@given(drawn.maps)
def test_what_is_written_reads_the_same(value):
    assert exact(codec.load(written(value), "f")) == exact(value)


@often
@given(drawn.maps)
def test_what_is_written_reads_the_same_in_a_reader_of_yaml_1_1(value):
    assert exact(yaml.safe_load(written(value))) == exact(value)


@often
@given(drawn.maps)
def test_writing_twice_gives_the_same_bytes(value):
    assert written(codec.load(written(value), "f")) == written(value)


@often
@given(drawn.maps)
def test_no_line_that_is_written_ends_anywhere_but_at_its_end(value):
    assert not re.search("[\r\x85\u2028\u2029\ufeff]", codec.dump(value))


@often
@given(drawn.values)
def test_the_places_of_a_document_are_its_nodes(value):
    places = [place.path for place in codec.places(written({"a": value}))]

    assert places == list(nodes({"a": value}))


def nodes(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from nodes(item, (*path, key))


@often
@given(drawn.manifests)
def test_a_manifest_reads_as_it_was_written(value):
    manifest = msgspec.convert(value, Manifest)

    data = documents.encode_manifest(manifest, "f").encode()

    assert sorted_json(documents.decode_manifest(data, "f")) == sorted_json(manifest)


@often
@given(drawn.manifests)
def test_the_name_of_a_version_stands_on_one_line_of_its_own(value):
    manifest = msgspec.convert(value, Manifest)

    data = documents.encode_manifest(manifest, "f").encode()

    assert data.split(b"\n").count(f'version: "{manifest.version}"'.encode()) == 1
    assert documents.name_in(data, "f") == manifest.version


@often
@given(drawn.manifests)
def test_times_and_digests_are_always_in_double_quotes(value):
    text = documents.encode_manifest(msgspec.convert(value, Manifest), "f")

    for line in re.findall(r"^(?:created_at|  (?:at|started_at|finished_at)|    sha256): .*$", text, re.MULTILINE):
        assert re.fullmatch(r' *\w+: "[^"]+"', line)


@often
@given(drawn.cards)
def test_a_card_reads_as_it_was_written(value):
    card = msgspec.convert(value, ModelCard)

    data = documents.encode_card(card, "f").encode()

    assert documents.decode_card(data, "f") == card


@often
@given(drawn.stages)
@example({"archived": None})
def test_a_pointer_file_reads_as_it_was_written(value):
    stages = documents.decode_stages(written(value), "f")

    data = documents.encode_stages(stages, drawn.STAGES, "f").encode()

    again = documents.decode_stages(data, "f")
    assert all(again.pointer(stage) == stages.pointer(stage) for stage in drawn.STAGES)
    assert again.archived == stages.archived
    assert yaml.safe_load(data)["archived"] == list(stages.archived)
