"""ZenML's names for the same: each method of the client is one of the registry's."""

from __future__ import annotations

import pytest

from gitreg import Client, ConflictError, ModelStages, NotFoundError, UsageError


@pytest.fixture
def client(iris):
    with Client(iris.path) as opened:
        yield opened


def test_a_client_finds_the_registry_of_the_folder(iris, monkeypatch):
    monkeypatch.chdir(iris.path)

    with Client() as client:
        assert [model.name for model in client.list_models()] == ["iris"]


def test_models_are_made_read_updated_and_deleted(client):
    made = client.create_model("rose", license="Apache-2.0", tags=["a"])
    updated = client.update_model("rose", description="flowers", add_tags=["b"])

    assert (made.name, made.license, made.tags) == ("rose", "Apache-2.0", ("a",))
    assert updated == client.get_model("rose")
    assert (updated.description, updated.tags) == ("flowers", ("a", "b"))
    client.delete_model("rose", reason="replaced")
    assert [model.name for model in client.list_models()] == ["iris"]
    assert client.get_model("rose").deleted.reason == "replaced"


def test_a_model_that_holds_a_stage_is_deleted_by_force_only(client):
    with pytest.raises(ConflictError):
        client.delete_model("iris")

    client.delete_model("iris", force=True)

    assert client.list_models() == ()


def test_a_version_is_made_of_a_model_that_exists(client):
    made = client.create_model_version("iris", "1.0.5", metrics={"accuracy": 0.99})

    assert (made.number, made.version, made.metrics) == (4, "1.0.5", {"accuracy": 0.99})
    assert client.get_model_version("iris", "1.0.5").number == 4
    with pytest.raises(NotFoundError, match="no model 'rose'"):
        client.create_model_version("rose")


@pytest.mark.parametrize(("what", "number"), [(None, 3), (2, 2), ("2", 2), ("production", 1), (ModelStages.STAGING, 2), (ModelStages.LATEST, 3)], ids=str)
def test_a_version_is_got_by_number_name_or_stage(client, what, number):
    assert client.get_model_version("iris", what).number == number


def test_a_version_that_is_not_there_is_not_found(client):
    with pytest.raises(NotFoundError):
        client.get_model_version("iris", 9)
    with pytest.raises(NotFoundError):
        client.get_model_version("iris", ModelStages.DEVELOPMENT)


def test_versions_are_listed_the_first_one_first(client):
    assert [version.number for version in client.list_model_versions("iris")] == [1, 2, 3]


def test_a_version_is_updated_and_promoted_in_one_commit(client, iris, git):
    before = int(git(iris.path, "rev-list", "--count", "HEAD"))

    updated = client.update_model_version("iris", 3, stage=ModelStages.PRODUCTION, description="better", add_tags=["a"], reason="tested")

    assert (updated.stage, updated.description, updated.tags) == ("production", "better", ("a",))
    assert int(git(iris.path, "rev-list", "--count", "HEAD")) == before + 1
    assert client.get_model_version("iris", 1).stage == "archived"


def test_a_stage_is_given_to_the_latest_where_no_version_is_named(client):
    assert client.update_model_version("iris", stage="staging").id == "iris@3"


def test_expect_and_force_reach_the_registry(client):
    with pytest.raises(ConflictError):
        client.update_model_version("iris", 3, stage="production", expect=2)
    with pytest.raises(UsageError):
        client.update_model_version("iris", 3, stage="latest", force=True)

    assert client.get_model_version("iris", "production").number == 1


def test_deleting_a_version_yanks_it(client):
    deleted = client.delete_model_version("iris", 3, reason="leak")

    assert deleted.yanked.reason == "leak"
    assert len(client.list_model_versions("iris")) == 3
    with pytest.raises(ConflictError):
        client.delete_model_version("iris", "production")
