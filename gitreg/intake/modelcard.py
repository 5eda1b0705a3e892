"""A model card of Hugging Face: the YAML between two lines of ``---`` at the start of a README.md. The prose below is not read."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from gitreg.intake import documents, files, numbers
from gitreg.intake.documents import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.store.codec import Path

_FRONT = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_HUB = "https://huggingface.co/"
_ID = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?"
_AS_METADATA = ("language", "library_name", "pipeline_tag")


class _Result(NamedTuple):
    """A metric of the card: where it stands, what it is about, and its value."""

    path: Path
    task: str
    about: str
    kind: str
    called: str
    value: int | float


def front(path: str | os.PathLike[str]) -> Document | None:
    """Return the YAML at the start of a model card, or None where a file is none.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read.
        InvalidError: the YAML is not sound.
    """
    found = _FRONT.match(files.head(path))
    if found is None:
        return None
    name, data = os.fspath(path), b"\n" + found[1]  # the line of dashes counts
    value = documents.yaml(data, name)
    if not isinstance(value, dict):
        files.refuse("expected a map between the two lines of ---", name, 2)
    return Document(name, value, data, is_json=False)


def facts(card: Document) -> dict[str, Any]:
    """Return what a model card says of a version, and in ``card`` what it says of the model.

    Raises:
        InvalidError: a field is not what it should be, or two results have one name.
    """
    found = {
        "metrics": _metrics(card),
        "tags": _texts(card, "tags"),
        "metadata": {name: _one_or_more(card, name) for name in _AS_METADATA if name in card.value},
        "links": dict(_links(card)),
        "card": _license(card),
    }
    if not any(found.values()):
        files.refuse(f"the card has no field that is understood: {', '.join(_UNDERSTOOD)}", card.path, 1)
    return found


_UNDERSTOOD = ("license", "tags", *_AS_METADATA, "base_model", "datasets", "model-index")


def _texts(card: Document, name: str) -> list[str]:
    """Return a field that is a text or a list of texts as a list."""
    value = card.value.get(name)
    items = [] if value is None else value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str) or not item:
            numbers.refuse(card, (name,), f"expected text, or a list of texts, found {numbers.seen(item)}")
    return list(dict.fromkeys(items))


def _one_or_more(card: Document, name: str) -> str | list[str]:
    texts = _texts(card, name)
    return texts[0] if len(texts) == 1 and not isinstance(card.value[name], list) else texts


def _license(card: Document) -> dict[str, str]:
    """Return the licence for the model's card: of one that is ``other``, the name that the card gives it."""
    named = _texts(card, "license_name")
    texts = [named[0] if text == "other" and named else text for text in _texts(card, "license")]
    return {"license": ", ".join(texts)} if texts else {}


def _links(card: Document) -> Iterator[tuple[str, dict[str, str]]]:
    bases = _texts(card, "base_model")
    relation = ", ".join(_texts(card, "base_model_relation"))
    for base in bases:
        title = f"base model ({relation})" if relation else "base model"
        yield "base_model" if len(bases) == 1 else f"base_model.{base}", {"uri": _address(card, "base_model", base, _HUB), "title": title}
    for dataset in _texts(card, "datasets"):
        yield f"dataset.{dataset}", {"uri": _address(card, "datasets", dataset, f"{_HUB}datasets/"), "title": "dataset"}
    for link in _texts(card, "license_link"):
        if re.match(r"https?://", link):
            yield "license", {"uri": link, "title": "license"}


def _address(card: Document, field: str, text: str, hub: str) -> str:
    if re.fullmatch(_ID, text):
        return hub + text
    if not re.match(r"https?://", text):
        numbers.refuse(card, (field,), f"expected OWNER/NAME of Hugging Face, or an address, found {numbers.seen(text)}")
    return text


def _metrics(card: Document) -> dict[str, int | float]:
    """Return the results by ``DATASET.METRIC``, the dataset with its configuration and split where there are such.

    Results of one name are told apart by what the card calls them, and by their task.
    """
    results = list(_results(card))
    short = Counter((result.about, result.kind) for result in results)
    longer = Counter((result.about, result.called) for result in results)
    found: dict[str, int | float] = {}
    for result in results:
        parts = [result.about, result.kind]
        if short[result.about, result.kind] > 1:
            parts[1] = result.called
            parts[:0] = [result.task] if longer[result.about, result.called] > 1 else []
        name = ".".join(part for part in parts if part)
        if not 0 < len(name) <= numbers.LONGEST:
            numbers.refuse(card, result.path, f"the name of a metric has 1 to {numbers.LONGEST} characters, {name[:40]!r}… has {len(name)}")
        if found.setdefault(name, result.value) != result.value:
            numbers.refuse(card, result.path, f"{name!r} has another value above")
    return found


def _results(card: Document) -> Iterator[_Result]:
    index = card.value.get("model-index") or []
    if not isinstance(index, list) or len(index) > 1:
        numbers.refuse(card, ("model-index",), "expected a list of one model")
    for path, result in _maps(card, ("model-index",), index):
        for inner, each in _maps(card, (*path, "results"), result.get("results") or []):
            dataset, task = _map(each, "dataset"), _map(each, "task")
            about = ".".join(_word(part) for part in (dataset.get("type") or dataset.get("name"), dataset.get("config"), dataset.get("split")) if part)
            for place, metric in _maps(card, (*inner, "metrics"), each.get("metrics") or []):
                kind, called = _word(metric.get("type")), _word(metric.get("name") or metric.get("type"))
                yield _Result(place, _word(task.get("type")), about, kind, called, numbers.number(card, (*place, "value"), metric.get("value")))


def _maps(card: Document, path: Path, items: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    if not isinstance(items, list):
        numbers.refuse(card, path, f"expected a list, found {numbers.seen(items)}")
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            numbers.refuse(card, (*path, index), f"expected a map, found {numbers.seen(item)}")
        yield (*path, index), item


def _map(value: dict[str, Any], name: str) -> dict[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _word(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
