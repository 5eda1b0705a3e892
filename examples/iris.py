"""Train classifiers on the iris data, register and promote them, then predict with the one in production.

    python examples/iris.py [FOLDER]

Makes a registry in FOLDER (default: a fresh temporary one). Run again with the same FOLDER it trains and
registers once more: the new versions get the next numbers and are promoted only if they are better.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gitreg import Model, ModelStages, ModelVersion, NotFoundError, Registry
from gitreg.cli import boundary

NAME = "iris_logistic_regression"
SETTINGS = ({"C": 0.1}, {"C": 0.001}, {"C": 10.0})


def main(folder: Path) -> None:
    iris = load_iris()
    data = train_test_split(iris.data, iris.target, test_size=0.4, random_state=0, stratify=iris.target)
    with opened(folder) as registry:
        for setting in SETTINGS:
            version = registered(registry, setting, data, folder / "artifacts")
            promote(registry, version)
    show(folder, "list")
    show(folder, "list", NAME)
    show(folder, "history", NAME)
    predict(folder, data)


def opened(folder: Path) -> Registry:
    """Return the registry in *folder*, made where there is none: a git repository of its own."""
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    try:
        return Registry.open(folder)
    except NotFoundError:
        return Registry.init(folder)


def registered(registry: Registry, setting: dict[str, float], data: list, files: Path) -> ModelVersion:
    """Train with one setting, save the classifier and register it under the next name, 1.2.1 and so on."""
    train_x, test_x, train_y, test_y = data
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=0, **setting)).fit(train_x, train_y)
    metrics = {
        "accuracy": round(accuracy_score(test_y, classifier.predict(test_x)), 4),
        "log_loss": round(log_loss(test_y, classifier.predict_proba(test_x)), 4),
    }
    known = any(model.name == NAME for model in registry.models())
    name = f"1.2.{len(registry.versions(NAME)) + 1 if known else 1}"
    files.mkdir(exist_ok=True)
    saved = files / f"{name}.joblib"
    joblib.dump(classifier, saved)
    version = registry.register(NAME, name, metrics=metrics, params=setting, artifacts={"classifier": saved})
    print(f"registered {version.id} ({name}): C={setting['C']}, accuracy {metrics['accuracy']}")
    return version


def promote(registry: Registry, version: ModelVersion) -> None:
    """Put the latest version into staging, and from there into production if it is better than what is there."""
    registry.promote(f"{NAME}@latest", ModelStages.STAGING)  # who was there is archived
    staged = registry.get(f"{NAME}@staging")
    try:
        current = registry.get(f"{NAME}@production")
    except NotFoundError:
        registry.promote(f"{NAME}@{version.version}", ModelStages.PRODUCTION, expect="none", reason="the first one")
        return
    better = staged.metrics["accuracy"] - current.metrics["accuracy"]
    if better > 0:
        reason = f"accuracy {better:+.4f} against {current.version}"
        registry.promote(staged.id, ModelStages.PRODUCTION, expect=current.number, reason=reason)


def show(folder: Path, *command: str) -> None:
    """Run a command of the command line and show it."""
    print(f"\n$ gitreg {' '.join(command)}", flush=True)
    boundary.run(["-R", str(folder), *command])


def predict(folder: Path, data: list) -> None:
    """Fetch what is in production, by stage alone, and predict with it."""
    os.environ["GITREG_REGISTRY"] = str(folder)
    model = Model(NAME, version=ModelStages.PRODUCTION)
    path = model.load_artifact("classifier")  # its sha256 is compared with the record first
    classifier = joblib.load(path)
    _, test_x, _, test_y = data
    species = load_iris().target_names[classifier.predict(test_x[:3])]
    print(f"\nin production: {model.id} ({model.version}), sha256 {model.get_model_artifact('classifier').sha256[:12]}… verified")
    print(f"it says {', '.join(species)}; accuracy now {accuracy_score(test_y, classifier.predict(test_x)):.4f}")


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="gitreg-iris-")).absolute()
    main(place)
    print(f"\nthe registry: {place}")
