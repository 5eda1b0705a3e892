"""Predict with the wine classifier that is in production, whichever that is: what examples/wine.py made in FOLDER.

    python examples/wine_predict.py FOLDER

Only the registry is asked, by stage. The classifier is pulled from the store into FOLDER/serving; it gets its name there once
its sha256 is that of the record, and only then it is loaded: whoever loads a pickle runs what its maker wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from gitreg import GitregError, ModelVersion, Registry


def main(folder: Path) -> None:
    version, path = pulled(folder)
    print(f"in production: {version.id}, sha256 {version.artifacts['classifier'].sha256[:12]}… verified")
    classifier = joblib.load(path)
    x, y = held_back(version.params["features"])
    said = classifier.predict(x)
    print(f"it says {', '.join(map(str, said[:5]))} of five wines that it never saw; they are {', '.join(map(str, y[:5]))}")
    print(f"accuracy now {accuracy_score(y, said):.4f}, recorded {version.metrics['test_accuracy']}")


def pulled(folder: Path) -> tuple[ModelVersion, str]:
    """Return what is in production, and its classifier on this machine, verified; what was pulled before is not copied again."""
    with Registry.open(folder / "registry") as registry:
        version = registry.get("wine@production")
        (classifier,) = registry.pull(version.id, folder / "serving" / str(version.number), artifacts=["classifier"])
    return version, str(classifier.path)


def held_back(features: list[str]) -> tuple:
    """Return the rows that training held back, with the columns that this version was trained on."""
    wine = load_wine()
    columns = wine.data[:, [wine.feature_names.index(name) for name in features]]
    _, x, _, y = train_test_split(columns, wine.target, test_size=0.4, random_state=0, stratify=wine.target)
    return x, y


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).absolute())
    except GitregError as error:
        sys.exit(f"{error}\n  try: {error.hint}" if error.hint else str(error))
