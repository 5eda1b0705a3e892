"""A file of metrics is numbers by dotted names, or a sentence that says what is wrong and where."""

from __future__ import annotations

import os

import pytest

from gitreg import intake
from gitreg.errors import InvalidError, NotFoundError, UsageError

UNDERSTOOD = {
    "a flat map of JSON": ("m.json", '{"accuracy": 0.97, "epochs": 3}', {"accuracy": 0.97, "epochs": 3}),
    "nested maps": ("m.json", '{"val": {"loss": 0.1, "top": {"k": 5}}}', {"val.loss": 0.1, "val.top.k": 5}),
    "JSON with a byte order mark": ("m.json", '\ufeff{"a": 1}', {"a": 1}),
    "JSON by another name": ("metrics", '{"a": 1}', {"a": 1}),
    "YAML": ("m.yaml", "val:\n  loss: 1.0e-05\n", {"val.loss": 1e-05}),
    "YAML in braces": ("m.yaml", "{val: {loss: 1}}\n", {"val.loss": 1}),
    "an empty map": ("m.json", "{}", {}),
    "what dvc metrics show --json prints": ("m.json", '{"": {"data": {"m.json": {"data": {"auc": 0.9, "val": {"f1": 0.5}}}}}}', {"auc": 0.9, "val.f1": 0.5}),
    "what an older dvc prints": ("m.json", '{"workspace": {"data": {"m.json": {"data": {"auc": 0.9}}}}}', {"auc": 0.9}),
    "two files of dvc": ("m.json", '{"": {"data": {"a.json": {"data": {"x": 1}}, "b.json": {"data": {"y": 2}}}}}', {"x": 1, "y": 2}),
    "a person's own metric called data": ("m.json", '{"train": {"data": {"seconds": 5}}}', {"train.data.seconds": 5}),
}


@pytest.mark.parametrize("what", UNDERSTOOD)
def test_numbers_are_metrics_by_their_dotted_names(what, tmp_path):
    name, text, expected = UNDERSTOOD[what]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")

    found = intake.metrics(str(path))

    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


REFUSED = {
    "text": ('{\n"a": 1,\n"best": "forest"\n}', "m:3: best: expected a number, found 'forest': give what is no metric with --metadata"),
    "a boolean": ('{"val": {\n"done": true}}', "m:2: val.done: expected a number, found true: give what is no metric with --metadata"),
    "null": ('{"a": null}', "m:1: a: expected a number, found null: give what is no metric with --metadata"),
    "a list": ('{"a":\n[1, 2]}', "m:1: a: expected a number, found a list: give what is no metric with --metadata"),
    "a number in quotes": ('{"a": "0.9"}', "m:1: a: expected a number, found '0.9': give what is no metric with --metadata"),
    "not a number": ('{"a": NaN}', "m:1: a: NaN is not a finite number"),
    "infinity": ('{"a": 1, "b":\n -Infinity}', "m:1: b: -inf is not a finite number"),
    "a float that no double holds": ('{"a": 1e999}', "m:1: a: inf is not a finite number"),
    "an integer beyond 64 bits": (f'{{"a": {10**30}}}', "m:1: a: this does not fit into 64 bits"),
    "too many digits": (f'{{"a": {"9" * 5000}}}', "m: this is not JSON: a number has too many digits"),
    "a key twice": ('{"a": 1, "a": 2}', "m: this is not JSON: the key 'a' is given twice in a map"),
    "two numbers of one dotted name": ('{"a.b": 1,\n"a": {"b": 2}}', "m:2: a.b: 'a.b' has another value above"),
    "a name without a character": ('{"": 1}', "m:1: the name of a metric has 1 to 100 characters, this one has 0"),
    "half of a file": ('{\n"a": 1,\n', "m:3: this is not JSON: expecting property name enclosed in double quotes"),
    "maps without end": ('{"a":' * 100_000, "m:1: this is nested too deep"),
    "maps in maps": ('{"a":' * 30 + "1" + "}" * 30, "m:1: " + ".".join("a" * 21) + ": this is nested deeper than 20 levels"),
    "not UTF-8": (b'{"a": 1,\n"\xff": 2}', "m:2: this is not UTF-8"),
    "an alias of YAML": ("a: &x 1\nb: *x\n", "m:1: anchors are not allowed"),
    "a pointer of DVC": ("outs:\n- md5: a304afb96060aad90176268345e10355\n  path: m.json\n", "m: this is a pointer of DVC, not the file itself"),
    "a pointer of Git LFS": ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "m: this is a pointer of Git LFS, not the file itself"),
    "more than a megabyte": (" " * (1 << 20) + "{}", "m: the file has more than 1,048,576 bytes"),
    "revisions of dvc": (
        '{"": {"data": {"m.json": {"data": {"a": 1}}}}, "main": {"data": {"m.json": {"data": {"a": 2}}}}}',
        "m: it holds the metrics of 2 revisions (the workspace, main), and a version has those of one",
    ),
    "two files of dvc that disagree": (
        '{"": {"data": {"a.json": {"data": {"x": 1}},\n"b.json": {"data": {"x": 2}}}}}',
        'm:2: .data."b.json".data.x: \'x\' has another value above',
    ),
    "a file that dvc could not read": (
        '{"": {"data": {"m.json": {"error": {"type": "FileNotFoundError", "msg": ""}}}}}',
        'm:1: .data."m.json": DVC could not read these metrics: a map',
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_metric_is_refused_with_file_line_and_field(what, tmp_path, monkeypatch):
    text, sentence = REFUSED[what]
    monkeypatch.chdir(tmp_path)
    with open("m", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(InvalidError) as refused:
        intake.metrics("m")

    assert str(refused.value) == sentence
    assert refused.value.hint


@pytest.mark.parametrize("text", ["[1, 2]", "hello\n", "", "12"])
def test_a_file_that_is_nothing_known_is_told_what_is_understood(text, tmp_path):
    path = tmp_path / "notes"
    path.write_text(text)

    with pytest.raises(InvalidError, match="understood are metrics as JSON or YAML, what 'dvc metrics show --json' prints"):
        intake.metrics(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="there is no file"):
        intake.metrics(str(tmp_path / "metrics.json"))


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(UsageError, match="is no regular file"):
        intake.metrics(tmp_path / "pipe")
