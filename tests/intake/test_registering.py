"""What files say becomes a version: what a person says himself wins, what two files say differently is refused."""

from __future__ import annotations

import os

import numpy as np
import pytest
from safetensors.numpy import save_file

from gitreg import Client, Model
from gitreg.errors import ConflictError, InvalidError, NotFoundError, UsageError
from tests.intake import runs


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Be in a folder with two files of metrics that agree, one that does not, and a model."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "a.json").write_text('{"accuracy": 0.97, "loss": 0.1}')
    (folder / "b.yaml").write_text("accuracy: 0.97\nauc: 0.99\n")
    (folder / "c.json").write_text('{"accuracy": 0.5}')
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [audio]\nlanguage: en\nbase_model: a/b\n---\n")
    save_file({"w": np.zeros((2, 3), np.float32)}, folder / "m.safetensors", metadata={"format": "pt"})
    return folder


HEADER = {"format": "safetensors", "framework": "pytorch", "parameters": 6, "dtypes": ["F32"], "tensor_count": 1, "tensors": {"w": [2, 3]}}


# -- register -------------------------------------------------------------------------------------------------


def test_metrics_come_from_a_file(registry, here):
    version = registry.register("iris", from_file="a.json")

    assert version.metrics == {"accuracy": 0.97, "loss": 0.1}


def test_files_that_agree_are_put_together(registry, here):
    version = registry.register("iris", from_file=[here / "a.json", "b.yaml", "README.md"], tags=["nightly"])

    assert version.metrics == {"accuracy": 0.97, "loss": 0.1, "auc": 0.99}
    assert (version.tags, version.metadata, version.links["base_model"].uri) == (("audio", "nightly"), {"language": "en"}, "https://huggingface.co/a/b")


def test_files_that_disagree_are_refused_by_their_names(registry, here):
    with pytest.raises(UsageError) as refused:
        registry.register("iris", from_file=["a.json", "c.json"])

    assert str(refused.value) == "'a.json' and 'c.json' disagree about metrics.accuracy"
    assert registry.models() == ()


def test_what_is_given_beside_the_files_wins_and_settles_their_dispute(registry, here):
    version = registry.register("iris", from_file=["a.json", "c.json"], metrics={"accuracy": 0.96})

    assert version.metrics == {"accuracy": 0.96, "loss": 0.1}


def test_a_run_that_failed_is_a_failed_version_until_somebody_says_otherwise(registry, tmp_path):
    run = runs.written(tmp_path, {"status": 4})

    failed = registry.register("churn", from_file=run)
    ready = registry.register("churn", from_file=run, status="ready", description="good enough")

    assert (failed.status, failed.run.error) == ("failed", "MLflow recorded this run as failed")
    assert (ready.status, ready.description) == ("ready", "good enough")


def test_the_licence_of_a_card_becomes_that_of_a_new_model_in_the_same_commit(registry, here, git):
    before = git(registry.path, "rev-list", "--count", "HEAD")

    registry.register("iris", from_file="README.md")

    assert registry.model("iris").license == "mit"
    assert int(git(registry.path, "rev-list", "--count", "HEAD")) == int(before) + 1


def test_the_licence_of_a_card_fills_an_empty_field_and_never_overwrites_one(registry, here):
    registry.create_model("iris", description="flowers")
    registry.register("iris", from_file="README.md")
    registry.update_model("iris", license="apache-2.0")

    with pytest.raises(ConflictError) as refused:
        registry.register("iris", from_file="README.md")

    assert str(refused.value) == "license of model 'iris' is 'apache-2.0', and the file says 'mit'"
    assert (registry.model("iris").description, len(registry.versions("iris"))) == ("flowers", 1)


@pytest.mark.parametrize("paths", ["", 7, ["a.json", None], [b"a.json"]])
def test_what_is_no_path_is_wrong_usage(paths, registry, here):
    with pytest.raises(UsageError, match="from_file: expected a path, or a list of paths"):
        registry.register("iris", from_file=paths)


def test_a_file_that_is_not_there_is_not_found(registry, here):
    with pytest.raises(NotFoundError, match=r"there is no file 'metrics\.json'"):
        registry.register("iris", from_file="metrics.json")


def test_a_transaction_and_the_client_take_files_too(registry, here, monkeypatch):
    with registry.transaction() as tx:
        tx.register("iris", from_file="a.json")
        tx.update("iris@1", from_file="b.yaml")
    made = Client(registry.path).create_model_version("iris", from_file="c.json")

    assert registry.get("iris@1").metrics == {"accuracy": 0.97, "loss": 0.1, "auc": 0.99}
    assert made.metrics == {"accuracy": 0.5}


# -- update ---------------------------------------------------------------------------------------------------


def test_update_adds_what_a_file_says(registry, here):
    registry.register("iris", metrics={"accuracy": 0.97}, tags=["nightly"], metadata={"language": "la"})

    registry.update("iris@1", from_file=["b.yaml", "README.md"], add_tags=["reviewed"], metadata={"language": "de"})
    version = registry.get("iris@1")

    assert (version.metrics, version.tags, version.metadata) == ({"accuracy": 0.97, "auc": 0.99}, ("nightly", "audio", "reviewed"), {"language": "de"})
    assert registry.model("iris").license == "mit"


def test_update_from_a_file_changes_nothing_that_is_recorded(registry, here):
    registry.register("iris", metrics={"accuracy": 0.97})

    with pytest.raises(ConflictError, match=r"metrics\.accuracy of iris@1 is recorded and cannot change"):
        registry.update("iris@1", from_file="c.json")


def test_update_from_the_same_files_again_changes_nothing(registry, here):
    registry.register("iris", from_file=["a.json", "README.md"], artifacts={"model": "m.safetensors"})

    receipt = registry.update("iris@1", from_file=["a.json", "README.md"], artifacts={"model": "m.safetensors"})

    assert not receipt.changed


def test_a_card_is_not_filled_where_the_version_cannot_be_updated(registry, here):
    registry.register("iris", metrics={"accuracy": 0.97})

    with pytest.raises(ConflictError):
        registry.update("iris@1", from_file=["c.json", "README.md"])

    assert registry.model("iris").license == ""


# -- headers --------------------------------------------------------------------------------------------------


def test_the_header_of_a_model_file_is_recorded_below_files_and_the_artifacts_name(registry, here):
    version = registry.register("iris", artifacts={"model": "m.safetensors", "train": {"kind": "data", "uri": "a.json"}}, metadata={"reviewed": True})

    assert version.metadata == {"reviewed": True, "files": {"model": HEADER}}


def test_a_persons_own_word_about_a_file_wins(registry, here):
    version = registry.register("iris", artifacts={"model": "m.safetensors", "other": "m.safetensors"}, metadata={"files": {"model": {"framework": "jax"}}})

    assert version.metadata == {"files": {"model": {"framework": "jax"}, "other": HEADER}}


def test_the_header_is_recorded_where_nothing_else_is_in_the_metadata(registry, here):
    version = registry.register("iris", artifacts={"model": "m.safetensors"})

    assert version.metadata == {"files": {"model": HEADER}}


@pytest.mark.parametrize("own", ["a text", ["a", "list"], 7])
def test_a_key_called_files_that_is_no_map_is_left_alone(own, registry, here):
    version = registry.register("iris", artifacts={"model": "m.safetensors"}, metadata={"files": own})

    assert version.metadata == {"files": own}


def test_an_artifact_that_comes_later_stands_beside_those_that_are_there(registry, here):
    registry.register("iris", artifacts={"model": "m.safetensors"}, metadata={"reviewed": True})

    registry.update("iris@1", artifacts={"other": "m.safetensors"})

    assert registry.get("iris@1").metadata == {"reviewed": True, "files": {"model": HEADER, "other": HEADER}}


def test_what_a_person_wrote_about_a_recorded_file_stays_when_it_is_linked_again(registry, here):
    registry.register("iris", artifacts={"model": "m.safetensors"})
    registry.update("iris@1", metadata={"files": {"model": {"framework": "jax"}}})

    receipt = registry.update("iris@1", artifacts={"model": "m.safetensors"})

    assert not receipt.changed


def test_another_file_of_a_running_version_has_another_header(registry, here):
    registry.register("iris", artifacts={"model": "m.safetensors"}, status="running")
    save_file({"v": np.zeros(5, np.float16)}, "m.safetensors")

    registry.update("iris@1", artifacts={"model": "m.safetensors"})

    assert registry.get("iris@1").metadata["files"]["model"]["tensors"] == {"v": [5]}


def test_link_artifact_records_the_header(registry, here, monkeypatch):
    monkeypatch.setenv("GITREG_REGISTRY", registry.path)
    model = Model("iris")

    model.link_artifact("model", "m.safetensors")

    assert model.metadata == {"files": {"model": HEADER}}


def test_a_hostile_file_is_registered_as_the_bytes_that_it_is(registry, here):
    names = b'{"\\ud800": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "\\u001b[2J": {"dtype": "\\u0000", "shape": [1], "data_offsets": [0, 4]}}'
    (here / "m.safetensors").write_bytes(len(names).to_bytes(8, "little") + names + bytes(4))

    version = registry.register("iris", artifacts={"model": "m.safetensors"})

    assert version.artifacts["model"].size == os.path.getsize("m.safetensors")
    assert registry.check() == ()


def test_nothing_is_read_for_a_version_without_files(registry, here, monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.startswith(("gitreg.formats", "gitreg.intake", "gitreg.operations.found"))]:
        monkeypatch.delitem(sys.modules, name)

    registry.register("iris", metrics={"accuracy": 0.9})

    assert not [name for name in sys.modules if name.startswith(("gitreg.formats", "gitreg.intake", "gitreg.operations.found"))]


def test_a_file_of_metrics_that_is_wrong_registers_nothing(registry, here):
    (here / "a.json").write_text('{"accuracy": NaN}')

    with pytest.raises(InvalidError, match=r"a\.json:1: accuracy: NaN is not a finite number"):
        registry.register("iris", from_file="a.json")

    assert registry.models() == ()


@pytest.mark.parametrize("text", ["{}", '{"val": {}}', '{"": {"data": {"m.json": {"data": {}}}}}'])
def test_a_file_without_metrics_registers_nothing(registry, here, text):
    (here / "a.json").write_text(text)

    with pytest.raises(InvalidError, match=r"^a\.json: there are no metrics in it$"):
        registry.register("iris", from_file="a.json")

    assert registry.models() == ()
