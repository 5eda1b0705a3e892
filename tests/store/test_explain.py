"""What is wrong with a document, and where: held to msgspec's verdict and to the JSON Schemas."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gitreg.errors import InvalidError
from gitreg.records import Config, Manifest, ModelCard
from gitreg.store import documents, explain
from tests import strategies as drawn

SCHEMAS = {kind: Draft202012Validator(schema) for kind, schema in documents.schemas().items()}
DECODERS = {"gitreg": Config, "model": ModelCard, "manifest": Manifest}

GOOD = {
    "number": 3, "version": "1.0.5", "status": "ready", "created_at": "2026-11-22T07:24:31Z", "created_by": "Name <name@example.org>",
    "metrics": {"auc": 0.9}, "artifacts": {"model": {"kind": "model", "uri": "m.bin", "sha256": "ab" * 32, "size": 1}},
    "links": {"ticket": {"uri": "https://example.org"}}, "run": {"id": "r1"}, "tags": ["a"],
}  # fmt: skip


def sentences(kind, value):
    return [f"{problem.field}: {problem.sentence}" for problem in documents._problems(kind, value)]


# what is wrong: the field and its value (None drops it), the whole sentence
WRONG = {
    "a missing key": ({"status": ...}, "status: this key is missing"),
    "an unknown key near a known one": ({"metric": {}}, "metric: unknown key, did you mean 'metrics'?"),
    "an unknown key deep inside": ({"run": {"id": "x", "code": {"comit": "y"}}}, "run.code.comit: unknown key, did you mean 'commit'?"),
    "an unknown key near nothing": ({"artifacts": {"m": {"kind": "data", "uri": "x", "zzz": 1}}}, "artifacts.m.zzz: unknown key; known are kind, uri, sha256, size, folder, file, md5"),
    "text as a metric": ({"metrics": {"auc": "high"}}, "metrics.auc: expected a number, found 'high'"),
    "a boolean as a metric": ({"metrics": {"auc": True}}, "metrics.auc: expected a number, found true"),
    "nothing as a metric": ({"metrics": {"val.loss": None}}, 'metrics."val.loss": expected a number, found nothing'),
    "NaN as a metric": ({"metrics": {"auc": float("nan")}}, "metrics.auc: nan is not a finite number"),
    "infinity as a metric": ({"metrics": {"auc": float("inf")}}, "metrics.auc: inf is not a finite number"),
    "a map as a metric": ({"metrics": {"auc": {}}}, "metrics.auc: expected a number, found a map"),
    "an empty metric's name": ({"metrics": {"": 1}}, "metrics.: as a name: this must not be empty"),
    "a long metric's name": ({"metrics": {"m" * 101: 1}}, f"metrics.{'m' * 101}: as a name: 101 characters, 100 are allowed"),
    "a list for a map": ({"metrics": []}, "metrics: expected a map, found a list"),
    "nothing for a map": ({"metrics": None}, "metrics: expected a map, found nothing"),
    "text for a list": ({"tags": "a"}, "tags: expected a list, found 'a'"),
    "a number in a list of texts": ({"tags": ["a", 1]}, "tags.1: expected text, found 1"),
    "text as a number": ({"number": "3"}, "number: expected a number, found '3'"),
    "a float as a number": ({"number": 3.5}, "number: expected a number, found 3.5"),
    "number 0": ({"number": 0}, "number: 0 is too small"),
    "an enormous number": ({"number": 10**10}, "number: 10000000000 is too large"),
    "an unknown status": ({"status": "done"}, "status: expected one of failed, ready, running, found 'done'"),
    "a number as status": ({"status": 1}, "status: expected one of failed, ready, running, found 1"),
    "a local time": ({"created_at": "2026-11-22T07:24:31+01:00"}, "created_at: '2026-11-22T07:24:31+01:00' is not of the form 2026-11-22T07:24:31.123456Z"),
    "a month too many": ({"created_at": "2026-13-22T07:24:31Z"}, "created_at: '2026-13-22T07:24:31Z' is not of the form 2026-11-22T07:24:31.123456Z"),
    "a time with a line end": ({"created_at": "2026-11-22T07:24:31Z\n"}, "created_at: '2026-11-22T07:24:31Z\\n' is not of the form 2026-11-22T07:24:31.123456Z"),
    "an upper-case digest": ({"artifacts": {"m": {"kind": "data", "uri": "x", "sha256": "AB"}}}, "artifacts.m.sha256: 'AB' is not of the form of 64 lower-case hexadecimal digits"),
    "a version's name with a space": ({"version": "a b"}, "version: 'a b' is not of the form [A-Za-z0-9][A-Za-z0-9._+-]*"),
    "a number as version": ({"version": 1.1}, "version: expected text, found 1.1"),
    "text as a run": ({"run": "r1"}, "run: expected a map or null, found 'r1'"),
    "a negative size": ({"artifacts": {"m": {"kind": "data", "uri": "x", "size": -1}}}, "artifacts.m.size: -1 is too small"),
    "an empty address": ({"links": {"t": {"uri": ""}}}, "links.t.uri: this must not be empty"),
    "a terminal escape as key": ({"\x1b[31m": 1}, f"\\x1b[31m: unknown key; known are {', '.join(Manifest.__struct_fields__)}"),
    "a terminal escape in a dotted name": ({"metrics": {"a.\x1b": None}}, 'metrics."a.\\x1b": expected a number, found nothing'),
    "a long text": ({"number": "x" * 1000}, f"number: expected a number, found '{'x' * 56}…"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_the_walk_names(wrong):
    change, sentence = WRONG[wrong]
    value = {key: item for key, item in {**GOOD, **change}.items() if item is not ...}

    assert sentences("manifest", value) == [sentence]


def test_the_walk_names_every_problem_in_the_order_of_the_file():
    value = {**GOOD, "zeta": 1, "eta": 2, "number": "x", "status": 1}

    found = [sentence.partition(":")[0] for sentence in sentences("manifest", value)]

    assert found == ["zeta", "eta", "number", "status"]


@pytest.mark.parametrize("value", [None, [], "text", 7, True], ids=str)
@pytest.mark.parametrize("kind", documents.KINDS)
def test_a_document_that_is_no_map_is_one_problem(kind, value):
    assert len(sentences(kind, value)) == 1
    assert "expected a map, found" in sentences(kind, value)[0]


# -- three verdicts ---------------------------------------------------------------------------------------

strangers = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**40), st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()),
    drawn.texts, st.lists(st.integers(0, 3) | drawn.texts, max_size=2), st.dictionaries(drawn.texts, st.integers(0, 3), max_size=2),
)  # fmt: skip
spoilers = st.tuples(st.sampled_from(["replace", "drop", "add", "rename"]), st.floats(0, 1, exclude_max=True), strangers, drawn.texts)


def spots(value):
    """Yield each container and key inside *value*."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from spots(item)


def spoiled(value, how, where, stranger, name):
    """Change one node of *value* in place, or add one."""
    places = list(spots(value))
    if not places or (how == "add" and where < 0.2):
        return value | {name: stranger}
    holder, key = places[int(where * len(places))]
    if how == "drop":
        del holder[key]
    elif isinstance(holder, list):
        holder[key] = stranger
    elif how == "rename":
        holder[name] = holder.pop(key)
    else:
        holder[name if how == "add" else key] = stranger
    return value


@st.composite
def suspects(draw):
    """Draw a kind and a document of it, spoiled in up to three places."""
    kind = draw(st.sampled_from(list(documents.KINDS)))
    value = draw(drawn.DOCUMENTS[kind])
    for spoiler in draw(st.lists(spoilers, max_size=3)):
        value = spoiled(value, *spoiler)
    return kind, value


def decodes(kind, value):
    """Return what msgspec says: the same conversions that the decoders make."""
    try:
        if kind == "stages":
            msgspec.convert({key: item for key, item in value.items() if key != "archived"}, documents.KINDS["stages"])
            msgspec.convert(value.get("archived", ()), documents._ARCHIVED)
        else:
            msgspec.convert(value, DECODERS[kind])
    except msgspec.ValidationError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(suspects())
def test_the_walk_msgspec_and_the_json_schema_agree(suspect):
    kind, value = suspect

    verdicts = {"msgspec": decodes(kind, value), "walk": not sentences(kind, value), "schema": SCHEMAS[kind].is_valid(value)}

    assert len(set(verdicts.values())) == 1, verdicts


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(documents.KINDS)).flatmap(lambda kind: st.tuples(st.just(kind), drawn.DOCUMENTS[kind])))
def test_the_documents_that_are_drawn_are_good(suspect):
    kind, value = suspect

    assert sentences(kind, value) == []


@settings(max_examples=150, deadline=None)
@given(suspects())
def test_what_is_refused_names_file_line_and_field(suspect):
    kind, value = suspect
    data = documents.codec.dump(value).encode()

    for error in documents.located(kind, value, data, "f.yaml"):
        assert isinstance(error, InvalidError)
        assert (error.path, error.rule) == ("f.yaml", "R02")
        assert 1 <= error.line <= data.count(b"\n")
        assert str(error).isprintable()


def test_dotted_quotes_a_name_with_a_dot():
    assert explain.dotted(("metrics", "val.loss", 2)) == 'metrics."val.loss".2'
