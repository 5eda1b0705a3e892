"""A model card of Hugging Face becomes facts of a version and of its model; a card that is not sound is refused with its line."""

from __future__ import annotations

import pytest

from gitreg import intake
from gitreg.errors import InvalidError

CARD = """\
---
license: apache-2.0
language: no
tags: [audio, speech]
library_name: transformers
pipeline_tag: automatic-speech-recognition
base_model: openai/whisper-small
base_model_relation: finetune
datasets:
- mozilla-foundation/common_voice_11_0
- glue
model-index:
- name: whisper-small-norwegian
  results:
  - task: {type: automatic-speech-recognition, name: Speech}
    dataset: {type: mozilla-foundation/common_voice_11_0, name: Common Voice, config: nn, split: test, args: nn}
    metrics:
    - {type: wer, value: 32.5, name: Wer}
    - {type: f1, value: 0.5, name: F1 macro}
    - {type: f1, value: 0.75, name: F1 micro}
  - dataset: {name: Our own}
    metrics: [{type: wer, value: 12}]
widget:
- src: https://example.org/a.flac
---

# Whisper

accuracy: 1.0 is prose, and not read.
"""


def card(folder, text):
    path = folder / "README.md"
    path.write_text(text, encoding="utf-8")
    return path


def of(folder, text):
    return intake.read(card(folder, f"---\n{text}\n---\n"))


def test_a_card_becomes_facts_of_the_version_and_of_the_model(tmp_path):
    facts = intake.read(card(tmp_path, CARD))

    assert facts == {
        "card": {"license": "apache-2.0"},
        "tags": ["audio", "speech"],
        "metadata": {"language": "no", "library_name": "transformers", "pipeline_tag": "automatic-speech-recognition"},
        "links": {
            "base_model": {"uri": "https://huggingface.co/openai/whisper-small", "title": "base model (finetune)"},
            "dataset.mozilla-foundation/common_voice_11_0": {"uri": "https://huggingface.co/datasets/mozilla-foundation/common_voice_11_0", "title": "dataset"},
            "dataset.glue": {"uri": "https://huggingface.co/datasets/glue", "title": "dataset"},
        },
        "metrics": {
            "mozilla-foundation/common_voice_11_0.nn.test.wer": 32.5,
            "mozilla-foundation/common_voice_11_0.nn.test.F1 macro": 0.5,
            "mozilla-foundation/common_voice_11_0.nn.test.F1 micro": 0.75,
            "Our own.wer": 12,
        },
    }  # fmt: skip


def test_results_of_two_tasks_over_one_dataset_are_told_apart(tmp_path):
    facts = of(tmp_path, """\
model-index:
- results:
  - {task: {type: ner}, dataset: {type: conll}, metrics: [{type: f1, value: 0.5}]}
  - {task: {type: pos}, dataset: {type: conll}, metrics: [{type: f1, value: 0.75}, {type: accuracy, value: 1}]}""")

    assert facts["metrics"] == {"ner.conll.f1": 0.5, "pos.conll.f1": 0.75, "conll.accuracy": 1}


@pytest.mark.parametrize(("text", "expected"), [
    ("license: mit", "mit"), ("license: [mit, apache-2.0]", "mit, apache-2.0"), ("license: other\nlicense_name: llama3\nlicense_link: LICENSE", "llama3"), ("license: other", "other"),
])  # fmt: skip
def test_the_licence_goes_to_the_models_card(text, expected, tmp_path):
    assert of(tmp_path, text)["card"] == {"license": expected}


def test_several_base_models_have_a_link_each(tmp_path):
    links = of(tmp_path, "base_model: [a/b, https://example.org/c]\nlicense_link: https://example.org/LICENSE")["links"]

    assert links == {
        "base_model.a/b": {"uri": "https://huggingface.co/a/b", "title": "base model"},
        "base_model.https://example.org/c": {"uri": "https://example.org/c", "title": "base model"},
        "license": {"uri": "https://example.org/LICENSE", "title": "license"},
    }


def test_a_card_with_the_line_ends_of_windows_and_a_long_text_is_read(tmp_path):
    text = "\ufeff" + CARD.replace("\n", "\r\n") + "x" * (2 << 20)
    (tmp_path / "README.md").write_bytes(text.encode())

    facts = intake.read(tmp_path / "README.md")

    assert facts["card"] == {"license": "apache-2.0"}


REFUSED = {
    "an alias": ("license: &a mit\ntags: [*a]", ":2: anchors are not allowed"),
    "a tag of YAML": ("license: mit\ntags: !!python/object/apply:os.system [ls]", ":3: tags are not allowed"),
    "a key twice": ("license: mit\nlicense: gpl", ":3: duplicate key 'license'"),
    "a list": ("- mit", ":2: expected a map between the two lines of ---"),
    "nothing that is understood": ("inference: true", ":1: the card has no field that is understood: license, tags, language, library_name, pipeline_tag, base_model, datasets, model-index"),
    "a tag that is a number": ("license: mit\ntags: [a, 3]", ":3: tags: expected text, or a list of texts, found 3"),
    "a licence that is a map": ("license: {a: b}", ":2: license: expected text, or a list of texts, found a map"),
    "a base model that is a path": ("base_model: ../../etc/passwd", ":2: base_model: expected OWNER/NAME of Hugging Face, or an address, found '../../etc/passwd'"),
    "a dataset that would run": ("datasets: javascript:alert(1)", ":2: datasets: expected OWNER/NAME of Hugging Face, or an address, found 'javascript:alert(1)'"),
    "two models": ("model-index: [{}, {}]", ":2: model-index: expected a list of one model"),
    "an index that is a text": ("model-index: [none]", ":2: model-index.0: expected a map, found 'none'"),
    "results that are a map": ("model-index:\n- results: {a: 1}", ":3: model-index.0.results: expected a list, found a map"),
    "a value that is a text": (
        "model-index:\n- results:\n  - metrics:\n    - type: wer\n      value: 32.5 %",
        ":6: model-index.0.results.0.metrics.0.value: expected a number, found '32.5 %': give what is no metric with --metadata",
    ),
    "a value that is none": ("model-index: [{results: [{metrics: [{type: wer}]}]}]", ":2: model-index.0.results.0.metrics.0.value: expected a number, found null: give what is no metric with --metadata"),
    "two values of one name": (
        "model-index:\n- results:\n  - metrics:\n    - {type: wer, value: 1}\n    - {type: wer, value: 2}",
        ":6: model-index.0.results.0.metrics.1: 'wer' has another value above",
    ),
    "a name too long": (f"model-index: [{{results: [{{metrics: [{{type: {'w' * 101}, value: 1}}]}}]}}]", ":2: model-index.0.results.0.metrics.0: the name of a metric has 1 to 100 characters, " + repr("w" * 40) + "… has 101"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_card_that_is_not_sound_is_refused_with_its_line(what, tmp_path):
    text, sentence = REFUSED[what]

    with pytest.raises(InvalidError) as refused:
        of(tmp_path, text)

    assert str(refused.value) == f"{tmp_path}/README.md{sentence}"
    assert refused.value.hint


def test_a_readme_without_a_card_is_told_what_is_understood(tmp_path):
    with pytest.raises(InvalidError, match="understood are metrics as JSON or YAML"):
        intake.read(card(tmp_path, "# Whisper\n"))


def test_maps_without_end_are_refused(tmp_path):
    with pytest.raises(InvalidError):
        of(tmp_path, "license: " + "[" * 100_000)
