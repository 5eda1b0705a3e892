"""The four files of format 1: bytes to records and back. One pair of functions a kind.

Decoding refuses what is wrong with file, line and field; encoding is what gitreg writes, so that decoding
gives the same record again. ``schemas()`` is the same truth as JSON Schema.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from gitreg import names
from gitreg.errors import InvalidError, UsageError
from gitreg.records import FORMAT, Config, Manifest, ModelCard, Number, Pointer, StageName, Stages, plain
from gitreg.store import codec, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gitreg.store.explain import Problem

KINDS: dict[str, Any] = {
    "gitreg": Config,
    "model": ModelCard,
    "manifest": Manifest,
    "stages": dict[StageName, Pointer],
}
_ARCHIVED = tuple[Number, ...] | None  # None: a hand took the last line out and left the key
_NAME_LINE = rb'(?:#[^\r\n]*\r?\n)*number: [0-9]+\r?\nversion: "([^"\\\r\n]+)"\r?\n'  # as gitreg writes it
_GROWING = ("metrics", "artifacts", "links")
R = TypeVar("R")


def decode_config(data: bytes, path: str = layout.CONFIG) -> Config:
    """Return the registry's configuration; a file of a newer format says so before anything else.

    Raises:
        InvalidError: the file is not strict YAML, not this record, or of a newer format.
    """
    value = codec.load(data, path)
    found = value.get("format", FORMAT) if isinstance(value, dict) else FORMAT
    if type(found) is int and found > FORMAT:
        raise InvalidError(
            f"this registry has format {found}, this gitreg knows {FORMAT}",
            path=path, line=codec.line_of(data, ("format",)), field="format", rule="R02", hint="install a newer gitreg",
        )  # fmt: skip
    config = _record(Config, value, data, path)
    for place, sentence in _config_problems(config):
        raise InvalidError(sentence, path=path, line=codec.line_of(data, place), field=".".join(place), rule="R02")
    return config


def _config_problems(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where and what the types let pass: a reserved stage name, a ``from`` that names no stage."""
    for stage, rule in config.stages.items():
        sentence = names.stage_name_problem(stage)
        if sentence:
            yield ("stages", stage), sentence
        for origin in rule.from_:
            if origin not in config.stages:
                yield ("stages", stage, "from"), (f"{origin!r} is not a stage of this registry: {', '.join(config.stages)}")


def decode_card(data: bytes, path: str) -> ModelCard:
    """Return what ``model.yaml`` says.

    Raises:
        InvalidError: the file is not strict YAML, or not this record.
    """
    return _record(ModelCard, codec.load(data, path), data, path)


def decode_manifest(data: bytes, path: str) -> Manifest:
    """Return what a version's manifest says.

    Raises:
        InvalidError: the file is not strict YAML, or not this record.
    """
    return _record(Manifest, codec.load(data, path), data, path)


def decode_stages(data: bytes, path: str) -> Stages:
    """Return what the pointer file says.

    Raises:
        InvalidError: the file is not strict YAML, or not this record.
    """
    value = codec.load(data, path)
    blocks = dict(value) if isinstance(value, dict) else value
    archived = blocks.pop(names.ARCHIVED, ()) if isinstance(value, dict) else ()
    try:
        return Stages(
            pointers=msgspec.convert(blocks, KINDS["stages"]), archived=msgspec.convert(archived, _ARCHIVED) or ()
        )
    except msgspec.ValidationError:
        raise first_problem("stages", value, data, path) from None


DECODERS: dict[str, Callable[[bytes, str], Any]] = {"config": decode_config, "card": decode_card, "stages": decode_stages, "manifest": decode_manifest}  # by what layout.place calls a file


def _record(kind: type[R], value: Any, data: bytes, path: str) -> R:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        name = next(name for name, known in KINDS.items() if known is kind)
        raise first_problem(name, value, data, path) from None


def first_problem(kind: str, value: Any, data: bytes, path: str) -> InvalidError:
    """Return the error of a document that msgspec refused, with its line and field."""
    return next(iter(located(kind, value, data, path)))


def located(kind: str, value: Any, data: bytes, path: str) -> Iterator[InvalidError]:
    """Yield an error for each reason why *value*, read from *data*, is not a document of *kind*."""
    lines: dict[codec.Path, int] | None = None
    for problem in chain(_problems(kind, value), _name_problems(value)):
        lines = codec.lines(data) if lines is None else lines
        line = codec.line_in(lines, problem.path)
        yield InvalidError(problem.sentence, path=path, line=line, field=problem.field, rule="R02")


def _problems(kind: str, value: Any) -> Iterator[Problem]:
    from gitreg.store import explain

    if kind != "stages" or not isinstance(value, dict):
        yield from explain.problems(KINDS[kind], value)
        return
    for key, item in value.items():
        yield from explain.problems(_ARCHIVED, item, (key,)) if key == names.ARCHIVED else explain.problems(
            KINDS[kind], {key: item}
        )


def checked(record: R) -> R:
    """Return *record* if it could be written and read again; a record that code made is not checked before.

    Raises:
        UsageError: a field is not what format 1 allows; the sentence names it.
    """
    kind = next(name for name, known in KINDS.items() if known is type(record))
    value = plain(record)  # type: ignore[arg-type]
    try:
        msgspec.convert(value, KINDS[kind])
        wrong = next(_name_problems(value), None)
    except msgspec.ValidationError:
        wrong = next(_problems(kind, value))
    if wrong:
        raise UsageError("{field}: {problem}", field=wrong.field, problem=wrong.sentence)
    return record


def _name_problems(value: Any) -> Iterator[Problem]:
    """Yield the names that msgspec's bounds let pass: they must be printable."""
    groups = [(group, value.get(group)) for group in ("metrics", "params", "artifacts", "links")] if isinstance(value, dict) else []
    hidden = [(group, name) for group, held in groups if isinstance(held, dict) for name in held if not name.isprintable()]
    if hidden:
        from gitreg.store.explain import Problem

        yield from (Problem(path, "a name has printable characters only") for path in hidden)


def encode_card(card: ModelCard, path: str) -> str:
    """Return the text of ``model.yaml``."""
    return sized(layout.schema_line(path, "model") + codec.dump(plain(card)), path)


def encode_manifest(manifest: Manifest, path: str) -> str:
    """Return the text of a manifest; its name stands on a line of its own, ``version: "NAME"``.

    What may grow is sorted: two branches that each add a metric then write in different places, mostly, and merge.
    """
    value = plain(manifest)
    value.update({group: dict(sorted(value[group].items())) for group in _GROWING if group in value})
    value["version"] = codec.Quoted(manifest.version)
    return sized(layout.schema_line(path, "manifest") + codec.dump(value), path)


def encode_stages(stages: Stages, order: Mapping[str, Any], path: str) -> str:
    """Return the text of the pointer file: a block for every stage in *order*, a blank line between blocks.

    git merges changes to different blocks by this layout alone. Names and numbers need no quoting.

    Raises:
        UsageError: it would be larger than what is read: very many versions have left a stage.
    """
    blocks = [_block(stage, stages.pointer(stage)) for stage in order]
    archived = "".join(f"\n  - {number}" for number in stages.archived) or " []"
    return sized(layout.schema_line(path, "stages") + "\n".join([*blocks, f"archived:{archived}\n"]), path)


def _block(stage: str, pointer: Pointer) -> str:
    number = "null" if pointer.number is None else pointer.number
    return f"{stage}:\n  number: {number}\n  previous: [{', '.join(map(str, pointer.previous))}]\n"


def sized(text: str, path: str) -> str:
    """Return *text* if it will be read again.

    Raises:
        UsageError: it is larger than 1 MiB.
    """
    size = len(text.encode())
    if size > layout.LARGEST:
        raise UsageError("{path} would have {size:,} bytes, {most:,} are allowed", path=path, size=size, most=layout.LARGEST)
    return text


def name_in(data: bytes, path: str) -> str:
    """Return the version's name as the byte scan finds it; where that could err, a parse settles it."""
    hit = re.match(_NAME_LINE, data)
    return hit[1].decode() if hit and data.count(b"\nversion:") == 1 else decode_manifest(data, path).version


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas (2020-12) of format 1 by kind, generated from the records."""
    return {kind: _schema(kind, record) for kind, record in KINDS.items()}


def _schema(kind: str, record: Any) -> dict[str, Any]:
    made = msgspec.json.schema(record)
    definitions = made.pop("$defs", {})
    top = definitions.pop(made.pop("$ref").rpartition("/")[2]) if "$ref" in made else made
    if kind == "stages":
        top["properties"] = {names.ARCHIVED: msgspec.json.schema(_ARCHIVED) | {"default": []}}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:gitreg:{FORMAT}:{kind}"}
    return head | top | ({"$defs": definitions} if definitions else {})
