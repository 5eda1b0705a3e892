"""The published JSON Schemas are those of the records.

After a change of the records write them again::

    for kind in gitreg model stages manifest; do gitreg schema $kind > schema/$kind.json; done
"""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gitreg import setup
from gitreg.store import codec, documents
from tests.store.test_documents import MANIFEST_TEXT, STAGES_TEXT

FOLDER = Path(__file__).parents[1] / "schema"
SCHEMAS = documents.schemas()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_published_schema_is_that_of_the_records(kind):
    assert (FOLDER / f"{kind}.json").read_text(encoding="utf-8") == setup.schema_text(SCHEMAS[kind]), __doc__


def test_no_other_schema_is_published():
    assert {path.name for path in FOLDER.iterdir()} == {"gitreg.json", "model.json", "stages.json", "manifest.json"}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_json_schema_2020_12(kind):
    schema = SCHEMAS[kind]

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:gitreg:1:{kind}"


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_new_registry_holds_the_schema(registry, kind):
    data = registry.snapshot().bytes_of(f".gitreg/schema/1/{kind}.json")

    assert data.decode() == setup.schema_text(SCHEMAS[kind])


@pytest.mark.parametrize(("kind", "text"), [("manifest", MANIFEST_TEXT), ("stages", STAGES_TEXT)])
def test_what_gitreg_writes_keeps_its_schema(kind, text):
    Draft202012Validator(SCHEMAS[kind]).validate(codec.load(text.encode(), "f"))


def test_the_files_of_a_registry_keep_their_schemas(iris):
    snapshot = iris.snapshot()
    files = {"gitreg.yaml": "gitreg", "models/iris/model.yaml": "model", "models/iris/stages.yaml": "stages", "models/iris/versions/2.yaml": "manifest"}

    for path, kind in files.items():
        Draft202012Validator(SCHEMAS[kind]).validate(codec.load(snapshot.bytes_of(path), path))
