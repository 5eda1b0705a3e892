"""Print who holds a stage, with nothing but git and a YAML reader: for a CI job that does not install gitreg.

    python examples/read_in_ci.py REPOSITORY MODEL STAGE [REVISION]

The output is KEY=VALUE, one a line, as CI systems take it. A vacant stage is exit 3.
"""

from __future__ import annotations

import subprocess
import sys

import yaml


def read(repository: str, revision: str, path: str) -> dict:
    """Return a file of a commit; cat-file runs nothing that the repository brings along."""
    blob = ["git", "-C", repository, "cat-file", "blob", f"{revision}:{path}"]
    return yaml.safe_load(subprocess.run(blob, check=True, capture_output=True).stdout)


def manifest(model: str, number: int) -> str:
    """Return where the manifest of a version lies: from 1000 on in a folder of a thousand."""
    folder = f"{number - number % 1000}/" if number >= 1000 else ""
    return f"models/{model}/versions/{folder}{number}.yaml"


def main(repository: str, model: str, stage: str, revision: str = "HEAD") -> int:
    number = read(repository, revision, f"models/{model}/stages.yaml")[stage]["number"]
    if number is None:
        print(f"{stage} of {model} is vacant", file=sys.stderr)
        return 3
    version = read(repository, revision, manifest(model, number))
    print(f"number={number}", f"version={version['version']}", sep="\n")
    for name, artifact in version.get("artifacts", {}).items():
        print(f"{name}_uri={artifact['uri']}", f"{name}_sha256={artifact.get('sha256', '')}", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
