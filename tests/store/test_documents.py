"""The four files of format 1, byte for byte."""

from __future__ import annotations

import textwrap

import msgspec
import pytest

from gitreg.errors import InvalidError, UsageError
from gitreg.records import Artifact, Config, Link, Manifest, ModelCard, Pointer, Run, StageRule, Stages
from gitreg.store import codec, documents

WHEN = "2026-11-22T07:24:31.123456Z"
WHO = "Name <name@example.org>"
ORDER = ("development", "staging", "production")
HEAD = "# yaml-language-server: $schema="

MANIFEST = Manifest(
    number=7, version="1.0.5", status="ready", created_at=WHEN, created_by=WHO, description="second feature set", tags=("nightly",),
    metrics={"accuracy": 0.97, "log_loss": 0.11, "tiny": 1e-05}, params={"C": 1.0, "penalty": "no"}, metadata={"reviewed_data": True},
    artifacts={"train": Artifact(kind="data", uri="data/iris.csv", sha256="ab" * 32, size=4551)},
    links={"ticket": Link(uri="https://example.org/T-12", title="business case")}, run=Run(id="4", started_at=WHEN),
)  # fmt: skip
MANIFEST_TEXT = f"""\
{HEAD}../../../.gitreg/schema/1/manifest.json
number: 7
version: "1.0.5"
status: ready
created_at: "{WHEN}"
created_by: {WHO}
description: second feature set
tags: [nightly]
metrics:
  accuracy: 0.97
  log_loss: 0.11
  tiny: 1.0e-05
params:
  C: 1.0
  penalty: "no"
metadata:
  reviewed_data: true
artifacts:
  train:
    kind: data
    uri: data/iris.csv
    sha256: "{"ab" * 32}"
    size: 4551
links:
  ticket:
    uri: "https://example.org/T-12"
    title: business case
run:
  id: "4"
  started_at: "{WHEN}"
"""

STAGES = Stages(
    pointers={"staging": Pointer(number=8, previous=(7, 5)), "production": Pointer(number=7, previous=(6, 3))},
    archived=(2,),
)
STAGES_TEXT = f"""\
{HEAD}../../.gitreg/schema/1/stages.json
development:
  number: null
  previous: []

staging:
  number: 8
  previous: [7, 5]

production:
  number: 7
  previous: [6, 3]

archived:
  - 2
"""


def dedented(text):
    return textwrap.dedent(text).encode()


def test_a_manifest_is_written_one_key_a_line():
    assert documents.encode_manifest(MANIFEST, "models/iris/versions/7.yaml") == MANIFEST_TEXT


def test_the_example_of_the_contract_is_read():
    value = documents.decode_manifest(MANIFEST_TEXT.encode(), "f")

    assert value == MANIFEST


@pytest.mark.parametrize("name", ["7", "abc", "true", "1.10", "2026_11_22", "no", "f" * 64], ids=str)
def test_a_versions_name_stands_in_quotes_on_its_line(name):
    text = documents.encode_manifest(msgspec.structs.replace(MANIFEST, version=name), "f")

    assert f'\nversion: "{name}"\n' in text
    assert documents.name_in(text.encode(), "f") == name


# how the name stands: the file; each says that the name is "mine"
NAMES = {
    "as gitreg writes it": b'number: 7\nversion: "mine"\n',
    "CRLF": b'number: 7\r\nversion: "mine"\r\n',
    "bare": b"number: 7\nversion: mine\n",
    "in single quotes": b"number: 7\nversion: 'mine'\n",
    "with a comment": b'number: 7\nversion: "mine"  # ours\n',
    "beside another's": b'number: 7\nversion: "mine"\nmetadata: {v: \'\nversion: "theirs"\n\'}\n',
    "after a text that pretends": b"description: 'x\nversion: \"theirs\"\n'\nnumber: 7\nversion: mine\n",
    "below a nested one": b'number: 7\nmetadata:\n  version: "theirs"\nversion: "mine"\n',
}


@pytest.mark.parametrize("how", NAMES)
def test_the_scan_finds_the_name_that_a_parse_would_find(how):
    data = NAMES[how] + f'status: ready\ncreated_at: "{WHEN}"\ncreated_by: "{WHO}"\n'.encode()

    found = documents.name_in(data, "f")

    assert found == documents.decode_manifest(data, "f").version == "mine"


def test_the_pointer_file_is_the_contracts_example_bytewise():
    assert documents.encode_stages(STAGES, ORDER, "models/iris/stages.yaml") == STAGES_TEXT


def test_a_new_pointer_file_has_a_block_for_every_stage():
    text = documents.encode_stages(Stages(), ("dev", "prod"), "f")

    assert text.partition("\n")[2] == "dev:\n  number: null\n  previous: []\n\nprod:\n  number: null\n  previous: []\n\narchived: []\n"


def test_archived_versions_stand_one_a_line():
    text = documents.encode_stages(Stages(archived=(2, 5)), ("dev",), "f")

    assert text.endswith("\narchived:\n  - 2\n  - 5\n")


@pytest.mark.parametrize(
    ("data", "archived"), [(b"", ()), (b"archived:\n", ()), (b"archived: []\n", ()), (b"archived: [1]\n", (1,))], ids=["no key", "nothing", "an empty list", "a list"]
)
def test_a_missing_block_reads_as_vacant(data, archived):
    stages = documents.decode_stages(b"production: {number: 7}\n" + data, "f")

    assert stages.pointer("staging") == Pointer(number=None, previous=())
    assert stages.pointer("production") == Pointer(number=7)
    assert stages.archived == archived


BAD_STAGES = {
    "text as a number": (b"production:\n  number: seven\n", "f:2: production.number: expected a number or null, found 'seven'"),
    "number 0": (b"production:\n  number: 0\n", "f:2: production.number: 0 is too small"),
    "an unknown key": (b"production:\n  number: 1\n  holder: 2\n", "f:3: production.holder: unknown key; known are number, previous"),
    "a number for a block": (b"staging: {}\nproduction: 7\n", "f:2: production: expected a map, found 7"),
    "nothing for a block": (b"production:\n", "f:1: production: expected a map, found nothing"),
    "text in previous": (b"production:\n  number: 1\n  previous:\n    - 2\n    - x\n", "f:5: production.previous.1: expected a number, found 'x'"),
    "a map in archived": (b"archived: {a: 1}\n", "f:1: archived: expected a list or null, found a map"),
    "false as archived": (b"archived: false\n", "f:1: archived: expected a list or null, found false"),
    "a stage's name in capitals": (b"Production: {}\n", "f:1: Production: as a name: 'Production' is not of the form [a-z][a-z0-9_-]{0,39}"),
    "a list": (b"- production\n", "f:1: expected a map, found a list"),
    "nothing at all": (b"", "f:1: expected a map, found nothing"),
}


@pytest.mark.parametrize("wrong", BAD_STAGES)
def test_a_pointer_file_is_refused_with_file_line_and_field(wrong):
    data, sentence = BAD_STAGES[wrong]

    with pytest.raises(InvalidError) as caught:
        documents.decode_stages(data, "f")

    assert str(caught.value) == sentence
    assert caught.value.rule == "R02"


def test_the_error_of_a_manifest_names_file_line_and_field():
    data = MANIFEST_TEXT.replace("accuracy: 0.97", "accuracy: high").encode()

    with pytest.raises(InvalidError) as caught:
        documents.decode_manifest(data, "models/churn/versions/3.yaml")

    assert str(caught.value) == "models/churn/versions/3.yaml:10: metrics.accuracy: expected a number, found 'high'"
    assert (caught.value.path, caught.value.line, caught.value.field) == ("models/churn/versions/3.yaml", 10, "metrics.accuracy")


# -- gitreg.yaml ------------------------------------------------------------------------------------------


def test_the_contracts_example_of_a_configuration_is_read():
    config = documents.decode_config(
        dedented("""\
        format: 1
        branch: main                     # optional
        remote: origin
        artifacts: s3://bucket/prefix
        stages:                          # in order
          development: {}
          staging: {}
          production:
            occupied: archive
            from: [staging]
            require:
              - name: accurate enough
                expr: candidate.metrics.accuracy >= 0.9
              - name: no worse than what it replaces
                expr: current == null || candidate.metrics.accuracy >= current.metrics.accuracy - 0.01
            review: true
        """)
    )

    rule = config.stages["production"]
    assert tuple(config.stages) == ORDER
    assert (config.branch, config.remote, config.artifacts) == ("main", "origin", "s3://bucket/prefix")
    assert (rule.occupied, rule.from_, rule.review) == ("archive", ("staging",), True)
    assert [gate.name for gate in rule.require] == ["accurate enough", "no worse than what it replaces"]


def test_the_default_stages_are_three():
    assert documents.decode_config(b"format: 1\n") == Config(stages=dict.fromkeys(ORDER, StageRule()))


BAD_CONFIGS = {
    "a newer format": ("format: 2\nwhat: is this\n", "gitreg.yaml:1: format: this registry has format 2, this gitreg knows 1"),
    "format 0": ("format: 0\n", "gitreg.yaml:1: format: 0 is too small"),
    "text as format": ("format: one\n", "gitreg.yaml:1: format: expected a number, found 'one'"),
    "an unknown key": ("format: 1\nstage: {}\n", "gitreg.yaml:2: stage: unknown key, did you mean 'stages'?"),
    "an unknown key of a stage": ("stages:\n  a:\n    requires: []\n", "gitreg.yaml:3: stages.a.requires: unknown key, did you mean 'require'?"),
    "a branch that is an option": ("branch: --upload-pack=x\n", "gitreg.yaml:1: branch: '--upload-pack=x' is not of the form [A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*"),
    "a reserved stage": ("stages:\n  a: {}\n  latest: {}\n", "gitreg.yaml:3: stages.latest: 'latest' is a reserved word"),
    "a stage that is a boolean elsewhere": ("stages:\n  no: {}\n", "gitreg.yaml:2: stages.no: 'no' is a reserved word"),
    "a boolean stage": ("stages:\n  true: {}\n", "gitreg.yaml:2: a key must be text: quote True"),
    "a from that is no stage": ("stages:\n  a: {}\n  b:\n    from: [c]\n", "gitreg.yaml:4: stages.b.from: 'c' is not a stage of this registry: a, b"),
    "an unknown way to be occupied": ("stages:\n  a: {occupied: maybe}\n", "gitreg.yaml:2: stages.a.occupied: expected one of archive, refuse, found 'maybe'"),
    "a gate without a name": ("stages:\n  a:\n    require:\n      - expr: x\n", "gitreg.yaml:4: stages.a.require.0.name: this key is missing"),
    "text as review": ("stages:\n  a: {review: yes}\n", "gitreg.yaml:2: stages.a.review: expected true or false, found 'yes'"),
    "nothing": ("", "gitreg.yaml:1: expected a map, found nothing"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_CONFIGS)
def test_a_configuration_is_refused_with_file_line_and_field(wrong):
    text, sentence = BAD_CONFIGS[wrong]

    with pytest.raises(InvalidError) as caught:
        documents.decode_config(text.encode())

    assert str(caught.value) == sentence


def test_a_newer_format_says_how_to_get_it():
    with pytest.raises(InvalidError) as caught:
        documents.decode_config(b"format: 99\n")

    assert caught.value.hint == "install a newer gitreg"


# -- model.yaml -------------------------------------------------------------------------------------------


def test_a_card_is_written_without_what_is_default():
    card = ModelCard(name="iris", created_at=WHEN, created_by=WHO, license="MIT", save_models_to_registry=False)

    text = documents.encode_card(card, "models/iris/model.yaml")

    assert text == (
        f"{HEAD}../../.gitreg/schema/1/model.json\n"
        f'name: iris\ncreated_at: "{WHEN}"\ncreated_by: {WHO}\nlicense: MIT\nsave_models_to_registry: false\n'
    )


def test_the_rule_of_a_metric_is_read():
    data = f'name: iris\ncreated_at: "{WHEN}"\ncreated_by: x\nmetrics:\n  auc: {{better: higher, tolerance: 1}}\n'.encode()

    card = documents.decode_card(data, "f")

    assert (card.metrics["auc"].better, card.metrics["auc"].tolerance) == ("higher", 1.0)


# -- what code made ---------------------------------------------------------------------------------------

UNWRITABLE = {
    "a name with a space": ({"version": "a b"}, "version: 'a b' is not of the form"),
    "text as a metric": ({"metrics": {"auc": "high"}}, "metrics.auc: expected a number, found 'high'"),
    "NaN as a metric": ({"metrics": {"auc": float("nan")}}, "metrics.auc: nan is not a finite number"),
    "a metric's name with a line end": ({"metrics": {"a\nb": 1}}, r"metrics.a\\nb: a name has printable characters only"),
    "a param's name with an escape": ({"params": {"\x1b": 1}}, r"params.\\x1b: a name has printable characters only"),
    "an artifact's empty name": ({"artifacts": {"": Artifact(kind="model", uri="x")}}, "as a name: this must not be empty"),
    "a link's long name": ({"links": {"x" * 101: Link(uri="x")}}, "101 characters, 100 are allowed"),
}


@pytest.mark.parametrize("wrong", UNWRITABLE)
def test_a_record_that_could_not_be_read_again_is_not_written(wrong):
    change, problem = UNWRITABLE[wrong]

    with pytest.raises(UsageError, match=problem):
        documents.checked(msgspec.structs.replace(MANIFEST, **change))


def test_a_good_record_may_be_written():
    assert documents.checked(MANIFEST) is MANIFEST


def test_a_file_that_could_not_be_read_again_is_not_written():
    large = msgspec.structs.replace(MANIFEST, description="x" * (1 << 20))

    with pytest.raises(UsageError, match=r"^f would have 1,049,\d\d\d bytes, 1,048,576 are allowed$"):
        documents.encode_manifest(large, "f")


def test_a_pointer_file_that_could_not_be_read_again_is_not_written():
    long = Stages(pointers={"production": Pointer(number=1, previous=tuple(range(150_000, 1, -1)))})

    with pytest.raises(UsageError, match=r"^f would have 1,\d\d\d,\d\d\d bytes, 1,048,576 are allowed$"):
        documents.encode_stages(long, {"production": StageRule()}, "f")


def test_every_reason_includes_names_that_cannot_be_printed():
    data = b'number: 1\nversion: "a"\nstatus: ready\ncreated_at: "2026-11-22T07:24:31Z"\ncreated_by: Name\nmetrics:\n  "a\\eb": 1.0\n'

    found = list(documents.located("manifest", codec.load(data, "x.yaml"), data, "x.yaml"))

    assert [(error.line, error.problem) for error in found] == [(7, "a name has printable characters only")]


def with_metric(name):
    return Manifest(number=1, version="1", status="ready", created_at="2026-11-22T07:24:31Z", created_by="Name", metrics={name: 1.0})


@pytest.mark.parametrize("name", ["auc", "val.loss", "a b", "été", "\U0001f600", "x" * 100, "'", "a/b", "-x", "<b>"])
def test_a_metric_may_be_named(name):
    assert documents.checked(with_metric(name)).metrics == {name: 1.0}


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "\x1b[31m", "a\tb", "\u202e", "\u200b", "\x7f", "\ufeff"], ids=ascii)
def test_a_metric_may_not_be_named(name):
    with pytest.raises(UsageError, match="metrics"):
        documents.checked(with_metric(name))
