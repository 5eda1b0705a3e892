"""Where a record lives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitreg.store import layout
from gitreg.store.layout import Place
from tests.strategies import model_names


@pytest.mark.parametrize(
    ("number", "path"),
    [
        (1, "models/iris/versions/1.yaml"),
        (999, "models/iris/versions/999.yaml"),
        (1000, "models/iris/versions/1000/1000.yaml"),
        (1999, "models/iris/versions/1000/1999.yaml"),
        (2000, "models/iris/versions/2000/2000.yaml"),
        (12345, "models/iris/versions/12000/12345.yaml"),
        (1_000_000, "models/iris/versions/1000000/1000000.yaml"),
    ],
)
def test_a_manifest_lives_in_its_folder_of_a_thousand(number, path):
    assert layout.manifest("iris", number) == path


@given(model_names, st.integers(1, 10**9 - 1))
def test_place_undoes_manifest(model, number):
    assert layout.place(layout.manifest(model, number)) == Place("manifest", model, number)


@given(model_names)
def test_place_undoes_card_and_stages(model):
    assert layout.place(layout.card(model)) == Place("card", model)
    assert layout.place(layout.stages(model)) == Place("stages", model)


def test_place_knows_the_files_of_the_registry():
    assert layout.place("gitreg.yaml").kind == "config"
    assert layout.place(".gitreg/schema/1/manifest.json").kind == "schema"


@pytest.mark.parametrize(
    "path",
    [
        "models/iris/versions/1000.yaml",
        "models/iris/versions/1000/999.yaml",
        "models/iris/versions/1000/2000.yaml",
        "models/iris/versions/0/5.yaml",
        "models/iris/versions/0.yaml",
        "models/iris/versions/07.yaml",
        "models/iris/versions/7.yml",
        "models/iris/versions/7.yaml.orig",
        "models/iris/versions/7.yaml\n",
        "models/iris/versions/\u0667.yaml",
        "models/iris/versions/1500/1500.yaml",
        "models/iris/notes.md",
        "models/7.yaml",
        "models/model.yaml",
        "versions/7.yaml",
        "README.md",
        "sub/gitreg.yaml",
    ],
)
def test_a_stray_file_has_no_place(path):
    assert layout.place(path) == Place("")


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("gitreg.yaml", ".gitreg/schema/1/gitreg.json"),
        ("models/iris/model.yaml", "../../.gitreg/schema/1/gitreg.json"),
        ("models/team/iris/versions/1000/1000.yaml", "../../../../../.gitreg/schema/1/gitreg.json"),
    ],
)
def test_the_schema_line_is_relative_to_its_file(path, schema):
    assert layout.schema_line(path, "gitreg") == f"# yaml-language-server: $schema={schema}\n"
