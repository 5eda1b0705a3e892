"""The seeds' form: ``gitreg model …`` and ``gitreg model version …``."""

from __future__ import annotations

import json

from tests.cli.conftest import Said

TIME = "2026-11-22T07:24:31.123456Z"


def test_model_list_is_list(cli):
    assert cli("model", "list") == cli("list")
    assert cli("model", "list", "--format", "json") == cli("list", "--format", "json")


def test_model_register_makes_a_model_without_versions(cli):
    said = cli("model", "register", "rose", "--license", "Apache-2.0", "--use-cases", "gardens", "--tag", "a", "-t", "b", "--better", "accuracy=higher")

    assert said == Said(0, "", "rose: create the model [cccccccc]\n")
    assert cli("model", "show", "rose") == Said(0, (
        f"name        rose\ncreated_at  {TIME}\ncreated_by  Name <name@example.org>\nlicense     Apache-2.0\nuse_cases   gardens\n"
        'tags        ["a", "b"]\nmetrics     {"accuracy": {"better": "higher"}}\n'
    ))  # fmt: skip


def test_model_update_changes_the_card(cli, iris):
    cli("model", "update", "iris", "--tag", "a", "--tag", "b")

    said = cli("model", "update", "iris", "--description", "flowers", "--remove-tag", "a")

    assert said == Said(0, "", "iris: update the model [cccccccc]\n")
    assert (iris.model("iris").description, iris.model("iris").tags) == ("flowers", ("b",))


def test_model_update_of_nothing_makes_no_commit(cli):
    assert cli("model", "update", "iris") == Said(0, "", "nothing to do: it is so already\n")


def test_model_update_refuses_a_way_that_is_none(cli):
    said = cli("model", "update", "iris", "--better", "accuracy=bigger")

    assert said == Said(2, "", "gitreg: metrics.accuracy.better: expected one of higher, lower, found 'bigger'\n")


def test_model_delete_is_refused_while_a_stage_is_held(cli):
    assert cli("model", "delete", "iris", "--yes") == Said(4, "", "gitreg: model 'iris' still holds staging, production\n  try: gitreg archive iris@staging\n")


def test_model_delete_yanks_and_vacates(cli):
    said = cli("model", "delete", "iris", "--force", "--reason", "replaced", "--yes")

    assert said == Said(0, "", "iris: delete the model [cccccccc]\n")
    assert cli("list", "--format", "json").out == "[]\n"
    assert cli("register", "iris").code == 4


def test_model_version_list_is_list_of_the_model(cli):
    assert cli("model", "version", "list", "iris") == cli("list", "iris")


def test_model_version_show_takes_a_number_a_name_or_a_stage(cli):
    assert cli("model", "version", "show", "iris", "2") == cli("model", "version", "show", "iris", "staging") == cli("show", "iris@2")
    assert cli("model", "version", "show", "iris") == cli("show", "iris")


def test_model_version_update_promotes_the_latest(cli):
    assert cli("model", "version", "update", "iris", "--stage=staging") == Said(0, "iris@3\n", "iris: promote 3 to staging, archiving 2 [cccccccc]\n")


def test_model_version_update_promotes_the_one_that_is_named(cli):
    assert cli("model", "version", "update", "iris", "1", "--stage", "staging", "--force") == Said(0, "iris@1\n", "iris: promote 1 to staging, vacating production, archiving 2 [cccccccc]\n")


def test_model_version_update_describes_and_promotes_in_one_commit(cli, iris, git):
    before = git(iris.path, "rev-list", "--count", "HEAD")

    said = cli("model", "version", "update", "iris", "3", "--stage", "staging", "--description", "second set", "--tag", "a")

    assert said.code == 0
    assert json.loads(cli("show", "iris@staging", "--format", "json").out)["description"] == "second set"
    assert int(git(iris.path, "rev-list", "--count", "HEAD")) == int(before) + 1


def test_model_version_update_refuses_latest_and_unknown_stages(cli):
    assert cli("model", "version", "update", "iris", "--stage=latest").code == 2
    assert cli("model", "version", "update", "iris", "--stage=prod") == Said(2, "", "gitreg: no stage 'prod': this registry has development, staging, production\n")


def test_model_version_delete_yanks(cli):
    assert cli("model", "version", "delete", "iris", "3", "--reason", "leak") == Said(0, "iris@3\n", "iris: yank 3 [cccccccc]\n")
    assert "leak" in cli("get", "iris@3", "yanked.reason").out
