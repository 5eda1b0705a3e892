"""The two documents gitreg is built from: their Python blocks, and their command, as they stand.

``zenml`` is ``gitreg``, each ``...`` is completed, the missing import of ``Model`` is added.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from gitreg import NotFoundError, Registry


@pytest.fixture(autouse=True)
def empty(registry, monkeypatch):
    """Work in the folder of an empty registry."""
    monkeypatch.chdir(registry.path)
    return registry


def run(code):
    """Run a block as a program's own module, and return its names."""
    names = {"__name__": "__main__"}
    exec(compile(code, "<seed>", "exec"), names)
    return names


def test_a_version_is_named_explicitly(registry):
    names = run("""
from gitreg import Model

model= Model(
    name="my_model",
    version="1.0.5"
)
""")

    assert registry.models() == ()
    assert (names["model"].version, names["model"].number) == ("1.0.5", 1)


def test_a_version_is_fetched_by_its_stage(registry):
    registry.register("my_model", "1.0.5")
    registry.promote("my_model@1.0.5", "production")
    registry.register("my_model")

    names = run("""
from gitreg import Model

model= Model(
    name="my_model",
    version="production"
)
""")

    assert (names["model"].version, names["model"].number) == ("1.0.5", 1)


@pytest.mark.parametrize("version", ["", ", version=None"], ids=["left out", "None"])
def test_without_a_version_a_new_one_is_numbered(registry, version):
    registry.register("my_model", "really_good_version")

    names = run(f"""
from gitreg import Model

model = Model(name="my_model"{version})
""")

    assert (names["model"].number, names["model"].version) == (2, "2")


def test_a_name_that_is_new_is_the_next_in_the_sequence(registry):
    for _ in range(4):
        registry.register("my_model")
    registry.register("my_model", "really_good_version")

    names = run("""
from gitreg import Model

model = Model(
    name="my_model",
    version="even_better_version"
)
""")

    assert names["model"].number == 6


def test_the_number_counts_on(registry):
    for _ in range(4):
        registry.register("my_model")
    registry.register("my_model", "really_good_version")

    names = run("""
from gitreg import Model

earlier_version = Model(
    name="my_model",
    version="really_good_version"
).number # == 5

updated_version = Model(
    name="my_model",
    version="even_better_version"
).number # == 6
""")

    assert (names["earlier_version"], names["updated_version"]) == (5, 6)


PROMOTION = """
from gitreg import Client, Model

MODEL_NAME = "iris_logistic_regression"
from gitreg.enums import ModelStages

model = Model(name=MODEL_NAME, version="1.2.3")
model.set_stage(stage=ModelStages.PRODUCTION)

# get latest model and set it as Staging
# (if there is current Staging version it will get Archived)
latest_model = Model(name=MODEL_NAME, version=ModelStages.LATEST)
latest_model.set_stage(stage=ModelStages.STAGING)
"""


def test_a_model_is_promoted_in_python(registry):
    registry.register("iris_logistic_regression", "1.2.2")
    registry.promote("iris_logistic_regression@1.2.2", "staging")
    registry.register("iris_logistic_regression", "1.2.3")
    registry.register("iris_logistic_regression", "1.2.4")

    run(PROMOTION)

    stages = [(version.version, version.stage) for version in registry.versions("iris_logistic_regression")]
    assert stages == [("1.2.2", "archived"), ("1.2.3", "production"), ("1.2.4", "staging")]


def test_promotion_in_python_makes_the_version_where_it_is_new(registry):
    run(PROMOTION)

    assert [(version.version, version.stage) for version in registry.versions("iris_logistic_regression")] == [("1.2.3", "staging")]


def test_the_client_reads_what_the_model_wrote():
    run(PROMOTION)
    names = run("""
from gitreg import Client

version = Client().get_model_version("iris_logistic_regression", "1.2.3")
""")

    assert names["version"].stage == "staging"


@pytest.mark.parametrize("stage", ["development", "staging", "production", "archived"])
def test_a_model_is_promoted_on_the_command_line(registry, stage):
    registry.register("iris_logistic_regression")

    words = f"gitreg model version update iris_logistic_regression --stage={stage}".split()
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "iris_logistic_regression@1\n"), done.stderr
    with Registry.open() as fresh:
        assert fresh.get("iris_logistic_regression@1").stage == stage


def test_nothing_is_promoted_to_latest_on_the_command_line(registry):
    registry.register("iris_logistic_regression")

    words = ["gitreg", "model", "version", "update", "iris_logistic_regression", "--stage=latest"]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")


def test_a_version_moves_through_its_stages_and_its_former_holders_are_archived(registry):
    run("""
from gitreg import Model
from gitreg.enums import ModelStages

for name in ("first", "second"):
    model = Model(name="my_model", version=name)
    model.set_stage(ModelStages.STAGING)
    model.set_stage(ModelStages.PRODUCTION, force=True)
""")

    assert [(version.version, version.stage) for version in registry.versions("my_model")] == [("first", "archived"), ("second", "production")]


BLOCK = """
from gitreg import Model, step, pipeline

model= Model(
    name="my_model",
    version="%s"
)

# The step configuration will take precedence over the pipeline
@step(model=model)
def svc_trainer(gamma: float) -> float:
    return 1.0 - gamma

# This configures it for all steps within the pipeline
@pipeline(model=model)
def training_pipeline( gamma: float ):
    # training happens here
    svc_trainer(gamma)

done = training_pipeline(0.25)
"""


def test_a_pipeline_makes_the_version_that_is_named(registry):
    names = run(BLOCK % "1.0.5")

    version = registry.get("my_model@1.0.5")
    assert (version.number, version.status, version.params) == (1, "ready", {"gamma": 0.25, "svc_trainer.gamma": 0.25})
    assert (version.run.pipeline, version.run.step, version.run.id) == ("training_pipeline", "svc_trainer", names["done"].id)
    assert names["done"].outputs == {"svc_trainer": 0.75}


def test_a_pipeline_works_on_the_version_in_a_stage(registry):
    registry.register("my_model", "1.0.5")
    registry.promote("my_model@1.0.5", "production")
    registry.register("my_model")

    run(BLOCK % "production")

    assert [run.pipeline for run in registry.get("my_model@1.0.5").later_runs] == ["training_pipeline"]
    assert len(registry.versions("my_model")) == 2


def test_a_vacant_stage_is_told_before_the_first_step(registry, tmp_path):
    registry.register("my_model", "1.0.5")
    code = BLOCK.replace("return 1.0 - gamma", f"open({str(tmp_path / 'started')!r}, 'w').close()")

    with pytest.raises(NotFoundError, match="production of 'my_model' is vacant"):
        run(code % "production")

    assert not (tmp_path / "started").exists()


def test_a_version_that_exists_is_associated_with_the_pipeline(registry):
    registry.register("my_model", "1.0.5")

    run(BLOCK % "1.0.5")

    assert len(registry.versions("my_model")) == 1
    assert len(registry.get("my_model@1.0.5").later_runs) == 1


def test_a_step_alone_can_have_a_model(registry):
    registry.register("my_model", "really_good_version")

    run("""
from gitreg import Model, pipeline, step

model = Model(
    name="my_model",
    version="even_better_version"
)

@step(model=model)
def svc_trainer(gamma: float) -> float:
    return gamma

@pipeline
def training_pipeline():
    svc_trainer(0.1)

training_pipeline()
""")

    assert registry.get("my_model@even_better_version").number == 2


def test_a_step_promotes_the_model_of_its_pipeline(registry):
    registry.register("iris")
    registry.promote("iris@1", "staging")

    run("""
from gitreg import Model, get_step_context, step, pipeline
from gitreg.enums import ModelStages

@step
def train_and_evaluate():
    get_step_context().model.log_metrics({"accuracy": 0.97})

@step
def promote_to_staging():
    model = get_step_context().model
    model.set_stage(ModelStages.STAGING, force=True)

@pipeline(
    model=Model("iris")
)
def train_and_promote_model():
    train_and_evaluate()
    promote_to_staging(after=["train_and_evaluate"])

train_and_promote_model()
""")

    version = registry.get("iris@staging")
    assert (version.number, version.status, version.metrics) == (2, "ready", {"accuracy": 0.97})
    assert registry.get("iris@1").stage == "archived"
