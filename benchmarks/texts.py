"""gitreg's files as plain text, so that contenders can write the same bytes without importing gitreg."""

from __future__ import annotations

WHO = "Name <name@example.org>"
AT = "2026-11-22T07:24:31.123456Z"
_STAGES = ("development", "staging", "production")


def version_name(number: int) -> str:
    """Return the name of version *number*."""
    return f"1.0.{number}"


def facts(number: int) -> dict[str, dict[str, float]]:
    """Return what is recorded of version *number*: like a training run would, and different for each."""
    return {"metrics": {"accuracy": 0.9 + number / 1e6, "log_loss": 0.11}, "params": {"C": 1.0, "max_iter": 200}}


def manifest_path(model: str, number: int) -> str:
    """Return where the file of a version lies."""
    folder = f"{number - number % 1000}/" if number >= 1000 else ""
    return f"models/{model}/versions/{folder}{number}.yaml"


def stages_path(model: str) -> str:
    """Return where the pointer file lies."""
    return f"models/{model}/stages.yaml"


def manifest(model: str, number: int, name: str) -> str:
    """Return the file of a version."""
    head = f'{_schema(manifest_path(model, number), "manifest")}number: {number}\nversion: "{name}"\nstatus: ready\ncreated_at: "{AT}"\ncreated_by: {WHO}\n'
    groups = (f"{group}:\n" + "".join(f"  {key}: {value!r}\n" for key, value in pairs.items()) for group, pairs in facts(number).items())
    return head + "".join(groups)


def stages(model: str, holder: int, previous: str = "[]") -> str:
    """Return the pointer file with *holder* in production, and who stood there before."""
    held = dict.fromkeys(_STAGES, "null") | {"production": str(holder)}
    return _schema(stages_path(model), "stages") + "".join(f"{stage}:\n  number: {number}\n  previous: {previous if stage == 'production' else '[]'}\n\n" for stage, number in held.items()) + "archived: []\n"


def card(model: str) -> str:
    """Return the card of a model."""
    return f'{_schema(f"models/{model}/model.yaml", "model")}name: {model}\ncreated_at: "{AT}"\ncreated_by: {WHO}\n'


def _schema(path: str, kind: str) -> str:
    return f"# yaml-language-server: $schema={'../' * path.count('/')}.gitreg/schema/1/{kind}.json\n"
