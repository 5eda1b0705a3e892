"""``Model``: resolved when it is touched, once; looking at it never resolves."""

from __future__ import annotations

import os
import threading

import pytest

from gitreg import ConflictError, Model, ModelStages, NotFoundError, Registry, UsageError


@pytest.fixture(autouse=True)
def here(iris, monkeypatch):
    """Work in the folder of the registry ``iris``."""
    monkeypatch.chdir(iris.path)


def commits(git):
    return int(git(".", "rev-list", "--count", "HEAD"))


@pytest.mark.parametrize("look", [
    repr, str, hash, dir, lambda m: m == Model("iris"), lambda m: m != 1, lambda m: hasattr(m, "nothing"), lambda m: hasattr(m, "_repr_html_"), lambda m: {m: 1}, lambda m: m.name, lambda m: m.__dict__,
], ids=["repr", "str", "hash", "dir", "==", "!=", "hasattr", "hasattr of a notebook", "key", "name", "dict"])  # fmt: skip
def test_looking_never_resolves(git, look):
    model = Model("rose", version="1.0.5")

    look(model)

    assert commits(git) == 6
    assert model._found is None


def test_a_model_says_what_was_asked_for():
    assert repr(Model("iris", version="1.0.5")) == "Model(name='iris', version='1.0.5')"
    assert repr(Model("iris", 7)) == "Model(name='iris', version='7')"
    assert repr(Model("iris", ModelStages.LATEST)) == "Model(name='iris', version='latest')"


@pytest.mark.parametrize(("version", "number"), [(2, 2), ("2", 2), ("production", 1), (ModelStages.STAGING, 2), (ModelStages.LATEST, 3)], ids=str)
def test_a_number_and_a_stage_name_a_version_that_exists(git, version, number):
    model = Model("iris", version=version)

    assert (model.number, model.id) == (number, f"iris@{number}")
    assert commits(git) == 6


@pytest.mark.parametrize("version", [9, "9", "development", ModelStages.DEVELOPMENT], ids=str)
def test_a_number_and_a_stage_are_never_created(git, version):
    with pytest.raises(NotFoundError):
        _ = Model("iris", version=version).number

    assert commits(git) == 6


def test_latest_of_a_model_that_is_new_is_not_found():
    with pytest.raises(NotFoundError):
        _ = Model("rose", version=ModelStages.LATEST).number


def test_a_name_is_created_and_then_got(git):
    assert Model("iris", version="even_better_version").number == 4
    assert Model("iris", version="even_better_version").number == 4
    assert commits(git) == 7


def test_none_creates_a_version_once(git):
    model = Model("iris")

    assert (model.number, model.version, model.id, model.number) == (4, "4", "iris@4", 4)
    assert Model("iris").number == 5
    assert commits(git) == 8


def test_a_new_model_is_created_with_its_card(iris):
    model = Model("rose", version="v1", license="MIT", use_cases="gardens", tags=["a"], save_models_to_registry=False)

    assert model.number == 1
    card = iris.model("rose")
    assert (card.license, card.use_cases, card.tags, card.save_models_to_registry) == ("MIT", "gardens", ("a",), False)


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_reading_only_creates_nothing(git, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("GITREG_READONLY", "1")
    create = how == "environment"

    for model in (Model("iris", create=create), Model("iris", "v9", create=create), Model("rose", "v1", create=create)):
        with pytest.raises(NotFoundError, match="would have to be created"):
            _ = model.number
        with pytest.raises(NotFoundError, match="would have to be created"):
            model.set_stage("staging")
    assert Model("iris", "production", create=create).number == 1
    assert commits(git) == 6


def test_a_handle_stays_when_stages_move_on(iris):
    model = Model("iris", version="production")
    assert model.number == 1

    iris.promote("iris@3", "production")

    assert (model.number, model.id, model.stage) == (1, "iris@1", "archived")
    assert Model("iris", version="production").number == 3


def test_set_stage_of_a_new_name_creates_and_promotes_in_one_commit(git, iris):
    receipt = Model("rose", version="1.2.3").set_stage(ModelStages.PRODUCTION)

    assert commits(git) == 7
    assert {event.event for event in receipt.events} == {"promoted", "model_created", "registered"}
    assert iris.get("rose@production").version == "1.2.3"


def test_set_stage_refuses_and_creates_nothing(git):
    model = Model("rose", version="1.2.3")

    with pytest.raises(UsageError):
        model.set_stage("latest")
    with pytest.raises(UsageError):
        model.set_stage("canary")

    assert commits(git) == 6


def test_set_stage_takes_expect_force_and_reason(iris):
    model = Model("iris", 3)

    with pytest.raises(ConflictError):
        model.set_stage("production", expect=2)
    model.set_stage("production", force=True, expect=1, reason="tested")

    assert {event.reason for event in iris.history("iris", "production")} == {"", "tested"}


def test_what_is_logged_is_read_back(tmp_path):
    model = Model("iris", version="v4")
    file = tmp_path / "weights.bin"
    file.write_bytes(b"weights")

    model.log_metadata({"reviewed": True})
    model.log_metrics({"auc": 0.9})
    model.link_artifact("model", file)
    model.link_artifact("train", "s3://bucket/train.csv", kind="data")

    assert (model.metadata, model.metrics) == ({"reviewed": True}, {"auc": 0.9})
    assert model.get_artifact("model") == model.get_model_artifact("model")
    assert model.get_data_artifact("train").uri == "s3://bucket/train.csv"
    with open(model.load_artifact("model"), "rb") as loaded:
        assert loaded.read() == b"weights"


def test_an_artifact_that_is_not_there_or_of_another_kind_is_not_found(tmp_path):
    model = Model("iris", version="v4")
    model.link_artifact("train", "s3://bucket/train.csv", kind="data")

    with pytest.raises(NotFoundError, match="iris@4 has no artifact 'model': it has train"):
        model.get_artifact("model")
    with pytest.raises(NotFoundError, match="'train' of iris@4 is a data artifact, not a model"):
        model.get_model_artifact("train")


def test_a_file_that_changed_since_is_not_loaded(tmp_path):
    model = Model("iris", version="v4")
    file = tmp_path / "weights.bin"
    file.write_bytes(b"weights")
    model.link_artifact("model", file)

    file.write_bytes(b"others!")

    with pytest.raises(ConflictError):
        model.load_artifact("model")
    os.unlink(file)
    with pytest.raises(NotFoundError):
        model.load_artifact("model")


def test_models_are_equal_where_they_are_the_same_version(git):
    assert Model("iris", "v4") == Model("iris", "v4")
    assert Model("iris", 1) != Model("iris", 2)
    assert Model("iris") != Model("iris")
    one, other = Model("iris", 1), Model("iris", "production")
    assert one.number == other.number
    assert one == other
    assert commits(git) == 6


def test_threads_resolve_a_model_once(git):
    model = Model("iris")
    numbers = []

    threads = [threading.Thread(target=lambda: numbers.append(model.number)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers == [4] * 4
    assert commits(git) == 7


@pytest.mark.parametrize("name", ["../x", "a//b", "", "x" * 101])
def test_a_name_that_no_model_may_have_is_refused_at_once(name):
    with pytest.raises(UsageError):
        Model(name)


def test_a_model_works_where_the_environment_says(iris, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITREG_REGISTRY", iris.path)

    assert Model("iris", "staging").number == 2
    with Registry.open() as found:
        assert found.path == iris.path
