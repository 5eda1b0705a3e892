"""Train five versions of a classifier on the wine data, each on other features; the metrics say which goes into production.

    python examples/wine.py [FOLDER]

Makes a registry in FOLDER/registry whose files are copied to FOLDER/store (default: a fresh temporary folder). A run of the
pipeline is one version. It goes into staging by itself; from there production takes it only if its gate holds.
Then `python examples/wine_predict.py FOLDER` predicts with the one in production.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import joblib
import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gitreg import ArtifactConfig, Model, Registry, get_step_context, pipeline, step
from gitreg.cli import boundary
from gitreg.enums import ModelStages

NAME = "wine"
FEATURES = (
    ["alcohol", "color_intensity"],
    ["alcohol", "color_intensity", "hue"],
    ["alcohol", "malic_acid", "ash"],
    ["alcohol", "color_intensity", "hue", "proline"],
    ["color_intensity", "flavanoids", "proline"],
)
Features = Annotated[np.ndarray, ArtifactConfig("features", kind="data")]  # what is returned under a name is kept
Cultivars = Annotated[np.ndarray, ArtifactConfig("cultivars", kind="data")]
RULES = """\
format: 1
artifacts: ../store
stages:
  development: {}
  staging: {}
  production:
    from: [staging]
    require:
      - name: no worse than what it replaces
        expr: current == null || candidate.metrics.test_accuracy >= current.metrics.test_accuracy
"""


@step
def load_features(features: list[str]) -> tuple[Features, Cultivars]:
    """Give the columns named *features*, and what is to be told from them."""
    wine = load_wine()
    return wine.data[:, [wine.feature_names.index(name) for name in features]], wine.target


@step
def train_and_evaluate(x: np.ndarray, y: np.ndarray, C: float = 1.0) -> None:  # noqa: N803 - the name that scikit-learn gives it
    """Fit, measure on the rows held back, and save; what is linked is in the store when this returns."""
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.4, random_state=0, stratify=y)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=C)).fit(train_x, train_y)
    model = get_step_context().model
    model.log_metrics({
        "train_accuracy": round(accuracy_score(train_y, classifier.predict(train_x)), 4),
        "test_accuracy": round(accuracy_score(test_y, classifier.predict(test_x)), 4),
        "test_log_loss": round(log_loss(test_y, classifier.predict_proba(test_x)), 4),
    })
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "classifier.joblib"
        joblib.dump(classifier, saved)
        model.link_artifact("classifier", saved)


@step
def promote_to_staging() -> None:
    model = get_step_context().model
    model.set_stage(ModelStages.STAGING, force=True)


@pipeline(model=Model(NAME, description="which of three cultivars a wine is made from"), packages=["scikit-learn", "numpy"])
def train_and_promote_model(features: list[str]) -> None:
    x, y = load_features(features)
    train_and_evaluate(x, y)
    promote_to_staging(after=["train_and_evaluate"])


def main(folder: Path) -> None:
    registry = made(folder / "registry")
    os.environ["GITREG_REGISTRY"] = str(registry)
    for features in FEATURES:
        model = train_and_promote_model(features).model
        print(f"\n{model.id}: {', '.join(features)}: accuracy {model.metrics['test_accuracy']}", flush=True)
        shown("promote", f"{NAME}@staging", "production")  # if the gate holds; a refusal changes nothing
    for command in (["list", NAME], ["history", NAME, "--stage", "production"], ["compare", f"{NAME}@latest", f"{NAME}@production"]):
        print()
        shown(*command)


def made(folder: Path) -> Path:
    """Return *folder* as a registry with our rules; one that is there is used as it is."""
    if not folder.exists():
        Registry.init(folder).close()
        (folder / "gitreg.yaml").write_text(RULES)
        subprocess.run(["git", "-C", folder, "commit", "--quiet", "--all", "--message", "production asks for accuracy"], check=True)
    return folder


def shown(*command: str) -> None:
    """Run a command of the command line as a person would, and show it."""
    print(f"$ gitreg {' '.join(command)}", flush=True)
    boundary.run(command)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="gitreg-wine-")).absolute()
    main(place)
    print(f"\nnext: python {Path(__file__).with_name('wine_predict.py')} {place}")
